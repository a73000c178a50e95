"""What `midas eval run` and `midas eval score` do. Whatever can be refused is refused before anything heavy is imported."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass
from typing import TYPE_CHECKING

from assistant.config import Settings
from eval.plan import make_plan
from eval.progress import Cancelled
from eval.runs import Run, list_runs
from ingest.errors import ConfigError, StoreLocked
from ui import terminal
from ui.address import read_address
from ui.eval_text import run_progress
from ui.service import connect

if TYPE_CHECKING:
    from eval.scorer import Judging
    from ingest.types import Embedder


@dataclass(frozen=True, slots=True)
class Asked:
    """The options of `midas eval run`; `backends` None means the default one."""

    questions: str
    backends: list[str] | None
    collections: list[str] | None
    repeats: int
    limit: int | None
    live: bool
    judge: str | None
    metrics: list[str] | None
    new: bool
    retry: bool
    cold: bool
    command: str


def run(settings: Settings, asked: Asked, cancelled: Cancelled) -> Run:
    """Raises MidasError; what was answered until then is kept."""
    _require_judge(asked.judge, asked.metrics)
    require_quiet(settings)
    names = asked.backends or [settings.default_backend]
    plan = make_plan(
        asked.questions, names, asked.collections, repeats=asked.repeats, limit=asked.limit, live=asked.live,
        command=asked.command,
    )  # fmt: skip
    if plan.left_out:
        terminal.err.print(f"{plan.left_out} questions are left out: they are candidates that nobody has accepted yet.")
    from assistant.trial import with_models
    from eval.evaluation import begin, carry_out
    from ingest.embedder import make_embedder
    from ingest.store import Store

    settings = with_models(names, settings)
    embedder = make_embedder(settings)
    with Store.open(settings, embedder) as store:
        private = [info.name for info in store.collections() if info.private]
        judging = _judging(settings, names, asked.judge, asked.metrics, lambda: embedder, private)
        begun = begin(plan, settings, store, new=asked.new, retry=asked.retry)
        _tell_how_it_begins(begun, settings)
        with run_progress() as progress:
            work = carry_out(begun, settings, store, embedder, judging, progress, cancelled, retry=asked.retry, cold=asked.cold)
            return asyncio.run(work)


def _tell_how_it_begins(begun: Run, settings: Settings) -> None:
    """Whether it goes on with what is there, or why it does not."""
    if there := len(begun.answers()):
        terminal.err.print(f"Run {begun.id} goes on: {there} answers are there.")
        return
    for run in list_runs(settings.home):
        changed = ", ".join(run.manifest.differing(begun.manifest))
        if changed and run.manifest.command == begun.manifest.command and not run.manifest.finished:
            terminal.err.print(f"Run {run.id} of the same command stays unfinished, as these have changed since: {changed}.")


def score(run: Run, settings: Settings, judge: str | None, metrics: list[str] | None, cancelled: Cancelled) -> Run:
    """Raises MidasError; what was scored until then is kept."""
    _require_judge(judge, metrics)
    from eval.scorer import hidden, score
    from ingest.embedder import make_embedder

    with closing(connect(settings)) as service:
        private = {info.name: info.private for info in service.collections()} if judge else {}
    judged, kept = list(run.manifest.backends), hidden(run, private)
    judging = _judging(settings, judged, judge, metrics, lambda: make_embedder(settings), kept)
    with run_progress() as progress:
        return asyncio.run(score(run, judging, progress, cancelled))


def _require_judge(judge: str | None, metrics: list[str] | None) -> None:
    if judge is None and metrics is not None:
        raise ConfigError("--metrics are the judge's: name one with --judge.")


def _judging(
    settings: Settings,
    judged: list[str],
    judge: str | None,
    metrics: list[str] | None,
    embedder: Callable[[], Embedder],
    private: list[str],
) -> Judging | None:
    """Warns of a judge that is related to what it judges. None where no judge is named."""
    if judge is None:
        return None
    from eval.scorer import bias_warning, make_judging

    judging = make_judging(settings, judged, judge, metrics, embedder(), private)
    if told := bias_warning(judging, judged, "en"):
        terminal.err.print(terminal.plain(told))
    return judging


def require_quiet(settings: Settings) -> None:
    """Raises StoreLocked while a server runs on the same data directory."""
    if address := read_address(settings.home):
        raise StoreLocked(f"A measurement needs the computer to itself: stop midas serve at {address.url} first.")
