"""The verdict: known winners, probabilities, and what would change them."""

from __future__ import annotations

from math import sqrt
from statistics import NormalDist

import numpy as np
import pytest

from eval.metrics import METRICS
from eval.questions import Question
from eval.rows import AnswerRow, Key, ScoreRow, Speed
from eval.verdict import (
    CRITERIA,
    RANKED_BY,
    USES,
    Basis,
    Evidence,
    Use,
    decide,
    eur_of_utility,
    frontier,
    gather,
    ms_of_utility,
    utility_of_eur,
    utility_of_ms,
)

QUALITY_ONLY = Use("everyday", dict.fromkeys(CRITERIA, 0.0) | {"correctness": 1.0})


def evidence(**values: dict[str, list[float]]) -> Evidence:
    """Criteria by name, each with the values of every back end, a question each."""
    backends = tuple(next(iter(values.values())))
    n = len(next(iter(next(iter(values.values())).values())))
    bases = tuple(
        Basis(name, name, np.array([columns[backend] for backend in backends]).T, np.zeros(n, dtype=np.int64))  # type: ignore[arg-type]
        for name, columns in values.items()
    )
    return Evidence(tuple(f"q{number}" for number in range(n)), backends, frozenset(), bases, (), ())


def test_who_is_better_in_every_question_wins_for_sure() -> None:
    [verdict] = decide(evidence(correctness={"a": [0.2, 0.4, 0.6] * 10, "b": [0.3, 0.5, 0.7] * 10}), [QUALITY_ONLY])
    assert [standing.backend for standing in verdict.standings] == ["b", "a"]
    assert (verdict.best.p_best, verdict.outcome, verdict.questions_needed) == (1.0, "clear", None)
    assert verdict.best.utility == pytest.approx(0.5)


def test_too_few_questions_decide_nothing() -> None:
    [verdict] = decide(evidence(correctness={"a": [0.2] * 19, "b": [0.9] * 19}), [QUALITY_ONLY])
    assert (verdict.best.backend, verdict.best.p_best, verdict.outcome) == ("b", 1.0, "open")


def test_equal_ones_share_the_probability_and_nothing_is_decided() -> None:
    [verdict] = decide(evidence(correctness={"a": [0, 1] * 20, "b": [0, 1] * 20}), [QUALITY_ONLY])
    assert [standing.p_best for standing in verdict.standings] == [0.5, 0.5]
    assert verdict.outcome == "open" and verdict.questions_needed is None
    assert {standing.backend for standing in verdict.contenders} == {"a", "b"}


def test_the_probability_is_that_of_the_normal_approximation() -> None:
    """60 and 50 right of 100, never the same: the mean difference is 0.1, its standard error sqrt(1.1 - 0.01) / 10."""
    right = [1.0] * 60 + [0.0] * 40, [0.0] * 50 + [1.0] * 50
    gains = np.array(right[0]) - np.array(right[1])
    [verdict] = decide(evidence(correctness={"a": right[0], "b": right[1]}), [QUALITY_ONLY])
    error = gains.std() / sqrt(100)
    assert verdict.best.p_best == pytest.approx(NormalDist().cdf(gains.mean() / error), abs=0.02)
    z = NormalDist().inv_cdf(0.95)
    assert verdict.questions_needed == pytest.approx(100 * (z * error / 0.1) ** 2, rel=0.1)


def test_weights_at_which_another_wins_are_found() -> None:
    """a: 0.9 and 0.2, b: 0.5 and 0.8: level at weight w of speed where 0.9 - 0.7 w = 0.5 + 0.3 w."""
    use = Use("everyday", dict.fromkeys(CRITERIA, 0.0) | {"correctness": 0.8, "speed": 0.2})
    [verdict] = decide(evidence(correctness={"a": [0.9] * 5, "b": [0.5] * 5}, speed={"a": [0.2] * 5, "b": [0.8] * 5}), [use])
    change = next(change for change in verdict.weight_changes if change.criterion == "speed")
    assert (verdict.best.backend, change.winner) == ("a", "b")
    assert change.at == pytest.approx(0.4, abs=0.01) and change.now == pytest.approx(0.2)
    assert verdict.stability.any_weights["a"] == pytest.approx(0.4, abs=0.03)
    assert 0.97 < verdict.stability.nearly["a"] < 1  # only where 0.8 falls by a third and 0.2 rises by one
    for need in verdict.improvements:
        assert need.backend == "b"
        gained = verdict.weights[need.criterion] * (need.needed - need.now)
        assert verdict.standings[1].utility + gained == pytest.approx(verdict.best.utility)


def test_utilities_are_inverted() -> None:
    for milliseconds in (1_000, 4_000, 60_000):
        assert ms_of_utility(utility_of_ms(milliseconds)) == pytest.approx(milliseconds)
    for eur in (0.001, 0.02, 1):
        assert eur_of_utility(utility_of_eur(eur)) == pytest.approx(eur)
    assert (utility_of_ms(1), utility_of_ms(1e9), utility_of_eur(0)) == (1, 0, 1)


def test_the_weights_of_every_use_add_up_and_rank_by_known_metrics() -> None:
    for use in USES:
        assert sum(use.weights.values()) == pytest.approx(1) and set(use.weights) == set(CRITERIA)
    for names in RANKED_BY.values():
        assert set(names) <= METRICS.keys()


