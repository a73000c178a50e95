"""Numbers, names and words of a claim, whatever their spelling."""

import pytest

from assistant.facts import facts_of, terms_of


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
