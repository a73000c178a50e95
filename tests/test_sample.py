"""The sample documents of a first `make run`."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.fake_openai import FakeOpenAI, running
from tests.serving import Midas, make_midas

ROOT = Path(__file__).parent.parent
SAMPLE = [sys.executable, str(ROOT / "scripts" / "sample.py")]


@pytest.fixture
def midas(tmp_path: Path) -> Iterator[Midas]:
    with running(FakeOpenAI()) as fake:
        yield make_midas(tmp_path / "home", fake)


def load(midas: Midas) -> str:
    return subprocess.run(SAMPLE, env=midas.environment, capture_output=True, text=True, check=True).stdout


def test_an_interrupted_first_run_is_taken_up_and_a_finished_one_never_repeated(midas: Midas, tmp_path: Path) -> None:
    first = tmp_path / "first.txt"
    first.write_text("Lo que la primera vez llegó a entrar.", encoding="utf-8")
    midas.run("ingest", str(first), "--collection", "midas")

    assert "Documents: " in load(midas)
    [info] = midas.json("collections", "list")
    assert info["documents"] > 50

    midas.run("collections", "delete", "midas", "--yes")
    assert load(midas) == ""
    assert midas.json("collections", "list") == []


def test_a_run_that_fails_is_not_taken_for_finished(midas: Midas) -> None:
    unreachable = {**midas.environment, "MIDAS_EMBEDDER__BASE_URL": "http://127.0.0.1:9/v1"}
    assert subprocess.run(SAMPLE, env=unreachable, capture_output=True, check=False).returncode == 1
    assert not (midas.home / "sample.done").exists()
