"""`Memory`: the conversations of all persons, each found by its own person alone."""

from __future__ import annotations

import json
import re
import secrets
import sqlite3
from collections.abc import Mapping, Sequence
from pathlib import Path

from pydantic import TypeAdapter, ValidationError

from assistant.types import Answer
from ingest.catalog import now
from ingest.text import fold
from ui.memory.conversation import Begun, Conversation, ConversationRow, Turn, TurnState, Vote
from ui.memory.database import open_database, scrub
from ui.memory.errors import ConversationNotFound
from ui.service import Question

ANSWER_VERSION = 1
"""Of the JSON that finished answers are stored as: to be raised when an older one can't be read as an `Answer` any more."""
TITLE_CHARS = 60
MOST_MATCHES = 200
"""Turns that a search looks at, newest first."""

_ANSWER = TypeAdapter(Answer)
_TURNS = "SELECT t.*, f.vote, f.reason, f.comment FROM turns t LEFT JOIN feedback f ON f.turn = t.id"
_ROWS = (
    "SELECT c.id, c.title, c.created_at, c.updated_at, count(t.number) AS turns FROM conversations c"
    " LEFT JOIN turns t ON t.conversation = c.id WHERE c.person = ?"
)


class Memory:
    """Owns `conversations.db`. Thread-safe. What a method does not find is ConversationNotFound, whoever has it."""

    def __init__(self, home: Path, *, owned: bool = True) -> None:
        """Not `owned`: beside a server that may be writing answers."""
        self.database = open_database(home)
        if owned:
            self._interrupt()

    def close(self) -> None:
        self.database.close()

    def _interrupt(self) -> None:
        """Nobody goes on with answers that a server was writing when it stopped."""
        with self.database.write() as connection:
            connection.execute("UPDATE turns SET state = 'interrupted', finished_at = ? WHERE state = 'writing'", (now(),))

    # Asking

    def begin(
        self,
        person: str,
        question: Question,
        searched: Sequence[str],
        conversation: str | None = None,
        replacing: str | None = None,
    ) -> Begun:
        """Stores the question, in a new conversation when none is named. `replacing` is a turn that goes, with all later
        ones. `searched` are the collections that the answer may come from."""
        with self.database.write() as connection:
            key = conversation or _create(connection, person, "")
            title = _own(connection, person, key)["title"]
            if replacing and title == _first_title(connection, key, replacing):
                title = ""
            cut = _cut(connection, key, replacing) if replacing else 0
            title = title or title_of(question.text)
            turn = _insert(connection, person, key, question, searched)
            connection.execute("UPDATE conversations SET title = ?, updated_at = ? WHERE id = ?", (title, now(), key))
        return Begun(key, turn, title, max(0, cut - 1))

    def save(self, drafts: Mapping[str, str]) -> None:
        """What has been written so far, by turn. Turns that are gone meanwhile, or finished, stay as they are."""
        with self.database.write() as connection:
            connection.executemany(
                "UPDATE turns SET text = ? WHERE id = ? AND state = 'writing'", [(text, turn) for turn, text in drafts.items()]
            )

    def finish(self, turn: str, answer: Answer, topic: str | None = None) -> None:
        """Stores the whole answer. `topic` is what was looked up in vain."""
        from assistant.citations import strip_markers

        stored = _ANSWER.dump_json(answer).decode()
        with self.database.write() as connection:
            changed = connection.execute(
                "UPDATE turns SET state = 'done', text = '', answer = ?, answer_version = ?, topic = ?, finished_at = ?"
                " WHERE id = ? AND state = 'writing'",
                (stored, ANSWER_VERSION, topic, now(), turn),
            ).rowcount
            if changed:
                _index_answer(connection, turn, strip_markers(answer.text))

    def end(self, turn: str, state: TurnState, text: str, error: str | None = None) -> None:
        """Of a turn without an answer."""
        with self.database.write() as connection:
            connection.execute(
                "UPDATE turns SET state = ?, text = ?, error = ?, finished_at = ? WHERE id = ? AND state = 'writing'",
                (state, text, error, now(), turn),
            )

    # Reading

    def rows(self, person: str, limit: int, offset: int) -> list[ConversationRow]:
        """The latest ones first."""
        with self.database.read() as connection:
            found = connection.execute(
                f"{_ROWS} GROUP BY c.id ORDER BY c.updated_at DESC, c.id LIMIT ? OFFSET ?", (person, limit, offset)
            )
            return [ConversationRow(**dict(row)) for row in found]

    def get(self, person: str, conversation: str) -> Conversation:
        with self.database.read() as connection:
            row = _own(connection, person, conversation)
            turns = connection.execute(f"{_TURNS} WHERE t.conversation = ? ORDER BY t.number", (conversation,))
            return Conversation(row["id"], row["title"], row["created_at"], row["updated_at"], tuple(map(turn_of, turns)))

    def turn(self, person: str, turn: str) -> Turn:
        with self.database.read() as connection:
            row = connection.execute(
                f"{_TURNS} JOIN conversations c ON c.id = t.conversation WHERE t.id = ? AND c.person = ?", (turn, person)
            ).fetchone()
        if row is None:
            raise ConversationNotFound()
        return turn_of(row)

    def matches(self, person: str, words: Sequence[str]) -> list[Turn]:
        """The person's turns that hold all these words, the last one perhaps in part; newest first."""
        if not words:
            return []
        every = " AND ".join(f'"{word}"' for word in words)
        with self.database.read() as connection:
            found = connection.execute(
                f"{_TURNS} WHERE t.number IN (SELECT rowid FROM words WHERE words MATCH ?) ORDER BY t.number DESC LIMIT ?",
                (f"scope : {_scope(person)} AND {{question answer}} : ({every}*)", MOST_MATCHES),
            )
            return [turn_of(row) for row in found]

    # Changing

    def create(self, person: str, title: str) -> Conversation:
        """An empty one; without a title it gets that of its first question."""
        with self.database.write() as connection:
            key = _create(connection, person, title)
        return self.get(person, key)

    def rename(self, person: str, conversation: str, title: str) -> None:
        with self.database.write() as connection:
            _own(connection, person, conversation)
            connection.execute("UPDATE conversations SET title = ? WHERE id = ?", (title, conversation))

    def delete(self, person: str, conversation: str) -> None:
        """With all that was said; votes stay with the admins, without the person."""
        with self.database.write() as connection:
            _own(connection, person, conversation)
            _delete(connection, "id = ?", conversation)
        scrub(self.database)

    def forget(self, person: str) -> int:
        """Deletes all conversations of a person and counts them; their votes stay with the admins, without the person."""
        with self.database.write() as connection:
            gone = _delete(connection, "person = ?", person)
            connection.execute("UPDATE feedback SET person = NULL, turn = NULL WHERE person = ?", (person,))
        scrub(self.database)
        return gone

    def sweep(self, before: str) -> int:
        """Deletes conversations, and votes, that were last changed before this time; counts the conversations."""
        with self.database.write() as connection:
            gone = _delete(connection, "updated_at < ?", before)
            votes = connection.execute("DELETE FROM feedback WHERE at < ?", (before,)).rowcount
        if gone or votes:
            scrub(self.database)
        return gone


