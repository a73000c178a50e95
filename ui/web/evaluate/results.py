"""What came of a run: the sections of its report, one at a time."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from ui.desks.reports import Reports
from ui.web.evaluate.choosing import answered, chosen, no_runs, run_chooser
from ui.web.evaluate.markup import badge, e, head, hidden, join, to
from ui.web.evaluate.visit import Visit, link

if TYPE_CHECKING:
    from eval.report.blocks import Document, Section

TAB = "results"
PARTS: dict[str, tuple[str, ...]] = {
    "verdict": ("verdict", "tradeoff"),
    "search": ("phase-1",),
    "quality": ("phase-2",),
    "speed": ("phase-3",),
    "people": ("phase-4",),
    "cost": ("phase-5",),
    "questions": ("questions",),
    "origin": ("phase-0", "manifest"),
}
"""Sections of the report by part."""


def show(visit: Visit) -> str:
    say, runs = visit.texts, answered(visit)
    if not (run := chosen(visit, runs)):
        return head(say("tab.results"), say("results.intro")) + no_runs(visit)
    part = visit.get("part") if visit.get("part") in PARTS else "verdict"
    document = visit.at(Reports).document([run], visit.language)
    return (
        head(say("tab.results"), html=_actions(visit, run))
        + run_chooser(visit, TAB, runs, run, hidden("part", part))
        + f'<div class="ev-verdict"><p>{e(document.headline)}</p>'
        + f'<div class="tags">{join(map(badge, document.facts))}</div></div>'
        + _parts(visit, run, part)
        + sections(visit, document, PARTS[part])
    )


def _actions(visit: Visit, run: str) -> str:
    say = visit.texts
    return to(link("compare", after=run), say("tab.compare"), "ev-button") + to(
        link("report", runs=run), say("report.download"), "ev-button"
    )


def _parts(visit: Visit, run: str, part: str) -> str:
    say = visit.texts
    links = join(
        f'<a href="{e(link(TAB, run=run, part=name))}"{" aria-current=true" if name == part else ""}>'
        f"{e(say(f'part.{name}'))}</a>"
        for name in PARTS
    )
    return f'<nav class="ev-parts" aria-label="{e(say("results.parts"))}">{links}</nav>'


def sections(visit: Visit, document: Document, names: Iterable[str]) -> str:
    """Some sections of a report, with their headings."""
    from eval.report.html import write_part
    from eval.report.texts import Texts

    wanted = [section for section in document.sections if section.name in names]
    return join(
        f'<section class="ev-section">{_heading(section)}{write_part(section.blocks, document.backends, Texts(visit.language))}'
        "</section>"
        for section in wanted
    )


def _heading(section: Section) -> str:
    intro = f'<p class="ev-intro">{e(section.intro)}</p>' if section.intro else ""
    return f"<h3>{e(section.title)}</h3>{intro}"
