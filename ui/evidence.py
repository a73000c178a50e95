"""What a back end would answer a question from, as it reads it."""

from __future__ import annotations

from dataclasses import dataclass

from assistant.backends import Backend
from assistant.decline import evidence_is_weak
from assistant.found import Found
from ui.service import measured


@dataclass(frozen=True, slots=True)
class EvidencePiece:
    """A numbered source as the model reads it; `tokens` are the model's."""

    number: int
    chunk_id: str
    label: str
    text: str
    tokens: int


@dataclass(frozen=True, slots=True)
class EvidenceView:
    """What a back end would answer a question from: at most `budget` tokens, counted by `counted_by`. `weak` tells that the
    question would be declined without asking the model."""

    backend: str
    evidence: tuple[EvidencePiece, ...]
    budget: int
    counted_by: str
    weak: bool
    timings: dict[str, float]


def evidence_view(question: str, found: Found, backend: Backend) -> EvidenceView:
    """`backend` is the one that it was found for."""
    pieces = (
        EvidencePiece(item.number, item.hit.stored.id, item.label, item.text, backend.count_tokens(item.prompt_text))
        for item in found.evidence
    )
    weak = evidence_is_weak(question, found.hits, found.evidence)
    return EvidenceView(backend.name, tuple(pieces), found.budget, found.counted_by, weak, measured(found.timings))
