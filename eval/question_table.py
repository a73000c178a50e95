"""CSV and XLSX -> questions: one row each, in columns that the first row names in English or Spanish.

Rows that repeat id and question add a source to it. Cells hold several values as `one; two`; the alternatives of a fact as
`24 | veinticuatro`.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Literal

import openpyxl
from openpyxl.cell.read_only import ReadOnlyCell
from openpyxl.worksheet._read_only import ReadOnlyWorksheet

from eval.question_import import Imported, Options
from eval.questions import Question, Reference
from ingest.config import IngestLimits
from ingest.errors import ConfigError, LoadError
from ingest.loaders.archive import open_archive, refuse_dtd
from ingest.loaders.delimited import sniff_delimiter
from ingest.loaders.encoding import decode
from ingest.loaders.xlsx import shown
from ingest.text import detect_language, fold

COLUMNS: dict[str, tuple[str, ...]] = {
    "id": ("id", "identificador"),
    "question": ("question", "pregunta"),
    "language": ("language", "idioma", "lengua"),
    "answerable": ("answerable", "respondible", "tiene respuesta"),
    "reference": ("reference", "answer", "expected answer", "referencia", "respuesta", "respuesta esperada"),
    "document": ("document", "documento", "fuente", "source"),
    "page": ("page", "pagina"),
    "quote": ("quote", "cita"),
    "facts": ("facts", "hechos"),
    "tags": ("tags", "etiquetas"),
    "split": ("split", "particion"),
    "plain": ("plain", "sin documentos"),
}
"""What a column may be called, folded."""
_TRUE = frozenset({"yes", "true", "1", "si", "verdadero", "x"})
_FALSE = frozenset({"no", "false", "0", "falso"})
_LARGEST_CELL = 1_000_000
_ROWS = 100_000
"""That a table may have."""
_LAST_ROW = 2**20
"""Of a sheet, in any program."""
_COLUMNS = 64
"""Far more than there are names for: of a wider row only these are kept, and its last cell."""


@dataclass(frozen=True, slots=True)
class _Row:
    """`cells` by column name, stripped; `problem` is why the row can't be read."""

    number: int
    cells: dict[str, str]
    problem: str | None = None


class _WrongCell(Exception):
    """A cell can't be what its column says; the message is the sentence to show."""


def read_csv(data: bytes, stem: str, options: Options) -> Imported:
    """Any common encoding; commas, semicolons, tabs or bars between the cells. Raises ConfigError."""
    text = decode(data)
    if text is None:
        raise ConfigError(f"{stem} is not text: save it as CSV in UTF-8, or as XLSX.")
    csv.field_size_limit(_LARGEST_CELL)
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=sniff_delimiter(text[:8192]) or ",", strict=True)
    try:
        rows = _few([(number, [cell.strip() for cell in row]) for number, row in enumerate(islice(reader, _ROWS + 1), 1)], stem)
    except csv.Error as error:
        raise ConfigError(f"{stem} is broken at line {reader.line_num} ({error}): check the quotation marks there.") from error
    return _questions(_named(rows, stem, {}), stem, options)


def read_xlsx(data: bytes, stem: str, options: Options) -> Imported:
    """The only sheet with cells in it, or the one that the options name. Raises ConfigError."""
    try:
        with open_archive(data, IngestLimits().expanded_bytes) as archive:
            refuse_dtd(archive)
        values = openpyxl.load_workbook(io.BytesIO(data), read_only=True, data_only=True)
        formulas = openpyxl.load_workbook(io.BytesIO(data), read_only=True)
    except (LoadError, KeyError, ValueError, OSError) as error:
        raise ConfigError(f"{stem}.xlsx can't be opened as a workbook ({error}): save it again as XLSX.") from error
    sheet = _sheet(values.worksheets, stem, options.sheet)
    problems = _unreadable(sheet, formulas[sheet.title])
    return _questions(_named(_texts(sheet, stem, problems), stem, problems), stem, options)


