"""Collections and documents, for those who load and maintain them."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from pathlib import Path

from ingest.catalog import DocumentFilter, FoundDocuments
from ingest.collection import CollectionInfo
from ingest.store import Store
from ingest.watching import Watch
from ui.desks.desk import Desk
from ui.document_views import ChunkPage, Original, VersionView, WatchView, chunk_view
from ui.people.sharing import share
from ui.uploads import Announced
from ui.versions import id_of, version_original, versions
from ui.views import DocumentView, JobView


class Keeping(Desk):
    """For admins. `document` is everywhere the id or the source of a document."""

    least = "admin"

    # Collections

    def collections(self) -> list[CollectionInfo]:
        """All collections, by name."""
        return self.house.service.collections()

    def create(
        self, collection: str, description: str = "", groups: Sequence[str] = (), *, private: bool = False
    ) -> CollectionInfo:
        """An empty collection for the current embedder. Raises ConfigError for a name that is taken or can't be one,
        GroupNotFound."""
        readers = self.house.register.groups.readers(groups)
        self.house.service.create(collection)
        self.house.service.describe(collection, description)
        self.house.service.set_groups(collection, readers)
        self.house.service.set_private(collection, private)
        self.house.ledger.audit(self.person, "collection_made", collection, ", ".join(readers))
        return self._store.collection(collection)

    def set_private(self, collection: str, private: bool) -> None:
        self.house.service.set_private(collection, private)
        self.house.ledger.audit(self.person, "collection_changed", collection, "private" if private else "not private")

    def describe(self, collection: str, text: str) -> None:
        """What those who may read the collection are told about it."""
        self.house.service.describe(collection, text)
        self.house.ledger.audit(self.person, "collection_changed", collection, "description")

    def set_groups(self, collection: str, groups: Sequence[str]) -> None:
        """Shares the collection with these groups and no other. Raises GroupNotFound."""
        readers = share(self.house.service, self.house.register.groups, collection, groups)
        self.house.ledger.audit(self.person, "collection_shared", collection, ", ".join(readers))

    def delete_collection(self, name: str) -> None:
        self.house.service.delete_collection(name)
        self.house.ledger.audit(self.person, "collection_deleted", name)

    def reindex(self, collection: str) -> JobView:
        """Starts a job that builds the index anew with the current embedder and chunking; the old one serves until then. It
        outlives a restart."""
        job = self.house.orders.reindex(collection, self.person.id)
        self.house.ledger.audit(self.person, "collection_reindexed", collection)
        return job

    # Documents

    def documents(
        self, collection: str, text: str = "", state: DocumentFilter | None = None, offset: int = 0, limit: int = 50
    ) -> FoundDocuments:
        """Those whose source or title holds every word of `text`, by source."""
        return self._store.find_documents(collection, text, state, offset, limit)

    def document(self, collection: str, document: str) -> DocumentView:
        """The catalog's row and the text that is searched."""
        found = self.house.service.document(collection, document)
        if found.text is not None:
            self.house.ledger.audit(self.person, "source_read", f"{collection}/{found.row.source}", "text")
        return found

    def history(self, collection: str, document: str) -> list[VersionView]:
        """What happened to a document, newest first; of a deleted one by its id. Raises DocumentNotFound."""
        return versions(self._store, collection, document, self._name)

    def version_original(self, collection: str, document: str, version: int) -> Original:
        """The file of an earlier version of an upload. Raises DocumentNotFound."""
        source = self.house.service.row(collection, document).source
        file = version_original(self._store, collection, document, version)
        self.house.ledger.audit(self.person, "original_read", f"{collection}/{source}", f"version {version}")
        return file

    def chunks(self, collection: str, document: str, offset: int = 0, limit: int = 20) -> ChunkPage:
        """A served document's chunks exactly as they are stored, embedded and given to the model."""
        chunks = self._store.version_chunks(collection, id_of(document))
        if shown := chunks[offset : offset + limit]:
            place = f"chunks {offset + 1} to {offset + len(shown)}"
            self.house.ledger.audit(self.person, "source_read", f"{collection}/{shown[0].source}", place)
        return ChunkPage(len(chunks), tuple(map(chunk_view, shown)))

    def delete_document(self, collection: str, document: str) -> None:
        source = self.house.service.row(collection, document).source
        self.house.service.delete_document(collection, source, self.person.id)
        self.house.ledger.audit(self.person, "document_deleted", f"{collection}/{source}")

    # Loading

    def open_upload(self, collection: str, files: Sequence[Announced]) -> JobView:
        """A job that is `receiving`: send each file that waits (`receive`), then `begin`. It outlives a restart of the server.

        Raises CollectionNotFound, ConfigError when it is too much; a single file that can't be taken has failed in the job.
        """
        job = self.house.uploads.open(collection, files, self.person.id)
        self.house.ledger.audit(self.person, "uploaded", collection, f"{len(job.files)} files")
        return job

    async def receive(self, job_id: str, number: int, pieces: AsyncIterator[bytes]) -> JobView:
        """The bytes of one file of an open upload. Raises ConfigError."""
        return await self.house.uploads.receive(job_id, number, pieces)

    def begin(self, job_id: str) -> JobView:
        """Reads what has arrived; what has not is marked as failed."""
        return self.house.uploads.begin(job_id)

    async def upload(self, collection: str, content_type: str, body: AsyncIterator[bytes]) -> JobView:
        """A whole upload as `multipart/form-data`; the job begins at once. Raises as `open_upload`."""
        job = await self.house.uploads.take(collection, content_type, body, self.person.id)
        self.house.ledger.audit(self.person, "uploaded", collection, f"{len(job.files)} files")
        return job

    def retry(self, job_id: str) -> JobView:
        """Reads the failed files of a finished upload once more. Raises ConfigError."""
        return self.house.uploads.retry(job_id)

    def ingest(self, paths: Sequence[Path], collection: str, *, sync: bool) -> JobView:
        """Starts a job that reads files and folders of the server; it outlives a restart. Raises ConfigError for those that may
        not be read."""
        bounded = self.house.roots.admits(self.person, paths) is not None
        job = self.house.orders.ingest(paths, collection, self.person.id, sync=sync, bounded=bounded)
        self.house.ledger.audit(self.person, "ingested", collection, ", ".join(map(str, paths)))
        return job

    # Jobs

    def jobs(self) -> list[JobView]:
        """All that the server remembers, newest first."""
        return self.house.jobs.all()

    def job(self, job_id: str) -> JobView:
        """Raises ConfigError for an unknown id."""
        return self.house.jobs.get(job_id)

    def cancel_job(self, job_id: str) -> JobView:
        """Stops a job after the documents in hand; forgets one that is finished, with the files that could be tried again."""
        if self.house.jobs.get(job_id).kind == "upload":
            return self.house.uploads.cancel(job_id)
        return self.house.jobs.cancel(job_id)

    # Watched folders

    def watches(self) -> list[WatchView]:
        """By collection and path."""
        return [self._watch(watch) for watch in self.house.watcher.watches.all()]

    def watch(self, collection: str, path: Path, *, sync: bool = False) -> WatchView:
        """Watches a folder of the server. Raises CollectionNotFound, ConfigError for one that may not be watched."""
        self.house.roots.admits(self.person, [path])
        added = self.house.watcher.watches.add(collection, path, sync=sync, by=self.person.id)
        self.house.ledger.audit(self.person, "folder_watched", collection, added.path)
        self.house.watcher.wake()
        return self._watch(added)

    def pause(self, watch_id: int, paused: bool) -> WatchView:
        """Pauses a watched folder, or resumes it. Raises ConfigError."""
        watch = self.house.watcher.watches.pause(watch_id, paused)
        self.house.ledger.audit(self.person, "setting_changed", watch.path, "paused" if paused else "watched again")
        self.house.watcher.wake()
        return self._watch(watch)

    def unwatch(self, watch_id: int) -> None:
        """Watches a folder no longer; its documents stay. Raises ConfigError."""
        watch = self.house.watcher.watches.get(watch_id)
        self.house.watcher.watches.remove(watch_id)
        self.house.ledger.audit(self.person, "folder_unwatched", watch.collection, watch.path)

    # Parts

    def _watch(self, watch: Watch) -> WatchView:
        return WatchView(
            id=watch.id, collection=watch.collection, path=watch.path, sync=watch.sync, paused=watch.paused,
            added_by=self._name(watch.added_by), added_at=watch.added_at, seen_at=watch.seen_at, error=watch.error,
        )  # fmt: skip

    def _name(self, person_id: str) -> str:
        """How a person is called; who is gone has no name."""
        person = self.house.accounts.person(person_id)
        return person.name if person else person_id

    @property
    def _store(self) -> Store:
        return self.house.service.store()
