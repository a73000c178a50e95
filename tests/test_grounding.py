"""Verdicts: what must match, what may be paraphrased."""

import pytest

from assistant.context import Evidence, split_units
from assistant.grounding import Grounder
from tests.building import make_evidence, make_hit

EVIDENCE = [
    "La dieta completa en España es de 53,34 euros por día. El kilometraje se paga a 0,26 euros por kilómetro.",
    "El comité de seguridad se reúne el 12 de marzo de 2026 en Zaragoza. No se admiten invitados externos.",
]


def verdict(sentence: str, question: str = "¿Qué se dice de la dieta y del comité?") -> tuple[str, int]:
    best = Grounder(question, make_evidence(EVIDENCE)).judge(sentence)[0]
    return best.verdict, best.number


@pytest.mark.parametrize(
    ("sentence", "source"),
    [
        ("La dieta completa en España es de 53,34 euros por día.", 1),
        ("El kilometraje se paga a 0.26 euros.", 1),
        ("El comité de seguridad se reúne en Zaragoza el 12/03/2026.", 2),
        ("No se admiten invitados externos.", 2),
        ("53,34 euros", 1),
    ],
)
def test_what_the_evidence_says_is_supported_by_the_right_source(sentence: str, source: int) -> None:
    assert verdict(sentence) == ("supported", source)


@pytest.mark.parametrize(
    "sentence",
    [
        "La dieta completa en España es de 55 euros por día.",
        "El comité de seguridad se reúne el 13 de marzo de 2026 en Zaragoza.",
        "El comité de seguridad se reúne el 12 de abril de 2026 en Zaragoza.",
        "El comité de seguridad se reúne en Valencia.",
        "La empresa regala bicicletas a toda la plantilla.",
    ],
)
def test_another_number_date_or_name_is_unsupported(sentence: str) -> None:
    assert verdict(sentence)[0] == "unsupported"


def test_a_denial_that_the_source_does_not_make_is_not_supported() -> None:
    assert verdict("El kilometraje no se paga a 0,26 euros por kilómetro.")[0] != "supported"


def test_a_number_that_only_the_question_has_is_not_supported() -> None:
    sentence = "Sí, la dieta completa en España es de 80 euros por día."
    assert verdict(sentence, "¿Es la dieta completa en España de 80 euros?")[0] != "supported"


def test_the_figure_of_another_code_is_not_supported() -> None:
    evidence = make_evidence(["| DN300 | 254 m³/h | 83 kg |"])
    best = Grounder("What does the MF-500 DN15 weigh?", evidence).judge("The MF-500 DN15 weighs 83 kg.")[0]
    assert best.verdict != "supported"


def test_a_general_rule_supports_what_is_said_of_one_product() -> None:
    evidence = make_evidence(["The warranty of products is three years from delivery."])
    best = Grounder("How long is the warranty of the ML-80?", evidence).judge("The warranty of the ML-80 is three years.")[0]
    assert best.verdict == "supported"


def test_the_figure_of_another_year_is_not_supported() -> None:
    evidence = make_evidence(["En la tarifa de 2026 el MP-300 cuesta 538 euros."])
    best = Grounder("¿Qué precio tendrá el MP-300 en la tarifa de 2027?", evidence).judge("El MP-300 cuesta 538 euros.")[0]
    assert best.verdict != "supported"


def test_what_the_source_denies_is_not_supported() -> None:
    assert verdict("Se admiten invitados externos.")[0] != "supported"


def test_a_supported_source_comes_before_one_that_is_only_about_the_question() -> None:
    evidence = make_evidence(["El plazo de entrega del MX-200 es largo.", "Son 15 días laborables de plazo desde el pedido."])
    supports = Grounder("¿Cuál es el plazo de entrega del MX-200?", evidence).judge("Son 15 días laborables desde el pedido.")
    assert (supports[0].number, supports[0].verdict) == (2, "supported")


def test_what_only_repeats_the_question_weighs_little() -> None:
    question = "¿Cuánto cobra la dirección comercial de Lisboa?"
    assert verdict("La dirección comercial de Lisboa cobra 90.000 euros.", question)[0] == "unsupported"


def test_the_quote_is_the_sentence_that_says_it() -> None:
    best = Grounder("¿A cuánto se paga el kilometraje?", make_evidence(EVIDENCE)).judge("El kilometraje se paga a 0,26 euros.")[
        0
    ]
    assert best.quote == "El kilometraje se paga a 0,26 euros por kilómetro."


def test_a_source_about_something_else_supports_nothing() -> None:
    evidence = make_evidence(["El papel debe tener certificación forestal."])
    best = Grounder("¿Cómo se recicla el tóner?", evidence).judge("El tóner se recicla con certificación forestal.")[0]
    assert best.verdict != "supported"


def test_without_evidence_there_is_no_support() -> None:
    assert Grounder("¿Qué?", []).judge("Algo.") == []


def test_a_question_in_a_document_supports_nothing() -> None:
    asked = Grounder("¿Puedo pedir ya un anticipo?", make_evidence(["¿Puedo pedir ya un anticipo?"]))
    assert asked.judge("Sí, puedes pedir ya un anticipo.")[0].verdict != "supported"
    text = "¿Puedo pedir un anticipo? Sí, del 70 % del gasto del viaje."
    [best] = Grounder("¿Puedo pedir un anticipo?", make_evidence([text])).judge("Sí, un anticipo del 70 % del gasto.")
    assert best.quote == "Sí, del 70 % del gasto del viaje."


def test_a_figure_that_falls_into_a_range_of_the_row_is_said_by_it() -> None:
    question = "¿Qué descuento tiene quien compra 60.000 euros?"
    hit = make_hit("| De 50.000 a 149.999 euros | 29 % |", prefix="| Compra | Descuento |\n|---|---|\n", kind="table")
    evidence = [Evidence(1, hit, "Tarifa", "Compra: De 50.000 a 149.999 euros; Descuento: 29 %", tuple(split_units(hit)))]
    [best] = Grounder(question, evidence).judge("Quien compra 60.000 euros tiene un descuento del 29 %.")
    assert best.verdict == "supported"


def test_of_two_rows_with_the_figure_the_small_words_choose() -> None:
    rows = "Dieta sin pernocta: Portugal 36 euros, Europa 50 euros. Dieta con pernocta: Portugal 50 euros, Europa 70 euros."
    grounder = Grounder("¿Qué dieta hay en Portugal?", make_evidence([rows]))
    for word in ("con", "sin"):
        assert f"Dieta {word} pernocta" in grounder.judge(f"En Portugal, la dieta {word} pernocta es de 50 euros.")[0].quote
