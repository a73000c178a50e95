"""The catalog: which document, which version, in which state."""

from __future__ import annotations

import json
import sqlite3
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Literal, cast, get_args

from ingest.text import fold
from ingest.types import Document, PageUnit, document_id

DocumentState = Literal["ready", "failed", "duplicate"]
DocumentFilter = Literal["ready", "failed", "duplicate", "warned"]
"""A state, or `warned`: read, but not all of it."""
FILTERS: tuple[DocumentFilter, ...] = get_args(DocumentFilter)


@dataclass(frozen=True, slots=True)
class FileStamp:
    """A file on disk: as long as size and modification time stay, its bytes are taken to be the same."""

    path: str
    size_bytes: int
    mtime_ns: int

    @classmethod
    def of(cls, path: Path) -> FileStamp:
        """Raises OSError."""
        status = path.stat()
        return cls(printable(str(path.absolute())), status.st_size, status.st_mtime_ns)


@dataclass(frozen=True, slots=True)
class DocumentRow:
    """A document in the catalog.

    `state` tells how the newest file fared: `ready`; `failed` with a `reason` (stable code) and a `message` (sentence);
    `duplicate` of the document `duplicate_of`. `version` is the version that searches see, None when there is none: a failed
    document keeps its older version. `sha256` is that of the served version, else of the file. `file` is where it came from,
    None for an upload.
    """

    document_id: str
    source: str
    title: str
    state: DocumentState
    reason: str | None
    message: str | None
    duplicate_of: str | None
    sha256: str
    media_type: str
    page_unit: PageUnit | None
    date: str | None
    warnings: tuple[str, ...]
    file: FileStamp | None
    pages: int | None
    chunks: int
    version: int | None
    updated_at: str

    @property
    def served(self) -> bool:
        return self.version is not None


@dataclass(frozen=True, slots=True)
class FoundDocuments:
    """Some documents of a collection, by source. `total` counts all that were asked for, `states` those of each state among
    what the search text finds."""

    total: int
    states: dict[DocumentFilter, int]
    rows: tuple[DocumentRow, ...]