def title_of(question: str) -> str:
    """The beginning of the question, cut between words."""
    text = " ".join(question.split())
    if len(text) <= TITLE_CHARS:
        return text
    cut = text[:TITLE_CHARS].rpartition(" ")[0] or text[:TITLE_CHARS]
    return f"{cut}…"


def search_words(text: str) -> list[str]:
    """The words of a search, folded."""
    return re.findall(r"[^\W_]+", fold(text))


def turn_of(row: sqlite3.Row) -> Turn:
    """From a row of turns with its vote."""
    answer = read_answer(row["answer"], row["answer_version"])
    collections = json.loads(row["collections"]) if row["collections"] else None
    return Turn(
        id=row["id"], conversation=row["conversation"], question=row["question"], state=row["state"],
        text=row["text"], answer=answer, error=row["error"], collections=tuple(collections) if collections else None,
        searched=tuple(json.loads(row["searched"])), backend=row["backend"], language=row["language"],
        asked_at=row["asked_at"], finished_at=row["finished_at"],
        vote=Vote(row["vote"], row["reason"], row["comment"]) if row["vote"] else None,
    )  # fmt: skip


def read_answer(stored: str | None, version: int | None) -> Answer | None:
    """None where nothing is stored, or what a newer Midas assistant stored can't be read."""
    if stored is None or version is None or version > ANSWER_VERSION:
        return None
    try:
        return _ANSWER.validate_json(stored)
    except ValidationError:
        return None


