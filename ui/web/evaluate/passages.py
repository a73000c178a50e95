"""Texts of models and documents: shown as text, never run."""

from __future__ import annotations

from collections.abc import Sequence

from assistant.types import Source
from ui.web.evaluate.markup import e, fold, join
from ui.web.evaluate.visit import Visit


def prose(text: str | None) -> str:
    """With its line breaks."""
    return f'<span class="ev-prose">{e(text or "")}</span>'


def passages(visit: Visit, sources: Sequence[Source]) -> str:
    """The evidence, folded."""
    if not sources:
        return ""
    told = join(passage(source.number, source.document, source.text) for source in sources)
    return fold(visit.texts("evidence_n", n=len(sources)), told, kind="evidence")


def passage(number: int, place: str, text: str) -> str:
    return f'<div class="ev-passage"><b>[{number}] {e(place)}</b><p>{prose(text)}</p></div>'
