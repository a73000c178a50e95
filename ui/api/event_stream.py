"""Server-sent events."""

from __future__ import annotations

from collections.abc import AsyncGenerator

from fastapi.responses import StreamingResponse

from ui.keep_alive import COMMENT, kept_alive

STREAM_HEADERS = {"Cache-Control": "no-store", "X-Accel-Buffering": "no"}
"""Proxies pass on what is streamed as it comes."""


class EventStream(StreamingResponse):
    """Of lines that are events already; comments come between them while nothing happens."""

    media_type = "text/event-stream"

    def __init__(self, lines: AsyncGenerator[str, None]) -> None:
        super().__init__(kept_alive(lines, COMMENT), headers=STREAM_HEADERS)
