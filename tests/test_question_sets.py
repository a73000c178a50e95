"""The sets that come with the product: enough of everything, references that are right, statements that are balanced."""

from __future__ import annotations

import contextlib
import io
import json
import re
from collections import Counter
from collections.abc import Sequence
from statistics import mean, median

import pytest

from eval.facts import contains_facts, normalise
from eval.question_checks import check_questions
from eval.questions import SETS, Question, built_in_sets, load_questions

CATEGORIES = ("coding", "creativity", "quality", "reasoning", "summarising")
PROMPTS = {name: load_questions(path) for name, path in built_in_sets().items()}
CODING = [question for name, questions in PROMPTS.items() if name.startswith("coding.") for question in questions]
STATEMENTS = [json.loads(line) for line in (SETS / "judge-calibration.es.jsonl").read_text("utf-8").splitlines()]
TRUE = [row["statement"] for row in STATEMENTS if row["supported"]]
FALSE = [row["statement"] for row in STATEMENTS if not row["supported"]]
ERRORS = {"number", "date", "negation", "entity", "scope", "unit", "condition", "invented"}


def test_there_is_a_set_of_every_sort_in_both_languages() -> None:
    assert set(PROMPTS) == {f"{category}.{language}" for category in CATEGORIES for language in ("es", "en")}


@pytest.mark.parametrize("name", sorted(PROMPTS))
def test_a_set_is_large_enough_and_has_nothing_wrong(name: str) -> None:
    category, language = name.split(".")
    questions = PROMPTS[name]
    assert len(questions) >= 8 and check_questions(questions) == []
    assert all(question.plain and question.language == language and question.tags == (category,) for question in questions)


@pytest.mark.parametrize("name", sorted(PROMPTS))
def test_every_prompt_can_be_scored(name: str) -> None:
    by_rule = name.split(".")[0] in ("coding", "reasoning", "summarising")
    by_people = name.split(".")[0] in ("creativity", "quality", "summarising")
    assert all(bool(question.facts and question.reference) == by_rule for question in PROMPTS[name])
    assert all((question.criteria is not None) == by_people for question in PROMPTS[name])


def test_ids_are_unique_over_all_sets() -> None:
    ids = [question.id for questions in PROMPTS.values() for question in questions]
    assert len(set(ids)) == len(ids)


@pytest.mark.parametrize("question", CODING, ids=lambda question: question.id)
def test_a_coding_reference_is_what_its_program_prints(question: Question) -> None:
    (program,) = re.findall(r"```python\n(.*?)```", question.reference or "", re.DOTALL)
    printed = io.StringIO()
    with contextlib.redirect_stdout(printed):
        exec(program, {})
    assert contains_facts(printed.getvalue(), question.facts)


@pytest.mark.parametrize(("name", "words"), [("treinta palabras como mucho", 30), ("cincuenta palabras como mucho", 50)])
def test_summaries_keep_to_the_length_they_ask_for(name: str, words: int) -> None:
    english = {30: "at most thirty words", 50: "at most fifty words"}[words]
    asked = [
        question for key in PROMPTS for question in PROMPTS[key] if name in question.question or english in question.question
    ]
    assert len(asked) == 2 and all(len((question.reference or "").split()) <= words for question in asked)


# Statements to calibrate a judge with


def test_statements_have_the_agreed_fields() -> None:
    fields: dict[str, type | tuple[type, ...]] = {
        "id": str,
        "context": str,
        "statement": str,
        "supported": bool,
        "error_type": (str, type(None)),
    }
    for row in STATEMENTS:
        assert set(row) == set(fields) and all(isinstance(row[name], kind) for name, kind in fields.items()), row
        assert (row["error_type"] is None) == row["supported"]
    assert {row["error_type"] for row in STATEMENTS} - {None} == ERRORS


def test_half_of_the_statements_are_supported_and_every_error_is_as_frequent() -> None:
    assert len(STATEMENTS) >= 200 and len(TRUE) == len(FALSE)
    assert set(Counter(row["error_type"] for row in STATEMENTS if not row["supported"]).values()) == {len(FALSE) // len(ERRORS)}


def test_every_context_has_both_kinds_of_statement_and_two_to_six_sentences() -> None:
    verdicts = Counter((row["context"], row["supported"]) for row in STATEMENTS)
    contexts = {row["context"] for row in STATEMENTS}
    assert len(contexts) >= 40 and all(verdicts[context, kind] == 3 for context in contexts for kind in (True, False))
    assert all(2 <= len(re.findall(r"[.](?:\s|$)", context)) <= 7 for context in contexts)


def test_no_statement_and_no_id_occurs_twice() -> None:
    assert len({normalise(row["statement"]) for row in STATEMENTS}) == len(STATEMENTS)
    assert len({row["id"] for row in STATEMENTS}) == len(STATEMENTS)
    assert not any(normalise(row["statement"]) in normalise(row["context"]) for row in STATEMENTS if not row["supported"])


def test_length_does_not_tell_true_statements_from_false_ones() -> None:
    true, false = ([len(statement) for statement in statements] for statements in (TRUE, FALSE))
    assert abs(mean(true) - mean(false)) < 2 and abs(median(true) - median(false)) < 3
    pairs = [(a > b) - (a < b) for a in true for b in false]
    assert abs(mean(pairs)) < 0.1


@pytest.mark.parametrize(
    "words",
    [
        ("no", "ni", "nadie", "sin", "ningún", "ninguna", "nunca"),
        ("todo", "toda", "todos", "todas", "cualquier", "siempre", "solo"),
        tuple("0123456789"),
    ],
)
def test_no_sort_of_word_tells_true_statements_from_false_ones(words: Sequence[str]) -> None:
    def share(statements: list[str]) -> float:
        marks = re.compile(rf"(?<!\w)(?:{'|'.join(words)})")
        return sum(bool(marks.search(statement.lower())) for statement in statements) / len(statements)

    assert abs(share(TRUE) - share(FALSE)) < 0.1


def test_the_order_of_the_statements_tells_nothing() -> None:
    verdicts = [row["supported"] for row in STATEMENTS]
    same = sum(first == second for first, second in zip(verdicts, verdicts[1:], strict=False))
    assert 0.4 < same / len(verdicts) < 0.6
