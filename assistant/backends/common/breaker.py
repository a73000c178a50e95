"""Leaves a back end alone for a while that failed several times in a row."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from datetime import UTC, datetime
from types import TracebackType
from typing import Literal

from assistant.errors import BackendBusy, BackendError, BackendFailed, BackendTimeout, BackendUnavailable, BackendUnreachable
from ingest.errors import MidasError

State = Literal["closed", "open", "half-open"]
FAULTS = (BackendUnreachable, BackendTimeout, BackendFailed)
"""Errors that the next question would probably meet too; a wrong key, a long prompt or a busy server is no fault."""


class CircuitBreaker:
    """Closed: everything passes. After `failures` faults in a row it is open for `pause_s` seconds: nothing passes. Then it
    is half-open: one caller tries, whose success closes it and whose fault opens it again.

    Safe to use from several threads and event loops. `last_error` stays after a recovery, for whoever looks for the cause.
    """

    def __init__(
        self,
        where: str = "The back end",
        failures: int = 3,
        pause_s: float = 30.0,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._where = where
        self._failures = failures
        self._pause_s = pause_s
        self._clock = clock
        self._lock = threading.Lock()
        self._faults = 0
        self._open_until: float | None = None
        self.last_error: str | None = None
        self.last_error_at: datetime | None = None

    @property
    def state(self) -> State:
        until = self._open_until
        if until is None:
            return "closed"
        return "half-open" if self._clock() >= until else "open"

    def trial(self) -> Trial:
        """One use of the back end, which its `end` must follow. Raises BackendUnavailable while nothing may pass.

        Should the end of the only one that passes never come, the next passes after another pause.
        """
        with self._lock:
            alone = self._open_until is not None
            if self._open_until is not None:
                self._require_passage(self._open_until - self._clock())
                self._open_until = self._clock() + self._pause_s
        return Trial(self, alone)

    def end(self, trial: Trial, error: BaseException | None, worked: bool) -> None:
        """What a trial calls at its end."""
        with self._lock:
            if isinstance(error, MidasError):
                self.remember(error)
            if isinstance(error, FAULTS):
                self._count()
            elif worked or _proves_life(error):
                self._faults, self._open_until = 0, None
            elif trial.alone and self._open_until is not None:
                self._open_until = self._clock()

    def remember(self, error: MidasError) -> None:
        """The last error, for whoever looks for a cause; this counts no fault."""
        self.last_error, self.last_error_at = error.message, datetime.now(UTC)

    def _count(self) -> None:
        self._faults += 1
        if self._faults >= self._failures:
            self._open_until = self._clock() + self._pause_s

    def _require_passage(self, remaining_s: float) -> None:
        if remaining_s > 0:
            last = (self.last_error or "").rstrip(".")
            raise BackendUnavailable(
                f"{self._where} failed {self._faults} times in a row and is tried again in {max(1, round(remaining_s))} s "
                f"(last: {last})."
            )


def _proves_life(error: BaseException | None) -> bool:
    """Whether it was refused by the back end itself. That it is busy may be said by a gateway before one that is gone."""
    return isinstance(error, BackendError) and not isinstance(error, (*FAULTS, BackendBusy))


class Trial:
    """One use of a back end; as a context manager it worked unless something is raised. `alone`: the circuit is half-open."""

    def __init__(self, breaker: CircuitBreaker, alone: bool) -> None:
        self._breaker = breaker
        self.alone = alone

    def end(self, error: BaseException | None, worked: bool) -> None:
        """`worked` tells that the back end did something; an end without that and without a BackendError proves nothing."""
        self._breaker.end(self, error, worked)

    def __enter__(self) -> Trial:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.end(error, error is None)
