"""Sources of answers: a passage in its surroundings, pages as they look, original files."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from pathlib import PurePosixPath

from ingest.catalog import DocumentRow
from ingest.chunk_table import ChunkKey
from ingest.errors import CollectionNotFound, ConfigError, DocumentNotFound
from ingest.originals import obstacle, original_of, place_of
from ingest.quotes import letters
from ingest.store import Store
from ingest.surroundings import page_of, surroundings
from ingest.types import StoredChunk
from ui.desks.desk import Desk
from ui.document_views import Original, SourceView

PDF = "application/pdf"


class Reading(Desk):
    """For everyone who is signed in: of the documents that they may read."""

    for_asking = True

    def source(self, chunk_id: str, quotes: Sequence[str] = ()) -> SourceView:
        """The passage; when its document was changed or indexed anew since, the passage that holds one of the `quotes` now.

        Raises DocumentNotFound when there is none, or not for this person.
        """
        stored = self._passage(chunk_id, quotes)
        self.house.ledger.audit(self.person, "source_read", f"{stored.collection}/{stored.source}", _place(stored))
        row = self._store.document(stored.collection, stored.document_id)
        document = self._store.stored_document(stored.collection, stored.document_id).document
        why_not = obstacle(row, self._store.originals)
        chunk, around = stored.chunk, surroundings(document, stored.chunk)
        return SourceView(
            chunk_id=stored.id, collection=stored.collection, document_id=stored.document_id, document=stored.source,
            title=stored.title, date=stored.date, published_at=self._published_at(row, stored.collection),
            page=page_of(document, chunk, quotes), page_end=chunk.page_end, pages=row.pages, page_unit=stored.page_unit,
            headings=chunk.headings, kind=chunk.kind, before=around.before, passage=around.passage, after=around.after,
            cut_before=around.cut_before, cut_after=around.cut_after, media_type=row.media_type,
            drawable=row.media_type == PDF and why_not is None, downloadable=why_not is None, obstacle=why_not,
        )  # fmt: skip

    def page_image(self, collection: str, document_id: str, page: int, quotes: Sequence[str] = ()) -> bytes:
        """A page of a PDF document as PNG, with the quotes marked in yellow where they are found on it.

        Raises DocumentNotFound, ConfigError when it can't be drawn.
        """
        row = self._row(collection, document_id)
        if row.media_type != PDF:
            raise ConfigError(f"The pages of {row.source} can't be drawn, it is no PDF: open the original file.")
        self.house.ledger.audit(self.person, "source_read", f"{collection}/{row.source}", f"page {page}")
        return self.house.pages.draw(place_of(row, self._store.originals), row.sha256, page, quotes)

    def original(self, collection: str, document_id: str) -> Original:
        """The file that the served version was read from. Raises CollectionNotFound, DocumentNotFound."""
        row = self._row(collection, document_id)
        path = original_of(row, self._store.originals)
        self.house.ledger.audit(self.person, "original_read", f"{collection}/{row.source}")
        return Original(path, PurePosixPath(row.source).name, row.media_type)

    def _passage(self, chunk_id: str, quotes: Sequence[str]) -> StoredChunk:
        for stored in self._store.chunks([chunk_id], self.person.access.readers):
            return stored
        wanted = [found for quote in quotes if (found := letters(quote)[0])]
        for stored in self._present(ChunkKey.parse(chunk_id)) if wanted else ():
            if any(quote in letters(stored.chunk.text)[0] for quote in wanted):
                return stored
        raise DocumentNotFound("This passage is not there any more, its document was changed or deleted: ask again.")

    def _present(self, key: ChunkKey | None) -> list[StoredChunk]:
        """What is served now of the document that a passage was in."""
        if key is not None:
            with suppress(CollectionNotFound, DocumentNotFound):
                self._store.collection(key.collection, self.person.access.readers)
                return self._store.version_chunks(key.collection, key.document_id)
        return []

    def _published_at(self, row: DocumentRow, collection: str) -> str:
        events = self._store.history(collection, row.document_id)
        return next((event.at for event in events if event.event == "published"), row.updated_at)

    def _row(self, collection: str, document_id: str) -> DocumentRow:
        """Of a served document. Raises CollectionNotFound, DocumentNotFound."""
        self._store.collection(collection, self.person.access.readers)
        row = self._store.document(collection, document_id)
        if not row.served:
            raise DocumentNotFound(f"{row.source} is not served: ask an admin to load it again.")
        return row

    @property
    def _store(self) -> Store:
        return self.house.service.store()


def _place(stored: StoredChunk) -> str:
    return "" if stored.chunk.page is None else f"{stored.page_unit} {stored.chunk.page}"
