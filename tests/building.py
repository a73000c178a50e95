"""Small makers of the nouns that several tests need."""

from __future__ import annotations

from collections.abc import Sequence

from assistant.context import Evidence, label_of, split_units
from assistant.retriever import RetrievedChunk
from ingest.types import Chunk, StoredChunk


def make_hit(
    text: str,
    *,
    title: str = "Política de viajes",
    source: str = "viajes.md",
    score: float = 1.0,
    dense: float | None = 0.9,
    lexical: float | None = 5.0,
    kind: str = "text",
    headings: tuple[str, ...] = (),
    date: str | None = None,
    prefix: str = "",
    language: str = "es",
) -> RetrievedChunk:
    chunk = Chunk(
        0,
        prefix + text,
        0,
        len(text),
        prefix=prefix,
        kind=kind,
        page=1,
        page_end=1,
        headings=headings,
        language=language,  # type: ignore[arg-type]
    )
    stored = StoredChunk(f"midas/{source}/1/0", "midas", source, source, title, date, "page", chunk)
    return RetrievedChunk(stored=stored, score=score, dense=dense, lexical=lexical)


def make_evidence(texts: Sequence[str]) -> list[Evidence]:
    hits = [make_hit(text, source=f"{number}.md") for number, text in enumerate(texts, 1)]
    return [
        Evidence(number, hit, label_of(hit), hit.stored.chunk.text, tuple(split_units(hit)))
        for number, hit in enumerate(hits, 1)
    ]
