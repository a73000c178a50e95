"""Numbers, names and words of a claim, whatever their spelling."""

import pytest

from assistant.facts import facts_of, figures_of, terms_of


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("1.250,50 euros", "1,250.50 euros"),
        ("el 15 de enero de 2026", "2026-01-15"),
        ("el 15 de enero de 2026", "15/01/2026"),
        ("March 3, 2025", "3 de marzo de 2025"),
        ("the 3rd of May 2025", "3/5/2025"),
    ],
)
def test_two_spellings_of_a_number_or_date_are_one(one: str, other: str) -> None:
    assert facts_of(one).numbers == facts_of(other).numbers


def test_number_words_are_found_as_digits() -> None:
    assert terms_of("doce carretillas") == terms_of("12 carretillas")


def test_a_capital_in_the_middle_is_a_name_and_at_the_start_is_not() -> None:
    facts = facts_of("Reservas con la agencia en Zaragoza. Hoteles de Bilbao.")
    assert "zaragoz" in facts.names and "bilba" in facts.names
    assert not any(name.startswith(("reserv", "hotel")) for name in facts.names)


def test_codes_and_acronyms_are_names() -> None:
    facts = facts_of("El sensor MX-200 cumple con la norma ISO 9001.")
    assert {"mx200", "iso"} <= facts.names
    assert "9001" in facts.numbers


def test_stop_words_are_no_facts() -> None:
    assert not terms_of("de la que y the of")


@pytest.mark.parametrize(("one", "other"), [("75 metros", "75 m"), ("5.120 euros", "5120 €"), ("24 hours", "24 h")])
def test_a_unit_is_the_same_in_words_and_as_a_symbol(one: str, other: str) -> None:
    assert terms_of(one) == terms_of(other)


def test_a_letter_of_a_code_is_no_unit() -> None:
    assert "m5" in terms_of("El modelo M-5")


def test_figures_are_read_in_digits_and_words_and_years_are_none() -> None:
    text = "En 2026 compro 1.250,50 € y doce piezas del MX-200"
    assert figures_of(text) == [(1250.5, terms_of("euros")), (12, terms_of("piezas"))]
