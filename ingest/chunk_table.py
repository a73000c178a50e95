"""The rows of chunks, and with them their full text. Every function works inside the caller's transaction.

A chunk is visible when its row's generation is the one a collection is served from.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import cast

from ingest import fulltext
from ingest.types import Chunk, Document, Filter, PageUnit, StoredChunk

UNFILTERED = Filter()


@dataclass(frozen=True, slots=True)
class ChunkKey:
    """The parts of a chunk id."""

    collection: str
    document_id: str
    version: int
    ordinal: int

    def __str__(self) -> str:
        return f"{self.collection}/{self.document_id}/{self.version}/{self.ordinal}"

    @classmethod
    def parse(cls, chunk_id: str) -> ChunkKey | None:
        """None when the text is no chunk id."""
        parts = chunk_id.split("/")
        if len(parts) != 4 or not (_is_number(parts[2]) and _is_number(parts[3])):
            return None
        return cls(parts[0], parts[1], int(parts[2]), int(parts[3]))


def within(ids: Sequence[str], collections: Collection[str]) -> list[str]:
    """The chunks of these collections."""
    return [text for text in ids if (key := ChunkKey.parse(text)) and key.collection in collections]


def version_ids(collection: str, document_id: str, version: int, chunks: int) -> list[str]:
    """The ids of all chunks of a version."""
    return [f"{collection}/{document_id}/{version}/{ordinal}" for ordinal in range(chunks)]


def insert_chunks(
    connection: sqlite3.Connection, generation: int, document: Document, version: int, chunks: Sequence[Chunk]
) -> None:
    for chunk in chunks:
        rowid = connection.execute(
            "INSERT INTO chunks (generation, document_id, version, ordinal, language, text, start, \"end\", prefix, kind, page,"
            " page_end, headings, tokens) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
            (
                generation, document.id, version, chunk.ordinal, chunk.language, chunk.text, chunk.start, chunk.end,
                chunk.prefix, chunk.kind, chunk.page, chunk.page_end, _json(chunk.headings), chunk.tokens,
            ),
        ).lastrowid  # fmt: skip
        fulltext.insert(connection, generation, rowid, document.title, chunk)


def version_chunks(connection: sqlite3.Connection, generation: int, document_id: str, version: int) -> list[Chunk]:
    """All chunks of a version, in reading order."""
    query = "SELECT * FROM chunks WHERE generation = ? AND document_id = ? AND version = ? ORDER BY ordinal"
    return [chunk_of(row) for row in connection.execute(query, (generation, document_id, version))]


def delete_version(connection: sqlite3.Connection, generation: int, document_id: str, version: int) -> None:
    key = generation, document_id, version
    rows = connection.execute("SELECT id FROM chunks WHERE (generation, document_id, version) = (?, ?, ?)", key)
    fulltext.delete(connection, generation, [row["id"] for row in rows.fetchall()])
    connection.execute("DELETE FROM chunks WHERE (generation, document_id, version) = (?, ?, ?)", key)


def delete_generation(connection: sqlite3.Connection, generation: int) -> None:
    fulltext.drop(connection, generation)
    connection.execute("DELETE FROM chunks WHERE generation = ?", (generation,))


def visible(connection: sqlite3.Connection, ids: Sequence[str], filter: Filter = UNFILTERED) -> dict[str, sqlite3.Row]:
    """Of these chunks, those that a search may see and that pass the filter, by id."""
    condition, values = conditions(filter)
    keys = [(key.collection, key.document_id, key.version, key.ordinal, text) for text in ids if (key := ChunkKey.parse(text))]
    rows = connection.execute(
        "SELECT j.value ->> 4 AS chunk_id, k.name AS collection, d.source, d.title, d.date, d.page_unit, c.*"
        " FROM json_each(?) j CROSS JOIN collections k ON k.name = j.value ->> 0"
        " CROSS JOIN chunks c ON c.generation = k.generation AND c.document_id = j.value ->> 1 AND c.version = j.value ->> 2"
        " AND c.ordinal = j.value ->> 3 CROSS JOIN documents d ON d.collection = k.id AND d.document_id = c.document_id"
        + f" WHERE {condition or 'TRUE'}",
        (json.dumps(keys), *values),
    )
    return {row["chunk_id"]: row for row in rows}


def count(connection: sqlite3.Connection, generation: int, filter: Filter) -> int:
    """How many chunks of a generation pass the filter."""
    condition, values = conditions(filter)
    query = f"SELECT count(*){_PASSING} AND {condition or 'TRUE'}"
    found: int = connection.execute(query, (generation, *values)).fetchone()[0]
    return found


def matching_ids(connection: sqlite3.Connection, generation: int, collection: str, filter: Filter) -> list[str]:
    """Ids of all chunks of a generation that pass the filter."""
    condition, values = conditions(filter)
    query = f"SELECT c.document_id, c.version, c.ordinal{_PASSING} AND {condition or 'TRUE'}"
    return [str(ChunkKey(collection, *row)) for row in connection.execute(query, (generation, *values))]


def chunk_of(row: sqlite3.Row) -> Chunk:
    """From a row of the table."""
    return Chunk(
        ordinal=row["ordinal"], text=row["text"], start=row["start"], end=row["end"], prefix=row["prefix"], kind=row["kind"],
        page=row["page"], page_end=row["page_end"], headings=tuple(json.loads(row["headings"])), language=row["language"],
        tokens=row["tokens"],
    )  # fmt: skip


def stored_chunk(chunk_id: str, row: sqlite3.Row) -> StoredChunk:
    """From a row of `visible`."""
    return StoredChunk(
        id=chunk_id, collection=row["collection"], document_id=row["document_id"], source=row["source"], title=row["title"],
        date=row["date"], page_unit=cast("PageUnit | None", row["page_unit"]), chunk=chunk_of(row),
    )  # fmt: skip


DOCUMENTS = (  # SQL: the documents of the chunks c, as d
    " CROSS JOIN collections k ON k.generation = c.generation"
    " CROSS JOIN documents d ON d.collection = k.id AND d.document_id = c.document_id"
)
_PASSING = f" FROM chunks c{DOCUMENTS} WHERE c.generation = ?"


def conditions(filter: Filter) -> tuple[str, list[str]]:
    """SQL over the aliases c (chunks) and d (documents) with its values; empty when there is no restriction."""
    parts: list[tuple[str, list[str]]] = []
    if filter.documents:
        parts.append((f"c.document_id IN ({_marks(filter.documents)})", list(filter.documents)))
    if filter.languages:
        parts.append((f"c.language IN ({_marks(filter.languages)})", list(filter.languages)))
    if filter.date_from:
        parts.append(("substr(d.date, 1, 10) >= ?", [filter.date_from]))
    if filter.date_to:
        parts.append(("substr(d.date, 1, 10) <= ?", [filter.date_to]))
    return " AND ".join(part[0] for part in parts), [value for part in parts for value in part[1]]


def _json(headings: Sequence[str]) -> str:
    return json.dumps(headings, ensure_ascii=False)


def _marks(values: Sequence[str]) -> str:
    return ", ".join("?" * len(values))


def _is_number(text: str) -> bool:
    return text.isascii() and text.isdigit() and len(text) < 19
