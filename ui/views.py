"""What the command line, the API and the page show: the same for a local and a remote service."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from ingest.catalog import DocumentRow
from ingest.progress import IngestProgress, IngestReport
from ingest.types import PageUnit

BreakerState = Literal["closed", "open", "half-open"]
JobState = Literal["queued", "running", "done", "failed", "cancelled"]
JobKind = Literal["ingest", "reindex"]


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
class JobView:
    """Long work on the server. `report` is there when an ingestion is done, `error` when the job failed."""

    id: str
    kind: JobKind
    collection: str
    state: JobState
    progress: IngestProgress | None = None
    report: IngestReport | None = None
    error: str | None = None
    error_code: str | None = None

    @property
    def finished(self) -> bool:
        return self.state in ("done", "failed", "cancelled")


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
