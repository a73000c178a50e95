"""Everything that would make scores wrong is found in a question set, and nothing in a good one."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from assistant.config import Settings
from eval.question_checks import Finding, check_questions
from eval.questions import Question, load_questions
from eval.quotes import pages_with, stored_documents
from ingest.errors import CollectionNotFound
from ingest.pipeline import ingest
from ingest.store import Store
from ingest.types import Block, Document
from tests.embedders import HashingEmbedder
from tests.serving import write_documents

MIDAS = Path(__file__).parents[1] / "corpora" / "midas" / "questions.jsonl"
GOOD: dict[str, Any] = {
    "id": "a", "question": "¿Cuántos días de vacaciones tiene la plantilla?", "language": "es", "answerable": True,
    "reference": "25 días", "facts": [["25"]], "sources": [{"document": "a.pdf", "page": 2, "quote": "25 días"}],
}  # fmt: skip
NONE: dict[str, Any] = {"id": "z", "question": "¿Quién limpia los cristales?", "language": "es", "answerable": False}
PAGES = Document(
    "a.pdf", "0", "application/pdf", "A", (Block("Índice", page=1), Block("Hay **25 días**\nal año.", page=2)), page_unit="page"
)


def findings(*questions: dict[str, Any]) -> list[tuple[str, str]]:
    found = check_questions([Question.model_validate(question) for question in questions])
    return [(finding.severity, finding.message) for finding in found]


def test_a_good_set_has_no_findings() -> None:
    assert findings(GOOD, NONE) == []
    assert check_questions(load_questions(MIDAS)) == []


@pytest.mark.parametrize(
    ("change", "severity", "told"),
    [
        ({"id": " "}, "error", "The id is empty: give each question one of its own."),
        ({"question": " "}, "error", "The question is empty: write it, or take the line out."),
        ({"language": "spa"}, "error", "'spa' is no language: write two small letters, like es or en."),
        ({"language": "en"}, "warning", "It says that its language is 'en', but it reads like 'es': check it."),
        (
            {"reference": None, "facts": []},
            "warning",
            "It has neither reference nor facts: whether an answer is right can't be",
        ),
        ({"sources": []}, "warning", "It has no sources: retrieval and citations can't be scored."),
        ({"answerable": False}, "error", "It can't be answered and yet has a reference, facts or sources: take them out,"),
        ({"facts": [["25"], []]}, "error", "A group of its facts is empty: write at least one way to say each fact."),
        ({"facts": [["25"], [" "]]}, "error", "A group of its facts is empty: write at least one way to say each fact."),
        ({"facts": [["26"]]}, "error", "Its reference does not contain its facts, so a right answer would count as wrong:"),
        ({"facts": [["días"]]}, "warning", "The question itself contains the facts, so repeating it would count as right:"),
        ({"plain": True}, "error", "It is asked without documents, so it has no sources and can be answered: correct it,"),
        ({"history": [{"role": "user", "text": "Hola"}]}, "error", "Its history must be pairs of user and assistant, in this"),
        ({"generated": True}, "warning", "A model wrote it and nobody has accepted it: runs leave it out until"),
    ],
)
def test_one_thing_that_is_wrong_is_one_finding(change: dict[str, Any], severity: str, told: str) -> None:
    ((found, message),) = findings(GOOD | change, NONE)
    assert found == severity and message.startswith(told)


def test_code_in_a_prompt_is_no_language() -> None:
    code = "¿Qué imprime esto?\n\n```python\nfor item in range(3):\n    print(item is not None and item with the other)\n```"
    assert findings({"id": "a", "question": code, "language": "es", "answerable": True, "plain": True, "reference": "x"}) == []


def test_a_text_to_summarise_may_hold_the_facts_where_people_judge_the_summary() -> None:
    criteria = {"precision": "p", "clarity": "c", "completeness": "k"}
    assert findings(GOOD | {"facts": [["días"]], "criteria": criteria}, NONE) == []


def test_ids_and_questions_occur_once() -> None:
    again = GOOD | {"question": "¿CUÁNTOS dias de  vacaciones tiene la plantilla?"}
    assert findings(GOOD, again, NONE) == [("error", "Another question has the same id: give each question one of its own.")]
    other = again | {"id": "b"}
    assert findings(GOOD, other, NONE) == [("warning", "It asks the same as a, so this counts twice: take one of them out.")]
    talk = [{"role": "user", "text": "Hola"}, {"role": "assistant", "text": "Dime"}]
    assert findings(GOOD, other | {"history": talk}, NONE) == []


def test_a_set_as_a_whole_is_looked_at() -> None:
    assert findings() == [("error", "The set has no question: add some.")]
    ((severity, message),) = findings(GOOD)
    assert severity == "warning" and message.startswith("No question is unanswerable")
    ((severity, message),) = findings(GOOD | {"split": "report"}, NONE)
    assert severity == "warning" and message.startswith("Only some questions have a split")


@pytest.mark.parametrize(
    ("source", "told"),
    [
        ({"document": "a.pdf", "page": 2, "quote": "25 días al año"}, None),
        ({"document": "a.pdf"}, None),
        ({"document": "a.pdf", "quote": "hay 25 días"}, None),
        ({"document": "b.pdf"}, "There is no document 'b.pdf': did you mean 'a.pdf'?"),
        ({"document": "a.pdf", "page": 3}, "a.pdf has no page 3: correct the page."),
        (
            {"document": "a.pdf", "page": 1, "quote": "25 días"},
            "The quote is not on page 1 of a.pdf but on page 2: correct the page.",
        ),
        (
            {"document": "a.pdf", "page": 2, "quote": "26 días"},
            "a.pdf does not say “26 días”: copy the words as they stand there.",
        ),
    ],
)
def test_sources_are_looked_up(source: dict[str, Any], told: str | None) -> None:
    question = Question.model_validate(GOOD | {"sources": [source]})
    found = check_questions([question, Question.model_validate(NONE)], {"a.pdf": PAGES})
    assert found == ([Finding("a", "error", told)] if told else [])


def test_a_quote_is_on_the_pages_that_say_it() -> None:
    assert pages_with(PAGES, "25 DÍAS al año") == [2]
    assert pages_with(PAGES, "30 días") == []


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    settings, embedder = Settings(home=tmp_path / "home"), HashingEmbedder()
    with Store.open(settings, embedder) as opened:
        ingest(opened, embedder, settings, [write_documents(tmp_path / "documents")], "empresa")
        yield opened


def test_documents_are_those_that_are_served(store: Store) -> None:
    documents = stored_documents(store, ["empresa"])
    assert sorted(documents) == ["dietas.csv", "laptops.md", "vacaciones.txt"]
    assert "25 días laborables" in documents["vacaciones.txt"].text
    with pytest.raises(CollectionNotFound):
        stored_documents(store, ["nada"])
