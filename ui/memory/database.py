"""The SQLite database `conversations.db`."""

from __future__ import annotations

import time
from pathlib import Path

from ingest.database import Database
from ingest.home import open_home

MERGED_PAGES = 50
PAUSE_SECONDS = 0.002
MIGRATIONS = (
    """
    CREATE TABLE conversations (
        id TEXT PRIMARY KEY,
        person TEXT NOT NULL,
        title TEXT NOT NULL,
        created_at TEXT NOT NULL,
        updated_at TEXT NOT NULL
    ) WITHOUT ROWID;
    CREATE INDEX conversations_person ON conversations (person, updated_at);
    -- `answer` is the finished answer as JSON of schema `answer_version`; `text` what was written where there is none.
    -- `collections` were chosen (JSON, NULL: all that could be read), `searched` are those that were searched (JSON).
    -- `topic` is what was looked up, folded, where the documents had no answer to it.
    CREATE TABLE turns (
        number INTEGER PRIMARY KEY AUTOINCREMENT,
        id TEXT NOT NULL UNIQUE,
        conversation TEXT NOT NULL REFERENCES conversations(id) ON DELETE CASCADE,
        question TEXT NOT NULL,
        state TEXT NOT NULL,
        text TEXT NOT NULL DEFAULT '',
        answer TEXT,
        answer_version INTEGER,
        error TEXT,
        collections TEXT,
        searched TEXT NOT NULL,
        backend TEXT,
        language TEXT NOT NULL,
        topic TEXT,
        asked_at TEXT NOT NULL,
        finished_at TEXT
    );
    CREATE INDEX turns_conversation ON turns (conversation, number);
    CREATE INDEX turns_topic ON turns (topic) WHERE topic IS NOT NULL;
    CREATE INDEX turns_writing ON turns (state) WHERE state = 'writing';
    -- One row a turn, same rowid. `scope` is the conversation's person as one word, so that MATCH itself stays within it.
    CREATE VIRTUAL TABLE words USING fts5 (scope, question, answer, tokenize = "unicode61 remove_diacritics 2");
    -- A vote is a message to the admins: it holds what it is about, and outlives the turn, without the person.
    CREATE TABLE feedback (
        id TEXT PRIMARY KEY,
        turn TEXT UNIQUE REFERENCES turns(id) ON DELETE SET NULL,
        person TEXT,
        vote TEXT NOT NULL,
        reason TEXT,
        comment TEXT NOT NULL,
        question TEXT NOT NULL,
        answer TEXT NOT NULL,
        answer_version INTEGER NOT NULL,
        asked_at TEXT NOT NULL,
        at TEXT NOT NULL,
        state TEXT NOT NULL DEFAULT 'new',
        note TEXT NOT NULL DEFAULT ''
    ) WITHOUT ROWID;
    CREATE INDEX feedback_at ON feedback (at);
    CREATE INDEX feedback_person ON feedback (person);
    -- How far the admins are with a topic that the documents don't answer.
    CREATE TABLE topics (
        topic TEXT PRIMARY KEY,
        state TEXT NOT NULL,
        note TEXT NOT NULL,
        at TEXT NOT NULL
    ) WITHOUT ROWID;
    """,
)


def open_database(home: Path) -> Database:
    """What is deleted in it is overwritten."""
    open_home(home)
    database = Database(home / "conversations.db", MIGRATIONS)
    with database.write() as connection:
        connection.execute("PRAGMA secure_delete=ON")
    return database


def scrub(database: Database) -> None:
    """After deletions: the index of words, too, is written anew without them, and the log is emptied.

    Step by step, so that others can write in between. A step that changes less than two rows was the last (see FTS5's
    command `merge`; when its number is negative, it begins with all parts of the index).
    """
    pages = -MERGED_PAGES
    while _merge(database, pages) >= 2:
        pages = MERGED_PAGES
        time.sleep(PAUSE_SECONDS)
    database.empty_log()


def _merge(database: Database, pages: int) -> int:
    """How many rows it changed."""
    with database.write() as connection:
        before = connection.total_changes
        connection.execute("INSERT INTO words (words, rank) VALUES ('merge', ?)", (pages,))
        return connection.total_changes - before
