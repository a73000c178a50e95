"""Load tests: how the product answers while many ask. Locust asks (`eval.locustfile`, in a process of its own); this sums up.

Closed loop: so many users, each asking anew as soon as it has its answer. Open loop (`poisson`): questions arrive at a rate,
whether or not earlier ones are answered. The two are not comparable: users who wait relieve the server.
"""

from __future__ import annotations

import csv
import os
import subprocess
import sys
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from tempfile import TemporaryDirectory
from time import monotonic
from typing import Literal

from pydantic import TypeAdapter, ValidationError

from eval.exchange import Sample
from eval.facts import CITATION
from eval.latency import Spread, spread
from eval.resources import Memory
from ingest.errors import ConfigError, MidasError, MissingExtra

Arrival = Literal["closed", "poisson"]
ATTAINED = 0.9
"""Share of the questions that must keep the objective for a level to be carried, as in DistServe (Zhong et al., OSDI 2024)."""
LOCUSTFILE = Path(__file__).parent / "locustfile.py"
TICK_SECONDS = 0.5
GRACE_SECONDS = 15.0
"""For Locust to start and to end."""
COLUMNS = (
    "load", "question", "began_s", "ended_s", "status", "cause", "first_shown_ms", "model_ttft_ms", "e2e_ms", "tpot_ms",
    "queued_ms", "tokens", "counted_by", "cited_passages",
)  # fmt: skip
_SAMPLE = TypeAdapter(Sample)


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
    `e2e_ms` until the answer was whole, `tpot_ms` and `gap_ms` as in `eval.rows.Speed`, `queued_ms` the wait for a turn at the
    model. `throughput_per_s`: whole answers within the seconds, per second; `goodput_per_s`: those of them that kept the
    objective, `within_slo` their share of all that was asked (None without an objective). `tokens_per_s`: of all answers
    together. Against the same question's answer without load: `truncated` are cut short, `lost_citations` cite less, `changed`
    are declined where they were answered, or the other way round.
    """

    load: float
    seconds: float
    requests: int
    ok: int
    declined: int
    errors: tuple[Failures, ...]
    ttft_ms: Spread | None
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


@dataclass(frozen=True, slots=True)
class LoadResult:
    """A load test of one back end. `at` is ISO 8601 in UTC. `alone` is the level at which every question was asked once, one
    after the other: what the answers under load are compared with. `knee` and `carried` are loads (see the functions).
    `memory` is that of the server's processes, None where they could not be looked into."""

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


def level_of(load: float, seconds: float, samples: Sequence[Sample], slo: Slo, alone: Sequence[Sample]) -> Level:
    """`alone` are the same questions' samples without load."""
    answered = [sample for sample in samples if sample.cause is None]
    in_time = [sample for sample in answered if sample.ended_s <= seconds]
    kept = [sample for sample in in_time if slo.kept(sample)]
    limited = slo != Slo()
    before = {sample.question: sample for sample in alone if sample.cause is None}
    pairs = [(sample, before[sample.question]) for sample in answered if sample.question in before]
    return Level(
        load=load,
        seconds=seconds,
        requests=len(samples),
        ok=len(answered),
        declined=sum(sample.status == "declined" for sample in answered),
        errors=failures(samples),
        ttft_ms=_spread(sample.first_shown_ms for sample in answered),
        e2e_ms=_spread(sample.speed.total_ms for sample in answered),
        tpot_ms=_spread(sample.speed.tpot_ms for sample in answered),
        gap_ms=_spread(gap for sample in answered for gap in sample.speed.chunk_gaps_ms),
        queued_ms=_spread(sample.speed.queued_ms for sample in answered),
        throughput_per_s=len(in_time) / seconds,
        tokens_per_s=sum(sample.tokens for sample in in_time) / seconds,
        goodput_per_s=len(kept) / seconds if limited else None,
        within_slo=sum(map(slo.kept, samples)) / len(samples) if limited and samples else None,
        truncated=sum(is_truncated(*pair) for pair in pairs),
        lost_citations=sum(lost_citations(*pair) for pair in pairs),
        changed=sum(sample.status != reference.status for sample, reference in pairs),
    )


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


# Asking


@dataclass(frozen=True, slots=True)
class Target:
    """A running server, and what it is asked. `backend` None is its default; no `collections` means all of them.

    `patience_s` is how long an answer may take until it counts as a timeout.
    """

    url: str
    questions: Path
    backend: str | None = None
    collections: tuple[str, ...] = ()
    patience_s: float = 120.0


