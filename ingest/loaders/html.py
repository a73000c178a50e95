"""HTML -> headings, paragraphs, lists and tables of its main content, without menus, scripts, forms and banners."""

from __future__ import annotations

import re
from collections.abc import Iterator

from lxml import etree
from lxml.etree import _Element as Element

from ingest.loaders.draft import Draft, one_line

_SKIPPED_TAGS = """script style noscript template svg math canvas iframe object embed nav aside footer button select input
    textarea dialog head audio video map"""
_BLOCK_TAGS = """html body main article section div header p form fieldset address blockquote figure figcaption center details
    summary dl dt dd ul ol li table thead tbody tfoot tr td th caption pre h1 h2 h3 h4 h5 h6 hr hgroup"""
_SKIPPED = frozenset(_SKIPPED_TAGS.split())
_BLOCKS = frozenset(_BLOCK_TAGS.split())
_ROLES = frozenset(
    {"navigation", "banner", "contentinfo", "search", "dialog", "alertdialog", "complementary", "menu", "menubar"}
)
_BOILERPLATE = re.compile(
    r"(^|[\s_-])(cookies?|consent|gdpr|navbar|nav|menu|breadcrumbs?|migas|sidebar|site-?footer|page-?footer|pie|share|social|"
    r"skip-?link|banner|popup|modal|newsletter|pagination|advert|ads)($|[\s_-])",
    re.I,
)
_HIDDEN = re.compile(r"display\s*:\s*none|visibility\s*:\s*hidden", re.I)
_META_DATES = (
    "article:modified_time",
    "last-modified",
    "dcterms.modified",
    "article:published_time",
    "dcterms.date",
    "dc.date",
    "date",
)
_ISO_DATE = re.compile(r"\d{4}-\d{2}-\d{2}")
_WHITESPACE = re.compile(r"[ \t\r\n\f]+")
_LINE_BREAK = "\x00"
_SPECIAL = _SKIPPED | {"header", "form"}
_DEPTH = 150
_SPAN = 50


def load(text: str, draft: Draft) -> None:
    root = _parse(text)
    if root is None:
        return
    draft.title = draft.title or _title(root)
    draft.date = draft.date or _meta_date(root)
    writer = _Writer(draft)
    writer.walk(_main_content(root), 0)
    writer.flush()


def _parse(text: str) -> Element | None:
    parser = etree.HTMLParser(encoding="utf-8", huge_tree=True, remove_comments=True, remove_pis=True, no_network=True)
    root: Element | None = etree.fromstring(text.encode("utf-8", "ignore"), parser)
    if any("depth" in entry.message.lower() for entry in parser.error_log):
        raise RecursionError("the parser gave up on the nesting")
    return root


def _title(root: Element) -> str:
    """The page's title; without the site's name where the first heading shows what that is."""
    title = one_line(root.findtext(".//title") or "")
    first = root.find(".//h1")
    heading = "" if first is None else one_line("".join(_texts(first)))
    return heading if heading and heading in title else title


def _meta_date(root: Element) -> str | None:
    dates = {(meta.get("property") or meta.get("name") or "").lower(): meta.get("content") or "" for meta in root.iter("meta")}
    days = (_ISO_DATE.match(dates.get(name, "")) for name in _META_DATES)
    return next((day[0] for day in days if day), None)


def _main_content(root: Element) -> Element:
    """`<main>`, else the only `<article>`, when it holds a good part of the text; else the body."""
    body = root.find(".//body")
    body = root if body is None else body
    articles = body.findall(".//article")
    candidates = [*body.iter("main"), *body.iterfind(".//*[@role='main']"), *(articles if len(articles) == 1 else [])]
    whole = _text_length(body)
    return next((element for element in candidates if _text_length(element) > 0.25 * whole), body)


def _text_length(element: Element) -> int:
    return sum(len(piece) for piece in _texts(element))


def _texts(element: Element) -> Iterator[str]:
    """The element's text, scripts and menus left out."""
    for node in element.iter("*"):
        if node.tag not in _SKIPPED and node.text:
            yield node.text
        if node.tail and node is not element:
            yield node.tail


