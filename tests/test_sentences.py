"""Sentence boundaries."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingest.sentences import line_spans, sentence_spans


def _sentences(text: str) -> list[str]:
    return [text[start:end] for start, end in sentence_spans(text)]


@pytest.mark.parametrize(
    "text",
    [
        "El Sr. Pérez (art. 5 del Estatuto) cobró 1.250,50 €.|La Dra. Gil no.|¿Cuándo?|Mañana.",
        "EE. UU. firmó.|Véase p. ej. el núm. 7.|Fin.",
        "Midas S.A. presentó cuentas.|El consejo aprobó.|Vive en EE. UU.|La sede está en C. Mayor 3.",
        "J. R. R. Tolkien escribió.|El 1.º de mayo.|Véase http://a.es/x.y?z=1.|Otro.",
        "See e.g. Smith et al. (2019).|Mr. Brown paid $3.5.|It ends at 5 p.m.|The end!",
        "No. 5 is alive.|I said no.|He left.",
        "El plazo es de 10 min.|El resto, etc.|Además, 15 ene. 2024.|Fin.",
        "«¿Vale?» preguntó.|«Sí.»|Y se fue...|Luego volvió.",
        "Plan B.|El otro.",
    ],
)
def test_sentences(text: str) -> None:
    assert _sentences(text.replace("|", " ")) == text.split("|")


def test_lists_tables_and_fields_are_cut_at_their_lines() -> None:
    text = "1. Introducción\n2. Objeto\n- uno\n- dos\nnombre: Ana\nprecio: 3,5 €\n| a | b. C |\n|---|---|\n| 1 | 2 |"
    assert _sentences(text) == text.split("\n")
    assert [text[start:end] for start, end in line_spans(text)] == text.split("\n")


def test_a_wrapped_line_goes_on() -> None:
    first = "La política de viajes de la empresa se aplica a los empleados de\nMidas Industrial y sus filiales."
    assert _sentences(f"{first} Rige\ndesde enero.") == [first, "Rige\ndesde enero."]


def test_paragraphs_are_cut() -> None:
    assert _sentences("Título\n\ncuerpo sin punto\n\nfin") == ["Título", "cuerpo sin punto", "fin"]


@given(st.text(alphabet=st.sampled_from("aA1.,!?¿ \n|-:()\"'…Sr")))
def test_every_character_is_in_exactly_one_sentence(text: str) -> None:
    spans = sentence_spans(text)
    assert all(first[1] <= second[0] for first, second in zip(spans, spans[1:], strict=False))
    assert "".join("".join(text[start:end].split()) for start, end in spans) == "".join(text.split())
    assert all(start < end and text[start:end] == text[start:end].strip() for start, end in spans)


@pytest.mark.parametrize("unit", [".", "a", " ", "\n", ".)", "| a ", "(\"'"])
def test_long_lines_without_sentences(unit: str) -> None:
    assert len(sentence_spans(unit * 500_000)) <= 1
