"""`Books`: the audit log and the usage of all persons."""

from __future__ import annotations

import hashlib
import json
import logging
import secrets
import sqlite3
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import date
from pathlib import Path

from ingest.catalog import now
from ingest.errors import MidasError
from ui.ledger.audit import Action, AuditFilter, AuditRow, audit_row
from ui.ledger.database import open_database
from ui.ledger.usage import Counted, UsageFilter, Used, counted
from ui.person import Person

FORGOTTEN = "forgotten"
FEW = 3
"""Answers from which their average time says something."""
SUBJECT_CHARS = 300
_log = logging.getLogger("midas")
_COUNTS = (
    "questions", "declined", "errors", "stopped", "prompt_tokens", "cached_tokens", "completion_tokens", "generated_ms",
)  # fmt: skip
_KEYS = ("day", "person", "name", "backend", "model", "cloud", "collections")
_ADD = (
    f"INSERT INTO usage ({', '.join((*_KEYS, *_COUNTS))}) VALUES ({', '.join('?' * (len(_KEYS) + len(_COUNTS)))})"
    " ON CONFLICT DO UPDATE SET name = excluded.name, "
    + ", ".join(f"{count} = {count} + excluded.{count}" for count in _COUNTS)
)


class Books:
    """Owns `ledger.db`. Thread-safe. `failed_sign_ins` counts those since the server started."""

    def __init__(self, home: Path) -> None:
        self.database = open_database(home)
        self.failed_sign_ins = 0
        self._pool = ThreadPoolExecutor(max_workers=1, thread_name_prefix="midas-ledger")

    def close(self) -> None:
        """Writes down what was counted last."""
        self._pool.shutdown(wait=True)
        self.database.close()

    # Audit

    def audit(self, person: Person | None, action: Action, subject: str = "", detail: str = "", address: str = "") -> None:
        """Writes a line, on disk when it returns (milliseconds: not in the event loop). `subject` is what it was done to, by
        its id or name; never a question, a password or a key. `address` is that of the person's request, unless given."""
        self.failed_sign_ins += action == "sign_in_failed"
        with self.database.write() as connection:
            identity = _identity(connection, person.id, person.name) if person else ("", "")
            if person and identity[0] == person.id:
                address = address or person.address
            what = action, *(part[:SUBJECT_CHARS] for part in (subject, detail, address))
            values = now(), *identity, *what
            connection.execute(
                "INSERT INTO audit (at, person, name, action, subject, detail, address) VALUES (?, ?, ?, ?, ?, ?, ?)", values
            )

    def audited(self, filter: AuditFilter, limit: int, before: int | None = None) -> list[AuditRow]:
        """The latest first; `before` is the id that the next page begins behind."""
        condition, values = filter.condition()
        with self.database.read() as connection:
            rows = connection.execute(
                f"SELECT * FROM audit WHERE {condition} AND id < ? ORDER BY id DESC LIMIT ?",
                (*values, before or 2**62, limit),
            )
            return [audit_row(row) for row in rows]

    def audit_count(self, filter: AuditFilter) -> int:
        condition, values = filter.condition()
        with self.database.read() as connection:
            found: int = connection.execute(f"SELECT count(*) FROM audit WHERE {condition}", values).fetchone()[0]
        return found

    # Usage

    def used(self, used: Used) -> None:
        """Counts a question. Returns at once: a thread writes it down."""
        self._pool.submit(self._add, used)

    def _add(self, used: Used) -> None:
        try:
            with self.database.write() as connection:
                person, name = _identity(connection, used.person, used.name)
                connection.execute(_ADD, _row(replace(used, person=person, name=name)))
        except MidasError as error:
            _log.error("A question was not counted: %s", error.message)

    def usage(self, filter: UsageFilter) -> list[Counted]:
        """The rows of these days, with all that was counted until now."""
        self._pool.submit(lambda: None).result()
        first, last = (day.isoformat() if day else None for day in (filter.first, filter.last))
        with self.database.read() as connection:
            rows = connection.execute(
                "SELECT * FROM usage WHERE day >= ? AND day <= ? ORDER BY day, person", (first or "", last or "9999")
            )
            return [counted(row) for row in rows]

    def seconds(self, first: date) -> dict[str, float]:
        """How long each back end has written on an answer since that day, on average, where it wrote a few."""
        with self.database.read() as connection:
            rows = connection.execute(
                "SELECT backend, sum(generated_ms) AS ms, sum(questions - errors - stopped) AS answers FROM usage"
                " WHERE day >= ? GROUP BY backend HAVING ms > 0 AND answers >= ?",
                (first.isoformat(), FEW),
            )
            return {row["backend"]: row["ms"] / row["answers"] / 1000 for row in rows}

    # Forgetting

    def forget(self, person: str, name: str) -> None:
        """The person's lines and counts stay, under a made-up name and without addresses."""
        self._pool.submit(lambda: None).result()
        nobody = made_up_name()
        with self.database.write() as connection:
            connection.execute("UPDATE audit SET person = ?, name = '', address = '' WHERE person = ?", (nobody, person))
            connection.execute("UPDATE audit SET subject = ?, address = '' WHERE subject IN (?, ?)", (nobody, person, name))
            connection.execute(
                "UPDATE audit SET detail = replace(detail, ?, ?) WHERE action = 'key_made'",
                (f" for {name}, ", f" for {nobody}, "),
            )
            connection.execute("UPDATE usage SET person = ?, name = '' WHERE person = ?", (nobody, person))
            connection.execute("INSERT OR REPLACE INTO forgotten VALUES (?, ?)", (_digest(person), nobody))
        self.database.empty_log()

    def sweep(self, *, audit_before: str | None, usage_before: str | None) -> int:
        """Deletes what is older; counts the rows."""
        gone = 0
        with self.database.write() as connection:
            if audit_before:
                connection.execute("UPDATE audit_since SET at = ?", (audit_before,))
                gone += connection.execute("DELETE FROM audit WHERE at < ?", (audit_before,)).rowcount
            if usage_before:
                gone += connection.execute("DELETE FROM usage WHERE day < ?", (usage_before[:10],)).rowcount
        if gone:
            self.database.empty_log()
        return gone


def made_up_name() -> str:
    """For somebody who is forgotten: it tells one from another, and nobody who they were."""
    return f"{FORGOTTEN}-{secrets.token_hex(4)}"


def _identity(connection: sqlite3.Connection, person: str, name: str) -> tuple[str, str]:
    """Id and name to write down: nobody's, where the person was forgotten."""
    row = connection.execute("SELECT nobody FROM forgotten WHERE person = ?", (_digest(person),)).fetchone()
    return (row["nobody"], "") if row else (person, name)


def _digest(person: str) -> str:
    return hashlib.sha256(person.encode()).hexdigest()


def _row(used: Used) -> tuple[str | int | float, ...]:
    usage, outcome = used.usage, used.outcome
    return (
        now()[:10], used.person, used.name, used.backend, used.model, used.cloud, json.dumps(used.collections),
        1, outcome == "declined", outcome == "error", outcome == "stopped",
        usage.prompt_tokens, usage.cached_tokens, usage.completion_tokens, used.generated_ms,
    )  # fmt: skip
