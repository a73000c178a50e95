"""Connections of people who are not known yet: they say soon and shortly what they want, or make room."""

from __future__ import annotations

import asyncio
import sys
from contextlib import suppress
from typing import Any, cast

from starlette.types import Scope
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

LONGEST_HEAD = 2**16
"""Bytes of a request before its body, as h11 has it; httptools has no limit."""
PATIENCE_SECONDS = 60.0
"""For a whole request of somebody unknown. Forms for signing in are a few hundred bytes."""
KNOWN = "midas.known"
"""In the ASGI scope: to be called when it is known whose request it is, who may then take their time."""


class Connection(HttpToolsProtocol):
    """Uvicorn waits for ever for a request and for the rest of one, and reads a head of any length: whoever only reaches the
    server could use up its connections, or its memory."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._patience: asyncio.TimerHandle | None = None
        self._between = True
        self._in_head = False
        self._head = 0

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        self._wait()

    def data_received(self, data: bytes) -> None:
        before = self._in_head
        if self._between:
            self._wait()
        super().data_received(data)
        if before and self._in_head:
            self._head += len(data)
            if self._head > LONGEST_HEAD:
                self.transport.close()

    def on_message_begin(self) -> None:
        super().on_message_begin()
        cast(dict[str, Any], self.scope)[KNOWN] = self._wait_no_more
        self._between, self._in_head, self._head = False, True, 0

    def on_headers_complete(self) -> None:
        self._in_head = False
        super().on_headers_complete()

    def on_message_complete(self) -> None:
        self._between = True
        self._wait_no_more()
        super().on_message_complete()

    def connection_lost(self, exc: Exception | None) -> None:
        self._wait_no_more()
        super().connection_lost(exc)

    def _wait(self) -> None:
        if self._patience is None:
            self._patience = self.loop.call_later(PATIENCE_SECONDS, self.timeout_keep_alive_handler)

    def _wait_no_more(self) -> None:
        if self._patience is not None:
            self._patience.cancel()
            self._patience = None


def known(scope: Scope) -> None:
    """Whoever sends the request may take their time."""
    if KNOWN in scope:
        scope[KNOWN]()


def allow_many() -> None:
    """As many open files as the system lets this process have: each connection is one, and few systems begin with more than
    1024."""
    if sys.platform != "win32":
        import resource

        hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
        with suppress(OSError, ValueError):  # macOS calls a number unlimited that it does not allow
            resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
