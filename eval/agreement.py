"""How verdicts agree with the truth, and what sways them that should not: place in the prompt, length of the statement."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from eval.extras import extra
from eval.statistics import ALPHA, Estimate, paired, wilson

PURPOSE = "Calibrating a judge"


@dataclass(frozen=True, slots=True)
class Statement:
    """A statement about a context, whether the context supports it, and if not, what is wrong with it."""

    id: str
    context: str
    statement: str
    supported: bool
    error_type: str | None = None


@dataclass(frozen=True, slots=True)
class Judged:
    """The verdicts on one statement: when it stood where `order` puts it, and in the reverse order; None where there was none.
    `early` tells that it first stood in the first half of the prompt, None that it stood in the middle both times."""

    statement: Statement
    early: bool | None
    first: bool | None
    second: bool | None


@dataclass(frozen=True, slots=True)
class Caught:
    """Of the `n` judged statements with this error, `caught` were seen not to be supported."""

    error_type: str
    caught: int
    n: int


def kappa(pairs: Sequence[tuple[bool, bool]], coverage: float = 1.0) -> Estimate:
    """Cohen's kappa of pairs of truth and verdict, with its asymptotic interval (Fleiss, Cohen and Everitt 1969), which takes
    the statements for independent. No interval where truth or verdicts are all the same."""
    if not pairs:
        return Estimate(None, coverage=coverage)
    with extra("eval", PURPOSE):
        from statsmodels.stats.inter_rater import cohens_kappa
    table = [[sum(pair == (truth, said) for pair in pairs) for said in (False, True)] for truth in (False, True)]
    if any(not sum(row) for row in (*table, *zip(*table, strict=True))):
        return Estimate(0.0, n=len(pairs), coverage=coverage)
    found = cohens_kappa(table)
    low, high = max(-1.0, float(found.kappa_low)), min(1.0, float(found.kappa_upp))
    return Estimate(float(found.kappa), low, high, len(pairs), coverage, "asymptotic")


def position_bias(judged: Sequence[Judged]) -> tuple[Estimate, float]:
    """How much oftener a statement is said to be supported early than late, and p (McNemar)."""
    moved = [each for each in judged if each.early is not None]
    placed = [(each.first, each.second) if each.early else (each.second, each.first) for each in moved]
    pairs = [(float(early), float(late)) for early, late in placed if early is not None and late is not None]
    if not pairs:
        return Estimate(None), 1.0
    found = paired([late for _, late in pairs], [early for early, _ in pairs])
    return found.effect, found.p


def length_bias(judged: Sequence[Judged]) -> Estimate:
    """How much oftener long statements are said to be supported than short ones, with Newcombe's interval (1998). The halves
    are made among supported and unsupported statements apart, so that both are equally often right."""
    halves = [_halves([each for each in judged if each.statement.supported is truth]) for truth in (True, False)]
    short = [each for half, _ in halves for each in half]
    long = [each for _, half in halves for each in half]
    if not short:
        return Estimate(None)
    with extra("eval", PURPOSE):
        from statsmodels.stats.proportion import confint_proportions_2indep
    said_long, said_short = (sum(bool(each.first) for each in half) for half in (long, short))
    low, high = confint_proportions_2indep(
        said_long, len(long), said_short, len(short), method="newcomb", compare="diff", alpha=ALPHA
    )
    effect = said_long / len(long) - said_short / len(short)
    return Estimate(effect, float(low), float(high), len(long) + len(short), method="newcombe")


def share_said(judged: Sequence[Judged], *, supported: bool, said: bool) -> Estimate:
    """Of the statements whose truth is `supported`, the share whose first verdict is `said`."""
    verdicts = [each.first for each in judged if each.statement.supported is supported]
    return wilson(sum(verdict is said for verdict in verdicts), len(verdicts))


def caught(judged: Sequence[Judged]) -> tuple[Caught, ...]:
    """By error, in the order of their names."""
    verdicts: dict[str, list[bool]] = {}
    for each in judged:
        if each.statement.error_type:
            verdicts.setdefault(each.statement.error_type, []).append(each.first is False)
    return tuple(Caught(name, sum(found), len(found)) for name, found in sorted(verdicts.items()))


def _halves(judged: Sequence[Judged]) -> tuple[Sequence[Judged], Sequence[Judged]]:
    """The shorter and the longer half; of an odd number, the one in the middle is in neither."""
    by_length = sorted(judged, key=lambda each: (len(each.statement.statement), each.statement.id))
    half = len(by_length) // 2
    return by_length[:half], by_length[len(by_length) - half :]
