"""Turns of a conversation as HTML. Questions, answers and documents are untrusted: everything is escaped here or in
`assistant.markup`."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from html import escape

from assistant.markup import Doubt, markdown, passage_html
from assistant.types import Answer, Citation, GroundedSentence, Source, StatusEvent, Timings
from ingest.collection import CollectionInfo
from ingest.text import fold
from ui.memory.conversation import Turn
from ui.web.chat_texts import ChatTexts
from ui.web.icons import icon
from ui.web.spanish import in_language


@dataclass(frozen=True, slots=True)
class Reader:
    """Who reads: in which language, and the collections that they may read."""

    texts: ChatTexts
    collections: Sequence[CollectionInfo] = ()


def transcript(turns: Sequence[Turn], reader: Reader, follow_ups: Sequence[str] = ()) -> str:
    """The turns, oldest first; the last one with questions to go on with."""
    last = len(turns) - 1
    return "".join(turn_html(turn, reader, follow_ups if at == last else ()) for at, turn in enumerate(turns))


def turn_html(turn: Turn, reader: Reader, follow_ups: Sequence[str] = ()) -> str:
    """One turn with all that can be done with it."""
    body = _answered(turn, turn.answer, reader) if turn.answer else _unanswered(turn, reader.texts)
    return (
        f'<section class="turn" id="turn-{turn.id}" data-turn="{turn.id}" data-state="{turn.state}">'
        f"{_asked(turn, reader.texts)}"
        f'<div class="answered" tabindex="-1"><h3 class="sr-only">{escape(reader.texts.answer)}</h3>{body}'
        f"{_actions(turn, reader.texts)}{_follow_ups(follow_ups, reader.texts)}</div></section>"
    )


def draft_html(text: str) -> str:
    """What is written so far."""
    return markdown(text)


def status_text(status: StatusEvent, texts: ChatTexts) -> str:
    """The state of an answer that is on its way."""
    if status.state == "queued":
        return texts.queued.format(position=status.position) if status.position else texts.next_in_line
    if status.state == "reading":
        return texts.reading_one if status.passages == 1 else texts.reading.format(passages=status.passages or 0)
    return texts.writing if status.state == "writing" else texts.searching


def notice(sentence: str, kind: str = "") -> str:
    return f'<p class="notice {kind}">{escape(sentence)}</p>'


def badge(cloud: bool, texts: ChatTexts) -> str:
    """Whether a back end is in the cloud."""
    kind, word = ("cloud", texts.in_cloud) if cloud else ("local", texts.local)
    return f'<span class="badge {kind}">{icon(kind)}{escape(word)}</span>'


def day(iso: str, texts: ChatTexts) -> str:
    """`2024-05-01` as `1 may 2024`; what is no date stays as it is."""
    year, _, rest = iso[:10].partition("-")
    month, _, number = rest.partition("-")
    if not (len(year) == 4 and (year + month + number).isdigit() and 1 <= int(month) <= 12):
        return iso
    return f"{int(number)} {texts.months.split()[int(month) - 1]} {year}"


def place(source: Source, texts: ChatTexts) -> str:
    """Where in the document, as plain text: `página 3 · Viajes > Dietas · 1 may 2024`."""
    unit = texts.units.get(source.page_unit or "page", "")
    page = f"{unit} {source.page}" if source.page is not None else ""
    headings = " › ".join(heading for heading in source.headings if heading != source.title)
    return " · ".join(part for part in (page, headings, day(source.date, texts) if source.date else "") if part)


def why_text(sentence: GroundedSentence, written: str, texts: ChatTexts) -> str:
    """Why a sentence of what was written is doubted, for its reader."""
    found, _, terms = sentence.why.partition(": ")
    detail = ", ".join(_as_written(terms.split(", "), written[sentence.start : sentence.end])) if terms else ""
    found = found if detail or not terms else ""
    why = next(why for start, why in texts.whys.items() if found.startswith(start)).format(detail=detail)
    return (texts.unsupported if sentence.verdict == "unsupported" else texts.weak).format(why=why)


def _as_written(terms: Iterable[str], sentence: str) -> list[str]:
    """The words of the sentence that were looked up as these terms; what it does not have in this form is left out."""
    from assistant.citations import strip_markers
    from assistant.facts import terms_of

    words = {word: terms_of(word) for word in re.findall(r"\w[\w.,%]*\b", strip_markers(sentence))}
    found = ((word for word, said in words.items() if term in said or fold(word).startswith(term)) for term in terms)
    return [word for each in found if (word := next(each, ""))]


def seconds(milliseconds: float, texts: ChatTexts) -> str:
    """`1,2 s`, with the language's decimal sign."""
    shown = f"{milliseconds / 1000:.1f} s" if milliseconds >= 100 else f"{milliseconds:.0f} ms"
    return shown.replace(".", texts.decimal)


