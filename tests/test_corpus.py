"""The sample corpus: its documents can be read, and its questions are true of them."""

from __future__ import annotations

import json
import re
import tomllib
from collections import Counter
from functools import cache
from pathlib import Path
from typing import Literal

import pytest
from pydantic import BaseModel, ConfigDict

from corpora.midas.build import build
from eval.facts import contains_facts, normalise
from ingest.config import IngestLimits
from ingest.loaders import load_bytes
from ingest.types import Document

CORPUS = Path(__file__).parents[1] / "corpora" / "midas"
DOCUMENTS = CORPUS / "documents"
SOURCES = sorted(path.relative_to(DOCUMENTS).as_posix() for path in DOCUMENTS.rglob("*") if path.is_file())
SUFFIXES = {".pdf", ".docx", ".pptx", ".xlsx", ".csv", ".tsv", ".html", ".md", ".txt", ".eml", ".json", ".jsonl"}
TAGS = {
    "fact", "table", "number", "date", "multi-document", "version", "follow-up", "cross-language", "unanswerable", "near-miss",
}  # fmt: skip


class Strict(BaseModel):
    model_config = ConfigDict(extra="forbid")


class Source(Strict):
    document: str
    page: int | None = None
    quote: str


class Turn(Strict):
    role: Literal["user", "assistant"]
    text: str


class Question(Strict):
    id: str
    question: str
    language: Literal["es", "en"]
    answerable: bool
    reference: str | None
    facts: list[list[str]]
    sources: list[Source]
    tags: list[str]
    split: Literal["calibration", "report"]
    history: list[Turn] = []


QUESTIONS = [Question.model_validate_json(line) for line in (CORPUS / "questions.jsonl").read_text("utf-8").splitlines()]
ANSWERABLE = [question for question in QUESTIONS if question.answerable]
UNANSWERABLE = [question for question in QUESTIONS if not question.answerable]


@cache
def loaded(source: str) -> Document:
    return load_bytes((DOCUMENTS / source).read_bytes(), source, IngestLimits())


def flat(text: str) -> str:
    """White space single; the marks of Markdown and of table cells off."""
    return re.sub(r"\s+", " ", re.sub(r"\\(?=\|)|\*\*|`", "", text))


@pytest.mark.parametrize("source", SOURCES)
def test_every_document_has_text(source: str) -> None:
    assert len(loaded(source).text) > 600


def test_there_are_enough_documents_in_every_format() -> None:
    assert len(SOURCES) >= 44
    assert {Path(source).suffix for source in SOURCES} == SUFFIXES
    assert sum((DOCUMENTS / source).stat().st_size for source in SOURCES) < 4_000_000


def test_one_text_is_not_utf8() -> None:
    raw = (DOCUMENTS / "personas/teletrabajo-2022.txt").read_bytes()
    with pytest.raises(UnicodeDecodeError):
        raw.decode("utf-8")
    assert "15 € al mes" in loaded("personas/teletrabajo-2022.txt").text


def test_several_pdfs_have_many_pages() -> None:
    pages = {source: max(block.page or 0 for block in loaded(source).blocks) for source in SOURCES if source.endswith(".pdf")}
    assert sum(count >= 3 for count in pages.values()) >= 8


def test_building_again_gives_the_committed_bytes(tmp_path: Path) -> None:
    written = build(documents=tmp_path)
    assert len(written) > 30
    for path in written:
        assert path.read_bytes() == (DOCUMENTS / path.relative_to(tmp_path)).read_bytes(), path.name


def test_there_are_enough_questions_of_every_sort() -> None:
    assert len(ANSWERABLE) >= 95
    assert len(UNANSWERABLE) >= 36
    assert sum("near-miss" in question.tags for question in UNANSWERABLE) * 2 >= len(UNANSWERABLE)
    assert 0.25 <= sum(question.language == "en" for question in QUESTIONS) / len(QUESTIONS) <= 0.35
    assert {tag for question in QUESTIONS for tag in question.tags} == TAGS


def test_ids_and_questions_are_unique() -> None:
    assert len({question.id for question in QUESTIONS}) == len(QUESTIONS)
    asked = {(question.question.casefold(), tuple(turn.text for turn in question.history)) for question in QUESTIONS}
    assert len(asked) == len(QUESTIONS)


def test_both_splits_have_every_stratum_in_about_the_same_share() -> None:
    sizes = Counter((question.split, question.answerable, question.language) for question in QUESTIONS)
    totals = Counter(question.split for question in QUESTIONS)
    assert min(totals.values()) >= 120
    for answerable in (True, False):
        for language in ("es", "en"):
            shares = [sizes[split, answerable, language] / totals[split] for split in ("calibration", "report")]
            assert min(shares) > 0 and abs(shares[0] - shares[1]) < 0.05


@pytest.mark.parametrize("question", UNANSWERABLE, ids=lambda question: question.id)
def test_an_unanswerable_question_promises_nothing(question: Question) -> None:
    assert question.reference is None
    assert not question.facts and not question.sources
    assert "unanswerable" in question.tags


@pytest.mark.parametrize("question", ANSWERABLE, ids=lambda question: question.id)
def test_an_answerable_question_is_true_of_its_sources(question: Question) -> None:
    assert question.sources and question.facts and question.reference
    assert contains_facts(question.reference, question.facts)
    for source in question.sources:
        document = loaded(source.document)
        assert (source.page is not None) == (document.page_unit in {"page", "slide", "sheet"})
        text = " ".join(block.text for block in document.blocks if source.page in (None, block.page))
        assert source.quote in flat(text)


def test_a_follow_up_has_a_history() -> None:
    for question in QUESTIONS:
        assert ("follow-up" in question.tags) == bool(question.history), question.id


def test_the_corpus_describes_itself_in_both_languages() -> None:
    about = tomllib.loads((CORPUS / "corpus.toml").read_text("utf-8"))
    assert about["name"] == "midas" and about["licence"] == "CC0-1.0"
    for language in about["languages"]:
        assert about["description"][language] and len(about["starters"][language]) >= 3


@pytest.mark.parametrize(
    ("text", "normal"),
    [
        ("1.500 Euros", "1500 euros"),
        ("3,920.50", "3920.5"),
        ("0,075 %", "0.075 %"),
        ("53,00 euros", "53 euros"),
        ("versión 5.4.2", "version 5.4.2"),
        ("0.012", "0.012"),
        ("100 y 1.200.000", "100 y 1200000"),
    ],
)
def test_numbers_have_one_normal_form(text: str, normal: str) -> None:
    assert normalise(text) == normal


def test_a_fact_is_found_as_a_whole_word_only() -> None:
    assert contains_facts("Son 5 días (cinco).", [["5"]])
    assert contains_facts("Hasta 1.500 euros, es decir, 1500.", [["1500"], ["euros"]])
    assert not contains_facts("Son 15 días, versión 5.4.", [["5"]])
    assert not contains_facts("Son muchos días [5].", [["5"]])
    assert not contains_facts("Quince días", [["15"]])


def test_questions_are_one_json_object_a_line() -> None:
    for line in (CORPUS / "questions.jsonl").read_text("utf-8").splitlines():
        assert isinstance(json.loads(line), dict)
