"""Evaluations that the server carries out: one after another, each with progress and a way to stop it.

What is answered and scored is on the disk at once, so nothing here survives a restart, and nothing has to: a run that was
interrupted is unfinished, and goes on.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from threading import Event, Lock
from typing import Any, Literal

from eval.progress import Cancelled, Progress, RunProgress
from ingest.errors import ConfigError
from ui.errors import told
from ui.views import JobState

Work = Callable[[Progress, Cancelled], Coroutine[Any, Any, object]]
What = Literal["run", "score", "candidates"]
CLOSING_S = 0.2
"""How often work looks whether the server stops."""


@dataclass(frozen=True, slots=True)
class EvaluationJob:
    """Work on a run, whose id is the `subject`, or on candidates of the set `question-sets/NAME`. `by` is the name of who
    started it, `warning` what they should know (by language), `error` why it failed; `stopping` tells that it ends after the
    answer in hand."""

    subject: str
    what: What
    by: str
    state: JobState
    progress: RunProgress | None = None
    warning: Mapping[str, str] | None = None
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
        """Raises ConfigError while there is other work on the same."""
        with self._lock:
            self._require_idle(job.subject)
            self._jobs[job.subject], self._stops[job.subject] = job, Event()
        self._pool.submit(self._carry_out, job.subject, work)
        return job

    def of(self, subject: str) -> EvaluationJob | None:
        """The last work on a run, or a set, since the server started."""
        with self._lock:
            return self._jobs.get(subject)

    def cancel(self, subject: str) -> None:
        """Asks to stop after the answer in hand; what is not going on is left alone."""
        with self._lock:
            job = self._jobs.get(subject)
            if job and not job.finished:
                self._stops[subject].set()
                self._jobs[subject] = replace(job, stopping=True)

    def forget(self, subject: str) -> None:
        """What is told of work on it is not told of another that gets its name. Raises ConfigError while it goes on."""
        with self._lock:
            self._require_idle(subject)
            self._jobs.pop(subject, None)

    def close(self) -> None:
        """Stops at once; the answer in hand is asked again when the run goes on."""
        self._closed.set()
        self._pool.shutdown(wait=True, cancel_futures=True)

    def _require_idle(self, subject: str) -> None:
        known = self._jobs.get(subject)
        if known and not known.finished:
            raise ConfigError(f"{subject} is being worked on: wait until it is done, or stop it.")

    def _carry_out(self, subject: str, work: Work) -> None:
        stopped = self._stops[subject].is_set
        if stopped():
            return self._update(subject, state="cancelled")
        self._update(subject, state="running")
        try:
            asyncio.run(self._until_closed(work(lambda progress: self._update(subject, progress=progress), stopped)))
        except Exception as error:
            self._update(subject, state="failed", error=told(error).message)
        else:
            self._update(subject, state="cancelled" if stopped() or self._closed.is_set() else "done")

    async def _until_closed(self, work: Coroutine[Any, Any, object]) -> None:
        task = asyncio.ensure_future(work)
        while not task.done():
            await asyncio.wait([task], timeout=CLOSING_S)
            if self._closed.is_set():
                task.cancel()
                await asyncio.wait([task])
        if not task.cancelled():
            task.result()

    def _update(self, subject: str, **changes: Any) -> None:
        with self._lock:
            self._jobs[subject] = replace(self._jobs[subject], **changes)
