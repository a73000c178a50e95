"""The blind arena: two answers without names, a key for each verdict, and what all votes say."""

from __future__ import annotations

from starlette.datastructures import UploadFile

from eval.arena import Choice, Shown
from ingest.errors import ConfigError
from ui.desks.arena import ArenaView, Voting
from ui.desks.reports import Reports
from ui.web.evaluate.choosing import answered, run_chooser
from ui.web.evaluate.markup import bar, e, empty, field, fold, form, head, hidden, join, table, text_input, to
from ui.web.evaluate.passages import passage, prose
from ui.web.evaluate.results import sections
from ui.web.evaluate.visit import Done, Visit, link

TAB = "votes"
CHOICES: tuple[tuple[Choice, str], ...] = (("left", "1"), ("tie", "0"), ("both_bad", "x"), ("right", "2"))
"""With their keys, as they stand on the screen."""


def show(visit: Visit) -> str:
    say, runs = visit.texts, [run for run in answered(visit) if len(run.tally) > 1]
    title = head(say("tab.votes"), say("arena.intro"))
    if not runs:
        return title + empty(
            say("arena.no_runs"), say("arena.no_runs_todo"), to(link("runs"), say("runs.new"), "ev-button primary")
        )
    arenas = visit.at(Voting).arenas()
    run = visit.get("run") or (arenas[0].run if arenas else runs[0].id)
    choice = run_chooser(visit, TAB, runs, run, hidden("view", visit.get("view")))
    arena = next((arena for arena in arenas if arena.run == run), None)
    if arena is None:
        prepare = form(
            "votes/prepare", hidden("run", run) + f'<button class="ev-button primary">{e(say("arena.prepare"))}</button>'
        )
        return title + choice + empty(say("arena.none"), say("arena.none_todo"), prepare)
    return (
        title
        + choice
        + _views(visit, arena)
        + (_results(visit, arena) if visit.get("view") == "results" else _vote(visit, arena))
    )


def _views(visit: Visit, arena: ArenaView) -> str:
    say, now = visit.texts, visit.get("view")
    links = join(
        f'<a href="{e(link(TAB, run=arena.run, view=view))}"{" aria-current=true" if view == now else ""}>{e(told)}</a>'
        for view, told in (("", say("arena.vote")), ("results", say("arena.results_n", n=arena.votes)))
    )
    return f'<nav class="ev-parts" aria-label="{e(say("tab.votes"))}">{links}</nav>'


# Voting


def _vote(visit: Visit, arena: ArenaView) -> str:
    say = visit.texts
    told = say("arena.done", voted=arena.voted, pairs=arena.pairs)
    progress = f'<div class="ev-progress">{bar(arena.voted, arena.pairs, told)}<span>{e(told)}</span></div>'
    shown = visit.at(Voting).next(arena.run)
    if shown is None:
        results = to(link(TAB, run=arena.run, view="results"), say("arena.see_results"), "ev-button primary")
        return progress + empty(say("arena.all_done"), say("arena.all_done_todo"), results + _undo(visit, arena))
    return progress + _pair(visit, arena, shown)


def _pair(visit: Visit, arena: ArenaView, shown: Shown) -> str:
    say = visit.texts
    sides = join(
        f'<section class="ev-side" aria-label="{e(say(f"arena.{side}"))}"><h4>{e(say(f"arena.{side}"))}</h4>'
        f'<div class="ev-answer" lang="{e(shown.language)}">{prose(text)}</div></section>'
        for side, text in (("answer_1", shown.left), ("answer_2", shown.right))
    )
    buttons = join(
        f'<button type="submit" name="choice" value="{choice}" class="ev-button {choice}" data-key="{key}">'
        f"<kbd>{key.upper()}</kbd> {e(say(f'arena.{choice}'))}</button>"
        for choice, key in CHOICES
    )
    reason = field(say("arena.reason"), text_input("reason", more="maxlength=2000"))
    evidence = join(passage(each.number, each.place, each.text) for each in shown.passages) or e(say("arena.no_evidence"))
    return (
        f'<article class="ev-pair"><h3 lang="{e(shown.language)}">{e(shown.question)}</h3><div class="ev-sides">{sides}</div>'
        + form(
            "votes/vote",
            hidden("run", arena.run)
            + hidden("pair", shown.pair)
            + '<input type="hidden" name="response_ms" value="0" data-since>'
            + f'<div class="ev-verdicts">{buttons}</div>{reason}',
        )
        + f'<div class="ev-actions">{_undo(visit, arena)}</div>{fold(say("arena.evidence"), evidence, kind="evidence")}'
        + f'<p class="ev-keys">{e(say("arena.keys"))}</p></article>'
    )


def _undo(visit: Visit, arena: ArenaView) -> str:
    if not arena.voted:
        return ""
    told = f'<button type="submit" class="ev-button" data-key="u"><kbd>U</kbd> {e(visit.texts("arena.undo"))}</button>'
    return form("votes/undo", hidden("run", arena.run) + told)


# Results


def _results(visit: Visit, arena: ArenaView) -> str:
    say = visit.texts
    if not arena.votes:
        return empty(say("arena.no_votes"), say("arena.no_votes_todo"))
    document = visit.at(Reports).document([arena.run], visit.language)
    return sections(visit, document, ["phase-4"]) + _voters(visit, arena)


def _voters(visit: Visit, arena: ArenaView) -> str:
    """How attentive each voter was."""
    say, percent = visit.texts, visit.numbers.percent
    found = visit.at(Voting).results(arena.run)
    rows = [
        (
            e(each.voter or ""),
            visit.numbers.number(each.votes),
            e(percent(each.consistent.value)),
            e(percent(each.identical_tied.value)),
            e(percent(each.left.value)),
            e(visit.numbers.duration(each.median_response_ms) if each.median_response_ms is not None else "–"),
        )
        for each in found.by_voter
    ]
    columns = [say(f"arena.{name}") for name in ("voter", "votes", "consistent", "identical", "left_share", "time")]
    heading = f'<h3>{e(say("arena.voters"))}</h3><p class="ev-intro">{e(say("arena.voters_intro"))}</p>'
    return f'<section class="ev-section">{heading}{table(say("arena.voters"), columns, rows, (1, 2, 3, 4, 5))}</section>'


# What forms do


def _do_prepare(visit: Visit, file: UploadFile | None) -> Done:
    made = visit.at(Voting).prepare(visit.get("run"))
    left_out = made.no_answer + made.other_evidence + made.same_text
    return Done(link(TAB, run=made.run), visit.texts("arena.prepared", pairs=made.pairs, left_out=left_out))


def _do_vote(visit: Visit, file: UploadFile | None) -> Done:
    choice = next((choice for choice, _ in CHOICES if choice == visit.get("choice")), None)
    if choice is None:
        raise ConfigError("Choose which answer is better.")
    waited = float(min(visit.number("response_ms", 0), 86_400_000))
    visit.at(Voting).vote(visit.get("run"), visit.number("pair", 0), choice, waited, visit.get("reason")[:2000] or None)
    return Done(link(TAB, run=visit.get("run")))


def _do_undo(visit: Visit, file: UploadFile | None) -> Done:
    visit.at(Voting).undo(visit.get("run"))
    return Done(link(TAB, run=visit.get("run")), visit.texts("arena.undone"))


ACTIONS = {"prepare": _do_prepare, "vote": _do_vote, "undo": _do_undo}
