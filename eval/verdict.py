"""Which back end for which use: explicit weights, how sure the choice is, and what would change it.

Every criterion is brought to a utility in [0, 1] on a scale that does not depend on who else was measured. The utility of a
back end for a use is the weighted mean of its criteria. How sure the choice is comes from resampling the questions
(bootstrap; Efron 1979): P(best) is the share of the resamples in which a back end has the highest utility.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from math import isnan, log
from statistics import NormalDist
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from eval.calibration import LEAST_COVERAGE
from eval.questions import Question
from eval.rows import HUMAN, AnswerRow, ScoreRow
from eval.statistics import ENOUGH

CriterionName = Literal["correctness", "faithfulness", "abstention", "speed", "cost"]
UseName = Literal["everyday", "exact", "quick", "thrifty", "private"]
Outcome = Literal["clear", "likely", "open"]
Floats = NDArray[np.float64]

CRITERIA: tuple[CriterionName, ...] = ("correctness", "faithfulness", "abstention", "speed", "cost")
RANKED_BY: dict[CriterionName, tuple[str, ...]] = {
    "correctness": ("factual_correctness", "fact_recall", "token_f1"),
    "faithfulness": ("faithfulness", "grounding_rate"),
}
"""The metric of a criterion is the first of these that one scorer, who may rank, has for LEAST_COVERAGE of the answers of every
back end."""
BEST_MS, WORST_MS = 1_000.0, 60_000.0
"""Waiting this long for a verified answer has utility 1 and 0; logarithmic between them."""
BEST_EUR, WORST_EUR = 0.001, 1.0
"""What an answer costs, likewise."""
CLEAR, LIKELY = 0.95, 0.8
"""P(best) from which a choice is called clear, or likely."""
LEAST_QUESTIONS = ENOUGH
"""With fewer, resampling them makes too sure: nothing is then called likely."""
RESAMPLES, WEIGHTINGS, STEPS, SEED = 4000, 4000, 101, 20_26
EXTREME = 0.02
NEARLY = 0.5
"""Weights are called nearly the same when each is changed by no more than this part of itself."""


@dataclass(frozen=True, slots=True)
class Use:
    """What the assistant is used for. The weights of the criteria add up to 1; `local_only` leaves out those in the cloud."""

    name: UseName
    weights: Mapping[CriterionName, float]
    local_only: bool = False


_EVERYDAY: dict[CriterionName, float] = {
    "correctness": 0.35, "faithfulness": 0.25, "abstention": 0.2, "speed": 0.15, "cost": 0.05,
}  # fmt: skip
USES = (
    Use("everyday", _EVERYDAY),
    Use("exact", {"correctness": 0.4, "faithfulness": 0.3, "abstention": 0.3, "speed": 0.0, "cost": 0.0}),
    Use("quick", {"correctness": 0.3, "faithfulness": 0.15, "abstention": 0.1, "speed": 0.4, "cost": 0.05}),
    Use("thrifty", {"correctness": 0.3, "faithfulness": 0.2, "abstention": 0.1, "speed": 0.1, "cost": 0.3}),
    Use("private", _EVERYDAY, local_only=True),
)


@dataclass(frozen=True, slots=True)
class Basis:
    """What a criterion was judged by. `values` is float64[question, back end], NaN where it does not apply; `groups` gives
    each question a group, and the criterion is the mean of the groups' means (abstention: answerable and not)."""

    criterion: CriterionName
    metric: str
    values: Floats
    groups: NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Evidence:
    """What the decision stands on: questions that every back end was asked. `missing` are the criteria nothing was measured
    for, or not for every back end; `unranked` are the judges that may not rank, by fingerprint."""

    questions: tuple[str, ...]
    backends: tuple[str, ...]
    cloud: frozenset[str]
    bases: tuple[Basis, ...]
    missing: tuple[CriterionName, ...]
    unranked: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Standing:
    """How a back end fares in a use. `low` and `high` bound the middle 95 % of its utility's resamples."""

    backend: str
    utility: float
    low: float
    high: float
    p_best: float
    parts: Mapping[CriterionName, float]


@dataclass(frozen=True, slots=True)
class WeightChange:
    """From the weight `at` on (below it, when `at` < `now`), `winner` would be chosen."""

    criterion: CriterionName
    now: float
    at: float
    winner: str


