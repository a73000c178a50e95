"""Who may use a back end next: first come, first served, and everybody sees how many are before them."""

from __future__ import annotations

import asyncio
import threading
from collections import deque
from collections.abc import AsyncIterator
from contextlib import suppress


class FairQueue:
    """At most `size` at a time. Safe to use from several threads and event loops."""

    def __init__(self, size: int = 1) -> None:
        self.size = size
        self._lock = threading.Lock()
        self._places: deque[Place] = deque()

    def join(self) -> Place:
        """A place at the end of the queue: use it as a context manager, leaving it gives the turn to the next."""
        return Place(self)

    def __len__(self) -> int:
        """How many are served or wait."""
        return len(self._places)

    def enter(self, place: Place) -> None:
        with self._lock:
            self._places.append(place)

    def leave(self, place: Place) -> None:
        with self._lock:
            self._places.remove(place)
            waiting = list(self._places)
        for other in waiting:
            other.wake()

    def ahead(self, place: Place) -> int:
        """How many must leave before it is this one's turn; 0 means now."""
        with self._lock:
            return max(0, self._places.index(place) + 1 - self.size)


class Place:
    """One caller's place, belonging to the event loop it was made in."""

    def __init__(self, queue: FairQueue) -> None:
        self._queue = queue
        self._loop = asyncio.get_running_loop()
        self._moved = asyncio.Event()

    def __enter__(self) -> Place:
        self._queue.enter(self)
        return self

    def __exit__(self, *_: object) -> None:
        self._queue.leave(self)

    async def positions(self) -> AsyncIterator[int]:
        """How many are ahead (1 or more), again whenever that changes; ends when it is this one's turn."""
        seen = 0
        while ahead := self._queue.ahead(self):
            if ahead != seen:
                yield ahead
            seen = ahead
            await self._moved.wait()
            self._moved.clear()

    def wake(self) -> None:
        with suppress(RuntimeError):  # the loop is closed: nobody waits
            self._loop.call_soon_threadsafe(self._moved.set)
