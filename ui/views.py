"""What the command line, the API and the page show: the same for a local and a remote service."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from ingest.catalog import DocumentRow
from ingest.progress import FileState, IngestProgress, IngestReport
from ingest.types import PageUnit

BreakerState = Literal["closed", "open", "half-open"]
JobState = Literal["receiving", "queued", "running", "done", "failed", "cancelled"]
JobKind = Literal["ingest", "upload", "reindex"]


@dataclass(frozen=True, slots=True)
class Passage:
    """A passage that a search found. `score` is the fused one in [0, 1]; `dense` is a cosine, `lexical` a bm25 score,
    None when that leg did not find the passage."""

    chunk_id: str
    collection: str
    document_id: str
    document: str
    title: str
    page: int | None
    page_unit: PageUnit | None
    headings: tuple[str, ...]
    date: str | None
    language: str
    score: float
    dense: float | None
    lexical: float | None
    text: str


@dataclass(frozen=True, slots=True)
class SearchView:
    """What a search found, best first, and the milliseconds of its stages."""

    passages: tuple[Passage, ...]
    timings: dict[str, float]


@dataclass(frozen=True, slots=True)
class DocumentView:
    """A document of the catalog and the text that is searched; None when no version of it is served."""

    row: DocumentRow
    text: str | None


@dataclass(frozen=True, slots=True)
class FileView:
    """A file of a job and how far it is; `reason` is a stable code, `message` a sentence, both for what was not published.

    `number` names it inside an upload, `received` tells whether its bytes have arrived.
    """

    number: int
    source: str
    size_bytes: int
    state: FileState = "waiting"
    reason: str | None = None
    message: str | None = None
    received: bool = True


@dataclass(frozen=True, slots=True)
class JobView:
    """Long work on the server. `report` is there when an ingestion is done, `error` when the job failed.

    `owner` is the id of who started it. `files` are those of an upload, each with its own state; an upload that is `receiving`
    waits for the files that are not `received` yet. `collection_id` is the collection that they are for: one that was made
    later under the same name is another; None when an ingestion may make it. `retryable`: some failed, and are still here.
    """

    id: str
    kind: JobKind
    collection: str
    state: JobState
    progress: IngestProgress | None = None
    report: IngestReport | None = None
    error: str | None = None
    error_code: str | None = None
    owner: str = ""
    started_at: str = ""
    files: tuple[FileView, ...] = ()
    collection_id: int | None = None

    @property
    def finished(self) -> bool:
        return self.state in ("done", "failed", "cancelled")

    @property
    def retryable(self) -> bool:
        left = ("waiting", "reading", "failed")
        return self.kind == "upload" and self.finished and any(file.received and file.state in left for file in self.files)


@dataclass(frozen=True, slots=True)
class BackendView:
    """A configured back end. `cloud` tells that questions and evidence leave the company, `fallback` who answers when it
    can't, `problem` what is wrong with its section.

    `state` is that of its circuit breaker, `last_error` its last failure in this process, be it to open; None before its first
    use.
    """

    name: str
    kind: str
    model: str
    default: bool
    cloud: bool = False
    address: str | None = None
    fallback: tuple[str, ...] = ()
    state: BreakerState | None = None
    last_error: str | None = None
    last_error_at: datetime | None = None
    problem: str | None = None


@dataclass(frozen=True, slots=True)
class Readiness:
    """Whether questions are answered at once; `waiting_for` says what is still being loaded, `error` why it can't be."""

    ready: bool
    waiting_for: str | None = None
    error: str | None = None
