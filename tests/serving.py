"""The real server as a child process, and the command line beside it, over a data directory of the test's own.

Embedder and language model are the scripted server's, reached by HTTP, so that no weights are needed and answers are known.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

import httpx

from tests.fake_openai import FakeOpenAI
from tests.forking import Forked

VACACIONES = """# Política de vacaciones

Los empleados tienen derecho a 25 días laborables de vacaciones al año. Las vacaciones se solicitan con quince días de
antelación en el portal del empleado.

Las vacaciones no disfrutadas antes del 31 de marzo se pierden salvo acuerdo escrito. <img src=x onerror="alert(1)"> ${alert(1)}
"""

DIETAS = """País,Media dieta,Dieta completa
España,"26,67 €","53,34 €"
Francia,"35,00 €","70,00 €"
Alemania,"38,50 €","77,00 €"
"""

LAPTOPS = """# Laptop policy

Every employee gets a laptop with an encrypted disk. A lost laptop must be reported to the IT desk within 4 hours.
"""

ANSWER_ES = "Los empleados tienen derecho a 25 días laborables de vacaciones al año [1]."
ANSWER_EN = "A lost laptop must be reported to the IT desk within 4 hours [1]."
QUESTION_ES = "¿Cuántos días laborables de vacaciones al año tienen los empleados?"
QUESTION_EN = "Within how many hours must a lost laptop be reported to the IT desk?"


def write_documents(folder: Path) -> Path:
    """Three documents: Spanish Markdown, a CSV table, English Markdown."""
    folder.mkdir(parents=True)
    (folder / "vacaciones.txt").write_text(VACACIONES, encoding="utf-8")
    (folder / "dietas.csv").write_text(DIETAS, encoding="utf-8")
    (folder / "laptops.md").write_text(LAPTOPS, encoding="utf-8")
    return folder


def scripted(messages: list[dict[str, Any]]) -> str:
    """The answer to the language of the last message."""
    return ANSWER_EN if "laptop" in str(messages[-1]["content"]).lower().split("vacaciones")[0] else ANSWER_ES


@dataclass
class Midas:
    """A data directory with its settings. `run` calls the command line as a person would.

    Its processes are forked from one that has imported everything, or with `anew` start from nothing, as a person's do.
    """

    home: Path
    environment: Mapping[str, str]
    anew: bool = False

    def start(self, *words: str, stdin: IO[str], stdout: IO[str], stderr: IO[str] | None) -> Forked | subprocess.Popen[str]:
        if self.anew:
            command = [sys.executable, "-m", "ui.cli", *words]
            return subprocess.Popen(command, env=self.environment, text=True, stdin=stdin, stdout=stdout, stderr=stderr)
        return Forked(words, self.environment, stdin=stdin, stdout=stdout, stderr=stderr or sys.__stderr__)

    def run(self, *words: str, code: int = 0, stdin: str = "", timeout: float = 120) -> subprocess.CompletedProcess[str]:
        with _temporary(stdin) as given, _temporary() as out, _temporary() as err:
            process = self.start(*words, stdin=given, stdout=out, stderr=err)
            try:
                status = process.wait(timeout)
            finally:
                process.kill()
            done = subprocess.CompletedProcess(["midas", *words], status, _text(out), _text(err))
        assert status == code, f"midas {' '.join(words)} -> {status}\n{done.stdout}\n{done.stderr}"
        return done

    def printing(self, output: Path, *words: str) -> Forked:
        """The command while it runs; what it prints and complains about goes into `output`."""
        with _temporary() as nothing, output.open("w", encoding="utf-8") as told:
            return Forked(words, self.environment, stdin=nothing, stdout=told, stderr=told)

    def json(self, *words: str, code: int = 0) -> Any:
        return json.loads(self.run(*words, "--json", code=code).stdout)

    @contextmanager
    def serving(self, *options: str, log: Path | None = None) -> Iterator[Server]:
        """`midas serve` on a free port, until the block ends; ready when the block begins. `log` gets what it complains of."""
        with _temporary() as nothing, _pipe() as (told, telling):
            with telling, log.open("a") if log else nullcontext() as errors:
                words = ("serve", "--port", "0", "--json", *options)
                process = self.start(*words, stdin=nothing, stdout=telling, stderr=errors)
            try:
                line = told.readline()
                assert line, f"midas serve ended with {process.wait()} before it announced its address"
                server = Server(process, json.loads(line)["url"])
                server.wait_until_ready()
                yield server
            finally:
                process.send_signal(signal.SIGTERM)
                process.wait(timeout=30)


@contextmanager
def _temporary(text: str = "") -> Iterator[IO[str]]:
    with tempfile.TemporaryFile("w+", encoding="utf-8") as file:
        file.write(text)
        file.seek(0)
        yield file


def _text(file: IO[str]) -> str:
    file.seek(0)
    return file.read()


@contextmanager
def _pipe() -> Iterator[tuple[IO[str], IO[str]]]:
    """An end to read from and one to write to."""
    reading, writing = os.pipe()
    with os.fdopen(reading, encoding="utf-8") as told, os.fdopen(writing, "w", encoding="utf-8") as telling:
        yield told, telling


@dataclass
class Server:
    """A running `midas serve`."""

    process: Forked | subprocess.Popen[str]
    url: str

    def wait_until_ready(self) -> None:
        while httpx.get(f"{self.url}/readyz", trust_env=False, timeout=60).status_code != 200:
            assert self.process.poll() is None, f"midas serve ended with {self.process.returncode}"
            time.sleep(0.1)


def make_midas(home: Path, fake: FakeOpenAI, more: str = "") -> Midas:
    """Settings that use the scripted server for embeddings and answers; `more` are sections of the test's own."""
    settings = home.parent / f"{home.name}.toml"
    settings.write_text(
        'default_backend = "scripted"\n'
        f'[embedder]\nkind = "openai-compatible"\nmodel = "hashing"\nbase_url = "{fake.url}"\n'
        f'[backends.scripted]\nkind = "openai-compatible"\nmodel = "{fake.model}"\nbase_url = "{fake.url}"\n'
        f'[backends.cloudy]\nkind = "openai-compatible"\nmodel = "{fake.model}"\nbase_url = "{fake.url}"\ncloud = true\n'
        f"{more}",
        encoding="utf-8",
    )
    kept = {name: value for name, value in os.environ.items() if not name.startswith("MIDAS_")}
    return Midas(home, {**kept, "MIDAS_HOME": str(home), "MIDAS_CONFIG": str(settings), "PYTHONUNBUFFERED": "1"})