def clipboard(answer: Answer, texts: ChatTexts) -> str:
    """The answer as plain text with its numbered sources."""
    cited = {citation.number for citation in answer.citations}
    sources = [source for source in answer.sources if source.number in cited]
    if not sources:
        return answer.text
    lines = (f"[{source.number}] {', '.join(filter(None, (source.document, place(source, texts))))}" for source in sources)
    return "\n".join([answer.text, "", f"{texts.cited}:", *lines])


def _asked(turn: Turn, texts: ChatTexts) -> str:
    edit = f'<button type="button" class="tool" data-do="edit" aria-label="{escape(texts.edit)}">{icon("edit")}</button>'
    return (
        f'<div class="asked">{edit}<h2 class="question"><span class="sr-only">{escape(texts.you)}: </span>'
        f"{escape(turn.question)}</h2></div>"
    )


def _unanswered(turn: Turn, texts: ChatTexts) -> str:
    if turn.state == "writing":
        told = f'<p class="state">{escape(texts.writing)}</p>'
    elif turn.state == "failed":
        told = notice(texts.failed.format(message=in_language(turn.error or "", texts.language)), "bad")
    else:
        told = notice(texts.stopped)
    return f'<div class="text">{markdown(turn.text)}</div>{told}'


def _answered(turn: Turn, answer: Answer, reader: Reader) -> str:
    texts = reader.texts
    labels = {
        source.number: (_card_id(turn, source), texts.source_label.format(number=source.number, document=source.document))
        for source in answer.sources
    }
    doubts = (
        []
        if answer.declined
        else [_doubt(sentence, answer.text, texts) for sentence in answer.sentences if _doubted(sentence, answer)]
    )
    lead = f'<p class="lead">{escape(texts.lead)}</p>' if answer.declined and answer.sources else ""
    return (
        f'<div class="text" lang="{escape(answer.language)}">{markdown(answer.text, labels, doubts)}</div>'
        f"{lead}{_notices(answer, texts)}"
        f"{_owners(answer, reader) if answer.declined else ''}{_sources(turn, answer, texts)}{_made_by(answer, texts)}"
        f'<pre class="clip" hidden>{escape(clipboard(answer, texts))}</pre>'
    )


def _doubted(sentence: GroundedSentence, answer: Answer) -> bool:
    """What only leads in to a list claims nothing."""
    return sentence.verdict != "supported" and not answer.text[sentence.start : sentence.end].rstrip().endswith(":")


def _doubt(sentence: GroundedSentence, written: str, texts: ChatTexts) -> Doubt:
    return Doubt(sentence.start, sentence.end, sentence.verdict, why_text(sentence, written, texts))


def _notices(answer: Answer, texts: ChatTexts) -> str:
    unsupported = [texts.not_grounded] if not answer.grounded and not answer.declined else []
    return "".join(map(notice, [*answer.notices, *unsupported]))


def _owners(answer: Answer, reader: Reader) -> str:
    """What the collections of the nearest passages are about, and whom to ask."""
    near = {source.collection for source in answer.sources}
    told = [info for info in reader.collections if info.name in near and (info.description or info.contact)]
    if not told:
        return ""
    rows = "".join(f"<dt>{escape(info.contact or info.name)}</dt><dd>{escape(info.description)}</dd>" for info in told)
    return f'<div class="owners"><h4>{escape(reader.texts.who_to_ask)}</h4><dl>{rows}</dl></div>'


def _made_by(answer: Answer, texts: ChatTexts) -> str:
    """Where the answer was made, and how long each stage took."""
    if answer.asked_model:
        made_by = " · ".join(dict.fromkeys((answer.model, answer.backend)))
        told = f"{badge(answer.cloud, texts)} {escape(made_by)}"
    else:
        told = escape(texts.no_model)
    return f'<details class="made"><summary>{told}{_total(answer.timings, texts)}</summary>{_details(answer, texts)}</details>'


def _total(timings: Timings, texts: ChatTexts) -> str:
    return f" · {escape(seconds(timings.total_ms, texts))}" if timings.total_ms is not None else ""


