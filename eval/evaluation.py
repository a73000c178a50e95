"""A whole evaluation: begins a run or goes on with one, asks the back ends, scores the answers, writes the figures."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from assistant.config import Settings
from assistant.trial import with_models
from eval.figures import write_figures
from eval.provenance import Plan, describe
from eval.questions import Question, load_questions, question_file
from eval.runner import Answering, Cancelled, Progress
from eval.runs import Run, create_run, latest_like, utc_now
from eval.scorer import Scoring
from ingest.errors import ConfigError
from ingest.store import Store
from ingest.types import Embedder


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


def begin(plan: Plan, settings: Settings, store: Store, *, new: bool = False, retry: bool = False) -> Run:
    """The latest run like this one if it was not finished (with `retry`, even then), else a new one.

    Raises ConfigError, CollectionNotFound, StoreError.
    """
    manifest = describe(plan, settings, store)
    latest = None if new else latest_like(settings.home, manifest.fingerprint)
    if latest and (retry or not latest.manifest.finished):
        return latest
    if retry:
        raise ConfigError("There is no run of this command whose failures could be asked again: leave --retry out.")
    return create_run(settings.home, manifest, plan.questions)


async def carry_out(
    run: Run,
    settings: Settings,
    store: Store,
    embedder: Embedder,
    scoring: Scoring,
    progress: Progress,
    cancelled: Cancelled,
    *,
    retry: bool = False,
) -> Run:
    """The run, finished unless it was cancelled. Raises StoreError, BackendChanged, and what `scoring` raises."""
    settings = with_models(list(run.manifest.backends), settings)
    run = await Answering(run, settings, store, embedder, progress, cancelled, retry=retry).answer()
    if not cancelled():
        run = await scoring.score(run, progress, cancelled)
    write_figures(run)
    if cancelled():
        return run
    return run.with_manifest(run.manifest.model_copy(update={"finished": utc_now()}))


def _check(questions: Sequence[Question], name: str, backends: Sequence[str]) -> None:
    if not questions:
        raise ConfigError(f"{name} has no question that could be asked: accept its candidates, or name another set.")
    twice = [id for id, times in Counter(question.id for question in questions).items() if times > 1]
    if twice:
        raise ConfigError(f"{name} has two questions with the id {twice[0]}: run midas eval questions validate on it.")
    if len(set(backends)) < len(backends):
        raise ConfigError("A back end is named twice: --repeat asks it several times.")
