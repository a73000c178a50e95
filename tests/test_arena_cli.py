"""`midas eval arena` and `midas eval form` as people use them: single keys on a terminal, lines from a pipe, a spreadsheet."""

from __future__ import annotations

import csv
import io
import json
import os
import pty
import re
import select
import subprocess
import sys
import termios
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from eval.arena import open_arena
from eval.runs import Run, open_run
from tests.finished_runs import finished_run
from ui.cli import main

TEXTS = {"grande": "Son **{}** días [1].", "chico": "No lo sé: {}."}


@dataclass
class Cli:
    """Calls the command line in this process."""

    home: Path
    patch: pytest.MonkeyPatch
    capture: pytest.CaptureFixture[str]

    def run(self, *words: str, code: int = 0, stdin: str = "") -> str:
        self.patch.setattr(sys, "argv", ["midas", "eval", *words])
        self.patch.setattr(sys, "stdin", io.StringIO(stdin))
        try:
            main()
            left = 0
        except SystemExit as leaving:
            left = int(leaving.code or 0)
        printed = self.capture.readouterr()
        assert left == code, f"midas eval {' '.join(words)} -> {left}\n{printed.out}\n{printed.err}"
        return printed.out if code == 0 else printed.err

    def json(self, *words: str) -> Any:
        return json.loads(self.run(*words, "--json"))


@pytest.fixture
def run(tmp_path: Path) -> Run:
    return finished_run(tmp_path, TEXTS, 8)


