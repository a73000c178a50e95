"""Who comes in: finds the person behind a request, and keeps out who may not."""

from __future__ import annotations

import asyncio
import hmac
import ipaddress
import logging
import re
from collections.abc import Callable
from dataclasses import replace
from urllib.parse import quote

from starlette.datastructures import Headers
from starlette.requests import HTTPConnection
from starlette.responses import RedirectResponse, Response
from starlette.types import ASGIApp, Receive, Scope, Send

from assistant.config import Settings
from ingest.errors import ConfigError
from ui.connections import known
from ui.forwarded import PROXY_HEADERS
from ui.guard import OWN_PAGE, SAFE_METHODS, error_response, foreign, says_where_from
from ui.people.errors import SignInFailed
from ui.people.keys import PREFIX
from ui.people.register import Register
from ui.person import LOCAL, SERVER, Person
from ui.web.language import language_of

log = logging.getLogger("midas")
OPEN = re.compile(r"/(healthz|readyz|sign-in/[a-z.]+|(es|en)/(sign-in|link))")
"""Paths for people who are not signed in."""
API = re.compile(r"/(v1|page|metrics|openapi\.json)(/.*)?|.*/gradio_api/.*")
"""Paths that programs call: they are told 401 instead of being led to the sign-in page."""
SESSION_COOKIE = "midas_session"
LONGEST_FORM_BYTES = 64 * 1024

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
        authorization = request.headers.get("authorization")
        if authorization is not None and authorization[:7].lower() == "bearer ":
            return self._bearer(authorization[7:].strip())
        if (said := self._said_by_proxy(request)) is not None:
            return self._proxied(*said)
        if authorization is not None:
            return None
        if not self.sign_in:
            return LOCAL
        return self._session(request.cookies.get(cookie_name(SESSION_COOKIE, request)))

    def _said_by_proxy(self, request: HTTPConnection) -> tuple[str, str | None] | None:
        """The name and groups in the headers of a trusted proxy."""
        proxy, said = self._settings.access.proxy, request.scope.get(PROXY_HEADERS, {})
        name = said.get(proxy.header.lower(), "") if proxy and proxy.header else ""
        if not name:
            return None
        return name, said.get(proxy.groups_header.lower()) if proxy and proxy.groups_header else None

    def _proxied(self, name: str, groups: str | None) -> Person | None:
        try:
            account = self._register.outside.from_proxy(name, None if groups is None else groups.split(","))
        except ConfigError as error:
            log.warning("The proxy's person is not let in: %s", error)
            return None
        except SignInFailed:
            return None
        return self._register.accounts.person(account.id, "proxy")

    def _bearer(self, secret: str) -> Person | None:
        """Clients of OpenAI's API send a key, any, also where nobody must sign in: they may ask."""
        if hmac.compare_digest(secret.encode(), self._token.encode()):
            return SERVER
        if not secret.startswith(PREFIX):
            return None if self.sign_in else replace(LOCAL, scope="ask")
        keys = self._register.keys
        if (key := keys.find(secret)) is None:
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
    """ASGI middleware: puts the person into the scope, or refuses with 401, or leads to the sign-in page.

    A browser's cookie changes something only for one of our own pages, which `Guard` has made sure of.
    """

    def __init__(self, app: ASGIApp, entrance: Entrance) -> None:
        self._app = app
        self._entrance = entrance

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] not in ("http", "websocket"):
            return await self._app(scope, receive, send)
        request = HTTPConnection(scope)
        person = self._entrance.person(request)
        if (refusal := self._refusal(person, request)) is not None:
            return await refusal(scope, receive, send)
        if person is not None:
            scope[PERSON] = replace(person, address=address_of(request))
            known(scope)
        await self._app(scope, receive, send)

    def _refusal(self, person: Person | None, request: HTTPConnection) -> Response | None:
        safe = request.scope.get("method") in SAFE_METHODS
        if person is not None:
            forged = person.entry == "session" and not safe and not says_where_from(request.headers)
            return foreign(OWN_PAGE) if forged else None
        if OPEN.fullmatch(request.scope["path"]):
            return None if safe or _is_short(request.headers) else too_long()
        return to_sign_in(request) if safe and _wants_page(request) else unknown_caller()


def unknown_caller() -> Response:
    return error_response(401, "authentication_error", "invalid_api_key", "Sign in, or send an API key.")


def too_long() -> Response:
    return error_response(413, "invalid_request_error", "too_long", "Nobody signs in with that much: send less.")


def to_sign_in(request: HTTPConnection) -> Response:
    """Leads a browser to the sign-in page and from there back."""
    query = request.scope["query_string"].decode("latin-1")
    back = quote(request.scope["path"]) + (f"?{query}" if query else "")
    return RedirectResponse(f"/{language_of(request)}/sign-in?next={quote(back, safe='/')}", 303)


def person_behind(request: HTTPConnection) -> Person | None:
    """Who calls a path that is open to all."""
    person: Person | None = request.scope.get(PERSON)
    return person


def address_of(request: HTTPConnection) -> str:
    return request.client.host if request.client else ""


def is_secure(request: HTTPConnection) -> bool:
    return request.scope["scheme"] in ("https", "wss")


def cookie_name(name: str, request: HTTPConnection) -> str:
    """Over TLS with a prefix by which a browser takes the cookie only from this very host, over TLS."""
    return f"__Host-{name}" if is_secure(request) else name


def is_loopback(host: str) -> bool:
    """Whether only this machine reaches an address that the server listens on."""
    try:
        return host == "localhost" or ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def _wants_page(request: HTTPConnection) -> bool:
    path = request.scope["path"]
    return not API.fullmatch(path) and ("text/html" in request.headers.get("accept", "") or path.endswith("/"))


def _is_short(headers: Headers) -> bool:
    length = headers.get("content-length", "")
    return length.isdecimal() and int(length) <= LONGEST_FORM_BYTES


def _later(work: Callable[[], None]) -> None:
    """Writes that a request need not wait for."""
    try:
        asyncio.get_running_loop().run_in_executor(None, work)
    except RuntimeError:
        work()
