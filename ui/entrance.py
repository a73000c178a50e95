"""Who comes in: finds the person behind a request, and keeps out who may not."""

from __future__ import annotations

import asyncio
import ipaddress
from collections.abc import Callable

from starlette.requests import HTTPConnection
from starlette.types import ASGIApp, Receive, Scope, Send

from assistant.config import Settings
from ui.guard import error_response, same_token
from ui.people.keys import PREFIX
from ui.people.register import Register
from ui.person import LOCAL, SERVER, Person

PERSON = "midas.person"
"""Where the person is in the ASGI scope, for routes and for the page's events (`request.request.scope`)."""


class Entrance:
    """Tells persons from requests. `token` is the server's own, which the command line has."""

    def __init__(self, settings: Settings, token: str, register: Register) -> None:
        self._settings = settings
        self._token = token
        self._register = register

    @property
    def sign_in(self) -> bool:
        """Whether people must sign in. With `auto` it begins with the first account, without a restart."""
        access = self._settings.access
        if access.sign_in != "auto":
            return access.sign_in == "on"
        outside = access.oidc is not None or access.proxy is not None or not is_loopback(self._settings.server.host)
        return outside or self._register.accounts.any()

    def person(self, request: HTTPConnection) -> Person | None:
        """None when a credential is wrong or missing."""
        if (authorization := request.headers.get("authorization")) is not None:
            return self._bearer(authorization)
        if not self.sign_in:
            return LOCAL
        return self._session(request.cookies.get(session_cookie(request)))

    def _bearer(self, authorization: str) -> Person | None:
        if same_token(authorization, self._token):
            return SERVER
        scheme, _, secret = authorization.partition(" ")
        keys = self._register.keys
        key = keys.find(secret) if scheme.lower() == "bearer" and secret.startswith(PREFIX) else None
        if key is None:
            return None
        if keys.stale(key):
            _later(lambda: keys.used(key))
        return self._register.accounts.person(key.account, "key", key.id, key.scope)

    def _session(self, cookie: str | None) -> Person | None:
        sessions = self._register.sessions
        session = sessions.find(cookie) if cookie else None
        if session is None:
            return None
        if sessions.stale(session):
            _later(lambda: sessions.seen(session))
        return self._register.accounts.person(session.account, "session", session.id)


class Doorkeeper:
    """ASGI middleware: puts the person into the scope, or refuses with 401, or leads to the sign-in page."""

    def __init__(self, app: ASGIApp, entrance: Entrance) -> None:
        self._app = app
        self._entrance = entrance

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] not in ("http", "websocket"):
            return await self._app(scope, receive, send)
        person = self._entrance.person(HTTPConnection(scope))
        if person is None:
            refusal = error_response(401, "authentication_error", "invalid_api_key", "Sign in, or send an API key.")
            return await refusal(scope, receive, send)
        scope[PERSON] = person
        await self._app(scope, receive, send)


def session_cookie(request: HTTPConnection) -> str:
    """The name of the cookie. Over TLS a browser takes one of this name only from this very host, over TLS."""
    return "__Host-midas_session" if request.url.scheme == "https" else "midas_session"


def is_loopback(host: str) -> bool:
    """Whether only this machine reaches an address that the server listens on."""
    try:
        return host == "localhost" or ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def _later(work: Callable[[], None]) -> None:
    """Writes that a request need not wait for."""
    try:
        asyncio.get_running_loop().run_in_executor(None, work)
    except RuntimeError:
        work()
