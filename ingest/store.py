"""Chroma vectors and the SQLite full-text index behind one object. SQLite is the arbiter of what is visible.

Publishing a version: (1) a row in `leftovers` claims a version number and says which vectors are about to exist; (2) the
vectors are written; (3) one SQLite transaction makes the new chunks visible, removes the old ones, strikes the new version from
`leftovers` and puts the old one in; (4) the vectors of the old version are deleted and struck off. Wherever a crash strikes,
SQLite holds whole documents of one version, vectors whose chunks it doesn't know are never returned, and the next open deletes
what `leftovers` lists.
"""

from __future__ import annotations

import json
import sqlite3
import zlib
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from itertools import accumulate
from threading import RLock
from types import TracebackType
from typing import TypeVar, cast

import numpy as np

from ingest import chunk_table, fulltext, history, lexical
from ingest.catalog import Catalog, DocumentFilter, DocumentRow, FileStamp, FoundDocuments, now, same_content
from ingest.chunk_table import UNFILTERED, version_ids, within
from ingest.collection import (
    CollectionIndex,
    CollectionInfo,
    CollectionKey,
    Readers,
    all_collections,
    check_match,
    check_name,
    find_index,
    find_indexes,
)
from ingest.config import ChunkingSettings, IngestSettings
from ingest.database import Database
from ingest.errors import CollectionMismatch, ConfigError, DocumentNotFound, StoreError
from ingest.heirs import Heir, find_heirs, follow
from ingest.history import LOCAL, VersionRow
from ingest.lock import DirectoryLock
from ingest.originals import Originals
from ingest.types import (
    BLOCK_SEPARATOR,
    Block,
    BlockKind,
    Chunk,
    Document,
    Embedder,
    Filter,
    Hit,
    PageUnit,
    StoredChunk,
    Vectors,
)
from ingest.vectors import VectorIndex

__all__ = ["CollectionInfo", "DocumentRow", "IndexedDocument", "Store", "StoredDocument"]

T = TypeVar("T")
LayoutRow = tuple[int, BlockKind, int | None, list[str]]
"""Of a block: length, kind, page, headings."""

EXACT_CHUNKS = 256
"""A search filtered to no more chunks than this compares all of them: reading a vector back from Chroma takes about 65 µs."""


@dataclass(frozen=True, slots=True)
class IndexedDocument:
    """A document ready to be published. `vectors` is float32 (len(chunks), dimension); ordinals count from 0."""

    document: Document
    chunks: Sequence[Chunk]
    vectors: Vectors
    file: FileStamp | None = None


@dataclass(frozen=True, slots=True)
class StoredDocument:
    """A served document with its blocks, as it can be chunked again; `version` is the served version."""

    document: Document
    version: int


