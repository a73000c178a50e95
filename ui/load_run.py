"""What `midas eval load` does and prints."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

from assistant.config import Settings
from eval.latency import Spread
from eval.load import Arrival, Failures, Level, LoadResult, Slo
from eval.load_test.driver import Target
from eval.load_test.levels import Plan, Progress, measure, require_locust
from eval.questions import Question, load_questions, question_file, save_questions
from eval.resources import server_pid
from eval.runs import LATEST, open_run
from ingest.errors import ConfigError
from ui import terminal
from ui.own_server import RunningServer, running_server

if TYPE_CHECKING:
    from rich.table import Table

SECONDS = {"": 1, "ms": 0.001, "s": 1, "m": 60, "min": 60, "h": 3600}


@dataclass(frozen=True, slots=True)
class Asked:
    """The options of the command, as they were written."""

    backend: str | None
    questions: str | None
    users: str
    duration: str
    arrival: Arrival
    rate: str | None
    slo: str | None
    limit: int | None
    patience: str
    collections: tuple[str, ...]


def run(settings: Settings, asked: Asked) -> LoadResult:
    """Raises ConfigError for options that make no sense, MissingExtra, and MidasError when the server or Locust fails."""
    require_locust()
    plan, patience = _plan(asked), seconds_of(asked.patience)
    questions = _questions(settings, asked)
    backend = asked.backend or settings.default_backend
    from ui.backends import require  # brings the back ends, which take a second

    require(backend, settings)
    with TemporaryDirectory(prefix="midas-questions-") as folder, _progress() as progress:
        file = Path(folder) / "questions.jsonl"
        save_questions(file, questions)
        progress("the server starts", 0, None)
        with running_server(settings, backend) as server:
            target = Target(server.url, file, backend, asked.collections, patience, server.token)
            return measure(target, plan, backend, settings.home, _pids(settings, backend, server), server.start, progress)


def seconds_of(text: str) -> float:
    """`90`, `90s`, `1.5m`, `2h`. Raises ConfigError."""
    found = re.fullmatch(r"\s*(\d+(?:\.\d+)?)\s*([a-z]*)\s*", text.lower())
    if not found or found[2] not in SECONDS or not float(found[1]):
        raise ConfigError(f"{text!r} is not a time: write it like 60s or 5m.")
    return float(found[1]) * SECONDS[found[2]]


def slo_of(text: str | None) -> Slo:
    """`ttft=2s,e2e=20s`, either alone, or nothing. Raises ConfigError."""
    limits = dict(part.partition("=")[::2] for part in (text or "").replace(" ", "").split(",") if part)
    if limits.keys() - {"ttft", "e2e"}:
        raise ConfigError(f"{text!r} is not an objective: write it like ttft=2s,e2e=20s.")
    return Slo(*(seconds_of(limits[name]) if name in limits else None for name in ("ttft", "e2e")))


def _plan(asked: Asked) -> Plan:
    if asked.arrival == "poisson" and asked.rate is None:
        raise ConfigError("Say how many questions arrive per second: --rate 0.5,1,2.")
    if asked.arrival == "closed" and asked.rate is not None:
        raise ConfigError("--rate is for questions that arrive at random: say --arrival poisson, or leave it out.")
    loads = _numbers(asked.rate or asked.users)
    if asked.arrival == "closed" and any(load != int(load) for load in loads):
        raise ConfigError(f"{asked.users!r} are no numbers of users: write them like 1,2,4,8.")
    return Plan(asked.arrival, loads, max(1, round(seconds_of(asked.duration))), slo_of(asked.slo))


def _numbers(text: str) -> tuple[float, ...]:
    try:
        numbers = tuple(float(part) for part in text.split(","))
    except ValueError:
        numbers = ()
    if not numbers or min(numbers) <= 0:
        raise ConfigError(f"{text!r} are not the steps of a load test: write numbers above 0, like 1,2,4,8.")
    return numbers


def _questions(settings: Settings, asked: Asked) -> list[Question]:
    """Those about documents that somebody has accepted."""
    every = _latest(settings) if asked.questions is None else load_questions(question_file(asked.questions))
    usable = list(islice((question for question in every if not question.plain and not question.generated), asked.limit))
    if not usable:
        raise ConfigError("The question set has no question about documents: name another with --questions.")
    return usable


def _latest(settings: Settings) -> list[Question]:
    try:
        return open_run(settings.home, LATEST).questions()
    except ConfigError as error:
        raise ConfigError("There is no run whose questions could be asked: name a question set with --questions.") from error


def _pids(settings: Settings, backend: str, server: RunningServer) -> list[int]:
    """Midas itself, and the model's server where that is on this computer."""
    from ui.backends import views

    address = next(view.address for view in views(settings, {}) if view.name == backend)
    model = server_pid(address) if address else None
    return [server.pid, *([model] if model else [])]


