"""What is to be run: which questions, by which back ends, from which collections."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from eval.questions import Question, load_questions, question_file
from ingest.errors import ConfigError


@dataclass(frozen=True, slots=True)
class Plan:
    """What is to be run. `questions` are those that are asked, `left_out` how many of the file are not; `collections` None
    means all."""

    questions_file: Path
    questions: Sequence[Question]
    left_out: int
    backends: Sequence[str]
    collections: Sequence[str] | None
    repeats: int
    live: bool
    command: str


def make_plan(
    questions: str,
    backends: Sequence[str],
    collections: Sequence[str] | None,
    *,
    repeats: int,
    limit: int | None,
    live: bool,
    command: str,
) -> Plan:
    """What is to be run: `questions` is a file or a built-in set, of which candidates are left out. Raises ConfigError."""
    path = question_file(questions)
    every = load_questions(path)
    accepted = [question for question in every if not question.generated]
    _check(accepted, questions, backends)
    return Plan(path, accepted[:limit], len(every) - len(accepted), tuple(backends), collections, repeats, live, command)


def _check(questions: Sequence[Question], name: str, backends: Sequence[str]) -> None:
    if not questions:
        raise ConfigError(f"{name} has no question that could be asked: accept its candidates, or name another set.")
    twice = [id for id, times in Counter(question.id for question in questions).items() if times > 1]
    if twice:
        raise ConfigError(f"{name} has two questions with the id {twice[0]}: run midas eval questions validate on it.")
    if len(set(backends)) < len(backends):
        raise ConfigError("A back end is named twice: --repeat asks it several times.")
