"""A question set in two parts that are alike: one to set thresholds on, one that is only reported on."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from fractions import Fraction

from eval.questions import Question


def split_questions(questions: Sequence[Question], calibration: float, seed: int = 0) -> list[Question]:
    """The questions in their order, each with its `split`. `calibration` is that part's share, between 0 and 1.

    Systematic sampling (Cochran 1977, chapter 8): the questions are laid out by language, answerable, tags and then by a hash
    of seed and id, and every (1 / share)-th is taken. So each stratum, and each union of neighbouring ones, is divided to
    within one question, and the same seed always gives the same split.
    """
    ordered = sorted(questions, key=lambda question: (*stratum(question), _shuffled(seed, question.id)))
    share = Fraction(calibration).limit_denominator(10_000)
    taken = {question.id for place, question in enumerate(ordered) if int((place + 1) * share) > int(place * share)}
    return [
        question.model_copy(update={"split": "calibration" if question.id in taken else "report"}) for question in questions
    ]


def stratum(question: Question) -> tuple[str, bool, tuple[str, ...]]:
    """What both parts should have in the same share."""
    return question.language, question.answerable, tuple(sorted(question.tags))


def _shuffled(seed: int, id: str) -> bytes:
    return hashlib.sha256(f"{seed}\n{id}".encode()).digest()
