"""Scores a run's answers: by rules always, by a judge where one is named."""

from __future__ import annotations

from collections.abc import Sequence

from assistant.config import Settings
from eval.runner import Cancelled, Progress, RunProgress
from eval.runs import Run


class Scoring:
    """What is to be scored beside the rules. `metrics` None means all that the judge can."""

    def __init__(self, settings: Settings, judge: str | None = None, metrics: Sequence[str] | None = None) -> None:
        self._settings = settings
        self._judge = judge
        self._metrics = metrics

    async def score(self, run: Run, progress: Progress, cancelled: Cancelled) -> Run:
        """The run with its scores; what is there already is not scored again."""
        progress(RunProgress(0, 1, "scoring"))
        score_by_rules(run)
        return run


def score_by_rules(run: Run) -> None:
    """Scores every answer anew, which takes milliseconds each, and writes what has changed."""
    from eval.scoring import judge_free

    questions = {question.id: question for question in run.questions()}
    found = {(row.question, row.digest): row.found for row in run.evidence()}
    known = {(row.key, row.metric): row for row in run.scores() if row.scorer == "rule"}
    for row in run.answers():
        question = questions[row.key.question]
        scores = judge_free(question, row, found.get((question.id, row.evidence or "")))
        run.append(*(score for score in scores if known.get((score.key, score.metric)) != score))
