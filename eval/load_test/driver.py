"""Runs Locust level by level, each in a process of its own, because gevent patches the whole process it is in."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from time import monotonic

from pydantic import TypeAdapter

from eval.exchange import KEY, Sample
from eval.load import Arrival, Asked
from ingest.errors import MidasError

LOCUSTFILE = Path(__file__).parent / "locustfile.py"
TICK_SECONDS = 0.5
GRACE_SECONDS = 15.0
"""For Locust to end its last answers, when their time is up."""
BUSY = "CPU usage was too high"
"""What Locust says at the end when its process took more than nine tenths of a processor."""
_SAMPLE = TypeAdapter(Sample)


@dataclass(frozen=True, slots=True)
class Target:
    """A running server, and what it is asked. `backend` None is its default; no `collections` means all of them.

    `patience_s` is how long an answer may take until it counts as a timeout, `key` what Midas knows the asker by.
    """

    url: str
    questions: Path
    backend: str | None = None
    collections: tuple[str, ...] = ()
    patience_s: float = 120.0
    key: str | None = None


Progress = Callable[[float], None]
"""Gets the seconds a level has run."""


def ask_each(target: Target, progress: Progress) -> Asked:
    """Every question once, one after the other. Raises MidasError when Locust fails."""
    return _run(target, ("--once", "--users", "1"), progress)


def ask_under_load(target: Target, arrival: Arrival, load: float, seconds: int, progress: Progress) -> Asked:
    """One level; questions that are under way at its end are waited for. Raises MidasError when Locust fails."""
    users = ("--users", f"{load:.0f}", "--spawn-rate", f"{load:.0f}")
    how = users if arrival == "closed" else ("--users", "1", "--rate", str(load))
    return _run(target, (*how, "--run-time", f"{seconds}s"), progress)


def _run(target: Target, how: Sequence[str], progress: Progress) -> Asked:
    with TemporaryDirectory(prefix="midas-load-") as folder:
        samples, log = Path(folder) / "samples.jsonl", Path(folder) / "locust.log"
        samples.touch()
        with log.open("wb") as said:
            code = _follow(_command(target, how, samples), target.key, said.fileno(), progress)
        told = log.read_text(encoding="utf-8", errors="replace")
        if code:
            raise MidasError(f"Locust ended with exit code {code} ({_last_line(told)}): mend that, then try again.")
        lines = samples.read_text(encoding="utf-8").splitlines()
        return Asked(tuple(_SAMPLE.validate_json(line) for line in lines), BUSY in told)


def _command(target: Target, how: Sequence[str], samples: Path) -> list[str]:
    locust = (sys.executable, "-m", "locust", "--locustfile", str(LOCUSTFILE), "--headless", "--only-summary")
    told = ("--host", target.url, "--questions", str(target.questions.absolute()), "--samples", str(samples))
    patience = ("--patience", str(target.patience_s), "--stop-timeout", f"{target.patience_s + GRACE_SECONDS:.0f}s")
    whom = (*(("--backend", target.backend) if target.backend else ()), "--collections", ",".join(target.collections))
    return [*locust, "--exit-code-on-error", "0", *told, *patience, *whom, *how]


def _follow(command: Sequence[str], key: str | None, said: int, progress: Progress) -> int:
    """The exit code, when it is there; the process is stopped when this one is."""
    began = monotonic()
    with subprocess.Popen(
        command, stdin=subprocess.DEVNULL, stdout=said, stderr=said, env=_environment(key), cwd=LOCUSTFILE.parent
    ) as process:
        try:
            while (code := process.poll()) is None:
                progress(monotonic() - began)
                _wait(process)
            return code
        finally:
            process.terminate()


def _wait(process: subprocess.Popen[bytes]) -> None:
    with suppress(subprocess.TimeoutExpired):
        process.wait(TICK_SECONDS)


def _environment(key: str | None) -> dict[str, str]:
    """Without settings for other runs of Locust, and with the key, which would be seen among a command's words."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("LOCUST_")}
    return {**kept, KEY: key} if key else kept


def _last_line(log: str) -> str:
    lines = [line.strip() for line in log.splitlines() if line.strip()]
    return lines[-1][:200] if lines else "it said nothing"
