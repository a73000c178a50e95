"""A report as Markdown: the same as in HTML, with tables in the place of plots. Questions stay in the HTML.

Texts of others are untrusted: whatever Markdown or HTML would read as markup is escaped.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from functools import singledispatch

from eval.report.blocks import (
    Block,
    Bullets,
    Cell,
    Choice,
    Choices,
    Document,
    Drills,
    Figure,
    Fold,
    Missing,
    Paragraph,
    Section,
    Table,
)
from eval.report.texts import Texts

_SPECIAL = re.compile(r"([\\`*_\[\]<>|#~!&])")
_MARKS = {"best": "● ", "tied": "≈ "}


def write_markdown(document: Document, texts: Texts) -> str:
    """The whole file."""
    head = f"# {_plain(document.headline)}\n\n{_plain(document.title)}: {_plain(' · '.join(document.facts))}"
    parts = [head, *(_section(section, texts) for section in document.sections), _plain(texts("footer"))]
    return "\n\n".join(parts) + "\n"


def _plain(text: str) -> str:
    """In one line, with nothing that would be markup."""
    return _SPECIAL.sub(r"\\\1", " ".join(text.split()))


def _section(section: Section, texts: Texts) -> str:
    phase = "" if section.number is None else f"{texts('phase', n=section.number)}: "
    intro = [_plain(section.intro)] if section.intro else []
    return "\n\n".join([f"## {phase}{_plain(section.title)}", *intro, *_blocks(section.blocks, texts)])


def _blocks(blocks: Iterable[Block], texts: Texts) -> list[str]:
    return [told for block in blocks if (told := _markdown(block, texts))]


@singledispatch
def _markdown(block: Block, texts: Texts) -> str:
    raise TypeError(type(block).__name__)


@_markdown.register
def _(block: Paragraph, texts: Texts) -> str:
    return _plain(block.text) if block.tone == "plain" else f"> {_plain(block.text)}"


@_markdown.register
def _(block: Missing, texts: Texts) -> str:
    return f"> {_plain(block.text)}: {_code(block.command)}"


def _code(text: str) -> str:
    return f"`{text.replace('`', '')}`"


@_markdown.register
def _(block: Bullets, texts: Texts) -> str:
    return "\n".join(f"- {_plain(item)}" for item in block.items)


@_markdown.register
def _(block: Table, texts: Texts) -> str:
    align = "---:" if block.numeric else "---"
    head = [_row(block.columns), f"| --- |{f' {align} |' * (len(block.columns) - 1)}"]
    caption = [f"**{_plain(block.caption)}**", ""] if block.caption else []
    return "\n".join([*caption, *head, *map(_row, block.rows)])


def _row(cells: Iterable[Cell]) -> str:
    return f"| {' | '.join(map(_cell, cells))} |"


def _cell(cell: Cell) -> str:
    under = f" ({_plain(cell.under)})" if cell.under else ""
    return f"{_MARKS.get(cell.mark or '', '')}{_plain(cell.text)}{under}"


@_markdown.register
def _(block: Figure, texts: Texts) -> str:
    return "\n\n".join([f"### {_plain(block.title)}", _markdown(block.table, texts)])


@_markdown.register
def _(block: Fold, texts: Texts) -> str:
    return "\n\n".join([f"### {_plain(block.title)}", *_blocks(block.blocks, texts)])


@_markdown.register
def _(block: Choices, texts: Texts) -> str:
    lines = [
        f"| {_plain(choice.use)} | {_plain(choice.best)} | {_plain(_chances(choice))} | {_plain(choice.sentence)} |"
        for choice in block.items
    ]
    head = f"| {_plain(texts('use'))} | {_plain(texts('verdict'))} | {_plain(texts('p_best'))} | |"
    return "\n".join([head, "| --- | --- | --- | --- |", *lines])


def _chances(choice: Choice) -> str:
    return ", ".join(f"{chance.backend} {chance.text}" for chance in choice.chances) or "–"


@_markdown.register
def _(block: Drills, texts: Texts) -> str:
    """A line a question."""
    lines = [
        f"| {_plain(drill.id)} | {_plain(drill.question)} | "
        f"{_plain(', '.join(f'{reply.backend}: {reply.badge}' for reply in drill.replies))} |"
        for drill in block.items
    ]
    return "\n".join(["| | | |", "| --- | --- | --- |", *lines])
