"""`midas eval diff` and `midas eval gate` as a person or a pipeline calls them."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import pytest

from tests.answered_runs import GOOD, WORSE, Quality, answered_run
from ui.cli import main


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    home = tmp_path_factory.mktemp("home")
    answered_run(home, "20261121-100000-good", {"x": GOOD}, 40)
    answered_run(home, "20261121-110000-worse", {"x": WORSE}, 40)
    answered_run(home, "20261121-120000-again", {"x": GOOD}, 40)
    answered_run(home, "20261121-130000-y", {"y": Quality(wrong=0.2), "z": GOOD}, 40)
    return home


class Cli:
    def __init__(self, home: Path, patch: pytest.MonkeyPatch, capture: pytest.CaptureFixture[str]) -> None:
        self._patch, self._capture = patch, capture
        patch.setenv("MIDAS_HOME", str(home))

    def run(self, *words: str, code: int = 0) -> tuple[str, str]:
        """What it printed on standard output and standard error."""
        self._patch.setattr(sys, "argv", ["midas", "eval", *words])
        try:
            main()
            left = 0
        except SystemExit as leaving:
            left = int(leaving.code or 0)
        printed = self._capture.readouterr()
        assert left == code, printed.err
        return printed.out, printed.err


@pytest.fixture
def cli(home: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Cli:
    return Cli(home, monkeypatch, capsys)


GOOD_RUN, WORSE_RUN, AGAIN = "20261121-100", "20261121-110", "20261121-120"


def test_the_gate_stops_a_worse_prompt(cli: Cli) -> None:
    out, _ = cli.run("gate", GOOD_RUN, WORSE_RUN, code=1)
    assert "Failed: " in out and "worse" in out
    cli.run("gate", GOOD_RUN, WORSE_RUN, "--significant", code=1)


def test_the_gate_lets_an_identical_run_pass(cli: Cli) -> None:
    out, _ = cli.run("gate", GOOD_RUN, AGAIN, "--max-drop", "0")
    assert out.endswith("Passed.\n")


def test_the_gate_takes_drops_for_all_and_for_single_metrics(cli: Cli) -> None:
    cli.run("gate", GOOD_RUN, WORSE_RUN, "--max-drop", "1")
    out, _ = cli.run("gate", GOOD_RUN, WORSE_RUN, "--max-drop", "1", "--max-drop", "correct=0.05", code=1)
    assert "Failed: 1 of 11 checks." in out
    cli.run("gate", GOOD_RUN, AGAIN, "--max-drop", "ttft_ms=1")


@pytest.mark.parametrize("drop", ["much", "correct=", "correct=-1", "nan", "inf"])
def test_a_drop_that_is_none_is_wrong_use(cli: Cli, drop: str) -> None:
    _, err = cli.run("gate", GOOD_RUN, AGAIN, "--max-drop", drop, code=2)
    assert f"--max-drop {drop} is no drop: give a number from 0" in " ".join(err.split())


def test_the_gate_in_json(cli: Cli) -> None:
    told = json.loads(cli.run("gate", GOOD_RUN, WORSE_RUN, "--json", code=1)[0])
    assert told["passed"] is False
    failed = {check["metric"]: check["reason"] for check in told["checks"] if check["reason"]}
    assert failed["correct"] == "worse"
    assert told["diff"]["questions"] == 40


def test_the_gate_looks_at_the_latest_run_unless_told_otherwise(cli: Cli) -> None:
    out, _ = cli.run("gate", GOOD_RUN, "--backend", "x=z", "--max-drop", "1")
    assert "20261121-130000-y: 40 questions in both." in out
    assert "Back end x is compared with z." in out


def test_the_diff_names_the_questions_that_changed(cli: Cli) -> None:
    out, _ = cli.run("diff", GOOD_RUN, WORSE_RUN)
    assert "20261121-100000-good -> 20261121-110000-worse: 40 questions in both." in out
    assert "x, correct, worse: q" in out
    assert "changes are more than chance (p under 0.05)." in out


def test_the_diff_of_single_metrics(cli: Cli) -> None:
    told = json.loads(cli.run("diff", GOOD_RUN, WORSE_RUN, "-m", "language", "-m", "ttft_ms", "--json")[0])
    assert {change["metric"] for change in told["changes"]} == {"language", "ttft_ms"}
    out, _ = cli.run("diff", GOOD_RUN, WORSE_RUN, "-m", "language")
    assert "x, language, worse: q" in out


def test_the_diff_of_a_run_with_itself_finds_nothing(cli: Cli) -> None:
    out, _ = cli.run("diff", GOOD_RUN, GOOD_RUN)
    assert "\n0 of " in out


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (["diff", GOOD_RUN, "nothing"], "'nothing' is no run"),
        (["diff", GOOD_RUN, "latest"], "The runs have no back end in common (x; y, z)"),
        (["diff", GOOD_RUN, WORSE_RUN, "-m", "corect"], "There is no metric 'corect': did you mean 'correct'?"),
        (["gate", GOOD_RUN, WORSE_RUN, "-b", "w"], "has no back end 'w': there are x"),
    ],
)
def test_wrong_use_is_one_sentence(cli: Cli, words: list[str], sentence: str) -> None:
    out, err = cli.run(*words, code=2)
    assert sentence in " ".join(err.split())
    assert out == ""
