"""Sessions of browsers: a random id in a signed cookie, a row here, so that each can be ended."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass

from itsdangerous import BadSignature, Signer

from ingest.database import Database
from ui.people.secret import digest, new_id, new_secret

SEEN_EVERY_SECONDS = 60.0
"""A session that is used is not written to more often."""


@dataclass(frozen=True, slots=True)
class Session:
    """`address` and `agent` are those of the browser that signed in."""

    id: str
    account: str
    created_at: float
    seen_at: float
    address: str
    agent: str


class Sessions:
    """One ends when it was idle for `idle_s`, at the latest after `longest_s`."""

    def __init__(
        self, database: Database, key: str, idle_s: float, longest_s: float, now: Callable[[], float] = time.time
    ) -> None:
        self._database = database
        self._signer = Signer(key, salt="midas-session")
        self._idle_s = idle_s
        self._longest_s = longest_s
        self._now = now

    def begin(self, account_id: str, address: str, agent: str) -> str:
        """The cookie of a new session."""
        secret, now = new_secret(), self._now()
        with self._database.write() as rows:
            rows.execute("DELETE FROM sessions WHERE created_at < ? OR seen_at < ?", self._oldest())
            rows.execute(
                "INSERT INTO sessions VALUES (?, ?, ?, ?, ?, ?, ?)",
                (new_id(), digest(secret), account_id, now, now, address, agent[:200]),
            )
        return self._signer.sign(secret).decode()

    def find(self, cookie: str) -> Session | None:
        """The session of a cookie; None when its signature is wrong, or it has ended."""
        try:
            secret = self._signer.unsign(cookie).decode()
        except (BadSignature, UnicodeError):
            return None
        with self._database.read() as rows:
            row = rows.execute(
                "SELECT id, account, created_at, seen_at, address, agent FROM sessions"
                " WHERE digest = ? AND created_at >= ? AND seen_at >= ?",
                (digest(secret), *self._oldest()),
            ).fetchone()
        return row and Session(*row)

    def holds(self, session_id: str) -> bool:
        """Whether it has not ended."""
        with self._database.read() as rows:
            condition = "id = ? AND created_at >= ? AND seen_at >= ?"
            return (
                rows.execute(f"SELECT 1 FROM sessions WHERE {condition}", (session_id, *self._oldest())).fetchone() is not None
            )

    def stale(self, session: Session) -> bool:
        """Whether `seen` is due."""
        return self._now() - session.seen_at > SEEN_EVERY_SECONDS

    def seen(self, session: Session) -> None:
        """Its idle time begins anew."""
        with self._database.write() as rows:
            rows.execute("UPDATE sessions SET seen_at = ? WHERE id = ?", (self._now(), session.id))

    def of(self, account_id: str) -> list[Session]:
        """Those that have not ended, the one used last first."""
        with self._database.read() as rows:
            found = rows.execute(
                "SELECT id, account, created_at, seen_at, address, agent FROM sessions"
                " WHERE account = ? AND created_at >= ? AND seen_at >= ? ORDER BY seen_at DESC",
                (account_id, *self._oldest()),
            )
            return [Session(*row) for row in found]

    def end(self, session_id: str) -> None:
        with self._database.write() as rows:
            rows.execute("DELETE FROM sessions WHERE id = ?", (session_id,))

    def end_others(self, account_id: str, kept: str | None = None) -> int:
        """Ends those of an account but the one that is kept; how many."""
        with self._database.write() as rows:
            done = rows.execute("DELETE FROM sessions WHERE account = ? AND id IS NOT ?", (account_id, kept))
            return done.rowcount

    def _oldest(self) -> tuple[float, float]:
        return self._now() - self._longest_s, self._now() - self._idle_s
