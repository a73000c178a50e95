"""Waiting for a back end that failed and is left alone: a server that starts again costs minutes, not all its answers."""

from __future__ import annotations

import asyncio

from assistant.backends.common.breaker import CircuitBreaker
from eval.progress import Cancelled

LONGEST_S = 180.0
"""Altogether, without an answer in between; then failures are written down as they come."""
STEP_S = 0.5


class Patience:
    """With one back end."""

    def __init__(self, breaker: CircuitBreaker, longest_s: float) -> None:
        self._breaker = breaker
        self._longest_s = self._left_s = longest_s

    async def wait(self, cancelled: Cancelled) -> None:
        """Until the back end may be tried again, patience is at its end, or the run is cancelled."""
        if self._breaker.state == "closed":
            self._left_s = self._longest_s
        while self._breaker.state == "open" and self._left_s > 0 and not cancelled():
            await asyncio.sleep(STEP_S)
            self._left_s -= STEP_S
