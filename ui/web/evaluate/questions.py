"""Question sets: what there is, import, one set question by question, candidates, split."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Sequence
from pathlib import Path

from pydantic import ValidationError
from starlette.datastructures import UploadFile

from eval.questions import Question, Reference
from ingest.collection import CollectionInfo
from ingest.errors import ConfigError
from ui.desks.asking import Asking
from ui.desks.question_sets import ENDINGS, FILE_BYTES, MOST_CANDIDATES, Import, QuestionSets, SetView
from ui.web.evaluate.markup import (
    badge,
    badges,
    bar,
    button,
    check,
    checks,
    chooser,
    confirm,
    e,
    empty,
    facts,
    field,
    fold,
    form,
    head,
    hidden,
    join,
    notice,
    select,
    table,
    text_area,
    text_input,
    time,
    to,
)
from ui.web.evaluate.visit import Done, Visit, link

TAB = "questions"
POLL_S = 2
PAGE = 40
"""Questions that are shown at a time."""
SHOWN_REASONS = 8


def show(visit: Visit) -> str:
    desk = visit.at(QuestionSets)
    if name := visit.get("set"):
        if id := visit.get("edit"):
            return _edit(visit, desk, desk.set_view(name), id)
        return _set(visit, desk, desk.set_view(name))
    return _list(visit, desk)


# All sets


def _list(visit: Visit, desk: QuestionSets) -> str:
    say = visit.texts
    sets = desk.sets()
    own = [view for view in sets if not view.packaged]
    packaged = [view for view in sets if view.packaged]
    mine = _table(visit, own, say("questions.own")) if own else empty(say("questions.none"), say("questions.none_todo"))
    return (
        head(say("tab.questions"), say("questions.intro"))
        + fold(say("questions.import"), _import_form(visit, desk), open=not own, kind="card")
        + fold(say("questions.generate"), _generate_form(visit), kind="card")
        + mine
        + fold(say("questions.packaged"), _table(visit, packaged, say("questions.packaged")))
    )


def _table(visit: Visit, sets: Sequence[SetView], caption: str) -> str:
    say, number = visit.texts, visit.numbers.number
    columns = [say(f"questions.{name}") for name in ("name", "count", "unanswerable", "languages", "collections", "since")]
    rows: list[Sequence[str]] = [
        (
            to(link(TAB, set=view.name), view.name, "main") + _marks(visit, view),
            number(view.questions),
            number(view.unanswerable),
            badges(view.languages),
            badges(view.collections) if view.collections else e(say("questions.everybody")),
            f"{time(view.at)}{f'<small>{e(view.by)}</small>' if view.by else ''}",
        )
        for view in sets
    ]
    if all(view.packaged for view in sets):
        columns, rows = columns[:4], [row[:4] for row in rows]
    return table(caption, columns, rows, (1, 2))


def _marks(visit: Visit, view: SetView) -> str:
    say = visit.texts
    if view.problem:
        return f"<small>{badge(say('questions.broken'), 'bad')}</small>"
    told = [badge(say("questions.candidates_n", n=view.candidates), "warn")] if view.candidates else []
    told += [badge(say("questions.generating"), "accent")] if _going(view) else []
    told += [badge(say("questions.split_done"))] if view.calibration else []
    return f"<small>{join(told)}</small>" if told else ""


def _import_form(visit: Visit, desk: QuestionSets) -> str:
    say = visit.texts
    collections = [(name, name) for name in desk.readable()]
    languages = [("", say("questions.language_auto")), ("es", "es"), ("en", "en")]
    about = checks(say("questions.about"), "collections", collections, (), say("questions.about_hint")) if collections else ""
    endings = ",".join(ENDINGS)
    file = f'<input type="file" name="file" accept="{endings}" required>'
    return form(
        "questions/import",
        f'<div class="ev-grid">{field(say("questions.file"), file, say("questions.file_hint"))}'
        f"{field(say('questions.new_name'), text_input('name', more='maxlength=63'), say('questions.name_hint'))}"
        f"{field(say('questions.language'), select('language', languages))}</div>{about}"
        f"<p>{button(say('questions.do_import'), 'primary')}</p>",
    )


def _generate_form(visit: Visit) -> str:
    say, desk = visit.texts, visit.at(Asking)
    collections = [(info.name, _collection(visit, info)) for info in desk.collections()]
    if not collections or not desk.backends():
        return notice(say("runs.no_backends" if collections else "runs.no_collections"), "warn")
    name = text_input("set", more="required maxlength=63")
    return form(
        "questions/generate",
        f'<p>{e(say("questions.generate_hint"))}</p><div class="ev-grid">'
        f"{field(say('questions.new_name'), name, say('questions.generate_name'))}{_writer(visit)}</div>"
        f"{checks(say('questions.generate_about'), 'collections', collections, (), say('questions.generate_read'))}"
        f"<p>{button(say('questions.do_generate'), 'primary')}</p>",
    )


def _collection(visit: Visit, info: CollectionInfo) -> str:
    return visit.texts("questions.private", name=info.name) if info.private else info.name


def _writer(visit: Visit) -> str:
    """Which back end writes how many."""
    say, backends = visit.texts, visit.at(Asking).backends()
    options = [(each.name, f"{each.name} · {say('cloud' if each.cloud else 'local')} · {each.model}") for each in backends]
    number = text_input("count", "20", kind="number", more=f"min=1 max={MOST_CANDIDATES} required")
    chosen = select("backend", options, next((each.name for each in backends if each.default), ""))
    return field(say("questions.writer"), chosen) + field(say("questions.wanted"), number, say("questions.wanted_hint"))


# One set


def _set(visit: Visit, desk: QuestionSets, view: SetView) -> str:
    say = visit.texts
    top = to(link(TAB), say("questions.all"), "ev-back") + head(view.name, html=_set_actions(visit, view))
    if view.problem:
        return top + notice(visit.told(view.problem), "bad")
    told = visit.get("told")
    return (
        top
        + (notice(told) if told else "")
        + _set_facts(visit, view)
        + _candidates(visit, view)
        + (_questions(visit, desk, view) if view.questions else "")
    )


def _set_facts(visit: Visit, view: SetView) -> str:
    say, number = visit.texts, visit.numbers.number
    halves = say("questions.halves", calibration=number(view.calibration), report=number(view.report))
    return facts(
        (
            (say("questions.count"), number(view.questions)),
            (say("questions.unanswerable"), number(view.unanswerable)),
            (say("questions.languages"), badges(view.languages)),
            (say("questions.collections"), badges(view.collections) if view.collections else e(say("questions.everybody"))),
            (say("questions.split"), e(halves) if view.calibration or view.report else ""),
        )
    )


def _set_actions(visit: Visit, view: SetView) -> str:
    say, name = visit.texts, hidden("set", view.name)
    accepted = view.questions > view.candidates
    run = to(link("runs", set=view.name), say("questions.run"), "ev-button primary") if accepted else ""
    copied = field(say("questions.copy_to"), text_input("to", f"{view.name[:50]}-2", more="required maxlength=63"))
    copy = fold(say("questions.copy"), form("questions/copy", f"{name}{copied}{button(say('questions.copy'))}"), kind="menu")
    if view.packaged:
        return copy + run
    share = text_input("share", "50", kind="number", more="min=0 max=100 step=5 required")
    seed = text_input("seed", "0", kind="number", more="min=0 max=1000000 required")
    split = fold(
        say("questions.split"),
        form(
            "questions/split",
            f"{name}<p>{e(say('questions.split_hint'))}</p>{field(say('questions.share'), share)}"
            f"{field(say('questions.seed'), seed)}{button(say('questions.do_split'))}",
        ),
        kind="menu",
    )
    asked = confirm(say("questions.delete_ask", name=view.name), say("delete"))
    delete = form("questions/delete_set", name + button(say("delete"), "danger", asked))
    return _more(visit, view) + split + copy + delete + run


def _more(visit: Visit, view: SetView) -> str:
    """More candidates, about the same collections."""
    say = visit.texts
    if not view.collections or _going(view):
        return ""
    this = hidden("set", view.name) + join(hidden("collections", name) for name in view.collections)
    asked = f"{this}<p>{e(say('questions.generate_hint'))}</p>{_writer(visit)}{button(say('questions.do_generate'))}"
    return fold(say("questions.generate_more"), form("questions/generate", asked), kind="menu")


def _candidates(visit: Visit, view: SetView) -> str:
    """A model wrote them; runs leave them out until somebody has read them."""
    if view.packaged or not (view.candidates or view.job):
        return ""
    say = visit.texts
    only = to(link(TAB, set=view.name, only="candidates"), say("questions.read_them"))
    told = f'<div class="ev-notice warn">{e(say("questions.candidates_told", n=view.candidates))} {only}</div>'
    poll = f" data-poll={POLL_S}" if _going(view) else ""
    return f'<div id="ev-candidates"{poll}>{_job(visit, view)}{told if view.candidates else ""}</div>'


def _going(view: SetView) -> bool:
    return view.job is not None and not view.job.finished


def _job(visit: Visit, view: SetView) -> str:
    """How far the back end is that writes candidates, or what came of it."""
    say, job = visit.texts, view.job
    if job is None or job.finished:
        return notice(visit.told(job.error), "bad") if job and job.error else ""
    state = badge(say("state.stopping" if job.stopping else f"state.{job.state}"), "warn" if job.stopping else "accent")
    stop = "" if job.stopping else form("questions/stop", hidden("set", view.name) + button(say("runs.stop")))
    done, total = (job.progress.done, job.progress.total) if job.progress else (0, 1)
    told = say("questions.generated", n=done, all=total) if job.progress else ""
    doing = job.progress.doing if job.progress else ""
    return f'<div class="ev-progress">{state}{bar(done, total, told)}<span>{e(told)} <em>{e(doing)}</em></span>{stop}</div>'


def _questions(visit: Visit, desk: QuestionSets, view: SetView) -> str:
    say = visit.texts
    findings: dict[str, list[str]] = defaultdict(list)
    for finding in desk.findings(view.name):
        if "nobody has accepted it" not in finding.message:
            findings[finding.question].append(f"{say(f'questions.{finding.severity}')}: {visit.told(finding.message)}")
    found = [question for question in desk.questions(view.name) if _matches(visit, question, findings)]
    page = max(1, min(visit.number("page"), -(-len(found) // PAGE) or 1))
    shown = found[(page - 1) * PAGE : page * PAGE]
    whole = join(notice(told, "warn") for told in findings.get("", ()))
    listed = join(_question(visit, view, question, findings.get(question.id, ())) for question in shown)
    nothing = "" if found else empty(say("nothing_found"), say("questions.nothing_todo"))
    pages = _pages(visit, view, page, len(found))
    return f"{whole}{_filter(visit, view, len(found))}<div class=ev-list>{listed}</div>{nothing}{pages}"


def _matches(visit: Visit, question: Question, findings: dict[str, list[str]]) -> bool:
    words, only = visit.get("q").lower(), visit.get("only")
    kinds = {
        "candidates": question.generated,
        "unanswerable": not question.answerable,
        "findings": question.id in findings,
    }
    text = " ".join((question.id, question.question, question.reference or "", *question.tags)).lower()
    return kinds.get(only, True) and words in text


def _filter(visit: Visit, view: SetView, count: int) -> str:
    say = visit.texts
    kinds = [("", say("questions.every"))]
    kinds += [(name, say(f"questions.only_{name}")) for name in ("candidates", "unanswerable", "findings")]
    find = text_input("q", visit.get("q"), kind="search", more=f'placeholder="{e(say("find"))}" aria-label="{e(say("find"))}"')
    chosen = select("only", kinds, visit.get("only"), f'data-auto aria-label="{e(say("show"))}"')
    return chooser(TAB, f"{hidden('set', view.name)}{find}{chosen}<output>{e(say('questions.n', n=count))}</output>")


def _question(visit: Visit, view: SetView, question: Question, findings: Sequence[str]) -> str:
    say = visit.texts
    marks = [badge(question.language)]
    marks += [badge(say("questions.candidate"), "warn")] if question.generated else []
    marks += [] if question.answerable else [badge(say("questions.no_answer"))]
    marks += [badge(say("questions.to_check"), "bad")] if findings else []
    told = join(notice(text, "warn") for text in findings)
    inside = f"{told}{_known(visit, question)}{'' if view.packaged else _question_actions(visit, view, question)}"
    return (
        f'<details class="ev-item"{" open" if question.generated else ""}><summary><span class="id">{e(question.id)}</span>'
        f'<span class="q">{e(question.question)}</span><span class="tags">{join(marks)}</span></summary>'
        f"<div>{inside}</div></details>"
    )


def _known(visit: Visit, question: Question) -> str:
    say = visit.texts
    places = (
        f"<li>{e(source.document)}{e(say('page', n=source.page)) if source.page else ''}"
        f"{f'<blockquote>{e(source.quote)}</blockquote>' if source.quote else ''}</li>"
        for source in question.sources
    )
    turns = join(f"<li><b>{e(say(f'role.{turn.role}'))}</b> {e(turn.text)}</li>" for turn in question.history)
    criteria = question.criteria
    return facts(
        (
            (say("questions.history"), f"<ul>{turns}</ul>" if turns else ""),
            (say("questions.reference"), e(question.reference or "")),
            (say("questions.sources"), f"<ul>{join(places)}</ul>" if question.sources else ""),
            (say("questions.facts"), e(" · ".join(" | ".join(group) for group in question.facts))),
            (
                say("questions.criteria"),
                e(f"{criteria.precision} {criteria.clarity} {criteria.completeness}") if criteria else "",
            ),
            (say("questions.tags"), badges(question.tags) if question.tags else ""),
            (say("questions.split"), e(say(f"split.{question.split}")) if question.split else ""),
        )
    )


def _question_actions(visit: Visit, view: SetView, question: Question) -> str:
    say = visit.texts
    this = hidden("set", view.name) + hidden("id", question.id) + hidden("only", visit.get("only"))
    edit = to(link(TAB, set=view.name, edit=question.id), say("edit"), "ev-button")
    if question.generated:
        accept = form("questions/accept", this + button(say("questions.accept"), "primary"))
        return f'<div class="ev-actions">{accept}{form("questions/remove", this + button(say("questions.reject")))}{edit}</div>'
    asked = confirm(say("questions.remove_ask", id=question.id), say("delete"))
    return f'<div class="ev-actions">{edit}{form("questions/remove", this + button(say("delete"), "danger", asked))}</div>'


def _pages(visit: Visit, view: SetView, page: int, count: int) -> str:
    if count <= PAGE:
        return ""
    say, last = visit.texts, -(-count // PAGE)

    def at(number: int, text: str) -> str:
        address = link(TAB, set=view.name, q=visit.get("q"), only=visit.get("only"), page=number)
        return to(address, text, "ev-button") if 1 <= number <= last else f'<span class="ev-button off">{e(text)}</span>'

    told = say("page_of", page=page, last=last)
    return f'<nav class="ev-pages">{at(page - 1, say("back"))}<span>{e(told)}</span>{at(page + 1, say("next"))}</nav>'


# Editing


def _edit(visit: Visit, desk: QuestionSets, view: SetView, id: str) -> str:
    say = visit.texts
    question = next((question for question in desk.questions(view.name) if question.id == id), None)
    back = to(link(TAB, set=view.name), view.name, "ev-back")
    if question is None:
        return back + empty(say("nothing_found"), say("questions.nothing_todo"))
    splits = [("", say("split.none")), ("calibration", say("split.calibration")), ("report", say("split.report"))]
    language = text_input("language", question.language, more='required maxlength=2 pattern="[a-z]{2}"')
    return back + form(
        "questions/save",
        head(say("questions.edit", id=id))
        + hidden("set", view.name)
        + hidden("id", id)
        + field(say("questions.question"), text_area("question", question.question, 2, "required maxlength=4000"))
        + check("answerable", say("questions.answerable"), question.answerable, say("questions.answerable_hint"))
        + field(say("questions.reference"), text_area("reference", question.reference or "", 3, "maxlength=20000"))
        + field(say("questions.sources"), text_area("sources", _source_lines(question), 3), say("questions.sources_hint"))
        + field(say("questions.facts"), text_area("facts", _fact_lines(question), 2), say("questions.facts_hint"))
        + '<div class="ev-grid">'
        + field(say("questions.language"), language)
        + field(say("questions.tags"), text_input("tags", ", ".join(question.tags)), say("questions.tags_hint"))
        + field(say("questions.split"), select("split", splits, question.split or ""))
        + f'</div><div class="ev-actions">{to(link(TAB, set=view.name), say("cancel"), "ev-button")}'
        + f"{button(say('save'), 'primary')}</div>",
        "ev-edit",
    )


def _source_lines(question: Question) -> str:
    """`document | page | quote`, one a line."""
    return "\n".join(
        " | ".join((source.document, str(source.page or ""), " ".join((source.quote or "").split()))).rstrip(" |")
        for source in question.sources
    )


def _fact_lines(question: Question) -> str:
    return "\n".join(" | ".join(group) for group in question.facts)


def _sources(lines: str, before: Question) -> tuple[Reference, ...]:
    """Sources that were not touched keep their quote as it was, line breaks and all."""
    known = dict(zip(_source_lines(before).split("\n"), before.sources, strict=False))
    return tuple(known.get(line) or _source(line) for line in map(str.strip, lines.splitlines()) if line)


def _source(line: str) -> Reference:
    document, _, rest = line.partition("|")
    page, _, quote = rest.partition("|")
    if page.strip() and not re.fullmatch(r"\d{1,6}", page.strip()):
        raise ConfigError(f"{page.strip()!r} is no page: write document | page | quote, one a line.")
    return Reference(document=document.strip(), page=int(page) if page.strip() else None, quote=quote.strip() or None)


# What forms do


def _do_import(visit: Visit, file: UploadFile | None) -> Done:
    if file is None or not file.filename:
        raise ConfigError("Choose a file first.")
    name = visit.get("name") or re.sub(r"[^a-z0-9._-]+", "-", Path(file.filename).stem.lower()).strip("-._")[:63]
    data = file.file.read(FILE_BYTES + 1)
    done = visit.at(QuestionSets).import_file(
        name, file.filename, data, visit.get("language") or None, visit.all("collections")
    )
    return Done(link(TAB, set=name, told=_told_import(visit, done)), visit.texts("questions.imported", n=done.questions))


def _told_import(visit: Visit, done: Import) -> str:
    if not done.rejected:
        return ""
    reasons = " ".join(f"{visit.told(each.place)}: {visit.told(each.reason)}" for each in done.rejected[:SHOWN_REASONS])
    return visit.texts("questions.rejected", n=len(done.rejected), reasons=reasons[:1500])


def _do_save(visit: Visit, file: UploadFile | None) -> Done:
    desk, name, id = visit.at(QuestionSets), visit.get("set"), visit.get("id")
    before = next((question for question in desk.questions(name) if question.id == id), None)
    if before is None:
        raise ConfigError(f"The question {id!r} is no longer in the set: go back to the set.")
    changes = {
        "question": visit.get("question"),
        "language": visit.get("language"),
        "answerable": visit.get("answerable") == "yes",
        "reference": visit.get("reference") or None,
        "sources": _sources(visit.get("sources"), before),
        "facts": [[way.strip() for way in line.split("|")] for line in visit.get("facts").splitlines() if line.strip()],
        "tags": [tag.strip() for tag in visit.get("tags").split(",") if tag.strip()],
        "split": visit.get("split") or None,
    }
    try:
        desk.save(name, id, Question.model_validate({**before.model_dump(), **changes}))
    except ValidationError as error:
        raise ConfigError(f"The question can't be kept ({error.errors()[0]['msg']}): correct it.") from error
    return Done(link(TAB, set=name), visit.texts("saved"))


def _do_accept(visit: Visit, file: UploadFile | None) -> Done:
    visit.at(QuestionSets).accept(visit.get("set"), [visit.get("id")])
    return Done(link(TAB, set=visit.get("set"), only=visit.get("only")), visit.texts("questions.accepted"))


def _do_remove(visit: Visit, file: UploadFile | None) -> Done:
    visit.at(QuestionSets).delete(visit.get("set"), [visit.get("id")])
    return Done(link(TAB, set=visit.get("set"), only=visit.get("only")), visit.texts("questions.removed"))


def _do_generate(visit: Visit, file: UploadFile | None) -> Done:
    name, count = visit.get("set"), max(1, min(MOST_CANDIDATES, visit.number("count", 20)))
    visit.at(QuestionSets).generate(name, visit.all("collections"), visit.get("backend") or None, count)
    return Done(link(TAB, set=name), visit.texts("questions.generation_started"))


def _do_stop(visit: Visit, file: UploadFile | None) -> Done:
    visit.at(QuestionSets).stop(visit.get("set"))
    return Done(link(TAB, set=visit.get("set")), visit.texts("questions.stopping"))


def _do_split(visit: Visit, file: UploadFile | None) -> Done:
    share = min(100, visit.number("share", 50)) / 100
    visit.at(QuestionSets).split(visit.get("set"), share, visit.number("seed", 0))
    return Done(link(TAB, set=visit.get("set")), visit.texts("questions.split_told"))


def _do_copy(visit: Visit, file: UploadFile | None) -> Done:
    visit.at(QuestionSets).copy(visit.get("set"), visit.get("to"))
    return Done(link(TAB, set=visit.get("to")), visit.texts("questions.copied"))


def _do_delete_set(visit: Visit, file: UploadFile | None) -> Done:
    visit.at(QuestionSets).delete_set(visit.get("set"))
    return Done(link(TAB), visit.texts("questions.set_deleted"))


ACTIONS = {
    "import": _do_import,
    "save": _do_save,
    "accept": _do_accept,
    "remove": _do_remove,
    "generate": _do_generate,
    "stop": _do_stop,
    "split": _do_split,
    "copy": _do_copy,
    "delete_set": _do_delete_set,
}
