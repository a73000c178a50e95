"""Leaves a back end alone for a while that failed several times in a row."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from datetime import UTC, datetime
from types import TracebackType
from typing import Literal

from assistant.errors import BackendError, BackendFailed, BackendTimeout, BackendUnavailable, BackendUnreachable

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
        self._opened_at: float | None = None
        self._trying: Trial | None = None
        self.last_error: str | None = None
        self.last_error_at: datetime | None = None

    @property
    def state(self) -> State:
        if self._opened_at is None:
            return "closed"
        return "half-open" if self._remaining_s() <= 0 else "open"

    def trial(self) -> Trial:
        """One use of the back end, which its `end` must follow. Raises BackendUnavailable while nothing may pass."""
        trial = Trial(self)
        with self._lock:
            if self._opened_at is not None:
                if self._trying or self._remaining_s() > 0:
                    raise BackendUnavailable(self._sentence())
                self._trying = trial
        return trial

    def end(self, trial: Trial, error: BaseException | None, worked: bool) -> None:
        """What a trial calls at its end."""
        with self._lock:
            if self._trying is trial:
                self._trying = None
            if isinstance(error, BackendError):
                self._note(error)
            elif worked:
                self._faults, self._opened_at = 0, None

    def _note(self, error: BackendError) -> None:
        self.last_error, self.last_error_at = error.message, datetime.now(UTC)
        if isinstance(error, FAULTS):
            self._faults += 1
            if self._faults >= self._failures:
                self._opened_at = self._clock()

    def _remaining_s(self) -> float:
        return 0.0 if self._opened_at is None else self._opened_at + self._pause_s - self._clock()

    def _sentence(self) -> str:
        wait = f"in {max(1, round(self._remaining_s()))} s" if self._remaining_s() > 0 else "right now, by another question"
        return f"{self._where} failed {self._faults} times and is tried again {wait} (last: {self.last_error})."


class Trial:
    """One use of a back end; as a context manager it worked unless something is raised."""

    def __init__(self, breaker: CircuitBreaker) -> None:
        self._breaker = breaker

    def end(self, error: BaseException | None, worked: bool) -> None:
        """`worked` tells that the back end did something; an end without that and without a BackendError proves nothing."""
        self._breaker.end(self, error, worked)

    def __enter__(self) -> Trial:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.end(error, error is None)
