"""XLSX -> one section per sheet: its tables, and the lines of text around them."""

from __future__ import annotations

import io
import re
import zipfile
from collections.abc import Iterator, Sequence
from datetime import date, datetime, time, timedelta
from decimal import Decimal

import openpyxl
from openpyxl.utils import range_boundaries
from openpyxl.worksheet._read_only import ReadOnlyWorksheet

from ingest.loaders.archive import open_archive, refuse_dtd
from ingest.loaders.draft import Draft
from ingest.loaders.office import read_properties

Area = tuple[int, int, int, int]
Row = tuple[int, list[str]]

_MERGED = re.compile(rb'<(?:\w+:)?mergeCell [^>]*ref="([A-Z]+\d+:[A-Z]+\d+)"')
_FORMULA = re.compile(rb"<(?:\w+:)?f[ />]")
_DECIMALS = re.compile(r"0\.(0+)")
_CURRENCIES = {"€": "€", "EUR": "€", "$": "$", "£": "£"}
_LARGEST_AREA_CELLS = 20_000
_AREAS = 2_000
_COLUMNS = 16_384


def load(data: bytes, draft: Draft) -> None:
    with open_archive(data, draft.limits.expanded_bytes) as archive:
        refuse_dtd(archive)
        _write_workbook(data, archive, draft)


def _write_workbook(data: bytes, archive: zipfile.ZipFile, draft: Draft) -> None:
    values = openpyxl.load_workbook(io.BytesIO(data), read_only=True, data_only=True)
    formulas = openpyxl.load_workbook(io.BytesIO(data), read_only=True, data_only=False)
    read_properties(values.properties, draft)
    draft.page_unit = "sheet"
    for number, sheet in enumerate(values.worksheets, start=1):
        draft.page = number
        draft.close_headings()
        draft.heading(1, sheet.title)
        xml = archive.read(sheet._worksheet_path)
        if _FORMULA.search(xml):
            _warn_of_formulas(sheet, formulas[sheet.title], draft)
        _write_sheet(sheet, _merged_areas(xml), draft)


def _write_sheet(sheet: ReadOnlyWorksheet, areas: Sequence[Area], draft: Draft) -> None:
    """Runs of rows without an empty row between them are tables of their own."""
    region: list[list[str]] = []
    last = 0
    for number, row in _with_merged(_filled_rows(sheet), areas):
        if number > last + 1:
            draft.table(region)
            region = []
        region.append(row)
        last = number
    draft.table(region)


def _filled_rows(sheet: ReadOnlyWorksheet) -> Iterator[Row]:
    """(row number from 1, its cells up to the last filled one) of rows that have any."""
    sheet.reset_dimensions()
    for number, cells in enumerate(sheet.iter_rows(), start=1):
        row = [shown(cell.value, cell.number_format) if cell.value is not None else "" for cell in cells]
        while row and not row[-1]:
            row.pop()
        if row:
            yield number, row


def _with_merged(rows: Iterator[Row], areas: Sequence[Area]) -> Iterator[Row]:
    """Repeats the value of a merged cell in each filled row and column that it covers."""
    starting = sorted(areas, key=lambda area: area[1])
    active: list[tuple[Area, str]] = []
    for number, row in rows:
        while starting and starting[0][1] <= number:
            left, top, right, bottom = starting.pop(0)
            if top == number and len(row) >= left:
                active.append(((left, top, right, bottom), row[left - 1]))
        active = [(area, value) for area, value in active if area[3] >= number]
        for (left, _, right, _), value in active:
            row.extend([""] * (right - len(row)))
            row[left - 1 : right] = [value] * (right - left + 1)
        yield number, row


def _merged_areas(xml: bytes) -> list[Area]:
    """(left, top, right, bottom), from 1; absurdly large areas are left out."""
    areas: list[Area] = [range_boundaries(match[1].decode()) for match in _MERGED.finditer(xml)][:_AREAS]
    return [area for area in areas if (area[2] - area[0] + 1) * (area[3] - area[1] + 1) <= _LARGEST_AREA_CELLS]


def _warn_of_formulas(values: ReadOnlyWorksheet, formulas: ReadOnlyWorksheet, draft: Draft) -> None:
    """Programs that write formulas without computing them leave cells without a value."""
    values.reset_dimensions()
    formulas.reset_dimensions()
    pairs = zip(values.iter_rows(), formulas.iter_rows(), strict=False)
    empty = sum(
        shown.value is None and written.data_type == "f"
        for value_row, formula_row in pairs
        for shown, written in zip(value_row, formula_row, strict=False)
    )
    if empty:
        cells = "1 formula cell has" if empty == 1 else f"{empty} formula cells have"
        draft.warn(f"Sheet {values.title}: {cells} no stored value: open the file in a spreadsheet program and save it.")


def shown(value: object, number_format: str) -> str:
    """The value nearly as the program shows it: `12`, `21 %`, `3.50 €`, `2025-03-31`."""
    if isinstance(value, bool):
        return "TRUE" if value else "FALSE"
    if isinstance(value, (int, float, Decimal)):
        return _number(float(value) if isinstance(value, Decimal) else value, number_format)
    if isinstance(value, datetime):
        return value.date().isoformat() if value.time() == time() else value.isoformat(" ", "minutes")
    if isinstance(value, (date, time)):
        return value.isoformat()
    if isinstance(value, timedelta):
        return f"{value.total_seconds() / 3600:.2f} h"
    return str(value)


def _number(value: float, number_format: str) -> str:
    decimals = _DECIMALS.search(number_format)
    percent = "%" in number_format
    value = value * 100 if percent else value
    text = f"{value:.{min(len(decimals[1]), 10)}f}" if decimals else _plain(value)
    unit = "%" if percent else next((sign for name, sign in _CURRENCIES.items() if name in number_format), "")
    return f"{text} {unit}".strip()


def _plain(value: float) -> str:
    """No exponent, no `.0`, no rounding noise."""
    if abs(value) >= 1e15:
        return str(value)
    text = f"{value:.8f}".rstrip("0").rstrip(".") if isinstance(value, float) else str(value)
    return text if text not in ("0", "-0") else f"{value:.10g}".replace("-0", "0") if value == 0 else f"{value:.6g}"
