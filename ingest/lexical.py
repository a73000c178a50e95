"""The lexical leg: the best chunks by bm25 for any of the terms of a question.

How rare a term is counts over all the collections that are searched, so that small and large ones compare, and over no other,
so that nobody learns what others have. FTS5 knows rarities of one table alone: the best of each table are found by them, then
scored anew with those of all, term by term. With XQuAD cut into collections of 5 and 235 paragraphs, recall@1 of the questions
about the 5 is 0.95, as in one collection; with each collection's own rarities it would be 0.12. The mean length of a chunk, the
other statistic of bm25, stays that of its own collection.
"""

from __future__ import annotations

import math
import sqlite3
from collections.abc import Iterable, Mapping, Sequence

from ingest import chunk_table
from ingest.chunk_table import ChunkKey, within
from ingest.fulltext import table
from ingest.types import Filter, Hit

HEADINGS_WEIGHT = 0.5
"""bm25 weight of a word in title or headings against one in the text."""
LEAST_IDF = 1e-6
"""FTS5's, for a term that more than half of the rows hold."""


def match(connection: sqlite3.Connection, scopes: Mapping[int, str], terms: Sequence[str], n: int, filter: Filter) -> list[Hit]:
    """The n best chunks by bm25 (made positive), in the generations that are the keys of `scopes`, names of collections."""
    phrases = _phrases(terms)
    if not phrases:
        return []
    rows = {row["rowid"]: row for generation in scopes for row in _best(connection, generation, phrases, n, filter)}
    scores = {rowid: -row["score"] for rowid, row in rows.items()}
    if len(scopes) > 1:
        scores = _over_all(connection, scopes, phrases, {rowid: row["generation"] for rowid, row in rows.items()})
    best = sorted(scores, key=lambda rowid: (-scores[rowid], rowid))[:n]
    return [_hit(rows[rowid], scopes, scores[rowid]) for rowid in best]


def match_among(
    connection: sqlite3.Connection, scopes: Mapping[int, str], terms: Sequence[str], ids: Sequence[str]
) -> dict[str, float]:
    """What `match` scores these chunks, by id; those that hold none of the terms are left out."""
    phrases = _phrases(terms)
    rows = chunk_table.visible(connection, within(ids, scopes.values())) if phrases and ids else {}
    rowids = {row["id"]: row["generation"] for row in rows.values()}
    if len(scopes) > 1:
        scores = _over_all(connection, scopes, phrases, rowids)
    else:
        scores = {rowid: score for generation in scopes for rowid, score in _among(connection, generation, phrases, rowids)}
    return {key: scores[row["id"]] for key, row in rows.items() if row["id"] in scores}


def _best(connection: sqlite3.Connection, generation: int, phrases: Sequence[str], n: int, filter: Filter) -> list[sqlite3.Row]:
    """The n best of one generation by its own statistics."""
    condition, values = chunk_table.conditions(filter)
    limit = "" if condition else f" ORDER BY score LIMIT {n:d}"
    rows = connection.execute(
        "SELECT f.rowid, f.score, c.generation, c.document_id, c.version, c.ordinal, c.language"
        f" FROM ({_scored(generation)}{limit}) f CROSS JOIN chunks c ON c.id = f.rowid"
        + (f"{chunk_table.DOCUMENTS} WHERE {condition}" if condition else "")
        + f" ORDER BY f.score LIMIT {n:d}",
        (" OR ".join(phrases), *values),
    )
    return rows.fetchall()


def _over_all(
    connection: sqlite3.Connection, scopes: Mapping[int, str], phrases: Sequence[str], rowids: Mapping[int, int]
) -> dict[int, float]:
    """bm25 of these rows, whose generations are the values, with the rarity of each term in all generations together."""
    sizes = {generation: _count(connection, f"{table(generation)}_docsize") for generation in scopes}
    scores: dict[int, float] = {}
    for phrase in phrases:
        held = {generation: _count(connection, table(generation), phrase) for generation in scopes}
        rarity = _idf(sum(sizes.values()), sum(held.values()))
        for generation in scopes:
            own = [rowid for rowid, home in rowids.items() if home == generation]
            share = rarity / _idf(sizes[generation], held[generation])
            for rowid, score in _among(connection, generation, [phrase], own):
                scores[rowid] = scores.get(rowid, 0.0) + share * score
    return scores


def _among(
    connection: sqlite3.Connection, generation: int, phrases: Sequence[str], rowids: Iterable[int]
) -> list[tuple[int, float]]:
    """bm25 (made positive) by the generation's own statistics of those of these rows that hold one of the terms.

    `+rowid` makes it one pass over the matches; an indexed `rowid IN` would run the whole query, idf included, for each row.
    """
    marks = ",".join(str(rowid) for rowid in rowids)
    rows = connection.execute(f"{_scored(generation)} AND +rowid IN ({marks})", (" OR ".join(phrases),))
    return [(row["rowid"], -row["score"]) for row in rows]


def _scored(generation: int) -> str:
    name = table(generation)
    return f"SELECT rowid, bm25({name}, {HEADINGS_WEIGHT}, 1) AS score FROM {name} WHERE {name} MATCH ?"


def _count(connection: sqlite3.Connection, name: str, phrase: str | None = None) -> int:
    """How many rows a table has, or how many of them hold the phrase."""
    condition, values = (f" WHERE {name} MATCH ?", [phrase]) if phrase else ("", [])
    found: int = connection.execute(f"SELECT count(*) FROM {name}{condition}", values).fetchone()[0]
    return found


def _idf(rows: int, held: int) -> float:
    """As FTS5 has it (Robertson and Spärck Jones 1976)."""
    return max(math.log((rows - held + 0.5) / (held + 0.5)), LEAST_IDF)


def _phrases(terms: Sequence[str]) -> list[str]:
    """The terms as FTS5 reads them, so that nothing in them is query syntax."""
    return [f'"{bare}"' for term in terms if (bare := term.replace('"', "").strip())]


def _hit(row: sqlite3.Row, scopes: Mapping[int, str], score: float) -> Hit:
    key = ChunkKey(scopes[row["generation"]], row["document_id"], row["version"], row["ordinal"])
    return Hit(str(key), score, row["language"])
