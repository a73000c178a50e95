"""What `midas eval arena` prints: pairs that were made, and what the votes say."""

from __future__ import annotations

from eval.arena import Prepared
from eval.preference import Attention, Duel, Preference, Strength
from eval.report.numbers import Numbers
from eval.statistics import Estimate
from ui.terminal import out, plain, table

TOO_MANY = 10_000
"""Votes that nobody will give."""


def print_prepared(prepared: Prepared) -> None:
    out.print(plain(f"{prepared.pairs} pairs of run {prepared.run} can be voted on, {prepared.added} of them new."))
    reasons = (
        (prepared.same_text, "because both wrote the same"),
        (prepared.other_evidence, "because their evidence differs"),
        (prepared.no_answer, "because a back end gave no answer"),
    )
    for count, told in reasons:
        if count:
            out.print(plain(f"{count} left out {told}."))


def print_preference(run: str, found: Preference) -> None:
    out.print(plain(f"Run {run}: {found.votes} votes of {found.voters} people on {found.questions} questions."))
    if not found.votes:
        return
    out.print(table(("back end", "preferred", "95 %", "P(best)", "strength"), [_strength(row) for row in found.strengths]))
    out.print()
    titles = ("duel", "wins", "ties", "both bad", "first", "95 %", "p", "more votes")
    out.print(table(titles, [_duel(duel) for duel in found.duels]))
    out.print(plain("first: how often the first is preferred; p: adjusted for the number of duels (Holm).", "dim"))
    out.print()
    out.print(plain(f"Ties: {share(found.ties)}. Both bad: {share(found.both_bad)}. {_seconds(found.median_response_ms)}"))
    for line in _checks(found):
        out.print(plain(line))


def share(estimate: Estimate) -> str:
    """`62 % (48-74 %)`; a dash without data."""
    if estimate.value is None:
        return "-"
    limits = "" if estimate.low is None or estimate.high is None else f" ({estimate.low:.0%}-{estimate.high:.0%})"
    return f"{estimate.value:.0%}{limits}".replace("%", " %").replace(" %-", "-")


def _strength(row: Strength) -> tuple[str, ...]:
    return row.backend, *_apart(row.share), f"{row.p_best:.2f}", f"{row.log_odds.value:+.2f}"


def _apart(estimate: Estimate) -> tuple[str, str]:
    """`62 %` and `48-74 %`."""
    value, _, limits = share(estimate).partition(" (")
    return value, limits.rstrip(")")


def _duel(duel: Duel) -> tuple[str, ...]:
    names, wins = f"{duel.first} : {duel.second}", f"{duel.wins_first} : {duel.wins_second}"
    p = "<0.001" if duel.p_holm < 0.001 else f"{duel.p_holm:.3f}"
    return names, wins, str(duel.ties), str(duel.both_bad), *_apart(duel.share), p, _needed(duel.votes_needed)


def _needed(votes: int | None) -> str:
    if votes == 0:
        return "none, decided"
    return "no end in sight" if votes is None or votes > TOO_MANY else f"about {Numbers('en').about(votes)}"


def _seconds(milliseconds: float | None) -> str:
    return "" if milliseconds is None else f"Median time for a vote: {milliseconds / 1000:.1f} s."


def _checks(found: Preference) -> list[str]:
    """How far the voters can be trusted, and how far the result reaches."""
    lines = [f"Checks of {_whose(row)}: {_check(row)}." for row in (found.attention, *found.by_voter)]
    if found.clustered_by == "question":
        lines.append(
            "Few people voted: intervals and p values are about these people and other questions, not about other people."
        )
    return lines


def _whose(row: Attention) -> str:
    return row.voter or "all"


def _check(row: Attention) -> str:
    repeats, equal = (
        f"repeats judged the same {share(row.consistent)}",
        f"equal answers called equal {share(row.identical_tied)}",
    )
    return f"{repeats}, {equal}, left side chosen {share(row.left)}"
