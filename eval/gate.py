"""May the second run take the place of the first? For continuous integration: a change that makes answers worse is stopped."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from eval.diff import Change, Diff, compare
from eval.metrics import metric
from eval.runs import Run
from ingest.errors import ConfigError

GATED = (
    "correct", "good", "language", "recall@5", "citation_precision", "citation_recall", "citation_support", "grounding_rate",
    "answered_answerable", "declined_unanswerable", "errors",
)  # fmt: skip
"""What is looked at when no metric is named: figures from 0 to 1 that need no judge."""
MAX_DROP = 0.02
ROUNDING = 1e-9
"""0.85 less 0.8 is a little more than 0.05."""

Reason = Literal["worse", "less covered", "not measured", "unanswered", "not asked"]


@dataclass(frozen=True, slots=True)
class Check:
    """One metric of one back end. `reason` is None when it passed: it may drop by `allowed`, in its unit. `drop` is how much
    worse it got (for `less covered`, how much of the coverage went; for `unanswered` and `not asked`, how many questions).
    `p_holm` is the chance of such a change without a cause, adjusted for all checks; None where nothing could be compared."""

    backend: str
    metric: str
    drop: float | None
    allowed: float
    p_holm: float | None
    reason: Reason | None

    @property
    def passed(self) -> bool:
        return self.reason is None


@dataclass(frozen=True, slots=True)
class Gate:
    """`diff` has the figures behind the checks."""

    diff: Diff
    checks: tuple[Check, ...]

    @property
    def passed(self) -> bool:
        return all(check.passed for check in self.checks)

    @property
    def failures(self) -> tuple[Check, ...]:
        return tuple(check for check in self.checks if not check.passed)


def gate(
    before: Run,
    after: Run,
    max_drop: float = MAX_DROP,
    limits: Mapping[str, float] | None = None,
    *,
    backends: Mapping[str, str] | None = None,
    significant: bool = False,
) -> Gate:
    """Compares two runs and fails what got worse by more than is allowed.

    GATED may drop by `max_drop` each; `limits` are for single metrics, which they add. With `significant`, a drop fails only
    when it is also more than chance. A question, an answer or a score that is there before and not after fails, too; so does a
    back end, unless `backends` says which to look at. Raises ConfigError when nothing could be checked, and what `compare`
    raises.
    """
    allowed = {**dict.fromkeys(GATED, max_drop), **(limits or {})}
    for name in allowed:
        metric(name)
    diff = compare(before, after, backends, allowed)
    left = [] if backends else [name for name in before.manifest.backends if name not in dict(diff.backends)]
    checks = (*_missing(diff, left), *_checks(diff, allowed, significant))
    if not any(check.p_holm is not None for check in checks):
        raise ConfigError(f"The runs {before.id} and {after.id} share no score: run midas eval score on both.")
    return Gate(diff, checks)


def _missing(diff: Diff, left: Sequence[str]) -> Iterator[Check]:
    for name in left:
        yield Check(name, "errors", None, 0, None, "not measured")
    for name, _ in diff.backends:
        if diff.dropped:
            yield Check(name, "errors", len(diff.dropped), 0, None, "not asked")
    for name, count in diff.unanswered.items():
        yield Check(name, "errors", count, 0, None, "unanswered")


def _checks(diff: Diff, allowed: Mapping[str, float], significant: bool) -> Iterator[Check]:
    for change in diff.changes:
        yield _check(change, allowed[change.metric], significant)
    for backend, name in diff.gone:
        yield Check(backend, name, None, allowed[name], None, "not measured")


def _check(change: Change, allowed: float, significant: bool) -> Check:
    lost = change.before.coverage - change.after.coverage
    worse = change.drop > allowed + ROUNDING and (change.distinguishable or not significant)
    reason: Reason | None = "worse" if worse else "less covered" if lost > allowed + ROUNDING else None
    drop = lost if reason == "less covered" else change.drop
    return Check(change.backend, change.metric, drop, allowed, change.p_holm, reason)
