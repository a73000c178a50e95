"""What was found for a question before a model is asked, so that several back ends can answer from the same."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass

from assistant.context import Evidence
from assistant.retriever import RetrievedChunk
from assistant.types import Timings


@dataclass(frozen=True, slots=True)
class Found:
    """The search in `collections` and what was selected of its `hits` (best first) as `evidence`.

    `budget` is how many tokens the evidence could take, counted by `counted_by`. `milliseconds` is how long finding took, with
    its stages in `timings`.
    """

    collections: tuple[str, ...]
    hits: tuple[RetrievedChunk, ...]
    evidence: tuple[Evidence, ...]
    budget: int
    counted_by: str
    timings: Timings
    milliseconds: float

    @property
    def digest(self) -> str:
        """SHA-256 of the evidence as a model reads it: the same digest, the same evidence."""
        return hashlib.sha256("\n".join(item.prompt_text for item in self.evidence).encode()).hexdigest()
