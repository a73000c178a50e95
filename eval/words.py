"""The words of a text as SQuAD compares them: lower case, without punctuation and articles; here without accents, too."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence

from eval.facts import CITATION, normalise

_WORD = re.compile(r"\d+(?:[.:/]\d+)*|[^\W_]+")
ARTICLES = {
    "es": frozenset("el la los las un una unos unas".split()),
    "en": frozenset("a an the".split()),
}
"""As in Lewis et al. 2020, MLQA: Evaluating cross-lingual extractive question answering."""


def words(text: str) -> list[str]:
    """The words in order, in the normal form of `eval.facts`; `1.234,50` is one word, the numbers of citations are none."""
    return _WORD.findall(normalise(CITATION.sub(" ", text)))


def telling_words(text: str, language: str) -> list[str]:
    """The words without the articles of the language; all of them where nothing else is left."""
    found = words(text)
    articles = ARTICLES.get(language, frozenset())
    return [word for word in found if word not in articles] or found


def says(text: str, quote: str) -> bool:
    """Whether the words of the quote stand in the text, in this order and next to each other."""
    return stand_in(words(quote), words(text))


def stand_in(quote: Sequence[str], text: Sequence[str]) -> bool:
    """Whether the one list of words is a run of the other; no words stand nowhere."""
    return bool(quote) and f" {' '.join(quote)} " in f" {' '.join(text)} "


def holds_words(text: str, quote: str) -> bool:
    """Whether every word of the quote is in the text, wherever it stands."""
    return bool(quote_words := words(quote)) and set(quote_words) <= set(words(text))


def token_f1(answer: Sequence[str], reference: Sequence[str]) -> float:
    """Harmonic mean of the shares of shared words in both, repeated words counted as often as they occur; in [0, 1]."""
    shared = (Counter(answer) & Counter(reference)).total()
    return 2 * shared / (len(answer) + len(reference)) if shared else 0.0
