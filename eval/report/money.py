"""Phase 5: what it costs, and what the verdict rests on."""

from __future__ import annotations

from collections.abc import Iterator

from eval.cost import CostReport, CostResult, Swing
from eval.prices import Entry, Title, entries
from eval.report.blocks import Block, Cell, Figure, Fold, Missing, Paragraph, Section, Table
from eval.report.decision import weights_blocks
from eval.report.numbers import NONE
from eval.report.plots import Axis, Line
from eval.report.teller import Teller

STRONGEST = 8
"""Assumptions that a plot of the sensitivity shows."""


def money_section(teller: Teller) -> Section:
    blocks = [*cost_blocks(teller), *weights_blocks(teller)]
    return Section("phase-5", teller.texts("money"), blocks, 5, teller.texts("money.intro"))


def cost_blocks(teller: Teller) -> Iterator[Block]:
    """What answers cost, when a machine pays off, and what it all rests on."""
    texts = teller.texts
    results = [result for report in teller.data.costs for result in report.results]
    report = teller.data.costs[0]
    if not results:
        yield Missing(texts("cost.none"), f"midas eval cost {teller.data.run.parts[0].id}")
    else:
        yield Paragraph(texts("cost.told", volume=teller.numbers.number(report.volume), day=report.prices.as_of))
        yield _results_table(teller, results)
    for backend, why in (pair for each in teller.data.costs for pair in each.unplaced):
        yield Paragraph(texts(f"cost.unplaced.{why}", backend=backend), "note")
    if results:
        yield _curves(teller, results)
        yield _break_even_table(teller, results)
        yield _swings(teller, _chosen(teller, results))
    yield Fold(texts("cost.classes"), (_classes_table(teller, report),))
    yield Fold(texts("cost.tunings"), (_tunings_table(teller, report),))
    yield Fold(texts("cost.figures"), (_figures_table(teller, report),))


def _title(teller: Teller, title: Title) -> str:
    return title.es if teller.texts.language == "es" else title.en


def _results_table(teller: Teller, results: list[CostResult]) -> Table:
    texts, numbers = teller.texts, teller.numbers
    names = ("backend", "cost.answer", "cost.good", "cost.million", "cost.month", "cost.machines")
    rows = tuple(
        (
            Cell(result.work.backend, _title(teller, result.title), backend=result.work.backend),
            Cell(numbers.eur(result.eur_per_answer)),
            teller.cell(result.eur_per_good_answer, "eur"),
            Cell(numbers.eur(result.eur_per_million_tokens)),
            Cell(numbers.eur(result.eur_per_month)),
            Cell(numbers.number(result.machines) if result.machines else NONE),
        )
        for result in results
    )
    return Table(tuple(Cell(texts(name)) for name in names), rows, texts("cost.table"))


# Break-even


def _curves(teller: Teller, results: list[CostResult]) -> Figure:
    texts = teller.texts
    own = [result.work.backend for result in results]
    every = [curve for report in teller.data.costs for curve in report.curves]
    apis = sorted((curve for curve in teller.data.costs[0].curves if curve.title not in own), key=lambda c: c.eur_per_month[-1])
    lines = [Line(curve.title, curve.title, curve.volumes, curve.eur_per_month) for curve in every if curve.title in own]
    if apis:
        cheapest, dearest = apis[0], apis[-1]
        lines.append(Line("", cheapest.title, cheapest.volumes, cheapest.eur_per_month, 2, label="below"))
        lines.append(Line("", dearest.title, dearest.volumes, dearest.eur_per_month, 2, label="above"))
    axes = Axis(texts("axis.volume"), "log"), Axis(texts("axis.eur_month"), "log")
    plot = teller.plots.lines(lines, *axes, at=teller.data.costs[0].volume)
    caption = texts("cost.curves.caption")
    return Figure("cost", texts("cost.curves"), plot, _curves_table(teller, lines), caption, tuple(own))


def _curves_table(teller: Teller, lines: list[Line]) -> Table:
    """At every twelfth point: powers of ten."""
    columns = (Cell(teller.texts("axis.volume")), *(Cell(line.name, backend=line.backend or None) for line in lines))
    rows = tuple(
        (Cell(teller.numbers.number(lines[0].xs[at])), *(Cell(teller.numbers.eur(line.ys[at])) for line in lines))
        for at in range(0, len(lines[0].xs), 12)
    )
    return Table(columns, rows)


