"""All scores that need no judge, of one answer or of a whole run. Nothing here needs an extra."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from eval import abstention_scores, answer_scores, citation_scores, retrieval_scores
from eval.questions import Question
from eval.rows import AnswerRow, ScoreRow

if TYPE_CHECKING:
    from assistant.found import Found
    from eval.runs import Run


def judge_free(question: Question, row: AnswerRow, found: Found | None = None) -> list[ScoreRow]:
    """Retrieval, answer, citations and abstention of one answer; `found` is the search it was answered from."""
    return [
        *retrieval_scores.score(question, row, found),
        *answer_scores.score(question, row),
        *citation_scores.score(question, row),
        *abstention_scores.score(question, row),
    ]


def score_run(run: Run) -> Iterator[ScoreRow]:
    """The judge-free scores of every answer of a run."""
    questions = {question.id: question for question in run.questions()}
    evidence = run.evidence()
    searches = {(row.question, row.digest): row.found for row in evidence}
    any_search = {row.question: row.found for row in evidence}
    for row in run.answers():
        question = questions[row.key.question]
        found = searches.get((question.id, row.evidence or "")) or _only(run, any_search.get(question.id))
        yield from judge_free(question, row, found)


def _only(run: Run, found: Found | None) -> Found | None:
    """With frozen evidence, the one search of a question stands behind every answer to it, also behind one that failed."""
    return found if run.manifest.evidence == "frozen" else None