class Store:
    """The data directory. Thread-safe: searches run while documents are published.

    `embedder`, when given, is the one that makes query vectors: searching a collection of another embedder is refused.
    While `publishing` is held, nobody else changes what is served.
    """

    def __init__(self, settings: IngestSettings, lock: DirectoryLock, database: Database, vectors: VectorIndex) -> None:
        self.settings = settings
        self.database = database
        self.vectors = vectors
        self.embedder: Embedder | None = None
        self.originals = Originals(settings.home / "originals")
        self._lock = lock
        self.publishing = RLock()
        self._building: set[int] = set()

    @classmethod
    def open(cls, settings: IngestSettings, embedder: Embedder | None = None) -> Store:
        """Takes the directory's lock and removes what a crash left. Raises StoreLocked, StoreError."""
        lock = DirectoryLock(settings.home)
        lock.acquire()
        try:
            database = Database(settings.home / "midas.db")
            store = cls(settings, lock, database, _vectors(settings, database))
            store.embedder = embedder
            store.recover()
            store.sweep_originals()
        except BaseException:
            lock.release()
            raise
        return store

    def close(self) -> None:
        """Waits for a document that is being published."""
        with self.publishing:
            self.database.close()
            self.vectors.close()
            self._lock.release()

    def __enter__(self) -> Store:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.close()

    # Collections

    def collections(self, readers: Readers = None) -> list[CollectionInfo]:
        """All collections that `readers` may read, by name."""
        with self.database.read() as connection:
            return all_collections(connection, readers)

    def collection(self, collection: CollectionKey, readers: Readers = None) -> CollectionInfo:
        """Raises CollectionNotFound, which lists the valid names."""
        with self.database.read() as connection:
            index = find_index(connection, collection, readers)
            return next(info for info in all_collections(connection, readers) if info.id == index.id)

    def names(self, wanted: Sequence[str] | None = None, readers: Readers = None) -> tuple[str, ...]:
        """The collections `wanted`, each once, or all of them, that `readers` may read. Raises CollectionNotFound."""
        with self.database.read() as connection:
            return tuple(index.name for index in find_indexes(connection, wanted, readers))

    def create(self, name: str, embedder: Embedder, chunking: ChunkingSettings) -> CollectionInfo:
        """An empty collection, shared with nobody. Raises ConfigError when there is one of that name, or it can't be one."""
        with self.publishing:
            if name in self.names():
                raise ConfigError(f"There is a collection {name!r} already: choose another name.")
            self._create_collection(name, embedder, chunking)
            return self.collection(name)

    def ensure_collection(self, collection: CollectionKey, embedder: Embedder, chunking: ChunkingSettings) -> CollectionInfo:
        """Creates the collection of a name, or checks that it was built the same way.

        Raises CollectionMismatch, ConfigError, CollectionNotFound for an id.
        """
        with self.publishing:
            if isinstance(collection, str) and collection not in self.names():
                self._create_collection(collection, embedder, chunking)
            info = self.collection(collection)
        check_match(info, embedder, chunking)
        return info

    def set_private(self, name: str, private: bool) -> None:
        """Whether back ends in the cloud are kept away from the collection. Raises CollectionNotFound."""
        with self.publishing:
            index = self._index(name)
            with self.database.write() as connection:
                connection.execute("UPDATE collections SET private = ? WHERE id = ?", (private, index.id))

    def describe(self, name: str, text: str) -> None:
        """What those who may read the collection are told about it. Raises CollectionNotFound."""
        with self.publishing:
            index = self._index(name)
            with self.database.write() as connection:
                connection.execute("UPDATE collections SET description = ? WHERE id = ?", (text.strip(), index.id))

    def set_contact(self, name: str, text: str) -> None:
        """Who knows more about its documents. Raises CollectionNotFound."""
        with self.publishing:
            index = self._index(name)
            with self.database.write() as connection:
                connection.execute("UPDATE collections SET contact = ? WHERE id = ?", (text.strip(), index.id))

    def set_groups(self, name: str, groups: Iterable[str]) -> None:
        """Shares the collection with these groups and no other. Raises CollectionNotFound."""
        with self.publishing:
            index = self._index(name)
            with self.database.write() as connection:
                connection.execute("DELETE FROM readers WHERE collection = ?", (index.id,))
                rows = [(group, index.id) for group in set(groups)]
                connection.executemany('INSERT INTO readers ("group", collection) VALUES (?, ?)', rows)

    def delete_collection(self, name: str) -> None:
        """Deletes the collection with all its documents. Raises CollectionNotFound."""
        with self.publishing:
            index = self._index(name)
            with self.database.write() as connection:
                connection.execute("DELETE FROM collections WHERE id = ?", (index.id,))
            self.recover()
            self.sweep_originals()

    def _create_collection(self, name: str, embedder: Embedder, chunking: ChunkingSettings) -> None:
        check_name(name)
        generation = self.begin_generation(embedder, chunking)
        with self.database.write() as connection:
            connection.execute(
                "INSERT INTO collections (id, name, created_at, generation) VALUES (?, ?, ?, ?)",
                (generation, name, now(), generation),
            )
        self._building.discard(generation)

    def _index(self, collection: CollectionKey) -> CollectionIndex:
        with self.database.read() as connection:
            return find_index(connection, collection)

    # Documents

    def documents(self, collection: CollectionKey) -> list[DocumentRow]:
        """The catalog of a collection, by source. Raises CollectionNotFound."""
        with self.database.read() as connection:
            return Catalog(connection, find_index(connection, collection).id).rows()

    def find_documents(
        self, collection: str, text: str, state: DocumentFilter | None, offset: int, limit: int
    ) -> FoundDocuments:
        """Those whose source or title holds the words of `text`, by source. Raises CollectionNotFound."""
        with self.database.read() as connection:
            return Catalog(connection, find_index(connection, collection).id).find(text, state, offset, limit)

    def version_chunks(self, collection: str, document_id: str) -> list[StoredChunk]:
        """All chunks of a served document, in reading order. Raises DocumentNotFound, CollectionNotFound."""
        row = self.document(collection, document_id)
        return self.chunks(version_ids(collection, document_id, row.version, row.chunks)) if row.version is not None else []

    def document(self, collection: str, document_id: str) -> DocumentRow:
        """Raises DocumentNotFound, CollectionNotFound."""
        with self.database.read() as connection:
            row = Catalog(connection, find_index(connection, collection).id).get(document_id)
        if row is None:
            raise _no_document(collection, document_id)
        return row

    def document_text(self, collection: str, document_id: str) -> str:
        """The served text, which `Chunk.start` and `Chunk.end` count in. Raises DocumentNotFound when none is served."""
        return _unpack(self._text_row(collection, document_id)["text"])

    def stored_document(self, collection: CollectionKey, document_id: str) -> StoredDocument:
        """Raises DocumentNotFound when no version is served."""
        row = self._text_row(collection, document_id)
        document = Document(
            source=row["source"], sha256=row["sha256"], media_type=row["media_type"], title=row["title"],
            blocks=_blocks(_unpack(row["text"]), row["layout"]), page_unit=cast("PageUnit | None", row["page_unit"]),
            date=row["date"], warnings=tuple(json.loads(row["warnings"])),
        )  # fmt: skip
        return StoredDocument(document, row["version"])

    def outline(self, collection: str, document_id: str) -> list[tuple[int, tuple[str, ...]]]:
        """Where each block of the served text begins, and the headings above it. Raises DocumentNotFound."""
        rows = _rows(self._text_row(collection, document_id)["layout"])
        return [(start, tuple(row[3])) for start, row in zip(_starts(rows), rows, strict=True)]

    def _text_row(self, collection: CollectionKey, document_id: str) -> sqlite3.Row:
        query = (
            "SELECT d.*, t.text, t.layout FROM documents d JOIN texts t USING (collection, document_id)"
            " WHERE d.collection = ? AND d.document_id = ?"
        )
        with self.database.read() as connection:
            found = connection.execute(query, (find_index(connection, collection).id, document_id))
            row: sqlite3.Row | None = found.fetchone()
        if row is None:
            raise _no_document(collection, document_id)
        return row

    def history(self, collection: str, document_id: str) -> list[VersionRow]:
        """What happened to the document, newest first, be it deleted. Raises DocumentNotFound, CollectionNotFound."""
        with self.database.read() as connection:
            rows = history.rows(connection, find_index(connection, collection).id, document_id)
        if not rows:
            raise _no_document(collection, document_id)
        return rows

    def sweep_originals(self) -> None:
        """Deletes the originals of uploads that no document needs any more."""

        def needed() -> set[str]:
            with self.database.read() as connection:
                return history.needed_originals(connection)

        self.originals.sweep(needed)

    def replace(self, collection: str, document: Document, chunks: Sequence[Chunk], vectors: Vectors) -> None:
        """Publishes a version of a document in place of the older one, as a whole or not at all."""
        self.replace_many(collection, [IndexedDocument(document, chunks, vectors)])

    def replace_many(self, collection: CollectionKey, items: Sequence[IndexedDocument], by: str = LOCAL) -> None:
        """Publishes several documents, whose sources differ, in one step. Raises CollectionNotFound, StoreError.

        `by` is, here and below, the id of who does it, for the history. A `collection` given by its id is looked up while
        `publishing` is held: nothing comes into a later one of its name.
        """
        incoming = {item.document.source: item.document.sha256 for item in items}
        with self.publishing, self._publication(self._index(collection), incoming, items, by=by):
            pass

    def record_failed(
        self,
        collection: CollectionKey,
        source: str,
        sha256: str,
        reason: str,
        message: str,
        file: FileStamp | None,
        by: str = LOCAL,
    ) -> None:
        """Notes that the newest file can't be served; an older version stays visible."""
        event = VersionRow("failed", now(), by, source, "", None, sha256, reason, message, uploaded=file is None)
        with self.publishing:
            index = self._index(collection)
            with self.database.write() as connection:
                Catalog(connection, index.id).put_failed(source, sha256, reason, message, file)
                history.note(connection, index.id, event)

    def record_unchanged(self, collection: CollectionKey, source: str, file: FileStamp | None) -> None:
        """Notes that the file has the bytes that are served."""
        with self.publishing:
            index = self._index(collection)
            with self.database.write() as connection:
                Catalog(connection, index.id).put_unchanged(source, file)

    def record_duplicate(
        self, collection: CollectionKey, source: str, sha256: str, of: str, file: FileStamp | None, by: str = LOCAL
    ) -> bool:
        """Notes that the file has the bytes of the document with source `of`; an older version with other bytes goes.

        False, and nothing changes, when `of` doesn't serve these bytes (any more).
        """
        with self.publishing:
            index = self._index(collection)
            if not self._serves(index, of, sha256):
                return False
            event = VersionRow(
                "duplicate", now(), by, source, "", None, sha256, "duplicate", same_content(of), uploaded=file is None
            )
            with self._publication(index, {source: sha256}, by=by) as connection:
                catalog = Catalog(connection, index.id)
                _hide(connection, index, catalog.by_source(source))
                catalog.put_duplicate(source, sha256, of, file)
                history.note(connection, index.id, event)
            return True

    def _serves(self, index: CollectionIndex, source: str, sha256: str) -> bool:
        with self.database.read() as connection:
            row = Catalog(connection, index.id).by_source(source)
        return row is not None and row.served and row.sha256 == sha256

    def delete_document(self, collection: CollectionKey, document_id: str, by: str = LOCAL) -> None:
        """Duplicates of the document stay, and one of them is served in its place. Raises DocumentNotFound."""
        with self.publishing:
            index = self._index(collection)
            row = self.document(index.name, document_id)
            with self._publication(index, {row.source: ""}, by=by) as connection:
                _hide(connection, index, row)
                connection.execute("DELETE FROM documents WHERE collection = ? AND document_id = ?", (index.id, document_id))
                history.note(connection, index.id, VersionRow("deleted", now(), by, row.source, row.title))
            self.sweep_originals()

    @contextmanager
    def _publication(
        self,
        index: CollectionIndex,
        incoming: Mapping[str, str],
        items: Sequence[IndexedDocument] = (),
        *,
        by: str,
    ) -> Iterator[sqlite3.Connection]:
        """The transaction that makes `items` visible, and lets heirs inherit what goes (`incoming` as in `find_heirs`).

        The vectors are written before it; those that nothing needs any more are deleted after it.
        """
        with self.database.read() as connection:
            heirs = list(find_heirs(Catalog(connection, index.id), incoming))
        inherited = [item for heir in heirs if not heir.row.served and (item := self._inherited(index, heir))]
        published = [*inherited, *items]
        versions = self._write_vectors(index.name, index.generation, index.dimension, published)
        with self.database.write() as connection:
            for item, version in zip(published, versions, strict=True):
                _publish(connection, index, item, version, by)
            for heir in heirs:
                follow(Catalog(connection, index.id), heir)
            yield connection
        self._sweep()

    def _inherited(self, index: CollectionIndex, heir: Heir) -> IndexedDocument | None:
        """The original's served version as the heir's; None when it has lost text or chunks, so that it can be deleted."""
        key, version, count = heir.original.document_id, heir.original.version, heir.original.chunks
        assert version is not None
        with self.database.read() as connection:
            chunks = chunk_table.version_chunks(connection, index.generation, key, version)
        with suppress(DocumentNotFound):
            document = heir.document(self.stored_document(index.name, key).document)
            if len(chunks) == count:
                vectors = self.vectors.get(index.generation, version_ids(index.name, key, version, count), index.dimension)
                return IndexedDocument(document, chunks, vectors, heir.row.file)
        return None

    def _write_vectors(self, collection: str, generation: int, dimension: int, items: Sequence[IndexedDocument]) -> list[int]:
        """Claims a version for each document and writes its vectors, which nothing sees yet."""
        for item in items:
            if item.vectors.shape != (len(item.chunks), dimension):
                raise StoreError(f"{item.document.source}: vectors {item.vectors.shape} don't fit {len(item.chunks)} chunks.")
        with self.database.write() as connection:
            versions = [_leave(connection, collection, generation, item.document.id, len(item.chunks)) for item in items]
        ids = [
            key
            for item, version in zip(items, versions, strict=True)
            for key in version_ids(collection, item.document.id, version, len(item.chunks))
        ]
        if ids:
            self.vectors.upsert(generation, ids, np.concatenate([item.vectors for item in items]))
        return versions

    # Search

    def dense(self, collections: Sequence[str], vector: Vectors, n: int, filter: Filter = UNFILTERED) -> list[Hit]:
        """The n chunks nearest to `vector` (float32, (dimension,)) by cosine similarity, best first.

        Exactly n when so many pass the filter. Raises CollectionNotFound, CollectionMismatch.
        """

        def search(indexes: Sequence[CollectionIndex]) -> list[Hit]:
            return [hit for index in indexes for hit in self._dense_one(index, vector, n, filter)]

        return sorted(self._on_indexes(collections, search), key=lambda hit: -hit.score)[:n]

    def _on_indexes(self, collections: Sequence[str], work: Callable[[Sequence[CollectionIndex]], T]) -> T:
        """Does the work on what the collections are served from; again when a reindex switched one of them meanwhile."""
        indexes = self._indexes(collections)
        try:
            found = work(indexes)
            if self._indexes(collections) == indexes:
                return found
        except StoreError:
            if self._indexes(collections) == indexes:
                raise
        return work(self._indexes(collections))

    def _indexes(self, collections: Sequence[str]) -> list[CollectionIndex]:
        with self.database.read() as connection:
            return find_indexes(connection, collections)

    def _dense_one(self, index: CollectionIndex, vector: Vectors, n: int, filter: Filter) -> list[Hit]:
        """Chroma may return vectors that are not visible or don't pass the filter: they are dropped, and more is asked for."""
        self._check_query(index, vector)
        few = filter != UNFILTERED and self._count(index, filter) <= EXACT_CHUNKS
        for asked in () if few else (2 * n, 10 * n):
            found = self.vectors.query(index.generation, vector, asked)
            hits = self._visible(found, filter)
            if len(hits) >= n:
                return hits[:n]
            if len(found) < asked and len(hits) == self._count(index, filter):
                return hits
        return self._exact(index, vector, filter)[:n]

    def _count(self, index: CollectionIndex, filter: Filter) -> int:
        with self.database.read() as connection:
            return chunk_table.count(connection, index.generation, filter)

    def _exact(self, index: CollectionIndex, vector: Vectors, filter: Filter) -> list[Hit]:
        """All chunks that pass the filter; starts again when a document was replaced while they were compared."""
        while True:
            with self.database.read() as connection:
                ids = chunk_table.matching_ids(connection, index.generation, index.name, filter)
            hits = self._visible(self.vectors.score(index.generation, vector, ids), filter)
            if len(hits) == len(ids) or self._still_visible(ids):
                return hits

    def _still_visible(self, ids: Sequence[str]) -> bool:
        with self.database.read() as connection:
            return len(chunk_table.visible(connection, ids)) == len(ids)

    def _visible(self, hits: Sequence[Hit], filter: Filter) -> list[Hit]:
        with self.database.read() as connection:
            found = chunk_table.visible(connection, [hit.chunk_id for hit in hits], filter)
        return [replace(hit, language=found[hit.chunk_id]["language"]) for hit in hits if hit.chunk_id in found]

    def _check_query(self, index: CollectionIndex, vector: Vectors) -> None:
        name = self.embedder.name if self.embedder else index.embedder
        if (name, len(vector)) != (index.embedder, index.dimension):
            raise CollectionMismatch(
                f"Collection {index.name} was built with the embedder {index.embedder} ({index.dimension} dimensions), the"
                f" question was embedded with {name} ({len(vector)}): run `midas reindex {index.name}` or set it back."
            )

    def lexical(self, collections: Sequence[str], terms: Sequence[str], n: int, filter: Filter = UNFILTERED) -> list[Hit]:
        """The n chunks with the best bm25 (positive) for any of the terms, as `ingest.text.query_terms` makes them.

        Raises CollectionNotFound.
        """
        with self.database.read() as connection:
            scopes = {index.generation: index.name for index in find_indexes(connection, collections)}
            return lexical.match(connection, scopes, terms, n, filter)

    def cosines(self, collections: Sequence[str], vector: Vectors, ids: Sequence[str]) -> dict[str, float]:
        """Exact cosine similarities of these chunks, by id; ids that have no vector (any more) are left out."""

        def score(indexes: Sequence[CollectionIndex]) -> dict[str, float]:
            return {
                hit.chunk_id: hit.score
                for index in indexes
                if (own := [key for key in ids if key.startswith(f"{index.name}/")])
                for hit in self.vectors.score(index.generation, vector, own)
            }

        return self._on_indexes(collections, score)

    def bm25(self, collections: Sequence[str], terms: Sequence[str], ids: Sequence[str]) -> dict[str, float]:
        """The score `lexical` gives these chunks, by id; those that hold none of the terms are left out."""
        with self.database.read() as connection:
            scopes = {index.generation: index.name for index in find_indexes(connection, collections)}
            return lexical.match_among(connection, scopes, terms, ids)

    # Chunks

    def chunks(self, ids: Sequence[str], readers: Readers = None) -> list[StoredChunk]:
        """In the order of `ids`; what is not visible (any more), or not to `readers`, is left out."""
        with self.database.read() as connection:
            if readers is not None:
                ids = within(ids, [index.name for index in find_indexes(connection, None, readers)])
            found = chunk_table.visible(connection, ids)
        return [chunk_table.stored_chunk(key, found[key]) for key in ids if key in found]

    # Generations: an index built beside the one that is served

    def begin_generation(self, embedder: Embedder, chunking: ChunkingSettings) -> int:
        """An empty index. Until a collection takes it, the next open deletes it."""
        with self.publishing:
            with self.database.write() as connection:
                generation = connection.execute(
                    "INSERT INTO generations (embedder, dimension, chunk_tokens) VALUES (?, ?, ?)",
                    (embedder.name, embedder.dimension, chunking.tokens),
                ).lastrowid
                assert generation is not None
                fulltext.create(connection, generation)
            self._building.add(generation)
            self.vectors.create(generation)
            return generation

    def stage(self, collection: CollectionKey, generation: int, items: Sequence[IndexedDocument], bases: Sequence[int]) -> None:
        """Adds documents to an index being built; `bases` are the served versions they were made from."""
        with self.publishing:
            name = self._index(collection).name
            versions = self._write_vectors(name, generation, items[0].vectors.shape[1], items)
            with self.database.write() as connection:
                for item, version, base in zip(items, versions, bases, strict=True):
                    _stage(connection, name, generation, item, version, base)
            self._sweep()

    def unstaged(self, collection: CollectionKey, generation: int) -> list[str]:
        """Ids of the served documents that the index being built lacks, or has from an older version."""
        with self.database.read() as connection:
            return _unstaged(connection, find_index(connection, collection), generation)

    def switch(self, collection: CollectionKey, generation: int) -> bool:
        """Serves the collection from the new index and deletes the old one; False when documents were published meanwhile."""
        with self.publishing:
            with self.database.write() as connection:
                index = find_index(connection, collection)
                if _unstaged(connection, index, generation):
                    return False
                _switch(connection, index, generation)
            self._building.discard(generation)
            self.recover()
            return True

    def drop_generation(self, generation: int) -> None:
        """Gives up an index being built."""
        with self.publishing:
            self._building.discard(generation)
            self.recover()

    # Recovery

    def recover(self) -> None:
        """Deletes vectors without chunks, and indexes that no collection is served from and nobody builds."""
        with self.publishing:
            self._sweep()
            for generation in self._unused_generations():
                self.vectors.drop(generation)
                with self.database.write() as connection:
                    chunk_table.delete_generation(connection, generation)
                    connection.execute("DELETE FROM staged WHERE generation = ?", (generation,))
                    connection.execute("DELETE FROM generations WHERE id = ?", (generation,))

    def _unused_generations(self) -> list[int]:
        with self.database.read() as connection:
            unnamed = "SELECT id FROM generations WHERE id NOT IN (SELECT generation FROM collections)"
            rows = connection.execute(unnamed).fetchall()
        return [row["id"] for row in rows if row["id"] not in self._building]

    def _sweep(self) -> None:
        with self.database.read() as connection:
            rows = connection.execute("SELECT * FROM leftovers").fetchall()
        for row in rows:
            ids = version_ids(row["collection"], row["document_id"], row["version"], row["chunks"])
            self.vectors.delete(row["generation"], ids)
        if rows:
            with self.database.write() as connection:
                for row in rows:
                    _strike_leftover(connection, row["collection"], row["version"])


