"""What is shown of documents: a passage in its surroundings, versions, chunks, pages of lists, watched folders."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from ingest.history import VersionEvent
from ingest.types import PageUnit, StoredChunk


@dataclass(frozen=True, slots=True)
class SourceView:
    """A passage in its surroundings, as plain text: everything in it is untrusted and must be escaped.

    `before`, `passage` and `after` follow each other in the document; where one begins inside a table, the table's header is
    repeated, so that each can be shown by itself (`assistant.markup.passage_html` makes tables of Markdown tables).
    `cut_before` and `cut_after` tell that the document goes on there.

    `date` is what the document itself states, `published_at` when this version came into Midas. `page` is where the first
    quote begins, or the passage; it counts in `page_unit` (page, slide, sheet, record). `drawable`: its pages can be drawn
    (`Reading.page_image`). `downloadable`: the original file can be had (`Reading.original`); `obstacle` says why not.
    """

    chunk_id: str
    collection: str
    document_id: str
    document: str
    title: str
    date: str | None
    published_at: str
    page: int | None
    page_end: int | None
    pages: int | None
    page_unit: PageUnit | None
    headings: tuple[str, ...]
    kind: Literal["text", "table"]
    before: str
    passage: str
    after: str
    cut_before: bool
    cut_after: bool
    media_type: str
    drawable: bool
    downloadable: bool
    obstacle: str | None = None


@dataclass(frozen=True, slots=True)
class Original:
    """The file that a document was read from, and the name to save it under."""

    path: Path
    name: str
    media_type: str


@dataclass(frozen=True, slots=True)
class VersionView:
    """What happened to a document once. `number` counts its published versions from 1, None for what was not published.

    `served` marks the version that searches see. `by` is the name of who did it. `original` tells that this version's file can
    still be had.
    """

    number: int | None
    event: VersionEvent
    at: str
    by: str
    source: str
    title: str
    sha256: str
    reason: str | None
    message: str | None
    pages: int | None
    chunks: int
    served: bool
    original: bool


@dataclass(frozen=True, slots=True)
class ChunkView:
    """A chunk as it is stored: `text` is what the model gets sentences and rows of, `embedding_text` what the embedder saw."""

    chunk_id: str
    ordinal: int
    page: int | None
    page_end: int | None
    headings: tuple[str, ...]
    kind: Literal["text", "table"]
    language: str
    tokens: int
    text: str
    embedding_text: str


def chunk_view(stored: StoredChunk) -> ChunkView:
    chunk = stored.chunk
    return ChunkView(
        chunk_id=stored.id, ordinal=chunk.ordinal, page=chunk.page, page_end=chunk.page_end, headings=chunk.headings,
        kind=chunk.kind, language=chunk.language, tokens=chunk.tokens, text=chunk.text, embedding_text=chunk.embedding_text,
    )  # fmt: skip


@dataclass(frozen=True, slots=True)
class ChunkPage:
    """Some chunks of a document, in reading order; `total` counts all of them."""

    total: int
    chunks: tuple[ChunkView, ...]


@dataclass(frozen=True, slots=True)
class WatchView:
    """A folder of the server that is looked at again and again; what is new or changed in it is read into the collection.

    `sync`: documents whose files are gone are deleted. `seen_at` is the last look, None before the first; `error` says why it
    failed.
    """

    id: int
    collection: str
    path: str
    sync: bool
    paused: bool
    added_by: str
    added_at: str
    seen_at: str | None
    error: str | None
