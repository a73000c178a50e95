"""Checks that catalog, chunks, full text and vectors agree, and repairs what doesn't.

Vectors are made anew from the stored text of the chunks, which needs the collection's own embedder.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Literal

from ingest import chunk_table, fulltext
from ingest.chunk_table import UNFILTERED
from ingest.collection import CollectionInfo
from ingest.config import IngestSettings
from ingest.embedder import make_embedder
from ingest.embedding_queue import BATCH_CHUNKS
from ingest.errors import MidasError
from ingest.store import Store
from ingest.types import Embedder

Severity = Literal["ok", "warning", "error"]


@dataclass(frozen=True, slots=True)
class Finding:
    """`warning`: wasted space, or something to be done one day. `error`: searches miss something or fail."""

    severity: Severity
    message: str
    repaired: bool = False


def check(settings: IngestSettings) -> list[Finding]:
    """Looks at the model and the data directory, which must be free; changes no more than any opening does."""
    return _examine(settings, mend=False)


def repair(settings: IngestSettings) -> list[Finding]:
    """Checks and repairs what can be repaired."""
    return _examine(settings, mend=True)


def check_store(store: Store) -> list[Finding]:
    """Checks an open store while it serves; publishing waits meanwhile. A sound store gives one finding, `ok`."""
    return _examine_store(store, None, mend=False)


def repair_store(store: Store, embedder: Embedder | None) -> list[Finding]:
    """Checks and repairs an open store; without an embedder, missing vectors stay missing."""
    return _examine_store(store, embedder, mend=True)


def _examine(settings: IngestSettings, mend: bool) -> list[Finding]:
    embedder, findings = _embedder(settings)
    try:
        with Store.open(settings, embedder) as store:
            return findings + _examine_store(store, embedder, mend)
    except MidasError as error:
        return [*findings, Finding("error", error.message)]


def _embedder(settings: IngestSettings) -> tuple[Embedder | None, list[Finding]]:
    try:
        embedder = make_embedder(settings)
    except MidasError as error:
        return None, [Finding("error", error.message)]
    return embedder, [Finding("ok", f"The embedder {embedder.name} is ready.")]


def _examine_store(store: Store, embedder: Embedder | None, mend: bool) -> list[Finding]:
    with store.publishing:
        findings = [*_database(store), *_fulltext(store, mend), *_leftovers(store, mend)]
        for info in store.collections():
            findings += [*_catalog(store, info), *_vectors(store, info, embedder, mend)]
        return findings or [_sound(store.collections())]


def _sound(collections: Sequence[CollectionInfo]) -> Finding:
    documents, chunks = sum(info.documents for info in collections), sum(info.chunks for info in collections)
    return Finding("ok", f"{len(collections)} collections with {documents} documents and {chunks} chunks are sound.")


def _database(store: Store) -> Iterator[Finding]:
    with store.database.read() as connection:
        problems = [row[0] for row in connection.execute("PRAGMA integrity_check(3)") if row[0] != "ok"]
        problems += [f"dangling row in {row[0]}" for row in connection.execute("PRAGMA foreign_key_check")]
    if problems:
        yield Finding("error", f"{store.database.path} is damaged ({'; '.join(problems)}): restore a backup, or ingest anew.")


def _fulltext(store: Store, mend: bool) -> Iterator[Finding]:
    """Full-text rows against chunk rows, and FTS5's own check of its index against its rows."""
    with store.database.write() as connection:
        generations = [row["id"] for row in connection.execute("SELECT id FROM generations").fetchall()]
        gaps = [_gaps(connection, generation) for generation in generations]
        missing, spare = sum(len(gap.missing) for gap in gaps), sum(len(gap.spare) for gap in gaps)
        if mend:
            for gap in gaps:
                _mend_fulltext(connection, gap)
        broken = [gap for gap in gaps if (gap.table or mend) and not fulltext.sound(connection, gap.generation)]
        if mend:
            for gap in broken:
                fulltext.rebuild(connection, gap.generation)
    if missing or spare or not all(gap.table for gap in gaps):
        yield Finding("error", f"The full-text index lacks {missing} chunks and has {spare} too many.", mend)
    if broken:
        yield Finding("error", "The full-text index doesn't match its rows.", mend)


@dataclass(frozen=True, slots=True)
class _Gap:
    """What the full text of a generation lacks, or has too much of; `table` is False where it has none at all."""

    generation: int
    table: bool
    missing: Sequence[sqlite3.Row]
    spare: Sequence[int]


