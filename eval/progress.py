"""How far a run is, told to whoever watches it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class RunProgress:
    """`doing` is what goes on now, `left_s` how long the rest will take, None while nobody knows."""

    done: int
    total: int
    doing: str
    left_s: float | None = None


Progress = Callable[[RunProgress], None]
Cancelled = Callable[[], bool]
