"""Intervals and tests against published values, and against simulated data whose truth is known."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable, Sequence

import numpy as np
import pytest
from statsmodels.stats.multitest import multipletests

from eval import statistics
from eval.statistics import Difference, Estimate, bonett_price, holm, mcnemar, mean_of_shares, paired, student, wilson

SLEEP = (1.2, 2.4, 1.3, 1.3, 0.0, 1.0, 1.8, 0.8, 4.6, 1.4)
"""Hours of sleep gained by the second of two drugs (Student 1908)."""


@pytest.mark.parametrize(
    ("successes", "n", "low", "high"),
    [(81, 263, 0.2553, 0.3662), (15, 148, 0.0624, 0.1605), (0, 20, 0.0, 0.1611), (1, 29, 0.0061, 0.1718)],
)
def test_wilson_as_in_newcombe_1998(successes: int, n: int, low: float, high: float) -> None:
    estimate = wilson(successes, n)
    assert estimate.value == successes / n
    assert (estimate.low, estimate.high) == (pytest.approx(low, abs=5e-5), pytest.approx(high, abs=5e-5))


def test_student_on_students_own_data() -> None:
    estimate = student(SLEEP)
    assert estimate.value == pytest.approx(1.58)
    assert (estimate.low, estimate.high) == (pytest.approx(0.70, abs=0.005), pytest.approx(2.46, abs=0.005))


def test_a_permutation_of_all_signs() -> None:
    """Of 1,024 ways to give SLEEP its signs, 4 have a mean as far from 0: the zero may have either."""
    difference = paired([0.0] * 10, SLEEP)
    assert difference.test == "permutation"
    assert difference.p == pytest.approx(4 / 1024)
    assert (difference.up, difference.down) == (9, 0)


def test_mcnemar_by_hand() -> None:
    """Of 8 fair coins, at most one falls the rarer way in 9 of 256 cases; twice that."""
    assert mcnemar(1, 7) == pytest.approx(2 * 9 / 256)


def test_mcnemar_of_a_draw_and_of_nothing() -> None:
    assert mcnemar(4, 4) == 1
    assert mcnemar(0, 0) == 1
    assert mcnemar(0, 6) == pytest.approx(2 / 2**6)


def test_bonett_price_by_hand() -> None:
    """2/23 - 8/23, give or take 1.96 times the root of (10/23 - (6/23)**2) / 23."""
    estimate = bonett_price(1, 7, 21)
    assert estimate.value == pytest.approx(-6 / 21)
    assert (estimate.low, estimate.high) == (pytest.approx(-0.508, abs=5e-4), pytest.approx(-0.013, abs=5e-4))


def test_holm_by_hand_and_as_statsmodels() -> None:
    assert holm([0.01, 0.04, 0.03, 0.005]) == pytest.approx([0.03, 0.06, 0.06, 0.02])
    assert holm([]) == []
    chances = np.random.default_rng(3)
    for size in (1, 2, 7, 30):
        ps = (chances.random(size) ** 3).tolist()
        assert holm(ps) == pytest.approx(multipletests(ps, method="holm")[1])


def test_the_mean_of_two_shares_lies_between_theirs() -> None:
    both = mean_of_shares(wilson(30, 40), wilson(9, 20))
    assert both.value == pytest.approx(0.6)
    assert both.n == 60
    assert both.low == pytest.approx(0.6 - np.hypot(0.75 - (wilson(30, 40).low or 0), 0.45 - (wilson(9, 20).low or 0)) / 2)
    assert mean_of_shares(wilson(3, 4), Estimate(None)).value is None


def coverage(draw: Callable[[np.random.Generator], Sequence[float]], truth: float, times: int) -> float:
    """The share of the samples whose interval holds the truth."""
    chances = np.random.default_rng(11)
    estimates = [statistics.mean(list(draw(chances))) for _ in range(times)]
    return sum(estimate.low <= truth <= estimate.high for estimate in estimates) / times  # type: ignore[operator]


def shares(n: int) -> Callable[[np.random.Generator], Sequence[float]]:
    """Like token F1: a quarter 0, a fifth 1, the rest between; mean 0.53."""
    return lambda chances: chances.permuted(
        np.where(chances.random(n) < 0.25, 0.0, np.where(chances.random(n) < 0.2 / 0.75, 1.0, chances.beta(3, 2, n)))
    ).tolist()


MEAN_OF_SHARES = 0.2 + 0.55 * 0.6


@pytest.mark.parametrize(("n", "most"), [(8, 1.0), (30, 0.98)])
def test_intervals_of_shares_hold_the_truth_as_often_as_they_say(n: int, most: float, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(statistics, "RESAMPLES", 1000)
    assert 0.9 <= coverage(shares(n), MEAN_OF_SHARES, 150) <= most


@pytest.mark.parametrize(("n", "p"), [(10, 0.9), (40, 0.5), (200, 0.95)])
def test_intervals_of_yes_and_no_hold_the_truth_as_often_as_they_say(n: int, p: float) -> None:
    held = coverage(lambda chances: (chances.random(n) < p).astype(float).tolist(), p, 400)
    assert 0.92 <= held <= 0.99


def test_intervals_of_milliseconds_hold_the_truth_as_often_as_they_say() -> None:
    assert 0.9 <= coverage(lambda chances: chances.gamma(4, 250, 12).tolist(), 1000, 300) <= 0.98


def test_intervals_of_paired_shares_hold_the_truth_as_often_as_they_say() -> None:
    """30 % of the questions get better, 10 % worse."""
    chances = np.random.default_rng(5)
    held = 0
    for _ in range(1000):
        draws = chances.random(50)
        estimate = bonett_price(int((draws < 0.3).sum()), int((draws > 0.9).sum()), 50)
        held += (estimate.low or 0) <= 0.2 <= (estimate.high or 0)
    assert 0.93 <= held / 1000 <= 0.98


def test_intervals_of_balanced_accuracy_hold_the_truth_as_often_as_they_say() -> None:
    chances = np.random.default_rng(6)
    held = 0
    for _ in range(500):
        both = mean_of_shares(wilson(chances.binomial(45, 0.9), 45), wilson(chances.binomial(15, 0.7), 15))
        held += (both.low or 0) <= 0.8 <= (both.high or 0)
    assert 0.92 <= held / 500 <= 0.99


def test_differences_that_are_none_are_found_as_seldom_as_they_say() -> None:
    """Without a difference, about 5 % of the tests say there is one; McNemar's exact test says so less often."""
    chances = np.random.default_rng(7)
    ps = [paired(*(chances.random((2, 25)) < 0.6).astype(float).tolist()).p for _ in range(150)]
    assert sum(p < 0.05 for p in ps) / 150 <= 0.06
    ps = [paired(*chances.beta(2, 2, (2, 8)).tolist()).p for _ in range(150)]
    assert 0.02 <= sum(p < 0.05 for p in ps) / 150 <= 0.08