def _break_even_table(teller: Teller, results: list[CostResult]) -> Table:
    texts, numbers = teller.texts, teller.numbers
    own = [result for result in results if result.break_even]
    titles = {each.api: _title(teller, each.title) for result in own for each in result.break_even}

    def cell(result: CostResult, api: str) -> Cell:
        found = next(each for each in result.break_even if each.api == api)
        if found.answers_per_month is None:
            return Cell(texts("cost.never"))
        if found.answers_per_month == 0:
            return Cell(texts("cost.always"))
        return Cell(numbers.about(found.answers_per_month), texts("cost.needs", n=found.machines))

    rows = tuple((Cell(title), *(cell(result, api) for result in own)) for api, title in titles.items())
    columns = teller.heads(texts("cost.api"), [result.work.backend for result in own])
    return Table(columns, rows, texts("cost.break_even"))


# Sensitivity


def _chosen(teller: Teller, results: list[CostResult]) -> CostResult:
    """That of the back end for everyday use, where it has one."""
    best = teller.data.verdicts[0].best.backend if teller.data.verdicts else ""
    return next((result for result in results if result.work.backend == best), results[0])


def _swings(teller: Teller, result: CostResult) -> Figure:
    texts, numbers, backend = teller.texts, teller.numbers, result.work.backend
    swings = result.sensitivity[:STRONGEST]
    rows = [
        (f"{_name(teller, swing.path)}: {_ends(teller, swing)}", backend, swing.eur_at_low, swing.eur_at_high,
         f"{numbers.eur(swing.eur_at_low)} → {numbers.eur(swing.eur_at_high)}")
        for swing in swings
    ]  # fmt: skip
    table = Table(
        tuple(Cell(texts(name)) for name in ("cost.figure", "cost.range", "cost.low", "cost.high")),
        tuple(
            (
                Cell(_name(teller, swing.path)),
                Cell(_ends(teller, swing)),
                Cell(numbers.eur(swing.eur_at_low)),
                Cell(numbers.eur(swing.eur_at_high)),
            )
            for swing in swings
        ),
    )
    plot = teller.plots.spans(rows, Axis(texts("axis.eur_answer"), "amount"))
    return Figure("swings", texts("cost.swings", backend=backend), plot, table, texts("cost.swings.caption"))


def _name(teller: Teller, path: tuple[str, ...]) -> str:
    """`Power at work (W), small-server`."""
    title = teller.texts.get(f"figure.{path[-1]}") or path[-1]
    return ", ".join((title, *path[1:-1]))


def _ends(teller: Teller, swing: Swing) -> str:
    return f"{teller.numbers.plain(swing.low)} – {teller.numbers.plain(swing.high)}"


# Tables of the defaults


def _classes_table(teller: Teller, report: CostReport) -> Table:
    texts, numbers = teller.texts, teller.numbers
    names = ("cost.class", "cost.price", "cost.hour", "cost.month", "cost.answer", "cost.pace")
    rows = tuple(
        (
            Cell(
                texts("cost.rented", title=_title(teller, each.title))
                if each.place == "cloud_gpu"
                else _title(teller, each.title)
            ),
            Cell(numbers.eur(each.price_eur)),
            Cell(numbers.eur(each.eur_per_hour)),
            Cell(numbers.eur(each.eur_per_month)),
            Cell(numbers.eur(each.eur_per_answer)),
            Cell(numbers.plain(60 * each.needed_answers_per_s)),
        )
        for each in report.classes
    )
    return Table(tuple(Cell(texts(name)) for name in names), rows)


def _tunings_table(teller: Teller, report: CostReport) -> Table:
    rows = tuple(
        (
            Cell(_title(teller, each.title)),
            Cell(teller.numbers.eur(each.once_eur)),
            Cell(teller.numbers.eur(each.eur_per_answer)),
        )
        for each in report.tunings
    )
    return Table(tuple(Cell(teller.texts(name)) for name in ("what", "cost.once", "cost.answer")), rows)


def _figures_table(teller: Teller, report: CostReport) -> Table:
    names = ("cost.figure", "value", "cost.range", "cost.as_of", "cost.source")
    rows = tuple(_figure_row(teller, entry) for entry in entries(report.prices))
    return Table(tuple(Cell(teller.texts(name)) for name in names), rows, numeric=False)


def _figure_row(teller: Teller, entry: Entry) -> tuple[Cell, ...]:
    figure, plain = entry.figure, teller.numbers.plain
    low, high = figure.range
    return (
        Cell(_name(teller, entry.path)),
        Cell(plain(figure.value)),
        Cell(f"{plain(low)} – {plain(high)}"),
        Cell(str(figure.as_of or NONE), teller.texts(f"basis.{figure.basis}")),
        Cell(teller.texts.get(f"source.{figure.source}") or figure.source, figure.note),
    )
