"""How the server and its machine are: plain figures, each with a verdict."""

from __future__ import annotations

import platform
import shutil
import sqlite3
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Literal

import psutil

from assistant.backends import Backend
from ui.views import Readiness

Verdict = Literal["good", "warning", "bad"]

PACKAGES = ("midas-assistant", "gradio", "fastapi", "chromadb", "llama-index-core", "onnxruntime", "xllamacpp")
"""Whose versions matter when something is reported."""
GIB = 2**30
DISK_LOW, DISK_FULL = 5 * GIB, GIB
"""Free bytes under which documents will soon, or may now, fail to be stored."""
MEMORY_LOW, MEMORY_FULL = GIB, 256 * 2**20
"""Available bytes under which models get slow, or the system may end the server."""


@dataclass(frozen=True, slots=True)
class Disk:
    """Of the data directory."""

    folder: str
    free_bytes: int
    total_bytes: int
    verdict: Verdict


@dataclass(frozen=True, slots=True)
class Memory:
    """`used_bytes` is what this process and its children have, `available_bytes` what the machine can still give."""

    used_bytes: int
    available_bytes: int
    total_bytes: int
    verdict: Verdict


@dataclass(frozen=True, slots=True)
class EmbedderState:
    """The embedder that the settings name. `loaded`: it is in use."""

    kind: str
    model: str
    loaded: bool


@dataclass(frozen=True, slots=True)
class Line:
    """Who is at an open back end: `places` are answered at a time, the others wait."""

    backend: str
    answering: int
    waiting: int
    places: int


@dataclass(frozen=True, slots=True)
class HealthView:
    """`readiness` tells whether questions are answered at once; `jobs` counts the long work that is queued or running."""

    since: datetime
    now: datetime
    versions: Mapping[str, str]
    disk: Disk
    memory: Memory
    embedder: EmbedderState
    readiness: Readiness
    lines: tuple[Line, ...]
    jobs: int

    @property
    def verdict(self) -> Verdict:
        """The worst of all."""
        models: Verdict = "good" if self.readiness.ready else "bad" if self.readiness.error else "warning"
        found = {self.disk.verdict, self.memory.verdict, models}
        return "bad" if "bad" in found else "warning" if "warning" in found else "good"


def disk(folder: Path) -> Disk:
    usage = shutil.disk_usage(folder)
    return Disk(str(folder), usage.free, usage.total, _verdict(usage.free, DISK_LOW, DISK_FULL))


def memory() -> Memory:
    machine, process = psutil.virtual_memory(), psutil.Process()
    used = sum(_resident(each) for each in (process, *process.children(recursive=True)))
    return Memory(used, machine.available, machine.total, _verdict(machine.available, MEMORY_LOW, MEMORY_FULL))


def lines(backends: Sequence[Backend]) -> tuple[Line, ...]:
    """One for each back end that was opened."""
    return tuple(_line(backend.name, len(backend.queue), backend.queue.size) for backend in backends)


def versions() -> dict[str, str]:
    """Of Python, SQLite and the packages that matter."""
    found = {"python": platform.python_version(), "sqlite": sqlite3.sqlite_version}
    return {**{name: number for name in PACKAGES if (number := _version(name))}, **found}


def running_since() -> datetime:
    return datetime.fromtimestamp(psutil.Process().create_time(), UTC)


def _verdict(left: int, low: int, full: int) -> Verdict:
    return "bad" if left < full else "warning" if left < low else "good"


def _resident(process: psutil.Process) -> int:
    try:
        return int(process.memory_info().rss)
    except psutil.Error:  # it ended meanwhile
        return 0


def _line(name: str, people: int, places: int) -> Line:
    return Line(name, min(people, places), max(0, people - places), places)


def _version(package: str) -> str | None:
    try:
        return version(package)
    except PackageNotFoundError:
        return None
