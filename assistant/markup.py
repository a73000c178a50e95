"""Answers and passages as HTML. They are untrusted: everything is escaped here, and neither links, images nor markup of theirs
reach a page."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from html import escape

from markdown_it import MarkdownIt
from markdown_it.renderer import RendererHTML
from markdown_it.token import Token

_CITATION = re.compile(r"\[(\d{1,3})\]")
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


def markdown(text: str, labels: dict[int, tuple[str, str]] | None = None) -> str:
    """Paragraphs, lists, emphasis and tables of an answer as HTML; `[n]` becomes a button where `labels` knows the number.

    `labels` maps a number to the id of its passage and its description.
    """
    return str(_PARSER.render(text, {"labels": labels or {}}))


def _text_rule(
    self: RendererHTML, tokens: Sequence[Token], index: int, options: object, env: dict[str, dict[int, tuple[str, str]]]
) -> str:
    return _CITATION.sub(lambda match: _citation(match, env["labels"]), escape(tokens[index].content))


def _citation(match: re.Match[str], labels: dict[int, tuple[str, str]]) -> str:
    number = int(match[1])
    if number not in labels:
        return match[0]
    card, label = labels[number][0], escape(labels[number][1])
    return f'<button type="button" class="cite" data-passage="{card}" aria-label="{label}" title="{label}">{number}</button>'


def _parser() -> MarkdownIt:
    parser = MarkdownIt("commonmark", {"html": False}).enable("table").disable(list(_NEVER))
    parser.add_render_rule("text", _text_rule)
    return parser


_PARSER = _parser()
