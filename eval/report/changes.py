"""What changed against an earlier run, question by question."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from eval.diff import Change, Diff
from eval.metrics import METRICS
from eval.report.blocks import Block, Bullets, Cell, Figure, Fold, Missing, Paragraph, Section, Table
from eval.report.plots import Point
from eval.report.teller import Teller

LISTED = 12
"""Questions that are named for each change."""


def changes_section(teller: Teller) -> Section:
    diff = teller.data.diff
    blocks = _without(teller) if diff is None else list(_blocks(teller, diff))
    return Section("baseline", teller.texts("baseline"), blocks)


def _without(teller: Teller) -> list[Block]:
    return [Missing(teller.texts("baseline.none"), f"midas eval report {teller.data.run.parts[0].id} --baseline RUN")]


def _blocks(teller: Teller, diff: Diff) -> Iterator[Block]:
    texts = teller.texts
    yield Paragraph(texts("baseline.told", before=diff.before, n=teller.numbers.number(diff.questions)))
    yield Bullets(tuple(_warnings(teller, diff)))
    shares = [
        change
        for change in diff.changes
        if METRICS[change.metric].unit == "share" and change.difference.effect.value is not None
    ]
    if rows := _rows(teller, shares):
        plot = teller.plots.intervals(rows, range=None)
        yield Figure(
            "baseline",
            texts("baseline.title"),
            plot,
            _changes_table(teller, shares),
            texts("baseline.caption"),
            teller.data.backends,
        )
    if others := [change for change in diff.changes if change not in shares]:
        yield Fold(texts("baseline.others"), (_changes_table(teller, others),))


def _warnings(teller: Teller, diff: Diff) -> Iterator[str]:
    """What else is different, and what could not be compared."""
    texts = teller.texts
    yield (
        texts("baseline.conditions", names=", ".join(texts(f"condition.{name}") for name in diff.conditions))
        if diff.conditions
        else texts("baseline.same")
    )
    for name, ids in (("altered", diff.altered), ("dropped", diff.dropped), ("added", diff.added)):
        if ids:
            yield texts(f"baseline.{name}", n=len(ids))
    for backend, count in diff.unanswered.items():
        yield texts("baseline.unanswered", backend=backend, n=count)


def _rows(teller: Teller, changes: Sequence[Change]) -> list[tuple[str, dict[str, Point]]]:
    """By metric, the effect on each back end; only metrics that moved."""
    names = dict.fromkeys(change.metric for change in changes if change.difference.effect.value)
    return [(_title(teller, name), {c.backend: _effect(teller, c) for c in changes if c.metric == name}) for name in names]


def _effect(teller: Teller, change: Change) -> Point:
    effect = change.difference.effect
    return Point(effect.value or 0.0, effect.low, effect.high, _told(teller, change))


def _told(teller: Teller, change: Change) -> str:
    """`+3 puntos`, `+95 ms`: in the metric's unit, of shares in percentage points."""
    value, unit = change.difference.effect.value or 0.0, METRICS[change.metric].unit
    told = teller.numbers.of(abs(value), unit)
    if unit == "share":
        told = teller.texts("baseline.points", n=teller.numbers.number(100 * abs(value)))
    if not any(digit in told for digit in "123456789"):
        return f"±{told}"
    return f"{'+' if value > 0 else '−'}{told}"


def _title(teller: Teller, metric: str) -> str:
    better = METRICS[metric].higher_is_better
    return teller.title(metric) if better else teller.texts("less_is_better", title=teller.title(metric))


def _changes_table(teller: Teller, changes: Sequence[Change]) -> Table:
    texts = teller.texts
    names = ("metric", "backend", "baseline.before", "baseline.after", "baseline.effect", "baseline.flips", "baseline.p")
    return Table(tuple(Cell(texts(name)) for name in names), tuple(_row(teller, change) for change in changes))


def _proven(teller: Teller, change: Change) -> str:
    """Nothing where nothing changed."""
    if not change.difference.effect.value:
        return ""
    return teller.texts("baseline.proven" if change.distinguishable else "baseline.chance")


def _row(teller: Teller, change: Change) -> tuple[Cell, ...]:
    unit = METRICS[change.metric].unit
    names = ", ".join(change.worse[:LISTED]) + ("…" if len(change.worse) > LISTED else "")
    flips = f"{len(change.better)} ↑ {len(change.worse)} ↓"
    return (
        Cell(_title(teller, change.metric)),
        Cell(change.backend, backend=change.backend),
        teller.cell(change.before, unit),
        teller.cell(change.after, unit),
        Cell(_told(teller, change), _proven(teller, change)),
        Cell(flips, teller.texts("baseline.worse", names=names) if change.distinguishable and change.worse else ""),
        Cell(teller.numbers.significant(change.p_holm, 2)),
    )
