"""What is said of votes, against known values and simulated voters whose taste is known."""

from __future__ import annotations

from itertools import combinations

import numpy as np
import pytest

from eval.arena import Choice, Kind, Vote
from eval.preference import ENOUGH_VOTERS, Strength, bradley_terry, preference, strengths, votes_needed

NAMES = ("a", "b", "c")
TASTE = (0.7, 0.0, -0.7)


def vote(
    voter: str, question: str, choice: Choice, first: str = "a", second: str = "b", kind: Kind = "real", ms: float = 1000.0
) -> Vote:
    return Vote(voter, question, kind, first, second, choice, True, None, ms, "2026-11-21T10:00:00+00:00")


def simulated(rng: np.random.Generator, voters: int, each: int, tie: float = 0.0, spread: float = 0.0) -> list[Vote]:
    """Voters with tastes around TASTE who vote by the Bradley-Terry model on pairs of 40 questions."""
    items = [(question, first, second) for question in range(40) for first, second in combinations(range(3), 2)]
    votes = []
    for voter in range(voters):
        own = np.asarray(TASTE) + rng.normal(0, spread, 3)
        for index in rng.choice(len(items), each, replace=False):
            question, first, second = items[index]
            wins = rng.random() < 1 / (1 + np.exp(own[second] - own[first]))
            choice: Choice = "tie" if rng.random() < tie else "left" if wins else "right"
            votes.append(vote(f"v{voter}", f"q{question}", choice, NAMES[first], NAMES[second]))
    return votes


# Bradley-Terry


def test_two_back_ends_have_the_log_odds_of_their_wins() -> None:
    first, second = bradley_terry(np.array([[0.0, 30.0], [10.0, 0.0]]))
    assert first - second == pytest.approx(np.log(3), abs=1e-6) and first + second == pytest.approx(0)


def test_strengths_are_those_of_a_logistic_regression() -> None:
    from statsmodels.genmod.families import Binomial
    from statsmodels.genmod.generalized_linear_model import GLM

    wins = np.array([[0, 21, 33, 12], [14, 0, 19, 8], [9, 16, 0, 15], [3, 11, 10, 0]], dtype=float)
    pairs = list(combinations(range(4), 2))
    design = np.array([[(k == i) - (k == j) for k in range(4)] for i, j in pairs], dtype=float)[:, 1:]
    outcome = np.array([[wins[i, j], wins[j, i]] for i, j in pairs])
    fitted = np.concatenate([[0], GLM(outcome, design, family=Binomial()).fit(tol=1e-12).params])
    assert bradley_terry(wins) == pytest.approx(fitted - fitted.mean(), abs=1e-5)


def test_known_strengths_are_recovered() -> None:
    rng = np.random.default_rng(5)
    found = [preference(simulated(rng, 12, 120)) for _ in range(3)]
    values = np.array([[_log_odds(one.strengths, name) for name in NAMES] for one in found])
    assert values.mean(axis=0) == pytest.approx(TASTE, abs=0.08)  # the standard error is 0.03
    assert all([strength.backend for strength in one.strengths] == list(NAMES) for one in found)
    assert all(one.strengths[0].p_best > 0.99 and all(duel.p_holm < 0.05 for duel in one.duels) for one in found)


def _log_odds(found: tuple[Strength, ...], name: str) -> float:
    return next(strength.log_odds.value or 0.0 for strength in found if strength.backend == name)


def test_intervals_over_voters_hold_the_truth_as_often_as_they_say(monkeypatch: pytest.MonkeyPatch) -> None:
    """40 arenas of ten voters with tastes of their own, one interval each; 95 % of them should hold the truth."""
    monkeypatch.setattr("eval.preference.RESAMPLES", 400)
    rng, spread = np.random.default_rng(11), 0.5
    truth = _population(spread)
    inside = 0
    for _ in range(40):
        found = strengths(simulated(rng, 10, 40, spread=spread), "voter")
        estimate = next(strength.log_odds for strength in found if strength.backend == "a")
        assert estimate.low is not None and estimate.high is not None
        inside += estimate.low <= truth[0] <= estimate.high
    assert 34 <= inside <= 40  # fewer than 34 of 40 happen once in 300 tries at 95 %


def _population(spread: float) -> np.ndarray[tuple[int, ...], np.dtype[np.float64]]:
    """Strengths in a company where tastes differ: those of the mean share of preference."""
    own = np.asarray(TASTE) + np.random.default_rng(1).normal(0, spread, (200_000, 3))
    wins = np.array([[np.mean(1 / (1 + np.exp(own[:, j] - own[:, i]))) if i != j else 0 for j in range(3)] for i in range(3)])
    return bradley_terry(wins * 1e6)


def test_one_that_never_lost_has_a_finite_strength() -> None:
    found = preference([vote("ana", f"q{n}", "left") for n in range(10)])
    assert found.strengths[0].backend == "a" and 1 < (found.strengths[0].log_odds.value or 0) < 5
    assert found.strengths[0].share.value == pytest.approx(11 / 12)


@pytest.mark.parametrize("votes", [1, 3, 6])
def test_a_few_votes_make_nobody_the_best_for_sure(votes: int) -> None:
    """All for one: with an even prior, the chance that the share lies above one half is 1 - 0.5 ** (votes + 1), or a bit less
    because so few votes tell their own spread badly."""
    p_best = preference([vote("ana", f"q{n}", "left") for n in range(votes)]).strengths[0].p_best
    assert 0.6 < p_best < 1 - 0.5 ** (votes + 1) + 0.01