class _Writer:
    """Walks the tree; text gathers in `_inline` until a block element begins or ends."""

    def __init__(self, draft: Draft) -> None:
        self._draft = draft
        self._inline: list[str] = []
        self._lists: list[_List] = []

    def walk(self, element: Element, depth: int) -> None:
        """Writes the element's content. Nesting beyond any honest page is flattened to text."""
        if depth > _DEPTH:
            self._inline.extend(_texts(element))
            return
        self._add(element.text)
        for child in element:
            if not _is_boilerplate(child):
                self._child(child, depth + 1)
            self._add(child.tail)

    def flush(self) -> None:
        text = _WHITESPACE.sub(" ", "".join(self._inline)).replace(_LINE_BREAK, "\n")
        self._inline = []
        if not text.strip():
            return
        if not self._lists:
            self._draft.text(text)
        elif marker := self._lists[-1].take_marker():
            self._draft.item(text, marker, len(self._lists) - 1, first=len(self._lists) == 1 and self._lists[0].items == 1)
        else:
            self._draft.continue_item(text)

    def _add(self, text: str | None) -> None:
        if text:
            self._inline.append(text)

    def _child(self, child: Element, depth: int) -> None:
        tag = child.tag
        if tag == "br":
            self._inline.append(_LINE_BREAK)
        elif tag not in _BLOCKS:
            self.walk(child, depth)
        else:
            self.flush()
            self._block(child, str(tag), depth)
            self.flush()

    def _block(self, element: Element, tag: str, depth: int) -> None:
        if tag in ("h1", "h2", "h3", "h4", "h5", "h6"):
            self._draft.heading(int(tag[1]), "".join(_texts(element)))
        elif tag in ("ul", "ol"):
            self._lists.append(_List(ordered=tag == "ol"))
            self.walk(element, depth)
            self.flush()
            self._lists.pop()
        elif tag == "li" and self._lists:
            self._lists[-1].next_item()
            self.walk(element, depth)
        elif tag == "table" and not _is_layout(element):
            self._draft.table(table_rows(element))
        elif tag == "pre":
            self._draft.text("".join(_texts(element)))
        else:
            self.walk(element, depth)


class _List:
    """An open list: how many items it has so far, and the marker of an item whose text is still to come."""

    def __init__(self, ordered: bool) -> None:
        self._ordered = ordered
        self.items = 0
        self._marker = ""

    def next_item(self) -> None:
        self.items += 1
        self._marker = f"{self.items}." if self._ordered else "-"

    def take_marker(self) -> str:
        marker, self._marker = self._marker, ""
        return marker


def _is_boilerplate(element: Element) -> bool:
    tag, attributes = element.tag, element.attrib
    if not attributes and tag not in _SPECIAL:
        return False
    if tag in _SKIPPED or attributes.get("role", "") in _ROLES or "hidden" in attributes:
        return True
    if _HIDDEN.search(attributes.get("style", "")) or attributes.get("aria-hidden") == "true":
        return True
    if tag == "header":
        return not any(ancestor.tag in ("main", "article", "section") for ancestor in element.iterancestors())
    if tag == "form":
        return not _holds_content(element)
    named = f"{attributes.get('class', '')} {attributes.get('id', '')}"
    return tag not in ("html", "body", "main", "article") and bool(_BOILERPLATE.search(named)) and not _holds_content(element)


def _holds_content(element: Element) -> bool:
    """Some portals wrap the whole page in one form or one oddly named `div`: such an element is kept."""
    root = element.getroottree().getroot()
    return _text_length(element) > 0.5 * _text_length(root)


def _is_layout(table: Element) -> bool:
    """A table that only places things: it holds tables, headings or long lists."""
    return any(table.find(f".//{tag}") is not None for tag in ("table", "h1", "h2", "h3"))


def table_rows(table: Element) -> list[list[str]]:
    """Rows of cells; a cell that spans rows or columns is repeated in each."""
    rows: list[list[str]] = []
    below: dict[int, tuple[str, int]] = {}
    for row in table.iter("tr"):
        cells: list[str] = []
        for cell in row.iterchildren("td", "th"):
            _take_spanning(cells, below)
            text = one_line(" ".join(_texts(cell)) if len(cell) else cell.text or "")
            for _ in range(_span(cell, "colspan")):
                if (rest := _span(cell, "rowspan") - 1) > 0:
                    below[len(cells)] = (text, rest)
                cells.append(text)
        _take_spanning(cells, below)
        rows.append(cells)
    return rows


def _take_spanning(cells: list[str], below: dict[int, tuple[str, int]]) -> None:
    """Fills in the cells that reach down from the rows above."""
    while (column := len(cells)) in below:
        text, rest = below.pop(column)
        if rest > 1:
            below[column] = (text, rest - 1)
        cells.append(text)


def _span(cell: Element, name: str) -> int:
    value = cell.get(name, "1")
    return min(max(int(value), 1), _SPAN) if value.isdecimal() else 1
