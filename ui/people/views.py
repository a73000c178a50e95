"""Accounts, groups, keys and sessions as pages, routes and the command line show them. Moments are ISO 8601 in UTC."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime

from ui.people.accounts import Account
from ui.people.keys import Key
from ui.people.sessions import Session
from ui.person import Role, Scope


@dataclass(frozen=True, slots=True)
class UserView:
    """`issuer` is the sign-in service that the account belongs to, None for a local one. `has_password` is false until
    somebody used the link of a new local account."""

    id: str
    name: str
    role: Role
    groups: tuple[str, ...]
    disabled: bool
    has_password: bool
    issuer: str | None
    created_at: str
    signed_in_at: str | None

    @classmethod
    def of(cls, account: Account) -> UserView:
        return cls(
            account.id, account.name, account.role, account.groups, account.disabled, account.has_password, account.issuer,
            moment(account.created_at), moment_or_none(account.signed_in_at),
        )  # fmt: skip


@dataclass(frozen=True, slots=True)
class KeyView:
    """`owner` is the name of an account. `expires_at` None means never."""

    id: str
    owner: str
    name: str
    scope: Scope
    created_at: str
    expires_at: str | None
    used_at: str | None

    @classmethod
    def of(cls, key: Key, owners: Mapping[str, str]) -> KeyView:
        expires_at, used_at = moment_or_none(key.expires_at), moment_or_none(key.used_at)
        return cls(key.id, owners.get(key.account, ""), key.name, key.scope, moment(key.created_at), expires_at, used_at)


@dataclass(frozen=True, slots=True)
class NewKey:
    """`secret` goes into `Authorization: Bearer`; nobody can see it again."""

    key: KeyView
    secret: str


@dataclass(frozen=True, slots=True)
class SessionView:
    """`current` is the one that asks."""

    id: str
    created_at: str
    seen_at: str
    address: str
    agent: str
    current: bool

    @classmethod
    def of(cls, session: Session, current: str | None) -> SessionView:
        return cls(
            session.id, moment(session.created_at), moment(session.seen_at), session.address, session.agent,
            session.id == current,
        )  # fmt: skip


@dataclass(frozen=True, slots=True)
class LinkView:
    """`url` sets a password, once, within `hours`; without its host where nobody told Midas `server.public_url`."""

    url: str
    hours: int


@dataclass(frozen=True, slots=True)
class AddedUser:
    user: UserView
    link: LinkView


def moment(seconds: float) -> str:
    """`2026-11-21T17:30:00+00:00`."""
    return datetime.fromtimestamp(seconds, UTC).isoformat(timespec="seconds")


def moment_or_none(seconds: float | None) -> str | None:
    return None if seconds is None else moment(seconds)
