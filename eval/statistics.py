"""Intervals and tests. They come from scipy and statsmodels; here stands which one is right for which figures.

Everything counts in questions: repeated answers to one question are averaged first, because they are not independent.
"""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from dataclasses import dataclass
from math import hypot
from statistics import fmean
from typing import Any, Literal

from eval.extras import extra

CONFIDENCE = 0.95
ALPHA = 1 - CONFIDENCE
RESAMPLES = 4_000
SEED = 20_261
"""Resampling starts from it, so that the same rows always give the same interval."""
ENOUGH = 20
"""Questions from which the bootstrap keeps its promise: in simulations of token F1 and of recall, its 95 % intervals held the
truth in 54-81 % of samples of 5, in 78-93 % of samples of 10, and in 93-99 % of samples of 20 to 120. With fewer, Wilson's
interval or Student's is used."""

PURPOSE = "An interval or a test"

Method = Literal["none", "wilson", "t", "bootstrap", "order", "mover", "bonett-price", "newcombe", "asymptotic"]
Test = Literal["mcnemar", "permutation"]


@dataclass(frozen=True, slots=True)
class Estimate:
    """A figure with its 95 % interval, in the metric's unit.

    `value` is None without data; `low` and `high` are None where there are too few data for an interval. `n` is the number of
    questions behind it. `coverage` is the share of the answers that should have a value and have one: a judge that fails leaves
    gaps. `method` tells how the interval was made: `wilson`, Student's `t`, `bootstrap` (BCa), `order` (order statistics,
    for medians), `mover`, `bonett-price`, `newcombe`, `asymptotic`.
    """

    value: float | None
    low: float | None = None
    high: float | None = None
    n: int = 0
    coverage: float = 1.0
    method: Method = "none"


@dataclass(frozen=True, slots=True)
class Difference:
    """What changed between pairs: `effect` is the mean of second less first. `p` is two-sided.

    `up` and `down` count the questions whose value rose and fell. `test` is `mcnemar` (exact) where every value is 0 or 1, else
    a `permutation` of signs.
    """

    effect: Estimate
    p: float
    test: Test
    up: int
    down: int


def wilson(successes: float, n: int, coverage: float = 1.0) -> Estimate:
    """A share with its interval (Wilson 1927). `successes` may be a sum of shares: no variable in [0, 1] varies more than a
    coin of the same mean, so the interval is then too wide rather than too narrow."""
    if n == 0:
        return Estimate(None, coverage=coverage)
    with extra("eval", PURPOSE):
        from statsmodels.stats.proportion import proportion_confint
    low, high = proportion_confint(successes, n, alpha=ALPHA, method="wilson")
    return Estimate(successes / n, float(low), float(high), n, coverage, "wilson")


def bootstrap_mean(values: Sequence[float], clusters: Sequence[Hashable] | None = None, coverage: float = 1.0) -> Estimate:
    """A mean with its bias-corrected and accelerated bootstrap interval (Efron 1987), resampling whole clusters.

    `clusters` says to which question each value belongs (None: each to its own); every question weighs the same. The interval
    is a point where all questions have the same value; None where there is only one.
    """
    units = cluster_means(values, clusters)
    if len(units) < 2:
        return Estimate(*_point(units), n=len(units), coverage=coverage)
    if len(set(units)) == 1:
        return Estimate(units[0], units[0], units[0], len(units), coverage, "bootstrap")
    import numpy as np

    interval = (
        _scipy_stats()
        .bootstrap(
            (np.asarray(units),),
            np.mean,
            n_resamples=RESAMPLES,
            confidence_level=CONFIDENCE,
            method="BCa",
            rng=np.random.default_rng(SEED),
        )
        .confidence_interval
    )
    return Estimate(fmean(units), float(interval.low), float(interval.high), len(units), coverage, "bootstrap")


def mean(values: Sequence[float], clusters: Sequence[Hashable] | None = None, coverage: float = 1.0) -> Estimate:
    """A mean with the interval that suits the values: Wilson's for yes and no and for few shares, Student's for few others,
    the bootstrap from ENOUGH questions."""
    units = cluster_means(values, clusters)
    shares = all(0 <= unit <= 1 for unit in units)
    if shares and (len(units) < ENOUGH or len(set(units)) == 1 or set(units) <= {0.0, 1.0}):
        return wilson(sum(units), len(units), coverage)
    return student(units, coverage) if len(units) < ENOUGH else bootstrap_mean(units, None, coverage)


def student(units: Sequence[float], coverage: float = 1.0) -> Estimate:
    """A mean of independent values with Student's interval; no interval under two values."""
    if len(units) < 2:
        return Estimate(*_point(units), n=len(units), coverage=coverage)
    stats = _scipy_stats()
    error = float(stats.sem(units))
    half = float(stats.t.ppf(1 - ALPHA / 2, len(units) - 1)) * error
    middle = fmean(units)
    return Estimate(middle, middle - half, middle + half, len(units), coverage, "t")


def mcnemar(b: int, c: int) -> float:
    """Exact two-sided p of `b` against `c` discordant pairs (McNemar 1947; binomial). 1 when there are none."""
    if b + c == 0:
        return 1.0
    with extra("eval", PURPOSE):
        from statsmodels.stats.contingency_tables import mcnemar as exact_test
    return float(exact_test([[0, b], [c, 0]], exact=True).pvalue)


