"""Answers and passages as HTML. They are untrusted: everything is escaped here, and neither links, images nor markup of theirs
reach a page."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from html import escape

from markdown_it import MarkdownIt
from markdown_it.renderer import RendererHTML
from markdown_it.token import Token

_CITATION = re.compile(r"\[(\d{1,3})\]")
Labels = dict[int, tuple[str, str]]
_OPEN, _CLOSE = "\u2e28", "\u2e29"
"""Brackets that nobody writes; as punctuation they leave the emphasis beside them alone."""
_BRACKETS = re.compile(f"([{_OPEN}{_CLOSE}])")
_WORD = re.compile(r"\w")
_LINE_START = re.compile(r"(?:[ \t]*(?:[-*+]|\d{1,9}[.)]|#{1,6}|>)[ \t]+|[ \t]*\|[ \t]*)+")
_AFTER_LIST = re.compile(r"(?m)^([ \t]*(?:[-*+]|\d{1,9}[.)])[ \t].*)\n(?=[^\s\-*+\d|>#])")
"""The end of an item before a line that is none: models mean it to end the list, Markdown would go on with the item."""
_NEVER = ("link", "image", "autolink", "html_inline", "html_block", "reference", "fence", "code", "backticks", "entity")


def passage_html(passage: str, quotes: Iterable[str]) -> str:
    """The passage with the quotes marked; lines of Markdown tables become a table, in which quoted rows are marked."""
    spans = [span for quote in quotes if (span := _find(passage, quote))]
    pieces: list[str] = []
    position, lines = 0, passage.splitlines(keepends=True)
    rows: list[tuple[int, str]] = []
    for line in [*lines, ""]:
        if line.lstrip().startswith("|"):
            rows.append((position, line.strip()))
        else:
            if rows:
                pieces.append(_table(rows, spans))
                rows = []
            pieces.append(_marked(line, position, spans))
        position += len(line)
    joined = "".join(pieces).replace("</mark><mark>", "")
    return f'<div class="passage-text">{joined}</div>'


def _find(passage: str, quote: str) -> tuple[int, int] | None:
    """Where the quote stands, whatever the white space between its words."""
    words = quote.split()
    if not words:
        return None
    found = re.search(r"\s+".join(map(re.escape, words)), passage)
    return found.span() if found else None


def _marked(line: str, offset: int, spans: Sequence[tuple[int, int]]) -> str:
    inside = [any(start <= offset + index < end for start, end in spans) for index in range(len(line))]
    html, index = "", 0
    while index < len(line):
        end = next((other for other in range(index, len(line)) if inside[other] != inside[index]), len(line))
        piece = escape(line[index:end])
        html += f"<mark>{piece}</mark>" if inside[index] else piece
        index = end
    return html


def _table(rows: Sequence[tuple[int, str]], spans: Sequence[tuple[int, int]]) -> str:
    body = [(offset, _cells(row)) for offset, row in rows if not re.fullmatch(r"[|\s:-]+", row)]
    html = "".join(
        _row(cells, _overlaps(offset, offset + len("|".join(cells)), spans), head=not at)
        for at, (offset, cells) in enumerate(body)
    )
    return f"<table>{html}</table>"


def _cells(row: str) -> list[str]:
    return [cell.strip().replace(r"\|", "|") for cell in re.split(r"(?<!\\)\|", row.strip("|"))]


def _overlaps(start: int, end: int, spans: Sequence[tuple[int, int]]) -> bool:
    return any(low < end and start < high for low, high in spans)


def _row(cells: Sequence[str], marked: bool, *, head: bool) -> str:
    tag = "th" if head else "td"
    content = "".join(f"<{tag}>{escape(cell)}</{tag}>" for cell in cells)
    return f'<tr class="marked">{content}</tr>' if marked else f"<tr>{content}</tr>"


@dataclass(frozen=True, slots=True)
class Doubt:
    """A part of an answer (`text[start:end]`) that the evidence does not hold. `kind` is its class in the page, `why` a
    sentence."""

    start: int
    end: int
    kind: str
    why: str


def markdown(text: str, labels: Labels | None = None, doubts: Sequence[Doubt] = ()) -> str:
    """Paragraphs, lists, emphasis and tables of an answer as HTML; `[n]` becomes a button where `labels` knows the number.

    `labels` maps a number to the id of its passage and its description. Each doubted part is marked and followed by a button
    that tells why.
    """
    plain = _BRACKETS.sub(" ", text)
    ordered = sorted((doubt for doubt in doubts if _WORD.search(plain, doubt.start, doubt.end)), key=lambda doubt: doubt.start)
    writing = _Writing(labels or {}, ordered)
    html = str(_PARSER.render(_AFTER_LIST.sub(r"\1\n\n", _bracketed(plain, ordered)), {"writing": writing}))
    return html if writing.complete or not ordered else markdown(text, labels)


class _Writing:
    """What is known while the text is written out: the labels, and which doubted part the writing is in."""

    def __init__(self, labels: Labels, doubts: Sequence[Doubt]) -> None:
        self.labels = labels
        self._doubts = list(doubts)
        self._inside: Doubt | None = None

    @property
    def complete(self) -> bool:
        return not self._doubts and self._inside is None

    def html(self, content: str) -> str:
        return "".join(self._piece(piece) for piece in _BRACKETS.split(content) if piece)

    def _piece(self, piece: str) -> str:
        if piece == _OPEN:
            self._inside = self._doubts.pop(0)
            return ""
        if piece == _CLOSE:
            doubt, self._inside = self._inside, None
            return _why(doubt) if doubt else ""
        html = _CITATION.sub(lambda match: _citation(match, self.labels), escape(piece))
        return f'<span class="doubted {self._inside.kind}">{html}</span>' if self._inside else html


def _bracketed(text: str, doubts: Sequence[Doubt]) -> str:
    """The text with brackets around the doubted parts, behind what makes a line an item, a heading or a row."""
    for doubt in reversed(doubts):
        line = _LINE_START.match(text, doubt.start)
        start = line.end() if line and (doubt.start == 0 or text[doubt.start - 1] in "\n ") else doubt.start
        end = doubt.start + len(text[doubt.start : doubt.end].rstrip("| \t\n"))
        if start < end:
            text = f"{text[:start]}{_OPEN}{text[start:end]}{_CLOSE}{text[end:]}"
    return text


def _why(doubt: Doubt) -> str:
    why = escape(doubt.why)
    return f'<button type="button" class="doubt {doubt.kind}" aria-label="{why}" data-why="{why}"></button>'


def _text_rule(self: RendererHTML, tokens: Sequence[Token], index: int, options: object, env: dict[str, _Writing]) -> str:
    return env["writing"].html(tokens[index].content)


def _citation(match: re.Match[str], labels: Labels) -> str:
    number = int(match[1])
    if number not in labels:
        return match[0]
    card, label = (escape(part) for part in labels[number])
    return f'<button type="button" class="cite" data-passage="{card}" aria-label="{label}">{number}</button>'


def _parser() -> MarkdownIt:
    parser = MarkdownIt("commonmark", {"html": False, "breaks": True}).enable("table").disable(list(_NEVER))
    parser.add_render_rule("text", _text_rule)
    return parser


_PARSER = _parser()
