"""Signs of life in answers that are streamed: proxies cut connections on which nothing comes for a while."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator
from contextlib import aclosing
from typing import TypeVar

SILENT_SECONDS = 15.0
"""What the HTML standard suggests for server-sent events; nginx and others cut after 60."""
COMMENT = ": keep-alive\n\n"
"""What a reader of server-sent events passes over."""

T = TypeVar("T")


async def kept_alive(lines: AsyncGenerator[T, None], sign: T) -> AsyncGenerator[T, None]:
    """The lines, and `sign` whenever none came for `SILENT_SECONDS`. Closing it closes them."""
    heard: asyncio.Queue[T | None] = asyncio.Queue()
    listening = asyncio.create_task(_listen(lines, heard))
    try:
        while (line := await _next(heard, sign)) is not None:
            yield line
        await listening
    finally:
        listening.cancel()
        await asyncio.wait([listening])


async def _listen(lines: AsyncGenerator[T, None], heard: asyncio.Queue[T | None]) -> None:
    """All of them in one task, then None."""
    try:
        async with aclosing(lines):
            async for line in lines:
                heard.put_nowait(line)
    finally:
        heard.put_nowait(None)


async def _next(heard: asyncio.Queue[T | None], sign: T) -> T | None:
    try:
        async with asyncio.timeout(SILENT_SECONDS):
            return await heard.get()
    except TimeoutError:
        return sign