@dataclass(frozen=True, slots=True)
class Improvement:
    """`backend` would draw level if its `criterion` went from utility `now` to `needed`, all else equal."""

    backend: str
    criterion: CriterionName
    now: float
    needed: float


@dataclass(frozen=True, slots=True)
class Segment:
    """Between these weights of a criterion `winner` is best; the other weights keep their proportions."""

    start: float
    end: float
    winner: str


@dataclass(frozen=True, slots=True)
class Stability:
    """`nearly` and `any_weights`: share of weightings in which each back end is best, when every weight is changed by up to
    half of itself, and over all weightings there are (uniform on the simplex). `strips`: who is best from weight 0 to 1."""

    nearly: Mapping[str, float]
    any_weights: Mapping[str, float]
    strips: Mapping[CriterionName, tuple[Segment, ...]]


@dataclass(frozen=True, slots=True)
class Verdict:
    """The choice for a use; `standings` best first, `weights` those that count, without the criteria that are missing.

    `questions_needed` is how many questions would make the choice clear if the difference stayed as it is; None when it is
    clear already or when there is nothing to choose between.
    """

    use: Use
    weights: Mapping[CriterionName, float]
    standings: tuple[Standing, ...]
    outcome: Outcome
    weight_changes: tuple[WeightChange, ...]
    improvements: tuple[Improvement, ...]
    questions_needed: int | None
    stability: Stability

    @property
    def best(self) -> Standing:
        return self.standings[0]

    @property
    def contenders(self) -> tuple[Standing, ...]:
        """Those that may be the best: the first, and as many more as it takes to be 95 % sure."""
        taken, sure = 0, 0.0
        by_chance = sorted(self.standings, key=lambda standing: -standing.p_best)
        while sure < CLEAR - 1e-9 and taken < len(by_chance):
            sure += by_chance[taken].p_best
            taken += 1
        return tuple(by_chance[:taken])


def utility_of_ms(milliseconds: float) -> float:
    return _log_utility(milliseconds, BEST_MS, WORST_MS)


def utility_of_eur(eur: float) -> float:
    return _log_utility(eur, BEST_EUR, WORST_EUR)


def ms_of_utility(utility: float) -> float:
    """The inverse of `utility_of_ms`; of a mean utility, the geometric mean of the times."""
    return BEST_MS * float((WORST_MS / BEST_MS) ** (1 - utility))


def eur_of_utility(utility: float) -> float:
    return BEST_EUR * float((WORST_EUR / BEST_EUR) ** (1 - utility))


def _log_utility(value: float, best: float, worst: float) -> float:
    return min(1.0, max(0.0, log(worst / max(value, best)) / log(worst / best)))


# Evidence


def gather(
    questions: Sequence[Question],
    answers: Sequence[AnswerRow],
    scores: Sequence[ScoreRow],
    eur_per_answer: Mapping[str, float],
    trusted_judges: Collection[str],
) -> Evidence:
    """What can be decided on. Questions of plain prompts and questions that a back end was not asked are left out; rows that
    failed count as wrong answers. A judge's scores count only if its fingerprint is among `trusted_judges`."""
    backends = tuple(sorted({row.key.backend for row in answers}))
    asked = {name: {row.key.question for row in answers if row.key.backend == name} for name in backends}
    common = [q for q in questions if not q.plain and all(q.id in ids for ids in asked.values())]
    grid = _Grid(common, backends, answers)
    judges = set(judges_of(scores))
    allowed = [row for row in scores if row.scorer not in judges or row.scorer in trusted_judges]
    bases = [
        _best_scored("correctness", grid, allowed, lambda q: q.answerable),
        _best_scored("faithfulness", grid, allowed, lambda q: True),
        _abstention(grid),
        _speed(grid),
        _cost(grid, eur_per_answer),
    ]
    there = tuple(basis for basis in bases if basis is not None)
    missing = tuple(name for name in CRITERIA if name not in {basis.criterion for basis in there})
    cloud = frozenset(row.key.backend for row in answers if row.cloud)
    unranked = tuple(sorted(judges - set(trusted_judges)))
    return Evidence(tuple(q.id for q in common), backends, cloud, there, missing, unranked)


def judges_of(scores: Sequence[ScoreRow]) -> tuple[str, ...]:
    """Fingerprints of the judges: neither rules nor people."""
    return tuple(sorted({row.scorer for row in scores if row.scorer != "rule" and not row.scorer.startswith(HUMAN)}))


