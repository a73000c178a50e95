"""DOCX -> headings, paragraphs, lists and tables. Page numbers do not exist in the format."""

from __future__ import annotations

import io
import re
from collections.abc import Iterator

import docx
from docx.oxml.ns import qn
from lxml.etree import _Element as Element

from ingest.loaders.archive import open_archive, refuse_dtd
from ingest.loaders.draft import Draft, one_line
from ingest.loaders.numbering import Numbering, Place
from ingest.loaders.office import read_properties

_VAL, _P, _TBL, _TR, _TC = map(qn, ("w:val", "w:p", "w:tbl", "w:tr", "w:tc"))
_T, _TAB, _BR, _CR, _HYPHEN = map(qn, ("w:t", "w:tab", "w:br", "w:cr", "w:noBreakHyphen"))
_BREAKS = {_TAB: "\t", _BR: "\n", _CR: "\n", _HYPHEN: "-"}
_COMPATIBILITY = "{http://schemas.openxmlformats.org/markup-compatibility/2006}"
_TEXT_BOX = qn("w:txbxContent")
_NO_TEXT = frozenset(
    [*map(qn, ("w:del", "w:moveFrom", "w:pPr", "w:rPr", "w:sectPr", "w:tblPr")), _TEXT_BOX, f"{_COMPATIBILITY}Fallback"]
)
_HEADING_STYLE = re.compile(r"heading (\d)$", re.I)
_SPAN = 60
_DEPTH = 100


def load(data: bytes, draft: Draft) -> None:
    with open_archive(data, draft.limits.expanded_bytes) as archive:
        refuse_dtd(archive)
    document = docx.Document(io.BytesIO(data))
    read_properties(document.core_properties, draft)
    _Writer(_Styles(document.styles.element), Numbering.of(document), draft).walk(document.element.body, 0)


class _Writer:
    def __init__(self, styles: _Styles, numbering: Numbering, draft: Draft) -> None:
        self._styles = styles
        self._numbering = numbering
        self._draft = draft
        self._list: str | None = None

    def walk(self, parent: Element, depth: int) -> None:
        """Writes paragraphs and tables, also those in content controls and text boxes."""
        if depth > _DEPTH:
            return
        for child in parent.iterchildren("*"):
            if child.tag == _P:
                self._paragraph(child, depth)
            elif child.tag == _TBL:
                self._list = None
                self._draft.table(_table_rows(child))
            elif child.tag not in _NO_TEXT:
                self.walk(child, depth + 1)

    def _paragraph(self, paragraph: Element, depth: int) -> None:
        text = paragraph_text(paragraph)
        properties = paragraph.find(qn("w:pPr"))
        style = _attribute(properties, "w:pStyle")
        if text.strip():
            self._write(text, self._styles.heading_level(style, properties), self._place(properties, style))
        for box in _text_boxes(paragraph):
            self.walk(box, depth + 1)

    def _place(self, properties: Element | None, style: str | None) -> Place | None:
        own = None if properties is None else properties.find(qn("w:numPr"))
        return self._numbering.place(own) if own is not None else self._numbering.place(self._styles.numbering(style))

    def _write(self, text: str, level: int | None, place: Place | None) -> None:
        marker = self._numbering.marker(place) if place else ""
        if level is not None:
            self._list = None
            self._draft.heading(level, f"{marker} {text}" if marker not in ("", "-") else text)
        elif place and marker:
            self._draft.item(text, marker, place.level, first=place.list_id != self._list)
            self._list = place.list_id
        else:
            self._list = None
            self._draft.text(text)


class _Styles:
    """Heading levels and list numbering that paragraphs inherit from their style."""

    def __init__(self, styles: Element) -> None:
        self._styles = {style.get(qn("w:styleId")): style for style in styles.iterchildren(qn("w:style"))}

    def heading_level(self, style_id: str | None, properties: Element | None) -> int | None:
        """1 is the outermost (also the title); None for what is no heading."""
        own = _attribute(properties, "w:outlineLvl")
        if own is not None and own.isdecimal():
            return int(own) + 1 if int(own) < 9 else None
        return next((level for level in map(_style_level, self._chain(style_id)) if level), None)

    def numbering(self, style_id: str | None) -> Element | None:
        found = (style.find(f"{qn('w:pPr')}/{qn('w:numPr')}") for style in self._chain(style_id))
        return next((numbering for numbering in found if numbering is not None), None)

    def _chain(self, style_id: str | None) -> Iterator[Element]:
        """The style and those it is based on."""
        seen: set[str] = set()
        while style_id and style_id in self._styles and style_id not in seen:
            seen.add(style_id)
            style = self._styles[style_id]
            yield style
            style_id = _attribute(style, "w:basedOn")


def _style_level(style: Element) -> int | None:
    name = _attribute(style, "w:name") or ""
    if name.lower() == "title":
        return 1
    if match := _HEADING_STYLE.match(name):
        return int(match[1])
    outline = _attribute(style.find(qn("w:pPr")), "w:outlineLvl")
    return int(outline) + 1 if outline and outline.isdecimal() and int(outline) < 9 else None


def _attribute(parent: Element | None, name: str) -> str | None:
    """`w:val` of the child of that name."""
    child = None if parent is None else parent.find(qn(name))
    return None if child is None else child.get(_VAL)


def paragraph_text(paragraph: Element) -> str:
    """The visible text: insertions in, deletions and text boxes out."""
    return "".join(_pieces(paragraph, 0))


def _pieces(element: Element, depth: int) -> Iterator[str]:
    for child in element.iterchildren("*"):
        if child.tag == _T:
            yield child.text or ""
        elif child.tag in _BREAKS:
            yield _BREAKS[child.tag]
        elif child.tag not in _NO_TEXT and depth < _DEPTH:
            yield from _pieces(child, depth + 1)


def _text_boxes(paragraph: Element) -> Iterator[Element]:
    """Text boxes are written twice in the file, for new and old programs: the old one's copy is left out."""
    for box in paragraph.iter(_TEXT_BOX):
        inside = {ancestor.tag for ancestor in box.iterancestors()}
        if f"{_COMPATIBILITY}Fallback" not in inside and _TEXT_BOX not in inside:
            yield box


def _table_rows(table: Element) -> list[list[str]]:
    """Rows of cells; a merged cell is repeated in each row and column it covers."""
    rows: list[list[str]] = []
    for row in _descend(table, _TR):
        above = rows[-1] if rows else []
        rows.append(_row_cells(row, above))
    return rows


def _row_cells(row: Element, above: list[str]) -> list[str]:
    cells: list[str] = []
    for cell in _descend(row, _TC):
        properties = cell.find(qn("w:tcPr"))
        span = _attribute(properties, "w:gridSpan") or "1"
        merge = None if properties is None else properties.find(qn("w:vMerge"))
        continued = merge is not None and merge.get(_VAL, "continue") == "continue"
        text = above[len(cells)] if continued and len(cells) < len(above) else _cell_text(cell)
        cells.extend([text] * min(int(span) if span.isdecimal() else 1, _SPAN))
    return cells


def _cell_text(cell: Element) -> str:
    """Its paragraphs, those of tables inside it too, as one line."""
    return one_line(" ".join(paragraph_text(paragraph) for paragraph in cell.iter(_P)))


def _descend(parent: Element, tag: str) -> Iterator[Element]:
    """Children of that tag, also inside content controls, not inside inner tables."""
    for child in parent.iterchildren("*"):
        if child.tag == tag:
            yield child
        elif child.tag in (qn("w:sdt"), qn("w:sdtContent"), qn("w:ins"), qn("w:customXml")):
            yield from _descend(child, tag)
