"""Answers against references, by rule: right and wrong ones whose scores are known."""

from __future__ import annotations

from dataclasses import replace

import pytest

from assistant.types import GroundedSentence
from eval.answer_scores import NAMES, score
from eval.questions import Question
from eval.rows import AnswerRow, Key, ScoreRow

DAYS = Question(
    id="q",
    question="¿Cuántos días de vacaciones hay?",
    language="es",
    answerable=True,
    reference="24 días laborables por año.",
    facts=(("24",), ("laborables", "habiles")),
)
UNKNOWN = Question(id="q", question="¿Hay piscina?", language="es", answerable=False)
SHORT = DAYS.model_copy(update={"facts": (), "reference": "El 31 de marzo"})
LONG = DAYS.model_copy(update={"facts": ()})
ESSAY = Question(id="q", question="Escribe un poema.", language="es", answerable=True, plain=True)


def answered(text: str) -> AnswerRow:
    return AnswerRow(Key("q", "local"), "ok", "es", text)


DECLINED = AnswerRow(Key("q", "local"), "declined", "es", "No está en los documentos.")
ERROR = AnswerRow(Key("q", "local"), "error", "es", error="Too late.", error_kind="BackendTimeout")


def scores(question: Question, row: AnswerRow) -> dict[str, float | None]:
    return {row.metric: row.value for row in score(question, row)}


def test_a_right_answer_in_other_words() -> None:
    found = scores(DAYS, answered("Al año son 24 días hábiles [1]."))
    assert found == {
        "correct": 1,
        "good": 1,
        "fact_recall": 1,
        "token_f1": pytest.approx(2 * 3 / (6 + 5)),
        "exact_match": 0,
        "language": 1,
    }


def test_half_of_the_facts_are_not_enough() -> None:
    found = scores(DAYS, answered("Corresponden 24 días naturales cada año."))
    assert (found["correct"], found["good"], found["fact_recall"]) == (0, 0, 0.5)


def test_the_same_words_match_exactly_whatever_their_dress() -> None:
    found = scores(DAYS, answered("¡24 DÍAS laborables, por el año! [2]"))
    assert (found["exact_match"], found["token_f1"]) == (1, 1)


def test_a_declined_answer_says_nothing() -> None:
    found = scores(DAYS, DECLINED)
    assert found == {"correct": 0, "good": 0, "fact_recall": 0, "token_f1": 0, "exact_match": 0, "language": None}


def test_where_there_is_no_answer_declining_is_right() -> None:
    assert scores(UNKNOWN, DECLINED)["correct"] == scores(UNKNOWN, DECLINED)["good"] == 1
    assert scores(UNKNOWN, answered("Sí, hay una piscina grande."))["correct"] == 0
    assert scores(UNKNOWN, DECLINED)["token_f1"] is None


def test_an_unsupported_sentence_makes_a_right_answer_unfaithful() -> None:
    doubtful = GroundedSentence(0, 10, "unsupported", 0.1, "number")
    found = scores(DAYS, replace(answered("Son 24 días hábiles."), sentences=(doubtful,)))
    assert (found["correct"], found["good"]) == (1, 0)


@pytest.mark.parametrize(
    ("text", "right"), [("Se gastan hasta 31 de marzo.", 1), ("Hasta el 31 de mayo.", 0), ("De marzo, el 31.", 0)]
)
def test_without_facts_a_short_reference_must_be_in_the_answer(text: str, right: int) -> None:
    assert scores(SHORT, answered(text))["correct"] == right
    assert scores(SHORT, DECLINED)["correct"] == 0


def test_without_facts_no_rule_judges_a_long_reference() -> None:
    found = scores(LONG, answered("Son 24 días hábiles."))
    assert found["correct"] is None and found["good"] is None and found["fact_recall"] is None
    assert found["token_f1"] is not None


def test_an_error_has_no_scores_where_it_should_have_them() -> None:
    rows = {row.metric: row for row in score(DAYS, ERROR)}
    assert {row.status for row in rows.values() if row.metric != "language"} == {"failed"}
    assert rows["correct"] == ScoreRow(ERROR.key, "correct", None, "failed", "BackendTimeout")
    rows = {row.metric: row for row in score(ESSAY, ERROR)}
    assert rows["correct"].status == rows["token_f1"].status == "not_applicable"


@pytest.mark.parametrize(
    ("language", "text", "right"),
    [
        ("es", "The staff have twenty-four working days of holiday.", 0),
        ("en", "The staff have twenty-four working days of holiday.", 1),
        ("es", "El personal tiene veinticuatro días laborables.", 1),
        ("en", "El personal tiene veinticuatro días laborables.", 0),
        ("es", "Le personnel a droit à vingt-quatre jours de congés par an.", 0),
        ("es", "19,00 euros [1]", None),
        ("es", "Hotel Glorieta Sur [3]", None),
        ("es", "Usa esta función:\n```python\ndef the_sum_of(all, the, numbers): return sum(all)\n```\nSuma los números.", 1),
        ("es", "```python\nfor each in the_list_of_numbers: print(each and the other)\n```", None),
    ],
)
def test_the_language_of_the_answer_is_that_of_the_question(language: str, text: str, right: float | None) -> None:
    assert scores(DAYS.model_copy(update={"language": language}), answered(text))["language"] == right


def test_a_prompt_without_documents_is_judged_by_what_it_has() -> None:
    found = scores(ESSAY, answered("Verde que te quiero verde, verde viento, verdes ramas."))
    assert found == {**dict.fromkeys(NAMES), "language": 1}
    riddle = ESSAY.model_copy(update={"facts": (("42",),)})
    assert scores(riddle, answered("Es el 42."))["correct"] == 1
