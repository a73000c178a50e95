"""How long the rest of a run will take."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from statistics import fmean

from eval.rows import AnswerRow


class Pace:
    """Knows how long the answers took that are there, failed ones not counted: they came too soon, or after a timeout."""

    def __init__(self, rows: Sequence[AnswerRow]) -> None:
        self._seconds: dict[str, list[float]] = defaultdict(list)
        for row in rows:
            self.saw(row)

    def saw(self, row: AnswerRow) -> None:
        if row.speed.total_ms is not None:
            self._seconds[row.key.backend].append(row.speed.total_ms / 1000)

    def left(self, backends: Iterable[str]) -> float | None:
        """Seconds for one more answer of each of `backends`, by its own mean, else by that of all; None when there is none."""
        means = {name: fmean(seconds) for name, seconds in self._seconds.items()}
        if not means:
            return None
        return sum(means.get(name, fmean(means.values())) for name in backends)
