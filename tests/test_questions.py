"""Question sets are read and written as their contract says, and every wrong line is named."""

from __future__ import annotations

from pathlib import Path

import pytest

from eval.questions import Criteria, Question, Reference, Turn, built_in_sets, load_questions, question_file, save_questions
from ingest.errors import ConfigError

FULL = Question(
    id="a", question="¿Cuántos días? «sí»\u2028otra", language="es", answerable=True, reference="25", tags=("number",),
    sources=(Reference(document="a.pdf", page=2, quote="25 días"), Reference(document="b.txt")), facts=(("25", "veinticinco"),),
    history=(Turn(role="user", text="Hola"), Turn(role="assistant", text="Dime")), split="report", plain=True, generated=True,
    criteria=Criteria(precision="p", clarity="c", completeness="k"),
)  # fmt: skip
BARE = Question(id="b", question="Why?", language="en", answerable=False)


def test_questions_read_back_as_they_were_written(tmp_path: Path) -> None:
    path = tmp_path / "set.jsonl"
    save_questions(path, [FULL, BARE])
    assert load_questions(path) == [FULL, BARE]
    assert [file.name for file in tmp_path.iterdir()] == ["set.jsonl"]


def test_a_line_has_what_the_contract_asks_for_and_nothing_that_is_not_said() -> None:
    assert BARE.line == (
        '{"id": "b", "question": "Why?", "language": "en", "answerable": false, "reference": null, "sources": [], "tags": []}\n'
    )
    assert '"sources": [{"document": "a.pdf", "page": 2, "quote": "25 días"}, {"document": "b.txt"}]' in FULL.line


def test_writing_replaces_all_that_was_there(tmp_path: Path) -> None:
    path = tmp_path / "set.jsonl"
    save_questions(path, [FULL, BARE])
    save_questions(path, [BARE])
    assert load_questions(path) == [BARE]


def test_a_byte_order_mark_and_blank_lines_are_no_questions(tmp_path: Path) -> None:
    path = tmp_path / "set.jsonl"
    path.write_bytes(b"\xef\xbb\xbf" + BARE.line.encode() + b"\r\n\n" + FULL.line.encode())
    assert load_questions(path) == [BARE, FULL]


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ('{"id": "a", "question": "x", "language": "es"}', "is not a question (answerable: Field required): correct it."),
        ('{"id": "a", "question": "x", "language": "es", "answerable": true, "page": 1}', "is not a question (page: Extra"),
        ("[]", "is not a question (the line: "),
        ("{", "is not JSON ("),
        ("[" * 100_000, "is not JSON ("),
    ],
)
def test_a_wrong_line_is_named_with_what_is_wrong(tmp_path: Path, text: str, told: str) -> None:
    path = tmp_path / "set.jsonl"
    path.write_text(BARE.line + text + "\n", encoding="utf-8")
    with pytest.raises(ConfigError) as caught:
        load_questions(path)
    assert caught.value.message.startswith(f"Line 2 of {path} {told}")


def test_files_that_are_no_text_or_not_there_are_told(tmp_path: Path) -> None:
    path = tmp_path / "set.jsonl"
    path.write_bytes("{¿}".encode("latin-1"))
    with pytest.raises(ConfigError, match="is not UTF-8 text: import it with `midas eval questions import`"):
        load_questions(path)
    with pytest.raises(ConfigError, match="can't be read"):
        load_questions(tmp_path / "none.jsonl")
    with pytest.raises(ConfigError, match="can't be written"):
        save_questions(tmp_path / "none" / "set.jsonl", [BARE])


def test_a_set_is_found_by_path_or_by_name(tmp_path: Path) -> None:
    path = tmp_path / "set.jsonl"
    save_questions(path, [BARE])
    assert question_file(str(path)) == path
    assert question_file("coding.es") == built_in_sets()["coding.es"]
    with pytest.raises(ConfigError) as caught:
        question_file("codin.es")
    assert caught.value.message == (
        "There is no file codin.es and no built-in question set of that name: did you mean 'coding.es'?"
    )


def test_accepting_a_candidate_changes_nothing_else() -> None:
    assert FULL.accepted.model_copy(update={"generated": True}) == FULL and not FULL.accepted.generated
