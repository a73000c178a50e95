"""What keeps one call of a model within bounds: timeouts, retries where they are safe, and the circuit breaker."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Callable
from typing import TypeVar

from pydantic import Field

from assistant.backends.common.breaker import CircuitBreaker, Trial
from assistant.backends.common.stream import Stream
from assistant.errors import BackendError, BackendTimeout
from ingest.config import Section

Item = TypeVar("Item")
LONGEST_PAUSE_S = 20.0
"""A server that wants to be left alone for longer than this is reported as busy at once."""


class Timeouts(Section):
    """How long a back end may be silent."""

    connect_s: float = Field(5.0, gt=0, description="longest time until the connection stands, in seconds")
    first_token_s: float = Field(120.0, gt=0, description="longest wait for an answer's first token, in seconds")
    between_tokens_s: float = Field(30.0, gt=0, description="longest silence in the middle of an answer, in seconds")


class PatientTimeouts(Timeouts):
    """For a model in this process, which may read a long prompt for minutes."""

    first_token_s: float = Field(600.0, gt=0, description="longest wait for an answer's first token, in seconds")


class Guard:
    """Guards the calls of one back end. A call that is safe to repeat is repeated `retries` times at most.

    `where` names the back end in errors, e.g. `back end 'gpu' (vllm at http://10.0.0.5:8000/v1)`.
    """

    def __init__(self, where: str, timeouts: Timeouts, breaker: CircuitBreaker | None = None, retries: int = 2) -> None:
        self.where = where
        self.timeouts = timeouts
        self.breaker = breaker or CircuitBreaker(where)
        self.retries = retries

    def stream(self, start: Callable[[], AsyncGenerator[Item, None]]) -> AsyncGenerator[Item, None]:
        """What `start()` yields (an item whenever the model produced something). Closing this closes that.

        Raises, when it is read, BackendUnavailable before `start` is called, BackendTimeout, and what the generator raises. It
        is started again only when it raised an error with `retry_after_s` before its first item.
        """
        return _Guarded(self, start)

    def too_slow(self, first: bool) -> BackendTimeout:
        """The error when the first token, or the next one, did not come in time."""
        missing = "the first token" if first else "the next token of its answer"
        option = "first_token_s" if first else "between_tokens_s"
        return BackendTimeout(
            f"{self.where} did not send {missing} within {self.limit_s(first):g} s: "
            f"check its log and its load, try again, or raise timeouts.{option}."
        )

    def limit_s(self, first: bool) -> float:
        """Longest wait for the first token, or for the next one."""
        return self.timeouts.first_token_s if first else self.timeouts.between_tokens_s


class _Guarded(Stream[Item]):
    """One call."""

    def __init__(self, guard: Guard, start: Callable[[], AsyncGenerator[Item, None]]) -> None:
        self._guard = guard
        self._start = start
        self._retries = guard.retries
        self._trial: Trial | None = None
        self._items: AsyncGenerator[Item, None] | None = None
        self._begun = False

    async def next(self) -> Item:
        self._trial = self._trial or self._guard.breaker.trial()
        while True:
            try:
                return await self._one()
            except BackendError as error:
                await self._wait_to_retry(error)

    async def end(self, error: BaseException | None) -> None:
        """The trial ends even if closing is interrupted."""
        try:
            await self._close()
        finally:
            if self._trial:
                self._trial.end(error, self._begun)

    async def _one(self) -> Item:
        self._items = self._items or self._start()
        try:
            async with asyncio.timeout(self._guard.limit_s(not self._begun)):
                item = await anext(self._items)
        except TimeoutError as error:
            raise self._guard.too_slow(not self._begun) from error
        self._begun = True
        return item

    async def _wait_to_retry(self, error: BackendError) -> None:
        """Raises the error when the call must not be repeated."""
        pause_s = error.retry_after_s
        if self._begun or not self._retries or pause_s is None or pause_s > LONGEST_PAUSE_S:
            raise error
        self._retries -= 1
        await self._close()
        await asyncio.sleep(pause_s)

    async def _close(self) -> None:
        items, self._items = self._items, None
        if items:
            await items.aclose()
