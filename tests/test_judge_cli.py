"""`midas eval judge` as a person calls it."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from eval.ragas_scores import KINDS
from eval.runs import open_run
from tests.fake_openai import FakeOpenAI, Messages, running
from tests.serving import ANSWER_ES, Midas, make_midas, write_documents
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
        status = self.midas.printing(self.output, "eval", "judge", *words).wait(timeout=120)
        told = self.output.read_text(encoding="utf-8")
        assert status == code, told
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


def test_a_run_is_judged_once(tmp_path: Path) -> None:
    """By another back end than the one that answers; what it said is not asked again."""
    questions = tmp_path / "vacaciones.jsonl"
    asked = {"id": "q", "question": "¿Cuántos días de vacaciones al año tienen los empleados?", "language": "es"}
    questions.write_text(json.dumps({**asked, "answerable": True, "reference": ANSWER_ES, "facts": [["25"]]}), encoding="utf-8")
    with running(FakeOpenAI(lambda messages: ANSWER_ES)) as fake, running(FakeOpenAI(agrees, model="mistral-7b")) as other:
        section = f'[backends.other]\nkind = "openai-compatible"\nmodel = "{other.model}"\nbase_url = "{other.url}"\n'
        midas = make_midas(tmp_path / "home", fake, f"{section}context_window = 16384\n")
        midas.run("ingest", str(write_documents(tmp_path / "documents")), "-c", "empresa")
        command = ("-q", str(questions), "-b", "scripted,cloudy", "--no-cold-start", "--judge", "auto")
        midas.run("eval", "run", *command)
        run = open_run(midas.home, "latest")
        scores = {row.metric: row for row in run.scores() if row.key.backend == "scripted" and row.metric in KINDS}
        assert {name: row.value for name, row in scores.items()} == pytest.approx(dict.fromkeys(KINDS, 1.0), abs=1e-3)
        assert run.manifest.judge == "other" and scores["faithfulness"].scorer == run.manifest.judge_fingerprint
        judged = len(other.requests)
        midas.run("eval", "score", "latest", "--judge", "other")
        assert len(other.requests) == judged > 0 and open_run(midas.home, "latest").scores() == run.scores()


def agrees(messages: Messages) -> str:
    """A judge that finds everything right, and asks what was asked."""
    case = messages[1]["content"]
    asked = json.loads(case[case.index("{") : case.rindex("}") + 1])
    statements = asked.get("statements", ["Son 25 días."])
    verdicts = [{"statement": each, "reason": "", "verdict": 1, "attributed": 1} for each in statements]
    everything = {
        "statements": verdicts if "statements" in asked else statements, "claims": statements, "classifications": verdicts,
        "question": "¿Cuántos días de vacaciones al año tienen los empleados?", "noncommittal": 0, "reason": "", "verdict": 1,
    }  # fmt: skip
    return json.dumps(everything, ensure_ascii=False)
