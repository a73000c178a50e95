"""A whole load test: every question alone, then level after level; what is measured is kept after each."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from importlib.util import find_spec
from pathlib import Path

from eval.coldstart import ServerStart
from eval.load import Arrival, Asked, Level, LoadResult, Slo, carried, knee, level_of, save
from eval.load_test.driver import Target, ask_each, ask_under_load
from eval.resources import MemoryWatch
from ingest.errors import MidasError, MissingExtra


@dataclass(frozen=True, slots=True)
class Plan:
    """`loads` are users, or arrivals per second; each gets `seconds`."""

    arrival: Arrival
    loads: tuple[float, ...]
    seconds: int
    slo: Slo


Progress = Callable[[str, float, float | None], None]
"""Gets what runs, the seconds it has run, and those it will run (None: nobody knows)."""


def measure(
    target: Target, plan: Plan, backend: str, home: Path, pids: Sequence[int], start: ServerStart | None, progress: Progress
) -> LoadResult:
    """Asks, sums up and keeps. `pids` are the processes whose memory is watched.

    Raises MidasError when Locust fails or no question at all is answered.
    """
    with MemoryWatch(*pids) as watch:
        alone = ask_each(target, lambda passed: progress("each question alone", passed, None))
        result = replace(_begun(plan, backend, alone, start), collections=target.collections or None)
        _require_answers(result.alone)
        asked = [(0.0, sample) for sample in alone.samples]
        for load in plan.loads:
            more = ask_under_load(target, plan.arrival, load, plan.seconds, _shown(progress, plan, load))
            asked += [(load, sample) for sample in more.samples]
            level = level_of(load, plan.seconds, more, plan.slo, alone)
            result = replace(_with(result, level), memory=watch.memory)
            save(home, result, asked)
    return result


def _begun(plan: Plan, backend: str, alone: Asked, start: ServerStart | None) -> LoadResult:
    now = datetime.now(UTC)
    took = max((sample.ended_s for sample in alone.samples), default=1.0)
    first = alone.samples[0].first_shown_ms if alone.samples else None
    if start and first is not None:
        start = replace(start, first_text_ms=start.ready_ms + first)
    return LoadResult(
        id=f"{now:%Y%m%d-%H%M%S}-{backend}",
        backend=backend,
        arrival=plan.arrival,
        at=now.isoformat(timespec="seconds"),
        questions=len(alone.samples),
        slo=plan.slo,
        alone=level_of(0, took, alone, plan.slo, alone),
        levels=(),
        knee=None,
        carried=None,
        start=start,
        model=next((sample.model for sample in alone.samples if sample.model), ""),
    )


def _with(result: LoadResult, level: Level) -> LoadResult:
    levels = (*result.levels, level)
    return replace(result, levels=levels, knee=knee(levels), carried=carried(levels))


def _require_answers(level: Level) -> None:
    if not level.ok:
        told = level.errors[0].detail if level.errors else "there were no questions"
        raise MidasError(f"No question was answered, even without load ({told}): mend that first.")


def _shown(progress: Progress, plan: Plan, load: float) -> Callable[[float], None]:
    what = f"{load:g} users" if plan.arrival == "closed" else f"{load:g} questions/s"
    return lambda passed: progress(what, passed, plan.seconds)


def require_locust() -> None:
    """Raises MissingExtra. Locust is looked for and not imported: that would patch this process."""
    if find_spec("locust") is None:
        raise MissingExtra("locust", "eval", "A load test")
