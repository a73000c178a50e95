"""The full text of chunks: one FTS5 table a generation, so that what a search scores and the work it does depend on the
collections it searches and on no other. Every function works inside the caller's transaction.

A row has the rowid of its chunk. The texts are already folded and stemmed.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence

from ingest.text import index_terms
from ingest.types import Chunk

_COLUMNS = 'headings, body, tokenize = "unicode61 remove_diacritics 0"'


def table(generation: int) -> str:
    """The name of a generation's table."""
    return f"fulltext_{generation:d}"


def create(connection: sqlite3.Connection, generation: int) -> None:
    connection.execute(f"CREATE VIRTUAL TABLE IF NOT EXISTS {table(generation)} USING fts5 ({_COLUMNS})")


def drop(connection: sqlite3.Connection, generation: int) -> None:
    connection.execute(f"DROP TABLE IF EXISTS {table(generation)}")


def insert(connection: sqlite3.Connection, generation: int, rowid: int | None, title: str, chunk: Chunk) -> None:
    headings = " ".join(index_terms("\n".join((title, *chunk.headings)), chunk.language))
    body = " ".join(index_terms(chunk.text, chunk.language))
    values = rowid, headings, body
    connection.execute(f"INSERT INTO {table(generation)} (rowid, headings, body) VALUES (?, ?, ?)", values)


def delete(connection: sqlite3.Connection, generation: int, rowids: Sequence[int]) -> None:
    connection.executemany(f"DELETE FROM {table(generation)} WHERE rowid = ?", [(rowid,) for rowid in rowids])


def exists(connection: sqlite3.Connection, generation: int) -> bool:
    found = connection.execute("SELECT 1 FROM sqlite_schema WHERE name = ?", (table(generation),))
    return found.fetchone() is not None


def sound(connection: sqlite3.Connection, generation: int) -> bool:
    """FTS5's own check of its index against its rows."""
    try:
        connection.execute(f"INSERT INTO {table(generation)} ({table(generation)}) VALUES ('integrity-check')")
    except sqlite3.DatabaseError:
        return False
    return True


def rebuild(connection: sqlite3.Connection, generation: int) -> None:
    """Makes the index anew from its rows."""
    connection.execute(f"INSERT INTO {table(generation)} ({table(generation)}) VALUES ('rebuild')")


def divide(connection: sqlite3.Connection) -> None:
    """Moves the rows of the one table that all generations shared into tables of their own; nothing is parsed anew."""
    for (generation,) in connection.execute("SELECT id FROM generations").fetchall():
        create(connection, generation)
        connection.execute(
            f"INSERT INTO {table(generation)} (rowid, headings, body) SELECT f.id, f.c1, f.c2 FROM chunks c"
            " CROSS JOIN fulltext_content f ON f.id = c.id WHERE c.generation = ? ORDER BY c.id",
            (generation,),
        )
    connection.execute("DROP TABLE fulltext")