def paired_bootstrap(first: Sequence[float], second: Sequence[float], clusters: Sequence[Hashable] | None = None) -> Difference:
    """How far `second` lies above `first`, pair by pair: bootstrap interval (Student's under ENOUGH questions), and p of a
    permutation of the signs of the differences."""
    gains = _gains(first, second, clusters)
    effect = bootstrap_mean(gains) if len(gains) >= ENOUGH else student(gains)
    return _difference(gains, effect, _sign_permutation(gains), "permutation")


def paired(first: Sequence[float], second: Sequence[float], clusters: Sequence[Hashable] | None = None) -> Difference:
    """How far `second` lies above `first`, pair by pair, with the test that suits the values: McNemar's where all are yes or no
    and every question was asked once, else the permutation of signs. Raises ValueError without pairs."""
    gains = _gains(first, second, clusters)
    up, down = _ups_and_downs(gains)
    if set(gains) <= {-1.0, 0.0, 1.0} and all(0 <= value <= 1 for value in (*first, *second)):
        return _difference(gains, bonett_price(up, down, len(gains)), mcnemar(up, down), "mcnemar")
    return paired_bootstrap(first, second, clusters)


def bonett_price(up: int, down: int, n: int) -> Estimate:
    """The difference of two paired shares, `up` and `down` being the discordant pairs of `n`; with the Laplace-adjusted Wald
    interval of Bonett and Price 2012, Adjusted Wald confidence interval for a difference of binomial proportions based on
    paired data. (Neither scipy nor statsmodels has an interval for pairs.)"""
    rose, fell = (up + 1) / (n + 2), (down + 1) / (n + 2)
    middle = rose - fell
    half = float(_scipy_stats().norm.ppf(1 - ALPHA / 2)) * ((rose + fell - middle**2) / (n + 2)) ** 0.5
    return Estimate((up - down) / n, max(-1.0, middle - half), min(1.0, middle + half), n, method="bonett-price")


def mean_of_shares(first: Estimate, second: Estimate) -> Estimate:
    """The mean of two independent shares, with the interval of Zou and Donner 2008, Construction of confidence limits about
    effect measures (MOVER). Without a value where one of them has none."""
    if first.value is None or second.value is None:
        return Estimate(None, n=first.n + second.n, coverage=min(first.coverage, second.coverage))
    middle = (first.value + second.value) / 2
    below = _reach(first.value, first.low, second.value, second.low)
    above = _reach(first.value, first.high, second.value, second.high)
    return Estimate(middle, middle - below, middle + above, first.n + second.n, min(first.coverage, second.coverage), "mover")


def median(values: Sequence[float], clusters: Sequence[Hashable] | None = None, coverage: float = 1.0) -> Estimate:
    """The median of the questions' means, with the distribution-free interval of `eval.latency.spread`."""
    from eval.latency import spread

    found = spread(cluster_means(values, clusters))
    if found is None:
        return Estimate(None, coverage=coverage)
    return Estimate(found.median, found.low, found.high, found.n, coverage, "none" if found.low is None else "order")


def holm(ps: Sequence[float]) -> list[float]:
    """p values adjusted for being many (Holm 1979), in the same order. (statsmodels has it, too, and takes a
    third of a second at each call to collect garbage.)"""
    adjusted = [0.0] * len(ps)
    largest = 0.0
    for rank, place in enumerate(sorted(range(len(ps)), key=ps.__getitem__)):
        largest = adjusted[place] = max(largest, min(1.0, ps[place] * (len(ps) - rank)))
    return adjusted


def cluster_means(values: Sequence[float], clusters: Sequence[Hashable] | None = None) -> list[float]:
    """The mean of each cluster, in order of appearance; the values themselves without clusters."""
    if clusters is None:
        return list(values)
    groups: dict[Hashable, list[float]] = {}
    for value, cluster in zip(values, clusters, strict=True):
        groups.setdefault(cluster, []).append(value)
    return [fmean(group) for group in groups.values()]


def _gains(first: Sequence[float], second: Sequence[float], clusters: Sequence[Hashable] | None) -> list[float]:
    if not first:
        raise ValueError("no pairs to compare")
    return cluster_means([after - before for before, after in zip(first, second, strict=True)], clusters)


def _difference(gains: Sequence[float], effect: Estimate, p: float, test: Test) -> Difference:
    return Difference(effect, p, test, *_ups_and_downs(gains))


def _ups_and_downs(gains: Sequence[float]) -> tuple[int, int]:
    return sum(gain > 0 for gain in gains), sum(gain < 0 for gain in gains)


def _sign_permutation(gains: Sequence[float]) -> float:
    """Two-sided p of the mean when every difference might as well have the other sign; 1 for a single one."""
    if len(gains) < 2 or not any(gains):
        return 1.0
    import numpy as np

    test = _scipy_stats().permutation_test(
        (np.asarray(gains),),
        np.mean,
        permutation_type="samples",
        vectorized=True,
        n_resamples=RESAMPLES,
        rng=np.random.default_rng(SEED),
    )
    return float(test.pvalue)


def _scipy_stats() -> Any:
    with extra("eval", PURPOSE):
        from scipy import stats
    return stats


def _point(units: Sequence[float]) -> tuple[float | None]:
    return (units[0] if units else None,)


def _reach(first: float, first_limit: float | None, second: float, second_limit: float | None) -> float:
    """How far the mean of two values reaches when each may be as far off as its limit."""
    return hypot(first - (first_limit or 0.0), second - (second_limit or 0.0)) / 2