def _details(answer: Answer, texts: ChatTexts) -> str:
    rows = "".join(
        f"<tr><th scope=row>{escape(name)}</th><td>{escape(seconds(value, texts))}</td></tr>"
        for stage, name in texts.stages.items()
        if (value := getattr(answer.timings, stage)) is not None
    )
    usage = answer.usage
    tokens = texts.tokens.format(read=usage.prompt_tokens, cached=usage.cached_tokens, written=usage.completion_tokens)
    told = f"<p>{escape(tokens)}</p>" if answer.asked_model else ""
    return f"<table>{rows}</table>{told}"


def _actions(turn: Turn, texts: ChatTexts) -> str:
    if turn.state == "writing":
        return ""
    if not turn.answer:
        again = f'<button type="button" class="again" data-do="retry">{escape(texts.ask_again)}</button>'
        return f'<div class="actions">{again}</div>'
    thumb = turn.vote.thumb if turn.vote else None
    return (
        f'<div class="actions">{_tool("copy", texts.copy)}{_tool("retry", texts.retry)}'
        f"{_thumb('up', texts.helpful, thumb == 'up')}{_thumb('down', texts.not_helpful, thumb == 'down')}</div>"
    )


def _tool(name: str, label: str) -> str:
    text = escape(label)
    return f'<button type="button" class="tool" data-do="{name}" aria-label="{text}" title="{text}">{icon(name)}</button>'


def _thumb(name: str, label: str, pressed: bool) -> str:
    text = escape(label)
    return (
        f'<button type="button" class="tool" data-do="{name}" aria-label="{text}" title="{text}"'
        f' aria-pressed="{str(pressed).lower()}">{icon(name)}</button>'
    )


def _follow_ups(questions: Sequence[str], texts: ChatTexts) -> str:
    if not questions:
        return ""
    items = "".join(f'<li><button type="button" class="ask">{escape(question)}</button></li>' for question in questions)
    return f'<div class="follow-ups"><h4>{escape(texts.follow_ups)}</h4><ul>{items}</ul></div>'


def _sources(turn: Turn, answer: Answer, texts: ChatTexts) -> str:
    cited = {citation.number for citation in answer.citations}
    first = [source for source in answer.sources if source.number in cited]
    rest = [source for source in answer.sources if source.number not in cited]
    rest_title = texts.nearest if answer.declined else texts.others
    lists = _source_list(turn, texts.cited, first, texts) + _source_list(
        turn, rest_title, rest, texts, folded=not answer.declined
    )
    return lists + "".join(_card(turn, source, answer.citations, texts) for source in answer.sources)


def _source_list(turn: Turn, title: str, sources: Sequence[Source], texts: ChatTexts, *, folded: bool = False) -> str:
    if not sources:
        return ""
    items = "".join(f"<li>{_source_button(turn, source, texts)}</li>" for source in sources)
    state = "" if folded else " open"
    heading = f'{escape(title)} <span class="count">{len(sources)}</span>'
    return f'<details class="sources"{state}><summary>{heading}</summary><ul>{items}</ul></details>'


def _source_button(turn: Turn, source: Source, texts: ChatTexts) -> str:
    return (
        f'<button type="button" class="source" data-passage="{_card_id(turn, source)}">'
        f'<span class="number">{source.number}</span><span><strong>{escape(source.title or source.document)}</strong>'
        f"<small>{escape(' · '.join(filter(None, (source.document, place(source, texts)))))}</small></span></button>"
    )


def _card_id(turn: Turn, source: Source) -> str:
    return f"passage-{turn.id}-{source.number}"


def _card(turn: Turn, source: Source, citations: Iterable[Citation], texts: ChatTexts) -> str:
    """What the panel shows at once, and the preview of the chip; the surroundings are fetched."""
    quotes = [citation.quote for citation in citations if citation.number == source.number]
    fetched = escape(json.dumps({"chunk_id": source.chunk_id, "quotes": quotes}))
    return (
        f'<template id="{_card_id(turn, source)}" data-source="{fetched}">'
        f'<article class="passage" data-number="{source.number}">'
        f'<header><span class="number">{source.number}</span><div><h2>{escape(source.title or source.document)}</h2>'
        f"<small>{escape(source.document)}</small><small>{escape(place(source, texts))}</small></div></header>"
        f"{passage_html(source.passage, quotes)}</article></template>"
    )
