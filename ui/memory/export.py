"""A conversation as a text of its own."""

from __future__ import annotations

from dataclasses import dataclass

from assistant.prompts import Language
from assistant.types import Answer, Source
from ui.memory.conversation import Conversation, Turn


@dataclass(frozen=True, slots=True)
class ExportTexts:
    """The words of an export in one language."""

    asked: str
    sources: str
    nearest: str
    interrupted: str
    stopped: str
    failed: str
    units: dict[str, str]


TEXTS: dict[Language, ExportTexts] = {
    "es": ExportTexts(
        asked="Preguntado el {at} UTC",
        sources="Fuentes",
        nearest="Pasajes más cercanos",
        interrupted="La respuesta se interrumpió.",
        stopped="La respuesta se detuvo.",
        failed="No hubo respuesta: {error}",
        units={"page": "página", "slide": "diapositiva", "sheet": "hoja", "record": "registro"},
    ),
    "en": ExportTexts(
        asked="Asked on {at} UTC",
        sources="Sources",
        nearest="Nearest passages",
        interrupted="The answer broke off.",
        stopped="The answer was stopped.",
        failed="There was no answer: {error}",
        units={"page": "page", "slide": "slide", "sheet": "sheet", "record": "record"},
    ),
}


def markdown(conversation: Conversation, language: Language) -> str:
    """Questions as headings, answers with `[n]`, and below each the cited sources: document, page, date and quote."""
    texts = TEXTS[language]
    parts = [f"# {_line(conversation.title)}", *(_turn(turn, texts) for turn in conversation.turns)]
    return "\n\n".join(parts) + "\n"


def _turn(turn: Turn, texts: ExportTexts) -> str:
    at = turn.asked_at[:16].replace("T", " ")
    parts = [f"## {_line(turn.question)}", f"*{texts.asked.format(at=at)}*"]
    if turn.answer:
        parts += [_inert(turn.answer.text), *_sources(turn.answer, texts)]
    else:
        ends = {"interrupted": texts.interrupted, "stopped": texts.stopped, "failed": texts.failed.format(error=turn.error)}
        parts += [part for part in (_inert(turn.text), ends.get(turn.state)) if part]
    return "\n\n".join(parts)


def _sources(answer: Answer, texts: ExportTexts) -> list[str]:
    cited = {citation.number for citation in answer.citations}
    shown = [source for source in answer.sources if answer.declined or source.number in cited]
    if not shown:
        return []
    title = texts.nearest if answer.declined else texts.sources
    return [f"**{title}**", "\n".join(_source(source, answer, texts) for source in shown)]


def _source(source: Source, answer: Answer, texts: ExportTexts) -> str:
    unit = texts.units.get(source.page_unit or "page", "")
    page = f"{unit} {source.page}" if source.page is not None else ""
    title = source.title if source.title != source.document else ""
    place = ", ".join(part for part in (_line(title), _line(source.document), page, source.date or "") if part)
    quotes = dict.fromkeys(_line(citation.quote) for citation in answer.citations if citation.number == source.number)
    return "\n".join((f"- [{source.number}] {place}", *(f"  > {quote}" for quote in quotes)))


def _line(text: str) -> str:
    """On one line, so that it can't become a heading or a list of its own."""
    return _inert(" ".join(text.split()))


def _inert(text: str) -> str:
    """Without HTML, images and links, which whoever opens the file would load."""
    return text.replace("\\", "\\\\").replace("<", "\\<").replace("](", "]\\(").replace("![", "!\\[")
