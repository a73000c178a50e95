"""Runs whose answers were made up with known faults, and scored by the real rules."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from random import Random

from assistant.types import Citation, GroundedSentence, Source
from eval.questions import Question, Reference
from eval.rows import AnswerRow, Key, Speed
from eval.runs import Run, create_run
from eval.scoring import score_run
from tests.finished_runs import manifest

DOCUMENT, OTHER = "personas/vacaciones.pdf", "compras/compras.pdf"


@dataclass(frozen=True, slots=True)
class Quality:
    """How often, from 0 to 1, answers go wrong in each way. `ms` is the time to the first token."""

    wrong: float = 0.1
    declines: float = 0.05
    answers_anything: float = 0.1
    foreign: float = 0.0
    miscites: float = 0.05
    errors: float = 0.0
    ms: float = 500.0


GOOD = Quality()
WORSE = Quality(wrong=0.45, answers_anything=0.8, foreign=0.3, miscites=0.4)
"""As from a prompt that neither asks for the documents' words nor allows to decline."""


def make_questions(count: int) -> list[Question]:
    """Every fourth has no answer in the documents, every third is in English."""
    return [_question(number) for number in range(count)]


def answered_run(
    home: Path,
    id: str,
    qualities: Mapping[str, Quality],
    count: int = 60,
    *,
    seed: int = 0,
    repeats: int = 1,
    questions: Sequence[Question] | None = None,
    skipped: Sequence[str] = (),
) -> Run:
    """The same arguments give the same answers. `skipped` are questions that no back end was asked."""
    asked = list(questions or make_questions(count))
    run = create_run(home, manifest(list(qualities), len(asked), id=id, repeats=repeats), asked)
    for backend, quality in qualities.items():
        for repeat in range(repeats):
            chances = Random(f"{seed}/{backend}/{repeat}")
            rows = [answer_of(question, Key(question.id, backend, repeat), quality, chances) for question in asked]
            run.append(*(row for row in rows if row.key.question not in skipped))
    run.append(*score_run(run))
    return run


def answer_of(question: Question, key: Key, quality: Quality, chances: Random) -> AnswerRow:
    """Draws as many chances for every quality, so that two qualities differ only where they must."""
    wrong, declines, anything, foreign, miscites, fails = (chances.random() for _ in range(6))
    speed = Speed(ttft_ms=quality.ms * (0.8 + 0.4 * chances.random()))
    if fails < quality.errors:
        return AnswerRow(key, "error", question.language, error="It took too long.", error_kind="BackendTimeout")
    if declines < quality.declines if question.answerable else anything >= quality.answers_anything:
        return AnswerRow(key, "declined", question.language, text="No está en los documentos.", speed=speed)
    figure = number_of(question) + (wrong < quality.wrong)
    language = "fr" if foreign < quality.foreign else question.language
    return written(question, key, sentence(language, figure), OTHER if miscites < quality.miscites else DOCUMENT, speed)


def written(question: Question, key: Key, text: str, document: str, speed: Speed) -> AnswerRow:
    """An answer of one sentence that cites one passage of the document."""
    quote = f"Corresponden {number_of(question)} días de vacaciones"
    source = Source(1, "c1", "midas", "d1", document, "", 1, "page", (), None, quote, f"Artículo 1. {quote}.", 0.9)
    return AnswerRow(
        key,
        "ok",
        question.language,
        text=f"{text} [1].",
        sources=(source,),
        citations=(Citation(1, 0, len(text) + 5, quote, False),),
        sentences=(GroundedSentence(0, len(text) + 5, "supported", 1.0, "rule"),),
        speed=speed,
    )


def sentence(language: str, figure: int) -> str:
    return {
        "es": f"A todas las personas les corresponden {figure} días de vacaciones",
        "en": f"Everybody in the company has the right to {figure} days of holiday",
        "fr": f"Toutes les personnes de la société ont droit à {figure} jours de vacances",
    }[language]


def number_of(question: Question) -> int:
    return 20 + int(question.id[1:])


def _question(number: int) -> Question:
    language = "en" if number % 3 == 0 else "es"
    if number % 4 == 0:
        return Question(id=f"q{number}", question=f"¿{number}?", language=language, answerable=False, tags=("unanswerable",))
    days = 20 + number
    quote = f"Corresponden {days} días de vacaciones"
    return Question(
        id=f"q{number}",
        question=f"¿Cuántos días, caso {number}?",
        language=language,
        answerable=True,
        reference=sentence(language, days),
        facts=((str(days),),),
        sources=(Reference(document=DOCUMENT, page=1, quote=quote),),
        tags=("number",),
    )
