"""Which files are to be ingested, and under which source each is known in the collection."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from ingest.catalog import DocumentRow, printable
from ingest.errors import ConfigError

_TEMPORARY = ("~$", ".")
_IGNORED = {"Thumbs.db", "desktop.ini"}


@dataclass(frozen=True, slots=True)
class SourceFile:
    """A file and its source. `on_disk` is False for an upload: its path means nothing later on."""

    source: str
    path: Path
    on_disk: bool = True


@dataclass(slots=True)
class Walk:
    """What was found under the given paths. `unreadable` are paths that can't be looked into, with the reason."""

    files: list[SourceFile] = field(default_factory=list)
    folders: list[Path] = field(default_factory=list)
    unreadable: dict[Path, str] = field(default_factory=dict)

    def vanished(self, rows: Sequence[DocumentRow]) -> list[DocumentRow]:
        """Documents that came from the given folders and whose file is gone."""
        present = {_key(file.path) for file in self.files}
        return [row for row in rows if row.file and row.file.path not in present and self._covers(row.file.path)]

    def _covers(self, path: str) -> bool:
        return any(_under(path, folder) for folder in self.folders) and not any(_under(path, bad) for bad in self.unreadable)


def walk(paths: Sequence[Path], rows: Sequence[DocumentRow], home: Path) -> Walk:
    """Files and folders, recursively, in a stable order; hidden and temporary files and the data directory are left out.

    A source is the path relative to the given folder. A file that is in the collection already (`rows`) keeps its source; one
    whose source belongs to another existing file gets the folder's name in front. Raises ConfigError when a path is missing.
    """
    found = Walk()
    sources = _Sources(rows)
    seen: set[Path] = set()
    for given in paths:
        try:
            top, is_folder = _resolved(given)
        except OSError as error:
            found.unreadable[given.absolute()] = _reason(error)
            continue
        if is_folder:
            found.folders.append(top)
        for path in _files(top, home, found.unreadable) if is_folder else [top]:
            if path not in seen:
                seen.add(path)
                found.files.append(SourceFile(sources.claim(path, top if is_folder else top.parent), path))
    return found


def check_exists(path: Path) -> None:
    """Raises ConfigError when nothing is there. A path that can't be looked at is not missing: it fails as unreadable."""
    if not _may_exist(path):
        raise ConfigError(f"{path} doesn't exist: check the path.")


def _resolved(given: Path) -> tuple[Path, bool]:
    """The path without links, and whether it is a folder. Raises ConfigError when it is missing, OSError when unreadable."""
    check_exists(given)
    is_folder = stat.S_ISDIR(given.stat().st_mode)
    return (given.resolve() if is_folder else given.parent.resolve() / given.name), is_folder


class _Sources:
    """Gives each path its source, and no source to two paths."""

    def __init__(self, rows: Sequence[DocumentRow]) -> None:
        self._known = {row.file.path: row.source for row in rows if row.file}
        self._owners = {row.source: row.file.path if row.file else None for row in rows}

    def claim(self, path: Path, folder: Path) -> str:
        key = _key(path)
        relative = printable(path.relative_to(folder).as_posix())
        candidates = [self._known.get(key), relative, f"{printable(folder.name)}/{relative}", key]
        source = next(name for name in candidates if name and self._free(name, key))
        self._owners[source] = key
        return source

    def _free(self, source: str, key: str) -> bool:
        """An uploaded document keeps its source; a file that is gone gives it up."""
        if source not in self._owners:
            return True
        owner = self._owners[source]
        return owner is not None and (owner == key or not _may_exist(Path(owner)))


def _files(top: Path, home: Path, unreadable: dict[Path, str]) -> Iterator[Path]:
    """Regular files under a folder. Links to folders are followed, but no folder is entered twice."""
    entered = {_identity(top), _identity(home)}
    note = lambda error: unreadable.update({Path(error.filename): _reason(error)})  # noqa: E731
    for folder, folders, names in os.walk(top, followlinks=True, onerror=note):
        folders[:] = [
            name for name in sorted(folders) if not is_skipped(name) and _enter(Path(folder, name), entered, unreadable)
        ]
        for name in sorted(names):
            path = Path(folder, name)
            if not is_skipped(name) and _is_candidate(path):
                yield path


def _is_candidate(path: Path) -> bool:
    """A regular file, or one that can't be looked at or a link to nothing: reading those fails, and the failure is noted."""
    try:
        return stat.S_ISREG(path.stat().st_mode)
    except FileNotFoundError:
        return path.is_symlink()
    except OSError:
        return True


def _may_exist(path: Path) -> bool:
    """False when it is certain that nothing is there. `Path.exists` raises where a folder above can't be looked into."""
    try:
        path.stat()
    except (FileNotFoundError, NotADirectoryError, ValueError):
        return False
    except OSError:
        return True
    return True


def _reason(error: OSError) -> str:
    return error.strerror or str(error)


def _enter(folder: Path, entered: set[tuple[int, int]], unreadable: dict[Path, str]) -> bool:
    try:
        identity = _identity(folder)
    except OSError as error:
        unreadable[folder] = _reason(error)
        return False
    if identity in entered:
        return False
    entered.add(identity)
    return True


def _identity(folder: Path) -> tuple[int, int]:
    status = folder.stat()
    return status.st_dev, status.st_ino


def is_skipped(name: str) -> bool:
    """Whether the name is that of a hidden or temporary file or folder."""
    return name.startswith(_TEMPORARY) or name in _IGNORED


def _under(path: str, folder: Path) -> bool:
    return path.startswith(_key(folder).rstrip("/\\") + os.sep)


def _key(path: Path) -> str:
    return printable(str(path))
