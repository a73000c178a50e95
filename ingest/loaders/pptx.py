"""PPTX -> titles, text, lists, tables, chart data and notes, slide by slide."""

from __future__ import annotations

import io
from collections.abc import Iterable, Iterator

import pptx
from pptx.chart.chart import Chart
from pptx.enum.shapes import PP_PLACEHOLDER
from pptx.shapes.base import BaseShape
from pptx.slide import Slide
from pptx.table import Table
from pptx.text.text import TextFrame

from ingest.loaders.archive import open_archive, refuse_dtd
from ingest.loaders.draft import Draft, one_line
from ingest.loaders.office import read_properties

_FURNITURE = frozenset({PP_PLACEHOLDER.DATE, PP_PLACEHOLDER.FOOTER, PP_PLACEHOLDER.SLIDE_NUMBER, PP_PLACEHOLDER.HEADER})
_LISTS = frozenset({PP_PLACEHOLDER.BODY, PP_PLACEHOLDER.OBJECT, PP_PLACEHOLDER.VERTICAL_BODY, PP_PLACEHOLDER.VERTICAL_OBJECT})
_ROW_EMU = 200_000
_DEPTH = 20


def load(data: bytes, draft: Draft) -> None:
    with open_archive(data, draft.limits.expanded_bytes) as archive:
        refuse_dtd(archive)
    presentation = pptx.Presentation(io.BytesIO(data))
    read_properties(presentation.core_properties, draft)
    draft.page_unit = "slide"
    for number, slide in enumerate(presentation.slides, start=1):
        draft.page = number
        draft.close_headings()
        _write_slide(slide, draft)


def _write_slide(slide: Slide, draft: Draft) -> None:
    title = slide.shapes.title
    if title is not None:
        draft.heading(1, title.text_frame.text)
    for shape in _in_reading_order(slide.shapes):
        if title is None or shape.shape_id != title.shape_id:
            _write_shape(shape, draft)
    if slide.has_notes_slide and (notes := slide.notes_slide.notes_text_frame) is not None and notes.text.strip():
        draft.text(f"Notas: {notes.text}")


def _in_reading_order(shapes: Iterable[BaseShape], depth: int = 0) -> Iterator[BaseShape]:
    """Shapes row by row from the top, each row from the left; groups are opened in their place."""
    for shape in sorted(shapes, key=lambda shape: ((shape.top or 0) // _ROW_EMU, shape.left or 0)):
        inner = getattr(shape, "shapes", None)
        if inner is None:
            yield shape
        elif depth < _DEPTH:
            yield from _in_reading_order(inner, depth + 1)


def _write_shape(shape: BaseShape, draft: Draft) -> None:
    kind = shape.placeholder_format.type if shape.is_placeholder else None
    if kind in _FURNITURE:
        return
    if getattr(shape, "has_table", False):
        draft.table(_table_rows(shape.table))  # type: ignore[attr-defined]
    elif getattr(shape, "has_chart", False):
        draft.table(_chart_rows(shape.chart))  # type: ignore[attr-defined]
    elif shape.has_text_frame:
        _write_text(shape.text_frame, kind in _LISTS, draft)  # type: ignore[attr-defined]


def _write_text(frame: TextFrame, listed: bool, draft: Draft) -> None:
    """Body placeholders show bullets; other boxes do where the paragraph says so."""
    paragraphs = [paragraph for paragraph in frame.paragraphs if paragraph.text.strip()]
    first = True
    for paragraph in paragraphs:
        bullet = paragraph._p.find(".//{*}buChar") is not None or paragraph._p.find(".//{*}buAutoNum") is not None
        plain = paragraph._p.find(".//{*}buNone") is not None or (len(paragraphs) == 1 and not bullet)
        if (bullet or listed) and not plain:
            draft.item(paragraph.text, depth=paragraph.level, first=first)
            first = False
        else:
            draft.text(paragraph.text)


def _table_rows(table: Table) -> list[list[str]]:
    """Rows of cells; a merged cell is repeated in each row and column it covers."""
    rows = [[one_line(cell.text) for cell in row.cells] for row in table.rows]
    for top, row in enumerate(table.rows):
        for left, cell in enumerate(row.cells):
            if cell.is_merge_origin:
                _repeat(rows, top, left, cell.span_height, cell.span_width)
    return rows


def _repeat(rows: list[list[str]], top: int, left: int, height: int, width: int) -> None:
    for row in rows[top : top + height]:
        row[left : left + width] = [rows[top][left]] * len(row[left : left + width])


def _chart_rows(chart: Chart) -> list[list[str]]:
    """One row per category, one column per series."""
    plots = list(chart.plots)
    if not plots:
        return []
    series = list(plots[0].series)
    categories = [str(category) for category in plots[0].categories]
    columns = [[_number(value) for value in one.values] for one in series]
    header = ["", *(one.name for one in series)]
    return [header, *([category, *row] for category, *row in zip(categories, *columns, strict=False))]


def _number(value: float | None) -> str:
    return "" if value is None else f"{value:.10g}"
