"""Lines of PDF pages -> headings, paragraphs, lists and tables.

Running headers and footers go; wrapped and hyphenated lines are joined; type size and weight make headings.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from statistics import median

from ingest.loaders.draft import Draft
from ingest.loaders.pdf_lines import Line
from ingest.loaders.pdf_tables import RuledTable

_MARGIN = 0.11
_RUNNING_SHARE = 0.5
_RUNNING_PAGES = 8
_PAGE_NUMBER = re.compile(r"\W*(p[áa]g(ina|\.)?|page)?\s*\d+\s*((de|of|/)\s*\d+)?\W*$", re.I)
_BULLET = re.compile(r"^(?:[•●▪■◦○‣∙·\uf0b7\uf0a7\uf0d8\uf0fc\uf076–—*-]|o(?= [A-ZÁÉÍÓÚÑ]))\s+(?=\S)")
_NUMBER_ITEM = re.compile(r"^(\d{1,2}[.)]|[a-zA-Z]\))\s+(?=\S)")
_SECTION = re.compile(r"^(\d{1,2}(?:\.\d{1,2})*)\.?\s+[^\W\d_]")
_LEADERS = re.compile(r"\s*(?:\.\s?){5,}\s*")
_SENTENCE_END = re.compile(r"[.:;!?][\"»”)]?$")
_HYPHENATED = re.compile(r"[^\W\d_]-$")
_FIRST_SENTENCE = re.compile(r"^.*?[.!?](?=\s|$)", re.S)
_HEADING_CHARS = 150
_LARGER = 1.12
_LEVELS = 5
_TABLE_ROWS = 3
_CELL_CHARS = 45


@dataclass(frozen=True, slots=True)
class Page:
    """What was read from one page; `number` counts from 1, `height` is in points."""

    number: int
    height: float
    lines: list[Line]
    tables: tuple[RuledTable, ...]
    has_image: bool


def write_pages(pages: Sequence[Page], draft: Draft) -> None:
    running = _running_lines(pages)
    bodies = [_without_running(page, running) for page in pages]
    style = _Style([line for body in bodies for line in body])
    writer = _Writer(style, draft)
    for page, body in zip(pages, bodies, strict=True):
        writer.page(page, body)
    writer.finish()


def _running_lines(pages: Sequence[Page]) -> dict[str, int]:
    """Texts (digits aside) in the margins of most pages -> the first page where they stand."""
    seen: dict[str, list[int]] = {}
    for page in pages:
        for key in {_running_key(line, page) for line in page.lines if _in_margin(line, page)}:
            seen.setdefault(key, []).append(page.number)
    least = max(2.0, min(_RUNNING_SHARE * len(pages), _RUNNING_PAGES))
    return {key: numbers[0] for key, numbers in seen.items() if len(numbers) >= least}


def _running_key(line: Line, page: Page) -> str:
    zone = "top" if line.baseline < page.height / 2 else "bottom"
    return zone + re.sub(r"\d+", "#", line.text.lower())


def _in_margin(line: Line, page: Page) -> bool:
    inside_table = any(table.contains(line.left, line.baseline) for table in page.tables)
    return not inside_table and not _MARGIN < line.baseline / page.height < 1 - _MARGIN


def _without_running(page: Page, running: dict[str, int]) -> list[Line]:
    """Page numbers and what runs go; a running header stays where it stands first, as it often names the version."""
    kept = []
    for line in page.lines:
        key = _running_key(line, page)
        first_header = key.startswith("top") and running.get(key) == page.number
        runs = _PAGE_NUMBER.match(line.text) or (key in running and not first_header)
        if not (runs and _in_margin(line, page)):
            kept.append(line)
    return kept


class _Style:
    """The document's usual type size and line spacing, and what its headings look like."""

    def __init__(self, lines: Sequence[Line]) -> None:
        weights: Counter[float] = Counter()
        for line in lines:
            weights[line.size] += len(line.text)
        self.size = weights.most_common(1)[0][0] if weights else 10.0
        self._mostly_bold = sum(len(line.text) for line in lines if line.bold) * 2 > sum(weights.values())
        larger = {line.size for line in lines if line.size > _LARGER * self.size and len(line.text) <= _HEADING_CHARS}
        self._sizes = sorted(larger, reverse=True)[:_LEVELS]
        self.leading = _usual_leading(lines)

    def heading_level(self, line: Line) -> int | None:
        """1 for the largest type; bold or numbered lines of the usual size come below all larger ones."""
        if len(line.text) > _HEADING_CHARS or not any(map(str.isalpha, line.text)):
            return None
        if line.size in self._sizes:
            return self._sizes.index(line.size) + 1
        number = _SECTION.match(line.text)
        bold = (
            line.bold
            and not self._mostly_bold
            and line.size >= 0.95 * self.size
            and not line.text.endswith((".", ",", ":", ";"))
        )
        if bold and not _BULLET.match(line.text):
            return len(self._sizes) + (number[1].count(".") + 1 if number else 1)
        return None


def _usual_leading(lines: Sequence[Line]) -> float:
    """Median distance of consecutive baselines, in type sizes."""
    steps = [
        (after.baseline - before.baseline) / before.size
        for before, after in zip(lines, lines[1:], strict=False)
        if before.size == after.size and 0 < after.baseline - before.baseline < 2.5 * before.size
    ]
    return median(steps) if steps else 1.2


