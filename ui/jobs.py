"""Long work on the server: one job after another, each with progress and a way to stop it."""

from __future__ import annotations

import secrets
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from threading import Event, RLock

from ingest.catalog import now
from ingest.errors import ConfigError
from ingest.progress import FileOutcome, IngestProgress, IngestReport
from ui.errors import code_of, told
from ui.service import Cancelled, Progress
from ui.views import FileView, JobKind, JobView

Work = Callable[[Progress, Cancelled], IngestReport | None]
End = Callable[[JobView], None]

KEPT = 100
"""Finished jobs that can still be looked at."""


def _nothing(view: JobView) -> None:
    return None


@dataclass(slots=True)
class _Job:
    """`end` hears once that the job is finished, however it came to that; not when the server stops before."""

    view: JobView
    end: End = _nothing
    stop: Event = field(default_factory=Event)


class Jobs:
    """Runs work in one thread, in the order it came: two ingestions at once would only fight for the same cores."""

    def __init__(self) -> None:
        self._pool = ThreadPoolExecutor(max_workers=1, thread_name_prefix="midas-job")
        self._jobs: dict[str, _Job] = {}
        self._closing = Event()
        self._lock = RLock()

    def start(self, kind: JobKind, collection: str, work: Work, owner: str = "") -> JobView:
        """Queues new work; `owner` is the id of the person who wants it."""
        return self.run(JobView(new_id(), kind, collection, "queued", owner=owner, started_at=now()), work)

    def run(self, view: JobView, work: Work, end: End = _nothing) -> JobView:
        """Queues the work of a job that is known already, such as an upload that has arrived, or of a new one."""
        queued = replace(view, state="queued")
        with self._lock:
            job = self._jobs[view.id] = _Job(queued, end)
            self._forget_oldest()
        self._pool.submit(self._run, job, work)
        return queued

    def show(self, view: JobView) -> JobView:
        """Lists a job that is not queued: an upload that is being received, or one that failed before a restart."""
        with self._lock:
            self._jobs.setdefault(view.id, _Job(view)).view = view
        return view

    def get(self, job_id: str) -> JobView:
        """Raises ConfigError for an unknown id."""
        with self._lock:
            return self._job(job_id).view

    def all(self) -> list[JobView]:
        """Newest first."""
        with self._lock:
            return [job.view for job in reversed(self._jobs.values())]

    def pending(self) -> int:
        """How many wait or run."""
        return sum(not view.finished for view in self.all())

    def cancel(self, job_id: str) -> JobView:
        """Ends a job that has not begun; asks one that runs to stop after the documents it has in hand."""
        with self._lock:
            job = self._job(job_id)
            job.stop.set()
            waits = job.view.state == "queued"
        if waits:
            self._finish(job, replace(job.view, state="cancelled"))
        return job.view

    def forget(self, job_id: str) -> None:
        """Takes a job off the list."""
        with self._lock:
            self._jobs.pop(job_id, None)

    def settle(self, job_id: str, outcome: FileOutcome) -> None:
        """Notes how far one of the job's files is."""
        with self._lock:
            job = self._job(job_id)
            job.view = replace(job.view, files=settled(job.view.files, outcome))

    def arrived(self, job_id: str, number: int) -> JobView:
        """Notes that the bytes of one of the job's files are here."""
        with self._lock:
            job = self._job(job_id)
            files = tuple(replace(file, received=file.received or file.number == number) for file in job.view.files)
            job.view = replace(job.view, files=files)
            return job.view

    def close(self) -> None:
        """Stops the running job after the documents in hand, and waits for it; what did not finish may be resumed later."""
        self._closing.set()
        self._pool.shutdown(wait=True, cancel_futures=True)

    def _job(self, job_id: str) -> _Job:
        job = self._jobs.get(job_id)
        if job is None:
            raise ConfigError(
                f"There is no job {job_id!r}: it may have ended before the server was started anew; look at the list."
            )
        return job

    def _run(self, job: _Job, work: Work) -> None:
        with self._lock:
            if job.stop.is_set() or self._closing.is_set():
                return
            job.view = replace(job.view, state="running")
        try:
            report = work(lambda progress: self._progress(job, progress), lambda: self._stopped(job))
        except Exception as error:
            problem = told(error)
            self._ended(job, replace(job.view, state="failed", error=problem.message, error_code=code_of(problem)))
        else:
            self._ended(job, replace(job.view, state="cancelled" if self._stopped(job) else "done", report=report))

    def _stopped(self, job: _Job) -> bool:
        return job.stop.is_set() or self._closing.is_set()

    def _progress(self, job: _Job, progress: IngestProgress) -> None:
        with self._lock:
            job.view = replace(job.view, progress=progress)

    def _ended(self, job: _Job, view: JobView) -> None:
        """Work that only the end of the server stopped is not finished."""
        if not self._closing.is_set() or job.stop.is_set() or view.state == "done":
            self._finish(job, view)

    def _finish(self, job: _Job, view: JobView) -> None:
        """Whoever sees that a job is finished finds everything tidied up."""
        job.end(view)
        with self._lock:
            job.view = view

    def _forget_oldest(self) -> None:
        finished = [job_id for job_id, job in self._jobs.items() if job.view.finished]
        for job_id in finished[: max(0, len(finished) - KEPT)]:
            del self._jobs[job_id]


def new_id() -> str:
    return secrets.token_hex(8)


def settled(files: Sequence[FileView], outcome: FileOutcome) -> tuple[FileView, ...]:
    """The files with what has become of one of them."""
    return tuple(
        replace(file, state=outcome.state, reason=outcome.reason, message=outcome.message)
        if file.source == outcome.source and file.state != "failed"
        else file
        for file in files
    )
