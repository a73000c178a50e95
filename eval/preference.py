"""What votes say: which back end people prefer, how sure that is, how attentive they were, how many more votes would decide.

Shares of preference are over the votes that chose a side; ties and "both bad" are told apart. The Bradley-Terry model
(Bradley and Terry 1952) puts all back ends on one scale: a back end of strength t_i is preferred to one of t_j with
probability 1 / (1 + exp(t_j - t_i)); a tie, or both bad, is half a preference each way, as in Chatbot Arena (Chiang et al.
2024). Votes of one person resemble each other, so intervals come from resampling voters, not votes; where there are too few
voters for that, questions are resampled instead, and the result then holds for these voters only (`clustered_by`).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import combinations
from math import ceil, log2
from statistics import median
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from eval.arena import Vote
from eval.extras import extra
from eval.statistics import ALPHA, PURPOSE, RESAMPLES, SEED, Estimate, holm, paired, wilson

Cluster = Literal["voter", "question"]
Floats = NDArray[np.float64]

ENOUGH_VOTERS = 8
"""Voters from which voters are resampled. With fewer, no test over voters could find anything (2 / 2**6 > 0.05 / 3), and the
bootstrap over so few clusters is too narrow (Cameron, Gelbach and Miller 2008)."""
VIRTUAL_WINS = 1.0
"""Added each way between every two back ends, and resampled like votes: Laplace's rule. One that never lost has a finite
strength, and is not held for the best for sure after three votes."""
POWER = 0.8
_STEPS, _CLOSE = 2_000, 1e-8


@dataclass(frozen=True, slots=True)
class Duel:
    """Two back ends. `share` is that of the first in the votes that chose a side (Wilson). `p` is two-sided, over voters or
    questions as `clustered_by` says; `p_holm` is adjusted for all duels. `votes_needed` are further votes that would probably
    (POWER) decide it, if the shares stay as they are; 0 when it is decided, None when nothing speaks for either."""

    first: str
    second: str
    wins_first: int
    wins_second: int
    ties: int
    both_bad: int
    share: Estimate
    p: float
    p_holm: float
    votes_needed: int | None


@dataclass(frozen=True, slots=True)
class Strength:
    """`log_odds` is the Bradley-Terry strength, 0 on average over the back ends. `share` is how often it would be preferred to
    one of the others. `p_best` is the share of the resamples in which it is the strongest."""

    backend: str
    log_odds: Estimate
    share: Estimate
    p_best: float


@dataclass(frozen=True, slots=True)
class Attention:
    """Of one voter, or of all (`voter` is None). `consistent`: hidden repeats judged as the first time. `identical_tied`: pairs
    of one and the same answer judged equal. `left`: choices of the left side; 0.5 for a voter without a favourite side."""

    voter: str | None
    votes: int
    consistent: Estimate
    identical_tied: Estimate
    left: Estimate
    median_response_ms: float | None


@dataclass(frozen=True, slots=True)
class Preference:
    """All that the votes of a run say. `votes` counts those on real pairs; `strengths` begin with the strongest."""

    votes: int
    voters: int
    questions: int
    clustered_by: Cluster
    strengths: tuple[Strength, ...]
    duels: tuple[Duel, ...]
    ties: Estimate
    both_bad: Estimate
    median_response_ms: float | None
    attention: Attention
    by_voter: tuple[Attention, ...]


def preference(votes: Sequence[Vote]) -> Preference:
    """The statistics of the votes of one run, in any number. Raises MissingExtra without the extra `eval`."""
    real = [vote for vote in votes if vote.kind == "real"]
    voters = sorted({vote.voter for vote in votes})
    clustered_by: Cluster = "voter" if len({vote.voter for vote in real}) >= ENOUGH_VOTERS else "question"
    return Preference(
        votes=len(real),
        voters=len(voters),
        questions=len({vote.question for vote in real}),
        clustered_by=clustered_by,
        strengths=strengths(real, clustered_by),
        duels=_duels(real, clustered_by),
        ties=wilson(sum(vote.choice == "tie" for vote in real), len(real)),
        both_bad=wilson(sum(vote.choice == "both_bad" for vote in real), len(real)),
        median_response_ms=_median_ms(real),
        attention=attention(None, votes),
        by_voter=tuple(attention(name, [vote for vote in votes if vote.voter == name]) for name in voters),
    )


# Duels


def _duels(votes: Sequence[Vote], clustered_by: Cluster) -> tuple[Duel, ...]:
    pairs = list(combinations(_backends(votes), 2))
    groups = [[vote for vote in votes if (vote.first, vote.second) == pair] for pair in pairs]
    ps = [_p(group, clustered_by) for group in groups]
    judged = zip(pairs, groups, ps, holm(ps), strict=True)
    return tuple(_duel(*pair, group, p, p_holm, len(pairs)) for pair, group, p, p_holm in judged)


def _duel(first: str, second: str, votes: Sequence[Vote], p: float, p_holm: float, duels: int) -> Duel:
    outcomes = [vote.outcome for vote in votes]
    wins = outcomes.count("first"), outcomes.count("second")
    share = wilson(wins[0], sum(wins))
    needed = 0 if p_holm < ALPHA else votes_needed(*wins, len(votes), ALPHA / duels)
    return Duel(first, second, *wins, outcomes.count("tie"), outcomes.count("both_bad"), share, p, p_holm, needed)


def _p(votes: Sequence[Vote], clustered_by: Cluster) -> float:
    """Of no preference: every voter (question) might as well have preferred the other side."""
    names = _clusters(votes, clustered_by)
    totals = {name: [0.0, 0.0] for name in names}
    for vote, name in zip(votes, names, strict=True):
        totals[name][0] += vote.outcome == "first"
        totals[name][1] += vote.outcome == "second"
    if not totals:
        return 1.0
    wins_first, wins_second = zip(*totals.values(), strict=True)
    return paired(wins_second, wins_first).p


def votes_needed(wins_first: int, wins_second: int, votes: int, alpha: float) -> int | None:
    """Further votes until a two-sided test of the share against one half probably (POWER) finds a preference as large as this
    one; ties and "both bad" go on as before. None when both have won as often. Independent votes are assumed."""
    chosen = wins_first + wins_second
    if wins_first == wins_second:
        return None
    with extra("eval", PURPOSE):
        from statsmodels.stats.power import NormalIndPower
        from statsmodels.stats.proportion import proportion_effectsize
    effect = abs(proportion_effectsize(wins_first / chosen, 0.5))
    needed = float(NormalIndPower().solve_power(effect, alpha=alpha, power=POWER, ratio=0))  # ratio 0: one sample
    fewest = 1 + log2(1 / alpha)  # with fewer, even the same choice every time decides nothing
    return max(1, ceil(max(needed, fewest) * votes / chosen) - votes)


# Bradley-Terry


def strengths(votes: Sequence[Vote], clustered_by: Cluster) -> tuple[Strength, ...]:
    """The back ends on the scale of Bradley and Terry, the strongest first; `votes` are on real pairs.

    In simulations of 300 arenas each (2 to 20 voters of equal or differing taste, 10 to 60 votes each, ties) 95 % intervals
    held the true strength in 94-98 %.
    """
    backends = _backends(votes)
    if not backends:
        return ()
    by_cluster = _wins_by_cluster(votes, backends, _clusters(votes, clustered_by))
    point = bradley_terry(by_cluster.sum(axis=0) + _virtual(len(backends)))
    resampled = point + _widening(len(by_cluster)) * (bradley_terry(_resampled(by_cluster)) - point)
    best = np.isclose(resampled, resampled.max(axis=1, keepdims=True))
    p_best = (best / best.sum(axis=1, keepdims=True)).mean(axis=0)
    log_odds = _estimates(point, resampled, len(votes))
    shares = _estimates(_expected_share(point), _expected_share(resampled), len(votes))
    found = (Strength(*row) for row in zip(backends, log_odds, shares, map(float, p_best), strict=True))
    return tuple(sorted(found, key=lambda strength: -(strength.log_odds.value or 0.0)))


def bradley_terry(wins: Floats) -> Floats:
    """Strengths, log odds of mean 0, that make the wins most likely. `wins[..., i, j]` > 0 is how often i was preferred to j.

    The algorithm is Hunter 2004, MM algorithms for generalized Bradley-Terry models, for all leading dimensions at once. (The
    extra `eval` has no library for it; a logistic regression of statsmodels gives the same, one resample at a time.)
    """
    total, games = wins.sum(axis=-1), wins + np.swapaxes(wins, -1, -2)
    strength = np.ones(wins.shape[:-1])
    for _ in range(_STEPS):
        before = strength
        rates = games / (strength[..., :, None] + strength[..., None, :])
        strength = total / rates.sum(axis=-1)
        strength = strength / np.exp(np.log(strength).mean(axis=-1, keepdims=True))
        if np.abs(strength / before - 1).max() < _CLOSE:
            break
    logs: Floats = np.log(strength)
    return logs


def _virtual(count: int) -> Floats:
    wins: Floats = VIRTUAL_WINS * (1 - np.eye(count))
    return wins


def _wins_by_cluster(votes: Sequence[Vote], backends: Sequence[str], clusters: Sequence[str]) -> Floats:
    """`[cluster, i, j]`: how often i was preferred to j; half for a tie."""
    place = {name: index for index, name in enumerate(backends)}
    row = {name: index for index, name in enumerate(dict.fromkeys(clusters))}
    wins = np.zeros((len(row), len(backends), len(backends)))
    credit = {"first": 1.0, "second": 0.0, "tie": 0.5, "both_bad": 0.5}
    for vote, cluster in zip(votes, clusters, strict=True):
        first, second = place[vote.first], place[vote.second]
        wins[row[cluster], first, second] += credit[vote.outcome]
        wins[row[cluster], second, first] += 1 - credit[vote.outcome]
    return wins


def _resampled(by_cluster: Floats) -> Floats:
    """`[RESAMPLES, i, j]`: the wins with clusters and virtual wins weighted at random (Rubin 1981, The Bayesian bootstrap)."""
    random = np.random.default_rng(SEED)
    count = by_cluster.shape[-1]
    drawn: Floats = np.tensordot(random.exponential(size=(RESAMPLES, len(by_cluster))), by_cluster, axes=1)
    return drawn + _virtual(count) * random.exponential(size=(RESAMPLES, count, count))


def _widening(clusters: int) -> float:
    """By how much the spread of resampled clusters is too small: weights of n clusters vary by (n - 1) / (n + 1), and few
    clusters tell their own spread as badly as Student's t says. With very few, the virtual wins widen it enough."""
    with extra("eval", PURPOSE):
        from scipy import stats
    count, tail = max(clusters, ENOUGH_VOTERS), 1 - ALPHA / 2
    return float(((count + 1) / (count - 1)) ** 0.5 * stats.t.ppf(tail, count - 1) / stats.norm.ppf(tail))


