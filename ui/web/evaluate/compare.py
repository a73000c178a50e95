"""Two runs question by question: what changed, and whether it is more than chance."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from eval.diff import Change, Diff
from eval.metrics import METRICS
from ingest.errors import ConfigError
from ui.desks.reports import Reports
from ui.desks.runs import RunView
from ui.web.evaluate.choosing import answered, options
from ui.web.evaluate.markup import badge, chooser, e, empty, field, head, join, notice, select, to
from ui.web.evaluate.results import sections
from ui.web.evaluate.visit import Visit, link

TAB = "compare"
FLIPPED = ("correct", "good", "hit@5", "citation_support", "balanced_accuracy")
"""Metrics whose questions are named, the first of them that there is."""


def show(visit: Visit) -> str:
    say, runs = visit.texts, answered(visit)
    title = head(say("tab.compare"), say("compare.intro"))
    if len(runs) < 2:
        return title + empty(
            say("compare.none"), say("compare.none_todo"), to(link("runs"), say("runs.new"), "ev-button primary")
        )
    after = visit.get("after") or runs[0].id
    others = [run for run in runs if run.id != after]
    before = visit.get("before") if visit.get("before") != after else ""
    first = select("before", [("", say("compare.choose")), *options(visit, others)], before, "data-auto")
    second = select("after", options(visit, runs), after, "data-auto")
    choice = chooser(TAB, field(say("compare.before"), first) + field(say("compare.after"), second))
    if not before:
        return title + choice + empty(say("compare.one"), say("compare.one_todo"))
    desk = visit.at(Reports)
    if _unpaired(_backends(runs, before), _backends(runs, after)):
        return title + choice + empty(say("compare.no_backend"), say("compare.no_backend_todo"))
    try:
        diff = desk.diff(before, after)
    except ConfigError as error:
        return title + choice + notice(visit.told(error.message), "bad")
    document = desk.document([after], visit.language, before)
    return title + choice + _flips(visit, diff) + sections(visit, document, ["baseline"])


def _backends(runs: Sequence[RunView], id: str) -> set[str]:
    """Of a run; one that is not there is told by the desk."""
    return {each.backend for run in runs if run.id == id for each in run.tally}


def _unpaired(old: set[str], new: set[str]) -> bool:
    """Whether nobody can say which back end became which: of one each, the one did."""
    return bool(old and new) and not old & new and len(old | new) > 2


def _flips(visit: Visit, diff: Diff) -> str:
    """The questions that fare otherwise now, by back end."""
    say = visit.texts
    changes = list(_telling(diff))
    if not changes:
        return ""
    cards = join(_card(visit, diff, change) for change in changes)
    return f'<section class="ev-section"><h3>{e(say("compare.flips"))}</h3><div class="ev-cards">{cards}</div></section>'


def _telling(diff: Diff) -> Iterator[Change]:
    for backend, _ in diff.backends:
        found = (change for name in FLIPPED if (change := diff.of(backend, name)))
        if change := next(found, None):
            yield change


def _card(visit: Visit, diff: Diff, change: Change) -> str:
    say, metric = visit.texts, METRICS[change.metric]
    flipped = change.better or change.worse
    told = badge(say("compare.proven"), "good") if change.distinguishable else badge(say("compare.chance"))
    scored = change.difference.effect.n
    same = scored - len(change.better) - len(change.worse)
    left = diff.questions - scored
    lists = join(
        f"<dt>{e(say(f'compare.{name}', n=len(ids)))}</dt><dd>{_ids(diff, ids)}</dd>"
        for name, ids in (("better", change.better), ("worse", change.worse))
        if ids
    )
    return (
        f'<article class="ev-card"><h4>{e(change.backend)} {told if flipped else ""}</h4><p>{e(metric.title[visit.language])}: '
        f"{e(say('compare.counts', better=len(change.better), worse=len(change.worse), same=same))}"
        f"{' ' + e(say('compare.unscored', n=left)) if left else ''}</p>"
        f'<dl class="ev-flips">{lists}</dl></article>'
    )


def _ids(diff: Diff, ids: tuple[str, ...]) -> str:
    return join(f"{to(link('results', run=diff.after, part='questions', q=id), id)} " for id in ids)
