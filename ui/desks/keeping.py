"""Collections and documents, for those who load and maintain them."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from ingest.catalog import DocumentRow
from ingest.collection import CollectionInfo
from ingest.progress import IngestReport
from ui.desks.desk import Desk
from ui.service import Cancelled, Progress
from ui.views import DocumentView, JobView


class Keeping(Desk):
    """For admins."""

    least = "admin"

    def collections(self) -> list[CollectionInfo]:
        """All collections, by name."""
        return self.house.service.collections()

    def set_private(self, collection: str, private: bool) -> None:
        self.house.service.set_private(collection, private)

    def describe(self, collection: str, text: str) -> None:
        """What those who may read the collection are told about it."""
        self.house.service.describe(collection, text)

    def set_groups(self, collection: str, groups: Sequence[str]) -> None:
        """Shares the collection with these groups and no other."""
        self.house.service.set_groups(collection, groups)

    def delete_collection(self, name: str) -> None:
        self.house.service.delete_collection(name)

    def documents(self, collection: str) -> list[DocumentRow]:
        return self.house.service.documents(collection)

    def document(self, collection: str, document: str) -> DocumentView:
        """`document` is an id or a source."""
        return self.house.service.document(collection, document)

    def delete_document(self, collection: str, document: str) -> None:
        self.house.service.delete_document(collection, document)

    def ingest(self, paths: Sequence[Path], collection: str, *, sync: bool) -> JobView:
        """Starts a job."""

        def work(progress: Progress, cancelled: Cancelled) -> IngestReport:
            return self.house.service.ingest(paths, collection, sync=sync, progress=progress, cancelled=cancelled)

        return self.house.jobs.start("ingest", collection, work)

    def reindex(self, collection: str) -> JobView:
        """Starts a job."""

        def work(progress: Progress, cancelled: Cancelled) -> None:
            self.house.service.reindex(collection, progress=progress, cancelled=cancelled)

        return self.house.jobs.start("reindex", collection, work)

    def job(self, job_id: str) -> JobView:
        """Raises ConfigError for an unknown id."""
        return self.house.jobs.get(job_id)

    def cancel_job(self, job_id: str) -> JobView:
        return self.house.jobs.cancel(job_id)
