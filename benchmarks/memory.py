"""A server's memory while it is asked, and whether it grows."""

from __future__ import annotations

import asyncio
import statistics
import time
from collections.abc import Callable
from dataclasses import astuple, dataclass, field

import psutil

SAMPLE_SECONDS = 5.0
WARM_SHARE = 1 / 3
"""Of the time: caches, pools and threads are filled then, so it is left out."""
BLOCKS = 20
"""Neighbouring samples tell the same. What is compared are the medians of as many stretches of equal time."""
FLAT_KB = 4.0
"""A question may leave so much behind: with a thousand a day, 1.5 GB in a year without a restart."""


@dataclass(frozen=True)
class Sample:
    """`own_mb` is what no file stands behind, of the server with its child processes: the system can take the rest back."""

    minutes: float
    questions: int
    own_mb: float
    rss_mb: float


@dataclass(frozen=True)
class Slope:
    """Theil and Sen's, with its 95 % interval."""

    value: float
    low: float
    high: float

    def __str__(self) -> str:
        return f"{self.value:+.1f} ({self.low:+.1f} to {self.high:+.1f})"


@dataclass
class Memory:
    """Watches a server; `answered` counts the questions so far."""

    process: psutil.Process
    answered: Callable[[], int]
    samples: list[Sample] = field(default_factory=list)

    async def watch(self) -> None:
        began = time.monotonic()
        while True:
            sizes = [_sizes(each) for each in (self.process, *self.process.children(recursive=True))]
            own, rss = (sum(size) / 2**20 for size in zip(*sizes, strict=True))
            self.samples.append(Sample((time.monotonic() - began) / 60, self.answered(), own, rss))
            await asyncio.sleep(SAMPLE_SECONDS)

    def rows(self) -> list[tuple[str, object]]:
        """For the table of figures."""
        warm = self.warm()
        if len(warm) < 2 * BLOCKS:
            return [("memory", "the run was too short to tell")]
        half = len(warm) // 2
        means = [statistics.fmean(sample.own_mb for sample in part) for part in (warm[:half], warm[half:])]
        a_question, an_hour = slopes(warm)
        return [
            ("questions answered while warming up / after", f"{warm[0].questions} / {warm[-1].questions - warm[0].questions}"),
            ("own memory after warming up, first half / second half", f"{means[0]:.1f} / {means[1]:.1f} MB"),
            ("resident memory at the end, with what is mapped from files", f"{warm[-1].rss_mb:.0f} MB"),
            ("slope in KB a question (95 % interval)", a_question),
            ("slope in MB an hour (95 % interval)", an_hour),
            ("memory", verdict(a_question)),
        ]

    def warm(self) -> list[Sample]:
        """The samples after the warming up."""
        return [sample for sample in self.samples if sample.minutes >= WARM_SHARE * self.samples[-1].minutes]

    def told(self) -> list[tuple[float, ...]]:
        """All samples: minutes, questions, own and resident MB."""
        return [astuple(sample) for sample in self.samples]


def slopes(samples: list[Sample]) -> tuple[Slope, Slope]:
    """In KB a question and in MB an hour."""
    edges = [round(number * len(samples) / BLOCKS) for number in range(BLOCKS + 1)]
    blocks = [samples[first:last] for first, last in zip(edges, edges[1:], strict=False)]
    own = [statistics.median(sample.own_mb for sample in block) for block in blocks]
    questions = [statistics.fmean(sample.questions for sample in block) for block in blocks]
    minutes = [statistics.fmean(sample.minutes for sample in block) for block in blocks]
    return _slope(own, questions, 1024), _slope(own, minutes, 60)


def verdict(a_question: Slope) -> str:
    """`flat` when the whole interval lies under the limit, `grows` when it lies above."""
    if a_question.high < FLAT_KB:
        return f"flat: surely under {FLAT_KB:g} KB a question"
    if a_question.low > FLAT_KB:
        return f"grows: surely over {FLAT_KB:g} KB a question"
    return f"undecided: on both sides of {FLAT_KB:g} KB a question; let it run longer, or faster"


def _slope(values: list[float], over: list[float], unit: float) -> Slope:
    from scipy.stats import theilslopes

    found = theilslopes(values, over, alpha=0.95)
    return Slope(*(unit * float(each) for each in (found.slope, found.low_slope, found.high_slope)))


def _sizes(process: psutil.Process) -> tuple[int, int]:
    try:
        told = process.memory_info()
    except psutil.NoSuchProcess:
        return 0, 0
    return told.rss - told.shared, told.rss
