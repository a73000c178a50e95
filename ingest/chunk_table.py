"""The rows of chunks and of their full text. Every function works inside the caller's transaction.

A chunk is visible when its row's generation is the one a collection is served from.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Sequence
from dataclasses import dataclass
from typing import cast

from ingest.collection import Readers, readable
from ingest.text import index_terms
from ingest.types import Chunk, Document, Filter, Hit, PageUnit, StoredChunk

UNFILTERED = Filter()

HEADINGS_WEIGHT = 0.5
"""bm25 weight of a word in title or headings against one in the text."""


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
        insert_fulltext(connection, rowid, generation, document.title, chunk)


def insert_fulltext(connection: sqlite3.Connection, rowid: int | None, generation: int, title: str, chunk: Chunk) -> None:
    headings = " ".join(index_terms("\n".join((title, *chunk.headings)), chunk.language))
    body = " ".join(index_terms(chunk.text, chunk.language))
    values = rowid, _scope(generation), headings, body
    connection.execute("INSERT INTO fulltext (rowid, scope, headings, body) VALUES (?, ?, ?, ?)", values)


def version_chunks(connection: sqlite3.Connection, generation: int, document_id: str, version: int) -> list[Chunk]:
    """All chunks of a version, in reading order."""
    query = "SELECT * FROM chunks WHERE generation = ? AND document_id = ? AND version = ? ORDER BY ordinal"
    return [chunk_of(row) for row in connection.execute(query, (generation, document_id, version))]


def delete_version(connection: sqlite3.Connection, generation: int, document_id: str, version: int) -> None:
    _delete(connection, "generation = ? AND document_id = ? AND version = ?", (generation, document_id, version))


def delete_generation(connection: sqlite3.Connection, generation: int) -> None:
    _delete(connection, "generation = ?", (generation,))


def _delete(connection: sqlite3.Connection, condition: str, values: tuple[int | str, ...]) -> None:
    connection.execute(f"DELETE FROM fulltext WHERE rowid IN (SELECT id FROM chunks WHERE {condition})", values)
    connection.execute(f"DELETE FROM chunks WHERE {condition}", values)


def match(connection: sqlite3.Connection, scopes: dict[int, str], terms: Sequence[str], n: int, filter: Filter) -> list[Hit]:
    """The n best chunks by bm25 (made positive) for any of the terms, in the generations that are the keys of `scopes`."""
    expression = _expression(scopes, terms)
    if not expression:
        return []
    condition, values = _conditions(filter)
    limit = "" if condition else f" ORDER BY score LIMIT {n:d}"
    rows = connection.execute(
        "SELECT c.generation, c.document_id, c.version, c.ordinal, f.score, c.language"
        f" FROM ({_SCORED}{limit}) f CROSS JOIN chunks c ON c.id = f.rowid"
        + (f"{_DOCUMENTS} WHERE {condition}" if condition else "")
        + f" ORDER BY f.score LIMIT {n:d}",
        (expression, *values),
    )
    return [Hit(str(ChunkKey(scopes[row[0]], row[1], row[2], row[3])), -row[4], row[5]) for row in rows]


def match_among(
    connection: sqlite3.Connection, scopes: dict[int, str], terms: Sequence[str], ids: Sequence[str]
) -> dict[str, float]:
    """bm25 (made positive) of these chunks, by id; those that hold none of the terms are left out.

    `+rowid` makes it one pass over the matches; an indexed `rowid IN` would run the whole query, idf included, for each chunk.
    """
    expression = _expression(scopes, terms)
    if not (expression and ids):
        return {}
    rowids = {row["id"]: chunk_id for chunk_id, row in visible(connection, ids).items()}
    marks = ",".join(str(rowid) for rowid in rowids)
    rows = connection.execute(f"{_SCORED} AND +rowid IN ({marks})", (expression,))
    return {rowids[row[0]]: -row[1] for row in rows}


_SCORED = f"SELECT rowid, bm25(fulltext, 0, {HEADINGS_WEIGHT}, 1) AS score FROM fulltext WHERE fulltext MATCH ?"


def _expression(scopes: dict[int, str], terms: Sequence[str]) -> str:
    """The full-text query for any of the terms in these generations; empty when there is no term."""
    within = " OR ".join(f'"{_scope(generation)}"' for generation in scopes)
    either = " OR ".join(f'"{bare}"' for term in terms if (bare := term.replace('"', "").strip()))
    return f"scope : ({within}) AND {{headings body}} : ({either})" if either else ""


def visible(
    connection: sqlite3.Connection, ids: Sequence[str], filter: Filter = UNFILTERED, readers: Readers = None
) -> dict[str, sqlite3.Row]:
    """Of these chunks, those that a search may see, that `readers` may read and that pass the filter, by id."""
    condition, values = _conditions(filter)
    may_read, groups = readable(readers)
    keys = [(key.collection, key.document_id, key.version, key.ordinal, text) for text in ids if (key := ChunkKey.parse(text))]
    rows = connection.execute(
        "SELECT j.value ->> 4 AS chunk_id, k.name AS collection, d.source, d.title, d.date, d.page_unit, c.*"
        " FROM json_each(?) j CROSS JOIN collections k ON k.name = j.value ->> 0"
        " CROSS JOIN chunks c ON c.generation = k.generation AND c.document_id = j.value ->> 1 AND c.version = j.value ->> 2"
        " AND c.ordinal = j.value ->> 3 CROSS JOIN documents d ON d.collection = k.id AND d.document_id = c.document_id"
        + f" WHERE {may_read} AND {condition or 'TRUE'}",
        (json.dumps(keys), *groups, *values),
    )
    return {row["chunk_id"]: row for row in rows}


def count(connection: sqlite3.Connection, generation: int, filter: Filter) -> int:
    """How many chunks of a generation pass the filter."""
    condition, values = _conditions(filter)
    query = f"SELECT count(*){_PASSING} AND {condition or 'TRUE'}"
    found: int = connection.execute(query, (generation, *values)).fetchone()[0]
    return found


def matching_ids(connection: sqlite3.Connection, generation: int, collection: str, filter: Filter) -> list[str]:
    """Ids of all chunks of a generation that pass the filter."""
    condition, values = _conditions(filter)
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


_DOCUMENTS = (
    " CROSS JOIN collections k ON k.generation = c.generation"
    " CROSS JOIN documents d ON d.collection = k.id AND d.document_id = c.document_id"
)
_PASSING = f" FROM chunks c{_DOCUMENTS} WHERE c.generation = ?"


def _conditions(filter: Filter) -> tuple[str, list[str]]:
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


def _scope(generation: int) -> str:
    return f"g{generation}"


def _is_number(text: str) -> bool:
    return text.isascii() and text.isdigit() and len(text) < 19
