"""Usage and the audit log."""

from __future__ import annotations

from ui.desks.desk import Desk
from ui.ledger.audit import AuditFilter, AuditRow, audit_csv
from ui.ledger.report import UsageReport, usage_report
from ui.ledger.usage import By, UsageFilter

CSV_ROWS = 100_000
"""Lines of the audit log in one file; a narrower filter takes fewer."""


class Ledger(Desk):
    """For admins."""

    least = "admin"

    def usage(self, by: By, filter: UsageFilter) -> UsageReport:
        """Sums, those with most questions first (days: the latest first), with cost where a price is known."""
        return usage_report(self.house.ledger.usage(filter), by, self.house.settings.home)

    def audit(self, filter: AuditFilter, *, limit: int = 100, before: int | None = None) -> list[AuditRow]:
        """The latest first; `before` is the id of the last line of the page before."""
        return self.house.ledger.audited(filter, limit, before)

    def audit_count(self, filter: AuditFilter) -> int:
        return self.house.ledger.audit_count(filter)

    def audit_csv(self, filter: AuditFilter) -> str:
        """The log as a file; that it was taken is written down, too."""
        self.house.ledger.audit(self.person, "audit_exported")
        return audit_csv(self.house.ledger.audited(filter, CSV_ROWS))