class _Grid:
    """Questions by back ends; several repetitions of a question are averaged."""

    def __init__(self, questions: Sequence[Question], backends: Sequence[str], answers: Sequence[AnswerRow]) -> None:
        self.questions = questions
        self.backends = backends
        self.answers = answers
        self._places = {question.id: at for at, question in enumerate(questions)}

    def mean(self, values: Sequence[tuple[str, str, float]]) -> Floats:
        """float64[question, back end] of (question, back end, value), NaN where there is none."""
        sums, counts = np.zeros((len(self.questions), len(self.backends))), np.zeros((len(self.questions), len(self.backends)))
        for question, backend, value in values:
            if question in self._places and backend in self.backends:
                at = self._places[question], self.backends.index(backend)
                sums[at] += value
                counts[at] += 1
        with np.errstate(invalid="ignore"):
            means: Floats = np.where(counts > 0, sums / counts, np.nan)
        return means

    def only(self, wanted: Callable[[Question], bool], values: Floats) -> Floats:
        keep = np.array([wanted(question) for question in self.questions], dtype=bool)
        return np.where(keep[:, None], values, np.nan)

    @property
    def answerable(self) -> NDArray[np.int64]:
        return np.array([int(question.answerable) for question in self.questions], dtype=np.int64)


def _basis(criterion: CriterionName, metric: str, values: Floats, groups: NDArray[np.int64] | None = None) -> Basis | None:
    """None when a back end has no value at all."""
    if not values.size or np.isnan(values).all(axis=0).any():
        return None
    return Basis(criterion, metric, values, np.zeros(len(values), dtype=np.int64) if groups is None else groups)


def _best_scored(
    criterion: CriterionName, grid: _Grid, scores: Sequence[ScoreRow], wanted: Callable[[Question], bool]
) -> Basis | None:
    for metric in RANKED_BY[criterion]:
        rows = [row for row in scores if row.metric == metric]
        for scorer in dict.fromkeys(row.scorer for row in rows):
            own = [row for row in rows if row.scorer == scorer]
            if _covers(grid, own) and (basis := _basis(criterion, metric, grid.only(wanted, _scored(grid, own)))):
                return basis
    return None


def _covers(grid: _Grid, scores: Sequence[ScoreRow]) -> bool:
    """Whether a scorer tells of nearly all answers of every back end that a metric applies to: it may have left out what is
    hard, or been stopped."""
    apart = {row.key for row in scores if row.status == "not_applicable"}
    told = {row.key for row in scores if row.status == "ok"}
    for backend in grid.backends:
        due = {row.key for row in grid.answers if row.key.backend == backend and row.status != "error"} - apart
        if len(due & told) < LEAST_COVERAGE * len(due):
            return False
    return True


def _scored(grid: _Grid, scores: Sequence[ScoreRow]) -> Floats:
    failed = [(row.key.question, row.key.backend, 0.0) for row in grid.answers if row.status == "error"]
    found = [
        (row.key.question, row.key.backend, row.value)
        for row in scores
        if row.status == "ok" and row.value is not None and not isnan(row.value)
    ]
    return grid.mean([*found, *failed] if found else [])


def _abstention(grid: _Grid) -> Basis | None:
    """1 when what the documents answer was answered, or what they do not answer was declined."""
    answerable = {question.id: question.answerable for question in grid.questions}
    right = [
        (row.key.question, row.key.backend, float(row.status == ("ok" if answerable[row.key.question] else "declined")))
        for row in grid.answers
        if row.key.question in answerable
    ]
    return _basis("abstention", "abstention", grid.mean(right), grid.answerable)


def _speed(grid: _Grid) -> Basis | None:
    values = [
        (row.key.question, row.key.backend, utility_of_ms(row.speed.total_ms))
        for row in grid.answers
        if row.asked_model and row.speed.total_ms is not None
    ]
    return _basis("speed", "total_ms", grid.mean(values))


def _cost(grid: _Grid, eur: Mapping[str, float]) -> Basis | None:
    values = np.array([utility_of_eur(eur[name]) if name in eur else np.nan for name in grid.backends])
    return _basis("cost", "eur_per_answer", np.tile(values, (len(grid.questions), 1)))


# Decision


