"""What keeps one call of a model within bounds: timeouts, retries where they are safe, and the circuit breaker."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Callable
from contextlib import aclosing
from typing import TypeVar

from pydantic import Field

from assistant.backends.common.breaker import CircuitBreaker
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


class Guard:
    """Guards the calls of one back end; `where` names it in errors, e.g. `back end 'gpu' (vllm at http://10.0.0.5:8000/v1)`."""

    def __init__(self, where: str, timeouts: Timeouts, breaker: CircuitBreaker | None = None, retries: int = 2) -> None:
        self.where = where
        self.timeouts = timeouts
        self.breaker = breaker or CircuitBreaker(where)
        self._retries = retries

    async def stream(self, start: Callable[[], AsyncGenerator[Item, None]]) -> AsyncGenerator[Item, None]:
        """What `start()` yields (an item whenever the model produced something). Closing this closes that.

        Raises BackendUnavailable before `start` is called, BackendTimeout, and what the generator raises. It is started again
        only when it raised an error with `retry_after_s` before its first item.
        """
        with self.breaker.trial() as trial:
            async with aclosing(self._persistent(start)) as items:
                async for item in items:
                    trial.worked = True
                    yield item

    async def _persistent(self, start: Callable[[], AsyncGenerator[Item, None]]) -> AsyncGenerator[Item, None]:
        for left in range(self._retries, -1, -1):
            begun = False
            try:
                async with aclosing(self._timed(start())) as items:
                    async for item in items:
                        begun = True
                        yield item
                return
            except BackendError as error:
                pause = error.retry_after_s
                if begun or not left or pause is None or pause > LONGEST_PAUSE_S:
                    raise
            await asyncio.sleep(pause)

    async def _timed(self, items: AsyncGenerator[Item, None]) -> AsyncGenerator[Item, None]:
        limit, awaited = self.timeouts.first_token_s, "first_token_s"
        async with aclosing(items):
            while True:
                try:
                    async with asyncio.timeout(limit):
                        item = await anext(items)
                except StopAsyncIteration:
                    return
                except TimeoutError as error:
                    raise self._too_slow(limit, awaited) from error
                yield item
                limit, awaited = self.timeouts.between_tokens_s, "between_tokens_s"

    def _too_slow(self, limit: float, awaited: str) -> BackendTimeout:
        missing = "the first token" if awaited == "first_token_s" else "the next token of its answer"
        return BackendTimeout(
            f"{self.where} did not send {missing} within {limit:g} s: "
            f"check its log and its load, try again, or raise timeouts.{awaited}."
        )
