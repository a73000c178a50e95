"""What a run comes to: every metric of every back end with its interval, by stratum, and which differences are real."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence, Set
from dataclasses import dataclass, replace
from itertools import combinations
from statistics import fmean, median

from eval import statistics
from eval.metrics import SPEED
from eval.questions import Question
from eval.rows import HUMAN, AnswerRow, Key, ScoreRow
from eval.runs import Run
from eval.statistics import ALPHA, Difference, Estimate

RULE = "rule"
PEAK = "_peak"


@dataclass(frozen=True, slots=True)
class Cell:
    """One figure of one back end. `stratum` is None for all questions, else `language=es`, `answerable=no`,
    `document=<name>` or `tag=<tag>`. Speed and resources are medians, all else are means. `scorer` as in `ScoreRow`."""

    backend: str
    metric: str
    stratum: str | None
    estimate: Estimate
    scorer: str = RULE


@dataclass(frozen=True, slots=True)
class Abstention:
    """How many answers were given and declined where there is an answer in the documents, and where there is none. Answers that
    ended in an error are `errors` and nowhere else. `balanced_accuracy` is that of the back end's cell of that name."""

    backend: str
    answered_answerable: int
    declined_answerable: int
    answered_unanswerable: int
    declined_unanswerable: int
    errors: int
    balanced_accuracy: Estimate


@dataclass(frozen=True, slots=True)
class Pair:
    """Two back ends on the same questions: `difference` is second less first. `p_holm` is adjusted for all pairs of the
    metric."""

    metric: str
    first: str
    second: str
    difference: Difference
    p_holm: float
    scorer: str = RULE

    @property
    def distinguishable(self) -> bool:
        """Whether the difference is more than chance, at 5 % over all pairs of the metric."""
        return self.p_holm < ALPHA


@dataclass(frozen=True, slots=True)
class RunSummary:
    """`questions` is how many were asked, `backends` are in the order of the run."""

    run: str
    questions: int
    backends: tuple[str, ...]
    cells: tuple[Cell, ...]
    abstention: tuple[Abstention, ...]
    pairs: tuple[Pair, ...]

    def cell(self, backend: str, metric: str, stratum: str | None = None, scorer: str | None = None) -> Cell | None:
        """The figure; any scorer's when none is named. None when it was not measured."""
        return next((cell for cell in self.cells if _is(cell, backend, metric, stratum, scorer)), None)

    @property
    def strata(self) -> tuple[str, ...]:
        return tuple(sorted({cell.stratum for cell in self.cells if cell.stratum is not None}))

    @property
    def indistinguishable(self) -> tuple[Pair, ...]:
        """Pairs of back ends whose difference may be chance."""
        return tuple(pair for pair in self.pairs if not pair.distinguishable)


@dataclass(frozen=True, slots=True)
class Series:
    """The values of one metric of one back end by one scorer; those of `failed` are missing, or were never tried. `middle`
    tells that the median sums them up, not the mean."""

    backend: str
    metric: str
    scorer: str
    values: dict[Key, float]
    failed: frozenset[Key] = frozenset()
    middle: bool = False

    def at(self, questions: Iterable[str]) -> Series:
        """Of these questions only."""
        kept = frozenset(questions)
        values = {key: value for key, value in self.values.items() if key.question in kept}
        return replace(self, values=values, failed=frozenset(key for key in self.failed if key.question in kept))


def summarise(run: Run, strata: bool = True) -> RunSummary:
    """Every figure with its interval. Raises MissingExtra without the extra `eval`."""
    questions, answers = run.questions(), run.answers()
    series = series_of(run)
    cells = [*_cells(series, [None], {}, estimate_of)]
    if strata:
        members = members_of(questions)
        cells += _cells(series, list(members), members, estimate_of)
    cells += [*_balanced(cells), *_measured(run)]
    backends = tuple(dict.fromkeys(row.key.backend for row in answers))
    matrices = tuple(_abstention(backend, questions, answers, cells) for backend in backends)
    return RunSummary(run.id, len(questions), backends, tuple(cells), matrices, tuple(_pairs(series)))


def averages(run: Run) -> tuple[Cell, ...]:
    """The figures over all questions without intervals, for which no extra is needed."""
    return (*_cells(series_of(run), [None], {}, _without_interval), *_measured(run))


def series_of(run: Run) -> list[Series]:
    """All scores and speeds of a run, by back end, metric and scorer."""
    answers = run.answers()
    keys: dict[str, set[Key]] = {}
    for answer in answers:
        keys.setdefault(answer.key.backend, set()).add(answer.key)
    found: dict[tuple[str, str, str], list[ScoreRow]] = {}
    for row in run.scores():
        found.setdefault((row.key.backend, row.metric, row.scorer), []).append(row)
    scores = (_scored(*name, rows, keys.get(name[0], set())) for name, rows in found.items())
    return [*(series for series in scores if series.values or series.failed), *_speeds(answers)]


def _scored(backend: str, metric: str, scorer: str, rows: Sequence[ScoreRow], answers: Set[Key]) -> Series:
    """An answer that a rule or a judge never came to counts like one where it failed; people need not mark them all."""
    values = {row.key: row.value for row in rows if row.status == "ok" and row.value is not None}
    failed = {row.key for row in rows if row.status == "failed"}
    missed = set() if scorer.startswith(HUMAN) else answers - {row.key for row in rows}
    return Series(backend, metric, scorer, values, frozenset(failed | missed))


