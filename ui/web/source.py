"""A source as the panel shows it: the passage in its surroundings, and the page it stands on. All of it is escaped here or in
`assistant.markup`."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape
from urllib.parse import quote, urlencode

from assistant.markup import passage_html
from ui.document_views import SourceView
from ui.web.chat_texts import ChatTexts
from ui.web.icons import icon
from ui.web.render import day

QUOTES_IN_ADDRESS = 5
QUOTE_CHARS = 2000
"""More would make the address of a page too long; the passage shows all of it."""


def source_html(source: SourceView, number: int, quotes: Sequence[str], texts: ChatTexts) -> str:
    """The panel's content. `number` is that of the citation."""
    views = {"page": _sheet(source, quotes, texts)} if source.drawable and source.page else {}
    views["passage"] = _surroundings(source, quotes)
    bodies = "".join(_view(name, html, tabbed=len(views) > 1) for name, html in views.items())
    return f'<article class="passage">{_header(source, number, texts)}{_tools(source, list(views), texts)}{bodies}</article>'


def _header(source: SourceView, number: int, texts: ChatTexts) -> str:
    lines = (source.document, " · ".join(filter(None, (_page(source, texts), _headings(source)))), _dates(source, texts))
    told = "".join(f"<small>{escape(line)}</small>" for line in lines if line)
    title = escape(source.title or source.document)
    return f'<header><span class="number">{number}</span><div><h2>{title}</h2>{told}</div></header>'


def _page(source: SourceView, texts: ChatTexts) -> str:
    if source.page is None:
        return ""
    unit = texts.units.get(source.page_unit or "page", "")
    return texts.of_pages.format(unit=unit, page=source.page, pages=source.pages) if source.pages else f"{unit} {source.page}"


def _headings(source: SourceView) -> str:
    return " › ".join(heading for heading in source.headings if heading != source.title)


def _dates(source: SourceView, texts: ChatTexts) -> str:
    dated = texts.dated.format(date=day(source.date, texts)) if source.date else ""
    return " · ".join(filter(None, (dated, texts.version_of.format(date=day(source.published_at, texts)))))


def _tools(source: SourceView, views: Sequence[str], texts: ChatTexts) -> str:
    tabs = {"page": texts.page_tab, "passage": texts.passage_tab}
    shown = "".join(
        f'<button type="button" role="tab" id="tab-{name}" data-tab="{name}" aria-controls="view-{name}"'
        f' aria-selected="{str(at == 0).lower()}">{escape(tabs[name])}</button>'
        for at, name in enumerate(views)
    )
    parts = f'<div class="tabs" role="tablist" aria-label="{escape(texts.source)}">{shown}</div>' if len(views) > 1 else ""
    if source.downloadable:
        parts += f'<a class="original" href="{_address(source)}/original" download>{icon("save")}{escape(texts.original)}</a>'
    return f'<div class="passage-tools">{parts}</div>' if parts else ""


def _view(name: str, html: str, *, tabbed: bool) -> str:
    role = f' role="tabpanel" aria-labelledby="tab-{name}"' if tabbed else ""
    return f'<div id="view-{name}"{role}>{html}</div>'


def _surroundings(source: SourceView, quotes: Sequence[str]) -> str:
    before = f"{'… ' if source.cut_before else ''}{source.before}"
    after = f"{source.after}{' …' if source.cut_after else ''}"
    return (
        f'<div class="around">{passage_html(before, ())}</div><div class="cited">{passage_html(source.passage, quotes)}</div>'
        f'<div class="around">{passage_html(after, ())}</div>'
    )


def _sheet(source: SourceView, quotes: Sequence[str], texts: ChatTexts) -> str:
    """The page as it looks; `chat_panel.js` fetches it when it is looked at, and turns to others."""
    marked = urlencode([("quote", text[:QUOTE_CHARS]) for text in (quotes or [source.passage])[:QUOTES_IN_ADDRESS]])
    alt = texts.page_marked.format(page=source.page, document=source.document, quote=" … ".join(quotes))
    other = texts.page_image.replace("{document}", source.document)
    nth = texts.of_pages.replace("{unit}", texts.units["page"]).replace("{pages}", str(source.pages))
    data = {
        "at": f"{_address(source)}/pages", "page": str(source.page), "cited": str(source.page), "pages": str(source.pages or 1),
        "quotes": marked, "alt": alt, "other": other, "nth": nth,
    }  # fmt: skip
    attributes = "".join(f' data-{name}="{escape(value)}"' for name, value in data.items())
    return (
        f'<figure class="sheet"{attributes}><div class="frame waiting" tabindex="0" role="region"'
        f' aria-label="{escape(texts.page_tab)}"><img alt=""></div><figcaption>'
        f"{_button('back', texts.earlier_page)}<span class=nth></span>{_button('on', texts.later_page)}"
        f"{_button('smaller', texts.smaller, 'less', off=True)}{_button('larger', texts.larger, 'new')}</figcaption></figure>"
    )


def _button(name: str, label: str, image: str = "", *, off: bool = False) -> str:
    told = f'aria-label="{escape(label)}"{" disabled" if off else ""}'
    return f'<button type="button" class="tool" data-sheet="{name}" {told}>{icon(image or name)}</button>'


def _address(source: SourceView) -> str:
    return f"/v1/collections/{quote(source.collection, safe='')}/documents/{quote(source.document_id, safe='')}"
