"""What was ordered of the server: to read its files and folders, to build an index anew. Each order is a job, which goes on
after a stop or a crash of the server, whatever became of who ordered it."""

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
    """`paths` are what is to be read. `bounded`: nothing outside the folders of the setting `watch.roots`."""

    job: JobView
    paths: tuple[Path, ...] = ()
    sync: bool = False
    bounded: bool = False


class Orders:
    """Those of one server. The table `orders` has the ones that are not finished."""

    def __init__(self, service: LocalService, jobs: Jobs, roots: Roots) -> None:
        self._service = service
        self._jobs = jobs
        self._roots = roots

    def ingest(self, paths: Sequence[Path], collection: str, owner: str, *, sync: bool, bounded: bool) -> JobView:
        """A job that reads the paths into the collection of that name, or makes it; `owner` is the id of a person."""
        job = JobView(new_id(), "ingest", collection, "queued", owner=owner, started_at=now())
        return self._take(_Order(job, tuple(paths), sync, bounded))

    def reindex(self, collection: str, owner: str) -> JobView:
        """A job that builds the collection's index anew, with the settings of when it begins. Raises CollectionNotFound."""
        into = self._service.store().collection(collection).id
        job = JobView(new_id(), "reindex", collection, "queued", owner=owner, started_at=now(), collection_id=into)
        return self._take(_Order(job))

    def resume(self) -> None:
        """Takes up what a stop or a crash of the server interrupted: what was read already is found unchanged."""
        with self._database.read() as connection:
            rows = connection.execute("SELECT * FROM orders ORDER BY rowid").fetchall()
        for row in rows:
            job = JobView(
                row["job"], row["kind"], row["collection"], "queued", owner=row["by"], started_at=row["at"],
                collection_id=row["collection_id"],
            )  # fmt: skip
            self._queue(_Order(job, tuple(map(Path, json.loads(row["paths"]))), bool(row["sync"]), bool(row["bounded"])))

    def _take(self, order: _Order) -> JobView:
        job, paths = order.job, json.dumps(list(map(str, order.paths)))
        with self._database.write() as connection:
            (into,) = connection.execute(
                "INSERT INTO orders VALUES (?, ?, ?, coalesce(?, (SELECT id FROM collections WHERE name = ?)), ?, ?, ?, ?, ?)"
                " RETURNING collection_id",
                (
                    job.id, job.kind, job.collection, job.collection_id, job.collection, paths, order.sync, order.bounded,
                    job.owner, job.started_at,
                ),
            ).fetchone()  # fmt: skip
        return self._queue(replace(order, job=replace(job, collection_id=into)))

    def _queue(self, order: _Order) -> JobView:
        def work(progress: Progress, cancelled: Cancelled) -> IngestReport | None:
            into = self._collection_id(order.job)
            if order.job.kind == "ingest":
                return self._service.ingest(
                    order.paths, into, sync=order.sync, progress=progress, cancelled=cancelled,
                    admits=self._roots.within(order.paths) if order.bounded else None, by=order.job.owner,
                )  # fmt: skip
            self._service.reindex(into, progress=progress, cancelled=cancelled)
            return None

        return self._jobs.run(order.job, work, self._ended)

    def _collection_id(self, job: JobView) -> int:
        """The collection that was there as the job was ordered, or else the first of its name since, be it deleted; one is made
        where there was none."""
        if job.collection_id is not None:
            return job.collection_id
        if (bound := self._bound(job)) is None:
            self._service.ensure(job.collection)
            bound = self._bound(job)
        assert bound is not None
        return bound

    def _bound(self, job: JobView) -> int | None:
        """What the database has bound the job to: a collection that is made is for the orders that wait for its name."""
        with self._database.read() as connection:
            found: int | None = connection.execute("SELECT collection_id FROM orders WHERE job = ?", (job.id,)).fetchone()[0]
        return found

    def _ended(self, job: JobView) -> None:
        with self._database.write() as connection:
            connection.execute("DELETE FROM orders WHERE job = ?", (job.id,))

    @property
    def _database(self) -> Database:
        return self._service.store().database
