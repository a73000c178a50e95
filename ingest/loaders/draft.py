"""`Draft`: the document a loader is writing. It keeps the heading path, the page, cleanliness and the size limit."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from ingest.config import IngestLimits
from ingest.errors import LoadError
from ingest.loaders.tables import markdown_table, split_table
from ingest.types import Block, BlockKind, PageUnit

_DROPPED = dict.fromkeys(
    [*range(0x00, 0x09), *range(0x0E, 0x20), *range(0x7F, 0xA0), 0xAD, 0x200B, 0x200C, 0x2060, 0xFEFF, 0xFFFE, 0xFFFF]
)
_REPLACED = {
    0x0B: "\n", 0x0C: "\n", 0x0D: "\n", 0x85: "\n", 0x2028: "\n", 0x2029: "\n", 0xA0: " ", 0x202F: " ",
    0x2007: " ", 0x2009: " ",
    0xFB00: "ff", 0xFB01: "fi", 0xFB02: "fl", 0xFB03: "ffi", 0xFB04: "ffl", 0xFB05: "st", 0xFB06: "st",
}  # fmt: skip
_CLEANING = _DROPPED | _REPLACED
_SURROGATES = re.compile("[\ud800-\udfff]")
_SPACES = re.compile(r"[ \t]+")
_LINE_ENDS = re.compile(r" ?\n[ \n]*")


def clean(text: str) -> str:
    """NFC text without control characters, half surrogates, runs of spaces or blank lines; trimmed."""
    text = _SURROGATES.sub("", text.replace("\r\n", "\n").translate(_CLEANING))
    text = _LINE_ENDS.sub("\n", _SPACES.sub(" ", text))
    return unicodedata.normalize("NFC", text).strip()


def one_line(text: str) -> str:
    """`clean` with line breaks turned into spaces."""
    return " ".join(clean(text).split())


@dataclass
class Draft:
    """Blocks in reading order. Loaders call `heading`, `text`, `item` and `table`; the draft does the rest.

    More text than `limits` allow raises LoadError('too_much_text'). `nested` says that this is an attachment.
    """

    limits: IngestLimits
    nested: bool = False
    base_level: int = 0
    title: str = ""
    date: str | None = None
    page: int | None = None
    page_unit: PageUnit | None = None
    warnings: list[str] = field(default_factory=list)
    _blocks: list[Block] = field(default_factory=list)
    _items: list[str] = field(default_factory=list)
    _list_page: int | None = None
    _path: list[tuple[int, str]] = field(default_factory=list)
    _chars: int = 0

    @property
    def headings(self) -> tuple[str, ...]:
        return tuple(text for _, text in self._path)

    def heading(self, level: int, text: str) -> None:
        """Writes a heading (1 is the outermost) and puts what follows under it."""
        text = one_line(text)
        if not text:
            return
        level += self.base_level
        self.close_headings(level)
        self._add(text, "heading")
        self._path.append((level, text))

    def close_headings(self, level: int = 0) -> None:
        """Ends the sections of this level and deeper; 0 ends them all."""
        self._end_list()
        while self._path and self._path[-1][0] >= level:
            self._path.pop()

    def text(self, text: str) -> None:
        """Writes a paragraph; its line breaks are kept."""
        self._add(clean(text), "text")

    def item(self, text: str, marker: str = "-", depth: int = 0, *, first: bool = False) -> None:
        """Writes a list item `- text`; it joins the list just before it, unless it is the `first` of a new one."""
        text = one_line(text)
        if not text:
            return
        if first or self._list_page != self.page:
            self._end_list()
        self._list_page = self.page
        self._items.append(f"{'  ' * min(depth, 8) if self._items else ''}{marker} {text}")
        self._count(text)

    def continue_item(self, text: str) -> None:
        """Adds a further paragraph to the list item just written; without one it is a paragraph of its own."""
        text = one_line(text)
        if not self._items:
            self.text(text)
        elif text:
            self._items[-1] += f" {text}"
            self._count(text)

    def table(self, rows: Sequence[Sequence[str]]) -> None:
        """Writes rows of cells as a Markdown table. What is no table (one column, one row, a title row) becomes text."""
        titles, body = split_table([[one_line(cell) if cell else "" for cell in row] for row in rows])
        for title in titles:
            self.text(title)
        if body:
            self._add(markdown_table(body), "table")

    def warn(self, sentence: str) -> None:
        self.warnings.append(one_line(sentence))

    def insert(self, blocks: Iterable[Block]) -> None:
        """Writes another document's blocks under the current heading; their page numbers mean nothing here."""
        for block in blocks:
            self._end_list()
            self._count(block.text)
            self._blocks.append(Block(block.text, block.kind, self.page, self.headings + block.headings))

    def finish(self) -> tuple[Block, ...]:
        """All blocks; the draft is done."""
        self._end_list()
        return tuple(self._blocks)

    def _end_list(self) -> None:
        if self._items:
            self._blocks.append(Block("\n".join(self._items), "list", self._list_page, self.headings))
            self._items = []

    def _add(self, text: str, kind: BlockKind) -> None:
        if text:
            self._end_list()
            self._count(text)
            self._blocks.append(Block(text, kind, self.page, self.headings))

    def _count(self, text: str) -> None:
        self._chars += len(text)
        self.refuse_text(self._chars)

    def refuse_text(self, chars: int) -> None:
        """Raises LoadError('too_much_text') when so many characters are more than the limit."""
        if chars > (limit := self.limits.text_chars):
            message = f"The file has more than {limit:,} characters of text: split it, or raise ingest.text_chars."
            raise LoadError("too_much_text", message)
