"""`midas eval judge` as a person calls it."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from tests.fake_openai import FakeOpenAI, running
from tests.forking import start
from tests.serving import Midas, make_midas
from tests.test_calibration import TRUE, by_rule

MAY_NOT = "scripted may not rank back ends: that takes a kappa of 0.6 on 100 statements and 90% of the verdicts."


@dataclass
class Judging:
    """A data directory with a scripted judge that is always right, until the test gives it other replies."""

    midas: Midas
    fake: FakeOpenAI
    output: Path

    def says(self, *words: str, code: int = 0) -> str:
        """What `midas eval judge` prints."""
        process = start(self.midas.environment, self.output, "eval", "judge", *words)
        process.join(timeout=120)
        told = self.output.read_text(encoding="utf-8")
        assert process.exitcode == code, told
        return told

    def tells(self, *words: str, code: int = 0) -> Any:
        return json.loads(self.says(*words, "--json", code=code))


@pytest.fixture
def judging(tmp_path: Path) -> Iterator[Judging]:
    with running(FakeOpenAI(by_rule(lambda place, statement: statement in TRUE))) as fake:
        yield Judging(make_midas(tmp_path / "home", fake), fake, tmp_path / "output")


def test_calibrate_and_list(judging: Judging) -> None:
    assert "No judge was calibrated yet" in judging.says("list")
    told = judging.says("calibrate", "scripted", "--limit", "2")
    assert "12 statements, 100% of the verdicts came." in told and MAY_NOT in told
    assert len(judging.fake.requests) == 4
    (listed,) = judging.tells("list")
    assert (listed["judge"], listed["kappa"]["value"], listed["n"], listed["may_rank"]) == ("scripted", 1.0, 12, False)


def test_a_judge_without_a_verdict_fails(judging: Judging) -> None:
    judging.fake.reply = lambda messages: "No sé."
    found = judging.tells("calibrate", "scripted", "--limit", "1", code=1)
    assert (found["coverage"], found["kappa"]["value"]) == (0.0, None)


def test_wrong_use(judging: Judging, tmp_path: Path) -> None:
    assert "is neither a back end nor a pulled model" in judging.says("calibrate", "nobody", code=2)
    path = tmp_path / "wrong.jsonl"
    path.write_text(json.dumps({"id": 1}) + "\n", encoding="utf-8")
    told = judging.says("calibrate", "scripted", "-s", str(path), code=1)
    assert told.startswith("midas: Line 1 of") and "is no Statement" in told
