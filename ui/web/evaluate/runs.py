"""Runs: start one, follow it, stop it, go on with it."""

from __future__ import annotations

from datetime import timedelta

from starlette.datastructures import UploadFile

from ingest.errors import ConfigError
from ui.desks.asking import Asking
from ui.desks.question_sets import QuestionSets
from ui.desks.runs import Runs, RunView, Wanted
from ui.evaluations import EvaluationJob
from ui.views import BackendView
from ui.web.evaluate.markup import (
    Tone,
    badge,
    badges,
    bar,
    button,
    check,
    checks,
    e,
    empty,
    field,
    fold,
    form,
    head,
    hidden,
    join,
    notice,
    select,
    text_input,
    time,
    to,
)
from ui.web.evaluate.visit import Done, Visit, link

TAB = "runs"
POLL_S = 2
AUTO = "auto"


def show(visit: Visit) -> str:
    say, runs = visit.texts, visit.at(Runs).runs()
    wanted = visit.get("set")
    listed = join(_run(visit, run) for run in runs) or empty(say("runs.none"), say("runs.none_todo"))
    going = any(run.job and not run.job.finished for run in runs)
    poll = f' data-poll="{POLL_S}"' if going else ""
    return (
        head(say("tab.runs"), say("runs.intro"))
        + fold(say("runs.new"), _form(visit, wanted), open=bool(wanted) or not runs, kind="card")
        + f'<div class="ev-list" id="ev-runs"{poll}>{listed}</div>'
    )


# Starting


def _form(visit: Visit, wanted: str) -> str:
    say = visit.texts
    sets = [view for view in visit.at(QuestionSets).sets() if not view.problem and view.questions > view.candidates]
    backends = visit.at(Asking).backends()
    if not sets or not backends:
        return notice(say("runs.no_sets" if not sets else "runs.no_backends"), "warn")
    options = [(view.name, say("runs.set", name=view.name, n=view.questions - view.candidates)) for view in sets]
    chosen = [backend.name for backend in backends if backend.default]
    collections = [info.name for info in visit.at(Asking).collections()]
    judges = [("", say("runs.no_judge")), (AUTO, say("runs.auto_judge")), *((each.name, each.name) for each in backends)]
    repeats = text_input("repeats", "1", kind="number", more="min=1 max=20 required")
    limit = text_input("limit", "", kind="number", more="min=1 max=20000")
    return form(
        "runs/start",
        f'<div class="ev-grid">{field(say("runs.questions"), select("questions", options, wanted))}'
        f"{field(say('runs.repeats'), repeats, say('runs.repeats_hint'))}"
        f"{field(say('runs.limit'), limit, say('runs.limit_hint'))}"
        f"{field(say('runs.judge'), select('judge', judges), say('runs.judge_hint'))}</div>"
        f"{checks(say('runs.backends'), 'backends', [_backend(visit, each) for each in backends], chosen)}"
        f"{_collections(visit, collections)}{check('live', say('runs.live'), hint=say('runs.live_hint'))}"
        f"{notice(say('runs.shared'))}<p>{button(say('runs.start'), 'primary')}</p>",
    )


def _backend(visit: Visit, backend: BackendView) -> tuple[str, str]:
    place = visit.texts("cloud" if backend.cloud else "local")
    return backend.name, f"{backend.name} · {place} · {backend.model}"


def _collections(visit: Visit, names: list[str]) -> str:
    say = visit.texts
    if not names:
        return notice(say("runs.no_collections"), "warn")
    return checks(say("runs.collections"), "collections", [(name, name) for name in names], names, say("runs.collections_hint"))


# Following


def _run(visit: Visit, run: RunView) -> str:
    say, numbers = visit.texts, visit.numbers
    told = say("runs.answers", n=numbers.number(run.answers), all=numbers.number(run.expected))
    searched = badges(run.collections) if run.collections else badge(say("runs.without_documents"))
    facts = " · ".join(
        filter(None, (say("runs.asked", n=numbers.number(run.questions)), _times(visit, run), say(f"evidence.{run.evidence}")))
    )
    return (
        f'<article class="ev-run"><header><div><h3>{to(link("results", run=run.id), run.id)}</h3>'
        f"<small>{time(run.started)} · {e(run.questions_file)} · {e(facts)}</small></div>{_state(visit, run)}</header>"
        f'<div class="ev-progress">{bar(run.answers, run.expected, told)}<span>{e(told)}{_left(visit, run.job)}</span></div>'
        f"{_tally(visit, run)}{_job(visit, run.job)}"
        f'<footer><div class="tags">{searched}</div>'
        f'<div class="ev-actions">{_actions(visit, run)}</div></footer></article>'
    )


