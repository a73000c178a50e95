"""Question sets: one JSON object a line (see the contract in each field)."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from assistant.types import Message
from ingest.errors import ConfigError


class Reference(BaseModel):
    """Where a document answers the question; `page` is 1-based, `quote` is verbatim up to white space."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    document: str
    page: int | None = None
    quote: str | None = None


class Turn(BaseModel):
    """An earlier message of the conversation."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    role: Literal["user", "assistant"]
    text: str


class Question(BaseModel):
    """A question with what is known about its answer.

    `reference` is the expected answer, None when the documents hold none. `facts` are what a right answer must contain
    (see `eval.facts`). `split` tells whether thresholds may be set on it (`calibration`) or it is only reported on. `plain`
    is asked of the bare model, without documents. `generated` was written by a model and accepted by no person yet: runs
    leave it out.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

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

    @property
    def messages(self) -> tuple[Message, ...]:
        return tuple(Message(turn.role, turn.text) for turn in self.history)


def load_questions(path: Path) -> list[Question]:
    """Reads a question set. Raises ConfigError that names the line and what is wrong with it."""
    questions = []
    for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), start=1):
        if line.strip():
            questions.append(_question(path, number, line))
    return questions


def _question(path: Path, number: int, line: str) -> Question:
    try:
        return Question.model_validate(json.loads(line))
    except (ValueError, ValidationError) as error:
        reason = error.errors()[0]["msg"] if isinstance(error, ValidationError) else str(error)
        raise ConfigError(f"Line {number} of {path} is not a question ({reason}): correct it.") from error
