"""The server's sentences in Spanish for who asks for it with `Accept-Language`, as the pages do in Spanish; all others get
English."""

from __future__ import annotations

import asyncio
import json
from typing import Any

from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from ui.web.sentences.details import ACTIONS
from ui.web.spanish import detail_in_spanish, spanish

SENTENCES = frozenset(
    {"counted_by", "error", "last_error", "message", "notes", "problem", "warnings"},
)
"""Fields of answers that hold a sentence of the program, or several; no field of these names is a person's own text."""
ANSWERS = ("/v1/", "/page/")


class Spoken:
    """ASGI middleware, outside all others: refusals come from everywhere."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or not Headers(scope=scope).get("accept-language", "").lower().startswith("es"):
            return await self._app(scope, receive, send)
        await self._app(scope, receive, _Telling(send, ours=scope["path"].startswith(ANSWERS)))


class _Telling:
    """Sends an answer on; one in JSON once it is whole, in Spanish. `ours`: not Gradio's, of which only errors are told."""

    def __init__(self, send: Send, ours: bool) -> None:
        self._send = send
        self._ours = ours
        self._start: Message | None = None
        self._body = b""

    async def __call__(self, message: Message) -> None:
        if message["type"] == "http.response.start" and self._is_told(message):
            self._start = message
        elif self._start is None:
            await self._send(message)
        else:
            self._body += message.get("body", b"")
            if not message.get("more_body", False):
                await self._tell(self._start)

    def _is_told(self, start: Message) -> bool:
        """Not a document: those are sent as files."""
        headers = Headers(raw=start["headers"])
        if not headers.get("content-type", "").startswith("application/json"):
            return False
        if "content-disposition" in headers or "content-encoding" in headers:
            return False
        return self._ours or bool(start["status"] >= 400)

    async def _tell(self, start: Message) -> None:
        headers = MutableHeaders(scope=start)
        headers.add_vary_header("Accept-Language")
        if self._body:
            self._body = await asyncio.to_thread(_in_spanish, self._body)
            headers["Content-Length"] = str(len(self._body))
        await self._send(start)
        await self._send({"type": "http.response.body", "body": self._body})


def _in_spanish(body: bytes) -> bytes:
    return json.dumps(_told(json.loads(body)), ensure_ascii=False).encode()


def _told(value: Any, name: str = "") -> Any:
    if isinstance(value, dict):
        told = {key: _told(each, key) for key, each in value.items()}
        return {**told, "detail": detail_in_spanish(told["detail"])} if _is_of_audit(value) else told
    if isinstance(value, list):
        return [_told(each, name) for each in value]
    return spanish(value) if isinstance(value, str) and name in SENTENCES else value


def _is_of_audit(value: dict[str, Any]) -> bool:
    return value.get("action") in ACTIONS and isinstance(value.get("detail"), str)
