"""Answers that are being written: each is a task of the server, not of the page that asked, so that a closed or reloaded page
loses nothing. Pages watch; what is written is stored as it grows."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import aclosing
from functools import partial
from typing import ParamSpec

from assistant.types import Answer, AnswerEvent, Event, StatusEvent, TokenEvent
from ingest.errors import MidasError
from ui.errors import told
from ui.memory.memory import Memory
from ui.people.errors import SignedOut

SAVE_SECONDS = 1.0
"""How much of what was written may be lost when the server is killed."""

Topic = Callable[[Answer], str | None]
P = ParamSpec("P")


class Writing:
    """An answer on its way, for any number of watchers in the event loop it is written in."""

    def __init__(self) -> None:
        self.text = ""
        self.stopped = False
        self.task: asyncio.Task[None] | None = None
        self._heard: list[Event] = []
        self._error: MidasError | None = None
        self._over = False
        self._news = asyncio.Event()

    def hear(self, event: Event) -> None:
        if isinstance(event, TokenEvent):
            self.text += event.text
        elif isinstance(event, StatusEvent) and event.state == "fallback":
            self.text = ""
        self._heard.append(event)
        self._tell()

    def close(self, error: MidasError | None = None) -> None:
        self._over, self._error = True, error
        self._tell()

    def _tell(self) -> None:
        self._news.set()
        self._news = asyncio.Event()

    async def watch(self) -> AsyncGenerator[Event, None]:
        """All events from the first one on. Raises what went wrong; ends without an AnswerEvent when it was stopped."""
        position = 0
        while True:
            news = self._news
            while position < len(self._heard):
                position += 1
                yield self._heard[position - 1]
            if self._over and position == len(self._heard):
                break
            if news is self._news:
                await news.wait()
        if self._error:
            raise self._error


class Writings:
    """Those of one server, by turn. One thread stores what they write, once a second for all of them together."""

    def __init__(self, memory: Memory) -> None:
        self._memory = memory
        self._live: dict[str, Writing] = {}
        self._pool = ThreadPoolExecutor(max_workers=1, thread_name_prefix="midas-memory")
        self._saver: asyncio.Task[None] | None = None

    def __len__(self) -> int:
        return len(self._live)

    def close(self) -> None:
        """Waits for what is being stored."""
        self._pool.shutdown(wait=True)

    def start(self, turn: str, events: AsyncGenerator[Event, None], topic: Topic) -> Writing:
        """Begins in the running event loop."""
        writing = self._live[turn] = Writing()
        writing.task = asyncio.create_task(self._write(turn, writing, events, topic))
        if self._saver is None or self._saver.done():
            self._saver = asyncio.create_task(self._save())
        return writing

    def get(self, turn: str) -> Writing | None:
        """None when nobody writes on it any more."""
        return self._live.get(turn)

    def stop(self, turn: str) -> None:
        """Safe from any thread."""
        writing = self._live.get(turn)
        if writing and writing.task and not writing.stopped:
            writing.stopped = True
            writing.task.get_loop().call_soon_threadsafe(writing.task.cancel)

    async def _write(self, turn: str, writing: Writing, events: AsyncGenerator[Event, None], topic: Topic) -> None:
        problem: MidasError | None = None
        try:
            async with aclosing(events):
                async for event in events:
                    if isinstance(event, AnswerEvent):
                        await self._run(self._finish, turn, event.answer, topic)
                    writing.hear(event)
        except asyncio.CancelledError:
            await self._run(self._memory.end, turn, "stopped" if writing.stopped else "interrupted", writing.text)
        except SignedOut as error:
            problem = error
            await self._run(self._memory.end, turn, "interrupted", writing.text)
        except Exception as error:
            problem = told(error)
            await self._run(self._memory.end, turn, "failed", writing.text, problem.message)
        finally:
            self._live.pop(turn, None)
            writing.close(problem)

    def _finish(self, turn: str, answer: Answer, topic: Topic) -> None:
        self._memory.finish(turn, answer, topic(answer))

    async def _save(self) -> None:
        saved: dict[str, str] = {}
        while self._live:
            await asyncio.sleep(SAVE_SECONDS)
            drafts = {turn: writing.text for turn, writing in self._live.items() if writing.text}
            if changed := {turn: text for turn, text in drafts.items() if saved.get(turn) != text}:
                await self._run(self._memory.save, changed)
            saved = drafts

    async def _run(self, work: Callable[P, None], *args: P.args, **kwargs: P.kwargs) -> None:
        await asyncio.get_running_loop().run_in_executor(self._pool, partial(work, *args, **kwargs))
