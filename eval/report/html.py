"""A report as one HTML file that needs nothing else: Plotly, style and script are inside, and nothing may be fetched.

Questions, answers and documents are untrusted: every text is escaped, in plots too, and the page's policy lets nothing in.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from functools import singledispatch
from html import escape
from importlib.resources import files

from assistant.markup import markdown, passage_html
from eval.report.blocks import (
    Block,
    Bullets,
    Cell,
    Choice,
    Choices,
    Document,
    Drill,
    Drills,
    Figure,
    Fold,
    Missing,
    Paragraph,
    Passage,
    Reply,
    Section,
    Table,
)
from eval.report.texts import Texts

COLOURS = 8
POLICY = "default-src 'none'; script-src 'unsafe-inline'; style-src 'unsafe-inline'; img-src data: blob:"
_SIGNS = {"right": "✓", "wrong": "✗", "neutral": "–", "error": "!"}


class Page:
    """What writing a block needs to know: the texts, and the colour of each back end. Collects the plots on the way."""

    def __init__(self, document: Document, texts: Texts) -> None:
        self.texts = texts
        self.document = document
        self.plots: dict[str, str] = {}

    def colour(self, backend: str | None) -> str:
        """The class that gives a back end its colour."""
        known = self.document.backends
        return f"b{known.index(backend) % COLOURS + 1}" if backend in known else ""

    def who(self, backend: str) -> str:
        return f'<span class="who {self.colour(backend)}"><i class="dot"></i>{escape(backend)}</span>'


def write_html(document: Document, texts: Texts) -> str:
    """The whole file."""
    from plotly.offline import get_plotlyjs

    page = Page(document, texts)
    sections = "".join(_section(section, page) for section in document.sections)
    return (
        f'<!doctype html>\n<html lang="{texts.language}"><head><meta charset="utf-8">'
        f'<meta http-equiv="Content-Security-Policy" content="{POLICY}">'
        '<meta name="viewport" content="width=device-width, initial-scale=1"><meta name="referrer" content="no-referrer">'
        f'<title>{escape(document.title)}</title><link rel="icon" href="data:,"><style>{_asset("report.css")}</style></head>'
        f'<body><a class="skip" href="#verdict">{escape(texts("skip"))}</a>{_head(document)}'
        f'<div class="layout">{_outline(document, texts)}<main>{sections}'
        f"<footer>{escape(texts('footer'))}</footer></main></div>"
        f'<script type="application/json" id="figures">{_figures(page.plots)}</script>'
        f"<script>{get_plotlyjs()}</script><script>{_asset('report.js')}</script></body></html>\n"
    )


def write_part(blocks: Iterable[Block], backends: tuple[str, ...], texts: Texts) -> str:
    """Blocks as a piece of another page, which brings style (`report.css`), Plotly, and a script that draws the figures:
    they stand behind the blocks as JSON. `backends` are in the order of their colours."""
    page = Page(Document("", "", (), backends), texts)
    told = _blocks(blocks, page)
    return f'<div class="report">{told}</div><script type="application/json" class="figures">{_figures(page.plots)}</script>'


def _asset(name: str) -> str:
    return files("eval.report").joinpath(name).read_text(encoding="utf-8")


def _figures(plots: Mapping[str, str]) -> str:
    """JSON that no text in it can leave."""
    whole = ",".join(f'"{name}":{json}' for name, json in plots.items())
    return f"{{{whole}}}".replace("<", "\\u003c").replace("\u2028", "\\u2028").replace("\u2029", "\\u2029")


def _head(document: Document) -> str:
    facts = "".join(f"<li>{escape(fact)}</li>" for fact in document.facts)
    return (
        f'<header class="top"><p class="kicker">{escape(document.title)}</p><h1>{escape(document.headline)}</h1>'
        f'<ul class="facts">{facts}</ul></header>'
    )


def _outline(document: Document, texts: Texts) -> str:
    items = "".join(
        f'<li><a href="#{section.name}"><span class="n">{"" if section.number is None else section.number}</span>'
        f"{escape(section.title)}</a></li>"
        for section in document.sections
    )
    return f'<nav aria-label="{escape(texts("outline"))}"><ol>{items}</ol></nav>'


def _section(section: Section, page: Page) -> str:
    phase = "" if section.number is None else f'<span class="phase">{escape(page.texts("phase", n=section.number))}</span>'
    intro = f'<p class="intro">{escape(section.intro)}</p>' if section.intro else ""
    return (
        f'<section class="part" id="{section.name}"><h2>{phase}{escape(section.title)}</h2>{intro}'
        f"{_blocks(section.blocks, page)}</section>"
    )


def _blocks(blocks: Iterable[Block], page: Page) -> str:
    return "".join(_html(block, page) for block in blocks)


@singledispatch
def _html(block: Block, page: Page) -> str:
    raise TypeError(type(block).__name__)


@_html.register
def _(block: Paragraph, page: Page) -> str:
    kind = "" if block.tone == "plain" else f' class="{block.tone}"'
    return f"<p{kind}>{escape(block.text)}</p>"


@_html.register
def _(block: Missing, page: Page) -> str:
    return f'<p class="missing">{escape(block.text)} <code>{escape(block.command)}</code></p>'


@_html.register
def _(block: Bullets, page: Page) -> str:
    return f'<ul class="points">{"".join(f"<li>{escape(item)}</li>" for item in block.items)}</ul>'


@_html.register
def _(block: Table, page: Page) -> str:
    caption = f"<caption>{escape(block.caption)}</caption>" if block.caption else ""
    head = "".join(f'<th scope="col">{_content(cell, page)}</th>' for cell in block.columns)
    rows = "".join(_row(row, page) for row in block.rows)
    kind = ' class="numeric"' if block.numeric else ""
    notes = "".join(f'<p class="intro">{escape(note)}</p>' for note in block.notes)
    return (
        f'<div class="scroll" tabindex="0" role="group" aria-label="{escape(block.caption or block.columns[0].text)}">'
        f"<table{kind}>{caption}<thead><tr>{head}</tr></thead>"
        f"<tbody>{rows}</tbody></table></div>{notes}"
    )


def _row(row: tuple[Cell, ...], page: Page) -> str:
    cells = "".join(
        f'<td class="{cell.mark}">{_content(cell, page)}</td>' if cell.mark else f"<td>{_content(cell, page)}</td>"
        for cell in row[1:]
    )
    return f'<tr><th scope="row">{_content(row[0], page)}</th>{cells}</tr>'


def _content(cell: Cell, page: Page) -> str:
    under = f"<small>{escape(cell.under)}</small>" if cell.under else ""
    text = escape(cell.text)
    who = f'<span class="who {page.colour(cell.backend)}"><i class="dot"></i>{text}</span>' if cell.backend else text
    return f"{who}{under}"


@_html.register
def _(block: Figure, page: Page) -> str:
    page.plots[block.name] = str(block.plot.to_json())
    legend = "".join(f"<li>{page.who(name)}</li>" for name in block.legend)
    caption = f"<p>{escape(block.caption)}</p>" if block.caption else ""
    return (
        f"<figure><h3>{escape(block.title)}</h3>{f'<ul class=legend>{legend}</ul>' if legend else ''}"
        f'<div class="plot" data-plot="{block.name}" role="img" aria-label="{escape(block.title)}" '
        f'style="height:{block.plot.layout.height}px"></div>'
        f"<figcaption>{caption}<details><summary>{escape(page.texts('as_table'))}</summary>{_html(block.table, page)}</details>"
        "</figcaption></figure>"
    )


@_html.register
def _(block: Fold, page: Page) -> str:
    return f'<details class="fold"><summary>{escape(block.title)}</summary>{_blocks(block.blocks, page)}</details>'


@_html.register
def _(block: Choices, page: Page) -> str:
    return f'<div class="choices">{"".join(_choice(choice, page) for choice in block.items)}</div>'


def _choice(choice: Choice, page: Page) -> str:
    chances = "".join(
        f'<li class="{page.colour(chance.backend)}"><span>{escape(chance.backend)}</span><b>{escape(chance.text)}</b>'
        f'<span class="bar"><i style="width:{100 * chance.share:.1f}%"></i></span></li>'
        for chance in choice.chances
    )
    winner = page.who(choice.backend) if choice.backend else escape(choice.best)
    return (
        f'<article class="choice"><div class="said"><h3>{escape(choice.use)}</h3>'
        f'<span class="badge {choice.state}">{escape(choice.badge)}</span>'
        f'<p class="winner">{winner}</p><p class="sentence">{escape(choice.sentence)}</p></div>'
        f'<ul aria-label="{escape(page.texts("p_best"))}">{chances}</ul></article>'
    )


# Questions one by one


@_html.register
def _(block: Drills, page: Page) -> str:
    texts = page.texts
    options = (("", texts("all_questions")), ("differs", texts("only_different")), ("worst", texts("only_wrong")))
    choices = "".join(f'<option value="{value}">{escape(label)}</option>' for value, label in options)
    drills = "".join(_drill(drill, number, page) for number, drill in enumerate(block.items))
    return (
        f'<form class="filters" onsubmit="return false"><input type="search" placeholder="{escape(texts("find"))}" '
        f'aria-label="{escape(texts("find"))}"><select aria-label="{escape(texts("show"))}">{choices}</select>'
        f"<span><output></output> {escape(texts('questions'))}</span></form>{drills}"
    )


def _drill(drill: Drill, number: int, page: Page) -> str:
    flags = " ".join(name for name, there in (("data-differs", drill.differs), ("data-worst", drill.worst)) if there)
    pips = "".join(
        f'<span class="pip {reply.outcome} {page.colour(reply.backend)}" title="{escape(f"{reply.backend}: {reply.badge}")}">'
        f"{_SIGNS[reply.outcome]}</span>"
        for reply in drill.replies
    )
    known = "".join(f"<dt>{escape(name)}</dt><dd>{escape(value)}</dd>" for name, value in drill.facts)
    cards = {passage.number: (f"p{number}-{passage.number}", _label(passage)) for passage in drill.passages}
    replies = "".join(_reply(reply, cards, page) for reply in drill.replies)
    passages = "".join(_passage(passage, cards[passage.number][0]) for passage in drill.passages)
    evidence = f'<div class="passages"><h4>{escape(page.texts("evidence"))}</h4>{passages}</div>' if passages else ""
    return (
        f'<details class="drill" {flags}><summary><span class="id">{escape(drill.id)}</span>'
        f'<span class="q">{escape(drill.question)}</span><span class="outcomes">{pips}</span></summary>'
        f'<div class="inside"><dl class="known">{known}</dl><div class="replies">{replies}</div>{evidence}</div></details>'
    )


def _reply(reply: Reply, cards: dict[int, tuple[str, str]], page: Page) -> str:
    doubts = "".join(
        f'<li class="{sentence.verdict}">{escape(text)}<small>{escape(sentence.why)}</small></li>'
        for sentence, text in reply.doubts
    )
    scores = "".join(
        f"<dt>{escape(title)}</dt><dd>{escape(value)}</dd>{f'<small>{escape(why)}</small>' if why else ''}"
        for title, value, why in reply.scores
    )
    error = f'<p class="warning">{escape(reply.error)}</p>' if reply.error else ""
    return (
        f'<article class="reply {page.colour(reply.backend)}"><header><span>{escape(reply.backend)}</span>'
        f'<span class="badge {reply.outcome}">{escape(reply.badge)}</span></header>{error}'
        f'<div class="text">{markdown(reply.text, cards)}</div>'
        f"{f'<ul class=doubts>{doubts}</ul>' if doubts else ''}"
        f'<p class="meta">{escape(reply.facts)}</p><dl class="verdicts">{scores}</dl></article>'
    )


def _label(passage: Passage) -> str:
    return " · ".join(filter(None, (passage.source.document, passage.place)))


def _passage(passage: Passage, card: str) -> str:
    quotes = [citation.quote for citation in passage.citations]
    return (
        f'<details class="passage" id="{card}"><summary>[{passage.number}] {escape(_label(passage))}</summary>'
        f"{passage_html(passage.source.text, quotes)}</details>"
    )
