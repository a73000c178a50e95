"""Long work on the server: one job after another, each with progress and a way to stop it."""

from __future__ import annotations

import secrets
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from threading import Event, Lock

from ingest.errors import ConfigError
from ingest.progress import IngestReport
from ui.errors import code_of, told
from ui.service import Cancelled, Progress
from ui.views import JobKind, JobView

Work = Callable[[Progress, Cancelled], IngestReport | None]

KEPT = 100
"""Finished jobs that can still be looked at."""


class Jobs:
    """Runs work in one thread, in the order it came: two ingestions at once would only fight for the same cores."""

    def __init__(self) -> None:
        self._pool = ThreadPoolExecutor(max_workers=1, thread_name_prefix="midas-job")
        self._views: dict[str, JobView] = {}
        self._stops: dict[str, Event] = {}
        self._lock = Lock()

    def start(self, kind: JobKind, collection: str, work: Work) -> JobView:
        view = JobView(secrets.token_hex(8), kind, collection, "queued")
        with self._lock:
            self._forget_oldest()
            self._views[view.id] = view
            self._stops[view.id] = Event()
        self._pool.submit(self._run, view.id, work)
        return view

    def get(self, job_id: str) -> JobView:
        """Raises ConfigError for an unknown id."""
        with self._lock:
            view = self._views.get(job_id)
        if view is None:
            raise ConfigError(f"There is no job {job_id!r}: the server forgets jobs when it stops.")
        return view

    def pending(self) -> int:
        """How many wait or run."""
        with self._lock:
            return sum(not view.finished for view in self._views.values())

    def cancel(self, job_id: str) -> JobView:
        """Asks the job to stop after the documents it has in hand."""
        view = self.get(job_id)
        self._stops[job_id].set()
        return view

    def close(self) -> None:
        """Stops the running job and waits for it."""
        for stop in self._stops.values():
            stop.set()
        self._pool.shutdown(wait=True, cancel_futures=True)

    def _run(self, job_id: str, work: Work) -> None:
        stopped = self._stops[job_id].is_set
        if stopped():
            return self._update(replace(self.get(job_id), state="cancelled"))
        self._update(replace(self.get(job_id), state="running"))
        try:
            report = work(lambda progress: self._update(replace(self.get(job_id), progress=progress)), stopped)
        except Exception as error:
            problem = told(error)
            self._update(replace(self.get(job_id), state="failed", error=problem.message, error_code=code_of(problem)))
        else:
            self._update(replace(self.get(job_id), state="cancelled" if stopped() else "done", report=report))

    def _update(self, view: JobView) -> None:
        with self._lock:
            self._views[view.id] = view

    def _forget_oldest(self) -> None:
        finished = [job_id for job_id, view in self._views.items() if view.finished]
        for job_id in finished[: max(0, len(finished) - KEPT)]:
            del self._views[job_id], self._stops[job_id]
