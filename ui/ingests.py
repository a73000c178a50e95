"""Ingestions of files and folders of the server: each is a job, which goes on after a stop or a crash of the server."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from ingest.catalog import now
from ingest.database import Database
from ingest.progress import IngestReport
from ui.jobs import Jobs, new_id
from ui.roots import Roots
from ui.service import Cancelled, LocalService, Progress
from ui.views import JobView


@dataclass(frozen=True, slots=True)
class _Order:
    """What is to be read. `bounded`: nothing outside the folders of the setting `watch.roots`."""

    job: JobView
    paths: tuple[Path, ...]
    sync: bool
    bounded: bool


class Ingests:
    """Those of one server. The table `ingests` has the ones that are not finished."""

    def __init__(self, service: LocalService, jobs: Jobs, roots: Roots) -> None:
        self._service = service
        self._jobs = jobs
        self._roots = roots

    def start(self, paths: Sequence[Path], collection: str, owner: str, *, sync: bool, bounded: bool) -> JobView:
        """A job that reads the paths into the collection of that name, or makes it; `owner` is the id of a person."""
        job = JobView(new_id(), "ingest", collection, "queued", owner=owner, started_at=now())
        with self._database.write() as connection:
            (into,) = connection.execute(
                "INSERT INTO ingests VALUES (?, ?, (SELECT id FROM collections WHERE name = ?), ?, ?, ?, ?, ?)"
                " RETURNING collection_id",
                (job.id, collection, collection, json.dumps(list(map(str, paths))), sync, bounded, owner, job.started_at),
            ).fetchone()
        return self._queue(_Order(replace(job, collection_id=into), tuple(paths), sync, bounded))

    def resume(self) -> None:
        """Takes up what a stop or a crash of the server interrupted: what was read already is found unchanged."""
        with self._database.read() as connection:
            rows = connection.execute("SELECT * FROM ingests ORDER BY at, job").fetchall()
        for row in rows:
            job = JobView(
                row["job"], "ingest", row["collection"], "queued", owner=row["by"], started_at=row["at"],
                collection_id=row["collection_id"],
            )  # fmt: skip
            self._queue(_Order(job, tuple(map(Path, json.loads(row["paths"]))), bool(row["sync"]), bool(row["bounded"])))

    def _queue(self, order: _Order) -> JobView:
        def work(progress: Progress, cancelled: Cancelled) -> IngestReport:
            return self._service.ingest(
                order.paths, self._collection_id(order.job), sync=order.sync, progress=progress, cancelled=cancelled,
                admits=self._roots.within(order.paths) if order.bounded else None, by=order.job.owner,
            )  # fmt: skip

        return self._jobs.run(order.job, work, self._ended)

    def _collection_id(self, job: JobView) -> int:
        """The one that was there as the job was ordered, be it deleted since; else one is made, and is the job's for good."""
        if job.collection_id is not None:
            return job.collection_id
        made = self._service.ensure(job.collection).id
        with self._database.write() as connection:
            connection.execute("UPDATE ingests SET collection_id = ? WHERE job = ?", (made, job.id))
        return made

    def _ended(self, job: JobView) -> None:
        with self._database.write() as connection:
            connection.execute("DELETE FROM ingests WHERE job = ?", (job.id,))

    @property
    def _database(self) -> Database:
        return self._service.store().database
