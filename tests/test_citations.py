"""Markers: resolved, moved, added, dropped."""

from assistant.citations import cite, strip_markers
from assistant.grounding import Grounder
from tests.building import make_evidence

EVIDENCE = [
    "El menú del día cuesta 6,20 euros para la plantilla.",
    "La cafetería de Bilbao cierra los viernes por la tarde.",
]


def cited(written: str):
    evidence = make_evidence(EVIDENCE)
    return cite(written, evidence, Grounder("¿Qué se sabe del menú y de la cafetería?", evidence))


def test_a_sentence_without_a_number_gets_that_of_the_passage_that_says_it() -> None:
    result = cited("El menú del día cuesta 6,20 euros. La cafetería de Bilbao cierra los viernes.")
    assert result.text == "El menú del día cuesta 6,20 euros [1]. La cafetería de Bilbao cierra los viernes [2]."
    assert [(c.number, c.added) for c in result.citations] == [(1, True), (2, True)]
    assert [result.text[c.start : c.end] for c in result.citations] == [
        "El menú del día cuesta 6,20 euros [1].",
        "La cafetería de Bilbao cierra los viernes [2].",
    ]
    assert result.citations[0].quote == EVIDENCE[0]


def test_a_number_behind_the_full_stop_belongs_to_the_sentence_before() -> None:
    result = cited("El menú del día cuesta 6,20 euros. [1] La cafetería de Bilbao cierra los viernes. [2]")
    assert result.text == "El menú del día cuesta 6,20 euros [1]. La cafetería de Bilbao cierra los viernes [2]."
    assert not any(c.added for c in result.citations)


def test_an_invented_number_is_dropped_and_counted() -> None:
    result = cited("El menú del día cuesta 6,20 euros [7].")
    assert result.text == "El menú del día cuesta 6,20 euros [1]."
    assert result.dropped == 1


def test_a_wrong_number_gives_way_to_the_right_one() -> None:
    assert cited("El menú del día cuesta 6,20 euros [2].").text == "El menú del día cuesta 6,20 euros [1]."


def test_an_unsupported_sentence_has_no_citation_and_says_why() -> None:
    result = cited("El menú del día cuesta 9 euros [1].")
    assert result.text == "El menú del día cuesta 9 euros."
    assert result.citations == ()
    assert result.sentences[0].verdict == "unsupported"
    assert "9" in result.sentences[0].why
    assert not result.supported


def test_several_numbers_behind_the_full_stop() -> None:
    result = cited("El menú del día cuesta 6,20 euros. [1, 9]")
    assert (result.text, result.dropped) == ("El menú del día cuesta 6,20 euros [1].", 1)


def test_paragraphs_stay_paragraphs() -> None:
    result = cited("El menú del día cuesta 6,20 euros.\n\n\nLa cafetería de Bilbao cierra los viernes.")
    assert result.text == "El menú del día cuesta 6,20 euros [1].\n\nLa cafetería de Bilbao cierra los viernes [2]."


def test_lines_stay_lines() -> None:
    result = cited("- El menú del día cuesta 6,20 euros\n- La cafetería de Bilbao cierra los viernes")
    assert result.text == "- El menú del día cuesta 6,20 euros [1]\n- La cafetería de Bilbao cierra los viernes [2]"


def test_several_numbers_in_one_bracket() -> None:
    result = cited("El menú del día cuesta 6,20 euros [1, 2].")
    assert [c.number for c in result.citations] == [1]


def test_a_year_in_brackets_of_prose_is_not_a_marker() -> None:
    assert strip_markers("Según [1] la norma [ISO] de (2024).") == "Según la norma [ISO] de (2024)."


def test_nothing_but_a_number_is_no_answer() -> None:
    assert cited("[1]").text == ""