def test_back_ends_nobody_prefers_share_the_chance_of_being_best() -> None:
    found = preference([vote("ana", f"q{n}", "tie") for n in range(10)])
    assert [strength.p_best for strength in found.strengths] == pytest.approx([0.5, 0.5], abs=0.03)
    assert found.duels[0].p_holm == 1 and found.duels[0].votes_needed is None


# Duels


def test_share_has_wilsons_interval_and_ties_stand_apart() -> None:
    votes = [vote("ana", f"q{n}", "left") for n in range(8)] + [vote("ana", f"r{n}", "right") for n in range(2)]
    votes += [vote("ana", f"s{n}", "tie") for n in range(5)] + [vote("ana", f"t{n}", "both_bad") for n in range(5)]
    found = preference(votes)
    duel = found.duels[0]
    assert (duel.wins_first, duel.wins_second, duel.ties, duel.both_bad) == (8, 2, 5, 5)
    assert (duel.share.value, duel.share.low, duel.share.high) == pytest.approx((0.8, 0.4902, 0.9433), abs=1e-4)
    assert (found.ties.value, found.both_bad.value) == (0.25, 0.25)


def test_p_of_a_duel_is_that_of_the_sign_test_over_questions() -> None:
    votes = [vote("ana", f"q{n}", "left") for n in range(9)] + [vote("ana", "q9", "right")]
    assert preference(votes).duels[0].p == pytest.approx(2 * (1 + 10) / 2**10)


def test_few_voters_are_taken_for_themselves_and_many_for_people() -> None:
    """The same votes: 3 questions by 8 people are few questions, or many people."""
    votes = [vote(f"v{voter}", f"q{n}", "left") for voter in range(ENOUGH_VOTERS) for n in range(3)]
    many, few = preference(votes), preference([one for one in votes if one.voter != "v0"])
    assert (many.clustered_by, few.clustered_by) == ("voter", "question")
    assert many.duels[0].p == pytest.approx(2 / 2**ENOUGH_VOTERS) and few.duels[0].p == pytest.approx(2 / 2**3)


def test_duels_are_adjusted_for_being_many() -> None:
    found = preference(simulated(np.random.default_rng(2), 4, 60))
    ps = sorted(duel.p for duel in found.duels)
    adjusted = sorted(duel.p_holm for duel in found.duels)
    assert adjusted[0] == pytest.approx(min(1, 3 * ps[0])) and all(low <= high for low, high in zip(ps, adjusted, strict=True))


# Votes that would decide


def test_votes_needed_find_the_preference_as_often_as_they_promise() -> None:
    from scipy import stats

    needed = votes_needed(12, 8, 20, 0.05)
    assert needed is not None and 150 < needed + 20 < 250  # 194 by the normal approximation for 0.6 against 0.5
    rng = np.random.default_rng(3)
    wins = rng.binomial(needed + 20, 0.6, 400)
    found = np.mean([stats.binomtest(int(k), needed + 20).pvalue < 0.05 for k in wins])
    assert 0.7 < found < 0.9


def test_votes_needed_grow_with_ties_and_a_stricter_level_and_never_fall_below_what_can_decide() -> None:
    assert (votes_needed(12, 8, 40, 0.05) or 0) > (votes_needed(12, 8, 20, 0.05) or 0)
    assert (votes_needed(12, 8, 20, 0.05 / 3) or 0) > (votes_needed(12, 8, 20, 0.05) or 0)
    assert votes_needed(3, 0, 3, 0.05) == 3  # 5 equal choices have p 0.0625, 6 have 0.03
    assert votes_needed(4, 4, 9, 0.05) is None


def test_a_decided_duel_needs_no_more() -> None:
    assert preference([vote("ana", f"q{n}", "left") for n in range(20)]).duels[0].votes_needed == 0


# Attention


def test_checks_measure_voters_and_count_for_nobody() -> None:
    votes = [
        vote("ana", "q0", "left", ms=1000), vote("ana", "q0", "left", kind="repeat", ms=3000),
        vote("ana", "q1", "tie", ms=2000), vote("ana", "q1", "right", kind="repeat", ms=9000),
        vote("luis", "q0", "left", "a", "a", "identical", 400), vote("luis", "q1", "tie", "b", "b", "identical", 600),
        vote("luis", "q2", "left", ms=500),
    ]  # fmt: skip
    found = preference(votes)
    assert (found.votes, found.voters, found.questions, found.median_response_ms) == (3, 2, 3, 1000)
    assert found.duels[0].wins_first == 2 and found.duels[0].ties == 1
    ana, luis = found.by_voter
    assert (ana.consistent.value, ana.consistent.n, ana.identical_tied.n) == (0.5, 2, 0)
    assert (luis.identical_tied.value, luis.left.value, luis.median_response_ms) == (0.5, 1.0, 500)
    assert found.attention.votes == 7 and found.attention.left.n == 5


def test_no_votes_are_no_error() -> None:
    found = preference([])
    assert (found.votes, found.strengths, found.duels, found.ties.value, found.median_response_ms) == (0, (), (), None, None)
