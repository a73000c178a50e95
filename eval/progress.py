"""How far a run is, told to whoever watches it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from time import monotonic


@dataclass(frozen=True, slots=True)
class RunProgress:
    """`doing` is what goes on now, `left_s` how long the rest will take, None while nobody knows."""

    done: int
    total: int
    doing: str
    left_s: float | None = None


Progress = Callable[[RunProgress], None]
Cancelled = Callable[[], bool]


class Countdown:
    """Tells of work in pieces that take about as long as each other."""

    def __init__(self, progress: Progress, total: int, doing: str) -> None:
        self._progress = progress
        self._total = total
        self._done = 0
        self._begun = monotonic()
        progress(RunProgress(0, total, doing))

    def did(self, doing: str) -> None:
        """One more piece is done."""
        self._done += 1
        left = (monotonic() - self._begun) / self._done * (self._total - self._done)
        self._progress(RunProgress(self._done, self._total, doing, left))
