"""The text of an answer without its formatting, so that a reader can't tell back ends apart by their marks."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from markdown_it import MarkdownIt
from markdown_it.tree import SyntaxTreeNode

from ingest.loaders.markdown import inline_text


def unformatted(text: str) -> str:
    """Headings, emphasis, links, rules and fences lose their marks; items of lists begin with `-` or their number; cells of
    tables are parted by `|`. Words, numbers, `[n]` and the lines of code stay as they are."""
    parser = MarkdownIt("commonmark", {"html": False}).enable("table").disable("reference")
    return "\n\n".join(_blocks(SyntaxTreeNode(parser.parse(text.strip())))).strip()


def _blocks(node: SyntaxTreeNode) -> Iterator[str]:
    if write := _WRITERS.get(node.type):
        yield write(node)
        return
    for child in node.children:
        yield from _blocks(child)


def _inline(node: SyntaxTreeNode) -> str:
    assert node.token is not None  # an inline node stands for one token
    return inline_text(node.token)


def _code(node: SyntaxTreeNode) -> str:
    return node.content.rstrip("\n")


def _list(node: SyntaxTreeNode) -> str:
    return "\n".join(_item(item) for item in node.children)


def _item(item: SyntaxTreeNode) -> str:
    marker = f"{item.info}{item.markup}" if item.info else "-"
    return f"{marker} " + "\n".join(_blocks(item)).replace("\n", "\n  ")


def _table(node: SyntaxTreeNode) -> str:
    rows = (row for part in node.children for row in part.children)
    return "\n".join(" | ".join("".join(_blocks(cell)) for cell in row.children) for row in rows)


_WRITERS: dict[str, Callable[[SyntaxTreeNode], str]] = {
    "inline": _inline,
    "fence": _code,
    "code_block": _code,
    "bullet_list": _list,
    "ordered_list": _list,
    "table": _table,
}
