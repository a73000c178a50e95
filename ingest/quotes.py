"""Where a quote stands in a page's text, whatever became of its spaces, line breaks, hyphens and ligatures."""

from __future__ import annotations

import unicodedata
from collections.abc import Sequence

LEAST = 14
"""Letters that a part of a quote must have to be marked by itself: about three words, which hardly stand twice on a page."""

Span = tuple[int, int]


def letters(text: str) -> tuple[str, list[int]]:
    """The letters, digits and signs that count, and where each stands in the text."""
    found: list[str] = []
    places: list[int] = []
    for place, char in enumerate(text):
        for letter in _plain(char):
            found.append(letter)
            places.append(place)
    return "".join(found), places


def find_quote(quote: str, page: str, places: Sequence[int]) -> list[Span]:
    """Spans of the text that `page` and `places` were made of (see `letters`); of a quote that is there in parts, the parts."""
    wanted = letters(quote)[0]
    if not wanted or not page:
        return []
    spans: list[Span] = []
    at = after = 0
    while at < len(wanted):
        length = _longest(wanted, at, page)
        if length < min(LEAST, len(wanted)):
            at += 1
            continue
        piece = wanted[at : at + length]
        found = page.find(piece, after)
        found = found if found >= 0 else page.find(piece)
        spans.append((places[found], places[found + length - 1] + 1))
        at, after = at + length, found + length
    return spans


def _longest(wanted: str, at: int, page: str) -> int:
    """Length of the longest piece of `wanted` from `at` that the page holds; 0 when it is shorter than `LEAST`."""
    low, high = min(LEAST, len(wanted)), len(wanted) - at
    if high < low or wanted[at : at + low] not in page:
        return 0
    while low < high:
        middle = (low + high + 1) // 2
        low, high = (middle, high) if wanted[at : at + middle] in page else (low, middle - 1)
    return low


def _plain(char: str) -> str:
    """Without case, accents, spaces, hyphens and signs of tables; a ligature becomes its letters."""
    folded = unicodedata.normalize("NFKD", char).casefold()
    return "".join(
        letter for letter in folded if letter in "%&@" or (letter != "|" and unicodedata.category(letter)[0] in "LNS")
    )
