"""The quality form: people judge each answer's precision, clarity and completeness from 1 to 5, in a spreadsheet.

The form is a CSV that Excel and LibreOffice open as they are in Spanish offices: semicolons, UTF-8 with a mark. Back ends have
no names in it; answers to one question stand together, in random order. Read back, each mark is a score of the metric
`human_precision`, `human_clarity` or `human_completeness`, its scorer `human:` and the rater's name.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from random import Random
from typing import TYPE_CHECKING, Literal

from eval.arena import voter_name
from eval.formatting import unformatted
from eval.questions import Question
from eval.rows import HUMAN, AnswerRow, Key, ScoreRow
from ingest.assets import write_atomically
from ingest.errors import ConfigError
from ingest.loaders.delimited import sniff_delimiter
from ingest.loaders.encoding import decode
from ingest.text import fold

if TYPE_CHECKING:
    from eval.runs import Run

Language = Literal["es", "en"]
Column = Literal["id", "question", "expected", "passages", "answer", "precision", "clarity", "completeness", "note"]
Criterion = Literal["precision", "clarity", "completeness"]

CRITERIA: tuple[Criterion, ...] = ("precision", "clarity", "completeness")
TITLES: dict[Language, dict[Column, str]] = {
    "es": {
        "id": "id", "question": "pregunta", "expected": "respuesta esperada", "passages": "pasajes", "answer": "respuesta",
        "precision": "precisión (1-5)", "clarity": "claridad (1-5)", "completeness": "completitud (1-5)", "note": "nota",
    },
    "en": {
        "id": "id", "question": "question", "expected": "expected answer", "passages": "passages", "answer": "answer",
        "precision": "precision (1-5)", "clarity": "clarity (1-5)", "completeness": "completeness (1-5)", "note": "note",
    },
}  # fmt: skip
MARKS = range(1, 6)
_FORMULA = ("=", "+", "-", "@", "\t")


@dataclass(frozen=True, slots=True)
class Filled:
    """What was read from a form: the scores, and how many of its answers nobody marked."""

    scores: tuple[ScoreRow, ...]
    answers: int
    empty: int


def metric_of(criterion: Criterion) -> str:
    return f"human_{criterion}"


def export_form(run: Run, path: Path, language: Language = "es") -> int:
    """Writes the form for the answers of a run's first repetition; returns how many there are. Raises ConfigError."""
    if path.exists():
        raise ConfigError(f"{path} is there already and may hold marks: choose another name, or remove it.")
    rows = list(_rows(run))
    if not rows:
        raise ConfigError(f"Run {run.id} has no answers to judge: choose another run.")
    text = io.StringIO(newline="")
    writer = csv.DictWriter(text, fieldnames=list(TITLES["en"]), delimiter=";")
    writer.writerow(TITLES[language])
    writer.writerows(rows)
    try:
        write_atomically(path, text.getvalue().encode("utf-8-sig"))
    except OSError as error:
        raise ConfigError(f"{path} can't be written ({error.strerror}): choose another place.") from error
    return len(rows)


def import_form(run: Run, path: Path, rater: str) -> Filled:
    """The scores of a filled form, not yet written anywhere. Raises ConfigError that names the line that is wrong."""
    scorer = scorer_of(rater)
    keys = {_id(run.id, row.key): row.key for row in _judged(run)}
    lines = list(_read(path))
    scores: list[ScoreRow] = []
    empty = 0
    for number, cells in lines:
        if (key := keys.get(cells["id"])) is None:
            raise ConfigError(f"Line {number} of {path}: {cells['id']!r} is no answer of run {run.id}: export its form anew.")
        marks = {criterion: mark for criterion in CRITERIA if (mark := _mark(path, number, criterion, cells[criterion]))}
        note = cells.get("note") or None
        scores += marks_of(key, scorer, marks, note)
        empty += not marks
    return Filled(tuple(scores), len(lines), empty)


def scorer_of(rater: str) -> str:
    """Raises ConfigError for an empty name."""
    return f"{HUMAN}{voter_name(rater)}"


