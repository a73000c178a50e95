"""What a run writes down: `AnswerRow`, `ScoreRow`, `Measurement`; each is one JSON object a line and reads back equal."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

from assistant.types import Citation, DeclineReason, GroundedSentence, Source, Timings, Usage

Status = Literal["ok", "declined", "error"]
ScoreStatus = Literal["ok", "failed", "not_applicable"]


HUMAN = "human:"
"""How the scorer of a person's marks begins; the name follows."""


@dataclass(frozen=True, slots=True)
class Key:
    """Which answer: the question's id, the back end's name, and the repetition, from 0."""

    question: str
    backend: str
    repeat: int = 0


@dataclass(frozen=True, slots=True)
class Speed:
    """How fast one answer came, in milliseconds of the monotonic clock; None where it could not be measured.

    `ttft_ms`: from sending the request to the model until its first non-empty piece of text. `e2e_ms`: from sending the
    request until the last piece. `tpot_ms`: (`e2e_ms` - `ttft_ms`) / (completion tokens - 1), as in vLLM's serving benchmark.
    `chunk_gaps_ms`: between consecutive non-empty pieces. `tokens_per_s`: completion tokens - 1 over the time after the first
    piece. `characters_per_s`: characters after the first piece over the same time. `total_ms`: from the question until the
    verified answer, which is what a reader waits for.
    """

    ttft_ms: float | None = None
    e2e_ms: float | None = None
    tpot_ms: float | None = None
    tokens_per_s: float | None = None
    characters_per_s: float | None = None
    total_ms: float | None = None
    queued_ms: float | None = None
    chunk_gaps_ms: tuple[float, ...] = ()


@dataclass(frozen=True, slots=True)
class AnswerRow:
    """One answer of a run, or why there is none: rows are never dropped.

    `error` is the sentence and `error_kind` the exception's class name, None unless `status` is `error`. `evidence` is the
    SHA-256 of what the model was shown, so that rows can prove that they answered from the same. `at` is ISO 8601 in UTC.
    `load` is the machine's one-minute load average when the answer began, None where the system has none.
    """

    key: Key
    status: Status
    language: str
    text: str = ""
    error: str | None = None
    error_kind: str | None = None
    model: str = ""
    cloud: bool = False
    fallback_from: str | None = None
    decline_reason: DeclineReason | None = None
    asked_model: bool = True
    sources: tuple[Source, ...] = ()
    citations: tuple[Citation, ...] = ()
    sentences: tuple[GroundedSentence, ...] = ()
    dropped_citations: int = 0
    evidence: str | None = None
    usage: Usage = field(default_factory=Usage)
    timings: Timings = field(default_factory=Timings)
    speed: Speed = field(default_factory=Speed)
    at: str = ""
    load: float | None = None


@dataclass(frozen=True, slots=True)
class ScoreRow:
    """One metric of one answer. `value` is None unless `status` is `ok`; `why` says why it is None, or how it came about.

    `scorer` is `rule`, the fingerprint of the judge, or HUMAN and a name. `not_applicable` does not count against coverage (no
    reference, say); `failed` does.
    """

    key: Key
    metric: str
    value: float | None
    status: ScoreStatus = "ok"
    why: str | None = None
    scorer: str = "rule"
    seconds: float | None = None


@dataclass(frozen=True, slots=True)
class Measurement:
    """A figure of a back end that belongs to no single answer: cold start, memory. `unit` is that of the metric."""

    backend: str
    metric: str
    value: float
    unit: str
    at: str
    note: str = ""
