"""Questions to begin with and to go on with, made from the documents without a model.

What admins wrote for a collection comes first, then headings that are questions themselves, then what a section of a document
is about. The questions of other people are never suggested: they may tell who asked.
"""

from __future__ import annotations

import random
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from itertools import chain, islice, zip_longest

from assistant.access import Access
from assistant.prompts import Language
from assistant.types import Answer, Citation, Source
from ingest.errors import DocumentNotFound
from ingest.store import Store
from ingest.text import fold
from ingest.types import StoredChunk

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
_SERVED = (
    " FROM documents d JOIN collections k ON k.id = d.collection AND k.name = ?"
    " JOIN chunks c ON c.generation = k.generation AND c.document_id = d.document_id AND c.version = d.version"
    " AND c.ordinal = 0"
)
_NUMBERING = re.compile(r"^(?:(?:\d+(?:\.\d+)*|[IVX]+|[A-Z]\d?)[.)]|\d+(?:\.\d+)+|[A-Z]\d)\s+")
_SENTENCE = re.compile(r"[¿¡]?(?:[A-ZÁÉÍÓÚÜÑ]|\d+\s*[^\W\d_]{2})")
"""Begins as what people write: keys of data files begin small."""
_SAYS_LITTLE = frozenset(
    "introduccion objeto objetivo alcance ambito indice contenido anexo resumen referencias definiciones notas observaciones"
    " general generalidades datos estado responsabilidades historial varios otros introduction purpose scope contents index"
    " annex appendix summary references definitions notes overview responsibilities history other miscellaneous status".split()
) | {"ruegos y preguntas", "control de cambios", "historial de cambios", "revision history", "table of contents"}


@dataclass(frozen=True, slots=True)
class _Document:
    id: str
    title: str
    language: str


@dataclass(frozen=True, slots=True)
class _Section:
    """A heading of a document; its text begins at `start`."""

    title: str
    heading: str
    language: str
    start: int

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
            and bool(_SENTENCE.match(self.heading) and _SENTENCE.match(self.title))
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
        cited = {source.chunk_id: citation.quote for citation, source in _cited(answer)}
        found = [self._nearby(stored, cited[stored.id], language) for stored in self._store.chunks(list(cited), access.readers)]
        return _first((text for text in _in_turns(found) if fold(text) != fold(answer.question)), FOLLOW_UPS)

    def _questions(self, collection: str, language: Language, dice: random.Random) -> list[str]:
        """One for each of some documents: those that are questions first, then those in the language."""
        documents = [self._sections(collection, row) for row in self._some_documents(collection, dice)]
        chosen = [dice.choice(telling) for sections in documents if (telling := _best(sections))]
        chosen.sort(key=lambda section: (section.language != language, not section.asks))
        return [section.question(language) for section in chosen if not section.asks or section.language == language]

    def _nearby(self, stored: StoredChunk, quote: str, language: Language) -> list[str]:
        """The sections next to the quote, the nearest first."""
        chunk = stored.chunk
        at = chunk.start + max(0, chunk.text.find(quote) - len(chunk.prefix))
        document = _Document(stored.document_id, stored.title, chunk.language)
        sections = self._sections(stored.collection, document)
        here = max((section.start for section in sections if section.start <= at), default=0)
        place = next((number for number, section in enumerate(sections) if section.start == here), 0)
        others = sorted(enumerate(sections), key=lambda pair: abs(pair[0] - place))
        return [section.question(language) for number, section in others if number != place and section.telling]

    def _some_documents(self, collection: str, dice: random.Random) -> list[_Document]:
        with self._store.database.read() as connection:
            keys = [row[0] for row in connection.execute(f"SELECT d.document_id{_SERVED} ORDER BY d.source", (collection,))]
            query = f"SELECT d.document_id, d.title, c.language{_SERVED} WHERE d.document_id = ?"
            chosen = dice.sample(keys, min(DOCUMENTS, len(keys)))
            return [_Document(*connection.execute(query, (collection, key)).fetchone()) for key in chosen]

    def _sections(self, collection: str, document: _Document) -> list[_Section]:
        """In reading order, each once; none when the document is gone meanwhile."""
        try:
            outline = self._store.outline(collection, document.id)
        except DocumentNotFound:
            return []
        found: dict[str, _Section] = {}
        for start, headings in outline:
            if headings and (heading := _plain(headings[-1])):
                found.setdefault(heading, _Section(_plain(document.title), heading, document.language, start))
        return list(found.values())


def _cited(answer: Answer) -> Iterator[tuple[Citation, Source]]:
    sources = {source.number: source for source in answer.sources}
    return ((citation, sources[citation.number]) for citation in answer.citations if citation.number in sources)


def _best(sections: Sequence[_Section]) -> list[_Section]:
    """Those that are questions, else those of several words, else any."""
    telling = [section for section in sections if section.telling]
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
