"""Looks at the watched folders, again and again, and has read what is new, changed or gone."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from threading import Event, Thread

from assistant.config import WatchSettings
from ingest.catalog import FileStamp
from ingest.errors import MidasError
from ingest.progress import IngestReport
from ingest.watching import Look, Watch, Watches, look
from ui.errors import told
from ui.jobs import Jobs
from ui.roots import Roots
from ui.service import Cancelled, LocalService, Progress


class Watcher:
    """A thread that polls, which works on every kind of disk. One reading of a folder at a time."""

    def __init__(self, settings: WatchSettings, service: LocalService, jobs: Jobs, roots: Roots) -> None:
        self._settings = settings
        self._service = service
        self._jobs = jobs
        self._roots = roots
        self._unsettled: dict[int, Mapping[Path, FileStamp]] = {}
        self._readings: dict[int, str] = {}
        self._closed = Event()
        self._woken = Event()
        self._thread: Thread | None = None

    @property
    def watches(self) -> Watches:
        return Watches(self._service.store())

    def start(self) -> None:
        self._thread = Thread(target=self._run, name="midas-watcher", daemon=True)
        self._thread.start()

    def wake(self) -> None:
        """Looks now: a folder was added, or goes on."""
        self._woken.set()

    def close(self) -> None:
        self._closed.set()
        self._woken.set()
        if self._thread:
            self._thread.join()

    def look_at_all(self) -> None:
        """One look at every folder that is not paused."""
        for watch in self.watches.all():
            if not (watch.paused or self._is_read(watch) or self._closed.is_set()):
                self._look_at(watch)

    def _run(self) -> None:
        while not self._closed.is_set():
            try:
                self.look_at_all()
            except Exception as error:
                told(error)
            self._woken.wait(self._settings.seconds)
            self._woken.clear()

    def _is_read(self, watch: Watch) -> bool:
        """Whether what an earlier look found is still being read."""
        try:
            return watch.id in self._readings and not self._jobs.get(self._readings[watch.id]).finished
        except MidasError:
            return False

    def _look_at(self, watch: Watch) -> None:
        admits = self._roots.beside(Path(watch.path))
        try:
            found = look(self._service.store(), watch, admits, self._settings.settle_seconds, self._unsettled.get(watch.id, {}))
        except MidasError as error:
            return self.watches.seen(watch.id, error.message)
        self._unsettled[watch.id] = found.unsettled
        if found.calls_for_work:
            self._read(watch, found)
        else:
            self.watches.seen(watch.id, found.problem)

    def _read(self, watch: Watch, found: Look) -> None:
        def work(progress: Progress, cancelled: Cancelled) -> IngestReport:
            try:
                report = self._service.ingest(
                    [Path(watch.path)], watch.collection_id, sync=watch.sync, progress=progress, cancelled=cancelled,
                    admits=found.ready.__contains__, by=watch.added_by,
                )  # fmt: skip
            except Exception as error:
                self.watches.seen(watch.id, told(error).message)
                raise
            self.watches.seen(watch.id, found.problem)
            return report

        self._readings[watch.id] = self._jobs.start("ingest", watch.collection, work, watch.added_by).id