def _vectors(settings: IngestSettings, database: Database) -> VectorIndex:
    return VectorIndex(settings.home, database.installation(), settings.store.chroma_url)


def _leave(connection: sqlite3.Connection, collection: str, generation: int, document_id: str, chunks: int) -> int:
    """Lists vectors 0..chunks-1 of a new version as leftovers. Returns the version, a number never used before."""
    version: int = connection.execute(
        "INSERT INTO versions VALUES (?, 1) ON CONFLICT (collection) DO UPDATE SET last = last + 1 RETURNING last",
        (collection,),
    ).fetchone()[0]
    _put_leftover(connection, collection, generation, document_id, version, chunks)
    return version


def _put_leftover(
    connection: sqlite3.Connection, collection: str, generation: int, document_id: str, version: int, chunks: int
) -> None:
    row = version, collection, generation, document_id, chunks
    connection.execute("INSERT INTO leftovers VALUES (?, ?, ?, ?, ?)", row)


def _strike_leftover(connection: sqlite3.Connection, collection: str, version: int) -> None:
    connection.execute("DELETE FROM leftovers WHERE collection = ? AND version = ?", (collection, version))


def _publish(connection: sqlite3.Connection, index: CollectionIndex, item: IndexedDocument, version: int, by: str) -> None:
    document = item.document
    catalog = Catalog(connection, index.id)
    _hide(connection, index, catalog.by_source(document.source))
    _strike_leftover(connection, index.name, version)
    chunk_table.insert_chunks(connection, index.generation, document, version, item.chunks)
    catalog.put_ready(document, version, len(item.chunks), item.file)
    packed = _pack(document.text), _pack(_layout(document))
    connection.execute("INSERT INTO texts VALUES (?, ?, ?, ?)", (index.id, document.id, *packed))
    event = VersionRow(
        "published", now(), by, document.source, document.title, sha256=document.sha256, pages=document.pages,
        chunks=len(item.chunks), uploaded=item.file is None,
    )  # fmt: skip
    history.note(connection, index.id, event)


