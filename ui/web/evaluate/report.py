"""The report to take away, in HTML or Markdown."""

from __future__ import annotations

from urllib.parse import urlencode

from ui.desks.reports import Reports
from ui.web.evaluate.choosing import answered, no_runs, options
from ui.web.evaluate.markup import checks, chooser, e, field, head, join, select
from ui.web.evaluate.visit import Visit

TAB = "report"
MOST = 5
LANGUAGES = (("es", "Español"), ("en", "English"))


def show(visit: Visit) -> str:
    say, runs = visit.texts, answered(visit)
    title = head(say("tab.report"), say("report.intro"))
    if not runs:
        return title + no_runs(visit)
    known = {run.id for run in runs}
    chosen = [id for id in visit.all("runs") if id in known][:MOST] or [runs[0].id]
    baseline = visit.get("baseline") if visit.get("baseline") in known - set(chosen) else ""
    language = visit.get("language") if visit.get("language") in dict(LANGUAGES) else visit.language
    others = [(id, told) for id, told in options(visit, runs) if id not in chosen]
    choice = (
        checks(say("report.runs"), "runs", options(visit, runs), chosen, say("report.runs_hint"))
        + '<div class="ev-grid">'
        + field(say("report.baseline"), select("baseline", [("", say("report.no_baseline")), *others], baseline, "data-auto"))
        + field(say("report.language"), select("language", LANGUAGES, language, "data-auto"))
        + "</div>"
    )
    return title + chooser(TAB, choice) + _downloads(visit, chosen, baseline, language)


def _downloads(visit: Visit, runs: list[str], baseline: str, language: str) -> str:
    say = visit.texts
    document = visit.at(Reports).document(runs, "en" if language == "en" else "es", baseline or None)
    given = [("runs", id) for id in runs] + [("language", language)] + ([("baseline", baseline)] if baseline else [])
    links = join(
        f'<a class="ev-button {kind}" download href="/v1/evaluation/report?{e(urlencode([*given, ("format", format)]))}">'
        f"{e(say(f'report.{format}'))}</a>"
        for format, kind in (("html", "primary"), ("markdown", ""))
    )
    contents = join(f"<li>{e(section.title)}</li>" for section in document.sections)
    return (
        f'<article class="ev-card report-card"><p class="kicker">{e(document.title)}</p><h3>{e(document.headline)}</h3>'
        f'<ol>{contents}</ol><div class="ev-actions">{links}</div><p class="ev-keys">{e(say("report.kept"))}</p></article>'
    )
