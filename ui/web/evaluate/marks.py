"""The quality form: one answer at a time, marked from 1 to 5 with the keyboard."""

from __future__ import annotations

from starlette.datastructures import UploadFile

from eval.quality_form import CRITERIA, MARKS, Criterion
from ui.desks.marking import Marking, Marks, SheetView
from ui.web.evaluate.choosing import answered, chosen, no_runs, run_chooser
from ui.web.evaluate.markup import bar, button, e, field, fold, form, head, hidden, join, notice, text_input, to
from ui.web.evaluate.passages import passages, prose
from ui.web.evaluate.visit import Done, Visit, link

TAB = "marks"


def show(visit: Visit) -> str:
    say, runs = visit.texts, answered(visit)
    title = head(say("tab.marks"), say("form.intro"))
    if not (run := chosen(visit, runs)):
        return title + no_runs(visit)
    number = visit.number("n", 0)
    sheet = visit.at(Marking).sheet(run, number or None)
    return title + run_chooser(visit, TAB, runs, run) + _progress(visit, sheet) + _sheet(visit, sheet)


def _progress(visit: Visit, sheet: SheetView) -> str:
    say = visit.texts
    told = say("form.done", done=sheet.done, all=sheet.answers)
    all_done = notice(say("form.all_done"), "good") if sheet.done == sheet.answers else ""
    return f'<div class="ev-progress">{bar(sheet.done, sheet.answers, told)}<span>{e(told)}</span></div>{all_done}'


def _sheet(visit: Visit, sheet: SheetView) -> str:
    say = visit.texts
    expected = fold(say("form.expected"), f"<p>{prose(sheet.expected)}</p>", open=True) if sheet.expected else ""
    note = field(say("form.note"), text_input("note", sheet.note, more="maxlength=2000"))
    return (
        f'<article class="ev-sheet"><p class="ev-count">{e(say("form.number", n=sheet.number, all=sheet.answers))}</p>'
        f'<h3>{e(sheet.question)}</h3>{expected}<div class="ev-answer">{prose(sheet.text)}</div>'
        f"{passages(visit, sheet.sources)}"
        + form(
            "marks/mark",
            hidden("run", sheet.run)
            + hidden("id", sheet.id)
            + hidden("n", sheet.number)
            + join(_criterion(visit, sheet, name) for name in CRITERIA)
            + note
            + f'<div class="ev-actions">{_steps(visit, sheet)}{button(say("form.save"), "primary", "data-key=Enter")}</div>'
            + f'<p class="ev-keys">{e(say("form.keys"))}</p>',
            "ev-marks",
        )
        + "</article>"
    )


def _criterion(visit: Visit, sheet: SheetView, name: Criterion) -> str:
    say = visit.texts
    told = getattr(sheet.criteria, name) if sheet.criteria else say(f"form.{name}_hint")
    radios = join(
        f'<label><input type="radio" name="{name}" value="{mark}"{" checked" if sheet.marks.get(name) == mark else ""}>'
        f"<span>{mark}</span></label>"
        for mark in MARKS
    )
    return (
        f'<fieldset class="ev-mark"><legend>{e(say(f"form.{name}"))}</legend><small>{e(told)}</small>'
        f'<div class="ev-scale"><span>{e(say("form.worst"))}</span>{radios}<span>{e(say("form.best"))}</span></div></fieldset>'
    )


def _steps(visit: Visit, sheet: SheetView) -> str:
    say = visit.texts
    told = []
    if sheet.number > 1:
        told.append(to(link(TAB, run=sheet.run, n=sheet.number - 1), say("back"), "ev-button"))
    if sheet.number < sheet.answers:
        told.append(to(link(TAB, run=sheet.run, n=sheet.number + 1), say("form.skip"), "ev-button"))
    return join(told)


def _do_mark(visit: Visit, file: UploadFile | None) -> Done:
    run, marks = visit.get("run"), {name: visit.number(name, 0) or None for name in CRITERIA}
    desk = visit.at(Marking)
    desk.mark(run, visit.get("id"), Marks(**marks, note=visit.get("note")[:2000]))
    after = visit.number("n") + 1
    return Done(link(TAB, run=run, n=after if after <= desk.sheet(run).answers else None), visit.texts("saved"))


ACTIONS = {"mark": _do_mark}