def _hide(connection: sqlite3.Connection, index: CollectionIndex, row: DocumentRow | None) -> None:
    """Removes what is served of a document; its vectors become leftovers."""
    if row is None or row.version is None:
        return
    _abandon(connection, index.name, index.generation, row.document_id, row.version, row.chunks)
    connection.execute("DELETE FROM texts WHERE collection = ? AND document_id = ?", (index.id, row.document_id))
    connection.execute(
        "UPDATE documents SET version = NULL, chunks = 0 WHERE collection = ? AND document_id = ?", (index.id, row.document_id)
    )


def _abandon(
    connection: sqlite3.Connection, collection: str, generation: int, document_id: str, version: int, chunks: int
) -> None:
    chunk_table.delete_version(connection, generation, document_id, version)
    _put_leftover(connection, collection, generation, document_id, version, chunks)


def _stage(
    connection: sqlite3.Connection, collection: str, generation: int, item: IndexedDocument, version: int, base: int
) -> None:
    document = item.document
    key = (generation, document.id)
    earlier = connection.execute("SELECT version, chunks FROM staged WHERE generation = ? AND document_id = ?", key).fetchone()
    if earlier:
        _abandon(connection, collection, *key, *earlier)
    _strike_leftover(connection, collection, version)
    chunk_table.insert_chunks(connection, generation, document, version, item.chunks)
    connection.execute("INSERT OR REPLACE INTO staged VALUES (?, ?, ?, ?, ?)", (*key, base, version, len(item.chunks)))


