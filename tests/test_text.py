"""Terms of passages and questions, and language detection."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingest.text import LONGEST_TERM, content_words, detect_language, fold, index_terms, is_stop_word, query_terms


@pytest.mark.parametrize(
    ("first", "second"),
    [
        ("política", "politicas"),
        ("aprobación", "aprobaciones"),
        ("aprobacion", "aprobado"),
        ("año", "anos"),
        ("día", "dias"),
        ("reunión", "REUNIONES"),
        ("vacación", "vacaciones"),
    ],
)
def test_forms_of_a_spanish_word_are_one_term_with_or_without_accents(first: str, second: str) -> None:
    assert index_terms(first, "es") == index_terms(second, "es")
    assert set(index_terms(first, "es")) <= set(query_terms(second))


@pytest.mark.parametrize("number", ["1.250,50", "1250,50", "1,250.50", "1250.5", "1\u00a0250,50"])
def test_spellings_of_a_number_are_one_term(number: str) -> None:
    assert index_terms(number, "es") == index_terms(number, "en") == query_terms(number) == ["1250d5"]


@pytest.mark.parametrize(
    ("number", "term"), [("1.250", "1250"), ("12,00", "12"), ("0,5", "0d5"), ("1.234.567,89", "1234567d89")]
)
def test_thousands_and_decimals(number: str, term: str) -> None:
    assert index_terms(number, "es") == [term]


def test_dates_and_versions_are_not_one_number() -> None:
    assert index_terms("03/04/2024", "es") == ["3", "4", "2024"]
    assert index_terms("3.2.1", "es") == ["3", "2", "1"]


@pytest.mark.parametrize("query", ["MX-200", "mx200", "MX 200"])
def test_codes_are_found_in_every_spelling(query: str) -> None:
    passage = set(index_terms("El caudalímetro MX-200 cumple ISO-9001.", "es"))
    assert {"mx200", "mx", "200", "iso9001", "iso", "9001"} <= passage
    assert set(query_terms(query)) <= passage


def test_stop_words_are_off_but_never_the_whole_question() -> None:
    assert query_terms("¿Cuántos días de vacaciones tengo?") == ["dia", "vacacion"]
    assert query_terms("¿Qué es?") == ["que", "es"]
    assert query_terms("¿...?") == []
    assert index_terms("the policy of the company", "en") == ["polici", "compani"]
    assert is_stop_word("Cuáles") and not is_stop_word("vacaciones")
    assert content_words("¿Qué política rige los viajes?") == ["politica", "rige", "viajes"]


def test_other_languages_are_indexed_unstemmed() -> None:
    assert index_terms("Geschäftsberichte", "de") == ["geschaftsberichte"]


@pytest.mark.parametrize(
    ("text", "language"),
    [
        ("La política de viajes de la empresa", "es"),
        ("What is the price of MX-200?", "en"),
        ("¿Cuál es el precio del MX-200?", "es"),
        ("hola", "es"),
        ("vacaciones", "es"),
        ("holidays", "en"),
        ("12 34", "es"),
        ("", "es"),
        ("O relatório da empresa foi aprovado na semana passada pelo conselho", "pt"),
        ("Le conseil de l'entreprise a approuvé le budget", "fr"),
    ],
)
def test_language(text: str, language: str) -> None:
    assert detect_language(text) == language


def test_the_default_language_decides_when_nothing_tells() -> None:
    assert detect_language("12 34", default="en") == "en"


@given(st.text())
def test_terms_are_whole_words_for_any_tokenizer(text: str) -> None:
    for term in (*index_terms(text, "es"), *index_terms(text, "en"), *query_terms(text)):
        assert term.isalnum() and 0 < len(term) <= LONGEST_TERM
        assert '"' not in term


@given(st.text())
def test_what_is_indexed_is_found_with_its_own_words(text: str) -> None:
    terms = set(index_terms(text, "es"))
    assert not terms or terms & set(query_terms(text))


def test_folding_takes_case_and_accents_off() -> None:
    assert fold("ÑANDÚ, Straße, ÀÉÎÕÜ") == "nandu, strasse, aeiou"
