"""From where the server may be called: by its own names (no DNS rebinding), not from another site's page.

Pages are also told to load nothing from anywhere else, so that a slip in one of them can't send anything out."""

from __future__ import annotations

import re
from collections.abc import Callable

from fastapi.responses import JSONResponse
from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from assistant.config import ServerSettings
from ui.errors import ErrorBody, ErrorDetail
from ui.forwarded import THROUGH_PROXY

HOST = re.compile(r"(?P<name>[\w.-]+|\[[0-9a-fA-F:.]+\])(:\d+)?", re.ASCII)
LOOPBACK = ("127.0.0.1", "localhost", "::1")
SAFE_METHODS = ("GET", "HEAD", "OPTIONS")

CONTENT_POLICY = (
    "default-src 'self'; script-src 'self' 'unsafe-inline' 'unsafe-eval' blob:; style-src 'self' 'unsafe-inline';"
    " img-src 'self' data: blob:; font-src 'self' data:; media-src 'self' data: blob:; worker-src 'self' blob:;"
    " connect-src 'self'; frame-src 'none'; frame-ancestors 'none'; form-action 'self'; base-uri 'self'; object-src 'none'"
)
HEADERS = {
    "Content-Security-Policy": CONTENT_POLICY,
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
}
"""Sent with every answer that does not set them itself. Without a referrer browsers would hide the origin of our own forms."""
UNCACHED = ("text/html", "application/json", "text/csv", "text/markdown", "text/event-stream")
"""What belongs to a person: nothing of it stays in the browser behind a sign-out."""

OWN_NAME = "Call the server by a name of its own: this machine's (127.0.0.1 or localhost), or one of server.allowed_hosts."
OWN_PAGE = (
    "Call the server from its own page, not from another site's; a proxy in between must pass the Host header on, or"
    " server.public_url must name the address that people type."
)
NO_PROXY = "A proxy is in between and nobody must sign in: add an account first with `midas users add NAME --role admin`."


class Guard:
    """ASGI middleware: refuses a foreign Host or Origin with 403 and sends the headers above. `sign_in` tells whether people
    must sign in; where they need not, whoever reaches the server may do everything."""

    def __init__(self, app: ASGIApp, server: ServerSettings, sign_in: Callable[[], bool]) -> None:
        self._app = app
        self._server = server
        self._sign_in = sign_in

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] not in ("http", "websocket"):
            return await self._app(scope, receive, send)
        if sentence := self._problem(scope, Headers(scope=scope)):
            return await foreign(sentence)(scope, receive, send)

        async def send_guarded(message: Message) -> None:
            if message["type"] == "http.response.start":
                _complete(MutableHeaders(scope=message))
            await send(message)

        await self._app(scope, receive, send_guarded)

    def _problem(self, scope: Scope, headers: Headers) -> str | None:
        open_to_all = not self._sign_in()
        if open_to_all and scope.get(THROUGH_PROXY):
            return NO_PROXY
        if not self._is_own_name(_name(headers.get("host", "")), open_to_all):
            return OWN_NAME
        return None if self._is_own_page(scope, headers) else OWN_PAGE

    def _is_own_name(self, name: str | None, open_to_all: bool) -> bool:
        if self._server.allowed_hosts or open_to_all:
            return name in (*LOOPBACK, self._server.host, *self._server.allowed_hosts)
        return bool(name)

    def _is_own_page(self, scope: Scope, headers: Headers) -> bool:
        if (origin := headers.get("origin")) is not None and not self._is_own_origin(origin, headers["host"], scope["scheme"]):
            return False
        if headers.get("sec-fetch-site", "none") in ("none", "same-origin"):
            return True
        return scope.get("method") == "GET" and _opens_a_page(headers)

    def _is_own_origin(self, origin: str, host: str, scheme: str) -> bool:
        if origin == self._server.public_url:
            return True
        return origin == f"https://{host}" or (origin == f"http://{host}" and scheme not in ("https", "wss"))


def says_where_from(headers: Headers) -> bool:
    """Whether a browser said which page calls; what it said has been checked."""
    return "origin" in headers or "sec-fetch-site" in headers


def foreign(sentence: str) -> JSONResponse:
    return error_response(403, "permission_error", "foreign_caller", sentence)


def error_response(status: int, kind: str, code: str, sentence: str, param: str | None = None) -> JSONResponse:
    """An error in OpenAI's format."""
    body = ErrorBody(error=ErrorDetail(message=sentence, type=kind, param=param, code=code))
    return JSONResponse(body.model_dump(), status_code=status)


def _opens_a_page(headers: Headers) -> bool:
    """Whether somebody followed a link to here, say one in a mail."""
    return headers.get("sec-fetch-mode") == "navigate" and headers.get("sec-fetch-dest") == "document"


def _complete(answered: MutableHeaders) -> None:
    for name, value in HEADERS.items():
        answered.setdefault(name, value)
    if answered.get("content-type", "").startswith(UNCACHED):
        answered.setdefault("Cache-Control", "no-store")


def _name(host: str) -> str | None:
    """The name in a Host header, without the port. None for what is no such header: others read it as part of an address."""
    found = HOST.fullmatch(host)
    return found and found["name"].strip("[]").lower()