def _expected_share(log_odds: Floats) -> Floats:
    """How often each is preferred to one of the others, all being met as often."""
    chance = 1 / (1 + np.exp(log_odds[..., None, :] - log_odds[..., :, None]))
    shares: Floats = (chance.sum(axis=-1) - 0.5) / max(1, log_odds.shape[-1] - 1)
    return shares


def _estimates(point: Floats, resampled: Floats, votes: int) -> list[Estimate]:
    low, high = np.quantile(resampled, (ALPHA / 2, 1 - ALPHA / 2), axis=0)
    limits = zip(point, low, high, strict=True)
    return [Estimate(float(value), float(below), float(above), votes, method="bootstrap") for value, below, above in limits]


# Attention


def attention(voter: str | None, votes: Sequence[Vote]) -> Attention:
    """How attentive a voter was, or all of them together."""
    first_time = {_what(vote): vote.outcome for vote in votes if vote.kind == "real"}
    repeats = [vote for vote in votes if vote.kind == "repeat"]
    identical = [vote for vote in votes if vote.kind == "identical"]
    sides = [vote.choice == "left" for vote in votes if vote.choice in ("left", "right")]
    return Attention(
        voter=voter,
        votes=len(votes),
        consistent=_share(repeats, lambda vote: first_time.get(_what(vote)) == vote.outcome),
        identical_tied=_share(identical, lambda vote: vote.choice in ("tie", "both_bad")),
        left=wilson(sum(sides), len(sides)),
        median_response_ms=_median_ms(votes),
    )


def _share(votes: Sequence[Vote], right: Callable[[Vote], bool]) -> Estimate:
    return wilson(sum(map(right, votes)), len(votes))


def _what(vote: Vote) -> tuple[str, str, str, str]:
    return vote.voter, vote.question, vote.first, vote.second


def _median_ms(votes: Sequence[Vote]) -> float | None:
    return median(vote.response_ms for vote in votes) if votes else None


def _backends(votes: Sequence[Vote]) -> list[str]:
    return sorted({name for vote in votes for name in (vote.first, vote.second)})


def _clusters(votes: Sequence[Vote], clustered_by: Cluster) -> list[str]:
    return [vote.voter if clustered_by == "voter" else vote.question for vote in votes]
