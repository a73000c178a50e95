"""A whole evaluation: begins a run or goes on with one, asks the back ends, scores the answers, writes the figures."""

from __future__ import annotations

from assistant.config import Settings
from assistant.trial import with_models
from eval.figures import write_figures
from eval.plan import Plan
from eval.progress import Cancelled, Progress
from eval.provenance import describe
from eval.runner import Answering
from eval.runs import Run, create_run, latest_like, utc_now
from eval.scorer import Judging, score
from ingest.errors import ConfigError
from ingest.store import Store
from ingest.types import Embedder


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
    judging: Judging | None,
    progress: Progress,
    cancelled: Cancelled,
    *,
    retry: bool = False,
    cold: bool = False,
) -> Run:
    """The run, finished unless it was cancelled. `cold` measures how back ends start, too.

    Raises StoreError, BackendChanged, and MidasError when the judge can't be opened.
    """
    settings = with_models(list(run.manifest.backends), settings)
    run = await Answering(run, settings, store, embedder, progress, cancelled, retry=retry, cold=cold).answer()
    if not cancelled():
        run = await score(run, judging, progress, cancelled)
    write_figures(run)
    if cancelled():
        return run
    return run.with_manifest(run.manifest.model_copy(update={"finished": utc_now()}))
