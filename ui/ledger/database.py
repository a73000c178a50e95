"""The SQLite database `ledger.db`."""

from __future__ import annotations

from pathlib import Path

from ingest.database import Database
from ingest.home import open_home

MIGRATIONS = (
    """
    -- Append-only, but what is older than the retention setting goes, and names of persons that are forgotten.
    CREATE TABLE audit (
        id INTEGER PRIMARY KEY AUTOINCREMENT,
        at TEXT NOT NULL,
        person TEXT NOT NULL,
        name TEXT NOT NULL,
        action TEXT NOT NULL,
        subject TEXT NOT NULL,
        detail TEXT NOT NULL,
        address TEXT NOT NULL
    );
    CREATE INDEX audit_at ON audit (at);
    CREATE INDEX audit_person ON audit (person, at);
    CREATE INDEX audit_action ON audit (action, at);
    -- One row: the time since when the log is kept.
    CREATE TABLE audit_since (at TEXT NOT NULL);
    INSERT INTO audit_since VALUES ('');
    CREATE TRIGGER audit_is_kept BEFORE DELETE ON audit WHEN OLD.at >= (SELECT at FROM audit_since)
        BEGIN SELECT RAISE(ABORT, 'the audit log is append-only'); END;
    CREATE TRIGGER audit_is_true BEFORE UPDATE ON audit
        WHEN (NEW.id, NEW.at, NEW.action) IS NOT (OLD.id, OLD.at, OLD.action)
        BEGIN SELECT RAISE(ABORT, 'the audit log is append-only'); END;
    -- What a person asked of a back end in a day. `collections` (JSON) were cited, or else chosen.
    CREATE TABLE usage (
        day TEXT NOT NULL,
        person TEXT NOT NULL,
        name TEXT NOT NULL,
        backend TEXT NOT NULL,
        model TEXT NOT NULL,
        cloud INTEGER NOT NULL,
        collections TEXT NOT NULL,
        questions INTEGER NOT NULL,
        declined INTEGER NOT NULL,
        errors INTEGER NOT NULL,
        stopped INTEGER NOT NULL,
        prompt_tokens INTEGER NOT NULL,
        cached_tokens INTEGER NOT NULL,
        completion_tokens INTEGER NOT NULL,
        generated_ms REAL NOT NULL,
        PRIMARY KEY (day, person, backend, model, cloud, collections)
    ) WITHOUT ROWID;
    """,
    """
    -- Who is written as `nobody` in what comes after they were forgotten: an answer that ends, a request under way.
    -- `person` is the SHA-256 of their id.
    CREATE TABLE forgotten (person TEXT PRIMARY KEY, nobody TEXT NOT NULL) WITHOUT ROWID;
    """,
)


def open_database(home: Path) -> Database:
    """What is deleted in it is overwritten."""
    open_home(home)
    database = Database(home / "ledger.db", MIGRATIONS)
    with database.write() as connection:
        connection.execute("PRAGMA secure_delete=ON")
    return database
