"""When not to answer."""

import math
from dataclasses import dataclass

import pytest

from assistant.decline import (
    coverage,
    disowns,
    evidence_is_weak,
    is_certain,
    is_refusal,
    lacks_what_was_asked,
    model_refuses,
)
from assistant.generation import refusal_probability, yes_share
from tests.building import make_evidence, make_hit

REFUSAL = "No lo encuentro en los documentos."


@dataclass
class Token:
    token: str
    logprob: float


@pytest.mark.parametrize(
    "text",
    [
        "No lo encuentro en los documentos.",
        "no lo encuentro en los documentos",
        "Los fragmentos no indican el precio.",
        "No se menciona en los fragmentos.",
        "I can't find it in the documents.",
        "I cannot find that in the excerpts.",
    ],
)
def test_refusals_in_the_models_own_words(text: str) -> None:
    assert is_refusal(text, REFUSAL)


@pytest.mark.parametrize(
    "text",
    [
        "No se admiten invitados externos [1].",
        "No, hay que pedirlo antes.",
        "Norma ISO 9001.",
        "The documents are kept 5 years.",
    ],
)
def test_answers_that_are_not_refusals(text: str) -> None:
    assert not is_refusal(text, REFUSAL)


def test_the_first_token_tells_the_probability_of_a_refusal() -> None:
    tokens = [
        Token("No", math.log(0.2)),
        Token(" El", math.log(0.5)),
        Token("N", math.log(0.1)),
        Token("", 0.0),
        Token("Nota", -1),
    ]
    assert refusal_probability(tokens, REFUSAL) == pytest.approx(0.3)


def test_a_yes_or_no_question_is_not_declined_for_beginning_with_no() -> None:
    assert model_refuses("¿Cuánto cuesta el menú?", 0.5)
    assert not model_refuses("¿Puedo llevar invitados?", 0.5)
    assert not model_refuses("¿Cuánto cuesta el menú?", None)


def test_an_answer_is_disowned_the_sooner_the_more_likely_its_refusal_was() -> None:
    question = "¿Cuánto cuesta el menú?"
    assert not disowns(question, 0.01, 0.55) and disowns(question, 0.3, 0.55)
    assert disowns(question, 0.01, 0.3) and not disowns(question, 0.3, 0.7)
    assert not disowns(question, 0.3, None)


def test_a_yes_or_no_question_is_judged_by_the_approval_alone() -> None:
    for probability in (0.01, 0.9, None):
        assert disowns("¿Puedo llevar invitados?", probability, 0.4)
        assert not disowns("¿Puedo llevar invitados?", probability, 0.6)


def test_a_model_that_is_certain_is_not_asked_again() -> None:
    assert is_certain("¿Cuánto cuesta el menú?", 0.001)
    assert not is_certain("¿Cuánto cuesta el menú?", 0.1) and not is_certain("¿Cuánto cuesta el menú?", None)
    assert not is_certain("¿Puedo llevar invitados?", 0.001)


def test_the_share_of_yes_is_read_in_both_languages() -> None:
    tokens = [Token(" Sí", math.log(0.3)), Token("Yes", math.log(0.3)), Token("No", math.log(0.2)), Token("El", math.log(0.2))]
    assert yes_share(tokens) == pytest.approx(0.75)
    assert yes_share([Token("El", -1)]) is None and yes_share([]) is None


@pytest.mark.parametrize(
    ("question", "answer"),
    [
        ("¿Cuál es el teléfono de asistencia?", "El teléfono de asistencia está abierto 24 horas."),
        ("¿Cuánto cuesta el taxi?", "El taxi lo paga la empresa."),
        ("On which date is the open day?", "The open day is at the Zaragoza site."),
    ],
)
def test_a_figure_that_was_asked_for_must_be_there(question: str, answer: str) -> None:
    assert lacks_what_was_asked(question, answer)


@pytest.mark.parametrize(
    ("question", "answer"),
    [
        ("¿Cuánto cuesta el taxi?", "El taxi es gratis."),
        ("¿Cuántos días?", "Dos días por semana."),
        ("¿Cuál es el teléfono?", "Es el 976 555 010."),
        ("¿Quién paga el taxi?", "El taxi lo paga la empresa."),
        ("How many days?", "Three days."),
    ],
)
def test_an_answer_of_the_right_kind_is_enough(question: str, answer: str) -> None:
    assert not lacks_what_was_asked(question, answer)


def test_far_away_passages_are_weak_evidence() -> None:
    evidence = make_evidence(["El menú del día cuesta 6,20 euros."])
    far = [make_hit("El menú del día cuesta 6,20 euros.", dense=0.7)]
    assert evidence_is_weak("¿Quién ganó la liga de fútbol en Argentina?", far, evidence)
    assert not evidence_is_weak("¿Cuánto cuesta el menú del día?", far, evidence)
    assert evidence_is_weak("¿Cuánto cuesta?", [], [])


def test_coverage_counts_the_label_too() -> None:
    evidence = make_evidence(["Son 53 euros por día."])
    assert coverage("¿Cuántos euros por día, según la política de viajes?", evidence) == 1.0
    assert coverage("¿Cuántos euros por noche de hotel?", evidence) < 1.0
