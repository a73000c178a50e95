"""Back ends by name. A kind of back end is one module of this package: `Options` (its section of the settings), `CAPABILITIES`,
`build`, and `manager` where models can be managed. What kinds share is in `common`."""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from functools import cached_property

from assistant.backends.common.backend import Backend, Health
from assistant.backends.common.breaker import CircuitBreaker
from assistant.backends.common.capabilities import Capabilities
from assistant.backends.common.kinds import check_section, kinds, load_kind, make_backend, make_manager
from assistant.config import Settings

__all__ = [
    "Backend",
    "Backends",
    "Capabilities",
    "Health",
    "check_section",
    "kinds",
    "load_kind",
    "make_backend",
    "make_manager",
]

RETIRE_POLL_SECONDS = 0.5


class Backends:
    """The configured back ends; each is built once, when it is first asked for."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._places: dict[str, _Place] = {}
        self._lock = threading.Lock()

    def open(self, name: str) -> Backend:
        """Blocks while a model is loaded or a server asked for its window; others can be opened meanwhile.

        Raises ConfigError, ModelError or BackendError; one that can't be opened is tried again, but not at every question.
        """
        place = self._place(name)
        with place.lock:
            if place.backend is None:
                place.backend = self._make(name, place.opening)
            return place.backend

    async def ready(self, name: str) -> Backend:
        """What `open` gives. Who waits for it holds up nobody who needs another back end. Raises what `open` raises."""
        place = self._place(name)
        if place.backend is not None:
            return place.backend
        return await asyncio.wrap_future(place.opener.submit(self.open, name))

    def opened(self) -> dict[str, Backend]:
        """Those that were built, by name."""
        return {name: place.backend for name, place in list(self._places.items()) if place.backend is not None}

    def breakers(self) -> dict[str, CircuitBreaker]:
        """The circuits of those that were asked for, by name: what is known of one that could not be built, too."""
        return {name: place.breaker for name, place in list(self._places.items())}

    def forget(self, names: Iterable[str]) -> None:
        """Builds these anew when they are next asked for; what they are answering now, they answer to the end."""
        with self._lock:
            gone = [self._places.pop(name) for name in names if name in self._places]
        for place in gone:
            threading.Thread(target=place.retire, name="midas-retire", daemon=True).start()

    def close(self) -> None:
        with self._lock:
            for place in self._places.values():
                place.close()
            self._places.clear()

    def _place(self, name: str) -> _Place:
        with self._lock:
            if name not in self._places:
                self._places[name] = _Place(name)
            return self._places[name]

    def _make(self, name: str, opening: CircuitBreaker) -> Backend:
        with opening.trial():
            backend = make_backend(name, self._settings)
        if opening.last_error:
            backend.breaker.last_error, backend.breaker.last_error_at = opening.last_error, opening.last_error_at
        return backend


class _Place:
    """One back end, built or not; it is built by one thread at a time."""

    def __init__(self, name: str) -> None:
        self.lock = threading.Lock()
        self.backend: Backend | None = None
        self.opening = CircuitBreaker(f"back end {name!r}")

    @property
    def breaker(self) -> CircuitBreaker:
        return self.backend.breaker if self.backend else self.opening

    @cached_property
    def opener(self) -> ThreadPoolExecutor:
        """The thread that builds it."""
        return ThreadPoolExecutor(1, "midas-open")

    def retire(self) -> None:
        """Closes it once nobody is being answered."""
        with self.lock:
            backend = self.backend
        while backend and len(backend.queue):
            time.sleep(RETIRE_POLL_SECONDS)
        self.close()

    def close(self) -> None:
        self.opener.shutdown(wait=False, cancel_futures=True)
        if self.backend:
            self.backend.close()