def members_of(questions: Sequence[Question]) -> dict[str, frozenset[str]]:
    """Stratum -> ids of its questions."""
    members: dict[str, set[str]] = {}
    for question in questions:
        for stratum in strata_of(question):
            members.setdefault(stratum, set()).add(question.id)
    return {stratum: frozenset(ids) for stratum, ids in sorted(members.items())}


def strata_of(question: Question) -> Iterator[str]:
    """The strata a question belongs to; a question without documents is neither answerable nor not."""
    yield f"language={question.language}"
    if not question.plain:
        yield f"answerable={'yes' if question.answerable else 'no'}"
    yield from {f"document={source.document}" for source in question.sources}
    yield from (f"tag={tag}" for tag in question.tags)


def _speeds(answers: Sequence[AnswerRow]) -> Iterator[Series]:
    for metric in SPEED:
        by_backend: dict[str, dict[Key, float]] = {}
        for row in answers:
            if (value := getattr(row.speed, metric.name)) is not None:
                by_backend.setdefault(row.key.backend, {})[row.key] = value
        yield from (Series(backend, metric.name, RULE, values, middle=True) for backend, values in by_backend.items())


def _cells(
    series: Sequence[Series],
    strata: Sequence[str | None],
    members: dict[str, frozenset[str]],
    estimate: Callable[[Series], Estimate],
) -> Iterator[Cell]:
    for stratum in strata:
        for whole in series:
            part = whole if stratum is None else whole.at(members[stratum])
            if part.values or part.failed:
                yield Cell(part.backend, part.metric, stratum, estimate(part), part.scorer)


def estimate_of(series: Series) -> Estimate:
    """Mean or median with its interval."""
    sum_up = statistics.median if series.middle else statistics.mean
    return sum_up(list(series.values.values()), [key.question for key in series.values], _coverage(series))


def _without_interval(series: Series) -> Estimate:
    units = statistics.cluster_means(list(series.values.values()), [key.question for key in series.values])
    middle = median if series.middle else fmean
    return Estimate(middle(units) if units else None, n=len(units), coverage=_coverage(series))


def _coverage(series: Series) -> float:
    return len(series.values) / (len(series.values) + len(series.failed))


def _balanced(cells: Sequence[Cell]) -> Iterator[Cell]:
    """Balanced accuracy wherever there are both kinds of questions."""
    declined = {(cell.backend, cell.stratum): cell.estimate for cell in cells if cell.metric == "declined_unanswerable"}
    for cell in cells:
        other = declined.get((cell.backend, cell.stratum))
        if cell.metric == "answered_answerable" and other is not None:
            both = statistics.mean_of_shares(cell.estimate, other)
            yield Cell(cell.backend, "balanced_accuracy", cell.stratum, both)


def _measured(run: Run) -> Iterator[Cell]:
    """Figures that belong to no single answer. A run that was gone on with was watched in parts: its peak is the highest."""
    values: dict[tuple[str, str], list[float]] = {}
    for row in run.measurements():
        values.setdefault((row.backend, row.metric), []).append(row.value)
    for (backend, metric), found in values.items():
        peak = Estimate(max(found), n=len(found)) if metric.endswith(PEAK) else None
        yield Cell(backend, metric, None, peak or statistics.median(found))


def _abstention(backend: str, questions: Sequence[Question], answers: Sequence[AnswerRow], cells: Sequence[Cell]) -> Abstention:
    answerable = {question.id: question.answerable for question in questions if not question.plain}
    rows = [row for row in answers if row.key.backend == backend and row.key.question in answerable]

    def count(status: str, has_answer: bool) -> int:
        return sum(row.status == status and answerable[row.key.question] == has_answer for row in rows)

    balanced = (cell.estimate for cell in cells if _is(cell, backend, "balanced_accuracy", None, RULE))
    return Abstention(
        backend,
        answered_answerable=count("ok", True),
        declined_answerable=count("declined", True),
        answered_unanswerable=count("ok", False),
        declined_unanswerable=count("declined", False),
        errors=sum(row.status == "error" for row in rows),
        balanced_accuracy=next(balanced, Estimate(None)),
    )


def _pairs(series: Sequence[Series]) -> Iterator[Pair]:
    by_metric: dict[tuple[str, str], list[Series]] = {}
    for each in series:
        by_metric.setdefault((each.metric, each.scorer), []).append(each)
    for (metric, scorer), rivals in by_metric.items():
        found = [(a, b, difference) for a, b in combinations(rivals, 2) if (difference := difference_of(a, b)) is not None]
        adjusted = statistics.holm([difference.p for _, _, difference in found])
        for (a, b, difference), p in zip(found, adjusted, strict=True):
            yield Pair(metric, a.backend, b.backend, difference, p, scorer)


def matched(first: Series, second: Series) -> tuple[list[str], list[float], list[float]]:
    """Question, first and second value of every question and repetition that both have a value for."""
    theirs = {(key.question, key.repeat): value for key, value in second.values.items()}
    shared = [key for key in first.values if (key.question, key.repeat) in theirs]
    return (
        [key.question for key in shared],
        [first.values[key] for key in shared],
        [theirs[key.question, key.repeat] for key in shared],
    )


def difference_of(first: Series, second: Series) -> Difference | None:
    """Over what both have a value for; None when that is nothing."""
    questions, before, after = matched(first, second)
    test = statistics.paired_bootstrap if first.middle else statistics.paired
    return test(before, after, questions) if questions else None


def _is(cell: Cell, backend: str, metric: str, stratum: str | None, scorer: str | None) -> bool:
    return (cell.backend, cell.metric, cell.stratum) == (backend, metric, stratum) and scorer in (None, cell.scorer)
