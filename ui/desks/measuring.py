"""Measurements for Prometheus."""

from __future__ import annotations

from ui.desks.desk import Desk


class Measuring(Desk):
    """For admins: a Prometheus server comes with a key of one."""

    least = "admin"

    def exposition(self, accept: str) -> tuple[bytes, str]:
        """In the format that the header `Accept` asks for, and the format's name."""
        return self.house.metrics.exposition(accept)
