"""How fast answers come: `Stopwatch` sees an answer's events and tells its `Speed`; `spread` sums up many."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from time import perf_counter

from assistant.types import AnswerEvent, Event, StatusEvent, TokenEvent, Usage
from eval.rows import Speed

RISK = 0.025
"""How often, at most, all samples may lie on one side of a percentile that is reported: either end of a 95 % interval."""


class Stopwatch:
    """Runs from `started`, or from when it is made; `see` the events of `Assistant.stream` as they come, then ask for the
    `speed`.

    For a model that is asked without the assistant: `see(StatusEvent("reading"))` as the request is sent, a `TokenEvent` for
    every piece of text, then `speed(usage)`. `clock` tells seconds and never goes back; `started` is on its scale.
    """

    def __init__(self, clock: Callable[[], float] = perf_counter, started: float | None = None) -> None:
        self._clock = clock
        self._started = self._last = clock() if started is None else started
        self._first_shown: float | None = None
        self._answer: AnswerEvent | None = None
        self._begin()

    def see(self, event: Event) -> None:
        """Notes an event at the time of this call."""
        now = self._clock()
        if isinstance(event, StatusEvent):
            self._status(event, now)
        elif isinstance(event, TokenEvent):
            self._piece(event.text, now)
        else:
            self._answer = event
            self._show(now)

    @property
    def first_shown_ms(self) -> float | None:
        """From the start until a reader sees the first text, with search, queue and a model that failed before: what a user of
        the whole product calls the time to first token. None while nothing was shown."""
        return None if self._first_shown is None else _ms(self._started, self._first_shown)

    def speed(self, usage: Usage | None = None) -> Speed:
        """`usage` only where no AnswerEvent told it. Tokens of a check after the answer don't count, those of reasoning do."""
        if self._answer:
            usage, told = self._answer.answer.usage, self._answer.answer.timings.ttft_ms
        else:
            told = None
        first = told if told is not None else self._since_sent(self._pieces[:1])
        end = self._since_sent(self._pieces[-1:])
        writing = None if first is None or end is None or end <= first else end - first
        shown = _ms(self._pieces[0], self._pieces[-1]) if self._pieces else 0
        tokens = (usage.completion_tokens - usage.check_tokens if usage else 0) - 1
        return Speed(
            ttft_ms=first,
            e2e_ms=end,
            tpot_ms=writing / tokens if writing and tokens > 0 else None,
            tokens_per_s=tokens / writing * 1000 if writing and tokens > 0 else None,
            characters_per_s=self._later_characters / shown * 1000 if shown else None,
            total_ms=_ms(self._started, self._last),
            queued_ms=None if self._sent is None else self._queued_ms,
            chunk_gaps_ms=tuple(_ms(earlier, later) for earlier, later in zip(self._pieces, self._pieces[1:], strict=False)),
        )

    def _begin(self) -> None:
        """Nothing has been asked of the model, or what it wrote is void."""
        self._pieces: list[float] = []
        self._later_characters = 0
        self._sent: float | None = None
        self._queued: float | None = None
        self._queued_ms = 0.0

    def _status(self, event: StatusEvent, now: float) -> None:
        if event.state == "fallback":
            self._begin()
        if event.state == "queued" and self._queued is None:
            self._queued = now
        if event.state == "reading":
            self._sent = now
            self._queued_ms = 0.0 if self._queued is None else _ms(self._queued, now)

    def _piece(self, text: str, now: float) -> None:
        if not text:
            return
        self._later_characters += len(text) if self._pieces else 0
        self._pieces.append(now)
        self._show(now)

    def _show(self, now: float) -> None:
        self._last = now
        self._first_shown = now if self._first_shown is None else self._first_shown

    def _since_sent(self, moment: Sequence[float]) -> float | None:
        return _ms(self._sent, moment[0]) if moment and self._sent is not None else None


@dataclass(frozen=True, slots=True)
class Spread:
    """Many measurements of one thing, in its unit: `median` with its distribution-free 95 % interval (order statistics; None
    under 6 samples), and percentiles where there are enough samples for them (see `samples_for`)."""

    n: int
    median: float
    low: float | None
    high: float | None
    p95: float | None
    p99: float | None


def samples_for(q: float) -> int:
    """How many samples the q-quantile needs, q in (0, 1): with fewer, more than RISK of all series have none beyond it.

    72 for 0.95 and 368 for 0.99, the numbers that GuideLLM asks for; 6 for the median.
    """
    return math.ceil(math.log(RISK) / math.log(max(q, 1 - q)))


def percentile(values: Sequence[float], q: float) -> float | None:
    """The q-quantile, q in (0, 1), linear between samples; None where there are fewer samples than it needs."""
    import numpy as np

    return float(np.quantile(values, q)) if len(values) >= samples_for(q) else None


def spread(values: Sequence[float]) -> Spread | None:
    """None without values."""
    import numpy as np

    if not values:
        return None
    low, high = _median_interval(sorted(map(float, values)))
    return Spread(len(values), float(np.median(values)), low, high, percentile(values, 0.95), percentile(values, 0.99))


def _median_interval(ordered: Sequence[float]) -> tuple[float | None, float | None]:
    """From the sample that at most RISK of all series have above the median, to its mirror image (binomial, p = 1/2)."""
    below, rank = 0.0, -1
    while (below := below + math.comb(len(ordered), rank + 1) / 2 ** len(ordered)) <= RISK:
        rank += 1
    return (ordered[rank], ordered[-1 - rank]) if rank >= 0 else (None, None)


def _ms(start: float, end: float) -> float:
    return (end - start) * 1000
