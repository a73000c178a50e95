"""Words of a text as search terms: one analysis for the full-text index and for the questions put to it.

A term holds only letters and digits, so that any full-text tokenizer keeps it whole. Accents never matter: a word is
folded before and after stemming, so `politica` finds `política` and `ano` finds `año`.
"""

from __future__ import annotations

import re
import threading
import unicodedata
from collections.abc import Iterable
from functools import lru_cache
from typing import TYPE_CHECKING

import Stemmer  # type: ignore[import-not-found]

if TYPE_CHECKING:
    from py3langid.langid import LanguageIdentifier  # type: ignore[import-untyped]

LONGEST_TERM = 40
"""Characters of a term; what is longer (encoded data, broken extraction) is cut."""

_SAMPLE_CHARS = 4_000
_LANGUAGES = ("es", "en", "ca", "de", "fr", "it", "pt")
_CERTAIN = 0.7
"""Probability from which a third language is believed against Spanish and English."""

_SPANISH = """
a al algo alguien algun alguna algunas alguno algunos ante antes aquel aquella aquellas aquello aquellos aqui asi aun
aunque bajo bien cada como con contra cual cuales cualquier cuando cuanta cuantas cuanto cuantos cuya cuyas cuyo cuyos
de debe deben del desde donde durante e el ella ellas ello ellos en entonces entre era eran eres es esa esas ese eso
esos esta estaba estaban estamos estan estar estas este esto estos estoy favor fue fueron gracias ha habia habian han
hasta hay he hemos hola hoy incluso la las le les lo los mas me mediante mi mis misma mismas mismo mismos mucha muchas
mucho muchos muy nada ni ninguna ninguno no nos nosotros nuestra nuestras nuestro nuestros o os otra otras otro otros
para pero poca poco pocos por porque pues puede pueden que quien quienes se sea sean segun ser si sido sin sino sobre
somos son soy su sus tal tales tambien tampoco tan tanta tanto te tenemos tener tengo ti tiene tienen toda todas todo
todos tras tu tus u un una unas uno unos usted ustedes vosotros y ya yo
"""
_ENGLISH = """
a about above after again against all also am an and any are as at be because been before being below between both but
by can could did do does doing down during each few for from further had has have having he hello her here hers hi him
his how i if in into is it its itself just many me more most much must my no nor not now of off on only or other our
ours out over own per please same she should so some such than thanks that the their theirs them then there these they
this those through to too under until up upon us very was we were what when where whether which while who whom whose why
will with would you your yours
"""
_STOP_WORDS = {"es": frozenset(_SPANISH.split()), "en": frozenset(_ENGLISH.split())}
_EITHER_STOP = _STOP_WORDS["es"] | _STOP_WORDS["en"]
_STEMMED = {"es": "spanish", "en": "english"}

_WORD = re.compile(r"\d+(?:[.,]\d+)+|\w+(?:[-/]\w+)*")
_NOT_WORDS = re.compile(r"[ºª°]|(?<=\w)['’]s\b", re.IGNORECASE)
_SPACED_THOUSANDS = re.compile(r"(?<=\d)[\u00a0\u202f](?=\d{3}(?!\d))")
_THOUSANDS = re.compile(r"[1-9]\d{0,2}([.,])\d{3}(?:\1\d{3})*(?:(?!\1)[.,]\d+)?")
_DECIMAL = re.compile(r"\d+[.,]\d+")
_PIECE = re.compile(r"\d+|[^\W\d_]+")


def fold(text: str) -> str:
    """Lower case without accents (`ñ` becomes `n`), for matching."""
    if text.isascii():
        return text.lower()
    decomposed = unicodedata.normalize("NFKD", text.casefold())
    return "".join(char for char in decomposed if not unicodedata.combining(char))


def index_terms(text: str, language: str) -> list[str]:
    """Terms of a passage, repeated as they occur. Stop words are off and words stemmed for `es` and `en`."""
    words = _words(text)
    return [term for word in words for term in _word_terms(word, language)]


def query_terms(text: str) -> list[str]:
    """Terms of a question without repetition: both languages' stems, stop words of both off.

    A question of nothing but stop words keeps them, so the result is empty only when the text has no word.
    """
    words = _words(text)
    telling = [word for word in words if word not in _EITHER_STOP] or words
    return _unique(term for word in telling for language in _STEMMED for term in _stems(word, language))


