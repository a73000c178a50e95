"""What `midas eval run` and `midas eval score` do. Whatever can be refused is refused before anything heavy is imported."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass

from assistant.config import Settings
from eval.plan import make_plan
from eval.progress import Cancelled
from eval.runs import Run
from ingest.errors import StoreLocked
from ui import terminal
from ui.address import read_address
from ui.eval_text import run_progress


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
    command: str


def run(settings: Settings, asked: Asked, cancelled: Cancelled) -> Run:
    """Raises MidasError; what was answered until then is kept."""
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
    from eval.scorer import Scoring
    from ingest.embedder import make_embedder
    from ingest.store import Store

    settings = with_models(names, settings)
    embedder = make_embedder(settings)
    with Store.open(settings, embedder) as store:
        begun = begin(plan, settings, store, new=asked.new, retry=asked.retry)
        if there := len(begun.answers()):
            terminal.err.print(f"Run {begun.id} goes on: {there} answers are there.")
        scoring = Scoring(settings, asked.judge, asked.metrics)
        with run_progress() as progress:
            work = carry_out(begun, settings, store, embedder, scoring, progress, cancelled, retry=asked.retry)
            return asyncio.run(work)


def score(run: Run, settings: Settings, judge: str | None, metrics: list[str] | None, cancelled: Cancelled) -> Run:
    from eval.scorer import Scoring

    with run_progress() as progress:
        return asyncio.run(Scoring(settings, judge, metrics).score(run, progress, cancelled))


def require_quiet(settings: Settings) -> None:
    """Raises StoreLocked while a server runs on the same data directory."""
    if address := read_address(settings.home):
        raise StoreLocked(f"A measurement needs the computer to itself: stop midas serve at {address.url} first.")