Progress = Callable[[float, float], None]
"""Gets the load of the level that runs, and the seconds it has run."""


def ask_each(target: Target, progress: Progress) -> list[Sample]:
    """Every question once, one after the other. Raises MidasError when Locust fails."""
    return _run(target, ("--once", "--users", "1"), None, lambda seconds: progress(0, seconds))


def ask_under_load(target: Target, arrival: Arrival, load: float, seconds: float, progress: Progress) -> list[Sample]:
    """One level; questions that are under way at its end are waited for. Raises MidasError when Locust fails."""
    closed = ("--users", f"{load:.0f}", "--spawn-rate", f"{load:.0f}")
    how = closed if arrival == "closed" else ("--users", "1", "--rate", str(load))
    return _run(target, how, seconds, lambda passed: progress(load, passed))


def _run(target: Target, how: Sequence[str], seconds: float | None, progress: Callable[[float], None]) -> list[Sample]:
    with TemporaryDirectory(prefix="midas-load-") as folder:
        samples, log = Path(folder) / "samples.jsonl", Path(folder) / "locust.log"
        samples.touch()
        with log.open("wb") as said:
            process = subprocess.Popen(
                _command(target, how, seconds, samples), stdin=subprocess.DEVNULL, stdout=said, stderr=said, env=_environment()
            )
        code = _follow(process, progress)
        if code:
            raise MidasError(f"Locust ended with exit code {code} ({_last_line(log)}): mend that, then try again.")
        return [_SAMPLE.validate_json(line) for line in samples.read_text(encoding="utf-8").splitlines()]


def _command(target: Target, how: Sequence[str], seconds: float | None, samples: Path) -> list[str]:
    """Locust runs in a process of its own, because gevent patches the whole process it is in."""
    time = () if seconds is None else ("--run-time", f"{seconds:g}s")
    told = ("--host", target.url, "--questions", str(target.questions), "--samples", str(samples))
    patience = ("--patience", str(target.patience_s), "--stop-timeout", str(target.patience_s + GRACE_SECONDS))
    who = (*(("--backend", target.backend) if target.backend else ()), "--collections", ",".join(target.collections))
    locust = (sys.executable, "-m", "locust", "--locustfile", str(LOCUSTFILE), "--headless", "--only-summary")
    return [*locust, "--exit-code-on-error", "0", *told, *patience, *who, *how, *time]


def _environment() -> dict[str, str]:
    """Without settings for other runs of Locust."""
    return {name: value for name, value in os.environ.items() if not name.startswith("LOCUST_")}


def _follow(process: subprocess.Popen[bytes], progress: Callable[[float], None]) -> int:
    began = monotonic()
    try:
        while True:
            progress(monotonic() - began)
            try:
                return process.wait(TICK_SECONDS)
            except subprocess.TimeoutExpired:
                continue
    finally:
        if process.poll() is None:
            process.terminate()
            process.wait()


def _last_line(log: Path) -> str:
    lines = [line.strip() for line in log.read_text(encoding="utf-8", errors="replace").splitlines() if line.strip()]
    return lines[-1][:200] if lines else "it said nothing"


def require_locust() -> None:
    """Raises MissingExtra."""
    if find_spec("locust") is None:
        raise MissingExtra("locust", "eval", "A load test")


# Keeping


def save(home: Path, result: LoadResult, samples: Sequence[tuple[float, Sample]]) -> Path:
    """Writes `$MIDAS_HOME/loads/<id>/load.json` and `requests.csv` (one line a question, with the load it was asked under; 0 is
    alone). Gives the folder."""
    folder = home / "loads" / result.id
    folder.mkdir(parents=True, exist_ok=True)
    partial = folder / "load.json.new"
    partial.write_bytes(_RESULT.dump_json(result, indent=2))
    partial.replace(folder / "load.json")
    with (folder / "requests.csv").open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(COLUMNS)
        writer.writerows(_cells(load, sample) for load, sample in samples)
    return folder


def load_results(home: Path) -> list[LoadResult]:
    """Those that were kept, the oldest first. Raises ConfigError for a file that is none."""
    return [_read(path) for path in sorted((home / "loads").glob("*/load.json"))]


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
