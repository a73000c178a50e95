"""Who may call: this machine only, under a loopback name (no DNS rebinding), not from another site's page.

Pages are also told to load nothing from anywhere else, so that a slip in one of them can't send anything out."""

from __future__ import annotations

import hmac
from urllib.parse import urlsplit

from fastapi.responses import JSONResponse
from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from ui.errors import ErrorBody, ErrorDetail

LOOPBACK = ("127.0.0.1", "localhost", "::1")

CONTENT_POLICY = (
    "default-src 'self'; script-src 'self' 'unsafe-inline' 'unsafe-eval' blob:; style-src 'self' 'unsafe-inline';"
    " img-src 'self' data: blob:; font-src 'self' data:; media-src 'self' data: blob:; worker-src 'self' blob:;"
    " connect-src 'self'; frame-src 'none'; frame-ancestors 'none'; form-action 'self'; base-uri 'self'; object-src 'none'"
)


class LocalOnly:
    """ASGI middleware: refuses a foreign Host or Origin with 403 and sends the content policy with every answer."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] not in ("http", "websocket"):
            return await self._app(scope, receive, send)
        headers = Headers(scope=scope)
        if not _is_local(headers.get("host", ""), headers.get("origin")):
            return await _refused("Call the server by a loopback name (127.0.0.1 or localhost), from its own page.")(
                scope, receive, send
            )

        async def send_guarded(message: Message) -> None:
            if message["type"] == "http.response.start":
                answered = MutableHeaders(scope=message)
                answered["Content-Security-Policy"] = CONTENT_POLICY
                answered["X-Content-Type-Options"] = "nosniff"
                answered["Referrer-Policy"] = "no-referrer"
            await send(message)

        await self._app(scope, receive, send_guarded)


def _is_local(host: str, origin: str | None) -> bool:
    if _name(f"//{host}") not in LOOPBACK:
        return False
    return origin is None or urlsplit(origin).netloc == host


def _name(url: str) -> str | None:
    try:
        return urlsplit(url).hostname
    except ValueError:
        return None


def _refused(sentence: str) -> JSONResponse:
    return error_response(403, "permission_error", "foreign_caller", sentence)


def error_response(status: int, kind: str, code: str, sentence: str, param: str | None = None) -> JSONResponse:
    """An error in OpenAI's format."""
    body = ErrorBody(error=ErrorDetail(message=sentence, type=kind, param=param, code=code))
    return JSONResponse(body.model_dump(), status_code=status)


def same_token(header: str | None, token: str) -> bool:
    """Whether an Authorization header holds the token, compared in constant time."""
    return hmac.compare_digest((header or "").encode(), f"Bearer {token}".encode())
