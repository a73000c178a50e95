"""Accounts: name, role, groups, password."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from sqlite3 import Connection, Row

from ingest.database import Database
from ingest.errors import ConfigError
from ui.people import passwords
from ui.people.errors import AccountNotFound, LastAdmin, NameTaken
from ui.people.groups import Groups
from ui.people.names import folded, person_name
from ui.people.secret import new_id
from ui.person import Entry, Person, Role, Scope


@dataclass(frozen=True, slots=True)
class Account:
    """`issuer` is the sign-in service that the account belongs to, None for a local one."""

    id: str
    name: str
    role: Role
    groups: tuple[str, ...]
    disabled: bool
    has_password: bool
    issuer: str | None
    created_at: float
    signed_in_at: float | None


class Accounts:
    """Every change that takes rights away ends in `revoke`, which ends the sessions of an account."""

    def __init__(self, database: Database, groups: Groups, now: Callable[[], float] = time.time) -> None:
        self._database = database
        self._groups = groups
        self._now = now
        self._any = False

    def groups(self) -> list[str]:
        """The names of all groups."""
        return self._groups.names()

    def any(self) -> bool:
        """Whether there was ever an account while this process ran: signing in is never switched off by deleting one."""
        if not self._any:
            with self._database.read() as rows:
                self._any = rows.execute("SELECT 1 FROM accounts LIMIT 1").fetchone() is not None
        return self._any

    def any_admin(self) -> bool:
        """Whether somebody can administer."""
        with self._database.read() as rows:
            return rows.execute("SELECT 1 FROM accounts WHERE role = 'admin' AND NOT disabled").fetchone() is not None

    def all(self) -> list[Account]:
        """By name."""
        with self._database.read() as rows:
            return [_account(rows, row) for row in rows.execute("SELECT * FROM accounts ORDER BY folded").fetchall()]

    def get(self, account_id: str) -> Account | None:
        return self._find("id = ?", account_id)

    def person(
        self, account_id: str, entry: Entry = "session", credential: str | None = None, scope: Scope = "everything"
    ) -> Person | None:
        """None when there is no such account, or it is disabled."""
        account = self.get(account_id)
        if account is None or account.disabled:
            return None
        return Person(account.id, account.name, account.role, frozenset(account.groups), entry, credential, scope)

    def find(self, name: str) -> Account | None:
        return self._find("folded = ?", folded(name))

    def named(self, name: str) -> Account:
        """Raises AccountNotFound."""
        account = self.find(name)
        if account is None:
            raise AccountNotFound(f"There is no account {name!r}: `midas users list` shows them all.")
        return account

    def at(self, issuer: str, subject: str) -> Account | None:
        """The account of somebody at a sign-in service."""
        return self._find("issuer = ? AND subject = ?", issuer, subject)

    def add(
        self, name: str, role: Role, groups: Sequence[str] = (), issuer: str | None = None, subject: str | None = None
    ) -> Account:
        """Without a password. Raises NameTaken, GroupNotFound, and ConfigError for a first account that is no admin."""
        name, groups = person_name(name), self._groups.resolve(groups)
        if role != "admin" and issuer is None and not self.any_admin():
            raise ConfigError("The first account must be an admin's: add it with --role admin.")
        account_id = new_id()
        with self._database.write() as rows:
            if rows.execute("SELECT 1 FROM accounts WHERE folded = ?", (folded(name),)).fetchone():
                raise NameTaken(f"There is already an account {name!r}: choose another name.")
            rows.execute(
                "INSERT INTO accounts (id, name, folded, role, issuer, subject, created_at) VALUES (?, ?, ?, ?, ?, ?, ?)",
                (account_id, name, folded(name), role, issuer, subject, self._now()),
            )
            _join(rows, account_id, groups)
        return self._existing(account_id)

    def set_password(self, account_id: str, password: str) -> None:
        """All sessions of the account end. Raises WeakPassword."""
        account = self._existing(account_id)
        passwords.check_strength(password, account.name)
        kept = passwords.hashed(password)
        with self._database.write() as rows:
            rows.execute("UPDATE accounts SET password = ? WHERE id = ?", (kept, account_id))
            _revoke(rows, account_id)
            rows.execute("DELETE FROM invitations WHERE account = ?", (account_id,))

    def verify(self, name: str, password: str) -> Account | None:
        """The account with this name and password; None when there is none, it is disabled, or the password is wrong: all of
        them take equally long. Raises TooMany."""
        with self._database.read() as rows:
            row = rows.execute("SELECT id, password, disabled FROM accounts WHERE folded = ?", (folded(name),)).fetchone()
        kept: str | None = row["password"] if row and not row["disabled"] else None
        if not passwords.matches(kept, password):
            return None
        assert kept is not None
        if passwords.outdated(kept):
            with self._database.write() as rows:
                rows.execute(
                    "UPDATE accounts SET password = ? WHERE id = ? AND password = ?",
                    (passwords.hashed(password), row["id"], kept),
                )
        return self.get(row["id"])

    def set_role(self, account_id: str, role: Role) -> None:
        """Raises LastAdmin."""
        with self._database.write() as rows:
            if role != "admin":
                _keep_an_admin(rows, account_id)
            rows.execute("UPDATE accounts SET role = ? WHERE id = ?", (role, account_id))

    def set_groups(self, account_id: str, groups: Sequence[str]) -> None:
        """Raises GroupNotFound."""
        names = self._groups.resolve(groups)
        with self._database.write() as rows:
            rows.execute("DELETE FROM members WHERE account = ?", (account_id,))
            _join(rows, account_id, names)

    def set_disabled(self, account_id: str, disabled: bool) -> None:
        """A disabled account keeps its data; its sessions end and its keys rest. Raises LastAdmin."""
        with self._database.write() as rows:
            if disabled:
                _keep_an_admin(rows, account_id)
                _revoke(rows, account_id)
            rows.execute("UPDATE accounts SET disabled = ? WHERE id = ?", (disabled, account_id))

    def delete(self, account_id: str) -> None:
        """With its sessions, keys and links; what was in the files is overwritten. Raises LastAdmin."""
        with self._database.write() as rows:
            rows.execute("PRAGMA secure_delete=ON")
            _keep_an_admin(rows, account_id)
            rows.execute("DELETE FROM accounts WHERE id = ?", (account_id,))
        self._database.empty_log()

    def signed_in(self, account_id: str) -> None:
        """Remembers when."""
        with self._database.write() as rows:
            rows.execute("UPDATE accounts SET signed_in_at = ? WHERE id = ?", (self._now(), account_id))

    def _existing(self, account_id: str) -> Account:
        account = self.get(account_id)
        if account is None:
            raise AccountNotFound("This account is gone: `midas users list` shows those that there are.")
        return account

    def _find(self, condition: str, *values: str) -> Account | None:
        with self._database.read() as rows:
            row = rows.execute(f"SELECT * FROM accounts WHERE {condition}", values).fetchone()
            return row and _account(rows, row)


def _account(rows: Connection, row: Row) -> Account:
    groups = rows.execute('SELECT "group" FROM members WHERE account = ? ORDER BY "group"', (row["id"],))
    return Account(
        row["id"],
        row["name"],
        row["role"],
        tuple(name for (name,) in groups),
        bool(row["disabled"]),
        row["password"] is not None,
        row["issuer"],
        row["created_at"],
        row["signed_in_at"],
    )


def _join(rows: Connection, account_id: str, groups: Sequence[str]) -> None:
    rows.executemany("INSERT INTO members VALUES (?, ?)", [(account_id, name) for name in groups])


def _revoke(rows: Connection, account_id: str) -> None:
    rows.execute("DELETE FROM sessions WHERE account = ?", (account_id,))


def _keep_an_admin(rows: Connection, account_id: str) -> None:
    """Raises LastAdmin."""
    active = [row["id"] for row in rows.execute("SELECT id FROM accounts WHERE role = 'admin' AND NOT disabled")]
    if active == [account_id]:
        raise LastAdmin
