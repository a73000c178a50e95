"""Words as they are compared: Spanish and English, with accents, articles, numbers and citations out of the way."""

from __future__ import annotations

import pytest

from eval.words import holds_words, says, telling_words, token_f1, words


@pytest.mark.parametrize(
    ("text", "language", "expected"),
    [
        ("¿Cuántos días? ¡24!", "es", ["cuantos", "dias", "24"]),
        ("El plazo de la garantía [2].", "es", ["plazo", "de", "garantia"]),
        ("The warranty of a pump", "en", ["warranty", "of", "pump"]),
        ("la bomba", "en", ["la", "bomba"]),
        ("1.234,50 €; 1,234.50 EUR", "es", ["1234.5", "1234.5", "eur"]),
        ("a las 12:30 del 05/03/2026", "es", ["a", "12:30", "del", "05/03/2026"]),
        ("PR-07 y señal_de_paro", "es", ["pr", "07", "y", "senal", "de", "paro"]),
        ("La.", "es", ["la"]),
        ("¡!", "es", []),
    ],
)
def test_the_words_that_tell_something(text: str, language: str, expected: list[str]) -> None:
    assert telling_words(text, language) == expected


def test_the_sign_of_a_currency_is_no_word() -> None:
    assert words("35 €") == ["35"]


@pytest.mark.parametrize(
    ("text", "quote", "said"),
    [
        ("| Zona | Media dieta |\n| --- | --- |\n| Francia | **35,00 €** |", "Francia | 35,00 €", True),
        ("Son 24 días\nlaborables.", "24 DIAS laborables", True),
        ("Son 240 días.", "24", False),
        ("Son 24.5 días.", "24", False),
        ("días laborables: 24", "24 días", False),
        ("Cualquier cosa", "…", False),
    ],
)
def test_a_quote_is_said_when_its_words_stand_together(text: str, quote: str, said: bool) -> None:
    assert says(text, quote) is said


def test_the_words_of_a_quote_may_stand_apart() -> None:
    assert holds_words("dieta: 35 € · zona: Francia", "Francia | 35,00 €")
    assert not holds_words("zona: Francia", "Francia | 35,00 €")
    assert not holds_words("zona: Francia", "—")


@pytest.mark.parametrize(
    ("answer", "reference", "f1"),
    [
        ("a b", "a b", 1.0),
        ("a b c d", "a b", 2 / 3),
        ("a a", "a", 2 / 3),
        ("a", "a a", 2 / 3),
        ("c", "a b", 0.0),
        ("", "a", 0.0),
    ],
)
def test_f1_counts_repeated_words_as_often_as_they_occur(answer: str, reference: str, f1: float) -> None:
    assert token_f1(answer.split(), reference.split()) == pytest.approx(f1)