def _own(connection: sqlite3.Connection, person: str, conversation: str) -> sqlite3.Row:
    found = connection.execute("SELECT * FROM conversations WHERE id = ? AND person = ?", (conversation, person))
    row: sqlite3.Row | None = found.fetchone()
    if row is None:
        raise ConversationNotFound()
    return row


def _create(connection: sqlite3.Connection, person: str, title: str) -> str:
    key, at = secrets.token_hex(12), now()
    connection.execute("INSERT INTO conversations VALUES (?, ?, ?, ?, ?)", (key, person, title, at, at))
    return key


def _insert(connection: sqlite3.Connection, person: str, conversation: str, question: Question, searched: Sequence[str]) -> str:
    from assistant.assistant import answer_language

    key = secrets.token_hex(12)
    chosen = None if question.collections is None else json.dumps(question.collections)
    language = question.language or answer_language(question.text)
    number = connection.execute(
        "INSERT INTO turns (id, conversation, question, state, collections, searched, backend, language, asked_at)"
        " VALUES (?, ?, ?, 'writing', ?, ?, ?, ?, ?)",
        (key, conversation, question.text, chosen, json.dumps(searched), question.backend, language, now()),
    ).lastrowid
    connection.execute("INSERT INTO words (rowid, scope, question) VALUES (?, ?, ?)", (number, _scope(person), question.text))
    return key


def _index_answer(connection: sqlite3.Connection, turn: str, text: str) -> None:
    connection.execute("UPDATE words SET answer = ? WHERE rowid = (SELECT number FROM turns WHERE id = ?)", (text, turn))


def _first_title(connection: sqlite3.Connection, conversation: str, turn: str) -> str | None:
    """The title that the conversation has from this turn; None when the turn is not its first."""
    found = connection.execute(
        "SELECT id, question FROM turns WHERE conversation = ? ORDER BY number LIMIT 1", (conversation,)
    ).fetchone()
    return title_of(found["question"]) if found and found["id"] == turn else None


def _cut(connection: sqlite3.Connection, conversation: str, turn: str) -> int:
    """Deletes a turn and those behind it; counts them."""
    row = connection.execute("SELECT number FROM turns WHERE id = ? AND conversation = ?", (turn, conversation)).fetchone()
    if row is None:
        raise ConversationNotFound()
    which = "conversation = ? AND number >= ?"
    connection.execute(
        f"DELETE FROM words WHERE rowid IN (SELECT number FROM turns WHERE {which})", (conversation, row["number"])
    )
    return connection.execute(f"DELETE FROM turns WHERE {which}", (conversation, row["number"])).rowcount


def _delete(connection: sqlite3.Connection, which: str, value: str) -> int:
    """Deletes conversations with their turns and words; votes lose the person."""
    turns = f"FROM turns WHERE conversation IN (SELECT id FROM conversations WHERE {which})"
    connection.execute(f"UPDATE feedback SET person = NULL WHERE turn IN (SELECT id {turns})", (value,))
    connection.execute(f"DELETE FROM words WHERE rowid IN (SELECT number {turns})", (value,))
    return connection.execute(f"DELETE FROM conversations WHERE {which}", (value,)).rowcount


def _scope(person: str) -> str:
    """The person as one word of letters and digits."""
    return f"p{person.encode().hex()}"
