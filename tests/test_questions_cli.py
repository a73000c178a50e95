"""`midas eval questions` as a person or a script calls it."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from eval.questions import load_questions
from tests.fake_openai import FakeOpenAI, running
from tests.serving import Midas, make_midas, write_documents
from ui import terminal
from ui.cli import main

COMMANDS = ["list", "validate", "import", "generate", "accept", "split"]
CORPUS = str(Path(__file__).parents[1] / "corpora" / "midas" / "questions.jsonl")
CANDIDATE = {
    "quote": "Los empleados tienen derecho a 25 días laborables de vacaciones al año",
    "question": "¿A cuántos días laborables de vacaciones tienen derecho los empleados?",
    "answer": "25 días laborables",
}


@pytest.fixture(scope="module")
def fake() -> Iterator[FakeOpenAI]:
    with running(FakeOpenAI(reply=lambda messages: json.dumps(CANDIDATE))) as server:
        yield server


@dataclass
class Cli:
    """Calls the command line in this process, in a folder of the test's own."""

    folder: Path
    patch: pytest.MonkeyPatch
    capture: pytest.CaptureFixture[str]

    def run(self, *words: str, code: int = 0, of: tuple[str, ...] = ("eval", "questions")) -> tuple[str, str]:
        """What was printed on standard output and standard error."""
        self.patch.setattr(sys, "argv", ["midas", *of, *words])
        try:
            main()
            left = 0
        except SystemExit as leaving:
            left = int(leaving.code or 0)
        printed = self.capture.readouterr()
        assert left == code, f"midas {' '.join(words)} -> {left}\n{printed.out}\n{printed.err}"
        return printed.out, printed.err

    def json(self, *words: str, code: int = 0) -> Any:
        return json.loads(self.run(*words, "--json", code=code)[0])

    def told(self, *words: str, code: int = 2) -> str:
        """The one line of an error."""
        error = self.run(*words, code=code)[1]
        assert error.startswith("midas: ") and error.count("\n") == 1, error
        return error.removeprefix("midas: ").strip()


@pytest.fixture(scope="module")
def home(fake: FakeOpenAI, tmp_path_factory: pytest.TempPathFactory) -> Midas:
    """With the collection `empresa`."""
    base = tmp_path_factory.mktemp("questions")
    made = make_midas(base / "home", fake)
    with pytest.MonkeyPatch.context() as patch:
        for name in ("MIDAS_HOME", "MIDAS_CONFIG"):
            patch.setenv(name, made.environment[name])
        patch.setattr(sys, "argv", ["midas", "ingest", str(write_documents(base / "documents")), "-c", "empresa"])
        with pytest.raises(SystemExit, match="0"):
            main()
    return made


