"""Load tests: how the product answers while many ask. `eval.load_test` asks; this sums up and keeps.

Closed loop: so many users, each asking anew as soon as it has its answer. Open loop (`poisson`): questions arrive at a rate,
whether or not earlier ones are answered. The two are not comparable: users who wait relieve the server.
"""

from __future__ import annotations

import csv
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from pydantic import TypeAdapter, ValidationError

from eval.coldstart import ServerStart
from eval.exchange import Sample
from eval.facts import CITATION
from eval.latency import Spread, spread
from eval.resources import Memory
from ingest.assets import write_atomically
from ingest.errors import ConfigError

Arrival = Literal["closed", "poisson"]
ATTAINED = 0.9
"""Share of the questions that must keep the objective for a level to be carried, as in DistServe (Zhong et al., OSDI 2024)."""
COLUMNS = (
    "load", "question", "began_s", "ended_s", "status", "cause", "first_shown_ms", "model_ttft_ms", "e2e_ms", "tpot_ms",
    "queued_ms", "tokens", "counted_by", "cited_passages",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Slo:
    """Service level objective: what a reader puts up with, in seconds; None is no limit.

    `ttft_s`: from asking until the first text is shown. `e2e_s`: until the verified answer is whole.
    """

    ttft_s: float | None = None
    e2e_s: float | None = None

    def kept(self, sample: Sample) -> bool:
        """Whether the answer came whole and within the limits."""
        measured = ((sample.first_shown_ms, self.ttft_s), (sample.speed.total_ms, self.e2e_s))
        return sample.cause is None and all(_within(value, limit) for value, limit in measured)


@dataclass(frozen=True, slots=True)
class Failures:
    """How many questions failed by one cause; `detail` is what one of them was told."""

    cause: str
    count: int
    detail: str


@dataclass(frozen=True, slots=True)
class Level:
    """One step of a load test.

    `load`: users, or arrivals per second. `seconds`: how long questions were asked. `requests` were asked in that time; what
    was still being answered at its end was waited for. Milliseconds: `ttft_ms` from asking until the first text was shown,
    with search and waiting; `model_ttft_ms`, `tpot_ms` and `gap_ms` as in `eval.rows.Speed`; `queued_ms` the wait for a turn
    at the model; `e2e_ms` until the verified answer was whole. `throughput_per_s`: whole answers within the seconds, over the
    time until the last of them or the last failure; `tokens_per_s`: their tokens; `goodput_per_s`: those of them that kept the
    objective, `within_slo` their share of all that was asked (None without an objective). Against the same question's answer
    without load: `truncated` are cut short, `lost_citations` cite less, `changed` are declined where they were answered, or the
    other way round. `generator_busy`: asking took nearly a whole processor, so that times may be too long.
    """

    load: float
    seconds: float
    requests: int
    ok: int
    declined: int
    errors: tuple[Failures, ...]
    ttft_ms: Spread | None
    model_ttft_ms: Spread | None
    e2e_ms: Spread | None
    tpot_ms: Spread | None
    gap_ms: Spread | None
    queued_ms: Spread | None
    throughput_per_s: float
    tokens_per_s: float
    goodput_per_s: float | None
    within_slo: float | None
    truncated: int
    lost_citations: int
    changed: int
    generator_busy: bool = False


@dataclass(frozen=True, slots=True)
class Asked:
    """What came of the questions of one level."""

    samples: tuple[Sample, ...]
    generator_busy: bool


@dataclass(frozen=True, slots=True)
class LoadResult:
    """A load test of one back end. `at` is ISO 8601 in UTC. `alone` is the level at which every question was asked once, one
    after the other: what the answers under load are compared with. `knee` and `carried` are loads (see the functions).
    `memory` is that of the server's processes, None where they could not be looked into. `start` is how the server started,
    None where it ran already. `model` is what answered, empty where that was not told. `collections` were searched; None: all
    there were."""

    id: str
    backend: str
    arrival: Arrival
    at: str
    questions: int
    slo: Slo
    alone: Level
    levels: tuple[Level, ...]
    knee: float | None
    carried: float | None
    memory: Memory | None = None
    start: ServerStart | None = None
    model: str = ""
    collections: tuple[str, ...] | None = None


_RESULT = TypeAdapter(LoadResult)


def knee(levels: Sequence[Level]) -> float | None:
    """The load with the most power: throughput over median time to the whole answer (Kleinrock, "Power and deterministic
    rules of thumb for probabilistic problems in computer communications", ICC 1979). Beyond it waiting grows faster than
    answers. None for less than two levels that answered."""
    powers = {level.load: level.throughput_per_s / level.e2e_ms.median for level in levels if level.e2e_ms}
    return max(powers, key=lambda load: powers[load]) if len(powers) > 1 else None


def carried(levels: Sequence[Level]) -> float | None:
    """The highest load at which, and below which, ATTAINED of the questions kept the objective; None when none did."""
    best = None
    for level in sorted(levels, key=lambda level: level.load):
        if level.within_slo is None or level.within_slo < ATTAINED:
            break
        best = level.load
    return best


# Summing up


def level_of(load: float, seconds: float, asked: Asked, slo: Slo, alone: Asked) -> Level:
    """`alone` are the same questions without load."""
    samples = asked.samples
    answered = [sample for sample in samples if sample.cause is None]
    in_time = [sample for sample in answered if sample.ended_s <= seconds]
    kept = [sample for sample in in_time if slo.kept(sample)]
    busy = _busy_s(samples, seconds)
    limited = slo != Slo()
    before = {sample.question: sample for sample in alone.samples if sample.cause is None}
    pairs = [(sample, before[sample.question]) for sample in answered if sample.question in before]
    return Level(
        load=load,
        seconds=seconds,
        requests=len(samples),
        ok=len(answered),
        declined=sum(sample.status == "declined" for sample in answered),
        errors=failures(samples),
        ttft_ms=_spread(sample.first_shown_ms for sample in answered),
        model_ttft_ms=_spread(sample.speed.ttft_ms for sample in answered),
        e2e_ms=_spread(sample.speed.total_ms for sample in answered),
        tpot_ms=_spread(sample.speed.tpot_ms for sample in answered),
        gap_ms=_spread(gap for sample in answered for gap in sample.speed.chunk_gaps_ms),
        queued_ms=_spread(sample.speed.queued_ms for sample in answered),
        throughput_per_s=len(in_time) / busy,
        tokens_per_s=sum(sample.tokens for sample in in_time) / busy,
        goodput_per_s=len(kept) / busy if limited else None,
        within_slo=sum(map(slo.kept, samples)) / len(samples) if limited and samples else None,
        truncated=sum(is_truncated(*pair) for pair in pairs),
        lost_citations=sum(lost_citations(*pair) for pair in pairs),
        changed=sum(sample.status != reference.status for sample, reference in pairs),
        generator_busy=asked.generator_busy,
    )


def _busy_s(samples: Sequence[Sample], seconds: float) -> float:
    """Until the last answer within the seconds, or until questions failed: a server that hangs had that time, too."""
    ends = (min(sample.ended_s, seconds) for sample in samples if sample.cause is not None or sample.ended_s <= seconds)
    return max(ends, default=seconds)


def failures(samples: Sequence[Sample]) -> tuple[Failures, ...]:
    """The causes, the most frequent first."""
    details = {sample.cause: sample.detail for sample in samples if sample.cause}
    counts = Counter(sample.cause for sample in samples if sample.cause)
    return tuple(Failures(cause, count, details[cause]) for cause, count in counts.most_common())


def is_truncated(sample: Sample, alone: Sample) -> bool:
    """Whether the text is only the beginning of what was answered without load."""
    text, whole = (CITATION.sub("", answer.text).rstrip(" .") for answer in (sample, alone))
    return len(text) < len(whole) and whole.startswith(text)


def lost_citations(sample: Sample, alone: Sample) -> bool:
    """Whether fewer passages are cited than without load, by an answer that is one both times."""
    return sample.status == alone.status == "ok" and len(sample.passages) < len(alone.passages)


def _spread(values: Iterable[float | None]) -> Spread | None:
    return spread([value for value in values if value is not None])


def _within(milliseconds: float | None, limit_s: float | None) -> bool:
    return limit_s is None or (milliseconds is not None and milliseconds <= limit_s * 1000)


# Keeping


def save(home: Path, result: LoadResult, samples: Sequence[tuple[float, Sample]]) -> Path:
    """Writes `$MIDAS_HOME/loads/<id>/load.json` and `requests.csv` (one line a question, with the load it was asked under; 0 is
    alone). Gives the folder."""
    folder = home / "loads" / result.id
    folder.mkdir(parents=True, exist_ok=True)
    write_atomically(folder / "load.json", _RESULT.dump_json(result, indent=2))
    with (folder / "requests.csv").open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(COLUMNS)
        writer.writerows(_cells(load, sample) for load, sample in samples)
    return folder


def load_results(home: Path) -> list[LoadResult]:
    """Those that were kept, the oldest first. Raises ConfigError for a file that is none."""
    return [_read(path) for path in sorted((home / "loads").glob("*/load.json"))]


def loads_of(home: Path, models: Mapping[str, str]) -> list[LoadResult]:
    """Those of these back ends (models by name), the oldest first, without those of another model that a back end had then.
    Raises ConfigError as above."""
    return [
        result for result in load_results(home) if result.model in ("", models.get(result.backend)) and result.backend in models
    ]


def _read(path: Path) -> LoadResult:
    try:
        return _RESULT.validate_json(path.read_bytes())
    except ValidationError as error:
        raise ConfigError(f"{path} is not a load test of this version: delete its folder, or run the test again.") from error


def _cells(load: float, sample: Sample) -> tuple[object, ...]:
    speed = sample.speed
    return (
        load, sample.question, round(sample.began_s, 3), round(sample.ended_s, 3), sample.status, sample.cause or "",
        sample.first_shown_ms, speed.ttft_ms, speed.total_ms, speed.tpot_ms, speed.queued_ms, sample.tokens, sample.counted_by,
        len(sample.passages),
    )  # fmt: skip