def test_asking_again_does_not_make_a_figure_surer() -> None:
    once = [1.0, 0.0, 1.0, 1.0, 0.0, 1.0]
    ids = list("abcdef")
    assert statistics.mean(once * 5, ids * 5) == statistics.mean(once, ids)
    wide = [0.1 * (n % 10) for n in range(30)]
    numbers = list(range(30))
    assert statistics.mean(wide * 4, numbers * 4).high == pytest.approx(statistics.mean(wide).high)
    assert statistics.median(wide * 4, numbers * 4) == statistics.median(wide)


def test_every_question_weighs_the_same_however_often_it_was_answered() -> None:
    assert statistics.mean([1.0, 1.0, 1.0, 0.0], ["a", "a", "a", "b"]).value == 0.5


def test_the_interval_suits_the_values() -> None:
    assert statistics.mean([1.0, 0.0] * 50).method == "wilson"
    assert statistics.mean([0.2, 0.7, 0.4]).method == "wilson"
    assert statistics.mean([0.2, 0.7, 0.4] * 10).method == "bootstrap"
    assert statistics.mean([4.0, 5.0, 3.0]).method == "t"
    assert statistics.mean([0.3] * 50).method == "wilson"
    assert statistics.median([3.0, 1.0, 2.0]).method == "none"
    assert statistics.median([float(n) for n in range(9)]).method == "order"


def test_nothing_and_next_to_nothing() -> None:
    assert statistics.mean([]) == Estimate(None)
    assert statistics.median([]) == Estimate(None)
    assert statistics.mean([3.5]) == Estimate(3.5, n=1)
    assert statistics.bootstrap_mean([4.0, 4.0]) == Estimate(4.0, 4.0, 4.0, 2, method="bootstrap")
    assert statistics.mean([]).coverage == 1
    with pytest.raises(ValueError, match="no pairs"):
        paired([], [])


def test_identical_pairs_have_no_difference() -> None:
    for values in ([1.0, 0.0, 1.0] * 9, [0.3, 0.8, 0.5] * 9, [0.3, 0.8]):
        difference = paired(values, values)
        assert difference.effect.value == 0
        assert (difference.p, difference.up, difference.down) == (1, 0, 0)


def test_a_single_pair_proves_nothing() -> None:
    for before, after in ((0.2, 0.9), (0.0, 1.0), (500.0, 400.0)):
        assert paired([before], [after]).p == 1
    assert paired([500.0], [400.0]).effect == Estimate(-100.0, n=1)


def test_a_real_difference_is_found() -> None:
    chances = np.random.default_rng(8)
    before = chances.beta(2, 2, 40)
    difference = paired(before.tolist(), (before * 0.8).tolist())
    assert difference.p < 0.01
    assert difference.effect.high is not None and difference.effect.high < 0
    assert difference.down == 40


def test_repeated_answers_are_compared_by_question() -> None:
    before, after = [1.0, 0.0, 1.0, 1.0], [1.0, 1.0, 0.0, 0.0]
    difference = paired(before, after, ["a", "a", "b", "b"])
    assert isinstance(difference, Difference)
    assert difference.test == "permutation"
    assert (difference.effect.value, difference.effect.n) == (-0.25, 2)
    assert (difference.up, difference.down) == (1, 1)


def test_the_same_values_give_the_same_interval_again() -> None:
    values = [0.1 * (n % 7) for n in range(40)]
    assert statistics.mean(values) == statistics.mean(values)


def test_without_the_extra_an_interval_says_what_it_needs() -> None:
    code = (
        "import sys; sys.modules.update({'scipy': None, 'statsmodels': None})\n"
        "from eval.statistics import wilson\n"
        "from ingest.errors import MissingExtra\n"
        "try: wilson(1, 2)\n"
        "except MissingExtra as error: print(error)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == (
        "An interval or a test needs the package statsmodels, which is not installed: "
        "run pip install 'midas-assistant[eval]'.\n"
    )