@pytest.fixture
def midas(home: Midas, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Cli:
    for name in ("MIDAS_HOME", "MIDAS_CONFIG"):
        monkeypatch.setenv(name, home.environment[name])
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(terminal.out, "width", 250)
    return Cli(tmp_path, monkeypatch, capsys)


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_has_help_and_json(midas: Cli, command: str) -> None:
    shown, _ = midas.run(command, "--help")
    assert shown.startswith(f"Usage: midas eval questions {command}") and "--json" in shown


def test_list_names_the_built_in_sets(midas: Cli) -> None:
    shown, _ = midas.run("list")
    line = next(line for line in shown.splitlines() if line.startswith("summarising.es"))
    assert line.split() == ["summarising.es", "es", "8", "facts", "and", "people"]
    assert {"coding.en", "quality.es"} <= {row["name"] for row in midas.json("list")}


def test_a_good_set_is_valid(midas: Cli) -> None:
    assert midas.run("validate", CORPUS)[0] == "Questions: 305; errors: 0; warnings: 0.\n"
    assert midas.json("validate", "reasoning.es")["findings"] == []


def test_a_set_with_errors_is_told_and_the_exit_code_is_1(midas: Cli) -> None:
    path = midas.folder / "set.jsonl"
    path.write_text('{"id": "a", "question": "¿Qué?", "language": "spa", "answerable": false}\n', encoding="utf-8")
    assert midas.run("validate", "set.jsonl", code=1)[0] == (
        "error: a: 'spa' is no language: write two small letters, like es or en.\nQuestions: 1; errors: 1; warnings: 0.\n"
    )
    found = midas.json("validate", "set.jsonl", code=1)
    assert (found["errors"], found["findings"][0]["question"]) == (1, "a")
    path.write_text("{", encoding="utf-8")
    assert midas.told("validate", "set.jsonl").startswith("Line 1 of set.jsonl is not JSON (")
    assert midas.told("validate", "nothing").startswith("There is no file nothing and no built-in question set of that name: ")


def test_sources_are_looked_up_in_a_collection(midas: Cli) -> None:
    good = {"id": "a", "question": "¿Cuántos días hay?", "language": "es", "answerable": True, "reference": "25"}
    sources = [{"document": "vacaciones.txt", "quote": "25 días laborables"}]
    path = midas.folder / "set.jsonl"
    path.write_text(json.dumps(good | {"sources": sources}) + "\n", encoding="utf-8")
    assert midas.json("validate", "set.jsonl", "-c", "empresa")["errors"] == 0
    sources[0]["quote"] = "26 días laborables"
    path.write_text(json.dumps(good | {"sources": sources}) + "\n", encoding="utf-8")
    (found,) = (row for row in midas.json("validate", "set.jsonl", "-c", "empresa", code=1)["findings"] if row["question"])
    assert found["message"] == "vacaciones.txt does not say “26 días laborables”: copy the words as they stand there."
    assert midas.told("validate", "set.jsonl", "-c", "nada", code=1).startswith("There is no collection 'nada'")


def test_a_table_is_imported_and_bad_rows_are_told(midas: Cli) -> None:
    (midas.folder / "faq.csv").write_text("pregunta,respuesta\n¿Dónde?,Aquí\n¿Quién?,\n", encoding="utf-8")
    out, error = midas.run("import", "faq.csv", "-o", "faq.jsonl", code=1)
    assert out == (
        "Questions in faq.jsonl: 1; of them unanswerable: 0; documents written: 0; rows that could not be imported: 1.\n"
    )
    assert error.startswith("row 3: It says neither what the answer is nor that there is none:")
    assert [question.reference for question in load_questions(midas.folder / "faq.jsonl")] == ["Aquí"]
    assert midas.told("import", "faq.csv", "-o", "faq.jsonl") == (
        "faq.jsonl is there already: choose another name for the question set."
    )


def test_a_squad_file_is_imported_with_its_documents(midas: Cli) -> None:
    asked = {"id": "q", "question": "¿Cuántos días?", "answers": [{"text": "25", "answer_start": 4}]}
    content = {"data": [{"title": "Días", "paragraphs": [{"context": "Hay 25 días.", "qas": [asked]}]}]}
    (midas.folder / "squad.json").write_text(json.dumps(content), encoding="utf-8")
    found = midas.json("import", "squad.json", "-o", "squad.jsonl", "--documents", "documents", "-l", "es", "-t", "wiki")
    assert (found["questions"], found["documents"], found["rejected"]) == (1, 1, [])
    midas.run("ingest", "documents", "-c", "wiki", of=())
    assert midas.json("validate", "squad.jsonl", "-c", "wiki")["errors"] == 0
    (question,) = load_questions(midas.folder / "squad.jsonl")
    assert question.tags == ("squad", "wiki") and question.sources[0].document == "001-dias/001.txt"


def test_candidates_are_written_accepted_and_not_asked_for_twice(midas: Cli, fake: FakeOpenAI) -> None:
    made = midas.json("generate", "-o", "new.jsonl", "-c", "empresa", "-n", "1", "-b", "scripted")
    assert (made["candidates"], made["added"]) == (1, 1)
    (question,) = load_questions(midas.folder / "new.jsonl")
    assert question.generated and question.question == CANDIDATE["question"]
    asked = len(fake.requests)
    assert (
        "Candidates in new.jsonl: 1; new: 0; passages asked about: 0."
        in midas.run("generate", "-o", "new.jsonl", "-c", "empresa", "-n", "1")[0]
    )
    assert len(fake.requests) == asked
    assert midas.json("validate", "new.jsonl", "-c", "empresa")["errors"] == 0
    assert midas.told("accept", "new.jsonl") == "Say which candidates you accept: either their ids or --all."
    assert midas.told("accept", "new.jsonl", "x").startswith("'x' is no candidate of new.jsonl: ")
    assert midas.json("accept", "new.jsonl", question.id) == {"file": "new.jsonl", "accepted": 1, "candidates": 0}
    assert load_questions(midas.folder / "new.jsonl") == [question.accepted]


def test_too_few_candidates_are_told_with_what_was_wrong(midas: Cli, fake: FakeOpenAI) -> None:
    out, error = midas.run("generate", "-o", "new.jsonl", "-c", "empresa", "-n", "2", code=1)
    assert out.startswith("Candidates in new.jsonl: 1; new: 1; passages asked about: ") and "\n  dropped " in out
    assert error == "Read them, then accept the good ones: `midas eval questions accept`.\n"
    assert midas.told("generate", "-o", "x.jsonl", "-c", "nada", code=1).startswith("There is no collection 'nada'")
    assert midas.told("generate", "-o", "x.jsonl", "-c", "empresa", "-b", "nobody").startswith("'nobody' is neither")


def test_a_set_is_split_and_may_stay_in_its_file(midas: Cli) -> None:
    found = midas.json("split", CORPUS, "-o", "split.jsonl", "--calibration", "0.2")
    sizes = {
        name: sum(row["questions"] for row in found["strata"] if row["split"] == name) for name in ("calibration", "report")
    }
    assert sizes == {"calibration": 61, "report": 244}
    before = (midas.folder / "split.jsonl").read_bytes()
    shown, _ = midas.run("split", "split.jsonl", "-o", "split.jsonl", "--calibration", "0.2")
    assert (midas.folder / "split.jsonl").read_bytes() == before
    assert shown.splitlines()[0].split() == ["split", "language", "answerable", "questions"]
