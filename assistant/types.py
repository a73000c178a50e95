"""What a question turns into: `Answer`, `Citation`, `Source`, `Timings`, `Usage`, and the events of a stream."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

from ingest.types import PageUnit

Verdict = Literal["supported", "weak", "unsupported"]
DeclineReason = Literal["weak_evidence", "model_declined", "not_grounded", "no_documents"]


@dataclass(frozen=True, slots=True)
class Message:
    """A turn of a conversation."""

    role: Literal["user", "assistant"]
    text: str


@dataclass(frozen=True, slots=True)
class Source:
    """A passage the answer could draw on. `number` is the `n` of `[n]`; `text` is exactly what the model was shown.

    `passage` is the whole chunk around it; `score` is the fused retrieval score in [0, 1].
    """

    number: int
    chunk_id: str
    collection: str
    document_id: str
    document: str
    title: str
    page: int | None
    page_unit: PageUnit | None
    headings: tuple[str, ...]
    date: str | None
    text: str
    passage: str
    score: float


@dataclass(frozen=True, slots=True)
class Citation:
    """One `[n]` in the answer: `start:end` is the sentence of `Answer.text` it stands behind; `quote` is the exact
    passage of the source that supports it. `added` tells that the model did not write it and grounding found it."""

    number: int
    start: int
    end: int
    quote: str
    added: bool


@dataclass(frozen=True, slots=True)
class GroundedSentence:
    """A sentence of the answer (`Answer.text[start:end]`) and whether the evidence says so."""

    start: int
    end: int
    verdict: Verdict
    score: float
    why: str


@dataclass(frozen=True, slots=True)
class Usage:
    """Tokens of the model call. `counted_by` is `server`, or the name of the tokenizer that estimated them."""

    prompt_tokens: int = 0
    completion_tokens: int = 0
    cached_tokens: int = 0
    counted_by: str = "server"


@dataclass(frozen=True, slots=True)
class Timings:
    """Milliseconds per stage; None where the stage did not run."""

    condense_ms: float | None = None
    embed_ms: float | None = None
    dense_ms: float | None = None
    lexical_ms: float | None = None
    fuse_ms: float | None = None
    rerank_ms: float | None = None
    context_ms: float | None = None
    ttft_ms: float | None = None
    generation_ms: float | None = None
    grounding_ms: float | None = None
    total_ms: float | None = None


@dataclass(frozen=True, slots=True)
class Answer:
    """The answer to one question. `sources` are the passages shown to the model, or, when `declined`, the nearest ones.

    `grounded` is True when no sentence is unsupported. `dropped_citations` counts numbers the model invented.
    """

    text: str
    question: str
    language: str
    citations: tuple[Citation, ...] = ()
    sources: tuple[Source, ...] = ()
    sentences: tuple[GroundedSentence, ...] = ()
    grounded: bool = False
    declined: bool = False
    decline_reason: DeclineReason | None = None
    dropped_citations: int = 0
    backend: str = ""
    model: str = ""
    cloud: bool = False
    usage: Usage = field(default_factory=Usage)
    timings: Timings = field(default_factory=Timings)


@dataclass(frozen=True, slots=True)
class StatusEvent:
    """What is going on: `searching`, `queued` (with `position`), `reading` (with `passages`), `writing`."""

    state: Literal["searching", "queued", "reading", "writing"]
    position: int | None = None
    passages: int | None = None


@dataclass(frozen=True, slots=True)
class TokenEvent:
    """The next piece of the answer's text, as the model writes it."""

    text: str


@dataclass(frozen=True, slots=True)
class AnswerEvent:
    """The last event: the verified answer. Its text replaces what the tokens showed (citations resolved)."""

    answer: Answer


Event = StatusEvent | TokenEvent | AnswerEvent
