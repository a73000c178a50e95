"""What a question turns into: `Answer`, `Citation`, `Source`, `Timings`, `Usage`, and the events of a stream."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

from ingest.types import PageUnit

Verdict = Literal["supported", "weak", "unsupported"]
DeclineReason = Literal["weak_evidence", "model_declined", "not_grounded", "no_documents"]


@dataclass(frozen=True, slots=True)
class Message:
    """A turn of a conversation. `collections` are those that were searched for it, empty when nobody knows: where one of them
    is private, or might be, neither the question nor the answer reaches a back end in the cloud later on."""

    role: Literal["user", "assistant"]
    text: str
    collections: tuple[str, ...] = ()


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
    """Tokens of the model's calls. `counted_by` is `server`, or the name of the tokenizer that estimated them.

    `check_tokens` are those of `completion_tokens` that are no part of the answer: the model was asked whether it stands by it.
    """

    prompt_tokens: int = 0
    completion_tokens: int = 0
    cached_tokens: int = 0
    counted_by: str = "server"
    check_tokens: int = 0


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
    `collections` are those that were searched. `backend`, `model` and `cloud` tell where it was made. `fallback_from` is the
    back end that should have answered and could not. `evidence_budget` is how many of the model's tokens the evidence could
    take. `notices` are what a reader should know of how the answer came about, a sentence each, in the language of the answer.
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
    collections: tuple[str, ...] = ()
    backend: str = ""
    model: str = ""
    cloud: bool = False
    fallback_from: str | None = None
    evidence_budget: int = 0
    notices: tuple[str, ...] = ()
    usage: Usage = field(default_factory=Usage)
    timings: Timings = field(default_factory=Timings)

    @property
    def asked_model(self) -> bool:
        """False when the question was declined before any model saw it."""
        return self.decline_reason not in ("weak_evidence", "no_documents")

    @property
    def exchange(self) -> tuple[Message, Message]:
        """Question and answer, as the history of the next question."""
        return Message("user", self.question, self.collections), Message("assistant", self.text, self.collections)


@dataclass(frozen=True, slots=True)
class StatusEvent:
    """What is going on: `searching`, `queued` (with `position`), `reading` (with `passages`), `writing`.

    `fallback`: `backend` begins anew, because of what `notice` says; what was written so far is void.
    """

    state: Literal["searching", "queued", "reading", "writing", "fallback"]
    position: int | None = None
    passages: int | None = None
    backend: str | None = None
    notice: str | None = None


@dataclass(frozen=True, slots=True)
class TokenEvent:
    """The next piece of the answer's text, as the model writes it."""

    text: str


@dataclass(frozen=True, slots=True)
class AnswerEvent:
    """The last event: the verified answer. Its text replaces what the tokens showed (citations resolved)."""

    answer: Answer


Event = StatusEvent | TokenEvent | AnswerEvent
