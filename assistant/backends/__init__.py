"""Back ends by name. A kind of back end is one module of this package: `Options` (its section of the settings), `CAPABILITIES`,
`build`, and `manager` where models can be managed. What kinds share is in `common`."""

from __future__ import annotations

import threading
from collections import defaultdict

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


class Backends:
    """The configured back ends; each is built once, when it is first asked for."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._places: defaultdict[str, _Place] = defaultdict(_Place)
        self._lock = threading.Lock()

    def open(self, name: str) -> Backend:
        """Blocks while a model is loaded or a server asked for its window; others can be opened meanwhile.

        Raises ConfigError, ModelError or BackendError; one that can't be opened is tried again, but not at every question.
        """
        with self._lock:
            place = self._places[name]
        with place.lock:
            if place.backend is None:
                with place.breaker(name).trial():
                    place.backend = make_backend(name, self._settings)
            return place.backend

    def opened(self) -> dict[str, Backend]:
        """Those that were built, by name."""
        return {name: place.backend for name, place in list(self._places.items()) if place.backend is not None}

    def close(self) -> None:
        with self._lock:
            for backend in self.opened().values():
                backend.close()
            self._places.clear()


class _Place:
    """One back end, built or not; it is built by one thread at a time."""

    def __init__(self) -> None:
        self.lock = threading.Lock()
        self.backend: Backend | None = None
        self._breaker: CircuitBreaker | None = None

    def breaker(self, name: str) -> CircuitBreaker:
        self._breaker = self._breaker or CircuitBreaker(f"back end {name!r}")
        return self._breaker
