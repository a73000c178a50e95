"""Evaluations that the server carries out: one after another, each with progress and a way to stop it.

What is answered and scored is on the disk at once, so nothing here survives a restart, and nothing has to: a run that was
interrupted is unfinished, and goes on.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from threading import Event, Lock
from typing import Any, Literal

from eval.progress import Cancelled, Progress, RunProgress
from ingest.errors import ConfigError
from ui.errors import told
from ui.views import JobState

Work = Callable[[Progress, Cancelled], Coroutine[Any, Any, object]]
What = Literal["run", "score"]
CLOSING_S = 0.2
"""How often work looks whether the server stops."""


@dataclass(frozen=True, slots=True)
class EvaluationJob:
    """Work on a run, by the run's id. `by` is the name of who started it, `warning` what they should know, `error` why it
    failed; `stopping` tells that it ends after the answer in hand."""

    run: str
    what: What
    by: str
    state: JobState
    progress: RunProgress | None = None
    warning: str | None = None
    error: str | None = None
    stopping: bool = False

    @property
    def finished(self) -> bool:
        return self.state in ("done", "failed", "cancelled")


class Evaluations:
    """Runs work in one thread, apart from the jobs that load documents: an evaluation takes hours."""

    def __init__(self) -> None:
        self.writing = Lock()
        """Held while the file of a question set is read, changed and written."""
        self._pool = ThreadPoolExecutor(max_workers=1, thread_name_prefix="midas-evaluation")
        self._jobs: dict[str, EvaluationJob] = {}
        self._stops: dict[str, Event] = {}
        self._lock = Lock()
        self._closed = Event()

    def start(self, job: EvaluationJob, work: Work) -> EvaluationJob:
        """Raises ConfigError while there is other work on the run."""
        with self._lock:
            known = self._jobs.get(job.run)
            if known and not known.finished:
                raise ConfigError(f"Run {job.run} is being worked on: wait until it is done, or stop it.")
            self._jobs[job.run], self._stops[job.run] = job, Event()
        self._pool.submit(self._carry_out, job.run, work)
        return job

    def of(self, run: str) -> EvaluationJob | None:
        """The last work on a run since the server started."""
        with self._lock:
            return self._jobs.get(run)

    def cancel(self, run: str) -> None:
        """Asks to stop after the answer in hand; what is not going on is left alone."""
        with self._lock:
            job = self._jobs.get(run)
            if job and not job.finished:
                self._stops[run].set()
                self._jobs[run] = replace(job, stopping=True)

    def close(self) -> None:
        """Stops at once; the answer in hand is asked again when the run goes on."""
        self._closed.set()
        self._pool.shutdown(wait=True, cancel_futures=True)

    def _carry_out(self, run: str, work: Work) -> None:
        stopped = self._stops[run].is_set
        if stopped():
            return self._update(run, state="cancelled")
        self._update(run, state="running")
        try:
            asyncio.run(self._until_closed(work(lambda progress: self._update(run, progress=progress), stopped)))
        except Exception as error:
            self._update(run, state="failed", error=told(error).message)
        else:
            self._update(run, state="cancelled" if stopped() or self._closed.is_set() else "done")

    async def _until_closed(self, work: Coroutine[Any, Any, object]) -> None:
        task = asyncio.ensure_future(work)
        while not task.done():
            await asyncio.wait([task], timeout=CLOSING_S)
            if self._closed.is_set():
                task.cancel()
                await asyncio.wait([task])
        if not task.cancelled():
            task.result()

    def _update(self, run: str, **changes: Any) -> None:
        with self._lock:
            self._jobs[run] = replace(self._jobs[run], **changes)
