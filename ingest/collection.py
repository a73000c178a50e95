"""Collections: what they were built with, and finding them by name."""

from __future__ import annotations

import difflib
import json
import re
import sqlite3
from collections.abc import Collection, Sequence
from dataclasses import dataclass

from ingest.config import ChunkingSettings
from ingest.errors import CollectionMismatch, CollectionNotFound, ConfigError
from ingest.types import Embedder

_NAME = re.compile(r"\w[\w.-]{0,62}")

CollectionKey = str | int
"""A collection by its name, or by its id: that one, and no later one of its name."""


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
    """A collection and how much a search can find in it. `private` keeps its passages away from back ends in the cloud.

    `groups` may read it, `description` tells them what is in it, `contact` who knows more.
    """

    documents: int
    chunks: int
    created_at: str
    private: bool
    description: str = ""
    contact: str = ""
    groups: tuple[str, ...] = ()


Readers = Collection[str] | None
"""The groups of who asks: what is shared with none of them does not exist for them. None: whoever may read everything."""

_INDEX = "SELECT k.id, k.name, g.id AS generation, g.embedder, g.dimension, g.chunk_tokens"
_FROM = " FROM collections k JOIN generations g ON g.id = k.generation"
READABLE = 'k.id IN (SELECT collection FROM readers WHERE "group" IN (SELECT value FROM json_each(?)))'
"""SQL: the collection k is shared with one of the groups, a JSON array. It touches no collection that is not."""


def readable(readers: Readers) -> tuple[str, list[str]]:
    """A condition on the collection k with its values."""
    return ("TRUE", []) if readers is None else (READABLE, [json.dumps(sorted(readers))])


def all_collections(connection: sqlite3.Connection, readers: Readers = None) -> list[CollectionInfo]:
    """By name, with counts."""
    condition, values = readable(readers)
    rows = connection.execute(
        f"{_INDEX}, count(d.version) AS documents, coalesce(sum(d.chunks), 0) AS chunks, k.created_at, k.private,"
        ' k.description, k.contact, (SELECT json_group_array("group") FROM readers WHERE collection = k.id) AS groups'
        f"{_FROM} LEFT JOIN documents d ON d.collection = k.id WHERE {condition} GROUP BY k.id ORDER BY k.name",
        values,
    )
    return [_info(row, readers) for row in rows]


def _info(row: sqlite3.Row, readers: Readers) -> CollectionInfo:
    """Who reads a collection with others is told nothing about their groups."""
    groups = tuple(sorted(group for group in json.loads(row["groups"]) if readers is None or group in readers))
    return CollectionInfo(**{**dict(row), "private": bool(row["private"]), "groups": groups})


def find_indexes(connection: sqlite3.Connection, names: Sequence[str] | None, readers: Readers = None) -> list[CollectionIndex]:
    """In the order of `names`, each once; all of them, by name, when it is None.

    Raises CollectionNotFound, alike for what never was and what may not be read: neither is looked up.
    """
    if readers is None and names is not None:
        known = _indexes(connection, "k.name IN (SELECT value FROM json_each(?))", [json.dumps(names)])
    else:
        known = _indexes(connection, *readable(readers))
    wanted = sorted(known) if names is None else dict.fromkeys(names)
    if missing := [name for name in wanted if name not in known]:
        raise CollectionNotFound(_unknown(missing[0], sorted(_indexes(connection, *readable(readers))), readers))
    return [known[name] for name in wanted]


def _indexes(connection: sqlite3.Connection, condition: str, values: Sequence[CollectionKey]) -> dict[str, CollectionIndex]:
    rows = connection.execute(f"{_INDEX}{_FROM} WHERE {condition}", values)
    return {row["name"]: CollectionIndex(*row) for row in rows}


def find_index(connection: sqlite3.Connection, key: CollectionKey, readers: Readers = None) -> CollectionIndex:
    """Raises CollectionNotFound."""
    if isinstance(key, str):
        return find_indexes(connection, [key], readers)[0]
    condition, values = readable(readers)
    found = _indexes(connection, f"k.id = ? AND {condition}", [key, *values])
    if not found:
        raise CollectionNotFound("The collection of this job was deleted: begin anew with another one.")
    return next(iter(found.values()))


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


def _unknown(name: str, known: Sequence[str], readers: Readers) -> str:
    if not known:
        cure = f"run `midas ingest PATH --collection {name}`" if readers is None else "ask an admin to share one with you"
        return f"There is no collection {name!r}, nor any other: {cure}."
    near = difflib.get_close_matches(name, known, 1)
    hint = f"did you mean {near[0]!r}? " if near else ""
    return f"There is no collection {name!r}: {hint}The collections are {', '.join(known)}."
