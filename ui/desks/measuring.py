"""Measurements for Prometheus."""

from __future__ import annotations

from ui.desks.desk import Desk


class Measuring(Desk):
    """For admins. A Prometheus server comes with a key of one; that it is for asking only is enough."""

    least = "admin"
    for_asking = True

    def exposition(self, accept: str) -> tuple[bytes, str]:
        """In the format that the header `Accept` asks for, and the format's name."""
        return self.house.metrics.exposition(accept)