def marks_of(key: Key, scorer: str, marks: Mapping[Criterion, int], note: str | None) -> list[ScoreRow]:
    """A person's marks of one answer."""
    return [ScoreRow(key, metric_of(name), float(mark), why=note, scorer=scorer) for name, mark in marks.items()]


# Writing


def _judged(run: Run) -> list[AnswerRow]:
    return [row for row in run.answers() if row.key.repeat == 0 and row.status != "error"]


def _rows(run: Run) -> Iterator[dict[Column, str]]:
    return (_row(sheet.id, sheet.question, sheet.row) for sheet in sheets(run))


@dataclass(frozen=True, slots=True)
class Sheet:
    """An answer to be marked. `id` tells nothing of its back end."""

    id: str
    question: Question
    row: AnswerRow


def sheets(run: Run) -> Iterator[Sheet]:
    """The answers of the first repetition: questions in their order, the answers to each shuffled."""
    answers = _judged(run)
    for question in run.questions():
        own = sorted((row for row in answers if row.key.question == question.id), key=lambda row: row.key.backend)
        Random(f"{run.id}|{question.id}").shuffle(own)
        yield from (Sheet(_id(run.id, row.key), question, row) for row in own)


def _row(id: str, question: Question, row: AnswerRow) -> dict[Column, str]:
    passages = "\n\n".join(f"[{source.number}] {source.document}\n{source.text}" for source in row.sources)
    return {
        "id": id,
        "question": _cell("\n\n".join((question.question, *_criteria(question)))),
        "expected": _cell(question.reference or ""),
        "passages": _cell(passages),
        "answer": _cell(unformatted(row.text)),
        "precision": "",
        "clarity": "",
        "completeness": "",
        "note": "",
    }


def _criteria(question: Question) -> list[str]:
    return list(question.criteria.model_dump().values()) if question.criteria else []


def _id(run: str, key: Key) -> str:
    """Tells nothing about the back end, and no spreadsheet takes it for a number."""
    return "r" + sha256(f"{run}|{key.question}|{key.backend}|{key.repeat}".encode()).hexdigest()[:12]


def _cell(text: str) -> str:
    """A spreadsheet must not run what a model wrote (OWASP, CSV injection)."""
    return f"'{text}" if text.startswith(_FORMULA) else text


# Reading


def _read(path: Path) -> Iterator[tuple[int, Mapping[Column, str]]]:
    """Line number and cells by column, of every row with an id."""
    try:
        text = decode(path.read_bytes())
    except OSError as error:
        raise ConfigError(f"{path} can't be read ({error.strerror}): name the CSV file of the filled form.") from error
    if text is None:
        raise ConfigError(f"{path} is no CSV file: save the form as CSV.")
    reader = csv.reader(
        io.StringIO(text.removeprefix("\ufeff"), newline=""), delimiter=sniff_delimiter(text.partition("\n")[0]) or ";"
    )
    columns = _columns(path, next(reader, []))
    for cells in reader:
        row = {name: cells[place].strip() if place < len(cells) else "" for name, place in columns.items()}
        if row["id"]:
            yield reader.line_num, row


def _columns(path: Path, header: Sequence[str]) -> dict[Column, int]:
    """Where each column is, by its title in either language."""
    titles = {fold(title): name for language in TITLES.values() for name, title in language.items()}
    found = {titles[fold(cell.strip())]: place for place, cell in enumerate(header) if fold(cell.strip()) in titles}
    needed: tuple[Column, ...] = ("id", *CRITERIA)
    if missing := [TITLES["en"][name] for name in needed if name not in found]:
        raise ConfigError(f"{path} has no column {missing[0]!r}: fill in a form that was exported, and leave its first line.")
    return found


def _mark(path: Path, number: int, criterion: Criterion, cell: str) -> int | None:
    if not cell:
        return None
    mark = next((mark for mark in MARKS if cell in (str(mark), f"{mark}.0", f"{mark},0")), None)
    if mark is None:
        raise ConfigError(f"Line {number} of {path}: {criterion} is {cell!r}: give 1 to 5, or leave it empty.")
    return mark
