"""People of a data directory, made without its server: the server sees them at its next request.

With the first account sign-in is on. `signed_in` gives a client, or a browser's context, the session of a person.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from functools import lru_cache
from pathlib import Path
from typing import Any

import httpx
from fastapi import FastAPI
from fastapi.testclient import TestClient

from assistant.config import Settings
from ui.api.app import make_api
from ui.house import House
from ui.jobs import Jobs
from ui.people.accounts import Account
from ui.people.errors import GroupNotFound
from ui.people.register import Register
from ui.person import Role, Scope
from ui.service import LocalService

SERVER_TOKEN = "token"


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


@contextmanager
def house_at(home: Path, **settings: Any) -> Iterator[House]:
    """The parts of a server in this process, without its pages."""
    known = Settings(home=home, **settings)
    with closing(House(known, LocalService(known), Jobs(), SERVER_TOKEN)) as house:
        yield house


def client_of(house: House, scheme: str = "http", address: str = "127.0.0.1", **options: Any) -> TestClient:
    """A client of the house's routes, and of the doors before its pages, that comes from this address and follows no
    redirect."""
    app = _app(house)
    return TestClient(
        app, base_url=f"{scheme}://127.0.0.1", client=(address, 50000), follow_redirects=False, raise_server_exceptions=False,
        **options,
    )  # fmt: skip


@lru_cache(maxsize=4)
def _app(house: House) -> FastAPI:
    return make_api(house, {"chat": "employee", "manage": "admin", "evaluate": "evaluator"})


def send_form(client: httpx.Client, page: str, path: str | None = None, **fields: str) -> httpx.Response:
    """Opens a page and sends its form as a browser does: with the page's token and its origin."""
    token = re.search(r'name="token" value="([^"]+)"', client.get(page).text)
    assert token is not None, f"{page} has no form"
    origin = str(client.base_url).rstrip("/")
    return client.post(path or page.split("?")[0], data={"token": token[1], **fields}, headers={"Origin": origin})