def content_words(text: str) -> list[str]:
    """Folded words of a text that are stop words in neither language, unstemmed, repeated as they occur."""
    return [word for word in _words(text) if word not in _EITHER_STOP]


def is_stop_word(word: str) -> bool:
    """Whether the word says nothing by itself in Spanish or English."""
    return fold(word) in _EITHER_STOP


@lru_cache(maxsize=256)
def detect_language(text: str, default: str = "es") -> str:
    """ISO 639-1 code of the text's language; `default` when nothing in it tells (numbers, codes, no letters)."""
    sample = text[:_SAMPLE_CHARS]
    words = set(_words(sample))
    spanish, english = (len(words & (_STOP_WORDS[code] - _STOP_WORDS[other])) for code, other in (("es", "en"), ("en", "es")))
    ranked = _rank_languages(sample)
    best, probability = ranked[0]
    if best not in _STEMMED and probability >= _CERTAIN and len(words) > 3:
        return best
    if spanish != english:
        return "es" if spanish > english else "en"
    scores = dict(ranked)
    return default if scores["es"] == scores["en"] else max(_STEMMED, key=scores.__getitem__)


def _words(text: str) -> list[str]:
    """Folded words and numbers; ordinal signs and the English possessive are not part of a word."""
    return _WORD.findall(fold(_NOT_WORDS.sub(" ", _SPACED_THOUSANDS.sub("", text))))


def _unique(terms: Iterable[str]) -> list[str]:
    return list(dict.fromkeys(terms))


def _word_terms(word: str, language: str) -> tuple[str, ...]:
    return () if word in _STOP_WORDS.get(language, ()) else _stems(word, language)


@lru_cache(maxsize=8192)
def _stems(word: str, language: str) -> tuple[str, ...]:
    """Terms of one folded word: a number in one spelling, a code whole and in parts, else the stem."""
    word = word[: 4 * LONGEST_TERM]
    if word[0].isdigit() and (number := _number(word)):
        return (number,)
    pieces = _PIECE.findall(word)
    if len(pieces) == 1:
        return (_stem(pieces[0], language),)
    parts = tuple(_stem(piece, language) for piece in pieces)
    whole = "".join(pieces)
    return parts if whole.isdigit() or not parts else (whole[:LONGEST_TERM], *parts)


def _number(word: str) -> str:
    """`1.250,50`, `1,250.50` and `1250,5` are all `1250d5`; dates and versions are not one number: empty."""
    if grouped := _THOUSANDS.fullmatch(word):
        word = word.replace(grouped[1], "")
    if word.isdigit():
        return _whole_number(word)
    if not _DECIMAL.fullmatch(word):
        return ""
    whole, fraction = re.split("[.,]", word)
    fraction = fraction.rstrip("0")
    return (_whole_number(whole) + (f"d{fraction}" if fraction else ""))[:LONGEST_TERM]


def _whole_number(digits: str) -> str:
    return (digits.lstrip("0") or "0")[:LONGEST_TERM]


def _stem(piece: str, language: str) -> str:
    if piece.isdigit():
        return _whole_number(piece)
    if language not in _STEMMED:
        return piece[:LONGEST_TERM]
    word = piece[:LONGEST_TERM]
    return _spanish_stem(word) if language == "es" else fold(_stemmers.of[language].stemWord(word))


def _spanish_stem(word: str) -> str:
    """Snowball's stem of a folded word; helped where it needs the accent (`-ción`) or overlooks a short plural (`dias`)."""
    stem = fold(_stemmers.of["es"].stemWord(f"{word[:-2]}ón" if word.endswith(("cion", "sion")) else word))
    return stem[:-1] if len(stem) > 3 and stem.endswith(("as", "os")) else stem


class _Stemmers(threading.local):
    """One set of stemmers a thread: they are not safe to share."""

    def __init__(self) -> None:
        self.of = {code: Stemmer.Stemmer(name) for code, name in _STEMMED.items()}


_stemmers = _Stemmers()


@lru_cache(maxsize=1)
def _identifier() -> LanguageIdentifier:
    from py3langid.langid import MODEL_FILE, LanguageIdentifier  # a second to load, and only ingestion and questions need it

    identifier = LanguageIdentifier.from_model_file(MODEL_FILE, norm_probs=True)
    identifier.set_languages(_LANGUAGES)
    return identifier


def _rank_languages(text: str) -> list[tuple[str, float]]:
    return [(str(code), float(probability)) for code, probability in _identifier().rank(text)]
