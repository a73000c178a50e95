"""The scripted server: plays its script in the wire it is given, counts what happens, and notices who hangs up."""

from __future__ import annotations

import asyncio
import socket
import threading
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from time import perf_counter
from typing import Any

import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route
from starlette.types import ASGIApp, Receive, Scope, Send

from tests.fake_servers.script import Script
from tests.fake_servers.wire import Refusal, Reply, Wire, as_json

AT_WORK = "/script/at-work"
"""Tells how many questions are being answered; for tests whose server is another process."""


@dataclass
class FakeServer:
    """`root` is its address; `base_url` what goes into the settings. All counters are since the start.

    `key`: what the Authorization header must carry (None: anything). `window`: tokens (words) of prompt and answer together.
    `places`: questions it works on at a time, others are refused (None: all are taken).
    """

    wire: Wire
    script: Script = field(default_factory=Script)
    key: str | None = None
    window: int = 4096
    places: int | None = None
    root: str = ""
    requests: list[dict[str, Any]] = field(default_factory=list)
    keys: list[str] = field(default_factory=list)
    headers: list[dict[str, str]] = field(default_factory=list)
    """Those of the questions, by their names in small letters."""
    echoes: bool = False
    """Whether all pages want the key, and repeat a wrong one."""
    answered: int = 0
    """Answers that were sent to their end."""
    hung_up: int = 0
    """Answers whose client went away before the end."""
    at_work: int = 0
    most_at_work: int = 0

    @property
    def base_url(self) -> str:
        return f"{self.root}{self.wire.base}"

    def app(self) -> Starlette:
        pages = [Route(path, self._page(path)) for path in self.wire.pages(self.window)]
        pages.append(Route(AT_WORK, self._tell_at_work))
        return Starlette(routes=[*pages, Route(self.wire.chat_path, self._chat, methods=["POST"])])

    def _page(self, path: str) -> Callable[[Request], Awaitable[Response]]:
        async def page(request: Request) -> Response:
            refusal = self._wrong_key(_key_of(request)) if self.echoes else None
            return _response(refusal or self.wire.pages(self.window)[path])

        return page

    async def _tell_at_work(self, request: Request) -> Response:
        return Response(str(self.at_work))

    async def _chat(self, request: Request) -> ASGIApp:
        body = await request.json()
        self.requests.append(body)
        self.keys.append(_key_of(request))
        self.headers.append(dict(request.headers))
        script = self.script.trouble()
        if refusal := self._refusal(script, body):
            return _response(refusal)
        return _Answer(self, script, body)

    def _refusal(self, script: Script, body: dict[str, Any]) -> Reply | None:
        if refusal := self._wrong_key(self.keys[-1]):
            return refusal
        if script.status is not None:
            return self.wire.error(Refusal(script.status, f"scripted {script.status}", script.headers))
        if self.places is not None and self.at_work >= self.places:
            return self.wire.error(Refusal(429, "Model is overloaded"))
        return self.wire.refuse(body, self.window)

    def _wrong_key(self, key: str) -> Reply | None:
        said = f"Incorrect API key provided: {key}"
        if self.key in (None, key):
            return None
        return as_json({"error": said}, 401) if self.echoes else self.wire.error(Refusal(401, said))


def _key_of(request: Request) -> str:
    return request.headers.get("authorization", "").removeprefix("Bearer ")


@dataclass
class _Answer:
    """One answer on its way out; an ASGI application, because Starlette's streams don't notice who leaves during a pause."""

    server: FakeServer
    script: Script
    body: dict[str, Any]

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        writing = asyncio.create_task(self._write(send))
        leaving = asyncio.create_task(_left(receive))
        self.server.at_work += 1
        self.server.most_at_work = max(self.server.most_at_work, self.server.at_work)
        try:
            await asyncio.wait({writing, leaving}, return_when=asyncio.FIRST_COMPLETED)
            self.server.hung_up += not writing.done()
        finally:
            self.server.at_work -= 1
            leaving.cancel()
            writing.cancel()
        await asyncio.gather(writing, return_exceptions=not writing.done())

    async def _write(self, send: Send) -> None:
        if self.script.silent:
            await asyncio.Event().wait()
        media = self.server.wire.media_type(self.body)
        await send({"type": "http.response.start", "status": 200, "headers": [(b"content-type", media.encode())]})
        async for data in self._data():
            for part in [data[at : at + 1] for at in range(len(data))] if self.script.bytewise else [data]:
                await send({"type": "http.response.body", "body": part, "more_body": True})
        await send({"type": "http.response.body", "body": b""})
        self.server.answered += 1

    async def _data(self) -> AsyncIterator[bytes]:
        script, wire = self.script, self.server.wire
        if script.body is not None:
            yield script.body
            return
        wanted = list(script.pieces(wire.messages(self.body)))
        pieces = wanted[: wire.answer_tokens(self.body) or None]
        finish = "stop" if pieces == wanted else "length"
        if not wire.streams(self.body):
            yield wire.whole(self.body, pieces, finish)
            return
        began = perf_counter()
        yield wire.opening(self.body)
        for number, piece in enumerate(pieces):
            async for data in self._trouble(number):
                yield data
            if script.end_after == number:
                return
            await asyncio.sleep(began + script.due_s(number) - perf_counter())
            yield wire.piece(self.body, piece)
        async for data in self._trouble(len(pieces)):
            yield data
        yield wire.ending(self.body, len(pieces), finish)

    async def _trouble(self, written: int) -> AsyncIterator[bytes]:
        script = self.script
        if script.stall_after == written:
            async for sign in self._stalled():
                yield sign
        if script.error_after == written:
            yield self.server.wire.error_in_stream("scripted failure")
            raise _Cut
        if script.cut_after == written:
            raise _Cut

    async def _stalled(self) -> AsyncIterator[bytes]:
        """For ever, with the signs of life that the server sends while it works."""
        while True:
            if self.server.wire.sign_of_life:
                yield self.server.wire.sign_of_life
            await asyncio.sleep(0.02)


class _Cut(Exception):
    """Ends an answer in the middle: uvicorn closes the connection without the end mark."""


async def _left(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass


def _response(reply: Reply) -> Response:
    return Response(reply.body, reply.status, dict(reply.headers), media_type=reply.media_type)


@contextmanager
def listening(app: ASGIApp) -> Iterator[str]:
    """Serves an application in a thread; gives its address."""
    listener = socket.create_server(("127.0.0.1", 0))
    options = uvicorn.Config(app, log_level="critical", timeout_graceful_shutdown=1, lifespan="off")
    server = uvicorn.Server(options)
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]}, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{listener.getsockname()[1]}"
    finally:
        server.should_exit = True
        thread.join(timeout=10)
        listener.close()


@contextmanager
def running(server: FakeServer) -> Iterator[FakeServer]:
    """Serves the fake in a thread."""
    with listening(server.app()) as root:
        server.root = root
        yield server


@contextmanager
def nobody() -> Iterator[str]:
    """An address where nothing listens for as long as the block lasts."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        yield f"http://127.0.0.1:{taken.getsockname()[1]}"
