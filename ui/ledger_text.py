"""Usage and the audit log as tables."""

from __future__ import annotations

from collections.abc import Sequence

from rich.table import Table

from ui import terminal
from ui.ledger.audit import AuditRow
from ui.ledger.report import UsageReport
from ui.ledger.usage import By, UsageRow

HEADINGS: dict[By, str] = {"person": "Person", "backend": "Back end", "collection": "Collection", "day": "Day"}


def usage_table(report: UsageReport, by: By) -> Table:
    """With the total at the end, which is no sum where a question counts for several collections."""
    titles = (HEADINGS[by], "Questions", "Declined", "Errors", "Tokens read", "Tokens written", "Seconds", "EUR")
    rows = [_cells(row.name or row.key or "-", row) for row in report.rows]
    return terminal.table(titles, [*rows, _cells("total", report.total)])


def _cells(name: str, row: UsageRow) -> tuple[object, ...]:
    cost = "-" if row.cost_eur is None else f"{row.cost_eur:.2f}"
    seconds = round(row.generated_s)
    return name, row.questions, row.declined, row.errors, row.prompt_tokens, row.completion_tokens, seconds, cost


def priced(report: UsageReport) -> str:
    """What the column of costs counts."""
    sentence = f"EUR: prices per token of {report.prices_as_of.isoformat()}."
    if report.unpriced:
        sentence += f" Without one, and not counted: {', '.join(report.unpriced)}."
    return sentence


def audit_table(rows: Sequence[AuditRow]) -> Table:
    """The latest first."""
    titles = ("When (UTC)", "Who", "Action", "What", "Detail", "From")
    cells = [
        (row.at[:19].replace("T", " "), row.name or row.person, row.action, row.subject, row.detail, row.address)
        for row in rows
    ]
    return terminal.table(titles, cells)