def _elements(page: Page, lines: Sequence[Line]) -> Iterator[Line | RuledTable]:
    """Lines outside of tables in the file's order, each table before the first line that stands in or below it."""
    waiting = sorted(page.tables, key=lambda table: table.top)
    for line in lines:
        while waiting and (waiting[0].contains(line.left, line.baseline) or waiting[0].bottom < line.baseline):
            yield waiting.pop(0)
        if not any(table.contains(line.left, line.baseline) for table in page.tables):
            yield line
    yield from waiting


def _runs(elements: Iterable[Line | RuledTable]) -> Iterator[list[Line] | RuledTable]:
    """Consecutive lines that share columns come as one list: a table without rulings. Other lines come alone."""
    run: list[Line] = []
    for element in elements:
        if isinstance(element, Line) and run and _share_columns(run[-1], element):
            run.append(element)
            continue
        yield from _as_table_or_lines(run)
        run = [element] if isinstance(element, Line) else []
        if isinstance(element, RuledTable):
            yield element
    yield from _as_table_or_lines(run)


def _share_columns(before: Line, after: Line) -> bool:
    """The same number of cells, each starting or ending where the one above does; not further apart than rows are."""
    if (
        len(before.cells) < 2
        or len(before.cells) != len(after.cells)
        or not 0 < after.baseline - before.baseline < 3.5 * after.size
    ):
        return False
    near = after.size
    return all(
        abs(above.left - below.left) < near or abs(above.right - below.right) < near
        for above, below in zip(before.cells, after.cells, strict=True)
    )


def _as_table_or_lines(run: list[Line]) -> Iterator[list[Line]]:
    """Two rows may be chance, and long cells are columns of prose."""
    cells = [cell for line in run for cell in line.cells]
    if len(run) >= _TABLE_ROWS and sum(len(cell.text) for cell in cells) < _CELL_CHARS * len(cells):
        yield run
    else:
        yield from ([line] for line in run)


class _Writer:
    """Gathers the lines of a paragraph, heading or list item, then writes them."""

    def __init__(self, style: _Style, draft: Draft) -> None:
        self._style = style
        self._draft = draft
        self._lines: list[Line] = []
        self._held: tuple[int, str] | None = None
        self._right = 0.0
        self._in_list = False

    def page(self, page: Page, lines: Sequence[Line]) -> None:
        self._flush()
        self._draft.page = page.number
        self._right = max((line.right for line in lines), default=0.0)
        for run in _runs(_elements(page, lines)):
            if isinstance(run, RuledTable):
                self._table(run.rows)
            elif len(run) > 1:
                self._table([[cell.text for cell in line.cells] for line in run])
            else:
                self._line(run[0])

    def finish(self) -> None:
        self._flush()
        self._release()

    def _table(self, rows: Sequence[Sequence[str]]) -> None:
        self._flush()
        self._release()
        self._in_list = False
        self._draft.table(rows)

    def _line(self, line: Line) -> None:
        if self._lines and not self._continues(self._lines[-1], line):
            self._flush()
        self._lines.append(line)

    def _continues(self, last: Line, line: Line) -> bool:
        """Is the line of the same paragraph (heading, item) as the one before it?"""
        if abs(last.size - line.size) > 0.6 or self._style.heading_level(last) != self._style.heading_level(line):
            return False
        if _BULLET.match(line.text) or _NUMBER_ITEM.match(line.text) or _SECTION.match(line.text):
            return False
        step = (line.baseline - last.baseline) / line.size
        if abs(step) < 0.3:
            return True
        if not 0 < step <= 1.2 * max(self._style.leading, 1.1):
            return False
        ended_early = last.right < self._right - 0.2 * (self._right - last.left) and bool(_SENTENCE_END.search(last.text))
        return not ended_early and line.left < last.left + 2.5 * line.size

    def _flush(self) -> None:
        lines, self._lines = self._lines, []
        if not lines:
            return
        text = _LEADERS.sub(" … ", _joined([line.text for line in lines]))
        if (level := self._style.heading_level(lines[0])) is not None and len(text) <= _HEADING_CHARS:
            self._release()
            self._in_list = False
            self._draft.heading(level, text)
        elif item := _BULLET.match(text) or _NUMBER_ITEM.match(text):
            self._release()
            self._draft.item(text[item.end() :], item[1] if item.re is _NUMBER_ITEM else "-", first=not self._in_list)
            self._in_list = True
        else:
            self._in_list = False
            self._hold(text)

    def _hold(self, text: str) -> None:
        """Keeps the paragraph until the next one: a sentence that a page break cuts belongs to the page where it begins."""
        page = self._draft.page or 0
        if self._held and self._held[0] != page and text[0].islower() and not _SENTENCE_END.search(self._held[1]):
            sentence = _FIRST_SENTENCE.match(text)
            head = sentence[0] if sentence else text
            self._held = (self._held[0], _joined([self._held[1], head]))
            text = text[len(head) :].strip()
        self._release()
        self._held = (page, text) if text else None

    def _release(self) -> None:
        if self._held:
            page, self._draft.page = self._draft.page, self._held[0]
            self._draft.text(self._held[1])
            self._draft.page, self._held = page, None


def _joined(lines: Sequence[str]) -> str:
    """Lines as one text; a word hyphenated at a line's end is whole again."""
    text = lines[0].strip()
    for line in lines[1:]:
        whole_word = _HYPHENATED.search(text) and line.strip()[:1].islower()
        text = f"{text[:-1] if whole_word else text + ' '}{line.strip()}"
    return text
