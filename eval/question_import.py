"""Question sets from SQuAD's JSON, CSV and XLSX. What can't be imported is told row by row; nothing is dropped silently."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from eval.questions import Question
from ingest.errors import ConfigError


@dataclass(frozen=True, slots=True)
class Rejected:
    """A row that is no question: where it stands in the file, and why, as a sentence that says what to do."""

    place: str
    reason: str


@dataclass(frozen=True, slots=True)
class Passage:
    """A text that came with the questions: `name` is the document that their sources refer to."""

    name: str
    text: str


@dataclass(frozen=True, slots=True)
class Options:
    """`language`: of all questions, None to tell it from each text. `sheet`: which one of a workbook. `tags`: added to all."""

    language: str | None = None
    sheet: str | None = None
    tags: tuple[str, ...] = ()


@dataclass(slots=True)
class Imported:
    """What a file gave. Questions have ids of their own; `add` refuses the second of an id."""

    questions: dict[str, Question] = field(default_factory=dict)
    rejected: list[Rejected] = field(default_factory=list)
    passages: list[Passage] = field(default_factory=list)

    def add(self, place: str, question: Question) -> None:
        if question.id in self.questions:
            self.reject(place, f"The id {question.id!r} is another question's: give each question one of its own.")
        else:
            self.questions[question.id] = question

    def reject(self, place: str, reason: str) -> None:
        self.rejected.append(Rejected(place, reason))


def import_questions(path: Path, options: Options) -> Imported:
    """Reads a file by its ending. Raises ConfigError when nothing in it can be read."""
    if options.language and not re.fullmatch("[a-z]{2}", options.language):
        raise ConfigError(f"{options.language!r} is no language: write two small letters, like es or en.")
    reader = _readers().get(path.suffix.lower())
    if reader is None:
        raise ConfigError(
            f"{path.name} has an ending that can't be imported: give a file that ends in .json, .csv, .tsv or .xlsx."
        )
    try:
        data = path.read_bytes()
    except OSError as error:
        raise ConfigError(f"{path} can't be read ({error.strerror}): check its name and who may read it.") from error
    if not data.strip():
        raise ConfigError(f"{path.name} is empty: give a file with questions.")
    return reader(data, path.stem, options)


def write_passages(folder: Path, imported: Imported) -> int:
    """Writes the texts that came with the questions, to be ingested. Files that are there with another text are refused."""
    for passage in imported.passages:
        target = folder / passage.name
        if target.exists() and target.read_text(encoding="utf-8") != passage.text:
            raise ConfigError(f"{target} is there with another text: choose an empty folder.")
        try:
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_text(passage.text, encoding="utf-8")
        except OSError as error:
            raise ConfigError(f"{target} can't be written ({error.strerror}): choose another folder.") from error
    return len(imported.passages)


Reader = Callable[[bytes, str, Options], Imported]


def _readers() -> Mapping[str, Reader]:
    from eval.question_table import read_csv, read_xlsx
    from eval.squad import read_squad

    return {".json": read_squad, ".csv": read_csv, ".tsv": read_csv, ".xlsx": read_xlsx}
