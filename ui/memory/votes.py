"""`Votes`: what people think of answers, as the admins see it; and the topics that the documents don't answer."""

from __future__ import annotations

import secrets
import sqlite3
from dataclasses import dataclass
from typing import Literal

from assistant.types import Answer
from ingest.catalog import now
from ingest.database import Database
from ui.memory.conversation import Reason, Thumb, Vote
from ui.memory.errors import ConversationNotFound, FeedbackNotFound
from ui.memory.memory import read_answer

Progress = Literal["new", "seen", "done"]


@dataclass(frozen=True, slots=True)
class FeedbackRow:
    """A vote with what it is about. `person` is an id; None when the person or the conversation is gone."""

    id: str
    person: str | None
    thumb: Thumb
    reason: Reason | None
    comment: str
    question: str
    answer: Answer | None
    asked_at: str
    at: str
    state: Progress
    note: str


@dataclass(frozen=True, slots=True)
class UnansweredRow:
    """Questions of nearly the same words that the documents did not answer: how many, of how many people, the latest one and
    its nearest passages."""

    topic: str
    question: str
    answer: Answer | None
    times: int
    people: int
    first_at: str
    last_at: str
    state: Progress
    note: str


_TOPICS = """
SELECT t.topic, count(*) AS times, count(DISTINCT c.person) AS people, min(t.asked_at) AS first_at,
    max(t.asked_at) AS last_at, max(t.number) AS latest, coalesce(p.state, 'new') AS state, coalesce(p.note, '') AS note
FROM turns t JOIN conversations c ON c.id = t.conversation LEFT JOIN topics p ON p.topic = t.topic
WHERE t.topic IS NOT NULL AND (? IS NULL OR coalesce(p.state, 'new') = ?)
GROUP BY t.topic ORDER BY times DESC, last_at DESC LIMIT ? OFFSET ?
"""


class Votes:
    """In `conversations.db`. Thread-safe."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def vote(self, person: str, turn: str, vote: Vote) -> None:
        """Changes the vote of this turn when there is one. Raises ConversationNotFound for a turn that is not the person's,
        or has no answer."""
        with self._database.write() as connection:
            row = _answered(connection, person, turn)
            connection.execute("DELETE FROM feedback WHERE turn = ?", (turn,))
            connection.execute(
                "INSERT INTO feedback (id, turn, person, vote, reason, comment, question, answer, answer_version, asked_at, at)"
                " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
                (
                    secrets.token_hex(12), turn, person, vote.thumb, vote.reason, vote.comment, row["question"], row["answer"],
                    row["answer_version"], row["asked_at"], now(),
                ),
            )  # fmt: skip

    def withdraw(self, person: str, turn: str) -> None:
        with self._database.write() as connection:
            _answered(connection, person, turn)
            connection.execute("DELETE FROM feedback WHERE turn = ?", (turn,))

    def feedback(self, state: Progress | None, thumb: Thumb | None, limit: int, offset: int) -> list[FeedbackRow]:
        """The latest first."""
        with self._database.read() as connection:
            rows = connection.execute(
                "SELECT * FROM feedback WHERE (? IS NULL OR state = ?) AND (? IS NULL OR vote = ?)"
                " ORDER BY at DESC, id LIMIT ? OFFSET ?",
                (state, state, thumb, thumb, limit, offset),
            )
            return [_feedback(row) for row in rows]

    def count_new(self) -> int:
        with self._database.read() as connection:
            found: int = connection.execute("SELECT count(*) FROM feedback WHERE state = 'new'").fetchone()[0]
        return found

    def handle(self, feedback: str, state: Progress, note: str) -> None:
        """Raises FeedbackNotFound."""
        with self._database.write() as connection:
            changed = connection.execute("UPDATE feedback SET state = ?, note = ? WHERE id = ?", (state, note, feedback))
            if not changed.rowcount:
                raise FeedbackNotFound()

    def delete(self, feedback: str) -> None:
        """Raises FeedbackNotFound."""
        with self._database.write() as connection:
            if not connection.execute("DELETE FROM feedback WHERE id = ?", (feedback,)).rowcount:
                raise FeedbackNotFound()

    def unanswered(self, state: Progress | None, limit: int, offset: int) -> list[UnansweredRow]:
        """Those asked most first."""
        with self._database.read() as connection:
            rows = connection.execute(_TOPICS, (state, state, limit, offset)).fetchall()
            return [_unanswered(connection, row) for row in rows]

    def handle_topic(self, topic: str, state: Progress, note: str) -> None:
        """Raises FeedbackNotFound for a topic nobody asked about."""
        with self._database.write() as connection:
            if not connection.execute("SELECT 1 FROM turns WHERE topic = ?", (topic,)).fetchone():
                raise FeedbackNotFound()
            connection.execute("INSERT OR REPLACE INTO topics VALUES (?, ?, ?, ?)", (topic, state, note, now()))


def _answered(connection: sqlite3.Connection, person: str, turn: str) -> sqlite3.Row:
    found = connection.execute(
        "SELECT t.* FROM turns t JOIN conversations c ON c.id = t.conversation"
        " WHERE t.id = ? AND c.person = ? AND t.answer IS NOT NULL",
        (turn, person),
    )
    row: sqlite3.Row | None = found.fetchone()
    if row is None:
        raise ConversationNotFound()
    return row


def _feedback(row: sqlite3.Row) -> FeedbackRow:
    return FeedbackRow(
        id=row["id"], person=row["person"], thumb=row["vote"], reason=row["reason"], comment=row["comment"],
        question=row["question"], answer=read_answer(row["answer"], row["answer_version"]), asked_at=row["asked_at"],
        at=row["at"], state=row["state"], note=row["note"],
    )  # fmt: skip


def _unanswered(connection: sqlite3.Connection, row: sqlite3.Row) -> UnansweredRow:
    latest = connection.execute("SELECT * FROM turns WHERE number = ?", (row["latest"],)).fetchone()
    return UnansweredRow(
        topic=row["topic"], question=latest["question"], answer=read_answer(latest["answer"], latest["answer_version"]),
        times=row["times"], people=row["people"], first_at=row["first_at"], last_at=row["last_at"], state=row["state"],
        note=row["note"],
    )  # fmt: skip
