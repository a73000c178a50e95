"""Citations against reference sources and against what the cited passages say."""

from __future__ import annotations

from dataclasses import replace

import pytest

from assistant.types import Citation, GroundedSentence, Source
from eval.citation_scores import NAMES, score, supports
from eval.questions import Question, Reference
from eval.rows import AnswerRow, Key

QUESTION = Question(
    id="q",
    question="¿Cuántos días?",
    language="es",
    answerable=True,
    facts=(("24",), ("31 de marzo",)),
    sources=(Reference(document="normas.pdf", page=2, quote="24 días"), Reference(document="plazos.md", quote="31 de marzo")),
)


def source(number: int, document: str, page: int | None, passage: str) -> Source:
    return Source(number, f"c{number}", "midas", "d", document, "", page, "page", (), None, passage, passage, 0.5)


FIRST, SECOND = "Son 24 días laborables [1].", "Se gastan hasta el 31 de marzo [2][3]."
ROW = AnswerRow(
    Key("q", "local"),
    "ok",
    "es",
    text=f"{FIRST} {SECOND} Es todo.",
    sources=(
        source(1, "normas.pdf", 2, "Hay 24 días al año."),
        source(2, "plazos.md", None, "Hasta el 31 de marzo."),
        source(3, "otro.md", None, "Hasta el 30 de abril."),
    ),
    citations=(
        Citation(1, 0, len(FIRST), "24 días", False),
        Citation(2, len(FIRST) + 1, len(FIRST) + 1 + len(SECOND), "31 de marzo", False),
        Citation(3, len(FIRST) + 1, len(FIRST) + 1 + len(SECOND), "30 de abril", False),
    ),
    sentences=(
        GroundedSentence(0, len(FIRST), "supported", 1.0, ""),
        GroundedSentence(len(FIRST) + 1, len(FIRST) + 1 + len(SECOND), "supported", 1.0, ""),
        GroundedSentence(len(FIRST) + 2 + len(SECOND), len(FIRST) + 10 + len(SECOND), "weak", 0.4, ""),
    ),
)


def scores(question: Question, row: AnswerRow) -> dict[str, float | None]:
    rows = score(question, row)
    assert [row.metric for row in rows] == list(NAMES)
    return {row.metric: row.value for row in rows}


def test_two_of_three_citations_are_right() -> None:
    assert scores(QUESTION, ROW) == {
        "citation_precision": pytest.approx(2 / 3),
        "citation_recall": 1,
        "citation_support": pytest.approx(2 / 3),
        "cited_sentences": pytest.approx(2 / 3),
        "grounding_rate": pytest.approx(2 / 3),
        "invented_citations": 0,
    }


def test_a_reference_that_is_not_cited_is_missed() -> None:
    found = scores(QUESTION, replace(ROW, citations=ROW.citations[:1]))
    assert (found["citation_precision"], found["citation_recall"]) == (1, 0.5)


def test_two_quotes_of_one_page_are_one_reference() -> None:
    both = (*QUESTION.sources[:1], Reference(document="normas.pdf", page=2, quote="al año"))
    assert scores(QUESTION.model_copy(update={"sources": both}), ROW)["citation_recall"] == 1


def test_an_answer_that_cites_nothing_misses_everything() -> None:
    found = scores(QUESTION, replace(ROW, citations=(), dropped_citations=2))
    assert found["citation_precision"] is None and found["citation_support"] is None
    assert (found["citation_recall"], found["cited_sentences"], found["invented_citations"]) == (0, 0, 1)


def test_without_reference_sources_the_passages_still_speak() -> None:
    found = scores(QUESTION.model_copy(update={"sources": ()}), ROW)
    assert found["citation_precision"] is None and found["citation_recall"] is None
    assert found["citation_support"] == pytest.approx(2 / 3)


@pytest.mark.parametrize("row", [replace(ROW, status="declined"), replace(ROW, status="error", error_kind="BackendTimeout")])
def test_where_nothing_was_answered_nothing_is_scored(row: AnswerRow) -> None:
    assert {row.status for row in score(QUESTION, row)} == {"not_applicable"}


@pytest.mark.parametrize(
    ("sentence", "passage", "held"),
    [
        ("Son 24 días [1].", "Resumen: son 24 DÍAS; hay más.", True),
        ("Tienes 24 al año.", "Corresponden 24 días.", True),
        ("Tienes 24 al año.", "Corresponden 23 días.", False),
        ("24, hasta el 31 de marzo.", "Corresponden 24 días.", False),
        ("Son veinticuatro.", "Corresponden 24 días.", None),
    ],
)
def test_a_passage_holds_a_sentence_to_the_letter_or_with_its_facts(sentence: str, passage: str, held: bool | None) -> None:
    assert supports(QUESTION, sentence, passage) is held
