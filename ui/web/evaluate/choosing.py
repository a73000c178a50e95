"""Choosing a run, as most tabs do."""

from __future__ import annotations

from collections.abc import Sequence

from ui.desks.runs import Runs, RunView
from ui.web.evaluate.markup import Option, chooser, empty, field, select, to
from ui.web.evaluate.visit import Visit, link


def answered(visit: Visit) -> list[RunView]:
    """Runs with answers, the latest first; whole ones are before those that are not."""
    return sorted((run for run in visit.at(Runs).runs() if run.answers), key=lambda run: run.finished is None)


def options(visit: Visit, runs: Sequence[RunView]) -> list[Option]:
    unfinished = visit.texts("state.unfinished").lower()
    return [(run.id, run.id if run.finished else f"{run.id} ({unfinished})") for run in runs]


def chosen(visit: Visit, runs: Sequence[RunView]) -> str:
    """The id that the address names, else the first. An id that is not there is told by the desk."""
    return visit.get("run") or (runs[0].id if runs else "")


def run_chooser(visit: Visit, tab: str, runs: Sequence[RunView], run: str, more: str = "") -> str:
    control = select("run", options(visit, runs), run, "data-auto")
    return chooser(tab, field(visit.texts("run"), control) + more)


def no_runs(visit: Visit) -> str:
    say = visit.texts
    return empty(say("runs.none"), say("runs.none_elsewhere"), to(link("runs"), say("runs.new"), "ev-button primary"))
