"""Tables with ruling lines, found by pdfplumber on those PDF pages that have such lines."""

from __future__ import annotations

import io
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

import pypdfium2 as pdfium
from pypdfium2 import raw

if TYPE_CHECKING:
    from pdfplumber.page import Page

_LEAST_HEIGHT = 8.0
_LEAST_PATHS = 2
_MOST_PATHS = 4_000
_HYPHENATED = re.compile(r"([^\W\d_])-\n([a-záéíóúüñ])")


@dataclass(frozen=True, slots=True)
class RuledTable:
    """Rows of cells, and the table's box in points from the page's top left corner."""

    rows: tuple[tuple[str, ...], ...]
    left: float
    top: float
    right: float
    bottom: float

    def contains(self, x: float, y: float) -> bool:
        return self.left - 1 <= x <= self.right + 1 and self.top - 1 <= y <= self.bottom + 1


class RuledTables:
    """Finds tables in one file; pdfplumber opens it when the first page with ruling lines comes."""

    def __init__(self, data: bytes) -> None:
        self._data = data

    def find(self, index: int, objects: Sequence[pdfium.PdfObject]) -> tuple[RuledTable, ...]:
        """Tables of the page (`index` from 0) if its drawn `objects` hint at rulings; none where pdfplumber can't read it."""
        if not _has_rulings(objects):
            return ()
        try:
            page = self._pages[index]
            found = tuple(_tables(page))
            page.close()
            return found
        except (MemoryError, RecursionError):
            raise
        except Exception:  # pdfminer raises anything on damaged files; PDFium's text is still good
            return ()

    @cached_property
    def _pages(self) -> list[Page]:
        import pdfplumber

        return pdfplumber.open(io.BytesIO(self._data)).pages


def _has_rulings(objects: Sequence[pdfium.PdfObject]) -> bool:
    """Vertical lines or boxes: underlines and rules across the page are none."""
    paths = [item for item in objects if item.type == raw.FPDF_PAGEOBJ_PATH]
    if not _LEAST_PATHS <= len(paths) <= _MOST_PATHS:
        return False
    bounds = (path.get_bounds() for path in paths)
    return any(top - bottom > _LEAST_HEIGHT for _, bottom, _, top in bounds)


def _tables(page: Page) -> Iterator[RuledTable]:
    origin_x, origin_y = page.bbox[:2]
    for table in page.find_tables():
        rows = tuple(tuple(_joined(cell) for cell in row) for row in table.extract())
        if _is_table(rows):
            left, top, right, bottom = table.bbox
            yield RuledTable(rows, left - origin_x, top - origin_y, right - origin_x, bottom - origin_y)


def _is_table(rows: Sequence[Sequence[str]]) -> bool:
    """At least two rows and columns with text; a box around a paragraph is no table."""
    filled_rows = sum(any(row) for row in rows)
    filled_columns = sum(any(column) for column in zip(*rows, strict=False))
    return filled_rows >= 2 and filled_columns >= 2


def _joined(cell: str | None) -> str:
    """The cell's lines as one, words that were hyphenated at a line's end whole again."""
    return " ".join(_HYPHENATED.sub(r"\1\2", cell or "").split())
