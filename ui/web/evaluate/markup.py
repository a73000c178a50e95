"""Pieces of HTML that the tabs are made of. Whatever is given as `text` is escaped; what is given as `html` is ours."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from html import escape
from typing import Literal

from eval.report.numbers import NONE

Tone = Literal["", "good", "warn", "bad", "accent"]
Option = tuple[str, str]
"""Value and text."""


def e(text: object) -> str:
    return escape(str(text))


def join(parts: Iterable[str]) -> str:
    return "".join(parts)


def time(iso: str | None) -> str:
    """The page writes it in the reader's own time."""
    return f'<time datetime="{e(iso)}">{e(iso[:16].replace("T", " "))}</time>' if iso else NONE


def badge(text: str, tone: Tone = "") -> str:
    return f'<span class="tag {tone}">{e(text)}</span>'


def badges(texts: Iterable[str]) -> str:
    return join(badge(text) for text in texts) or NONE


def to(href: str, text: str, kind: str = "") -> str:
    return f'<a href="{e(href)}" class="{kind}">{e(text)}</a>'


def notice(text: str, tone: Tone = "") -> str:
    return f'<p class="ev-notice {tone}">{e(text)}</p>'


def empty(title: str, text: str, html: str = "") -> str:
    """Says what to do where there is nothing."""
    return f'<div class="ev-empty"><h3>{e(title)}</h3><p>{e(text)}</p>{html}</div>'


def head(title: str, intro: str = "", html: str = "") -> str:
    """The heading of a tab, what is on it, and what can be done."""
    told = f'<p class="ev-intro">{e(intro)}</p>' if intro else ""
    return f'<header class="ev-head"><div><h2>{e(title)}</h2>{told}</div><div class="ev-actions">{html}</div></header>'


# Forms


def form(action: str, html: str, kind: str = "") -> str:
    """Sent to an action of a tab: `questions/split`."""
    return f'<form data-do="{e(action)}" class="{kind}">{html}</form>'


def chooser(tab: str, html: str) -> str:
    """A form that only chooses what the tab shows."""
    return f'<form data-to="{e(tab)}" class="ev-chooser">{html}</form>'


def hidden(name: str, value: object) -> str:
    return f'<input type="hidden" name="{e(name)}" value="{e(value)}">'


def field(label: str, control: str, hint: str = "") -> str:
    told = f"<small>{e(hint)}</small>" if hint else ""
    return f'<label class="ev-field"><span>{e(label)}</span>{control}{told}</label>'


def text_input(name: str, value: str = "", *, kind: str = "text", more: str = "") -> str:
    return f'<input type="{kind}" name="{e(name)}" value="{e(value)}" {more}>'


def text_area(name: str, value: str, rows: int = 3, more: str = "") -> str:
    return f'<textarea name="{e(name)}" rows="{rows}" {more}>{e(value)}</textarea>'


def select(name: str, options: Sequence[Option], chosen: str = "", more: str = "") -> str:
    told = join(
        f'<option value="{e(value)}"{" selected" if value == chosen else ""}>{e(text)}</option>' for value, text in options
    )
    return f'<select name="{e(name)}" {more}>{told}</select>'


def checks(legend: str, name: str, options: Sequence[Option], chosen: Iterable[str], hint: str = "") -> str:
    """Several of some."""
    on = set(chosen)
    boxes = join(
        f'<label class="ev-check"><input type="checkbox" name="{e(name)}" value="{e(value)}"'
        f"{' checked' if value in on else ''}><span>{e(text)}</span></label>"
        for value, text in options
    )
    told = f"<small>{e(hint)}</small>" if hint else ""
    return f'<fieldset class="ev-checks"><legend>{e(legend)}</legend><div>{boxes}</div>{told}</fieldset>'


def check(name: str, text: str, on: bool = False, hint: str = "") -> str:
    told = f"<small>{e(hint)}</small>" if hint else ""
    return (
        f'<label class="ev-check"><input type="checkbox" name="{e(name)}" value="yes"{" checked" if on else ""}>'
        f"<span>{e(text)}{told}</span></label>"
    )


def button(text: str, kind: str = "", more: str = "") -> str:
    return f'<button type="submit" class="ev-button {kind}" {more}>{e(text)}</button>'


def confirm(question: str, yes: str) -> str:
    """Attributes of a button that asks first."""
    return f'data-confirm="{e(question)}" data-yes="{e(yes)}"'


# Lists


def table(caption: str, columns: Sequence[str], rows: Iterable[Sequence[str]], numeric: Sequence[int] = ()) -> str:
    """`rows` are HTML; on a phone each becomes a card, its cells with the title of their column. The first cell is the head."""
    head_row = join(f'<th scope="col"{_kind(at, numeric)}>{e(title)}</th>' for at, title in enumerate(columns))
    body = join(
        f'<tr><th scope="row">{row[0]}</th>'
        + join(
            f'<td data-title="{e(title)}"{_kind(at, numeric)}>{cell}</td>'
            for at, (title, cell) in enumerate(zip(columns[1:], row[1:], strict=True), 1)
        )
        + "</tr>"
        for row in rows
    )
    return (
        f'<table class="ev-table"><caption class="sr-only">{e(caption)}</caption><thead><tr>{head_row}</tr></thead>'
        f"<tbody>{body}</tbody></table>"
    )


def _kind(at: int, numeric: Sequence[int]) -> str:
    return ' class="num"' if at in numeric else ""


def fold(title: str, html: str, *, open: bool = False, kind: str = "") -> str:
    return f'<details class="ev-fold {kind}"{" open" if open else ""}><summary>{e(title)}</summary><div>{html}</div></details>'


def facts(pairs: Iterable[tuple[str, str]]) -> str:
    """Names with HTML; those without a value are left out."""
    return f'<dl class="ev-facts">{join(f"<dt>{e(name)}</dt><dd>{html}</dd>" for name, html in pairs if html)}</dl>'


def bar(done: int, total: int, label: str) -> str:
    return f'<progress max="{max(total, 1)}" value="{done}" aria-label="{e(label)}"></progress>'
