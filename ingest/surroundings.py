"""A passage in its surroundings: the text before and after it, with tables that stay tables."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from ingest.quotes import letters
from ingest.types import BLOCK_SEPARATOR, Block, Chunk, Document

AROUND_CHARS = 1200
"""Text shown on each side of a passage: about half a printed page."""

_HEADER = re.compile(r"[^\n]*\n[|\s:-]*-[|\s:-]*(?=\n|$)")


@dataclass(frozen=True, slots=True)
class Surroundings:
    """The three parts follow each other in the document; one that begins inside a table begins with the table's header.

    `cut_before` and `cut_after` tell that the document goes on there.
    """

    before: str
    passage: str
    after: str
    cut_before: bool
    cut_after: bool


def surroundings(document: Document, chunk: Chunk) -> Surroundings:
    """The chunk must be one of the document's."""
    first, last = _begin(document, chunk.start), _end(document, chunk.end)
    return Surroundings(
        before=_fragment(document, first, chunk.start).lstrip("\n"),
        passage=chunk.text,
        after=_fragment(document, chunk.end, last).rstrip("\n"),
        cut_before=first > 0,
        cut_after=last < len(document.text),
    )


def page_of(document: Document, chunk: Chunk, quotes: Iterable[str]) -> int | None:
    """The page that the first of the quotes in the chunk begins on; without one, the chunk's first page."""
    text, places = letters(chunk.text)
    found = next((at for quote in quotes if (wanted := letters(quote)[0]) and (at := text.find(wanted)) >= 0), None)
    if found is None or chunk.page == chunk.page_end:
        return chunk.page
    place = chunk.start + places[found] - len(chunk.prefix)
    return next((block.page for start, end, block in _placed(document) if start <= place < end), chunk.page)


def _begin(document: Document, start: int) -> int:
    """Where the text before a passage begins: with a block, else with a line, else with a word."""
    earliest = start - AROUND_CHARS
    if earliest <= 0:
        return 0
    if edge := next((at for at, _, _ in _placed(document) if earliest <= at < start), None):
        return edge
    found = re.compile(r"\n").search(document.text, earliest, start) or re.compile(r"\s").search(document.text, earliest, start)
    return found.end() if found else earliest


def _end(document: Document, end: int) -> int:
    """Where the text after a passage ends: with a block, else with a line, else with a word."""
    latest = end + AROUND_CHARS
    if latest >= len(document.text):
        return len(document.text)
    if edge := max((to for _, to, _ in _placed(document) if end < to <= latest), default=0):
        return edge
    window = document.text[end:latest]
    cut = max(window.rfind("\n"), 0) or max(window.rfind(" "), 0)
    return end + cut if cut else latest


def _fragment(document: Document, start: int, end: int) -> str:
    """The text from start to end; the first table has its header if that lies before."""
    if start >= end:
        return ""
    inside = next((place for place in _placed(document) if place[0] < start < place[1] and place[2].kind == "table"), None)
    text = document.text[start:end]
    if inside is None:
        return text
    header = _HEADER.match(inside[2].text)
    rows = text.lstrip("\n")
    return f"{header[0]}\n{rows}" if header and rows and start >= inside[0] + header.end() and start < inside[1] else text


def _placed(document: Document) -> Iterator[tuple[int, int, Block]]:
    """Each block with where it begins and ends in the document's text."""
    at = 0
    for block in document.blocks:
        yield at, at + len(block.text), block
        at += len(block.text) + len(BLOCK_SEPARATOR)