def _unstaged(connection: sqlite3.Connection, index: CollectionIndex, generation: int) -> list[str]:
    rows = connection.execute(
        "SELECT d.document_id FROM documents d LEFT JOIN staged s ON s.generation = ? AND s.document_id = d.document_id"
        " WHERE d.collection = ? AND d.version IS NOT NULL AND s.base IS NOT d.version ORDER BY d.document_id",
        (generation, index.id),
    )
    return [row["document_id"] for row in rows]


def _switch(connection: sqlite3.Connection, index: CollectionIndex, generation: int) -> None:
    """Documents deleted since they were staged have no catalog row to join: their chunks go."""
    gone = connection.execute(
        "SELECT document_id, version, chunks FROM staged WHERE generation = ? AND document_id NOT IN"
        " (SELECT document_id FROM documents WHERE collection = ? AND version IS NOT NULL)",
        (generation, index.id),
    ).fetchall()
    for row in gone:
        _abandon(connection, index.name, generation, *row)
    connection.execute("UPDATE collections SET generation = ? WHERE id = ?", (generation, index.id))
    connection.execute(
        "UPDATE documents SET (version, chunks) = (SELECT s.version, s.chunks FROM staged s WHERE s.generation = ?"
        " AND s.document_id = documents.document_id) WHERE collection = ? AND version IS NOT NULL",
        (generation, index.id),
    )
    connection.execute("DELETE FROM staged WHERE generation = ?", (generation,))