def _times(visit: Visit, run: RunView) -> str:
    return visit.texts("runs.times", n=run.repeats) if run.repeats > 1 else ""


def _state(visit: Visit, run: RunView) -> str:
    say, job = visit.texts, run.job
    if job and job.stopping and not job.finished:
        return badge(say("state.stopping"), "warn")
    if job and not job.finished:
        return badge(say(f"state.{job.state}"), "accent")
    if job and job.state == "failed":
        return badge(say("state.failed"), "bad")
    tones: dict[str, Tone] = {"finished": "good", "unfinished": "warn"}
    state = "finished" if run.finished else "unfinished"
    return badge(say(f"state.{state}"), tones[state])


def _left(visit: Visit, job: EvaluationJob | None) -> str:
    """`, 0:01:20 left, local: q-7`."""
    if job is None or job.finished or job.progress is None:
        return ""
    left = job.progress.left_s
    parts = [visit.texts("runs.left", time=timedelta(seconds=round(left)))] if left is not None else []
    return f" <em>{e(' · '.join([*parts, job.progress.doing]))}</em>"


def _tally(visit: Visit, run: RunView) -> str:
    say, number = visit.texts, visit.numbers.number
    rows = join(
        f"<li><b>{e(each.backend)}</b> {e(say('runs.tally', ok=number(each.ok), declined=number(each.declined)))}"
        f"{' ' + badge(say('runs.failed', n=number(each.error)), 'bad') if each.error else ''}</li>"
        for each in run.tally
    )
    return f'<ul class="ev-tally">{rows}</ul>'


def _job(visit: Visit, job: EvaluationJob | None) -> str:
    if job is None:
        return ""
    warning = notice(job.warning[visit.language], "warn") if job.warning and not job.finished else ""
    return warning + (notice(visit.told(job.error), "bad") if job.error else "")


def _actions(visit: Visit, run: RunView) -> str:
    say, this = visit.texts, hidden("run", run.id)
    if run.job and not run.job.finished:
        stop = "" if run.job.stopping else form("runs/cancel", this + button(say("runs.stop")))
        return stop + (to(link("results", run=run.id), say("runs.results"), "ev-button") if run.answers else "")
    told = [form("runs/resume", this + button(say("runs.resume"), "primary"))] if not run.finished else []
    if any(each.error for each in run.tally):
        told.append(form("runs/retry", this + button(say("runs.retry"))))
    if run.answers:
        judges = [("", say("runs.no_judge")), (AUTO, say("runs.auto_judge"))]
        judges += [(each.name, each.name) for each in visit.at(Asking).backends()]
        by = field(say("runs.judge"), select("judge", judges, run.judge or ""))
        told.append(fold(say("runs.score"), form("runs/score", this + by + button(say("runs.score"))), kind="menu"))
        told.append(to(link("results", run=run.id), say("runs.results"), "ev-button"))
    return join(told)


# What forms do


def _do_start(visit: Visit, file: UploadFile | None) -> Done:
    if not visit.all("backends"):
        raise ConfigError("Choose at least one back end.")
    limit = visit.get("limit")
    run = visit.at(Runs).start(
        Wanted(
            questions=visit.get("questions"),
            backends=visit.all("backends"),
            collections=visit.all("collections"),
            repeats=max(1, min(20, visit.number("repeats"))),
            limit=max(1, visit.number("limit")) if limit else None,
            live=visit.get("live") == "yes",
            judge=visit.get("judge") or None,
        )
    )
    return Done(link(TAB), visit.texts("runs.started", run=run.id))


def _do_cancel(visit: Visit, file: UploadFile | None) -> Done:
    visit.at(Runs).cancel(visit.get("run"))
    return Done(link(TAB), visit.texts("runs.stopping"))


def _do_resume(visit: Visit, file: UploadFile | None) -> Done:
    visit.at(Runs).resume(visit.get("run"))
    return Done(link(TAB), visit.texts("runs.resumed"))


def _do_retry(visit: Visit, file: UploadFile | None) -> Done:
    visit.at(Runs).resume(visit.get("run"), retry=True)
    return Done(link(TAB), visit.texts("runs.resumed"))


def _do_score(visit: Visit, file: UploadFile | None) -> Done:
    visit.at(Runs).score(visit.get("run"), visit.get("judge") or None)
    return Done(link(TAB), visit.texts("runs.scoring"))


ACTIONS = {"start": _do_start, "cancel": _do_cancel, "resume": _do_resume, "retry": _do_retry, "score": _do_score}
