"""`midas eval run|list|show|score` as a person calls it, stopped and killed in the middle, too."""

from __future__ import annotations

import json
import os
import signal
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from assistant.config import ServerSettings
from eval.rows import AnswerRow, Key
from eval.runs import Run, open_run
from tests.fake_openai import FakeOpenAI, running
from tests.forking import Forked
from tests.serving import ANSWER_ES, Midas, make_midas, write_documents
from ui.address import published

QUESTIONS = 8
BACKENDS = ("scripted", "cloudy")


@dataclass
class Evaluation:
    """A data directory with documents, a question set and a scripted server that counts what it is asked."""

    midas: Midas
    fake: FakeOpenAI
    questions: Path

    def start(self, *words: str) -> Forked:
        """`midas eval run`"""
        return self.midas.printing(self.output, "eval", "run", "-q", str(self.questions), "--no-cold-start", *words)

    def call(self, *words: str, code: int = 0) -> str:
        """What `midas eval run` printed."""
        return self.printed(self.start(*words), code)

    def midas_says(self, *words: str) -> str:
        return self.printed(self.midas.printing(self.output, *words), 0)

    def printed(self, process: Forked, code: int) -> str:
        assert process.wait(timeout=60) == code, self.told
        return self.told

    def wait_for(self, process: Forked, questions: int) -> None:
        while len(self.asked) < questions:
            assert process.poll() is None, self.told
            time.sleep(0.01)

    @property
    def output(self) -> Path:
        return self.questions.with_suffix(".out")

    @property
    def told(self) -> str:
        return self.output.read_text()

    @property
    def asked(self) -> list[str]:
        """The ids of the questions that came, not counting the warm-up."""
        last = [body["messages"][-1]["content"] for body in self.fake.requests if body["max_tokens"] > 1]
        return [content.rpartition(" caso ")[2].split("?")[0] for content in last]

    @property
    def run(self) -> Run:
        return open_run(self.midas.home, "latest")


@pytest.fixture(scope="module")
def evaluation(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Evaluation]:
    base = tmp_path_factory.mktemp("evaluation")
    questions = base / "vacaciones.jsonl"
    text = "¿Cuántos días laborables de vacaciones al año tienen los empleados en el caso {}?"
    lines = [
        {"id": f"q{number}", "question": text.format(f"q{number}"), "language": "es", "answerable": True, "facts": [["25"]]}
        for number in range(QUESTIONS)
    ]
    questions.write_text("\n".join(map(json.dumps, lines)), encoding="utf-8")
    with running(FakeOpenAI(reply=lambda messages: ANSWER_ES)) as fake:
        midas = make_midas(base / "home", fake)
        evaluation = Evaluation(midas, fake, questions)
        evaluation.midas_says("ingest", str(write_documents(base / "documents")), "-c", "empresa")
        yield evaluation


def test_a_run_that_is_stopped_and_killed_goes_on_where_it_was(evaluation: Evaluation) -> None:
    """Every answer that a row holds was generated once; nothing is lost or doubled."""
    evaluation.fake.token_s = 0.01
    held: dict[Key, AnswerRow] = {}
    for stop, questions in ((signal.SIGINT, 2), (signal.SIGKILL, 5), (signal.SIGKILL, 12)):
        process = evaluation.start("-b", ",".join(BACKENDS))
        evaluation.wait_for(process, questions)
        os.kill(process.pid, stop)
        assert process.wait(timeout=60) == (130 if stop == signal.SIGINT else -signal.SIGKILL), evaluation.told
        rows = {row.key: row for row in evaluation.run.answers()}
        assert {key: rows[key] for key in held} == held, "rows changed or went"
        assert len(rows) >= questions - 3
        held = rows
    assert f"goes on: {len(held)} answers are there" in evaluation.call("-b", ",".join(BACKENDS))
    run = evaluation.run
    assert [row.key for row in run.answers()] == run.keys(run.questions()) and len(run.answers()) == QUESTIONS * len(BACKENDS)
    assert {row.status for row in run.answers()} == {"ok"} and run.manifest.finished
    lines = (run.directory / "answers.jsonl").read_text().splitlines()
    assert len(lines) == len(run.answers()), "no answer was written twice"
    surplus = Counter(evaluation.asked) - Counter([f"q{number}" for number in range(QUESTIONS)] * len(BACKENDS))
    assert surplus.total() <= 2, "only the answer that was being written at a kill is asked for again"
    assert len({row.evidence for row in run.answers() if row.key.question == "q1"}) == 1


def test_runs_are_listed_shown_and_scored_again(evaluation: Evaluation) -> None:
    evaluation.fake.token_s = 0
    done = json.loads(evaluation.call("-b", "scripted", "--limit", "2", "--json"))
    assert done["answers"] == {"scripted": {"ok": 2}} and done["questions"] == 2
    assert done["manifest"]["backends"]["scripted"]["reached"]["address_is_local"]
    figures = {figure["metric"]: figure["estimate"]["value"] for figure in done["figures"]}
    assert figures["correct"] == 1 and figures["ttft_ms"] > 0
    assert done["run"] in [run["run"] for run in json.loads(evaluation.midas_says("eval", "list", "--json"))]
    assert json.loads(evaluation.midas_says("eval", "show", done["run"], "--json")) == done
    assert "finished" in evaluation.midas_says("eval", "list")
    shown = evaluation.midas_says("eval", "score", "latest")
    assert "scripted" in shown and "correct" in shown and done["directory"] in shown


def test_why_an_unfinished_run_is_not_gone_on_with_is_told(evaluation: Evaluation) -> None:
    evaluation.call("--limit", "1", "--new")
    run = evaluation.run
    run.with_manifest(run.manifest.model_copy(update={"finished": None, "code_sha256": "older"}))
    told = evaluation.call("--limit", "1", "--new")
    assert f"Run {run.id} of the same command stays unfinished, as these have changed since: code_sha256." in " ".join(
        told.split()
    )


def test_a_back_end_without_any_answer_is_a_failure(evaluation: Evaluation) -> None:
    evaluation.fake.error = (500, "out of memory")
    done = json.loads(evaluation.call("--limit", "1", "--json", code=1))
    evaluation.fake.error = None
    assert done["answers"] == {"scripted": {"error": 1}} and done["finished"]


def test_wrong_use_is_one_sentence(evaluation: Evaluation) -> None:
    assert evaluation.call("-b", "scripted,scripted", code=2).startswith("midas: A back end is named twice")
    told = evaluation.call("-b", "scripted,clody", code=2)
    assert "'clody' is neither a back end nor a pulled model" in told and told.count("\n") == 1


def test_a_measurement_needs_the_computer_to_itself(evaluation: Evaluation) -> None:
    with published(evaluation.midas.home, "http://127.0.0.1:7860", ServerSettings()):
        told = evaluation.call(code=1)
    assert told == "midas: A measurement needs the computer to itself: stop midas serve at http://127.0.0.1:7860 first.\n"
