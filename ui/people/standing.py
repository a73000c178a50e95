"""Streams end with what their listener came with: an account that is disabled, a session that was ended, a key that was
revoked."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import aclosing
from typing import Generic, TypeVar

from ingest.errors import StoreError
from ui.people.errors import SignedOut
from ui.people.register import Register
from ui.person import Person

LOOK_SECONDS = 1.0
"""Between two looks for one stream."""

T = TypeVar("T")
_log = logging.getLogger("midas")


async def while_admitted(register: Register, person: Person, events: AsyncGenerator[T, None]) -> AsyncGenerator[T, None]:
    """The events for as long as the person is let in; then they are closed. Raises SignedOut."""
    listening = _Listening(events)
    looking = asyncio.create_task(listening.look(register, person))
    try:
        async with aclosing(events):
            async for event in listening:
                yield event
    finally:
        looking.cancel()


class _Listening(Generic[T]):
    """Waits for events, and is torn from it when `look` finds that the listener is let in no longer."""

    def __init__(self, events: AsyncGenerator[T, None]) -> None:
        self._events = events
        self._waiting: asyncio.Task[object] | None = None
        self._over = False

    def __aiter__(self) -> AsyncIterator[T]:
        return self

    async def __anext__(self) -> T:
        if self._over:
            raise SignedOut
        task = self._waiting = asyncio.current_task()
        try:
            return await anext(self._events)
        except asyncio.CancelledError:
            if not self._over or task is None or task.uncancel():
                raise
            raise SignedOut from None
        finally:
            self._waiting = None

    async def look(self, register: Register, person: Person) -> None:
        """Once in LOOK_SECONDS, until the person is not let in."""
        await asyncio.sleep(LOOK_SECONDS)
        while await _admitted(register, person):
            await asyncio.sleep(LOOK_SECONDS)
        self._over = True
        if self._waiting:
            self._waiting.cancel()


async def _admitted(register: Register, person: Person) -> bool:
    """What can't be read now is looked up again."""
    try:
        return await asyncio.to_thread(register.admits, person)
    except StoreError:
        return True
    except Exception:
        _log.exception("Whether a person is still let in could not be looked up")
        return True
