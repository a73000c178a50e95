"""An answer as it may be read today: without what came from collections that its reader may no longer read."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from assistant.notices import withheld
from assistant.prompts import Language
from assistant.types import Answer, Citation, GroundedSentence

MayRead = Callable[[str], bool]
"""Whether the collection of this name may be read."""


def redacted(answer: Answer, may_read: MayRead) -> Answer:
    """Sources, quotes and passages of other collections are gone, and so is every sentence that rests on one of them, or may
    do so because it cites nothing; a sentence says so in their place. The same object where nothing is to be left out."""
    hidden = {name for name in (*answer.collections, *(source.collection for source in answer.sources)) if not may_read(name)}
    if not hidden:
        return answer
    sources = tuple(source for source in answer.sources if source.collection not in hidden)
    reduced = replace(
        answer,
        sources=sources,
        collections=tuple(name for name in answer.collections if name not in hidden),
        notices=tuple(notice for notice in answer.notices if not any(name in notice for name in hidden)),
    )
    if answer.declined or len(sources) == len(answer.sources):
        return reduced
    return _without_sentences(reduced, {source.number for source in sources})


def _without_sentences(answer: Answer, readable: set[int]) -> Answer:
    text = ""
    end = 0
    citations: list[Citation] = []
    sentences: list[GroundedSentence] = []
    for sentence in answer.sentences:
        gap, end = answer.text[end : sentence.start], sentence.end
        cited = [citation for citation in answer.citations if citation.start == sentence.start]
        if not cited or any(citation.number not in readable for citation in cited):
            continue
        start = len(text) + len(gap) if text else 0
        text += (gap if text else "") + answer.text[sentence.start : sentence.end]
        citations += [replace(citation, start=start, end=len(text)) for citation in cited]
        sentences.append(replace(sentence, start=start, end=len(text)))
    notice = withheld(_language(answer.language))
    return replace(
        answer,
        text=f"{text}\n\n{notice}" if text else notice,
        citations=tuple(citations),
        sentences=tuple(sentences),
        grounded=all(sentence.verdict != "unsupported" for sentence in sentences),
    )


def _language(code: str) -> Language:
    return "en" if code == "en" else "es"
