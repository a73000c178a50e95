"""Phases 1 and 2: is the evidence found, and are the answers good."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from eval.calibration import Calibration
from eval.judge_choice import Closeness, closeness, warning
from eval.metrics import METRICS, Group, Unit
from eval.report.blocks import Block, Cell, Figure, Fold, Missing, Paragraph, Section, Table
from eval.report.data import JudgeRecord
from eval.report.decision import judge_worth
from eval.report.plots import Bar, Point
from eval.report.teller import Teller
from eval.statistics import Estimate
from eval.summary import RULE, Abstention

PLOTTED = (
    "correct",
    "good",
    "fact_recall",
    "token_f1",
    "grounding_rate",
    "citation_support",
    "citation_recall",
    "balanced_accuracy",
)
GOOD, BAD, SOFT, ERROR = "var(--good)", "var(--bad)", "var(--warn)", "var(--muted)"
STRATUM_METRIC = "correct"


def search_section(teller: Teller) -> Section:
    texts = teller.texts
    frozen = teller.data.run.manifest.evidence == "frozen"
    table = _group_table(teller, ("retrieval",), marked=not frozen)
    blocks: list[Block] = (
        [table] if table else [Missing(texts("search.none"), f"midas eval score {teller.data.run.parts[0].id}")]
    )
    if table and frozen:
        blocks.append(Paragraph(texts("search.same"), "note"))
    return Section("phase-1", texts("search"), blocks, 1, texts("search.intro"))


def quality_section(teller: Teller) -> Section:
    blocks = [*_metrics(teller), *_strata(teller), *_abstention(teller), *_judges(teller)]
    return Section("phase-2", teller.texts("quality"), blocks, 2, teller.texts("quality.intro"))


def _group_table(teller: Teller, groups: Sequence[Group], caption: str = "", *, marked: bool = True) -> Table | None:
    chosen = (metric for metric in METRICS.values() if metric.group in groups)
    return teller.metric_table((teller.metric_row(metric, marked=marked) for metric in chosen), caption)


# Metrics


def _metrics(teller: Teller) -> Iterator[Block]:
    texts = teller.texts
    rows = [(teller.title(name), teller.points(name, "share", None, RULE)) for name in PLOTTED]
    shown = [(title, points) for title, points in rows if points]
    table = _group_table(teller, ("answer", "citations", "abstention"), texts("metrics.table"))
    if table is None:
        yield Missing(texts("metrics.none"), f"midas eval score {teller.data.run.parts[0].id}")
        return
    plot = teller.plots.intervals(shown)
    yield Figure(
        "metrics", texts("metrics.title"), plot, _points_table(teller, shown), texts("metrics.caption"), teller.data.backends
    )
    yield Paragraph(texts("marks"))
    yield table
    yield Fold(texts("metrics.meanings"), (_meanings(teller),))


def _points_table(teller: Teller, rows: Sequence[tuple[str, dict[str, Point]]]) -> Table:
    return Table(
        teller.heads(teller.texts("metric")),
        tuple(
            (Cell(title), *(Cell(points[name].told if name in points else "–") for name in teller.data.backends))
            for title, points in rows
        ),
    )


def _meanings(teller: Teller) -> Table:
    """What every metric of this report means."""
    language = teller.texts.language
    there = {cell.metric for cell in teller.data.summary.cells}
    rows = tuple(
        (Cell(metric.title[language]), Cell(metric.meaning[language], metric.source or ""))
        for metric in METRICS.values()
        if metric.name in there
    )
    return Table((Cell(teller.texts("metric")), Cell(teller.texts("meaning"))), rows, numeric=False)


# Strata


def _strata(teller: Teller) -> Iterator[Block]:
    texts = teller.texts
    by_kind: dict[str, list[str]] = {}
    for stratum in teller.data.summary.strata:
        if teller.points(STRATUM_METRIC, "share", stratum, RULE):
            by_kind.setdefault(stratum.split("=")[0], []).append(stratum)
    plotted = [stratum for kind in ("language", "answerable", "tag") for stratum in by_kind.get(kind, [])]
    if not plotted:
        return
    rows = [(_stratum(teller, name), teller.points(STRATUM_METRIC, "share", name, RULE)) for name in plotted]
    title = texts("strata.title", metric=teller.title(STRATUM_METRIC).lower())
    yield Figure(
        "strata",
        title,
        teller.plots.intervals(rows),
        _points_table(teller, rows),
        texts("strata.caption"),
        teller.data.backends,
    )
    if documents := by_kind.get("document"):
        rows = [(_stratum(teller, name), teller.points(STRATUM_METRIC, "share", name, RULE)) for name in documents]
        yield Fold(texts("strata.documents", n=len(documents)), (_points_table(teller, rows),))


def _stratum(teller: Teller, stratum: str) -> str:
    """`language=es` as people say it."""
    kind, _, value = stratum.partition("=")
    known = teller.texts.get(f"stratum.{kind}.{value}")
    return known or teller.texts(f"stratum.{kind}", value=value)


# Abstention


def _abstention(teller: Teller) -> Iterator[Block]:
    texts, matrices = teller.texts, [matrix for matrix in teller.data.summary.abstention if _asked(matrix)]
    if not matrices:
        return
    rows = [row for matrix in matrices for row in _bars(teller, matrix)]
    plot = teller.plots.stacked(rows)
    caption = texts("abstention.caption")
    yield Figure("abstention", texts("abstention.title"), plot, _matrix_table(teller, matrices), caption)


def _asked(matrix: Abstention) -> int:
    answerable = matrix.answered_answerable + matrix.declined_answerable
    return answerable + matrix.answered_unanswerable + matrix.declined_unanswerable


def _bars(teller: Teller, matrix: Abstention) -> Iterator[tuple[str, list[Bar]]]:
    """A row for each kind of question that there is."""
    kinds = (
        ("answerable", (("answered", matrix.answered_answerable, GOOD), ("declined", matrix.declined_answerable, SOFT))),
        ("unanswerable", (("declined", matrix.declined_unanswerable, GOOD), ("answered", matrix.answered_unanswerable, BAD))),
    )
    for kind, counts in kinds:
        total = sum(count for _, count, _ in counts)
        bars = [
            Bar(count / total, colour, teller.texts(f"abstention.{outcome}"), f"{count} / {total}")
            for outcome, count, colour in counts
            if count
        ]
        if total:
            yield f"{matrix.backend} · {teller.texts(f'abstention.{kind}', n=total)}", bars


def _matrix_table(teller: Teller, matrices: Sequence[Abstention]) -> Table:
    texts, number = teller.texts, teller.numbers.number
    columns = ("backend", "abstention.aa", "abstention.da", "abstention.du", "abstention.au", "abstention.errors")
    rows = tuple(
        (
            Cell(matrix.backend, backend=matrix.backend),
            Cell(number(matrix.answered_answerable)),
            Cell(number(matrix.declined_answerable)),
            Cell(number(matrix.declined_unanswerable)),
            Cell(number(matrix.answered_unanswerable)),
            Cell(number(matrix.errors)),
            teller.cell(matrix.balanced_accuracy, "share"),
        )
        for matrix in matrices
    )
    return Table((*(Cell(texts(name)) for name in columns), Cell(teller.title("balanced_accuracy"))), rows)


# Judges


def _judges(teller: Teller) -> Iterator[Block]:
    """The metrics of each judge, and what its verdicts are worth."""
    if not teller.data.judges:
        yield Missing(teller.texts("judge.none"), f"midas eval score {teller.data.run.parts[0].id} --judge NAME")
    for judge in teller.data.judges:
        yield from _judge(teller, judge)


def _judge(teller: Teller, judge: JudgeRecord) -> Iterator[Block]:
    texts = teller.texts
    rows = (teller.metric_row(metric, judge.fingerprint) for metric in METRICS.values() if metric.group == "judge")
    if table := teller.metric_table(rows, texts("judge.title", judge=judge.name)):
        yield table
    else:
        yield Paragraph(texts("judge.silent", judge=judge.name), "warning")
    if near := _akin(teller, judge):
        yield Paragraph(warning(near, judge.name, texts.language), "warning")
    yield Paragraph(texts("judge.trusted"), "note") if judge.trusted else judge_worth(teller, judge)
    if judge.calibration:
        yield from _calibration(teller, judge.name, judge.calibration)


def _akin(teller: Teller, judge: JudgeRecord) -> Closeness | None:
    """How near the judge is to what it judged."""
    if judge.facts is None:
        return None
    models = {
        name: backend.reached.model if backend.reached else backend.model
        for part in teller.data.run.parts
        for name, backend in part.manifest.backends.items()
    }
    return closeness(judge.backend, judge.facts.model, models)


def _calibration(teller: Teller, judge: str, found: Calibration) -> Iterator[Block]:
    texts = teller.texts
    shares: tuple[tuple[str, Estimate, Unit], ...] = (
        ("kappa", found.kappa, "score"), ("agreement", found.agreement, "share"), ("missed", found.missed, "share"),
        ("false_alarms", found.false_alarms, "share"), ("flips", found.flips, "share"),
        ("position", found.position_bias, "share"), ("length", found.length_bias, "share"),
    )  # fmt: skip
    rows = tuple((Cell(texts(f"judge.{name}")), teller.cell(estimate, unit)) for name, estimate, unit in shares)
    columns = (Cell(texts("what")), Cell(texts("value")))
    yield Table(columns, rows, texts("judge.calibration", judge=judge, n=teller.numbers.number(found.n)))
    told = ", ".join(
        f"{texts.get(f'mistake.{each.error_type}') or each.error_type} {each.caught}/{each.n}" for each in found.errors
    )
    if told:
        yield Paragraph(texts("judge.errors", list=told))
