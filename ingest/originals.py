"""The uploaded files themselves, kept under their SHA-256, each content once.

A file is there as a whole or not at all: it is written beside, synced and renamed, before a catalog row names it. One that no
row names, such as what a crash left, is deleted at the next `sweep`; until `release`, what was just kept is safe from it.
"""

from __future__ import annotations

import hashlib
import os
import re
import shutil
from collections import Counter
from collections.abc import Callable, Container, Iterable
from pathlib import Path
from secrets import token_hex
from threading import Lock

from ingest.catalog import DocumentRow, FileStamp
from ingest.errors import DocumentNotFound, StoreError

_SHA256 = re.compile(r"[0-9a-f]{64}")


class Originals:
    """The folder. Thread-safe."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._lock = Lock()
        self._held: Counter[str] = Counter()

    def path(self, sha256: str) -> Path | None:
        """None when this content is not kept."""
        if not _SHA256.fullmatch(sha256):
            return None
        path = self._place(sha256)
        return path if path.is_file() else None

    def keep(self, file: Path, sha256: str) -> None:
        """Takes a copy of the file, whose SHA-256 this is. Raises StoreError when it can't be written or is another file."""
        place = self._place(sha256)
        with self._lock:
            try:
                if not place.is_file():
                    self._write(file, place, sha256)
                self._held[sha256] += 1
            except OSError as error:
                raise StoreError(
                    f"The original can't be kept in {self.folder} ({error.strerror or error}): free disk space and load it"
                    " again."
                ) from error

    def release(self, kept: Iterable[str]) -> None:
        """The rows that name these are written, or never will be."""
        with self._lock:
            self._held -= Counter(kept)

    def sweep(self, needed: Callable[[], Container[str]]) -> int:
        """Deletes what is not `needed()`, which is asked while nothing can be added. Returns how many files went."""
        with self._lock:
            wanted = needed()
            gone = [path for path in self._files() if path.name not in wanted and path.name not in self._held]
            for path in gone:
                path.unlink(missing_ok=True)
        return len(gone)

    def _files(self) -> list[Path]:
        return [path for path in self.folder.glob("*/*") if path.is_file()]

    def _place(self, sha256: str) -> Path:
        return self.folder / sha256[:2] / sha256

    def _write(self, file: Path, place: Path, sha256: str) -> None:
        self.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        place.parent.mkdir(exist_ok=True)
        beside = place.with_name(f"{token_hex(8)}.part")
        try:
            with file.open("rb") as source, beside.open("xb") as copy:
                shutil.copyfileobj(source, copy, 1 << 20)
                copy.flush()
                os.fsync(copy.fileno())
            if digest(beside) != sha256:
                raise StoreError(f"{file.name} changed while it was read: load it again.")
            beside.replace(place)
            sync_folder(place.parent)
        finally:
            beside.unlink(missing_ok=True)


def original_of(row: DocumentRow, originals: Originals) -> Path:
    """The file that the served version was read from: the kept upload, or the file on the server while it has the same bytes.

    Raises DocumentNotFound, which says why there is none.
    """
    path = place_of(row, originals)
    try:
        if row.file is None or digest(path) == row.sha256:
            return path
    except OSError as error:
        raise _gone(row) from error
    raise _changed(row)


def obstacle(row: DocumentRow, originals: Originals) -> str | None:
    """Why there is no original; the bytes of a file on the server are looked at only when it was touched."""
    try:
        if row.file is None or FileStamp.of(path := place_of(row, originals)) != row.file:
            original_of(row, originals)
        elif not os.access(path, os.R_OK):
            return _gone(row).message
    except DocumentNotFound as error:
        return error.message
    except OSError:
        return _gone(row).message
    return None


def place_of(row: DocumentRow, originals: Originals) -> Path:
    """Where the original was; it may have changed since. Raises DocumentNotFound when it was not kept."""
    if row.file is not None:
        return Path(row.file.path)
    if path := originals.path(row.sha256):
        return path
    raise DocumentNotFound(f"The original of {row.source} was not kept: upload the document again to see it.")


def _gone(row: DocumentRow) -> DocumentNotFound:
    return DocumentNotFound(f"The file of {row.source} is not where it was read from any more: ask an admin to load it again.")


def _changed(row: DocumentRow) -> DocumentNotFound:
    return DocumentNotFound(f"The file of {row.source} has changed since it was read: ask an admin to load it again.")


def digest(path: Path) -> str:
    """The SHA-256 of a file. Raises OSError."""
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def sync_folder(folder: Path) -> None:
    """Makes a rename in the folder outlive a power cut."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
