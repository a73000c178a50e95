"""Turns of a conversation as HTML. Questions, answers and documents are untrusted: everything is escaped here or in
`assistant.markup`."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from html import escape

from assistant.markup import markdown, passage_html
from assistant.types import Answer, Citation, Source, StatusEvent
from ui.web.texts import Texts


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
