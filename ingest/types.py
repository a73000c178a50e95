"""The nouns of ingestion: `Document`, `Block`, `Chunk`, `Hit`."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import PurePosixPath
from typing import Literal, Protocol

import numpy as np
from numpy.typing import NDArray

BlockKind = Literal["text", "heading", "list", "table"]
PageUnit = Literal["page", "slide", "sheet", "record"]
Vectors = NDArray[np.float32]

BLOCK_SEPARATOR = "\n\n"


@dataclass(frozen=True, slots=True)
class Block:
    """A paragraph, heading, list or table of a document, in reading order.

    `text` of a table is a Markdown table (header row, `|---|` row, data rows; no line breaks inside cells).
    `page` is the 1-based page, slide, sheet or record number (see `Document.page_unit`), None where the format has none.
    `headings` is the path of headings above the block, outermost first; a heading block does not contain itself.
    """

    text: str
    kind: BlockKind = "text"
    page: int | None = None
    headings: tuple[str, ...] = ()


@dataclass(frozen=True)
class Document:
    """One version of one file, as text.

    `source` identifies the document inside its collection (a path relative to what was ingested, with `/`).
    `sha256` is that of the file's bytes. `date` is the ISO date the document itself states (metadata), if any.
    `warnings` are sentences for the admin about what could not be read, e.g. formula cells without a value.
    """

    source: str
    sha256: str
    media_type: str
    title: str
    blocks: tuple[Block, ...]
    page_unit: PageUnit | None = None
    date: str | None = None
    warnings: tuple[str, ...] = ()

    @property
    def id(self) -> str:
        return document_id(self.source)

    @cached_property
    def text(self) -> str:
        """All blocks joined by a blank line; `Chunk.start` and `Chunk.end` count characters of it."""
        return BLOCK_SEPARATOR.join(block.text for block in self.blocks)

    @property
    def pages(self) -> int | None:
        """The last page that has text; None where the format has no pages."""
        return max((block.page for block in self.blocks if block.page is not None), default=None)


def document_id(source: str) -> str:
    """The same source is the same document in every version: 20 hexadecimal digits."""
    return hashlib.sha256(source.encode("utf-8", "surrogatepass")).hexdigest()[:20]


def title_from(source: str) -> str:
    """A title for a document that has none: `viajes/tarifa_2025-v2.txt` -> `Tarifa 2025 v2`."""
    stem = PurePosixPath(source).stem
    words = " ".join(re.sub(r"[-_.]+", " ", stem).split())
    return words[:1].upper() + words[1:] or stem


@dataclass(frozen=True, slots=True)
class Chunk:
    """A passage of a document: what is embedded, retrieved and cited.

    `text == prefix + document.text[start:end]`; `prefix` is the repeated header of a table that was split, else empty.
    `page`/`page_end` are the first and last page it stands on. `tokens` counts `embedding_text` with the embedder's tokenizer.
    `language` is ISO 639-1 (`es` or `en` for stemming; anything else is indexed without stemming).
    """

    ordinal: int
    text: str
    start: int
    end: int
    prefix: str = ""
    kind: Literal["text", "table"] = "text"
    page: int | None = None
    page_end: int | None = None
    headings: tuple[str, ...] = ()
    language: str = "es"
    tokens: int = 0

    @property
    def embedding_text(self) -> str:
        """What the embedder sees: the heading path, then the text."""
        return f"{' > '.join(self.headings)}\n{self.text}" if self.headings else self.text


@dataclass(frozen=True, slots=True)
class Hit:
    """A chunk found by one leg of the search; a larger `score` is better. `language` is its ISO 639-1 code, once known."""

    chunk_id: str
    score: float
    language: str | None = None


@dataclass(frozen=True, slots=True)
class StoredChunk:
    """A chunk as the store returns it, with its document's data."""

    id: str
    collection: str
    document_id: str
    source: str
    title: str
    date: str | None
    page_unit: PageUnit | None
    chunk: Chunk


@dataclass(frozen=True, slots=True)
class Filter:
    """Restricts a search; an empty tuple or None means no restriction. Dates are ISO and inclusive."""

    documents: tuple[str, ...] = ()
    languages: tuple[str, ...] = ()
    date_from: str | None = None
    date_to: str | None = None


class Embedder(Protocol):
    """Texts to unit vectors. `name` identifies weights and precision: collections remember it."""

    name: str
    dimension: int
    max_tokens: int

    def embed_passages(self, texts: Sequence[str]) -> Vectors:
        """float32 array (len(texts), dimension), rows of length 1, in the order of `texts`."""

    def embed_query(self, text: str) -> Vectors:
        """float32 array (dimension,), of length 1."""

    def count_tokens(self, texts: Sequence[str]) -> list[int]:
        """Tokens of each text, special tokens and prefix not counted."""
