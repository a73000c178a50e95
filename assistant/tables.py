"""Markdown tables as a small model can read them: the row whose range holds a figure, the columns asked for, cells by name."""

from __future__ import annotations

import math
import re
from collections.abc import Sequence

from assistant.facts import facts_of, figures_of, number_of, terms_of
from ingest.sentences import line_spans
from ingest.text import fold

FEW_ROWS = 4
"""Up to so many rows are shown as `column: value` pairs instead of a table, so that no column is mistaken for another."""

_CELL_END = re.compile(r"(?<!\\)\|")
_NUMBER = re.compile(r"\d+(?:[.,]\d+)*")
_BETWEEN = re.compile(r"(?:^|\b(?:de|desde|entre|from|between) )\W*#[^#]*?(?:\b(?:a|y|hasta|to|and)\b|[-–—])[^#]*#[^#]*$")
_UNDER = re.compile(r"(?:menos de|inferior a|por debajo de|under|below|less than|<)\W*#[^#]*$")
_UP_TO = re.compile(r"(?:hasta|up to|maximo|≤|<=)\W*#[^#]*$")
_OVER = re.compile(r"(?:mas de|superior a|por encima de|over|above|more than|>)\W*#[^#]*$")
_FROM = re.compile(
    r"(?:(?:a partir de|desde|from|≥|>=)\W*#[^#]*|#\W*(?:\w+ )?(?:o mas|y mas|en adelante|or more|and over|\+))$"
)
_YES_OR_NO = {"si", "no", "yes"}

Range = tuple[float, float]


def table_lines(text: str) -> tuple[str, list[str]]:
    """The header with the line below it (empty when there is none), and the rows."""
    lines = [text[start:end] for start, end in line_spans(text)]
    head = 2 if len(lines) > 1 and set(lines[1]) <= set("|-: ") else 0
    return "\n".join(lines[:head]), lines[head:]


def readable(question: str, header: str, rows: Sequence[str]) -> str:
    """Rows as the model gets them: many as a table, few as pairs, without columns that only compete with the one asked for."""
    if not header or len(rows) > FEW_ROWS:
        return "\n".join((header, *rows) if header else rows)
    names, table = cells(header.split("\n")[0]), [cells(row) for row in rows]
    rivals = _rivals(terms_of(question), names, table)
    return "\n".join("; ".join(f"{names[n]}: {cell}" for n, cell in _named(row, names) if n not in rivals) for row in table)


def _named(row: Sequence[str], names: Sequence[str]) -> list[tuple[int, str]]:
    return [(column, cell) for column, cell in enumerate(row[: len(names)]) if cell]


def cells(row: str) -> list[str]:
    """The cells of a row, without the escapes."""
    return [cell.strip().replace("\\|", "|") for cell in _CELL_END.split(row.strip().strip("|"))]


def _rivals(wanted: frozenset[str], names: Sequence[str], rows: Sequence[Sequence[str]]) -> set[int]:
    """Columns of the same kind of value as one that the question names in full, which it does not name at all."""
    terms = [terms_of(name) for name in names]
    asked = [column for column, own in enumerate(terms) if column and own and own <= wanted]
    others = [column for column, own in enumerate(terms) if column and not own & wanted]
    return {rival for rival in others for column in asked if _alike(rows, column, rival)}


def _alike(rows: Sequence[Sequence[str]], one: int, other: int) -> bool:
    pairs = [(row[one], row[other]) for row in rows if max(one, other) < len(row)]
    return bool(pairs) and all((shape := _shape(a)) and shape == _shape(b) for a, b in pairs)


def _shape(cell: str) -> str:
    """The cell with its figures left out; empty for plain text."""
    plain = fold(cell)
    return "yes or no" if plain in _YES_OR_NO else _NUMBER.sub("#", plain) if _NUMBER.search(plain) else ""


def row_of_figure(question: str, header: str, rows: Sequence[str]) -> int | None:
    """The only row with a range (`De 10 a 19 años`, `Menos de 3.000 €`, `150 or more`) that a figure of the question is in.

    None when no column holds ranges of the figure's unit, no figure fits, or figures fit different rows.
    """
    figures = figures_of(question)
    if not figures or len(rows) < 2:
        return None
    names, table = cells(header.split("\n")[0]), [cells(row) for row in rows]
    for column in range(min(len(row) for row in table)):
        named = terms_of(" ".join([*names[column : column + 1], *(row[column] for row in table)]))
        ranges = [range_of(row[column]) for row in table]
        if sum(found is not None for found in ranges) < max(2, len(rows) - 1):
            continue
        fitting = {row for figure, unit in figures if unit & named and (row := _narrowest(figure, ranges)) is not None}
        if len(fitting) == 1:
            return fitting.pop()
    return None


def figures_in_ranges(question: str, rows: Sequence[str]) -> frozenset[str]:
    """The terms of the question's figures that fall into a range some cell holds."""
    ranges = [found for row in rows for cell in cells(row) if (found := range_of(cell))]
    figures = {term: number_of(term.replace("d", ".")) for term in facts_of(question).numbers}
    return frozenset(term for term, figure in figures.items() if any(low <= figure <= high for low, high in ranges))


def _narrowest(figure: float, ranges: Sequence[Range | None]) -> int | None:
    """The row whose range holds the figure; of `Hasta 1.000` and `Hasta 3.000`, the first that reaches it."""
    fitting = [(-found[0], found[1], row) for row, found in enumerate(ranges) if found and found[0] <= figure <= found[1]]
    return min(fitting)[2] if fitting else None


def range_of(cell: str) -> Range | None:
    """The least and the greatest value a cell speaks of, None when it is no range."""
    plain = fold(cell).strip()
    values = [number_of(found) for found in _NUMBER.findall(plain)]
    masked = _NUMBER.sub("#", plain)
    if len(values) == 2 and _BETWEEN.search(masked) and values[0] <= values[1]:
        return values[0], values[1]
    if len(values) != 1:
        return None
    if _UP_TO.search(masked):
        return -math.inf, values[0]
    if _UNDER.search(masked):
        return -math.inf, math.nextafter(values[0], -math.inf)
    if _FROM.search(masked):
        return values[0], math.inf
    return (math.nextafter(values[0], math.inf), math.inf) if _OVER.search(masked) else None
