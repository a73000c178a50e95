"""Watched folders of the server: which they are, and what is new, changed or gone in one of them."""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from ingest.catalog import DocumentRow, FileStamp, now
from ingest.collection import find_index
from ingest.errors import ConfigError
from ingest.files import SourceFile, walk
from ingest.store import Store


@dataclass(frozen=True, slots=True)
class Watch:
    """A folder that is looked at again and again, for a collection, and for no later one of its name.

    `sync`: documents whose files are gone are deleted. `added_by` is the id of a person, `seen_at` the time of the last look,
    None before the first; `error` says why it failed.
    """

    id: int
    collection: str
    collection_id: int
    path: str
    sync: bool
    paused: bool
    added_by: str
    added_at: str
    seen_at: str | None
    error: str | None


@dataclass(frozen=True, slots=True)
class Look:
    """What a look at a folder found. `ready` are new and changed files that nobody writes to any more, `unsettled` the others
    as they are now; `gone` counts documents to be deleted. `problem` tells of a path that can't be looked into."""

    ready: frozenset[Path] = frozenset()
    unsettled: Mapping[Path, FileStamp] = field(default_factory=dict)
    gone: int = 0
    problem: str | None = None

    @property
    def calls_for_work(self) -> bool:
        return bool(self.ready or self.gone)


class Watches:
    """The table."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def all(self) -> list[Watch]:
        """By collection and path."""
        with self._store.database.read() as connection:
            return [_watch(row) for row in connection.execute(f"{_SELECT} ORDER BY k.name, w.path")]

    def get(self, watch_id: int) -> Watch:
        """Raises ConfigError for an unknown id."""
        with self._store.database.read() as connection:
            row = connection.execute(f"{_SELECT} WHERE w.id = ?", (watch_id,)).fetchone()
        if row is None:
            raise ConfigError(f"There is no watched folder with the number {watch_id}: look at the list.")
        return _watch(row)

    def add(self, collection: str, path: Path, *, sync: bool, by: str) -> Watch:
        """Raises CollectionNotFound, ConfigError when it is no folder, or watched for this collection already."""
        folder = str(_folder(path, self._store.settings.home))
        with self._store.database.write() as connection:
            index = find_index(connection, collection)
            if connection.execute("SELECT 1 FROM watches WHERE collection = ? AND path = ?", (index.id, folder)).fetchone():
                raise ConfigError(f"{folder} is watched for {collection} already: choose another folder.")
            added = connection.execute(
                "INSERT INTO watches (collection, path, sync, added_by, added_at) VALUES (?, ?, ?, ?, ?)",
                (index.id, folder, sync, by, now()),
            ).lastrowid
        assert added is not None
        return self.get(added)

    def pause(self, watch_id: int, paused: bool) -> Watch:
        """Raises ConfigError for an unknown id."""
        self.get(watch_id)
        self._set("paused = ?, error = NULL", (paused, watch_id))
        return self.get(watch_id)

    def seen(self, watch_id: int, error: str | None) -> None:
        """Notes a look, or how the reading that it led to ended."""
        self._set("seen_at = ?, error = ?", (now(), error, watch_id))

    def remove(self, watch_id: int) -> None:
        """Raises ConfigError for an unknown id."""
        self.get(watch_id)
        with self._store.database.write() as connection:
            connection.execute("DELETE FROM watches WHERE id = ?", (watch_id,))

    def _set(self, columns: str, values: tuple[object, ...]) -> None:
        with self._store.database.write() as connection:
            connection.execute(f"UPDATE watches SET {columns} WHERE id = ?", values)


def look(
    store: Store, watch: Watch, admits: Callable[[Path], bool], settle_seconds: float, before: Mapping[Path, FileStamp]
) -> Look:
    """Compares the folder with the catalog, by sizes and times. `before` is what was `unsettled` at the look before.

    A file has settled when it was last changed `settle_seconds` ago, or is as it was at the look before. One that failed is not
    read again before it changes. Raises ConfigError when the folder is gone, CollectionNotFound.
    """
    rows = store.documents(watch.collection_id)
    found = walk([Path(watch.path)], rows, store.settings.home)
    known = {row.source: row.file for row in rows}
    ready, unsettled = set(), {}
    for file, stamp in _changed(found.files, known):
        if not admits(file.path):
            continue
        if _is_old(stamp, settle_seconds) or before.get(file.path) == stamp:
            ready.add(file.path)
        else:
            unsettled[file.path] = stamp
    gone: list[DocumentRow] = found.vanished(rows) if watch.sync else []
    problems = (f"{path} can't be read ({why}): check its permissions." for path, why in found.unreadable.items())
    return Look(frozenset(ready), unsettled, len(gone), next(problems, None))


def _changed(files: list[SourceFile], known: Mapping[str, FileStamp | None]) -> list[tuple[SourceFile, FileStamp]]:
    """Files that the catalog doesn't know as they are now, with their stamps; one that goes meanwhile is left out."""
    changed = []
    for file in files:
        try:
            stamp = FileStamp.of(file.path)
        except OSError:
            continue
        if known.get(file.source) != stamp:
            changed.append((file, stamp))
    return changed


def _is_old(stamp: FileStamp, settle_seconds: float) -> bool:
    """A time in the future is another machine's clock, and tells nothing."""
    age = time.time() - stamp.mtime_ns / 1e9
    return age >= settle_seconds


def _folder(path: Path, home: Path) -> Path:
    try:
        folder = path.resolve(strict=True)
        is_folder = folder.is_dir()
    except (OSError, ValueError, RuntimeError) as error:
        raise ConfigError(f"{path} can't be watched, it is not there or can't be read: check the path.") from error
    if not is_folder:
        raise ConfigError(f"{path} is no folder: choose one.")
    if folder.is_relative_to(home):
        raise ConfigError(f"{path} is where Midas keeps its own data: choose another folder.")
    return folder


_SELECT = (
    "SELECT w.id, k.name AS collection, k.id AS collection_id, w.path, w.sync, w.paused, w.added_by, w.added_at, w.seen_at,"
    " w.error FROM watches w JOIN collections k ON k.id = w.collection"
)


def _watch(row: sqlite3.Row) -> Watch:
    return Watch(**{**dict(row), "sync": bool(row["sync"]), "paused": bool(row["paused"])})
