"""Which questions lean on what was said before."""

import pytest

from assistant.history import needs_history, standalone
from assistant.types import Message

HISTORY = (
    Message("user", "¿Cuántos días de vacaciones tengo en Zaragoza?"),
    Message("assistant", "Tiene 23 días laborables [1]."),
)


@pytest.mark.parametrize(
    "question", ["¿Y en Bilbao?", "¿Cuándo se pide eso?", "And in Lisbon?", "What about it?", "¿Por qué?", "¿Hasta cuándo?"]
)
def test_follow_ups_need_history(question: str) -> None:
    assert needs_history(question)


@pytest.mark.parametrize(
    "question",
    [
        "¿Cuál es la dieta máxima por día en Portugal?",
        "How many days of remote work are allowed per week?",
        "¿Quién aprueba las compras de más de 10.000 euros?",
        "¿Qué temperatura máxima soporta el sensor MX-200?",
    ],
)
def test_complete_questions_do_not(question: str) -> None:
    assert not needs_history(question)


def test_a_follow_up_is_searched_with_the_question_it_refers_to() -> None:
    found = standalone("¿Y en Bilbao?", HISTORY, turns=3)
    assert found.search_text == "¿Cuántos días de vacaciones tengo en Zaragoza? ¿Y en Bilbao?"
    assert [message.text for message in found.earlier] == [HISTORY[0].text, "Tiene 23 días laborables."]


def test_a_complete_question_leaves_the_history_alone() -> None:
    question = "¿Quién aprueba las compras de más de 10.000 euros?"
    found = standalone(question, HISTORY, turns=3)
    assert (found.search_text, found.earlier) == (question, ())


def test_a_chain_of_follow_ups_goes_back_to_its_subject() -> None:
    history = (*HISTORY, Message("user", "¿Y en Bilbao?"), Message("assistant", "También 23."))
    assert standalone("¿Y eso por qué?", history, turns=3).search_text.startswith(HISTORY[0].text)


def test_no_turns_means_no_history() -> None:
    assert standalone("¿Y en Bilbao?", HISTORY, turns=0).search_text == "¿Y en Bilbao?"
