"""Kills, hangs and overloads the server of a back end, again and again, and looks who answers, and what stays behind.

The servers are processes of their own, so that threads, sockets and files of this process are the product's. `main` is the back
end in trouble, `reserve` its fallback.
"""

from __future__ import annotations

import asyncio
import gc
import sys
import threading
from collections import Counter
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import AbstractAsyncContextManager, AsyncExitStack, aclosing, asynccontextmanager, contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path

import httpx
import psutil

from assistant.assistant import Assistant
from assistant.backends import Backends
from assistant.config import Settings
from assistant.types import Answer, AnswerEvent, TokenEvent
from ingest.pipeline import ingest
from ingest.store import Store
from tests.embedders import HashingEmbedder
from tests.fake_servers.process import ServerProcess
from tests.fake_servers.server import AT_WORK
from tests.fake_servers.tgi import TGI
from tests.fake_servers.wire import MODEL

KIND = "tgi"
DOCUMENT = "# Viajes\n\nLa dieta completa en España es de 53,34 euros por día. El kilometraje se paga a 0,26 euros.\n"
QUESTION = "¿Cuánto es la dieta completa en España?"
WORDS = [f"{word} " for word in "La dieta completa en España es de 53,34 euros por día.".split()]
TIMEOUTS = {"connect_s": 5.0, "first_token_s": 5.0, "between_tokens_s": 3.0}
"""A healthy server keeps them a hundred times over, and even on a machine that has other work."""
POOL = 9
"""Connections of the vector index: one at the beginning, ten at most."""
SETTLING_S = 0.2
"""In which the event loop finishes what was collected as garbage."""


@asynccontextmanager
async def killed(server: ServerProcess) -> AsyncIterator[None]:
    """At once, as a crash or the kernel does it."""
    server.kill()
    try:
        yield
    finally:
        server.start()


@asynccontextmanager
async def hung(server: ServerProcess) -> AsyncIterator[None]:
    """The process stays, the kernel goes on to accept connections for it, but it does nothing."""
    server.hang()
    try:
        yield
    finally:
        server.wake()
        await _idle(server)


@asynccontextmanager
async def full(server: ServerProcess) -> AsyncIterator[None]:
    """All places of the server are taken by somebody else."""
    request = {"messages": [{"role": "user", "content": "Otra pregunta."}], "stream": True, "model": MODEL}
    server.holding.set()
    async with (
        httpx.AsyncClient(trust_env=False) as other,
        other.stream("POST", f"{server.base_url}/chat/completions", json=request) as taken,
    ):
        assert taken.status_code == 200
        server.holding.clear()
        yield
    await _idle(server)


async def _idle(server: ServerProcess) -> None:
    """Until the server has noticed who left: before, it may have no place."""
    async with httpx.AsyncClient(trust_env=False) as client:
        while (await client.get(f"{server.root}{AT_WORK}")).text != "0":
            await asyncio.sleep(0.01)


@dataclass(frozen=True)
class Trouble:
    """Something that happens to the server, before the question or as soon as the answer's first words are there."""

    strike: Callable[[ServerProcess], AbstractAsyncContextManager[None]]
    in_the_middle: bool

    def __str__(self) -> str:
        return f"{self.strike.__name__} {'in the middle' if self.in_the_middle else 'before'}"


_KILLED, _HUNG, _FULL = Trouble(killed, True), Trouble(hung, True), Trouble(full, False)
_KILLED_BEFORE, _HUNG_BEFORE = Trouble(killed, False), Trouble(hung, False)
TROUBLES = (_KILLED, _HUNG_BEFORE, _FULL, _KILLED, _KILLED_BEFORE, _FULL, _HUNG, _KILLED, _FULL, _KILLED_BEFORE)
"""Each hang costs a timeout, so there are fewer of them."""


@dataclass
class Ward:
    """An assistant whose back end `main` has a server that can be hurt."""

    assistant: Assistant
    main: ServerProcess

    async def ask(self, trouble: Trouble | None = None) -> Answer:
        """The answer to a question during which the server has this trouble; it is well again afterwards."""
        async with AsyncExitStack() as struck, aclosing(self.assistant.stream(QUESTION)) as events:
            if trouble and trouble.in_the_middle:
                self.main.holding.set()
            elif trouble:
                await struck.enter_async_context(trouble.strike(self.main))
            async for event in events:
                if trouble and trouble.in_the_middle and isinstance(event, TokenEvent):
                    await struck.enter_async_context(trouble.strike(self.main))
                    self.main.holding.clear()
                    trouble = None
                if isinstance(event, AnswerEvent):
                    return event.answer
        raise AssertionError("a stream ends with an AnswerEvent")


