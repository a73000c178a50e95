"""The Spanish of what the program says in English: errors, findings, notes. They are made far from any page, for the command
line, the log and clients too, so that they are put into Spanish where a page shows them, by what they look like."""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import cache, lru_cache

from ui.web.language import PageLanguage
from ui.web.sentences import answering, checking, evaluating, ingesting, serving
from ui.web.sentences.details import DETAILS

BOOKS = (ingesting, answering, evaluating, serving, checking)
QUOTED = re.compile(r"'([^']*)'|\"([^\"]*)\"")
"""A name as `repr` writes it."""
LONGEST = 1000
"""Characters; no sentence of the program comes near it."""
DEPTH = 4
"""Sentences within sentences."""
MOST_PHRASES = 12


def in_language(sentence: str, language: PageLanguage) -> str:
    """The sentence for a page; what has no Spanish, say what a server answered, stays as it is."""
    return sentence if language == "en" else spanish(sentence)


def spanish(sentence: str) -> str:
    """Parts of a sentence may be what people sent: what is very long or deep stays as it is."""
    return _translated(sentence, DEPTH)[1] if len(sentence) <= LONGEST else sentence


def detail_in_spanish(detail: str) -> str:
    """What a line of the audit log says besides action and subject."""
    for english, told in DETAILS.items():
        if (parts := _filled(english.split("{}"), detail)) is not None:
            return told.format(*parts)
    return detail


@lru_cache(maxsize=1000)
def _translated(sentence: str, depth: int) -> tuple[int, str]:
    """How many characters of the sentence are known, and its Spanish."""
    for pieces, told in _templates() if depth else ():
        if (parts := _filled(pieces, sentence)) is not None:
            return _known(pieces), told.format(*(_part(part, depth - 1) for part in parts))
    return 0, sentence


@cache
def _templates() -> list[tuple[Sequence[str], str]]:
    """The fixed pieces of the English, and the Spanish; those that say most of a sentence themselves come first."""
    told = {english: text for book in BOOKS for english, text in (book.SENTENCES | book.FRAGMENTS).items()}
    templates = [(english.split("{}"), text) for english, text in told.items()]
    return sorted(templates, key=lambda template: _known(template[0]), reverse=True)


def _known(pieces: Sequence[str]) -> int:
    return sum(map(len, pieces))


def _filled(pieces: Sequence[str], sentence: str) -> list[str] | None:
    """What stands between the pieces, each time as little as can be; None when the sentence does not consist of them."""
    first, *others = pieces
    if not sentence.startswith(first) or not sentence.endswith(pieces[-1]):
        return None
    parts, at = [], len(first)
    for piece in others[:-1]:
        if (found := sentence.find(piece, at)) < 0:
            return None
        parts.append(sentence[at:found])
        at = found + len(piece)
    end = len(sentence) - len(pieces[-1])
    if others:
        parts.append(sentence[at:end])
    return parts if (at <= end if others else sentence == first) else None


def _part(text: str, depth: int) -> str:
    """What a sentence is filled with: a name, a figure, a phrase, or other sentences without their full stop."""
    if quoted := QUOTED.fullmatch(text):
        return f"«{quoted[1] or quoted[2] or ''}»"
    phrases = text.split("; ")
    return "; ".join(_phrase(phrase, depth) for phrase in phrases) if len(phrases) <= MOST_PHRASES else text


def _phrase(text: str, depth: int) -> str:
    known, told = _translated(text, depth)
    better, sentence = _translated(f"{text}.", depth)
    return sentence.removesuffix(".") if better > known else told
