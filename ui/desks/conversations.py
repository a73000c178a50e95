"""A person's own conversations."""

from __future__ import annotations

from dataclasses import replace

from assistant.prompts import Language
from ingest.errors import ConfigError
from ui.desks.desk import Desk
from ui.memory.conversation import Conversation, ConversationRow, Turn
from ui.memory.export import markdown
from ui.memory.finding import excerpt, holds
from ui.memory.memory import search_words
from ui.memory.readable import Readable

TITLE_CHARS = 200
MOST = 10_000
"""Conversations whose titles are searched."""


class Conversations(Desk):
    """For everyone who is signed in, and for the person alone: admins can't read them either.

    What the person has not, be it another's, is ConversationNotFound.
    """

    def rows(self, *, search: str = "", limit: int = 50, offset: int = 0) -> list[ConversationRow]:
        """The latest first; with `search`, those that hold all its words, with an excerpt."""
        if not search.strip():
            return self.house.memory.rows(self.person.id, limit, offset)
        return self._found(search_words(search))[offset : offset + limit]

    def get(self, conversation: str) -> Conversation:
        """As the person may read it today."""
        return self._readable().conversation(self.house.memory.get(self.person.id, conversation))

    def turn(self, turn: str) -> Turn:
        """As the person may read it today."""
        return self._readable().turn(self.house.memory.turn(self.person.id, turn))

    def create(self, title: str = "") -> Conversation:
        """An empty one; without a title it takes that of its first question."""
        return self.house.memory.create(self.person.id, _tidy(title))

    def rename(self, conversation: str, title: str) -> None:
        """Raises ConfigError for an empty title."""
        if not _tidy(title):
            raise ConfigError("The title is empty: write one.")
        self.house.memory.rename(self.person.id, conversation, _tidy(title))

    def delete(self, conversation: str) -> None:
        """For good, and stops what is being written in it. Votes stay with the admins, without the person's name."""
        for turn in self.house.memory.get(self.person.id, conversation).turns:
            self.house.writings.stop(turn.id)
        self.house.memory.delete(self.person.id, conversation)
        self.house.ledger.audit(self.person, "conversation_deleted", conversation)

    def markdown(self, conversation: str, language: Language = "es") -> str:
        """The conversation as a text of its own, with numbered citations."""
        text = markdown(self.get(conversation), language)
        self.house.ledger.audit(self.person, "conversation_exported", conversation)
        return text

    def _readable(self) -> Readable:
        return Readable.of(self.house.service.collections(self.person.access))

    def _found(self, words: list[str]) -> list[ConversationRow]:
        if not words:
            return []
        readable = self._readable()
        excerpts: dict[str, str] = {}
        for turn in self.house.memory.matches(self.person.id, words):
            if found := excerpt(readable.turn(turn), words):
                excerpts.setdefault(turn.conversation, found)
        rows = self.house.memory.rows(self.person.id, MOST, 0)
        return [replace(row, excerpt=excerpts.get(row.id, "")) for row in rows if row.id in excerpts or holds(row.title, words)]


def _tidy(title: str) -> str:
    return " ".join(title.split())[:TITLE_CHARS]