def decide(evidence: Evidence, uses: Sequence[Use] = USES) -> tuple[Verdict, ...]:
    """A verdict for every use that at least one back end is left for. Uses that leave out nobody the others do not are
    dropped: without a back end in the cloud, `private` says the same as `everyday`."""
    if not evidence.bases or not evidence.questions:
        return ()
    resampled = _resample(evidence)
    wanted = [use for use in uses if not use.local_only or 0 < len(evidence.cloud) < len(evidence.backends)]
    return tuple(_verdict(use, evidence, resampled) for use in wanted)


def _resample(evidence: Evidence) -> Floats:
    """float64[1 + resamples, back end, criterion]; the first is what was measured. Answerable questions and the others are
    drawn apart, so that no resample is without either."""
    generator = np.random.default_rng(SEED)
    n = len(evidence.questions)
    groups = next((basis.groups for basis in evidence.bases if basis.criterion == "abstention"), np.zeros(n, dtype=np.int64))
    counts = np.ones((RESAMPLES + 1, n))
    for group in np.unique(groups):
        members = np.flatnonzero(groups == group)
        drawn = generator.multinomial(len(members), np.full(len(members), 1 / len(members)), size=RESAMPLES)
        counts[1:, members] = drawn
    return np.stack([_criterion(basis, counts) for basis in evidence.bases], axis=2)


def _criterion(basis: Basis, counts: Floats) -> Floats:
    """float64[resample, back end]: the mean of the groups' means. A group that a back end has nothing in does not count."""
    means = [
        _weighted(basis.values[basis.groups == group], counts[:, basis.groups == group]) for group in np.unique(basis.groups)
    ]
    stacked = np.stack(means)
    there = ~np.isnan(stacked)
    result: Floats = np.where(there, stacked, 0).sum(axis=0) / np.maximum(there.sum(axis=0), 1)
    return result


def _weighted(values: Floats, counts: Floats) -> Floats:
    there = ~np.isnan(values)
    weight = counts @ there
    with np.errstate(invalid="ignore", divide="ignore"):
        means: Floats = np.where(weight > 0, (counts @ np.where(there, values, 0)) / weight, np.nan)
    return means


def _verdict(use: Use, evidence: Evidence, resampled: Floats) -> Verdict:
    kept = [at for at, name in enumerate(evidence.backends) if not (use.local_only and name in evidence.cloud)]
    names = [evidence.backends[at] for at in kept]
    criteria = [basis.criterion for basis in evidence.bases]
    weights = _normalised(np.array([use.weights[name] for name in criteria]))
    cube = resampled[:, kept, :]
    utilities = cube @ weights
    order = np.argsort(-utilities[0], kind="stable")
    p_best = _shares(utilities[1:])
    standings = tuple(_standing(names, at, utilities, p_best, cube[0], criteria) for at in order)
    return Verdict(
        use,
        dict(zip(criteria, weights.tolist(), strict=True)),
        standings,
        _outcome(standings, len(evidence.questions)),
        _weight_changes(cube[0], weights, names, criteria),
        _improvements(standings, dict(zip(criteria, weights.tolist(), strict=True))),
        _questions_needed(utilities[:, order], len(evidence.questions)),
        _stability(cube[0], weights, names, criteria),
    )


def _normalised(weights: Floats) -> Floats:
    """Adding up to 1; all the same when nothing that counts was measured."""
    total = weights.sum()
    result: Floats = weights / total if total > 0 else np.full(len(weights), 1 / len(weights))
    return result


def _shares(utilities: Floats) -> Floats:
    """float64[back end]: how often each has the highest of float64[resample, back end]; those that draw share."""
    best = utilities >= utilities.max(axis=1, keepdims=True) - 1e-12
    shares: Floats = (best / best.sum(axis=1, keepdims=True)).mean(axis=0)
    return shares


def _standing(
    names: Sequence[str], at: int, utilities: Floats, p_best: Floats, points: Floats, criteria: Sequence[CriterionName]
) -> Standing:
    low, high = np.quantile(utilities[1:, at], [0.025, 0.975])
    parts = dict(zip(criteria, points[at].tolist(), strict=True))
    return Standing(names[at], float(utilities[0, at]), float(low), float(high), float(p_best[at]), parts)


def _outcome(standings: Sequence[Standing], questions: int) -> Outcome:
    p_best = standings[0].p_best
    if questions < LEAST_QUESTIONS or p_best < LIKELY:
        return "open"
    return "clear" if p_best >= CLEAR else "likely"