# From rows

ASKED = [
    Question(id="q0", question="¿?", language="es", answerable=True, reference="20"),
    Question(id="q1", question="¿?", language="es", answerable=False),
    Question(id="q2", question="¿?", language="es", answerable=True, reference="30"),
]


def rows(backend: str, statuses: list[str], cloud: bool = False) -> list[AnswerRow]:
    speed = Speed(total_ms=2_000)
    return [
        AnswerRow(Key(f"q{number}", backend), status, "es", cloud=cloud, speed=speed)  # type: ignore[arg-type]
        for number, status in enumerate(statuses)
    ]


def scores(backend: str, metric: str, values: list[float], scorer: str = "rule") -> list[ScoreRow]:
    return [ScoreRow(Key(f"q{number}", backend), metric, value, scorer=scorer) for number, value in enumerate(values)]


ANSWERS = [*rows("a", ["ok", "declined", "ok"]), *rows("b", ["ok", "ok", "error"], cloud=True)]
RULES = [*scores("a", "fact_recall", [1, 1, 1]), *scores("b", "fact_recall", [1, 1])]
JUDGED = [*scores("a", "factual_correctness", [0.1] * 3, "f00"), *scores("b", "factual_correctness", [0.9] * 3, "f00")]


@pytest.mark.parametrize(("trusted", "metric"), [((), "fact_recall"), (("f00",), "factual_correctness")])
def test_a_judge_ranks_only_when_it_is_trusted(trusted: tuple[str, ...], metric: str) -> None:
    found = gather(ASKED, ANSWERS, [*RULES, *JUDGED], {}, trusted)
    assert [basis.metric for basis in found.bases if basis.criterion == "correctness"] == [metric]
    assert found.unranked == (() if trusted else ("f00",))
    assert found.missing == ("faithfulness", "cost")


def test_a_judge_that_left_out_answers_does_not_rank() -> None:
    """Stopped after the first back end and one answer of the second."""
    asked = [Question(id=f"q{number}", question="¿?", language="es", answerable=True, reference="20") for number in range(20)]
    answers = [*rows("a", ["ok"] * 20), *rows("b", ["ok"] * 20)]
    rules = [*scores("a", "fact_recall", [0.5] * 20), *scores("b", "fact_recall", [0.5] * 20)]
    half = [*scores("a", "factual_correctness", [0.1] * 20, "f00"), *scores("b", "factual_correctness", [0.9], "f00")]
    whole = [*scores("a", "factual_correctness", [0.2] * 20, "f11"), *scores("b", "factual_correctness", [0.8] * 19, "f11")]
    for judged, metric, value in ((half, "fact_recall", 0.5), ([*half, *whole], "factual_correctness", 0.8)):
        basis = gather(asked, answers, [*rules, *judged], {}, ("f00", "f11")).bases[0]
        assert (basis.criterion, basis.metric, np.nanmean(basis.values[:, 1])) == ("correctness", metric, pytest.approx(value))
    said = [
        ScoreRow(Key(f"q{number}", "b"), "factual_correctness", None, "not_applicable", scorer="f00") for number in range(20)
    ]
    declined = [*said, half[-1]]
    assert gather(asked, answers, [*rules, *half[:-1], *declined], {}, ("f00",)).bases[0].metric == "factual_correctness"


def test_marks_of_people_are_no_judge() -> None:
    assert gather(ASKED, ANSWERS, scores("a", "human_clarity", [5], "human:ana"), {}, ()).unranked == ()


def test_errors_count_as_wrong_and_abstention_by_what_was_asked() -> None:
    found = gather(ASKED, ANSWERS, RULES, {"a": 0.01, "b": 0.02}, ())
    [verdict] = decide(found, [USES[0]])
    parts = {standing.backend: standing.parts for standing in verdict.standings}
    assert parts["a"]["correctness"] == 1 and parts["b"]["correctness"] == 0.5
    assert parts["a"]["abstention"] == 1 and parts["b"]["abstention"] == 0.25
    assert parts["a"]["cost"] > parts["b"]["cost"]
    assert sum(verdict.weights.values()) == pytest.approx(1) and "faithfulness" not in verdict.weights


def test_private_documents_leave_out_the_cloud() -> None:
    verdicts = {verdict.use.name: verdict for verdict in decide(gather(ASKED, ANSWERS, RULES, {}, ()))}
    assert [standing.backend for standing in verdicts["private"].standings] == ["a"]
    local = decide(gather(ASKED, [row for row in ANSWERS if not row.cloud], RULES, {}, ()))
    assert "private" not in {verdict.use.name for verdict in local}


def test_only_questions_that_all_were_asked_decide() -> None:
    assert gather(ASKED, [*rows("a", ["ok"] * 3), *rows("b", ["ok"])], RULES, {}, ()).questions == ("q0",)
    assert decide(gather(ASKED, [], [], {}, ())) == ()


def test_the_frontier_leaves_out_who_is_beaten_in_everything() -> None:
    assert frontier({"a": (1, 2), "b": (2, 1), "c": (2, 2), "d": (1, 2)}) == {"a", "b", "d"}