class Catalog:
    """Reads and writes document rows of one collection inside the caller's transaction."""

    def __init__(self, connection: sqlite3.Connection, collection: int) -> None:
        self._connection = connection
        self._collection = collection

    def rows(self) -> list[DocumentRow]:
        """All documents, by source."""
        found = self._connection.execute("SELECT * FROM documents WHERE collection = ? ORDER BY source", (self._collection,))
        return [_row(row) for row in found]

    def find(self, text: str, state: DocumentFilter | None, offset: int, limit: int) -> FoundDocuments:
        """Documents whose source or title holds every word of `text`, whatever the case and the accents."""
        words = fold(text).split()
        found = self._connection.execute(
            "SELECT source, title, state = 'ready' AS ready, state = 'failed' AS failed, state = 'duplicate' AS duplicate,"
            " state = 'ready' AND warnings != '[]' AS warned FROM documents WHERE collection = ? ORDER BY source",
            (self._collection,),
        )
        matching = [row for row in found if all(word in fold(f"{row['source']} {row['title']}") for word in words)]
        wanted = [row["source"] for row in matching if state is None or row[state]]
        rows = (self.by_source(source) for source in wanted[offset : offset + limit])
        states = {name: sum(row[name] for row in matching) for name in FILTERS}
        return FoundDocuments(len(wanted), states, tuple(row for row in rows if row))

    def get(self, document: str) -> DocumentRow | None:
        found = self._connection.execute(
            "SELECT * FROM documents WHERE collection = ? AND document_id = ?", (self._collection, document)
        )
        return next((_row(row) for row in found), None)

    def by_source(self, source: str) -> DocumentRow | None:
        return self.get(document_id(source))

    def with_bytes_of(self, original: DocumentRow) -> list[DocumentRow]:
        """Other documents that serve the same bytes, then duplicates of this one."""
        found = self._connection.execute(
            "SELECT * FROM documents WHERE collection = ? AND sha256 = ? AND document_id != ?"
            " AND (version IS NOT NULL OR duplicate_of = ?) ORDER BY version IS NULL, source",
            (self._collection, original.sha256, original.document_id, original.source),
        )
        return [_row(row) for row in found]

    def put_ready(self, document: Document, version: int, chunks: int, file: FileStamp | None) -> None:
        self._put(
            source=document.source, title=document.title, state="ready", reason=None, message=None, duplicate_of=None,
            sha256=document.sha256, media_type=document.media_type, page_unit=document.page_unit, date=document.date,
            warnings=json.dumps(document.warnings, ensure_ascii=False), pages=document.pages, chunks=chunks,
            version=version, **_file_columns(file),
        )  # fmt: skip

    def put_failed(self, source: str, sha256: str, reason: str, message: str, file: FileStamp | None) -> None:
        """The newest file can't be served; what was served before stays."""
        columns = {"state": "failed", "reason": reason, "message": message, "duplicate_of": None, **_file_columns(file)}
        self._put_unserved(source, sha256, columns)

    def put_duplicate(self, source: str, sha256: str, of: str, file: FileStamp | None) -> None:
        """The file has the bytes of document `of` (its source) and is not served itself."""
        columns = {
            "state": "duplicate",
            "reason": "duplicate",
            "message": same_content(of),
            "duplicate_of": of,
            **_file_columns(file),
        }
        self._put_unserved(source, sha256, columns)

    def put_unchanged(self, source: str, file: FileStamp | None) -> None:
        """The file has the bytes of the served version."""
        self._put(source=source, state="ready", reason=None, message=None, duplicate_of=None, **_file_columns(file))

    def _put_unserved(self, source: str, sha256: str, columns: dict[str, str | int | None]) -> None:
        row = self.by_source(source)
        if row is None or not row.served:
            columns = {**columns, "sha256": sha256}
        self._put(source=source, **columns)

    def _put(self, **columns: str | int | None) -> None:
        key: dict[str, str | int | None] = {"collection": self._collection, "document_id": document_id(str(columns["source"]))}
        values = {**key, **columns, "updated_at": now()}
        names, marks = ", ".join(values), ", ".join("?" * len(values))
        updates = ", ".join(f"{name} = excluded.{name}" for name in values)
        self._connection.execute(
            f"INSERT INTO documents ({names}) VALUES ({marks}) ON CONFLICT (collection, document_id) DO UPDATE SET {updates}",
            list(values.values()),
        )


def same_content(of: str) -> str:
    """Why a document is not served, when `of` has the same bytes."""
    return f"Same content as {of}, which is searched instead."


def now() -> str:
    """The time as ISO 8601, UTC, to the second."""
    return datetime.now(UTC).isoformat(timespec="seconds")


def printable(path: str) -> str:
    """A path as text that can be stored and shown: bytes that are no UTF-8 become escapes."""
    return path.encode("utf-8", "surrogateescape").decode("utf-8", "backslashreplace")


def _file_columns(file: FileStamp | None) -> dict[str, str | int | None]:
    if file is None:
        return {"path": None, "file_bytes": None, "file_mtime_ns": None}
    return {"path": file.path, "file_bytes": file.size_bytes, "file_mtime_ns": file.mtime_ns}


def _row(row: sqlite3.Row) -> DocumentRow:
    stamp = FileStamp(row["path"], row["file_bytes"], row["file_mtime_ns"]) if row["path"] is not None else None
    return DocumentRow(
        document_id=row["document_id"], source=row["source"], title=row["title"], state=cast(DocumentState, row["state"]),
        reason=row["reason"], message=row["message"], duplicate_of=row["duplicate_of"], sha256=row["sha256"],
        media_type=row["media_type"], page_unit=cast("PageUnit | None", row["page_unit"]), date=row["date"],
        warnings=tuple(json.loads(row["warnings"])), file=stamp, pages=row["pages"], chunks=row["chunks"],
        version=row["version"], updated_at=row["updated_at"],
    )  # fmt: skip
