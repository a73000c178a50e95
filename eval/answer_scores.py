"""Does the answer say what the reference says, in the right language? By rule, so that no model has to judge it."""

from __future__ import annotations

import re

from eval.facts import CITATION, contains_facts
from eval.marking import Absent, Mark, score_rows, share
from eval.metrics import ANSWER
from eval.questions import Question
from eval.rows import AnswerRow, ScoreRow
from eval.words import stand_in, telling_words, token_f1, words
from ingest.text import detect_language

NAMES = tuple(metric.name for metric in ANSWER)
SHORT = 4
"""Words up to which a reference without facts must stand in the answer whole; a longer one can be told in other words."""
TELLING = 4
"""Words without digits from which a language can be told; `19,00 euros` and `Hotel Glorieta Sur` are of every language."""
_CODE = re.compile(r"```.*?(?:```|\Z)|`[^`\n]*`", re.DOTALL)


def score(question: Question, row: AnswerRow) -> list[ScoreRow]:
    """All answer scores of one answer. A declined answer says nothing: 0 where there was something to say."""
    f1, exact = _against_reference(question, row)
    right = correct(question, row)
    marks = (right, _good(row, right), _fact_recall(question, row), f1, exact, _language(question, row))
    return score_rows(row, NAMES, marks)


def correct(question: Question, row: AnswerRow) -> Mark:
    """1 for all the facts of the reference, or the whole of a short one; without an answer in the documents, for saying so."""
    if not question.answerable and not question.plain:
        return float(row.status == "declined")
    if question.facts:
        return float(row.status == "ok" and contains_facts(row.text, question.facts))
    reference = telling_words(question.reference or "", question.language)
    if not 0 < len(reference) <= SHORT:
        return Absent("the question has neither facts nor a short reference")
    return float(row.status == "ok" and stand_in(reference, telling_words(row.text, question.language)))


def _good(row: AnswerRow, right: Mark) -> Mark:
    if isinstance(right, Absent):
        return right
    return float(right == 1 and all(sentence.verdict != "unsupported" for sentence in row.sentences))


def _fact_recall(question: Question, row: AnswerRow) -> Mark:
    if not question.facts:
        return Absent("the question has no facts")
    return share([row.status == "ok" and contains_facts(row.text, [fact]) for fact in question.facts])


def _against_reference(question: Question, row: AnswerRow) -> tuple[Mark, Mark]:
    """Token F1 and exact match."""
    if question.reference is None:
        absent = Absent("the question has no reference")
        return absent, absent
    if row.status == "declined":
        return 0.0, 0.0
    answer, reference = (telling_words(text, question.language) for text in (row.text, question.reference))
    return token_f1(answer, reference), float(answer == reference)


def _language(question: Question, row: AnswerRow) -> Mark:
    if row.status == "declined":
        return Absent("the answer was declined")
    prose = _CODE.sub(" ", CITATION.sub(" ", row.text))
    if sum(word.isalpha() for word in words(prose)) < TELLING:
        return Absent("too few words to tell the language")
    return float(detect_language(prose, default=question.language) == question.language)
