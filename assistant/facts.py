"""What a sentence claims, as sets that can be compared: numbers, names and the stems of its words.

Two spellings of one thing give the same terms: `1.250,50` and `1250.5`, `15 de enero` and `15/01`, `doce` and `12`, `€` and
`euros`.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache
from itertools import pairwise

from ingest.text import fold, is_stop_word, query_terms

_NUMBER_WORDS = {
    word: str(number)
    for number, words in enumerate(
        """
        cero zero|uno one|dos two|tres three|cuatro four|cinco five|seis six|siete seven|ocho eight|nueve nine|diez ten
        |once eleven|doce twelve|trece thirteen|catorce fourteen|quince fifteen|dieciseis sixteen|diecisiete seventeen
        |dieciocho eighteen|diecinueve nineteen|veinte twenty
        """.split("|")
    )
    for word in words.split()
}
_MONTHS = {
    word: number
    for number, words in enumerate(
        """
        enero january|febrero february|marzo march|abril april|mayo may|junio june|julio july|agosto august
        |septiembre setiembre september|octubre october|noviembre november|diciembre december
        """.split("|"),
        start=1,
    )
    for word in words.split()
}
_UNITS = {
    word: unit
    for unit, words in {
        "eur": "euro euros",
        "m": "metro metros metre metres meter meters",
        "km": "kilometro kilometros kilometre kilometres kilometer kilometers",
        "mm": "milimetro milimetros millimetre millimetres millimeter millimeters",
        "kg": "kilo kilos kilogramo kilogramos kilogram kilograms",
        "h": "hora horas hour hours",
        "min": "minuto minutos minute minutes",
    }.items()
    for word in words.split()
}
_FIGURE_OR_WORD = re.compile(r"\d+(?:[.,]\d+)*|[^\W_]+(?:-[^\W_]+)*|€")
_NUMBER_TERM = re.compile(r"\d+(?:d\d+)?")
_ISO_DATE = re.compile(r"\b(\d{4})-(\d{2})-(\d{2})\b")
_DAY_FIRST_DATE = re.compile(r"\b(\d{1,2})[/.](\d{1,2})[/.](\d{4})\b")
_WORD = re.compile(r"\d+(?:[.,]\d+)+|[^\W_]+(?:[-/][^\W_]+)*")
_ORDINAL_ENGLISH = re.compile(r"\b(\d+)(?:st|nd|rd|th)\b", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Facts:
    """Terms of a text: `numbers` and `names` must match for a claim to hold, `words` may be paraphrased."""

    numbers: frozenset[str]
    names: frozenset[str]
    words: frozenset[str]

    @property
    def all(self) -> frozenset[str]:
        return self.numbers | self.names | self.words


@lru_cache(maxsize=4096)
def facts_of(text: str) -> Facts:
    """The facts of a sentence or passage. A word in capitals that does not begin a sentence counts as a name."""
    text = _plain_dates(text).replace("€", " eur ")
    numbers: set[str] = set()
    names: set[str] = set()
    words: set[str] = set()
    for match in _WORD.finditer(text):
        word = match[0]
        folded = fold(word)
        if folded in _UNITS:
            words.add(_UNITS[folded])
            continue
        if folded in _NUMBER_WORDS:
            words.add(_NUMBER_WORDS[folded])
            continue
        if folded in _MONTHS and not (folded == "may" and word.islower()):
            numbers.add(f"month{_MONTHS[folded]}")
            continue
        terms = _terms(word)
        digits = set() if any(char.isalpha() for char in word) else {term for term in terms if term[0].isdigit()}
        numbers |= digits
        (names if _is_name(text, match) else words).update(terms - digits)
    return Facts(frozenset(numbers), frozenset(names), frozenset(words - names))


def figures_of(text: str) -> list[tuple[float, frozenset[str]]]:
    """The numbers of a text, in digits or in words, each with the terms of the word behind it: its unit. Years are left out."""
    words = _FIGURE_OR_WORD.findall(text)
    found = ((number_of(_NUMBER_WORDS.get(fold(word), word)), after) for word, after in pairwise([*words, ""]))
    return [(value, terms_of(unit)) for value, unit in found if value == value and not _is_year(value)]


def _is_year(value: float) -> bool:
    return 1900 <= value <= 2100 and value.is_integer()


def number_of(word: str) -> float:
    """What a number is worth in either spelling: `1.250,50` and `1,250.50` are 1250.5; NaN when it is no number."""
    value = next(map(_value, query_terms(word)), None)
    return float("nan") if value is None else value


def _value(term: str) -> float | None:
    return float(term.replace("d", ".")) if _NUMBER_TERM.fullmatch(term) else None


def terms_of(text: str) -> frozenset[str]:
    """Every term of the text: what a claim is looked up in."""
    return facts_of(text).all


@lru_cache(maxsize=4096)
def _terms(word: str) -> frozenset[str]:
    """Stems of one word in both languages; nothing for a stop word."""
    return frozenset() if is_stop_word(word) else frozenset(query_terms(word))


def _is_name(text: str, match: re.Match[str]) -> bool:
    word = match[0]
    if any(char.isdigit() for char in word):
        return True
    if len(word) > 1 and word.isupper():
        return True
    return word[0].isupper() and not _begins_sentence(text, match.start())


def _begins_sentence(text: str, start: int) -> bool:
    before = text[:start].rstrip(" \t\"'«“‘([¿¡*|-")
    return not before or before[-1] in ".!?…:\n"


def _plain_dates(text: str) -> str:
    """Numeric dates with the month as a word, ordinals without their ending: one spelling of each."""
    month_names = {number: word for word, number in reversed(_MONTHS.items())}

    def spelled(year: str, month: str, day: str) -> str:
        name = month_names.get(int(month))
        return f"{int(day)} {name} {year}" if name else f"{day} {month} {year}"

    text = _ISO_DATE.sub(lambda found: spelled(found[1], found[2], found[3]), text)
    text = _DAY_FIRST_DATE.sub(lambda found: spelled(found[3], found[2], found[1]), text)
    return _ORDINAL_ENGLISH.sub(r"\1", text)


def weigh(terms: Iterable[str], facts: Facts, discounted: frozenset[str]) -> float:
    """Weight of a claim's terms: a number counts double, a name one and a half, what the question already said a quarter."""
    total = 0.0
    for term in terms:
        weight = 2.0 if term in facts.numbers else 1.5 if term in facts.names else 1.0
        total += weight * (0.25 if term in discounted else 1.0)
    return total
