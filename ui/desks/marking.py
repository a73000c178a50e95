"""The quality form: a person marks answers, without names, from 1 to 5."""

from __future__ import annotations

from dataclasses import dataclass

from assistant.types import Source
from eval.formatting import unformatted
from eval.quality_form import CRITERIA, Criterion, Sheet, marks_of, metric_of, scorer_of, sheets
from eval.questions import Criteria
from eval.runs import Run
from ingest.errors import ConfigError
from ui.desks.evaluating import Evaluating, not_found


@dataclass(frozen=True, slots=True)
class SheetView:
    """An answer to be marked, the `number`-th of `answers`, of which this person has marked `done`. `marks` are theirs."""

    run: str
    id: str
    number: int
    answers: int
    done: int
    question: str
    criteria: Criteria | None
    expected: str | None
    text: str
    sources: tuple[Source, ...]
    marks: dict[Criterion, int]
    note: str


@dataclass(frozen=True, slots=True)
class Marks:
    """From 1 to 5 each; what is left out is not marked."""

    precision: int | None = None
    clarity: int | None = None
    completeness: int | None = None
    note: str = ""

    @property
    def given(self) -> dict[Criterion, int]:
        return {name: mark for name in CRITERIA if (mark := getattr(self, name)) is not None}


class Marking(Evaluating):
    """For evaluators. Who marks is who is signed in; marks that are given again take the place of the earlier ones."""

    def sheet(self, run: str, number: int | None = None) -> SheetView:
        """The answer of this number, from 1; None is the first without marks of this person, or the last one."""
        found = self._run(run)
        every = list(sheets(found))
        if not every:
            raise ConfigError(f"Run {run} has no answers to mark: choose another run.")
        marked = self._marked(found)
        if number is None:
            number = next((at for at, sheet in enumerate(every, 1) if sheet.id not in marked), len(every))
        if not 1 <= number <= len(every):
            raise not_found("answer", str(number), [f"1 to {len(every)}"])
        return _view(found, every[number - 1], number, every, marked)

    def mark(self, run: str, id: str, marks: Marks) -> None:
        """Keeps marks as scores of the run. Raises EvaluationNotFound, ConfigError for marks that are none."""
        found = self._run(run)
        sheet = next((sheet for sheet in sheets(found) if sheet.id == id), None)
        if sheet is None:
            raise not_found("answer", id, [])
        if not marks.given or not all(1 <= mark <= 5 for mark in marks.given.values()):
            raise ConfigError("Give at least one mark, from 1 to 5.")
        found.append(*marks_of(sheet.row.key, scorer_of(self.person.name), marks.given, marks.note.strip() or None))

    def _marked(self, run: Run) -> dict[str, Marks]:
        """The marks of this person by id of the answer."""
        scorer, names = scorer_of(self.person.name), {metric_of(name): name for name in CRITERIA}
        own = [score for score in run.scores() if score.scorer == scorer and score.metric in names]
        found: dict[str, Marks] = {}
        for sheet in sheets(run):
            given = [score for score in own if score.key == sheet.row.key and score.value is not None]
            if given:
                marks = {names[score.metric]: round(score.value or 0) for score in given}
                found[sheet.id] = Marks(**marks, note=given[-1].why or "")
        return found


def _view(run: Run, sheet: Sheet, number: int, every: list[Sheet], marked: dict[str, Marks]) -> SheetView:
    marks = marked.get(sheet.id, Marks())
    return SheetView(
        run=run.id,
        id=sheet.id,
        number=number,
        answers=len(every),
        done=len(marked),
        question=sheet.question.question,
        criteria=sheet.question.criteria,
        expected=sheet.question.reference,
        text=unformatted(sheet.row.text),
        sources=sheet.row.sources,
        marks=marks.given,
        note=marks.note,
    )
