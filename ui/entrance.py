"""Who comes in: finds the person behind a request, and keeps out who may not."""

from __future__ import annotations

from starlette.datastructures import Headers
from starlette.types import ASGIApp, Receive, Scope, Send

from ui.guard import error_response, same_token
from ui.person import LOCAL, SERVER, Person

PERSON = "midas.person"
"""Where the person is in the ASGI scope, for routes and for the page's events (`request.request.scope`)."""


class Entrance:
    """Tells persons from requests. `token` is the server's own, which the command line has."""

    def __init__(self, token: str) -> None:
        self._token = token

    def person(self, headers: Headers) -> Person | None:
        """None when a credential is wrong or missing."""
        if same_token(headers.get("authorization"), self._token):
            return SERVER
        return LOCAL


class Doorkeeper:
    """ASGI middleware: puts the person into the scope, or refuses with 401."""

    def __init__(self, app: ASGIApp, entrance: Entrance) -> None:
        self._app = app
        self._entrance = entrance

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] not in ("http", "websocket"):
            return await self._app(scope, receive, send)
        person = self._entrance.person(Headers(scope=scope))
        if person is None:
            refusal = error_response(401, "authentication_error", "invalid_api_key", "Sign in, or send an API key.")
            return await refusal(scope, receive, send)
        scope[PERSON] = person
        await self._app(scope, receive, send)