def _few(rows: list[tuple[int, list[str]]], stem: str) -> list[tuple[int, list[str]]]:
    """Raises ConfigError for more rows than a table may have."""
    if len(rows) > _ROWS:
        raise ConfigError(f"{stem} has more than {_ROWS:,} rows: divide it.")
    return rows


def _sheet(sheets: Sequence[ReadOnlyWorksheet], stem: str, wanted: str | None) -> ReadOnlyWorksheet:
    filled = [sheet for sheet in sheets if any(map(_has_text, _rows(sheet)))]
    names = ", ".join(sheet.title for sheet in filled) or "none"
    chosen = [sheet for sheet in filled if wanted in (None, sheet.title)]
    if not chosen:
        raise ConfigError(f"{stem}.xlsx has no sheet {wanted or ''!r} with cells in it: there are {names}.")
    if len(chosen) > 1:
        raise ConfigError(f"{stem}.xlsx has several sheets ({names}): name one with --sheet, and import them one by one.")
    return chosen[0]


def _rows(sheet: ReadOnlyWorksheet) -> Iterator[Sequence[ReadOnlyCell]]:
    """Read as they stand in the file: what a sheet says of its size, and merged cells, would make billions of cells."""
    sheet.reset_dimensions()
    return (cells[:_COLUMNS] + cells[_COLUMNS:][-1:] for cells in sheet.iter_rows(max_row=_LAST_ROW))


def _has_text(cells: Sequence[ReadOnlyCell]) -> bool:
    return any(cell.value is not None for cell in cells)


def _texts(sheet: ReadOnlyWorksheet, stem: str, problems: Mapping[int, str]) -> list[tuple[int, list[str]]]:
    """Rows that are not blank, or have a problem, with their numbers. Raises ConfigError."""
    filled = ((number, cells) for number, cells in enumerate(_rows(sheet), 1) if number in problems or _has_text(cells))
    return _few([(number, [_text(cell) for cell in cells]) for number, cells in islice(filled, _ROWS + 1)], stem)


def _text(cell: ReadOnlyCell) -> str:
    return "" if cell.value is None else shown(cell.value, cell.number_format).strip()


def _unreadable(values: ReadOnlyWorksheet, formulas: ReadOnlyWorksheet) -> dict[int, str]:
    """Rows by number that hold an error value, or a formula without a stored value, which looks empty."""
    problems: dict[int, str] = {}
    for value_row, formula_row in zip(_rows(values), _rows(formulas), strict=False):
        for stored, cell in zip(value_row, formula_row, strict=False):
            if stored.data_type == "e":
                problems[cell.row] = f"Cell {cell.coordinate} shows {stored.value}: correct it."
            elif cell.data_type == "f" and stored.value is None:
                problems[cell.row] = f"Cell {cell.coordinate} is a formula without a stored value: write what it should show."
    return problems


def _named(rows: Sequence[tuple[int, list[str]]], stem: str, problems: Mapping[int, str]) -> list[_Row]:
    """Rows that are not blank, below the first one, which names the columns. Raises ConfigError for wrong names."""
    filled = [(number, cells) for number, cells in rows if any(cells) or number in problems]
    if not filled:
        raise ConfigError(f"{stem} has no row with text: write the names of the columns in the first row.")
    names = _columns(filled[0][1], stem)
    return [_row(number, cells, names, problems.get(number)) for number, cells in filled[1:]]


def _row(number: int, cells: Sequence[str], names: Sequence[str], problem: str | None) -> _Row:
    if any(cells[len(names) :]):
        problem = (
            f"It has {len(cells)} cells and there are {len(names)} columns: put texts with the separator in quotation marks."
        )
    return _Row(number, {name: cell for name, cell in zip(names, cells, strict=False) if name}, problem)


