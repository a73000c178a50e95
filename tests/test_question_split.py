"""Both parts of a split set are alike, and the same seed gives the same split."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from eval.question_split import split_questions, stratum
from eval.questions import Question, load_questions

MIDAS = load_questions(Path(__file__).parents[1] / "corpora" / "midas" / "questions.jsonl")

SETS = st.lists(
    st.tuples(st.sampled_from(["es", "en"]), st.booleans(), st.sampled_from([(), ("table",), ("fact", "number")])), max_size=60
)


def questions(kinds: list[tuple[str, bool, tuple[str, ...]]]) -> list[Question]:
    return [
        Question(id=f"q{number}", question="?", language=language, answerable=answerable, tags=tags)
        for number, (language, answerable, tags) in enumerate(kinds)
    ]


@given(SETS, st.sampled_from([0.0, 0.2, 1 / 3, 0.5, 0.75, 1.0]), st.integers(0, 5))
def test_each_stratum_is_divided_to_within_one_question(
    kinds: list[tuple[str, bool, tuple[str, ...]]], share: float, seed: int
) -> None:
    asked = questions(kinds)
    divided = split_questions(asked, share, seed)
    assert [question.model_copy(update={"split": None}) for question in divided] == asked
    sizes = Counter(stratum(question) for question in divided)
    taken = Counter(stratum(question) for question in divided if question.split == "calibration")
    assert all(abs(taken[key] - size * share) < 1 + 1e-3 * size for key, size in sizes.items())
    assert abs(taken.total() - len(asked) * share) < 1 + 1e-3 * len(asked)


def test_the_same_seed_gives_the_same_split_and_another_seed_another() -> None:
    first = split_questions(MIDAS, 0.5, seed=1)
    assert split_questions(MIDAS, 0.5, seed=1) == first
    assert split_questions(MIDAS, 0.5, seed=2) != first


def test_the_order_of_the_file_does_not_matter() -> None:
    forwards = {question.id: question.split for question in split_questions(MIDAS, 0.3)}
    backwards = {question.id: question.split for question in split_questions(MIDAS[::-1], 0.3)}
    assert forwards == backwards


@pytest.mark.parametrize("tag", ["fact", "table", "date", "near-miss", "version", "follow-up"])
def test_tags_are_in_both_parts_in_about_the_same_share(tag: str) -> None:
    sizes = Counter(question.split for question in split_questions(MIDAS, 0.5) if tag in question.tags)
    assert min(sizes.values()) >= 0.3 * sizes.total()
