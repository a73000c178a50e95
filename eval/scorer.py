"""Scores a run's answers: by rules always, by a judge where one is named."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from contextlib import aclosing
from dataclasses import dataclass
from itertools import groupby

from assistant.config import Settings
from assistant.trial import with_models
from eval.judge_choice import choose_judge, closeness, option, warning
from eval.metrics import JUDGE
from eval.progress import Cancelled, Progress, RunProgress
from eval.runs import Run
from eval.scoring import score_run
from eval.summary import RULE
from ingest.errors import ConfigError
from ingest.types import Embedder

AUTO = "auto"
"""In the place of a judge's name: the back end that has least to do with the judged ones."""


@dataclass(frozen=True, slots=True)
class Judging:
    """Who judges, and by which metrics. `embedder` compares texts; passages of `private` collections reach no judge in the
    cloud."""

    settings: Settings
    judge: str
    metrics: tuple[str, ...]
    embedder: Embedder
    private: frozenset[str]


def make_judging(
    settings: Settings,
    judged: Sequence[str],
    judge: str,
    metrics: Sequence[str] | None,
    embedder: Embedder,
    private: Collection[str],
) -> Judging:
    """Checks all that can be checked before anything is asked. Raises ConfigError, MissingExtra."""
    import eval.ragas_scores  # noqa: F401

    name = choose_judge(settings, models_of(judged, settings)) if judge == AUTO else judge
    known = [metric.name for metric in JUDGE]
    if wrong := [metric for metric in metrics or () if metric not in known]:
        raise ConfigError(f"A judge has no metric {wrong[0]!r}: there are {', '.join(known)}.")
    return Judging(with_models([name], settings), name, tuple(metrics or known), embedder, frozenset(private))


def bias_warning(judging: Judging, judged: Sequence[str], language: str) -> str | None:
    """A sentence where the judge is related to what it judges."""
    settings = judging.settings
    near = closeness(judging.judge, str(option(judging.judge, settings, "model")), models_of(judged, settings))
    return warning(near, judging.judge, language) if near else None


def models_of(backends: Sequence[str], settings: Settings) -> Mapping[str, str]:
    """Models by back end, or pulled model, of these names. Raises ConfigError."""
    settings = with_models(list(backends), settings)
    return {name: str(option(name, settings, "model") or "") for name in backends}


def hidden(run: Run, private: Mapping[str, bool]) -> list[str]:
    """The collections of a run whose passages must reach no judge in the cloud: those that are private, and those that nobody
    can say it of any more. `private` tells it of those that there are."""
    return [each.name for each in run.manifest.collections if private.get(each.name, True)]


async def score(run: Run, judging: Judging | None, progress: Progress, cancelled: Cancelled) -> Run:
    """The run with its scores, or those that were there when it was cancelled; what a judge has scored it does not score again.

    Raises StoreError, and MidasError when the judge can't be opened.
    """
    progress(RunProgress(0, 1, "scoring"))
    score_by_rules(run)
    return run if judging is None or cancelled() else await _judge(run, judging, progress, cancelled)


def score_by_rules(run: Run) -> None:
    """Scores every answer anew, which takes milliseconds each, and writes what has changed."""
    known = {(row.key, row.metric): row for row in run.scores() if row.scorer == RULE}
    for _, scores in groupby(score_run(run), key=lambda row: row.key):
        run.append(*(row for row in scores if known.get((row.key, row.metric)) != row))


async def _judge(run: Run, judging: Judging, progress: Progress, cancelled: Cancelled) -> Run:
    from eval.judge import open_judge
    from eval.ragas_scores import ragas_scores

    async with open_judge(judging.judge, judging.settings, judging.private) as judge:
        told = {"judge": judge.name, "judge_fingerprint": judge.fingerprint}
        run = run.with_manifest(run.manifest.model_copy(update=told))
        scores = ragas_scores(
            run.questions(), run.answers(), judge, judging.embedder, judging.metrics, progress, known=run.scores()
        )
        async with aclosing(scores):
            async for row in scores:
                run.append(row)
                if cancelled():
                    break
    return run
