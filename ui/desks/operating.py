"""Back ends and the state of the data directory."""

from __future__ import annotations

from ingest.doctor import Finding
from ui.backends import BackendCheck
from ui.desks.desk import Desk
from ui.views import BackendView


class Operating(Desk):
    """For admins."""

    least = "admin"

    def backends(self) -> list[BackendView]:
        """All configured back ends, those with a problem too."""
        return self.house.service.backends()

    def check_backend(self, name: str) -> BackendCheck:
        """Tries a back end: some forty tokens. Blocks."""
        return self.house.service.check_backend(name)

    def doctor(self, *, repair: bool) -> list[Finding]:
        return self.house.service.doctor(repair=repair)
