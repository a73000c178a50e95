"""What an ingestion tells while it runs, and when it is done."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Literal

FileState = Literal["waiting", "reading", "ready", "replaced", "unchanged", "duplicate", "failed"]
"""`ready` is new in the collection; all but `waiting` and `reading` are final."""


@dataclass(frozen=True, slots=True)
class Failure:
    """A file that can't be served: stable code and sentence."""

    source: str
    reason: str
    message: str


@dataclass(frozen=True, slots=True)
class FileOutcome:
    """What has become of a file: `reason` and `message` are there when it failed, `message` too when it is a duplicate."""

    source: str
    state: FileState
    reason: str | None = None
    message: str | None = None


@dataclass(frozen=True, slots=True)
class IngestProgress:
    """`done` of `total` documents are dealt with, `failed` of them failed; `current` is the source in work, empty at the end.

    `chunks` are embedded so far, `chunks_per_s` of the whole time; `eta_s` is None until it can be told.
    """

    done: int
    total: int
    current: str
    chunks: int
    chunks_per_s: float
    eta_s: float | None
    failed: int


@dataclass(frozen=True, slots=True)
class IngestReport:
    """What became of the files. `skipped` counts unchanged ones, `duplicates` are (source, source of the same bytes).

    `chunks` were embedded, in `embedding_s` of `seconds`. `cancelled` tells that some files were not reached.
    """

    added: int
    replaced: int
    skipped: int
    failed: int
    removed: int
    chunks: int
    seconds: float
    embedding_s: float
    failures: tuple[Failure, ...]
    duplicates: tuple[tuple[str, str], ...]
    cancelled: bool


ProgressCallback = Callable[[IngestProgress], None]
FileCallback = Callable[[FileOutcome], None]


@dataclass(slots=True)
class Meter:
    """Counts documents and time, and calls back."""

    total: int
    callback: ProgressCallback | None
    done: int = 0
    failed: int = 0
    skipped: int = 0
    began: float = field(default_factory=time.perf_counter)

    @property
    def seconds(self) -> float:
        return time.perf_counter() - self.began

    def show(self, current: str, chunks: int, part: float) -> None:
        """`part` is what is done of the documents in work, in documents."""
        if self.callback is None:
            return
        seconds = max(self.seconds, 1e-9)
        worked, work = self.done - self.skipped + part, self.total - self.skipped
        eta_s = seconds * (work - worked) / worked if worked > 0 else None
        self.callback(IngestProgress(self.done, self.total, current, chunks, chunks / seconds, eta_s, self.failed))