@contextmanager
def _progress() -> Iterator[Progress]:
    """A line on standard error, where that is a terminal."""
    if not terminal.err.is_terminal:
        yield lambda what, passed, whole: None
        return
    with terminal.err.status("") as status:
        yield lambda what, passed, whole: status.update(terminal.plain(_told(what, passed, whole)))


def _told(what: str, passed: float, whole: float | None) -> str:
    if whole is None:
        return f"{what}: {passed:.0f} s"
    return f"{what}: {passed:.0f} of {whole:.0f} s" if passed <= whole else f"{what}: waiting for the last answers"


# What is printed


def print_result(result: LoadResult, json: bool) -> None:
    if json:
        terminal.print_json(result)
        return
    terminal.out.print(_table(result))
    for sentence in _sentences(result):
        terminal.out.print(terminal.plain(sentence))


def _table(result: LoadResult) -> Table:
    """Times are medians in milliseconds."""
    kind = "users" if result.arrival == "closed" else "per s"
    titles = (kind, "asked", "errors", "ttft ms", "e2e ms", "tpot ms", "answers/s", "tokens/s", "good/s", "in time")
    return terminal.table(titles, [_row(level) for level in (result.alone, *result.levels)])


def _row(level: Level) -> Sequence[str]:
    return (
        f"{level.load:g}" if level.load else "alone", str(level.requests), str(level.requests - level.ok),
        _median(level.ttft_ms), _median(level.e2e_ms), _median(level.tpot_ms),
        f"{level.throughput_per_s:.2f}", f"{level.tokens_per_s:.1f}",
        "" if level.goodput_per_s is None else f"{level.goodput_per_s:.2f}",
        "" if level.within_slo is None else f"{level.within_slo:.0%}",
    )  # fmt: skip


def _median(spread: Spread | None) -> str:
    return "" if spread is None else f"{spread.median:.0f}"


def _sentences(result: LoadResult) -> Iterator[str]:
    if result.knee is not None:
        yield f"Knee of the curve: {_load(result, result.knee)}; beyond it waiting grows faster than answers."
    if result.slo != Slo():
        most = f"up to {_load(result, result.carried)}" if result.carried else "at no step"
        yield f"Nine of ten questions are answered in time: {most}."
    for level in (result.alone, *result.levels):
        yield from _trouble(level, _load(result, level.load) if level.load else "Alone")
    if start := result.start:
        first = f", first text after {start.first_text_ms / 1000:.1f} s" if start.first_text_ms else ""
        yield f"Start of the server: ready after {start.ready_ms / 1000:.1f} s{first}."
    if memory := result.memory:
        idle, peak = memory.idle_bytes / 1e9, memory.peak_bytes / 1e9
        yield f"Memory ({memory.method.upper()}): {idle:.2f} GB idle, {peak:.2f} GB at most."
    yield f"Load test {result.id} is kept."


def _load(result: LoadResult, load: float) -> str:
    unit = "questions per second" if result.arrival == "poisson" else "user" if load == 1 else "users"
    return f"{load:g} {unit}"


def _trouble(level: Level, where: str) -> Iterator[str]:
    """What went wrong, and what is lost against the answers without load."""
    for failure in level.errors:
        yield f"{where}: {_failed(failure)}"
    lost = (
        ("cut short", level.truncated),
        ("with fewer citations", level.lost_citations),
        ("declined differently", level.changed),
    )
    if told := ", ".join(f"{count} {what}" for what, count in lost if count):
        yield f"{where}: of {level.ok} answers {told}, compared with the same questions alone."
    if level.generator_busy:
        yield f"{where}: asking took nearly a whole processor, so these times may be too long."


def _failed(failure: Failures) -> str:
    return f"{failure.count} x {failure.cause} ({failure.detail})"
