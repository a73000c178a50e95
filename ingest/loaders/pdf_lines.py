"""The lines of text of a PDF page, with their place and type size, as PDFium sees them."""

from __future__ import annotations

import re
from collections.abc import Iterator
from ctypes import byref, c_double, c_int, create_string_buffer
from dataclasses import dataclass

import pypdfium2 as pdfium
from pypdfium2 import raw

_SCALE = 10
_LONGEST_LINE = 1_000
_CELL_GAP = 1.4
_BOLD_WEIGHT = 600
_BOLD = re.compile(rb"bold|black|heavy", re.I)
_FONT_NAME_BYTES = 128
_LEVEL_ANGLES = 0.05
_HYPHENS = {"\x02": "-", "\ufffe": "-"}


@dataclass(frozen=True, slots=True)
class Cell:
    """A piece of a line; wide gaps separate pieces."""

    text: str
    left: float
    right: float


@dataclass(frozen=True, slots=True)
class Line:
    """A line of text. Places in points from the page's top left corner; `size` is the type size in points."""

    cells: tuple[Cell, ...]
    baseline: float
    size: float
    bold: bool

    @property
    def text(self) -> str:
        return " ".join(cell.text for cell in self.cells)

    @property
    def left(self) -> float:
        return self.cells[0].left

    @property
    def right(self) -> float:
        return self.cells[-1].right


def read_lines(page: pdfium.PdfPage) -> list[Line]:
    """Lines in the order in which the file draws them. Slanted ones (watermarks) are left out."""
    textpage = page.get_textpage()
    try:
        return [line for line in _Reader(page, textpage).lines() if line.text.strip()]
    finally:
        textpage.close()


class _Reader:
    def __init__(self, page: pdfium.PdfPage, textpage: pdfium.PdfTextPage) -> None:
        self._page = page
        self._text = textpage
        self._width = int(page.get_width() * _SCALE)
        self._height = int(page.get_height() * _SCALE)

    def lines(self) -> Iterator[Line]:
        count = self._text.count_chars()
        chars = self._characters(count)
        start = 0
        for index in range(count + 1):
            if index == count or chars[index] in "\r\n":
                line = self._line(chars, start, index)
                start = index + 1
                if line:
                    yield line

    def _characters(self, count: int) -> list[str]:
        """One string per character index; read in one go where text and indices run in parallel."""
        text = self._text.get_text_range() if count else ""
        if len(text) == count:
            return [_HYPHENS.get(char, char) for char in text]
        codes = (raw.FPDFText_GetUnicode(self._text, index) for index in range(count))
        return [_HYPHENS.get(char, char) for char in (chr(code) if 0 < code < 0x110000 else "\ufffd" for code in codes)]

    def _line(self, chars: list[str], start: int, end: int) -> Line | None:
        while start < end and chars[start].isspace():
            start += 1
        while end > start and chars[end - 1].isspace():
            end -= 1
        if start == end or self._is_slanted(start):
            return None
        middle = _middle(chars, start, end)
        size = self._size(middle)
        bold = self._is_bold(middle) and self._is_bold(end - 1)
        return Line(tuple(self._cells(chars, start, end, size)), self._origin(start)[1], size, bold)

    def _is_bold(self, index: int) -> bool:
        """By the font's name; its weight is not always told."""
        name, flags = create_string_buffer(_FONT_NAME_BYTES), c_int()
        raw.FPDFText_GetFontInfo(self._text, index, name, _FONT_NAME_BYTES, byref(flags))
        return bool(_BOLD.search(name.value)) or raw.FPDFText_GetFontWeight(self._text, index) >= _BOLD_WEIGHT

    def _cells(self, chars: list[str], start: int, end: int, size: float) -> Iterator[Cell]:
        """Cuts the line where the gap at a space is wider than any space between words."""
        first = start
        for index in range(start + 1, min(end - 1, start + _LONGEST_LINE)):
            if chars[index] == " " and chars[index - 1] != " ":
                after = index + 1
                while chars[after] == " ":
                    after += 1
                if self._left(after) - self._right(index - 1) > _CELL_GAP * size:
                    yield self._cell(chars, first, index)
                    first = after
        yield self._cell(chars, first, end)

    def _cell(self, chars: list[str], start: int, end: int) -> Cell:
        return Cell("".join(chars[start:end]), self._left(start), self._right(end - 1))

    def _size(self, index: int) -> float:
        matrix = raw.FS_MATRIX()
        scale = 1.0
        if raw.FPDFText_GetMatrix(self._text, index, byref(matrix)):
            scale = (matrix.c**2 + matrix.d**2) ** 0.5
        return round(raw.FPDFText_GetFontSize(self._text, index) * scale, 1) or 1.0

    def _is_slanted(self, index: int) -> bool:
        angle: float = raw.FPDFText_GetCharAngle(self._text, index) % 1.5708
        return _LEVEL_ANGLES < angle < 1.5708 - _LEVEL_ANGLES

    def _left(self, index: int) -> float:
        return min(x for x, _ in self._corners(index))

    def _right(self, index: int) -> float:
        return max(x for x, _ in self._corners(index))

    def _corners(self, index: int) -> list[tuple[float, float]]:
        left, right, bottom, top = c_double(), c_double(), c_double(), c_double()
        raw.FPDFText_GetCharBox(self._text, index, byref(left), byref(right), byref(bottom), byref(top))
        return [self._place(left.value, bottom.value), self._place(right.value, top.value)]

    def _origin(self, index: int) -> tuple[float, float]:
        x, y = c_double(), c_double()
        raw.FPDFText_GetCharOrigin(self._text, index, byref(x), byref(y))
        return self._place(x.value, y.value)

    def _place(self, x: float, y: float) -> tuple[float, float]:
        """File coordinates -> points from the top left corner of the page as it is shown."""
        across, down = c_int(), c_int()
        raw.FPDF_PageToDevice(self._page, 0, 0, self._width, self._height, 0, x, y, byref(across), byref(down))
        return across.value / _SCALE, down.value / _SCALE


def _middle(chars: list[str], start: int, end: int) -> int:
    """A character that speaks for the line: markers and footnote signs at its ends are set in other types."""
    middle = (start + end) // 2
    return middle if not chars[middle].isspace() else middle - 1