def _pack(text: str) -> bytes:
    return zlib.compress(text.encode())


def _unpack(packed: bytes) -> str:
    return zlib.decompress(packed).decode()


def _layout(document: Document) -> str:
    """Length, kind, page and headings of each block, as JSON."""
    rows = [(len(block.text), block.kind, block.page, block.headings) for block in document.blocks]
    return json.dumps(rows, ensure_ascii=False)


def _rows(layout: bytes) -> list[LayoutRow]:
    rows: list[LayoutRow] = json.loads(_unpack(layout))
    return rows


def _starts(rows: Sequence[LayoutRow]) -> list[int]:
    """Where each block begins in the joined text."""
    return list(accumulate((row[0] + len(BLOCK_SEPARATOR) for row in rows), initial=0))[: len(rows)]


def _blocks(text: str, layout: bytes) -> tuple[Block, ...]:
    """The inverse of joining the blocks' texts."""
    rows = _rows(layout)
    return tuple(
        Block(text[start : start + length], kind, page, tuple(headings))
        for start, (length, kind, page, headings) in zip(_starts(rows), rows, strict=True)
    )


def _no_document(collection: CollectionKey, document_id: str) -> DocumentNotFound:
    return DocumentNotFound(f"No readable document {document_id} in collection {collection}: run `midas documents list`.")