def _swept(weights: Floats, at: int) -> Floats:
    """float64[step, criterion]: the weight of one criterion from 0 to 1, the others in proportion."""
    others = np.delete(weights, at)
    rest = _normalised(others) if len(others) else others
    steps = np.linspace(0, 1, STEPS)
    return np.stack([np.insert(rest * (1 - step), at, step) for step in steps])


def _strip(points: Floats, weights: Floats, names: Sequence[str], at: int) -> tuple[Segment, ...]:
    winners = np.argmax(points @ _swept(weights, at).T, axis=0)
    edges = [0, *(np.flatnonzero(np.diff(winners)) + 1), STEPS]
    last = STEPS - 1
    return tuple(
        Segment(max(0.0, (start - 0.5) / last), min(1.0, (end - 0.5) / last), names[winners[start]])
        for start, end in zip(edges, edges[1:], strict=False)
    )


def _weight_changes(
    points: Floats, weights: Floats, names: Sequence[str], criteria: Sequence[CriterionName]
) -> tuple[WeightChange, ...]:
    """The nearest weight below and above the present one, of each criterion, at which another back end wins; not where that
    criterion, or all the others, would hardly count."""
    changes: list[WeightChange] = []
    for at, criterion in enumerate(criteria):
        now, strip = float(weights[at]), _strip(points, weights, names, at)
        here = next((i for i, segment in enumerate(strip) if segment.start <= now <= segment.end), 0)
        changes += [WeightChange(criterion, now, strip[here].start, strip[here - 1].winner)] if here else []
        changes += [WeightChange(criterion, now, strip[here].end, strip[here + 1].winner)] if here + 1 < len(strip) else []
    near = (change for change in changes if EXTREME < change.at < 1 - EXTREME)
    return tuple(sorted(near, key=lambda change: abs(change.at - change.now)))


def _improvements(standings: Sequence[Standing], weights: Mapping[CriterionName, float]) -> tuple[Improvement, ...]:
    """What each of the others would need, where one criterion is enough."""
    best = standings[0].utility
    needs = [
        Improvement(other.backend, criterion, now, now + (best - other.utility) / weights[criterion])
        for other in standings[1:]
        for criterion, now in other.parts.items()
        if weights[criterion] > 0
    ]
    return tuple(sorted((need for need in needs if need.needed <= 1), key=lambda need: need.needed - need.now))


def _questions_needed(utilities: Floats, n: int) -> int | None:
    """The standard error of the difference shrinks with the root of the number of questions. `utilities` best first."""
    if utilities.shape[1] < 2:
        return None
    gaps = utilities[:, 0] - utilities[:, 1]
    gap, error = float(gaps[0]), float(gaps[1:].std())
    z = NormalDist().inv_cdf(CLEAR)
    if gap <= 1e-9 or gap >= z * error:
        return None
    return int(np.ceil(n * (z * error / gap) ** 2))


def _stability(points: Floats, weights: Floats, names: Sequence[str], criteria: Sequence[CriterionName]) -> Stability:
    generator = np.random.default_rng(SEED)
    factors = generator.uniform(1 - NEARLY, 1 + NEARLY, size=(WEIGHTINGS, len(weights)))
    near = weights * factors
    anything = generator.dirichlet(np.ones(len(weights)), size=WEIGHTINGS)
    return Stability(
        _share_by_name(points, near / near.sum(axis=1, keepdims=True), names),
        _share_by_name(points, anything, names),
        {criterion: _strip(points, weights, names, at) for at, criterion in enumerate(criteria)},
    )


def _share_by_name(points: Floats, weightings: Floats, names: Sequence[str]) -> dict[str, float]:
    return dict(zip(names, _shares(weightings @ points.T).tolist(), strict=True))


def frontier(points: Mapping[str, Sequence[float]]) -> frozenset[str]:
    """Those that no other is at least as good as in everything and better in something (Pareto). Less is better."""
    return frozenset(name for name, point in points.items() if not any(_dominates(other, point) for other in points.values()))


def _dominates(first: Sequence[float], second: Sequence[float]) -> bool:
    pairs = list(zip(first, second, strict=True))
    return all(a <= b for a, b in pairs) and any(a < b for a, b in pairs)
