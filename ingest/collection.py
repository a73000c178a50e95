"""Collections: what they were built with, and finding them by name."""

from __future__ import annotations

import difflib
import re
import sqlite3
from collections.abc import Sequence
from dataclasses import dataclass

from ingest.config import ChunkingSettings
from ingest.errors import CollectionMismatch, CollectionNotFound, ConfigError
from ingest.types import Embedder

_NAME = re.compile(r"\w[\w.-]{0,62}")


@dataclass(frozen=True, slots=True)
class CollectionIndex:
    """The index a collection is served from; `generation` names it in SQLite and Chroma."""

    id: int
    name: str
    generation: int
    embedder: str
    dimension: int
    chunk_tokens: int

    @property
    def built_with(self) -> str:
        return _recipe(self.embedder, self.dimension, self.chunk_tokens)


@dataclass(frozen=True, slots=True)
class CollectionInfo(CollectionIndex):
    """A collection and how much a search can find in it. `private` keeps its passages away from back ends in the cloud."""

    documents: int
    chunks: int
    created_at: str
    private: bool


_INDEX = "SELECT k.id, k.name, g.id AS generation, g.embedder, g.dimension, g.chunk_tokens"
_FROM = " FROM collections k JOIN generations g ON g.id = k.generation"


def all_collections(connection: sqlite3.Connection) -> list[CollectionInfo]:
    """By name, with counts."""
    rows = connection.execute(
        f"{_INDEX}, count(d.version) AS documents, coalesce(sum(d.chunks), 0) AS chunks, k.created_at, k.private {_FROM}"
        " LEFT JOIN documents d ON d.collection = k.id GROUP BY k.id ORDER BY k.name"
    )
    return [CollectionInfo(**{**dict(row), "private": bool(row["private"])}) for row in rows]


def find_indexes(connection: sqlite3.Connection, names: Sequence[str]) -> list[CollectionIndex]:
    """In the order of `names`, each once. Raises CollectionNotFound."""
    known = {row["name"]: CollectionIndex(*row) for row in connection.execute(_INDEX + _FROM)}
    for name in names:
        if name not in known:
            raise CollectionNotFound(_unknown(name, sorted(known)))
    return [known[name] for name in dict.fromkeys(names)]


def find_index(connection: sqlite3.Connection, name: str) -> CollectionIndex:
    """Raises CollectionNotFound."""
    return find_indexes(connection, [name])[0]


def check_name(name: str) -> None:
    """Raises ConfigError."""
    if not _NAME.fullmatch(name):
        raise ConfigError(f"{name!r} can't name a collection: use up to 63 letters, digits, '_', '-' and '.', without spaces.")


def check_match(index: CollectionIndex, embedder: Embedder, chunking: ChunkingSettings) -> None:
    """Raises CollectionMismatch when the collection was built another way."""
    wanted = _recipe(embedder.name, embedder.dimension, chunking.tokens)
    if index.built_with != wanted:
        raise CollectionMismatch(
            f"Collection {index.name} was built with {index.built_with}, the settings ask for {wanted}:"
            f" run `midas reindex {index.name}` or set them back."
        )


def _recipe(embedder: str, dimension: int, chunk_tokens: int) -> str:
    return f"{embedder} ({dimension} dimensions, chunks of {chunk_tokens} tokens)"


def _unknown(name: str, known: Sequence[str]) -> str:
    if not known:
        return f"There is no collection {name!r}, nor any other: run `midas ingest PATH --collection {name}`."
    near = difflib.get_close_matches(name, known, 1)
    hint = f"did you mean {near[0]!r}? " if near else ""
    return f"There is no collection {name!r}: {hint}The collections are {', '.join(known)}."