@contextmanager
def ward(base: Path, **options: object) -> Iterator[Ward]:
    """`options` go into the section of the back end in trouble."""
    (base / "documents").mkdir(parents=True)
    (base / "documents" / "viajes.md").write_text(DOCUMENT, encoding="utf-8")
    main, reserve = ServerProcess(TGI, WORDS, places=1), ServerProcess(TGI, WORDS)
    sections = {"main": {**_section(main), **options}, "reserve": _section(reserve)}
    settings = Settings(home=base / "home", backends=sections, default_backend="main")
    embedder, backends = HashingEmbedder(), Backends(settings)
    for server in (main, reserve):
        server.start()
    try:
        with Store.open(settings, embedder) as store:
            ingest(store, embedder, settings, [base / "documents"], "empresa")
            yield Ward(Assistant(settings, store, embedder, backends), main)
    finally:
        backends.close()
        for server in (main, reserve):
            server.kill()


def _section(server: ServerProcess) -> dict[str, object]:
    return {"kind": KIND, "model": MODEL, "base_url": server.base_url, "context_window": 4096, "timeouts": TIMEOUTS}


@dataclass(frozen=True)
class Held:
    """What a process holds at one moment.

    `index_files` and the `native_threads` beyond Python's are those of the vector index: Chroma keeps a pool of connections to
    its database, each with a thread of its own, that grows to a fixed size when it needs them. `files` are all others, with
    sockets and pipes among them.
    """

    threads: int
    native_threads: int
    sockets: int
    files: int
    index_files: int
    children: int

    @classmethod
    def now(cls, base: Path) -> Held:
        """`base` is where the store is."""
        gc.collect()
        process = psutil.Process()
        sockets, children = process.net_connections("inet"), process.children(recursive=True)
        index_files = sum(Path(file.path).is_relative_to(base) for file in process.open_files())
        files = process.num_fds() - index_files
        return cls(threading.active_count(), process.num_threads(), len(sockets), files, index_files, len(children))

    def grew_to(self, later: Held) -> bool:
        pool = later.native_threads - self.native_threads, later.index_files - self.index_files
        same = replace(later, native_threads=self.native_threads, index_files=self.index_files)
        return same != self or max(pool) > POOL


@dataclass
class Campaign:
    """`cycles` times: trouble, an answer from the fallback that says so, and an answer from the server that is well again."""

    cycles: int
    batch: int = len(TROUBLES)
    """Cycles in one event loop."""
    counted: Counter[str] = field(default_factory=Counter)
    first: Held | None = None
    last: Held | None = None

    def run(self, base: Path) -> str:
        """Raises AssertionError at the first wrong answer, and when something was left behind. Returns one line."""
        with ward(base, fallback=["reserve"]) as patient:
            asyncio.run(self._cycles(patient, range(self.batch)))
            self.first = Held.now(base)
            for start in range(0, self.cycles, self.batch):
                asyncio.run(self._cycles(patient, range(start, min(start + self.batch, self.cycles))))
            self.last = Held.now(base)
        assert not self.first.grew_to(self.last), f"before {self.first}, after {self.last}"
        return f"{self.cycles} cycles {dict(self.counted)}; before {self.first}, after {self.last}"

    async def _cycles(self, patient: Ward, numbers: range) -> None:
        for number in numbers:
            trouble = TROUBLES[number % len(TROUBLES)]
            answer = await patient.ask(trouble)
            assert (answer.backend, answer.fallback_from) == ("reserve", "main"), f"{trouble}: {answer}"
            assert answer.grounded and len(answer.notices) == 1 and "«reserve»" in answer.notices[0], answer.notices
            after = await patient.ask()
            assert (after.backend, after.fallback_from, after.grounded) == ("main", None, True), f"{trouble}: {after}"
            self.counted[str(trouble)] += 1
        await asyncio.sleep(SETTLING_S)
        assert len(asyncio.all_tasks()) == 1, asyncio.all_tasks()
        print(f"{sum(self.counted.values())} cycles", file=sys.stderr)
