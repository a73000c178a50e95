"""A running server to measure: the one that owns the data directory, or one that is started for the while."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from types import FrameType
from typing import IO

import httpx

from assistant.config import Settings
from eval.coldstart import ServerStart
from ingest.errors import MidasError
from ui.address import read_address
from ui.views import Readiness

POLL_SECONDS = 0.05
STOP_SECONDS = 30


@dataclass(frozen=True, slots=True)
class RunningServer:
    """`token` is its own, `start` how it started, None when it ran already."""

    url: str
    pid: int
    token: str
    start: ServerStart | None = None


@contextmanager
def running_server(settings: Settings, backend: str) -> Iterator[RunningServer]:
    """Ready to answer. One that is started has `backend` as its default back end, and stops behind the block.

    Raises MidasError when it does not start, or can't load its model.
    """
    if address := read_address(settings.home):
        yield RunningServer(address.url, address.pid, address.token)
        return
    with TemporaryDirectory(prefix="midas-serve-") as folder, (Path(folder) / "log").open("w+b") as log:
        began = time.perf_counter()
        process = _start(backend, log)
        try:
            with _terminable():
                yield _ready(process, settings.home, log, began)
        finally:
            process.terminate()
            process.wait(STOP_SECONDS)


@contextmanager
def _terminable() -> Iterator[None]:
    """SIGTERM ends the block in an orderly way: nothing that was started is left running."""

    def stop(number: int, frame: FrameType | None) -> None:
        raise SystemExit(128 + number)

    before = signal.signal(signal.SIGTERM, stop)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)


def _start(backend: str, log: IO[bytes]) -> subprocess.Popen[str]:
    command = (sys.executable, "-m", "ui.cli", "serve", "--port", "0", "--backend", backend, "--json")
    return subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=log, text=True)


def _ready(process: subprocess.Popen[str], home: Path, log: IO[bytes], began: float) -> RunningServer:
    assert process.stdout is not None
    told = process.stdout.readline()
    listening = time.perf_counter()
    if not told:
        process.wait()
        raise MidasError(f"midas serve did not start: {_last_line(log)}")
    url = str(json.loads(told)["url"])
    _wait_until_ready(process, url, log)
    ready = time.perf_counter()
    address = read_address(home)
    assert address is not None, "a server that is ready has said where it is"
    return RunningServer(url, process.pid, address.token, ServerStart((listening - began) * 1000, (ready - began) * 1000))


def _wait_until_ready(process: subprocess.Popen[str], url: str, log: IO[bytes]) -> None:
    with httpx.Client(trust_env=False) as client:
        while (told := client.get(f"{url}/readyz")).status_code != httpx.codes.OK:
            if error := Readiness(**told.json()).error:
                raise MidasError(error)
            if process.poll() is not None:
                raise MidasError(f"midas serve ended before it was ready: {_last_line(log)}")
            time.sleep(POLL_SECONDS)


def _last_line(log: IO[bytes]) -> str:
    """What the server said last, without the name that stands before it."""
    log.seek(0)
    lines = [line for line in log.read().decode("utf-8", "replace").splitlines() if line.strip()]
    return lines[-1].removeprefix("midas: ")[:300] if lines else "it said nothing."
