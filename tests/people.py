"""People of a data directory, made without its server: the server sees them at its next request.

With the first account sign-in is on. `signed_in` gives a client, or a browser's context, the session of a person.
"""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import closing
from pathlib import Path
from typing import Any

import httpx

from assistant.config import Settings
from ui.people.accounts import Account
from ui.people.errors import GroupNotFound
from ui.people.register import Register
from ui.person import Role, Scope


def add_person(home: Path, name: str, role: Role = "employee", groups: Sequence[str] = (), password: str = "") -> Account:
    """Makes groups that are not there. Without a password nobody can sign in by hand, which is faster. The first account of a
    data directory is always an admin's: `jefa` is made where there is none."""
    with closing(Register(Settings(home=home))) as register:
        if role != "admin" and not register.accounts.any():
            register.accounts.add("jefa", "admin")
        for group in groups:
            try:
                register.groups.resolve([group])
            except GroupNotFound:
                register.groups.add(group)
        account = register.accounts.add(name, role, groups)
        if password:
            register.accounts.set_password(account.id, password)
        return account


def session_of(home: Path, name: str) -> str:
    """The cookie `midas_session` of a new session."""
    with closing(Register(Settings(home=home))) as register:
        return register.sessions.begin(register.accounts.named(name).id, "127.0.0.1", "test")


def key_of(home: Path, name: str, scope: Scope = "everything", days: float | None = None) -> str:
    """A new API key."""
    with closing(Register(Settings(home=home))) as register:
        return register.keys.make(register.accounts.named(name).id, "test", scope, days)[1]


def signed_in(client: httpx.Client, home: Path, name: str) -> httpx.Client:
    """The client, which from now on comes as this person's browser: with a cookie, and from our own page."""
    client.cookies.set("midas_session", session_of(home, name))
    client.headers["Origin"] = str(client.base_url).rstrip("/")
    return client


def signed_in_browser(context: Any, url: str, home: Path, name: str) -> None:
    """Gives a Playwright context the session of a person at the server with this address."""
    context.add_cookies([{"name": "midas_session", "value": session_of(home, name), "url": url, "httpOnly": True}])
