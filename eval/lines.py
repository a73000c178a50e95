"""Files of one JSON object a line that survive a kill: a line is there whole or not at all."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TypeVar

from filelock import FileLock
from pydantic import TypeAdapter, ValidationError

from ingest.assets import write_atomically
from ingest.errors import StoreError

T = TypeVar("T")

_adapters: dict[type[Any], TypeAdapter[Any]] = {}


def append(path: Path, *rows: object) -> None:
    """Adds a line for each and waits until they are on the disk; a last line that a kill left torn goes first.

    Raises StoreError.
    """
    text = b"".join(_adapter(type(row)).dump_json(row) + b"\n" for row in rows)
    with _writing(path), path.open("a+b") as file:
        _cut_torn(file.fileno())
        file.write(text)
        file.flush()
        os.fsync(file.fileno())


def replace(path: Path, field: str, value: str, other: str) -> None:
    """Puts another value where a row has this one; the file changes as a whole, and no row is lost that somebody adds.

    Raises StoreError.
    """
    if path.exists() and value.encode() in path.read_bytes():
        with _writing(path):
            whole = path.read_bytes().splitlines(keepends=True)
            write_atomically(path, b"".join(_replaced(line, field, value, other) for line in whole))


def read(path: Path, kind: type[T]) -> list[T]:
    """All whole lines; none when there is no file. Raises StoreError that names a line that is no such row."""
    if not path.exists():
        return []
    whole, _, _ = path.read_bytes().rpartition(b"\n")
    return [_row(path, number, line, kind) for number, line in enumerate(whole.split(b"\n"), 1) if line]


@contextmanager
def _writing(path: Path) -> Iterator[None]:
    """One at a time, in all processes."""
    try:
        with FileLock(path.with_name(".lock")):
            yield
    except OSError as error:
        raise StoreError(f"{path} can't be written ({error.strerror}): check free space and permissions.") from error


def _replaced(line: bytes, field: str, value: str, other: str) -> bytes:
    """A line that is no row stays: whoever reads it is told."""
    try:
        row = json.loads(line)
    except ValueError:
        return line
    if not isinstance(row, dict) or row.get(field) != value:
        return line
    return json.dumps({**row, field: other}, ensure_ascii=False, separators=(",", ":")).encode() + b"\n"


def _row(path: Path, number: int, line: bytes, kind: type[T]) -> T:
    try:
        row: T = _adapter(kind).validate_json(line)
        return row
    except ValidationError as error:
        raise StoreError(f"Line {number} of {path} is no {kind.__name__} ({error.errors()[0]['msg']}): delete it.") from error


def _adapter(kind: type[Any]) -> TypeAdapter[Any]:
    """Built once: it takes longer than a row."""
    if kind not in _adapters:
        _adapters[kind] = TypeAdapter(kind)
    return _adapters[kind]


def _cut_torn(descriptor: int) -> None:
    """Leaves the file as it was after its last whole line."""
    end = size = os.fstat(descriptor).st_size
    step = 65536
    while end:
        begin = max(0, end - step)
        newline = os.pread(descriptor, end - begin, begin).rfind(b"\n")
        if newline >= 0:
            end = begin + newline + 1
            break
        end = begin
    if end < size:
        os.ftruncate(descriptor, end)
