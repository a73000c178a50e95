"""Word's automatic numbers: which list a paragraph belongs to, and the marker it shows."""

from __future__ import annotations

import re
from collections import defaultdict
from dataclasses import dataclass
from typing import Self

from docx.document import Document
from docx.opc.constants import RELATIONSHIP_TYPE
from docx.oxml.ns import qn
from lxml.etree import _Element as Element

_VAL = qn("w:val")
_LEVELS = 9
_ROMAN = (("x", 10), ("ix", 9), ("v", 5), ("iv", 4), ("i", 1))


@dataclass(frozen=True, slots=True)
class Place:
    """The list and the level (0 is the outermost) of a paragraph."""

    list_id: str
    level: int


@dataclass(frozen=True, slots=True)
class _Level:
    format: str
    text: str
    start: int


class Numbering:
    """Counts the items of every list while the document is read from its beginning."""

    def __init__(self, part: Element | None) -> None:
        self._levels: dict[str, dict[int, _Level]] = {}
        self._counts: dict[str, list[int]] = defaultdict(lambda: [0] * _LEVELS)
        if part is not None:
            self._read(part)

    @classmethod
    def of(cls, document: Document) -> Self:
        relations = document.part.rels.values()
        parts = [rel.target_part for rel in relations if rel.reltype == RELATIONSHIP_TYPE.NUMBERING and not rel.is_external]
        return cls(parts[0].element if parts else None)

    def place(self, properties: Element | None) -> Place | None:
        """`w:numPr` -> place; None where there is no list (id 0)."""
        if properties is None:
            return None
        number, level = properties.find(qn("w:numId")), properties.find(qn("w:ilvl"))
        list_id = "0" if number is None else number.get(_VAL, "0")
        depth = "0" if level is None else level.get(_VAL, "0")
        return None if list_id == "0" else Place(list_id, min(int(depth) if depth.isdecimal() else 0, _LEVELS - 1))

    def marker(self, place: Place) -> str:
        """Counts the paragraph and returns its marker: `-` for bullets, `2.1.` for numbers, '' for none."""
        levels = self._levels.get(place.list_id, {})
        level = levels.get(place.level, _Level("bullet", "", 1))
        if level.format == "none":
            return ""
        if level.format == "bullet":
            return "-"
        counts = self._counts[place.list_id]
        counts[place.level] = counts[place.level] + 1 if counts[place.level] else level.start
        counts[place.level + 1 :] = [0] * (_LEVELS - place.level - 1)
        return re.sub(r"%(\d)", lambda found: self._number(levels, counts, int(found[1]) - 1), level.text).strip() or "-"

    def _number(self, levels: dict[int, _Level], counts: list[int], index: int) -> str:
        level = levels.get(index)
        if level is None or not 0 <= index < _LEVELS:
            return ""
        return _written(counts[index] or level.start, level.format)

    def _read(self, part: Element) -> None:
        abstract = {item.get(qn("w:abstractNumId")): _levels(item) for item in part.iterchildren(qn("w:abstractNum"))}
        for number in part.iterchildren(qn("w:num")):
            target = number.find(qn("w:abstractNumId"))
            self._levels[number.get(qn("w:numId"), "")] = abstract.get(None if target is None else target.get(_VAL), {})


def _levels(abstract: Element) -> dict[int, _Level]:
    levels = {}
    for level in abstract.iterchildren(qn("w:lvl")):
        start = _value(level, "w:start", "1")
        ordinal = level.get(qn("w:ilvl"), "0")
        if ordinal.isdecimal():
            levels[int(ordinal)] = _Level(
                _value(level, "w:numFmt", "decimal"), _value(level, "w:lvlText", ""), int(start) if start.isdecimal() else 1
            )
    return levels


def _value(parent: Element, name: str, default: str) -> str:
    child = parent.find(qn(name))
    return default if child is None else child.get(_VAL, default)


def _written(number: int, format_name: str) -> str:
    if format_name in ("lowerLetter", "upperLetter"):
        letter = chr(ord("a") + (number - 1) % 26)
        return letter.upper() if format_name == "upperLetter" else letter
    if format_name in ("lowerRoman", "upperRoman") and 0 < number < 40:
        roman = _roman(number)
        return roman.upper() if format_name == "upperRoman" else roman
    return str(number)


def _roman(number: int) -> str:
    text = ""
    for sign, value in _ROMAN:
        while number >= value:
            text, number = text + sign, number - value
    return text
