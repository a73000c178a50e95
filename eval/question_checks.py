"""What is wrong, or doubtful, in a question set: `check_questions` finds everything at once."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from eval.facts import contains_facts, normalise
from eval.questions import Question
from eval.quotes import wrong_reference
from ingest.text import detect_language
from ingest.types import Document

Severity = Literal["error", "warning"]
_LANGUAGE = re.compile(r"[a-z]{2}")
_CODE = re.compile(r"```.*?```", re.DOTALL)


@dataclass(frozen=True, slots=True)
class Finding:
    """`error`: scores of this question would be wrong. `warning`: something can't be measured, or should be looked at.

    `question` is an id, empty when the set as a whole is meant.
    """

    question: str
    severity: Severity
    message: str


Check = Callable[[Question], Iterator[tuple[Severity, str]]]


def check_questions(questions: Sequence[Question], documents: Mapping[str, Document] | None = None) -> list[Finding]:
    """Everything that is wrong with a set; with the documents it is about (by source), its references are looked up, too."""
    findings = [Finding(question.id, *found) for question in questions for check in CHECKS for found in check(question)]
    if documents is not None:
        findings += [finding for question in questions for finding in _check_sources(question, documents)]
    return [*findings, *_repeated(questions), *_as_a_whole(questions)]


def _check_texts(question: Question) -> Iterator[tuple[Severity, str]]:
    if not question.id.strip():
        yield "error", "The id is empty: give each question one of its own."
    if not question.question.strip():
        yield "error", "The question is empty: write it, or take the line out."
    if not _LANGUAGE.fullmatch(question.language):
        yield "error", f"{question.language!r} is no language: write two small letters, like es or en."
    elif (guess := detect_language(_CODE.sub("", question.question), question.language)) != question.language:
        yield "warning", f"It says that its language is {question.language!r}, but it reads like {guess!r}: check it."


def _check_answer(question: Question) -> Iterator[tuple[Severity, str]]:
    if question.answerable and not question.plain:
        if not (question.reference or question.facts):
            yield "warning", "It has neither reference nor facts: whether an answer is right can't be scored."
        if not question.sources:
            yield "warning", "It has no sources: retrieval and citations can't be scored."
    if not question.answerable and (question.reference or question.facts or question.sources):
        yield "error", "It can't be answered and yet has a reference, facts or sources: take them out, or make it answerable."


def _check_facts(question: Question) -> Iterator[tuple[Severity, str]]:
    if any(not group or not all(normalise(fact) for fact in group) for group in question.facts):
        yield "error", "A group of its facts is empty: write at least one way to say each fact."
    elif question.facts and question.reference and not contains_facts(question.reference, question.facts):
        yield "error", "Its reference does not contain its facts, so a right answer would count as wrong: correct one of them."
    elif question.facts and not question.criteria and contains_facts(question.question, question.facts):
        yield (
            "warning",
            "The question itself contains the facts, so repeating it would count as right: ask less, or add a fact.",
        )


def _check_plain(question: Question) -> Iterator[tuple[Severity, str]]:
    if question.plain and (question.sources or not question.answerable):
        yield "error", "It is asked without documents, so it has no sources and can be answered: correct it, or take plain out."


def _check_history(question: Question) -> Iterator[tuple[Severity, str]]:
    roles = [turn.role for turn in question.history]
    if roles != ["user", "assistant"] * (len(roles) // 2):
        yield "error", "Its history must be pairs of user and assistant, in this order: correct it."


def _check_accepted(question: Question) -> Iterator[tuple[Severity, str]]:
    if question.generated:
        yield "warning", "A model wrote it and nobody has accepted it: runs leave it out until `midas eval questions accept`."


CHECKS: tuple[Check, ...] = (_check_texts, _check_answer, _check_facts, _check_plain, _check_history, _check_accepted)


def _check_sources(question: Question, documents: Mapping[str, Document]) -> Iterator[Finding]:
    for reference in question.sources:
        if wrong := wrong_reference(reference, documents):
            yield Finding(question.id, "error", wrong)


def _repeated(questions: Sequence[Question]) -> Iterator[Finding]:
    ids: set[str] = set()
    asked: dict[tuple[str, ...], str] = {}
    for question in questions:
        if question.id in ids:
            yield Finding(question.id, "error", "Another question has the same id: give each question one of its own.")
        ids.add(question.id)
        words = (normalise(question.question), *(turn.text for turn in question.history))
        first = asked.setdefault(words, question.id)
        if first != question.id:
            yield Finding(question.id, "warning", f"It asks the same as {first}, so this counts twice: take one of them out.")


def _as_a_whole(questions: Sequence[Question]) -> Iterator[Finding]:
    about_documents = [question for question in questions if not question.plain]
    if not questions:
        yield Finding("", "error", "The set has no question: add some.")
    if about_documents and all(question.answerable for question in about_documents):
        yield Finding("", "warning", "No question is unanswerable: whether a model declines when it should can't be scored.")
    if len({question.split is None for question in questions}) > 1:
        yield Finding("", "warning", "Only some questions have a split: run `midas eval questions split` on the whole set.")
