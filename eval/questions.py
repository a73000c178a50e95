"""Question sets: one JSON object a line (see the contract in each field)."""

from __future__ import annotations

import json
from collections.abc import Iterable
from pathlib import Path
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from assistant.types import Message
from ingest.assets import write_atomically
from ingest.errors import ConfigError

SETS = Path(__file__).parent / "sets"
"""The sets that come with the product: prompts to bare models (`NAME.LANGUAGE.jsonl`), and statements to calibrate a judge."""


_STRICT = ConfigDict(extra="forbid", frozen=True, str_max_length=1_000_000)
"""Pydantic looks at the characters of a text that it measures: what is none can't be written to a file."""


class Reference(BaseModel):
    """Where a document answers the question; `page` is 1-based, `quote` is verbatim up to white space."""

    model_config = _STRICT

    document: str
    page: int | None = None
    quote: str | None = None


class Turn(BaseModel):
    """An earlier message of the conversation."""

    model_config = _STRICT

    role: Literal["user", "assistant"]
    text: str


class Criteria(BaseModel):
    """What a person looks for when judging an answer from 1 to 5: a sentence for each criterion, in the question's language."""

    model_config = _STRICT

    precision: str
    clarity: str
    completeness: str


class Question(BaseModel):
    """A question with what is known about its answer.

    `reference` is the expected answer, None when the documents hold none. `facts` are what a right answer must contain
    (see `eval.facts`). `split` tells whether thresholds may be set on it (`calibration`) or it is only reported on. `plain`
    is asked of the bare model, without documents. `generated` was written by a model and accepted by no person yet: runs
    leave it out.
    """

    model_config = _STRICT

    id: str
    question: str
    language: str
    answerable: bool
    reference: str | None = None
    sources: tuple[Reference, ...] = ()
    tags: tuple[str, ...] = ()
    facts: tuple[tuple[str, ...], ...] = ()
    history: tuple[Turn, ...] = ()
    split: Literal["calibration", "report"] | None = Field(None)
    plain: bool = False
    generated: bool = False
    criteria: Criteria | None = None

    @property
    def messages(self) -> tuple[Message, ...]:
        return tuple(Message(turn.role, turn.text) for turn in self.history)

    @property
    def accepted(self) -> Question:
        """The same question, which a person stands by."""
        return self.model_copy(update={"generated": False})

    @property
    def line(self) -> str:
        """The question as a line of its file: what every question has, then what only some have."""
        told = self.model_dump(mode="json", exclude_defaults=True)
        usual = {"id": "", "question": "", "language": "", "answerable": True, "reference": None, "sources": [], "tags": []}
        return json.dumps({**usual, **told}, ensure_ascii=False) + "\n"


def load_questions(path: Path) -> list[Question]:
    """Reads a question set. Raises ConfigError that names the line and what is wrong with it."""
    lines = _text(path).split("\n")
    return [_question(path, number, line) for number, line in enumerate(lines, start=1) if line.strip()]


def save_questions(path: Path, questions: Iterable[Question]) -> None:
    """Writes a question set in place of what the file held; an interruption leaves one or the other. Raises ConfigError."""
    try:
        write_atomically(path, "".join(question.line for question in questions).encode("utf-8"))
    except OSError as error:
        raise ConfigError(
            f"{path} can't be written ({error.strerror}): choose another place, or check who may write."
        ) from error


def built_in_sets() -> dict[str, Path]:
    """The prompts to bare models that come with the product, by name: `coding.es`."""
    return {path.stem: path for path in sorted(SETS.glob("*.jsonl")) if not path.stem.startswith("judge-")}


def question_file(name: str) -> Path:
    """The file of a question set: a path, or the name of a built-in set. Raises ConfigError with the names there are."""
    from assistant.backends.common.kinds import choices

    path, sets = Path(name), built_in_sets()
    if path.is_file():
        return path
    if name in sets:
        return sets[name]
    raise ConfigError(f"There is no file {name} and no built-in question set of that name: {choices(name, sets)}")


def _text(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8-sig")
    except OSError as error:
        raise ConfigError(f"{path} can't be read ({error.strerror}): name a question set, one JSON object a line.") from error
    except UnicodeDecodeError as error:
        raise ConfigError(f"{path} is not UTF-8 text: import it with `midas eval questions import`.") from error


def _question(path: Path, number: int, line: str) -> Question:
    try:
        return Question.model_validate(json.loads(line))
    except ValidationError as error:
        first = error.errors()[0]
        field = ".".join(str(part) for part in first["loc"]) or "the line"
        raise ConfigError(f"Line {number} of {path} is not a question ({field}: {first['msg']}): correct it.") from error
    except (ValueError, RecursionError) as error:
        raise ConfigError(f"Line {number} of {path} is not JSON ({error}): write one JSON object a line.") from error