def _columns(titles: Sequence[str], stem: str) -> list[str]:
    """The column behind each title, '' for the empty titles at the end."""
    while titles and not titles[-1]:
        titles = titles[:-1]
    known = {alias: name for name, aliases in COLUMNS.items() for alias in aliases}
    names = [known.get(fold(title), "") for title in titles]
    valid = ", ".join(COLUMNS)
    for title, name in zip(titles, names, strict=True):
        if not name:
            raise ConfigError(f"{stem} has a column {title!r} that is unknown: rename it or take it out; there are {valid}.")
        if names.count(name) > 1:
            raise ConfigError(f"{stem} has two columns for {name}: take one of them out.")
    if "question" not in names:
        raise ConfigError(f"{stem} has no column “question”: name the columns in the first row; there are {valid}.")
    return names


def _questions(rows: Sequence[_Row], stem: str, options: Options) -> Imported:
    imported = Imported()
    for row in rows:
        place = f"row {row.number}"
        if row.problem:
            imported.reject(place, row.problem)
            continue
        try:
            _add(imported, place, _question(row, stem, options))
        except _WrongCell as wrong:
            imported.reject(place, str(wrong))
    return imported


def _add(imported: Imported, place: str, question: Question) -> None:
    """A row that repeats a question and differs only in the source adds that source."""
    first = imported.questions.get(question.id)
    if first is None or first.model_copy(update={"sources": question.sources}) != question or not question.sources:
        imported.add(place, question)
        return
    sources = tuple(dict.fromkeys((*first.sources, *question.sources)))
    imported.questions[question.id] = first.model_copy(update={"sources": sources})


def _question(row: _Row, stem: str, options: Options) -> Question:
    cells = row.cells
    text = cells.get("question", "")
    if not text:
        raise _WrongCell("It has no question: write it, or clear the row.")
    plain = _yes(cells, "plain", default=False)
    answerable = _yes(cells, "answerable", default=True)
    reference = cells.get("reference") or None
    facts = _facts(cells.get("facts", ""))
    if answerable and not plain and not (reference or facts):
        raise _WrongCell(
            "It says neither what the answer is nor that there is none: fill “reference”, or write no in “answerable”."
        )
    return Question(
        id=cells.get("id") or f"{stem}-{row.number:03}",
        question=text,
        language=options.language or _language(cells.get("language", ""), text),
        answerable=answerable,
        reference=reference,
        sources=_sources(cells),
        tags=(*_several(cells.get("tags", "")), *options.tags),
        facts=facts,
        split=_split(cells.get("split", "")),
        plain=plain,
    )


def _yes(cells: dict[str, str], column: str, *, default: bool) -> bool:
    said = fold(cells.get(column, ""))
    if said and said not in _TRUE | _FALSE:
        raise _WrongCell(f"{cells[column]!r} in the column {column} is neither yes nor no: write one of them.")
    return said in _TRUE if said else default


def _language(said: str, text: str) -> str:
    names = {"espanol": "es", "castellano": "es", "spanish": "es", "ingles": "en", "english": "en"}
    code = names.get(fold(said), said.lower())
    if code and not (len(code) == 2 and code.isalpha()):
        raise _WrongCell(f"{said!r} is no language: write two letters, like es or en.")
    return code or detect_language(text)


def _split(said: str) -> Literal["calibration", "report"] | None:
    splits: dict[str, Literal["calibration", "report"] | None] = {"": None, "calibration": "calibration", "report": "report"}
    if said not in splits:
        raise _WrongCell(f"{said!r} is no split: write calibration or report, or leave it empty.")
    return splits[said]


def _sources(cells: dict[str, str]) -> tuple[Reference, ...]:
    document, page, quote = (cells.get(column, "") for column in ("document", "page", "quote"))
    if not document:
        if page or quote:
            raise _WrongCell("It has a page or a quote and no document: name the document.")
        return ()
    if page and not (page.isdecimal() and int(page) > 0):
        raise _WrongCell(f"{page!r} is no page: write a number from 1, or leave it empty.")
    return (Reference(document=document, page=int(page) if page else None, quote=quote or None),)


def _facts(cell: str) -> tuple[tuple[str, ...], ...]:
    return tuple(tuple(_several(group, "|")) for group in _several(cell))


def _several(cell: str, separator: str = ";") -> tuple[str, ...]:
    return tuple(part.strip() for part in cell.split(separator) if part.strip())
