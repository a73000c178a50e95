"""Retrieval against reference sources: rankings whose scores are known."""

from __future__ import annotations

from math import log2

import pytest

from assistant.found import Found
from assistant.types import Source, Timings
from eval.questions import Question, Reference
from eval.retrieval_scores import NAMES, Passage, gains, ndcg, recall, reciprocal_rank, same_quote, score
from eval.rows import AnswerRow, Key, Status
from tests.building import make_evidence

KEY = Key("q", "local")
RULES = "normas.pdf"


def question(*sources: Reference) -> Question:
    return Question(id="q", question="¿Qué?", language="es", answerable=True, sources=sources)


def source(number: int, document: str, page: int | None, passage: str) -> Source:
    return Source(number, f"c{number}", "midas", "d", document, "", page, "page", (), None, passage[:20], passage, 0.5)


def scores(asked: Question, *sources: Source, status: Status = "ok", found: Found | None = None) -> dict[str, float | None]:
    rows = score(asked, AnswerRow(KEY, status, "es", sources=sources), found)
    assert [row.metric for row in rows] == list(NAMES)
    return {row.metric: row.value for row in rows}


TWO = question(Reference(document=RULES, page=2, quote="24 días"), Reference(document="anexo.pdf", page=1, quote="26 días"))


def test_everything_found_at_once_scores_one() -> None:
    found = scores(TWO, source(1, "anexo.pdf", 1, "Son 26 días."), source(2, RULES, 2, "Son 24 días."))
    assert set(found.values()) == {1.0}


def test_nothing_found_scores_nothing() -> None:
    assert set(scores(TWO, source(1, "otro.pdf", 2, "Son 24 días."), source(2, "x.pdf", 1, "")).values()) == {0.0}
    assert set(scores(TWO).values()) == {0.0}


def test_one_of_two_at_the_third_place() -> None:
    found = scores(
        TWO, source(1, "otro.pdf", 1, "24 días"), source(2, RULES, 9, "24 días"), source(3, RULES, 2, "Son 24 días.")
    )
    assert found == {
        "hit@1": 0,
        "hit@3": 1,
        "hit@5": 1,
        "recall@5": 0.5,
        "mrr": pytest.approx(1 / 3),
        "ndcg@5": pytest.approx((1 / log2(4)) / (1 / log2(2) + 1 / log2(3))),
        "page_hit@5": 1,
        "document_hit@5": 1,
        "document_recall@5": 0.5,
        "evidence_recall": 0.5,
    }


def test_a_passage_with_both_quotes_is_as_good_as_it_gets() -> None:
    both = question(Reference(document=RULES, quote="24 días"), Reference(document=RULES, quote="26 días"))
    assert scores(both, source(1, RULES, None, "24 días; 26 días"))["ndcg@5"] == 1
    late = gains([Passage("x", None, ""), Passage(RULES, None, "24 días; 26 días")], both.sources, same_quote)
    assert late == [0, 2]
    assert ndcg(late, 2, 5) == pytest.approx((2 / log2(3)) / (2 / log2(2)))


def test_the_same_reference_found_twice_counts_once() -> None:
    found = gains([Passage(RULES, 2, "24 días")] * 3, [Reference(document=RULES, page=2, quote="24 días")], same_quote)
    assert found == [1, 0, 0]
    assert recall(found, 1, 5) == ndcg(found, 1, 5) == reciprocal_rank(found) == 1


def test_only_the_first_five_count_but_for_the_reciprocal_rank() -> None:
    others = [source(number, "otro.pdf", 1, "nada") for number in range(1, 6)]
    found = scores(question(Reference(document=RULES, page=2, quote="24 días")), *others, source(6, RULES, 2, "Son 24 días."))
    assert found["mrr"] == pytest.approx(1 / 6)
    assert {name: value for name, value in found.items() if value} == {"mrr": pytest.approx(1 / 6), "evidence_recall": 1}


@pytest.mark.parametrize(
    ("reference", "passage", "held"),
    [
        (Reference(document=RULES), Passage(RULES, 7, "nada"), True),
        (Reference(document=RULES, page=7), Passage(RULES, 7, "nada"), True),
        (Reference(document=RULES, page=7), Passage(RULES, 6, "nada"), False),
        (Reference(document=RULES, quote="24 días"), Passage(RULES, 3, "24 días"), True),
        (Reference(document=RULES, page=4, quote="24 días"), Passage(RULES, 3, "empieza; 24 días"), True),
        (Reference(document=RULES, page=3, quote="24 días"), Passage(RULES, 4, "24 días"), False),
        (Reference(document=RULES, page=4, quote="24 días"), Passage("otro.pdf", 4, "24 días"), False),
        (Reference(document=RULES, page=4, quote="24 días"), Passage(RULES, 4, "26 días"), False),
    ],
)
def test_a_passage_holds_a_reference_as_exactly_as_it_is_named(reference: Reference, passage: Passage, held: bool) -> None:
    """A passage has the page it begins on, and may end on the next."""
    assert same_quote(passage, reference) is held


def test_the_recorded_search_counts_whatever_became_of_the_answer() -> None:
    evidence = make_evidence(["Son 24 días."])[0]
    found = Found(("midas",), (evidence.hit,), (evidence,), 450, "server", Timings(), 5.0)
    asked = question(Reference(document="1.md", page=1, quote="24 días"))
    for status in ("ok", "declined", "error"):
        assert set(scores(asked, status=status, found=found).values()) == {1.0}  # type: ignore[arg-type]


def test_without_the_search_a_declined_answer_tells_nothing_of_it() -> None:
    asked = question(Reference(document=RULES, quote="24 días"))
    assert set(scores(asked, source(1, RULES, 1, "24 días"), status="declined").values()) == {None}
    assert set(scores(question(), source(1, RULES, 1, "24 días")).values()) == {None}


def test_references_without_quotes_say_nothing_about_the_evidence() -> None:
    found = scores(question(Reference(document=RULES, page=1)), source(1, RULES, 1, "24 días"))
    assert found["evidence_recall"] is None
    assert found["recall@5"] == 1
