"""Usage added up, with what it cost."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path

from eval.prices import Api, Prices, load_prices
from ui.ledger.usage import By, Counted, UsageRow


@dataclass(frozen=True, slots=True)
class UsageReport:
    """`prices_as_of` is the day of the table of prices. Machines of one's own have no price per token, nor have models that
    stand in no table: `unpriced` names the back ends that were asked and have none."""

    rows: tuple[UsageRow, ...]
    total: UsageRow
    prices_as_of: date
    unpriced: tuple[str, ...]


def usage_report(counted: Sequence[Counted], by: By, home: Path) -> UsageReport:
    """Raises ConfigError when the data directory's own table of prices can't be read."""
    prices = load_prices(home)
    groups: dict[str, list[Counted]] = {}
    for row in counted:
        for key in _keys(row, by):
            groups.setdefault(key, []).append(row)
    rows = [_sum(key, rows, prices, by) for key, rows in groups.items()]
    rows.sort(key=(lambda row: row.key) if by == "day" else (lambda row: row.questions), reverse=True)
    unpriced = {row.backend for row in counted if row.backend and _api(row, prices) is None}
    return UsageReport(tuple(rows), _sum("", counted, prices, by), prices.as_of, tuple(sorted(unpriced)))


def _keys(row: Counted, by: By) -> Sequence[str]:
    if by == "collection":
        return row.collections or ("",)
    return ({"person": row.person, "backend": row.backend, "day": row.day}[by],)


def _sum(key: str, rows: Sequence[Counted], prices: Prices, by: By) -> UsageRow:
    costs = [(row.questions, cost) for row in rows if (cost := _cost_eur(row, prices)) is not None]
    return UsageRow(
        key=key,
        name=rows[-1].name if by == "person" and key else key,
        questions=sum(row.questions for row in rows),
        declined=sum(row.declined for row in rows),
        errors=sum(row.errors for row in rows),
        stopped=sum(row.stopped for row in rows),
        prompt_tokens=sum(row.prompt_tokens for row in rows),
        cached_tokens=sum(row.cached_tokens for row in rows),
        completion_tokens=sum(row.completion_tokens for row in rows),
        generated_s=sum(row.generated_ms for row in rows) / 1000,
        cost_eur=sum(cost for _, cost in costs) if costs else None,
        priced=sum(questions for questions, _ in costs),
    )


def _cost_eur(row: Counted, prices: Prices) -> float | None:
    if (api := _api(row, prices)) is None:
        return None
    usd = api.usd(row.prompt_tokens, row.cached_tokens, row.completion_tokens)
    return usd / prices.assumptions.usd_per_eur.value


def _api(row: Counted, prices: Prices) -> Api | None:
    """The price that the table of costs names for the back end, else that of its model when it is in the cloud."""
    plan = prices.backends.get(row.backend)
    name = plan.api if plan else row.model if row.cloud else None
    return prices.api.get(name) if name else None
