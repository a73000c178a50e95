"""Rows of cells -> a Markdown table whose cells are never fused."""

from __future__ import annotations

from collections.abc import Sequence

Row = list[str]


def markdown_table(rows: Sequence[Sequence[str]]) -> str:
    """Rows of one width, the first being the header -> a Markdown table, one line a row."""
    header, *body = ([_escaped(cell) for cell in row] for row in rows)
    lines = [header, ["---"] * len(header), *body]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def split_table(rows: Sequence[Sequence[str]]) -> tuple[list[str], list[Row]]:
    """Rows as found -> (what stands above the table as lines of text, the table's rows of one width).

    Empty rows and columns vanish; a second header row is merged into the first. The table is empty where there is
    none: what has a single row or column is text.
    """
    grid = _without_empty(rows)
    titles: list[str] = []
    while grid and _is_title(grid[0]):
        titles.append(grid.pop(0)[0])
    grid = _without_empty(grid)
    if len(grid) < 2 or len(grid[0]) < 2:
        return titles + [": ".join(filter(None, row)) for row in grid], []
    return titles, _one_header([_unrepeated(row) if index else row for index, row in enumerate(grid)])


def _without_empty(rows: Sequence[Sequence[str]]) -> list[Row]:
    """Rows of the same width without empty rows, empty columns and columns that only repeat their neighbour."""
    filled = [list(row) for row in rows if any(row)]
    width = max(map(len, filled), default=0)
    padded = [row + [""] * (width - len(row)) for row in filled]
    columns = [column for column in zip(*padded, strict=True) if any(column)]
    kept = [column for index, column in enumerate(columns) if not index or column != columns[index - 1]]
    return [list(row) for row in zip(*kept, strict=True)]


def _is_title(row: Row) -> bool:
    """One cell across the whole table: alone in its row, or repeated in each column of it."""
    return len(row) > 1 and (not any(row[1:]) or len(set(row)) == 1)


def _unrepeated(row: Row) -> Row:
    """A cell merged across a whole row of the body is kept once."""
    merged = len(row) > 1 and len(set(row)) == 1 and any(map(str.isalpha, row[0]))
    return [row[0]] + [""] * (len(row) - 1) if merged else row


def _one_header(rows: list[Row]) -> list[Row]:
    """Joins `2024 | 2024` over `T1 | T2` into `2024 T1 | 2024 T2`."""
    top, second = rows[0], rows[1]
    grouped = any(left and left == right for left, right in zip(top, top[1:], strict=False))
    if not grouped or len(rows) < 3:
        return rows
    joined = [
        over if over == under or not under else f"{over} {under}".strip() for over, under in zip(top, second, strict=True)
    ]
    return [joined, *rows[2:]]


def _escaped(cell: str) -> str:
    return " ".join(cell.replace("|", "\\|").split())