@pytest.fixture
def midas(run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Cli:
    monkeypatch.setenv("MIDAS_HOME", str(tmp_path))
    monkeypatch.setenv("MIDAS_CONFIG", str(tmp_path / "none.toml"))
    monkeypatch.setenv("COLUMNS", "120")
    return Cli(tmp_path, monkeypatch, capsys)


@pytest.mark.parametrize("command", ["arena prepare", "arena vote", "arena results", "form export", "form import"])
def test_every_command_has_help_and_json(midas: Cli, command: str) -> None:
    shown = midas.run(*command.split(), "--help")
    assert shown.startswith(f"Usage: midas eval {command}") and "--json" in shown


# A terminal


class Terminal:
    """A command on a pseudo-terminal; `shows` waits for what it prints."""

    def __init__(self, ours: int, theirs: int, process: subprocess.Popen[bytes]) -> None:
        self.descriptor, self.theirs, self.process, self.text, self.seen = ours, theirs, process, "", 0

    def press(self, keys: str) -> None:
        """Single keys, as soon as the command waits for them: what was typed before does not count."""
        for key in keys:
            while termios.tcgetattr(self.theirs)[3] & termios.ICANON:
                time.sleep(0.01)
            os.write(self.descriptor, key.encode())
            self._taken()

    def line(self, text: str) -> None:
        os.write(self.descriptor, f"{text}\n".encode())

    def _taken(self) -> None:
        """Waits until the key was read."""
        while select.select([self.theirs], [], [], 0)[0]:
            time.sleep(0.01)

    def shows(self, wanted: str) -> str:
        """What was printed up to the wanted words, since the last time."""
        while not (found := re.compile(wanted).search(self.text, self.seen)):
            self.text += self._more()
        before, self.seen = self.text[self.seen : found.end()], found.end()
        return before

    def _more(self) -> str:
        while not select.select([self.descriptor], [], [], 0.1)[0]:
            assert self.process.poll() is None, f"the command ended; it had printed {self.text[self.seen :]!r}"
        got = os.read(self.descriptor, 65536)
        return re.sub(r"\x1b\[[0-9;?]*[A-Za-z]", "", got.decode(errors="replace"))

    def ends(self) -> int:
        return self.process.wait(timeout=30)


@contextmanager
def terminal(home: Path, *words: str) -> Iterator[Terminal]:
    ours, theirs = pty.openpty()
    environment = {**os.environ, "MIDAS_HOME": str(home), "COLUMNS": "120", "TERM": "xterm"}
    process = subprocess.Popen(
        [sys.executable, "-m", "ui.cli", "eval", *words], stdin=theirs, stdout=theirs, stderr=theirs, env=environment
    )
    try:
        yield Terminal(ours, theirs, process)
    finally:
        process.kill()
        process.wait()
        os.close(ours)
        os.close(theirs)


def test_votes_are_given_by_single_keys_and_gone_on_with_later(midas: Cli, run: Run) -> None:
    midas.run("arena", "prepare", "latest")
    with terminal(midas.home, "arena", "vote", "--voter", "Ana") as screen:
        page = screen.shows("q stop")
        assert "1 / 8" in page and "¿Pregunta" in page and "Son " in page and "**" not in page
        assert "grande" not in page and "chico" not in page
        screen.press("e")
        screen.shows("vacaciones.txt, page 2")
        screen.press("x1")  # x is no key
        screen.shows("Why")
        screen.line("dice el plazo")
        assert "2 was" in screen.shows(r"1 was \w+, 2 was \w+\.")
        screen.shows("2 / 8")
        screen.press("3")
        screen.shows("Why")
        screen.line("")
        screen.shows("1 was")
        screen.shows("q stop")
        screen.press("q")
        screen.shows(r"Votes of ana that are kept: 2. The same command goes on with the rest.")
        assert screen.ends() == 0
    with terminal(midas.home, "arena", "vote", "--voter", "ana") as screen:
        screen.shows(r"[23] / 8")
        screen.press("\x03")  # Ctrl-C
        screen.shows(r"Votes of ana that are kept: 0. The same command")
        assert screen.ends() == 0
    with open_arena(midas.home) as arena:
        assert [(vote.choice, vote.reason) for vote in arena.votes(run.id)] == [("left", "dice el plazo"), ("tie", None)]
        assert all(vote.response_ms > 0 for vote in arena.votes(run.id))


# A pipe


def test_verdicts_come_from_a_pipe_with_their_reasons(midas: Cli, run: Run) -> None:
    midas.run("arena", "prepare", "latest")
    printed = midas.run("arena", "vote", "--voter", "Ana", stdin="1 dice el plazo\nwhat?\n4\n")
    assert "Votes of ana that are kept: 2. The same command goes on with the rest." in printed
    midas.run("arena", "vote", "--voter", "Ana", stdin="2\n" * 20)
    with open_arena(midas.home) as arena:
        votes = arena.votes(run.id)
        assert [vote.choice for vote in votes[:3]] == ["left", "both_bad", "right"] and votes[0].reason == "dice el plazo"
        assert sum(vote.kind == "real" for vote in votes) == 8
    assert "There is nothing left for you to compare." in midas.run("arena", "vote", "--voter", "Ana")


def test_json_is_a_protocol_of_lines(midas: Cli) -> None:
    midas.run("arena", "prepare", "latest")
    lines = [
        json.loads(line) for line in midas.run("arena", "vote", "--json", "--voter", "a", stdin="e\n1 x\nq\n").splitlines()
    ]
    shown, evidence, names, following = lines
    assert set(shown) == {"pair", "question", "language", "left", "right", "passages", "voted", "pairs"}
    assert evidence[0]["place"] == "vacaciones.txt, page 2" and set(names) == {"left", "right"} and following["voted"] == 1


def test_a_pair_that_was_voted_on_in_another_window_is_passed_over(midas: Cli, run: Run) -> None:
    from ui.voting import vote

    midas.run("arena", "prepare", "latest")
    with open_arena(midas.home) as arena:
        shown = arena.next(run.id, "ana")
        assert shown
        twice = iter([shown, shown, None])
        midas.patch.setattr(arena, "next", lambda run, voter: next(twice))
        midas.patch.setattr(sys, "stdin", io.StringIO("1\n2\n"))
        assert vote(arena, run.id, "ana", json=True) == 1
        assert [one.choice for one in arena.votes(run.id)] == ["left"]


# Results


def test_results_tell_who_is_preferred_and_what_is_missing(midas: Cli, run: Run) -> None:
    assert midas.json("arena", "prepare", "latest")["pairs"] == 8
    with open_arena(midas.home) as arena:
        for voter in ("ana", "luis"):
            while shown := arena.next(run.id, voter):
                arena.vote(shown.pair, voter, "left" if shown.left.startswith("Son") else "right", 1000.0)
    found = midas.json("arena", "results")
    assert found["votes"] == 16 and found["voters"] == 2 and found["strengths"][0]["backend"] == "grande"
    assert found["duels"][0]["wins_second"] == 16 and found["duels"][0]["votes_needed"] == 0
    told = midas.run("arena", "results")
    assert "chico : grande" in told and "none, decided" in told and "not about other people" in told


def test_results_without_votes_say_so(midas: Cli) -> None:
    midas.run("arena", "prepare", "latest")
    assert "0 votes of 0 people" in midas.run("arena", "results")


def test_wrong_use_is_one_line(midas: Cli) -> None:
    nothing = "midas: There is nothing to vote on yet: `midas eval arena prepare` makes pairs from a run.\n"
    assert midas.run("arena", "vote", code=2) == midas.run("arena", "results", code=2) == nothing
    midas.run("arena", "prepare", "2026")
    error = midas.run("arena", "results", "--run", "1999", code=2)
    assert error == "midas: '1999' is no prepared run: there are 20261121-100000-viajes.\n"


# The form


def test_a_form_goes_out_without_names_and_comes_back_as_scores(midas: Cli, run: Run) -> None:
    path = midas.home / "form.csv"
    assert midas.json("form", "export", "latest", str(path))["answers"] == 16
    assert "grande" not in path.read_text(encoding="utf-8-sig")
    rows = list(csv.DictReader(path.open(encoding="utf-8-sig", newline=""), delimiter=";"))
    assert list(rows[0])[5:8] == ["precisión (1-5)", "claridad (1-5)", "completitud (1-5)"]
    for row in rows:
        row["precisión (1-5)"] = "5" if row["respuesta"].startswith("Son") else "1"
    rows[0]["claridad (1-5)"], rows[0]["nota"] = "4", "bien"
    rows[1]["precisión (1-5)"] = ""
    write(path, rows, ",", "cp1252")  # as a spreadsheet may save it
    found = midas.json("form", "import", "latest", str(path), "--rater", "Ana")
    assert found == {"marks": 16, "answers": 16, "empty": 1}
    scores = open_run(midas.home, "latest").scores()
    best = [score for score in scores if score.key.backend == "grande" and score.metric == "human_precision"]
    assert {score.value for score in best} == {5.0} and {score.scorer for score in scores} == {"human:ana"}
    assert [(score.value, score.why) for score in scores if score.metric == "human_clarity"] == [(4.0, "bien")]


def write(path: Path, rows: list[dict[str, str]], delimiter: str = ";", encoding: str = "utf-8-sig") -> None:
    with path.open("w", encoding=encoding, newline="") as file:
        writer = csv.DictWriter(file, list(rows[0]), delimiter=delimiter)
        writer.writeheader()
        writer.writerows(rows)


def test_marks_of_one_person_are_replaced_and_those_of_another_added(midas: Cli, run: Run) -> None:
    path = midas.home / "form.csv"
    midas.run("form", "export", "latest", str(path), "-l", "en")
    rows = list(csv.DictReader(path.open(encoding="utf-8-sig", newline=""), delimiter=";"))
    for rater, mark in (("ana", "2"), ("ana", "3"), ("luis", "5")):
        rows[0]["clarity (1-5)"] = mark
        write(path, rows)
        midas.run("form", "import", "latest", str(path), "--rater", rater)
    assert sorted((score.scorer, score.value) for score in open_run(midas.home, "latest").scores()) == [
        ("human:ana", 3.0),
        ("human:luis", 5.0),
    ]


def test_what_a_model_wrote_is_no_formula(tmp_path: Path, midas: Cli) -> None:
    finished_run(tmp_path, {"a": '=HYPERLINK("http://x")', "b": "- uno"}, 1, id="20261122-formula")
    midas.run("form", "export", "20261122", str(tmp_path / "f.csv"))
    answers = [row["respuesta"] for row in csv.DictReader((tmp_path / "f.csv").open(encoding="utf-8-sig"), delimiter=";")]
    assert sorted(answers) == ["'- uno", '\'=HYPERLINK("http://x")']


@pytest.mark.parametrize(
    ("column", "value", "sentence"),
    [
        ("claridad (1-5)", "6", "Line {line} of {path}: clarity is '6': give 1 to 5, or leave it empty."),
        ("claridad (1-5)", "bien", "Line {line} of {path}: clarity is 'bien': give 1 to 5, or leave it empty."),
        ("id", "r0", "Line {line} of {path}: 'r0' is no answer of run 20261121-100000-viajes: export its form anew."),
    ],
)
def test_a_wrong_line_is_named_and_nothing_is_read(midas: Cli, column: str, value: str, sentence: str) -> None:
    path = midas.home / "form.csv"
    midas.run("form", "export", "latest", str(path))
    rows = list(csv.DictReader(path.open(encoding="utf-8-sig", newline=""), delimiter=";"))
    rows[0]["precisión (1-5)"] = "5"
    rows[1][column] = value
    for row in rows:
        row["pasajes"] = ""
    write(path, rows)
    assert midas.run("form", "import", "latest", str(path), code=2) == f"midas: {sentence.format(line=3, path=path)}\n"
    assert open_run(midas.home, "latest").scores() == []


def test_files_that_are_no_form_are_refused_and_none_is_overwritten(midas: Cli) -> None:
    path = midas.home / "form.csv"
    assert "can't be read" in midas.run("form", "import", "latest", str(path), code=2)
    path.write_text("a;b\n1;2\n")
    assert "has no column 'id'" in midas.run("form", "import", "latest", str(path), code=2)
    assert "is there already and may hold marks" in midas.run("form", "export", "latest", str(path), code=2)
    path.write_bytes(bytes(range(256)))
    assert "is no CSV file" in midas.run("form", "import", "latest", str(path), code=2)
    assert "can't be written" in midas.run("form", "export", "latest", str(midas.home / "no" / "f.csv"), code=2)
