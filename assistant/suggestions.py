"""Questions to begin with and to go on with, made from the documents without a model.

What admins wrote for a collection comes first, then headings that are questions themselves, then what a section of a document
is about. The questions of other people are never suggested: they may tell who asked.
"""

from __future__ import annotations

import json
import random
import re
import sqlite3
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from itertools import chain, islice, zip_longest

from assistant.access import Access
from assistant.prompts import Language
from assistant.types import Answer
from ingest.chunk_table import ChunkKey
from ingest.store import Store
from ingest.text import fold

STARTERS = 4
FOLLOW_UPS = 3
DOCUMENTS = 12
"""Of a collection, whose headings are looked at."""
HEADING_CHARS = (4, 60)
TITLE_CHARS = 60
ACRONYM_CHARS = 4
"""Longer words in capitals are shouted."""

_PATTERNS: dict[Language, str] = {
    "es": "¿Qué dice «{title}» sobre «{heading}»?",
    "en": "What does “{title}” say about “{heading}”?",
}
_NUMBERING = re.compile(r"^(?:(?:\d+(?:\.\d+)*|[IVX]+|[A-Z]\d?)[.)]|\d+(?:\.\d+)+|[A-Z]\d)\s+")
_SAYS_LITTLE = frozenset(
    "introduccion objeto objetivo alcance ambito indice contenido anexo resumen referencias definiciones notas observaciones"
    " general generalidades datos estado responsabilidades historial varios otros introduction purpose scope contents index"
    " annex appendix summary references definitions notes overview responsibilities history other miscellaneous status".split()
) | {"ruegos y preguntas", "control de cambios", "historial de cambios", "revision history", "table of contents"}


@dataclass(frozen=True, slots=True)
class _Section:
    """A heading of a document."""

    title: str
    heading: str
    language: str

    def question(self, language: Language) -> str:
        return self.heading if self.asks else _PATTERNS[language].format(title=self.title, heading=self.heading)

    @property
    def asks(self) -> bool:
        return self.heading.endswith("?")

    @property
    def telling(self) -> bool:
        shortest, longest = HEADING_CHARS
        folded = fold(self.heading)
        return (
            shortest <= len(self.heading) <= longest
            and 0 < len(self.title) <= TITLE_CHARS
            and bool(re.match(r"[¿¡]?[^\W\d_]{2}", self.heading))
            and folded not in _SAYS_LITTLE
            and folded not in fold(self.title)
        )


class Suggestions:
    """Of the documents in a store."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def written(self, collection: str, language: Language) -> list[str]:
        """What admins wrote for a collection."""
        with self._store.database.read() as connection:
            rows = connection.execute(
                "SELECT s.question FROM suggestions s JOIN collections k ON k.id = s.collection"
                " WHERE k.name = ? AND s.language = ? ORDER BY s.position",
                (collection, language),
            )
            return [row["question"] for row in rows]

    def write(self, collection: str, language: Language, questions: Sequence[str]) -> None:
        """Replaces what admins wrote. Raises CollectionNotFound."""
        key = self._store.collection(collection).id
        with self._store.database.write() as connection:
            connection.execute("DELETE FROM suggestions WHERE collection = ? AND language = ?", (key, language))
            connection.executemany(
                "INSERT INTO suggestions VALUES (?, ?, ?, ?)",
                [(key, language, position, question) for position, question in enumerate(questions)],
            )

    def starters(self, collections: Sequence[str], language: Language, day: date) -> list[str]:
        """A few questions that these collections may answer; others on another day."""
        dice = random.Random(f"{day} {' '.join(collections)}")
        shuffled = dice.sample(list(collections), len(collections))
        written = _in_turns([self.written(name, language) for name in shuffled])
        found = _in_turns([self._questions(name, language, dice) for name in shuffled])
        return _first(chain(written, found), STARTERS)

    def follow_ups(self, answer: Answer, access: Access) -> list[str]:
        """What else the cited documents tell, near the cited passages."""
        language: Language = "en" if answer.language == "en" else "es"
        numbers = {citation.number for citation in answer.citations}
        cited = [source.chunk_id for source in answer.sources if source.number in numbers]
        there = [stored.id for stored in self._store.chunks(cited, access.readers)]
        questions = _in_turns([self._nearby(chunk_id, language) for chunk_id in there])
        return _first((text for text in questions if fold(text) != fold(answer.question)), FOLLOW_UPS)

    def _questions(self, collection: str, language: Language, dice: random.Random) -> list[str]:
        """One for each of some documents: those that are questions first, then those in the language."""
        with self._store.database.read() as connection:
            sections = [
                dice.choice(telling)
                for document in _some_documents(connection, collection, dice)
                if (telling := _best(_sections(connection, collection, document)))
            ]
        sections.sort(key=lambda section: (section.language != language, not section.asks))
        return [section.question(language) for section in sections if not section.asks or section.language == language]

    def _nearby(self, chunk_id: str, language: Language) -> list[str]:
        key = ChunkKey.parse(chunk_id)
        assert key is not None  # the store knows it
        with self._store.database.read() as connection:
            sections = _sections(connection, key.collection, key.document_id)
        here = sections.get(key.ordinal)
        others = sorted(sections.items(), key=lambda item: abs(item[0] - key.ordinal))
        return [
            section.question(language)
            for _, section in others
            if section.telling and (here is None or section.heading != here.heading)
        ]


def _some_documents(connection: sqlite3.Connection, collection: str, dice: random.Random) -> list[str]:
    rows = connection.execute(
        "SELECT d.document_id FROM documents d JOIN collections k ON k.id = d.collection"
        " WHERE k.name = ? AND d.version IS NOT NULL",
        (collection,),
    )
    known = [row["document_id"] for row in rows]
    return dice.sample(known, min(DOCUMENTS, len(known)))


def _sections(connection: sqlite3.Connection, collection: str, document_id: str) -> dict[int, _Section]:
    """The innermost heading of each chunk that has one, by the chunk's ordinal."""
    rows = connection.execute(
        "SELECT c.ordinal, c.headings, c.language, d.title FROM collections k"
        " JOIN documents d ON d.collection = k.id AND d.document_id = ?"
        " JOIN chunks c ON c.generation = k.generation AND c.document_id = d.document_id AND c.version = d.version"
        " WHERE k.name = ? ORDER BY c.ordinal",
        (document_id, collection),
    )
    return {
        row["ordinal"]: _Section(_plain(row["title"]), _plain(headings[-1]), row["language"])
        for row in rows
        if (headings := json.loads(row["headings"]))
    }


def _best(sections: dict[int, _Section]) -> list[_Section]:
    """Those that are questions, else those of several words, else any."""
    telling = list(dict.fromkeys(section for section in sections.values() if section.telling))
    asking = [section for section in telling if section.asks]
    return asking or [section for section in telling if " " in section.heading] or telling


def _plain(text: str) -> str:
    """Without numbering and marks, on one line; capitals throughout become a sentence."""
    line = _NUMBERING.sub("", " ".join(text.split()).lstrip("#*- ")).rstrip(" .:;")
    return line.capitalize() if line.isupper() and len(line) > ACRONYM_CHARS else line


def _in_turns(lists: Sequence[Sequence[str]]) -> Iterator[str]:
    return (text for row in zip_longest(*lists) for text in row if text is not None)


def _first(texts: Iterator[str], count: int) -> list[str]:
    return list(islice(dict.fromkeys(texts), count))
