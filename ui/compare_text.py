"""What `midas eval diff` and `midas eval gate` print."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from eval.diff import Change, Diff
from eval.gate import Check, Gate
from eval.summary import RULE
from ui.figure_text import figure
from ui.terminal import out, plain, table

NAMED = 12
"""Ids of questions listed a line."""


def print_diff(diff: Diff, named: Sequence[str]) -> None:
    """Changes as a table, then the questions of the metrics that were named (of `correct` when none were)."""
    print_pairing(diff)
    for backend, _ in diff.backends:
        if rows := [_row(change) for change in diff.changes if change.backend == backend]:
            out.print(plain(f"\n{backend}", "bold"))
            out.print(table(("metric", "before", "after", "change [95 % interval]", "p", "+/-"), rows))
    out.print()
    for change in diff.changes:
        if change.metric in (named or ("correct",)):
            for ids, way in ((change.better, "better"), (change.worse, "worse")):
                if ids:
                    out.print(plain(f"{change.backend}, {change.metric}, {way}: {_some(ids)}"))
    certain = sum(change.distinguishable for change in diff.changes)
    out.print(
        plain(
            "The change is over the questions with a figure in both runs; p is adjusted for the number of changes (Holm); +/- "
            "counts the questions that got better and worse.",
            "dim",
        )
    )
    out.print(plain(f"{certain} of {len(diff.changes)} changes are more than chance (p under 0.05)."))


def print_gate(gate: Gate) -> None:
    """Every check, then the verdict."""
    print_pairing(gate.diff)
    rows = [
        (check.backend, check.metric, _told(check), f"{check.allowed:g}", _p(check.p_holm), _verdict(check))
        for check in gate.checks
    ]
    out.print(table(("back end", "metric", "drop", "allowed", "p", "result"), rows))
    failures = len(gate.failures)
    out.print(plain("Passed." if gate.passed else f"Failed: {failures} of {len(gate.checks)} checks.", "bold"))


def print_pairing(diff: Diff) -> None:
    """What is compared with what, and what stands in the way of it."""
    for sentence in _pairing(diff):
        out.print(plain(sentence, "dim"))


def _pairing(diff: Diff) -> Iterator[str]:
    yield f"{diff.before} -> {diff.after}: {diff.questions} questions in both."
    for before, after in diff.backends:
        if before != after:
            yield f"Back end {before} is compared with {after}."
    if diff.conditions:
        yield f"The runs differ in: {', '.join(name.partition('_')[0] for name in diff.conditions)}."
    for backend, count in diff.unanswered.items():
        yield f"{backend} has no answer to {count} of them in {diff.after}."
    for ids, what in ((diff.altered, "altered"), (diff.dropped, "only in the first"), (diff.added, "only in the second")):
        if ids:
            yield f"Left out, {what}: {_some(ids)}."


def _row(change: Change) -> tuple[str, ...]:
    effect = change.difference.effect
    low, high = (figure(limit, change.metric, "+") for limit in (effect.low, effect.high))
    return (
        change.metric if change.scorer == RULE else f"{change.metric} ({change.scorer[:12]})",
        figure(change.before.value, change.metric),
        figure(change.after.value, change.metric),
        f"{figure(effect.value, change.metric, '+')} [{low}, {high}]",
        _p(change.p_holm),
        f"{len(change.better)}/{len(change.worse)}",
    )


def _told(check: Check) -> str:
    return "-" if check.drop is None else figure(check.drop, check.metric, "+")


def _verdict(check: Check) -> str:
    return "ok" if check.reason is None else check.reason


def _p(p: float | None) -> str:
    return "-" if p is None else "<0.001" if p < 0.001 else f"{p:.3f}"


def _some(ids: Sequence[str]) -> str:
    more = len(ids) - NAMED
    return ", ".join(ids[:NAMED]) + (f" and {more} more" if more > 0 else "")
