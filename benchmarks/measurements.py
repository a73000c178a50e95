"""Whether reported speeds are right: `python -m benchmarks measurements`.

A fake server in a process of its own sends tokens at set times: the first after a set time, the others at a set pace.
`midas eval run` and `midas eval load` measure it, and each reported figure stands beside what was set. Under load, end to end
and throughput hold what the product adds (search, verification), which nobody set. Needs a quiet machine, for six minutes.
"""

from __future__ import annotations

import argparse
import json
import tempfile
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from statistics import median

from eval.load import Level, LoadResult, load_results
from eval.runs import LATEST, open_run
from tests.fake_openai import FakeOpenAI, running
from tests.fake_servers.process import ServerProcess
from tests.fake_servers.transformers_serve import TransformersServe
from tests.fake_servers.wire import MODEL
from tests.serving import QUESTION_ES, Midas, make_midas, write_documents

BOUND = 0.05
"""The error that is allowed."""
ANSWER = "Los empleados tienen derecho a 25 días laborables de vacaciones al año. "
QUESTIONS = 8


@dataclass(frozen=True, slots=True)
class Pace:
    """What the fake server is set to."""

    first_s: float
    token_s: float
    tokens: int

    @property
    def answer_s(self) -> float:
        return self.first_s + (self.tokens - 1) * self.token_s

    @property
    def pieces(self) -> list[str]:
        words = [f"{word} " for word in ANSWER.split()]
        return [words[number % len(words)] for number in range(self.tokens)]

    def __str__(self) -> str:
        return f"{self.first_s * 1000:g} ms, then {self.tokens - 1} x {self.token_s * 1000:g} ms"


PACES = (Pace(0.25, 0.01, 100), Pace(0.25, 0.02, 80), Pace(0.5, 0.05, 40), Pace(2.0, 0.1, 30))
LOADED = Pace(1.0, 0.05, 101)
USERS = "1,4,8"


@dataclass(frozen=True, slots=True)
class Line:
    """A figure beside what was set."""

    what: str
    figure: str
    set_to: float
    reported: float

    @property
    def error(self) -> float:
        return self.reported / self.set_to - 1


def main(arguments: Sequence[str] = ()) -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks measurements")
    parser.add_argument("--seconds", type=int, default=40, help="for each step of the load test")
    options = parser.parse_args(arguments)
    with tempfile.TemporaryDirectory() as folder, running(FakeOpenAI()) as embedder:
        lines = [line for pace in PACES for line in alone(Path(folder), embedder, pace)]
        lines += under_load(Path(folder), embedder, options.seconds)
    print(table(lines))


def table(lines: Sequence[Line]) -> str:
    """Markdown, with the verdict below."""
    rows = [f"| {line.what} | {line.figure} | {line.set_to:.4g} | {line.reported:.4g} | {line.error:+.1%} |" for line in lines]
    worst = max(abs(line.error) for line in lines)
    verdict = f"{'All' if worst <= BOUND else 'NOT all'} within {BOUND:.0%}; the largest error is {worst:.1%}."
    return "\n".join(("| measured | figure | set | reported | error |", "|---|---|---|---|---|", *rows, "", verdict))


@contextmanager
def paced(folder: Path, embedder: FakeOpenAI, pace: Pace) -> Iterator[Midas]:
    """A data directory with documents, whose back end answers at this pace."""
    server = ServerProcess(TransformersServe, pace.pieces, first_s=pace.first_s, token_s=pace.token_s)
    server.start()
    try:
        section = f'[backends.paced]\nkind = "transformers"\nmodel = "{MODEL}"\nbase_url = "{server.base_url}"\n'
        midas = make_midas(folder / f"home-{server.port}", embedder, f"{section}concurrency = 16\n")
        midas.run("ingest", str(write_documents(folder / f"documents-{server.port}")), "--collection", "d")
        yield midas
    finally:
        server.kill()


def questions(midas: Midas) -> str:
    """A question set of one question, asked several times."""
    path = midas.home.parent / "questions.jsonl"
    asked = ({"id": f"q{n}", "question": QUESTION_ES, "language": "es", "answerable": False} for n in range(QUESTIONS))
    path.write_text("\n".join(map(json.dumps, asked)), encoding="utf-8")
    return str(path)


def alone(folder: Path, embedder: FakeOpenAI, pace: Pace) -> list[Line]:
    """What `midas eval run` reports: medians over the questions."""
    with paced(folder, embedder, pace) as midas:
        midas.run("eval", "run", "--questions", questions(midas), "--backends", "paced", timeout=600)
        speeds = [row.speed for row in open_run(midas.home, LATEST).answers()]
    what = f"run: {pace}"
    return [
        Line(what, "TTFT ms", pace.first_s * 1000, _median(speed.ttft_ms for speed in speeds)),
        Line(what, "TPOT ms", pace.token_s * 1000, _median(speed.tpot_ms for speed in speeds)),
        Line(what, "tokens/s", 1 / pace.token_s, _median(speed.tokens_per_s for speed in speeds)),
        Line(what, "end to end ms", pace.answer_s * 1000, _median(speed.e2e_ms for speed in speeds)),
    ]


def under_load(folder: Path, embedder: FakeOpenAI, seconds: int) -> list[Line]:
    """What `midas eval load` reports."""
    with paced(folder, embedder, LOADED) as midas:
        given = ("--backend", "paced", "--questions", questions(midas), "--users", USERS, "--duration", f"{seconds}s")
        midas.run("eval", "load", *given, timeout=60 + 6 * seconds)
        result = load_results(midas.home)[-1]
    return [line for level in result.levels for line in _loaded(result, level)]


def _loaded(result: LoadResult, level: Level) -> list[Line]:
    assert level.model_ttft_ms and level.e2e_ms and level.tpot_ms and not level.errors, level
    what = f"load: {level.load:g} users, {LOADED}"
    return [
        Line(what, "TTFT ms", LOADED.first_s * 1000, level.model_ttft_ms.median),
        Line(what, "TPOT ms", LOADED.token_s * 1000, level.tpot_ms.median),
        Line(what, "end to end ms", LOADED.answer_s * 1000, level.e2e_ms.median),
        Line(what, "answers/s", level.load / LOADED.answer_s, level.throughput_per_s),
        Line(what, "tokens/s", level.load / LOADED.answer_s * LOADED.tokens, level.tokens_per_s),
    ]


def _median(values: Iterable[float | None]) -> float:
    return median(value for value in values if value is not None)


if __name__ == "__main__":
    main()
