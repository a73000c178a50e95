"""A fake server in a process of its own, which can be killed, stopped and started again at the same address."""

from __future__ import annotations

import os
import signal
import socket
import time
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from multiprocessing.context import ForkServerProcess
from multiprocessing.synchronize import Event

import httpx
import psutil
import uvicorn

from tests.fake_servers.script import Script
from tests.fake_servers.server import AT_WORK, FakeServer
from tests.fake_servers.wire import Wire
from tests.forking import FORKING

HOST = "127.0.0.1"
HELD_AFTER = 8
"""Tokens: more than what the product holds back until it knows that an answer is no refusal."""
_EXIT_SECONDS = 10


def _serve(server: ServerProcess) -> None:
    """The child's work."""
    fake = FakeServer(server.wire(), _Holding(server), places=server.places)
    listener = socket.create_server((HOST, server.port))
    uvicorn.Server(uvicorn.Config(fake.app(), log_level="critical", lifespan="off")).run([listener])


class _Holding(Script):
    """The child's script."""

    def __init__(self, server: ServerProcess) -> None:
        super().__init__(lambda messages: server.pieces, server.token_s, server.first_s)
        self._holding = server.holding

    def trouble(self) -> Script:
        stall_after = HELD_AFTER if self._holding.is_set() else None
        return Script(self.pieces, self.token_s, self.first_s, stall_after=stall_after)


@dataclass
class ServerProcess:
    """Answers with these pieces. `places`: questions at a time, others are refused. `first_s` and `token_s`: see `Script`.

    While `holding` is set, answers stop after some tokens, so that there is a middle in which something can happen.
    """

    wire: type[Wire]
    pieces: Sequence[str]
    places: int | None = None
    first_s: float | None = None
    token_s: float = 0.0
    port: int = field(default_factory=lambda: _free_port())
    holding: Event = field(default_factory=FORKING.Event)
    _process: ForkServerProcess | None = field(default=None, init=False)

    @property
    def base_url(self) -> str:
        return f"{self.root}{self.wire.base}"

    @property
    def root(self) -> str:
        return f"http://{HOST}:{self.port}"

    def start(self) -> None:
        """Returns when it answers."""
        self._process = FORKING.Process(target=_serve, args=(replace(self),), daemon=True)
        self._process.start()
        with httpx.Client(trust_env=False) as client:
            while not self._answers(client):
                time.sleep(0.01)

    def _answers(self, client: httpx.Client) -> bool:
        assert self._process and self._process.is_alive(), "the fake server ended at once"
        try:
            return client.get(f"{self.root}{AT_WORK}").status_code == 200
        except httpx.TransportError:
            return False

    def kill(self) -> None:
        """At once, as a crash or the kernel does it."""
        assert self._process
        self._process.kill()
        self._process.join(_EXIT_SECONDS)
        self._process.close()
        self._process = None

    def hang(self) -> None:
        """The process stays and its connections stay open, but it does nothing."""
        assert self._process and self._process.pid
        os.kill(self._process.pid, signal.SIGSTOP)
        process = psutil.Process(self._process.pid)
        while process.status() != psutil.STATUS_STOPPED:
            time.sleep(0.001)

    def wake(self) -> None:
        assert self._process and self._process.pid
        os.kill(self._process.pid, signal.SIGCONT)


def _free_port() -> int:
    with socket.create_server((HOST, 0)) as listener:
        return int(listener.getsockname()[1])
