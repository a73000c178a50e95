"""Scores a run's answers: by rules always, by a judge where one is named."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import groupby

from assistant.config import Settings
from eval.progress import Cancelled, Progress, RunProgress
from eval.runs import Run
from eval.scoring import score_run
from eval.summary import RULE


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
    known = {(row.key, row.metric): row for row in run.scores() if row.scorer == RULE}
    for _, scores in groupby(score_run(run), key=lambda row: row.key):
        run.append(*(row for row in scores if known.get((row.key, row.metric)) != row))
