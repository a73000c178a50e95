"""Does it answer what it can, and decline what it can't? Did it come to an answer at all?"""

from __future__ import annotations

from eval.marking import Absent, Mark, score_rows
from eval.questions import Question
from eval.rows import AnswerRow, ScoreRow

NAMES = ("answered_answerable", "declined_unanswerable")
ERRORS = "errors"


def score(question: Question, row: AnswerRow) -> list[ScoreRow]:
    """All abstention scores of one answer. An error is neither answered nor declined."""
    answered: Mark = float(row.status == "ok")
    declined: Mark = float(row.status == "declined")
    if question.plain:
        answered = declined = Absent("the question is asked without documents")
    elif question.answerable:
        declined = Absent("the question has an answer")
    else:
        answered = Absent("the question has no answer")
    return [*score_rows(row, NAMES, (answered, declined)), ScoreRow(row.key, ERRORS, float(row.status == "error"))]
