"""What every section of a report needs: the data, the language, and how a figure becomes a cell of a table."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from eval.metrics import METRICS, Metric, Unit
from eval.report.blocks import Cell, Mark, Table
from eval.report.data import ReportData
from eval.report.numbers import NO_BREAK, NONE, Numbers, ReportLanguage
from eval.report.plots import Plots, Point
from eval.report.texts import Texts
from eval.statistics import Estimate
from eval.summary import RULE


@dataclass(frozen=True, slots=True)
class Hand:
    """What is written with, whatever is told."""

    texts: Texts
    numbers: Numbers
    plots: Plots


def hand(language: ReportLanguage, backends: Sequence[str]) -> Hand:
    """`backends` in the order of their colours."""
    numbers = Numbers(language)
    return Hand(Texts(language), numbers, Plots(backends, numbers))


@dataclass(frozen=True, slots=True)
class Teller(Hand):
    """Tells what the data of a report say."""

    data: ReportData

    def title(self, metric: str) -> str:
        """In the report's language; the name of a metric that nobody described."""
        return METRICS[metric].title[self.texts.language] if metric in METRICS else metric

    def heads(self, first: str, backends: Iterable[str] | None = None) -> tuple[Cell, ...]:
        """The columns of a table with one for each back end."""
        names = self.data.backends if backends is None else backends
        return (Cell(first), *(Cell(name, backend=name) for name in names))

    def estimate(self, metric: str, backend: str, stratum: str | None = None, scorer: str | None = None) -> Estimate | None:
        cell = self.data.summary.cell(backend, metric, stratum, scorer)
        return cell.estimate if cell and cell.estimate.value is not None else None

    def cell(self, estimate: Estimate | None, unit: Unit, mark: Mark | None = None, *, counted: bool = False) -> Cell:
        """The value, below it the interval, the coverage unless it is whole, and, when `counted`, the number of questions."""
        if estimate is None or estimate.value is None:
            return Cell(NONE)
        covered = "" if estimate.coverage >= 0.9995 else self.texts("coverage", share=self.numbers.percent(estimate.coverage))
        count = f"n = {estimate.n}" if counted else ""
        parts = filter(None, (self.numbers.interval(estimate.low, estimate.high, unit), covered, count))
        under = " · ".join(part.replace(" ", NO_BREAK) for part in parts)
        return Cell(self.numbers.of(estimate.value, unit), under, mark)

    def metric_row(self, metric: Metric, scorer: str = RULE, *, marked: bool = True) -> tuple[Cell, ...] | None:
        """A row of a table with the back ends' figures; None when nobody has one."""
        found = [self.estimate(metric.name, backend, None, scorer) for backend in self.data.backends]
        if not any(found):
            return None
        marks = [self.mark(metric, backend, scorer) if marked else None for backend in self.data.backends]
        counts = {estimate.n for estimate in found if estimate}
        alike = len(counts) == 1
        cells = (self.cell(estimate, metric.unit, mark, counted=not alike) for estimate, mark in zip(found, marks, strict=True))
        return (Cell(metric.title[self.texts.language], f"n = {counts.pop()}" if alike else ""), *cells)

    def metric_table(self, rows: Iterable[tuple[Cell, ...] | None], caption: str = "") -> Table | None:
        there = tuple(row for row in rows if row)
        return Table(self.heads(self.texts("metric")), there, caption) if there else None

    def mark(self, metric: Metric, backend: str, scorer: str = RULE) -> Mark | None:
        """Whether a back end is the best of a metric, or not told apart from it. When nobody is told apart from the best, the
        best is only one of them. None, too, where back ends are not compared question by question."""
        values = {name: e.value for name in self.data.backends if (e := self.estimate(metric.name, name, None, scorer))}
        known = {name: value for name, value in values.items() if value is not None}
        if len(known) < 2 or backend not in known:
            return None
        pairs = [pair for pair in self.data.summary.pairs if (pair.metric, pair.scorer) == (metric.name, scorer)]
        if not pairs:
            return None
        best = max(known, key=lambda name: known[name] if metric.higher_is_better else -known[name])
        beaten = {
            name
            for pair in pairs
            if pair.distinguishable
            for name in (pair.first, pair.second)
            if best in (pair.first, pair.second)
        }
        tied = known.keys() - beaten - {best}
        if backend == best:
            return "tied" if len(tied) == len(known) - 1 else "best"
        return "tied" if backend in tied else None

    def point(self, estimate: Estimate | None, unit: Unit) -> Point | None:
        if estimate is None or estimate.value is None:
            return None
        interval = self.numbers.interval(estimate.low, estimate.high, unit)
        told = f"{self.numbers.of(estimate.value, unit)}{f' ({interval})' if interval else ''}"
        return Point(estimate.value, estimate.low, estimate.high, f"{told}, n = {estimate.n}")

    def points(self, metric: str, unit: Unit, stratum: str | None = None, scorer: str | None = None) -> dict[str, Point]:
        """By back end, of those that have one."""
        found = ((name, self.point(self.estimate(metric, name, stratum, scorer), unit)) for name in self.data.backends)
        return {name: point for name, point in found if point is not None}
