"""API keys: shown once, kept as digests."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass

from ingest.database import Database
from ui.people.errors import KeyNotFound
from ui.people.secret import digest, new_id, new_secret
from ui.person import Scope

PREFIX = "midas_"
"""Every key begins with it, so that one that got out is recognised."""
USED_EVERY_SECONDS = 60.0
DAY_SECONDS = 86400.0


@dataclass(frozen=True, slots=True)
class Key:
    """`account` is its owner's id. `expires_at` None means never."""

    id: str
    account: str
    name: str
    scope: Scope
    created_at: float
    expires_at: float | None
    used_at: float | None


_FIELDS = "id, account, name, scope, created_at, expires_at, used_at"


class Keys:
    """Keys of all accounts."""

    def __init__(self, database: Database, now: Callable[[], float] = time.time) -> None:
        self._database = database
        self._now = now

    def make(self, account_id: str, name: str, scope: Scope, days: float | None) -> tuple[Key, str]:
        """The key's row, and the key itself, which nobody can see again."""
        secret, now = PREFIX + new_secret(), self._now()
        key = Key(new_id(), account_id, name, scope, now, now + days * DAY_SECONDS if days else None, None)
        with self._database.write() as rows:
            rows.execute(
                f"INSERT INTO keys (digest, {_FIELDS}) VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
                (digest(secret), key.id, key.account, name, scope, now, key.expires_at, None),
            )
        return key, secret

    def find(self, secret: str) -> Key | None:
        """The key; None when there is none, or its time is over."""
        with self._database.read() as rows:
            row = rows.execute(
                f"SELECT {_FIELDS} FROM keys WHERE digest = ? AND (expires_at IS NULL OR expires_at > ?)",
                (digest(secret), self._now()),
            ).fetchone()
        return row and Key(*row)

    def holds(self, key_id: str) -> bool:
        """Whether it was not revoked, and its time is not over."""
        with self._database.read() as rows:
            condition = "id = ? AND (expires_at IS NULL OR expires_at > ?)"
            return rows.execute(f"SELECT 1 FROM keys WHERE {condition}", (key_id, self._now())).fetchone() is not None

    def stale(self, key: Key) -> bool:
        """Whether `used` is due."""
        return key.used_at is None or self._now() - key.used_at > USED_EVERY_SECONDS

    def used(self, key: Key) -> None:
        with self._database.write() as rows:
            rows.execute("UPDATE keys SET used_at = ? WHERE id = ?", (self._now(), key.id))

    def all(self, account_id: str | None = None) -> list[Key]:
        """Those of an account, or of all, the newest first."""
        with self._database.read() as rows:
            found = rows.execute(
                f"SELECT {_FIELDS} FROM keys WHERE ?1 IS NULL OR account = ?1 ORDER BY created_at DESC, id", (account_id,)
            )
            return [Key(*row) for row in found]

    def revoke(self, key_id: str, account_id: str | None = None) -> Key:
        """It is refused from the next request on. Raises KeyNotFound, also for a key that is not this account's."""
        key = next((key for key in self.all(account_id) if key.id == key_id), None)
        if key is None:
            raise KeyNotFound(f"There is no key {key_id!r}: it was revoked, or never made.")
        with self._database.write() as rows:
            rows.execute("DELETE FROM keys WHERE id = ?", (key_id,))
        return key