def _gaps(connection: sqlite3.Connection, generation: int) -> _Gap:
    chunks = "SELECT * FROM chunks WHERE generation = ?"
    if not fulltext.exists(connection, generation):
        return _Gap(generation, False, connection.execute(chunks, (generation,)).fetchall(), ())
    content = f"{fulltext.table(generation)}_content"
    missing = connection.execute(f"{chunks} AND id NOT IN (SELECT id FROM {content})", (generation,)).fetchall()
    own = "SELECT id FROM chunks WHERE generation = ?"
    spare = connection.execute(f"SELECT id FROM {content} WHERE id NOT IN ({own})", (generation,)).fetchall()
    return _Gap(generation, True, missing, [row["id"] for row in spare])


def _mend_fulltext(connection: sqlite3.Connection, gap: _Gap) -> None:
    title = (
        "SELECT d.title FROM documents d JOIN collections k ON k.id = d.collection WHERE k.generation = ? AND d.document_id = ?"
    )
    fulltext.create(connection, gap.generation)
    fulltext.delete(connection, gap.generation, gap.spare)
    for row in gap.missing:
        found = connection.execute(title, (gap.generation, row["document_id"])).fetchone()
        fulltext.insert(connection, gap.generation, row["id"], found["title"] if found else "", chunk_table.chunk_of(row))


def _leftovers(store: Store, mend: bool) -> Iterator[Finding]:
    with store.database.read() as connection:
        leftovers = connection.execute("SELECT count(*) FROM leftovers").fetchone()[0]
        known = {row["id"] for row in connection.execute("SELECT id FROM generations")}
    strays = store.vectors.generations() - known
    if leftovers or strays:
        if mend:
            store.recover()
            for generation in strays:
                store.vectors.drop(generation)
        yield Finding(
            "warning", f"Vectors of {leftovers} versions and {len(strays)} indexes that nothing uses take space.", mend
        )


def _catalog(store: Store, info: CollectionInfo) -> Iterator[Finding]:
    """Documents whose rows are incomplete: nothing but reading their files again helps, which the finding says."""
    query = (
        "SELECT d.source FROM documents d LEFT JOIN texts t USING (collection, document_id) WHERE d.collection = :id"
        " AND d.version IS NOT NULL AND (t.text IS NULL OR d.chunks != (SELECT count(*) FROM chunks c WHERE"
        " c.generation = :generation AND c.document_id = d.document_id AND c.version = d.version))"
    )
    stray = (
        "SELECT count(*) FROM chunks c WHERE c.generation = :generation AND NOT EXISTS (SELECT 1 FROM documents d WHERE"
        " d.collection = :id AND d.document_id = c.document_id AND d.version = c.version)"
    )
    with store.database.read() as connection:
        values = {"id": info.id, "generation": info.generation}
        incomplete = [row["source"] for row in connection.execute(query, values)]
        strays = connection.execute(stray, values).fetchone()[0]
    for source in incomplete:
        yield Finding(
            "error", f"{source} in {info.name} has lost chunks or text: run `midas documents delete` and ingest it again."
        )
    if strays:
        yield Finding("error", f"{info.name} has {strays} chunks without a document: run `midas reindex {info.name}`.")


def _vectors(store: Store, info: CollectionInfo, embedder: Embedder | None, mend: bool) -> Iterator[Finding]:
    with store.database.read() as connection:
        expected = chunk_table.matching_ids(connection, info.generation, info.name, UNFILTERED)
    present = store.vectors.ids(info.generation)
    missing = [key for key in expected if key not in present]
    spare = sorted(present - set(expected))
    if spare:
        if mend:
            store.vectors.delete(info.generation, spare)
        yield Finding("warning", f"{info.name} has {len(spare)} vectors without a chunk, which take space.", mend)
    if missing:
        mended = mend and _mend_vectors(store, info, embedder, missing)
        cure = "" if mended else f": run `midas doctor --repair` with the embedder {info.embedder}"
        yield Finding(
            "error", f"{info.name} lacks the vectors of {len(missing)} chunks, which only full text finds{cure}.", mended
        )


def _mend_vectors(store: Store, info: CollectionInfo, embedder: Embedder | None, missing: Sequence[str]) -> bool:
    if embedder is None or (embedder.name, embedder.dimension) != (info.embedder, info.dimension):
        return False
    store.vectors.create(info.generation)
    for first in range(0, len(missing), BATCH_CHUNKS):
        stored = store.chunks(missing[first : first + BATCH_CHUNKS])
        vectors = embedder.embed_passages([found.chunk.embedding_text for found in stored])
        store.vectors.upsert(info.generation, [found.id for found in stored], vectors)
    return True
