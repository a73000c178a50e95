"""How much a request may send. FastAPI reads a whole body before it asks who sends it: none may fill memory or disk."""

from __future__ import annotations

import re

from starlette.datastructures import Headers
from starlette.exceptions import HTTPException
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from ui.desks.question_sets import FILE_BYTES
from ui.guard import error_response

LONGEST = 8 * 2**20
LONGEST_WITH_FILE = FILE_BYTES + 2**20
WITH_FILE = re.compile(r"/v1/evaluation/question-sets(/.*)?|/page/[^/]+/evaluate/.*", re.DOTALL)
"""Where question sets are imported, and sent back as a whole."""
STREAMED = re.compile(r"/v1/collections/[^/]+/uploads|/v1/uploads/[^/]+/files/[^/]+")
"""Uploads of documents: they are written to the disk piece by piece, by who may, up to limits of their own."""
TOO_LONG = "The request has more than {most} MB: send less at once."


class Lengths:
    """ASGI middleware, inside all others."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or STREAMED.fullmatch(scope["path"]):
            return await self._app(scope, receive, send)
        longest = LONGEST_WITH_FILE if WITH_FILE.fullmatch(scope["path"]) else LONGEST
        sentence = TOO_LONG.format(most=longest // 10**6)
        declared = Headers(scope=scope).get("content-length", "")
        if declared.isdecimal() and int(declared[:20]) > longest:
            return await error_response(413, "invalid_request_error", "too_long", sentence)(scope, receive, send)
        received = 0

        async def counted() -> Message:
            nonlocal received
            message = await receive()
            received += len(message.get("body", b""))
            if received > longest:
                raise HTTPException(413, sentence)
            return message

        await self._app(scope, counted, send)
