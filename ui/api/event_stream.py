"""Server-sent events."""

from __future__ import annotations

from collections.abc import AsyncGenerator

from fastapi.responses import StreamingResponse

from ui.keep_alive import COMMENT, kept_alive

STREAM_HEADERS = {"Cache-Control": "no-store", "X-Accel-Buffering": "no"}
"""Proxies pass on what is streamed as it comes."""


class EventStream(StreamingResponse):
    media_type = "text/event-stream"


def event_stream(lines: AsyncGenerator[str, None]) -> EventStream:
    """Of lines that are events already; comments come between them while nothing happens."""
    return EventStream(kept_alive(lines, COMMENT), headers=STREAM_HEADERS)
