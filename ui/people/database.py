"""The database of people. The command line opens it beside a running server: its changes hold at the server's next request."""

from __future__ import annotations

from pathlib import Path

from ingest.database import Database
from ingest.home import open_home

MIGRATIONS = (
    """
    -- Moments are seconds since 1970. `folded` is the name as it is compared. `password` is an argon2 hash, NULL when the
    -- account has none. `issuer` and `subject` name the account at a sign-in service; both are NULL for a local account.
    CREATE TABLE accounts (
        id TEXT PRIMARY KEY,
        name TEXT NOT NULL,
        folded TEXT NOT NULL UNIQUE,
        role TEXT NOT NULL,
        password TEXT,
        disabled INTEGER NOT NULL DEFAULT 0 CHECK (disabled IN (0, 1)),
        issuer TEXT,
        subject TEXT,
        created_at REAL NOT NULL,
        signed_in_at REAL,
        UNIQUE (issuer, subject)
    ) WITHOUT ROWID;
    CREATE TABLE groups (
        name TEXT PRIMARY KEY,
        folded TEXT NOT NULL UNIQUE,
        description TEXT NOT NULL DEFAULT '',
        created_at REAL NOT NULL
    ) WITHOUT ROWID;
    CREATE TABLE members (
        account TEXT NOT NULL REFERENCES accounts(id) ON DELETE CASCADE,
        "group" TEXT NOT NULL REFERENCES groups(name) ON DELETE CASCADE,
        PRIMARY KEY (account, "group")
    ) WITHOUT ROWID;
    -- Of every secret only its SHA-256 is kept: they are random, so that nothing slower is needed.
    CREATE TABLE sessions (
        id TEXT PRIMARY KEY,
        digest TEXT NOT NULL UNIQUE,
        account TEXT NOT NULL REFERENCES accounts(id) ON DELETE CASCADE,
        created_at REAL NOT NULL,
        seen_at REAL NOT NULL,
        address TEXT NOT NULL,
        agent TEXT NOT NULL
    ) WITHOUT ROWID;
    CREATE INDEX sessions_account ON sessions (account);
    CREATE TABLE keys (
        id TEXT PRIMARY KEY,
        digest TEXT NOT NULL UNIQUE,
        account TEXT NOT NULL REFERENCES accounts(id) ON DELETE CASCADE,
        name TEXT NOT NULL,
        scope TEXT NOT NULL,
        created_at REAL NOT NULL,
        expires_at REAL,
        used_at REAL
    ) WITHOUT ROWID;
    CREATE INDEX keys_account ON keys (account);
    -- Links that set a password once. One without an account makes the first admin.
    CREATE TABLE invitations (
        digest TEXT PRIMARY KEY,
        account TEXT REFERENCES accounts(id) ON DELETE CASCADE,
        expires_at REAL NOT NULL
    ) WITHOUT ROWID;
    """,
)


def open_database(home: Path) -> Database:
    """`people.db` of a data directory, made when absent."""
    open_home(home)
    return Database(home / "people.db", MIGRATIONS)
