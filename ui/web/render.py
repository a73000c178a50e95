"""Answers and passages as HTML. Questions, answers and documents are untrusted: everything is escaped here, and neither
links, images nor markup of theirs reach the page."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from html import escape

from markdown_it import MarkdownIt
from markdown_it.renderer import RendererHTML
from markdown_it.token import Token

from assistant.types import Answer, Citation, Source, StatusEvent
from ui.web.texts import Texts

_CITATION = re.compile(r"\[(\d{1,3})\]")
_NEVER = ("link", "image", "autolink", "html_inline", "html_block", "reference", "fence", "code", "backticks", "entity")


@dataclass(frozen=True, slots=True)
class Turn:
    """A question and what came of it. While the answer is written, `answer` is None and `status` tells the state; `notice`
    says why another back end than the chosen one writes it."""

    question: str
    text: str = ""
    answer: Answer | None = None
    status: StatusEvent | None = None
    notice: str | None = None
    stopped: bool = False
    error: str | None = None


def transcript(turns: Sequence[Turn], texts: Texts) -> str:
    """The finished turns, oldest first; the welcome when there are none."""
    if not turns:
        return f'<div class="welcome"><h2>{escape(texts.welcome)}</h2><p>{escape(texts.welcome_hint)}</p></div>'
    return "".join(turn_html(turn, number, texts) for number, turn in enumerate(turns))


def turn_html(turn: Turn, number: int, texts: Texts) -> str:
    """One turn; `number` makes the ids of its passages unique in the page."""
    body = _answer(turn.answer, number, texts) if turn.answer else _draft(turn, texts)
    return (
        f'<section class="turn"><div class="asked"><span class="sr-only">{escape(texts.you)}: </span>'
        f"{escape(turn.question)}</div>"
        f'<div class="answered">{body}</div></section>'
    )


def status_text(status: StatusEvent, texts: Texts) -> str:
    patterns = {
        "searching": texts.searching, "queued": texts.queued, "reading": texts.reading, "writing": texts.writing,
        "fallback": texts.searching,
    }  # fmt: skip
    return patterns[status.state].format(position=status.position or 0, passages=status.passages or 0)


def panel(texts: Texts) -> str:
    """The empty side panel; page.js fills it with the passage whose number was clicked."""
    return (
        f'<div class="panel" role="region" aria-live="polite" aria-label="{escape(texts.passages)}">'
        f'<div class="panel-head"><h3>{escape(texts.passages)}</h3>'
        f'<button type="button" class="panel-close" aria-label="{escape(texts.close)}" hidden>×</button></div>'
        f'<div class="panel-body"></div><p class="panel-hint">{escape(texts.passages_hint)}</p></div>'
    )


def place(source: Source, texts: Texts) -> str:
    """Where in the document, as plain text: `página 3 · Viajes > Dietas · 2024-05-01`."""
    unit = texts.units.get(source.page_unit or "page", "")
    page = f"{unit} {source.page}" if source.page is not None else ""
    headings = " > ".join(heading for heading in source.headings if heading != source.title)
    return " · ".join(part for part in (page, headings, source.date or "") if part)


def _draft(turn: Turn, texts: Texts) -> str:
    state = f'<p class="state" role="status">{escape(status_text(turn.status, texts))}</p>' if turn.status else ""
    if turn.stopped:
        state = _notice(texts.stopped)
    if turn.error:
        state = _notice(texts.failed.format(message=turn.error))
    return f'{_notice(turn.notice) if turn.notice else ""}<div class="text">{markdown(turn.text)}</div>{state}'


def _answer(answer: Answer, number: int, texts: Texts) -> str:
    labels = {
        source.number: (_card_id(number, source), texts.source_label.format(number=source.number, document=source.document))
        for source in answer.sources
    }
    return f'<div class="text">{markdown(answer.text, labels)}</div>{_notices(answer, texts)}{_sources(answer, number, texts)}'


def _notices(answer: Answer, texts: Texts) -> str:
    unsupported = [texts.not_grounded] if not answer.grounded and not answer.declined else []
    return "".join(map(_notice, [*answer.notices, *unsupported])) + _made_by(answer, texts)


def _made_by(answer: Answer, texts: Texts) -> str:
    """Where the answer was made."""
    if not answer.asked_model:
        return f'<p class="made">{escape(texts.no_model)}</p>'
    told = texts.made_by.format(model=answer.model, backend=answer.backend)
    return f'<p class="made">{badge(answer.cloud, texts)} {escape(told)}</p>'


def badge(cloud: bool, texts: Texts) -> str:
    """Whether a back end is in the cloud."""
    kind, word = ("cloud", texts.in_cloud) if cloud else ("local", texts.local)
    return f'<span class="badge {kind}">{escape(word)}</span>'


def _notice(sentence: str) -> str:
    return f'<p class="notice">{escape(sentence)}</p>'


def _sources(answer: Answer, number: int, texts: Texts) -> str:
    cited = {citation.number for citation in answer.citations}
    first = [source for source in answer.sources if source.number in cited]
    rest = [source for source in answer.sources if source.number not in cited]
    rest_title = texts.nearest if answer.declined else texts.others
    lists = _source_list(texts.cited, first, number, texts) + _source_list(
        rest_title, rest, number, texts, folded=not answer.declined
    )
    cards = "".join(_card(source, answer.citations, number, texts) for source in answer.sources)
    return f'{lists}<div class="cards" hidden>{cards}</div>'


def _source_list(title: str, sources: Sequence[Source], number: int, texts: Texts, *, folded: bool = False) -> str:
    if not sources:
        return ""
    items = "".join(f"<li>{_source_button(source, number, texts)}</li>" for source in sources)
    state = "" if folded else " open"
    return f'<details class="sources"{state}><summary>{escape(title)} ({len(sources)})</summary><ul>{items}</ul></details>'


def _source_button(source: Source, number: int, texts: Texts) -> str:
    return (
        f'<button type="button" class="source" data-passage="{_card_id(number, source)}">'
        f'<span class="number">{source.number}</span><span><strong>{escape(source.title or source.document)}</strong>'
        f"<small>{escape(' · '.join(filter(None, (source.document, place(source, texts)))))}</small></span></button>"
    )


def _card_id(turn: int, source: Source) -> str:
    return f"passage-{turn}-{source.number}"


def _card(source: Source, citations: Iterable[Citation], turn: int, texts: Texts) -> str:
    quotes = [citation.quote for citation in citations if citation.number == source.number]
    return (
        f'<article class="passage" id="{_card_id(turn, source)}"><header><span class="number">{source.number}</span>'
        f"<div><strong>{escape(source.title or source.document)}</strong>"
        f"<small>{escape(source.document)}</small><small>{escape(place(source, texts))}</small></div></header>"
        f"{passage_html(source.passage, quotes)}</article>"
    )


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
