"""Where the running server is: `$MIDAS_HOME/server.json`, readable by its owner only, because it holds the admin token."""

from __future__ import annotations

import json
import os
import secrets
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass
from pathlib import Path

import psutil


@dataclass(frozen=True, slots=True)
class Address:
    """`url` has no slash at its end; `token` goes into `Authorization: Bearer`."""

    pid: int
    url: str
    token: str


def read_address(home: Path) -> Address | None:
    """The running server's address; None when there is no server or the file is left from one that died."""
    try:
        address = Address(**json.loads(_file(home).read_text(encoding="utf-8")))
    except (OSError, ValueError, TypeError):
        return None
    return address if _alive(home, address.pid) else None


@contextmanager
def published(home: Path, url: str) -> Iterator[Address]:
    """Writes the file for as long as the server runs."""
    address = Address(os.getpid(), url, secrets.token_urlsafe(32))
    partial = _file(home).with_suffix(".new")
    partial.unlink(missing_ok=True)
    with os.fdopen(os.open(partial, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", encoding="utf-8") as file:
        json.dump(asdict(address), file)
    partial.replace(_file(home))
    try:
        yield address
    finally:
        with suppress(OSError):
            _file(home).unlink()


def _file(home: Path) -> Path:
    return home / "server.json"


def _alive(home: Path, pid: int) -> bool:
    """Whether that process still runs: one that started after the file was written has merely got the same number."""
    try:
        return bool(psutil.Process(pid).create_time() <= _file(home).stat().st_mtime)
    except (psutil.Error, OSError, ValueError):
        return False
