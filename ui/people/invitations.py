"""Links that set a password once: for a new account, a forgotten password, and the first admin."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass

from ingest.database import Database
from ui.people.errors import LinkExpired
from ui.people.secret import digest, new_secret

LASTS_SECONDS = 3 * 86400.0
FIRST_LASTS_SECONDS = 3600.0


@dataclass(frozen=True, slots=True)
class Invitation:
    """`account` is None for the link that makes the first admin."""

    account: str | None


class Invitations:
    """An account has one link at most; a new one takes the place of the old."""

    def __init__(self, database: Database, now: Callable[[], float] = time.time) -> None:
        self._database = database
        self._now = now

    def make(self, account_id: str | None) -> str:
        """The secret part of a new link."""
        secret = new_secret()
        expires_at = self._now() + (LASTS_SECONDS if account_id else FIRST_LASTS_SECONDS)
        with self._database.write() as rows:
            rows.execute("DELETE FROM invitations WHERE account IS ? OR expires_at < ?", (account_id, self._now()))
            rows.execute("INSERT INTO invitations VALUES (?, ?, ?)", (digest(secret), account_id, expires_at))
        return secret

    def find(self, secret: str) -> Invitation:
        """Looks without using it up. Raises LinkExpired, also for a first admin's link once there is one, and for the
        link of a disabled account."""
        with self._database.read() as rows:
            row = rows.execute(
                "SELECT account FROM invitations WHERE digest = ? AND expires_at > ?"
                " AND CASE WHEN account IS NULL THEN NOT EXISTS (SELECT 1 FROM accounts WHERE role = 'admin' AND NOT disabled)"
                " ELSE account IN (SELECT id FROM accounts WHERE NOT disabled) END",
                (digest(secret), self._now()),
            ).fetchone()
        if row is None:
            raise LinkExpired
        return Invitation(row["account"])

    def use(self, secret: str) -> Invitation:
        """Only the first caller succeeds. Raises LinkExpired."""
        invitation = self.find(secret)
        with self._database.write() as rows:
            if not rows.execute("DELETE FROM invitations WHERE digest = ?", (digest(secret),)).rowcount:
                raise LinkExpired
        return invitation
