"""Where sentences begin and end, by rules for Spanish and English: no model, linear time on any text."""

from __future__ import annotations

import re
from collections.abc import Iterator

from ingest.text import fold, is_stop_word

Span = tuple[int, int]

_BOUNDARY = re.compile(r"(?<![.!?…])[.!?…]++[)\]\"'»”’*_]*+(?=\s)|\n\s*+")
_NEXT = re.compile(r"\s*+([\"'«“‘(\[¿¡*_]*+)(\w*+)")
_LAST_WORD = re.compile(r"[^\s(\[\"'«“‘¿¡/]*\Z")
_ENUMERATOR = re.compile(r"(?:\d{1,3}(?:\.\d{1,3})*|[a-z]|[ivxlc]{1,6})", re.IGNORECASE)
_LIST_ITEM = re.compile(r"(?:[-*+•·▪◦‣–—✓]|(?:\d{1,3}(?:\.\d{1,3})*|[a-zA-Z]|[ivxIVX]{1,5})[.)º])\s")
_LABEL = re.compile(r"[^\W\d_][\w /()-]{0,38}:(?:\s|$)")
_INITIALS = re.compile(r"(?:\w{1,2}\.)*\w")

_LOOKBACK = 24
_WRAPPED_LINE = 50
"""Characters from which a line without a final stop is taken for wrapped, so the sentence goes on in the next one."""

_NEVER_LAST = """
abr ago al apdo apdos aprox approx arq art arts aug av avd avda ca cap caps cf ch cra ctra dec dept depto dic dir dna dpto dr
dra dres e.g ed eds ee ej ene eq esp excl ext feb fig figs gral i.e ing incl jan jul jun lic mons mr mrs ms no nov ntra num nums
oct p pag pags pp prof profa pza ref rev sec sep sept sr sra sras sres srta st sta sto tel tfno vol vols vs
"""
_PERHAPS_LAST = "a.m cia co corp h hnos inc jr kg km ltd max min p.m s.a s.l ud uds uu vd vds"
_FOLLOWED = frozenset(_NEVER_LAST.split())
"""Abbreviations (folded) that what they stand for follows. `no` is one only before a number."""
_OPEN = frozenset(_PERHAPS_LAST.split())
"""Abbreviations that end a sentence when a function word in capitals follows; so do initials."""


def sentence_spans(text: str) -> list[Span]:
    """`(start, end)` of each sentence, without the white space around it; every other character is in exactly one.

    A list item or a table row starts a new one; a line that was merely wrapped goes on in the next.
    """
    return [span for span in _trimmed(text, _cuts(text)) if span[0] < span[1]]


def line_spans(text: str) -> list[Span]:
    """`(start, end)` of each line that is not blank, without the white space around it."""
    cuts = (match.start() for match in re.finditer("\n", text))
    return [span for span in _trimmed(text, cuts) if span[0] < span[1]]


def _trimmed(text: str, cuts: Iterator[int]) -> Iterator[Span]:
    start = 0
    for cut in (*cuts, len(text)):
        piece = text[start:cut]
        lead = len(piece) - len(piece.lstrip())
        yield start + lead, start + max(lead, len(piece.rstrip()))
        start = cut


def _cuts(text: str) -> Iterator[int]:
    sentence = line = abbreviation = 0
    for match in _BOUNDARY.finditer(text):
        if match[0][0] == "\n":
            ends = _line_ends_sentence(text, line, match, abbreviation)
            line = match.end()
        else:
            ends = _stop_ends_sentence(text, max(sentence, line), match)
            abbreviation = abbreviation if ends else match.end()
        if ends:
            sentence = match.end()
            yield sentence


def _line_ends_sentence(text: str, line: int, wrap: re.Match[str], abbreviation: int) -> bool:
    """Whether a line break (with the white space after it) is more than a wrap. `line` is where its line starts;
    `abbreviation` is the end of the last full stop that did not end a sentence."""
    end, ahead = wrap.start(), text[wrap.end() : wrap.end() + 48]
    if wrap[0].count("\n") > 1 or end == line:
        return True
    if text[line] == "|" or ahead.startswith("|") or _LIST_ITEM.match(ahead) or _LABEL.match(ahead):
        return True
    if ahead[:1].islower():
        return text[end - 1] in "!?…"
    if text[end - 1] in ".!?…:;":
        return end != abbreviation
    return end - line < _WRAPPED_LINE


def _stop_ends_sentence(text: str, sentence: int, stop: re.Match[str]) -> bool:
    """Whether the full stop, question or exclamation mark (with what closes after it) ends the sentence."""
    following = _NEXT.match(text, stop.end())
    opening, word = (following[1], following[2]) if following else ("", "")
    if word[:1].islower():
        return False
    if not stop[0].startswith(".") or stop[0].startswith(".."):
        return True
    before = text[max(sentence, stop.start() - _LOOKBACK) : stop.start()]
    last = _last_word(before)
    if len(last) == stop.start() - sentence and _ENUMERATOR.fullmatch(last):
        return False
    return _abbreviation_ends(fold(last), opening, word)


def _last_word(text: str) -> str:
    found = _LAST_WORD.search(text)
    return found[0] if found else ""


def _abbreviation_ends(last: str, opening: str, word: str) -> bool:
    if last == "no":
        return not word[:1].isdigit()
    if last in _FOLLOWED:
        return False
    if last in _OPEN or (not last.isdigit() and _INITIALS.fullmatch(last)):
        return not word or "¿" in opening or "¡" in opening or is_stop_word(word)
    return True
