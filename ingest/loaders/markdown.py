"""Markdown -> headings, paragraphs, lists and tables, without its marks."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from markdown_it import MarkdownIt
from markdown_it.token import Token

from ingest.loaders import plain
from ingest.loaders.draft import Draft

_FRONT_MATTER = re.compile(r"\A---[ \t]*\n(.*?)\n(?:---|\.\.\.)[ \t]*\n", re.S)
_FIELD = re.compile(r"^(title|titulo|título|date|fecha):[ \t]*[\"']?(.+?)[\"']?[ \t]*$", re.I | re.M)
_LONGEST_LINE = 50_000  # nobody's Markdown: the parser's time grows with the square of it
_NESTING = 60
_ISO_DATE = re.compile(r"\d{4}-\d{2}-\d{2}")
_TAGS = re.compile(r"<!--.*?-->|</?[a-zA-Z][^>]*>", re.S)


def load(text: str, draft: Draft) -> None:
    text = text.replace("\r\n", "\n")
    if max(map(len, text.split("\n"))) > _LONGEST_LINE:
        plain.load(text, draft)
        return
    if front := _FRONT_MATTER.match(text):
        _read_front_matter(front[1], draft)
        text = text[front.end() :]
    parser = MarkdownIt("commonmark", {"maxNesting": _NESTING}).enable("table")
    _write(parser.parse(text), draft)


def _read_front_matter(front: str, draft: Draft) -> None:
    for name, value in _FIELD.findall(front):
        if name.lower() in ("date", "fecha"):
            day = _ISO_DATE.search(value)
            draft.date = day[0] if day else None
        else:
            draft.title = value


def _write(tokens: Sequence[Token], draft: Draft) -> None:
    lists: list[_List] = []
    stream = iter(tokens)
    for token in stream:
        if token.type == "heading_open":
            draft.heading(int(token.tag[1]), inline_text(next(stream)))
        elif token.type in ("bullet_list_open", "ordered_list_open"):
            lists.append(_List(token))
        elif token.type in ("bullet_list_close", "ordered_list_close"):
            lists.pop()
        elif token.type == "list_item_open":
            lists[-1].next_item(token)
        elif token.type == "inline":
            _write_paragraph(inline_text(token), lists, draft)
        elif token.type in ("fence", "code_block"):
            draft.text(token.content)
        elif token.type == "html_block":
            draft.text(_TAGS.sub("", token.content))
        elif token.type == "table_open":
            draft.table(_rows(stream))


def _write_paragraph(text: str, lists: list[_List], draft: Draft) -> None:
    if not lists:
        draft.text(text)
    elif marker := lists[-1].take_marker():
        draft.item(text, marker, len(lists) - 1, first=len(lists) == 1 and lists[0].fresh())
    else:
        draft.continue_item(text)


class _List:
    """An open list: its next marker, and whether the item's first paragraph is still to come."""

    def __init__(self, token: Token) -> None:
        self._number = int(token.attrs.get("start", 1)) - 1 if token.type == "ordered_list_open" else None
        self._items = 0
        self._marker = ""

    def next_item(self, token: Token) -> None:
        self._items += 1
        if self._number is not None:
            self._number += 1
        self._marker = "-" if self._number is None else f"{self._number}{token.markup or '.'}"

    def take_marker(self) -> str:
        marker, self._marker = self._marker, ""
        return marker

    def fresh(self) -> bool:
        """Is the current item the first of this list?"""
        return self._items == 1


def _rows(stream: Iterator[Token]) -> list[list[str]]:
    rows: list[list[str]] = []
    for token in stream:
        if token.type == "table_close":
            break
        if token.type == "tr_open":
            rows.append([])
        elif token.type == "inline":
            rows[-1].append(inline_text(token))
    return rows


def inline_text(token: Token) -> str:
    """The text of an inline token without marks; images give their description, tags nothing."""
    parts = []
    for child in token.children or ():
        if child.type in ("text", "code_inline", "image"):
            parts.append(child.content)
        elif child.type == "hardbreak":
            parts.append("\n")
        elif child.type == "softbreak":
            parts.append(" ")
    return "".join(parts)
