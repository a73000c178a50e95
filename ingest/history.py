"""What happened to documents: each publication, failure and deletion, when and by whom.

Every function works inside the caller's transaction.
"""

from __future__ import annotations

import sqlite3
from dataclasses import dataclass
from typing import Literal

from ingest.types import document_id

VersionEvent = Literal["published", "failed", "duplicate", "deleted"]

LOCAL = "local"
"""Who works without a server."""


@dataclass(frozen=True, slots=True)
class VersionRow:
    """Something that happened to a document.

    `version` counts its publications from 1; None for what was not published. `sha256` is that of the file, `uploaded` tells
    that it came as an upload, whose original may be kept. `by` is the id of who did it.
    """

    event: VersionEvent
    at: str
    by: str
    source: str
    title: str
    version: int | None = None
    sha256: str = ""
    reason: str | None = None
    message: str | None = None
    pages: int | None = None
    chunks: int = 0
    uploaded: bool = False


def note(connection: sqlite3.Connection, collection: int, row: VersionRow) -> None:
    """Adds a row; one that only repeats the last one, such as a failure that is met again, is left out."""
    key = document_id(row.source)
    last = connection.execute(
        "SELECT event, sha256, reason, message FROM history WHERE collection = ? AND document_id = ? ORDER BY id DESC LIMIT 1",
        (collection, key),
    ).fetchone()
    if row.event != "published" and last and tuple(last) == (row.event, row.sha256, row.reason, row.message):
        return
    connection.execute(
        "INSERT INTO history (collection, document_id, event, at, by, source, title, version, sha256, reason, message, pages,"
        " chunks, uploaded) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        (
            collection, key, row.event, row.at, row.by, row.source, row.title,
            _next_version(connection, collection, key) if row.event == "published" else None,
            row.sha256, row.reason, row.message, row.pages, row.chunks, row.uploaded,
        ),
    )  # fmt: skip


def rows(connection: sqlite3.Connection, collection: int, document: str) -> list[VersionRow]:
    """Newest first, of the document with this id, be it deleted."""
    found = connection.execute(
        "SELECT event, at, by, source, title, version, sha256, reason, message, pages, chunks, uploaded FROM history"
        " WHERE collection = ? AND document_id = ? ORDER BY id DESC",
        (collection, document),
    )
    return [VersionRow(**{**dict(row), "uploaded": bool(row["uploaded"])}) for row in found]


def needed_originals(connection: sqlite3.Connection) -> set[str]:
    """SHA-256 of the uploads that a document of the catalog is, or was, made of."""
    found = connection.execute(
        "SELECT sha256 FROM documents WHERE path IS NULL UNION SELECT h.sha256 FROM history h"
        " JOIN documents USING (collection, document_id) WHERE h.uploaded"
    )
    return {row[0] for row in found}


def _next_version(connection: sqlite3.Connection, collection: int, document: str) -> int:
    query = "SELECT coalesce(max(version), 0) + 1 FROM history WHERE collection = ? AND document_id = ?"
    number: int = connection.execute(query, (collection, document)).fetchone()[0]
    return number
