"""Tries a back end: whether it is there, what it can do, how fast it is. Asks for some forty tokens."""

from __future__ import annotations

import json
from collections.abc import Sequence
from contextlib import aclosing, suppress
from dataclasses import dataclass, field
from datetime import datetime
from time import perf_counter
from typing import Any

from llama_index.core.base.llms.types import ChatMessage

from assistant.backends.common.backend import Backend, Health
from assistant.backends.common.breaker import State
from assistant.backends.common.pieces import TokenCounts
from assistant.errors import BackendEmpty, BackendError, BackendRefused

QUESTION = [ChatMessage("Di hola.", role="user")]
SCHEMA = {"type": "object", "properties": {"ok": {"type": "boolean"}}, "required": ["ok"], "additionalProperties": False}
SCHEMA_TOKENS = 40


@dataclass(frozen=True, slots=True)
class Probe:
    """What was found out; None where it was not. `error` is why the back end doesn't work, None when it does.

    `models`, `version` and `served_window` (tokens) are what the server tells, `context_window` is what is used.
    `answer` is that of a completion of two tokens, `ttft_ms` its time to the first token; `streaming` tells that it came
    in pieces, `usage` that the server counted its tokens. `json_schema` tells that an answer kept to a schema that the prompt
    said nothing of; `tokens_per_s` is that answer's speed after its first token. `prefix_cache` tells that the server
    reported cached tokens for a prompt that it had just read, else what its kind is known for; `state` is that of the circuit
    breaker.
    """

    reachable: bool
    context_window: int
    state: State
    models: tuple[str, ...] | None = None
    version: str | None = None
    served_window: int | None = None
    answer: str | None = None
    ttft_ms: float | None = None
    streaming: bool | None = None
    usage: bool | None = None
    json_schema: bool | None = None
    prefix_cache: bool | None = None
    tokens_per_s: float | None = None
    error: str | None = None
    last_error: str | None = None
    last_error_at: datetime | None = None

    @property
    def works(self) -> bool:
        return self.error is None


async def probe(backend: Backend) -> Probe:
    """Waits for the back end's queue. Raises nothing that is the back end's fault."""
    found = _Found(backend, await backend.health())
    if found.health.reachable:
        async with backend.slot():
            await found.try_out()
    return found.probe()


@dataclass
class _Answer:
    """An answer and its times, in seconds of the monotonic clock."""

    started: float = field(default_factory=perf_counter)
    at: list[float] = field(default_factory=list)
    text: str = ""
    usage: TokenCounts | None = None

    @property
    def ttft_ms(self) -> float | None:
        return (self.at[0] - self.started) * 1000 if self.at else None

    @property
    def tokens_per_s(self) -> float | None:
        if not self.usage or len(self.at) < 2 or self.usage.completion_tokens < 2:
            return None
        return (self.usage.completion_tokens - 1) / (self.at[-1] - self.at[0])


class _Found:
    """What is known of a back end so far."""

    def __init__(self, backend: Backend, health: Health) -> None:
        self.health = health
        self._backend = backend
        self._short = _Answer()
        self._bound: _Answer | None = None
        self._error = health.error

    async def try_out(self) -> None:
        try:
            self._short = await self._ask(QUESTION, max_tokens=2)
            with suppress(BackendRefused):
                self._bound = await self._ask(QUESTION, max_tokens=SCHEMA_TOKENS, json_schema=SCHEMA)
        except BackendError as error:
            self._error = error.message
        else:
            self._error = None

    async def _ask(self, messages: Sequence[ChatMessage], **options: Any) -> _Answer:
        answer = _Answer()
        async with aclosing(await self._backend.llm.astream_chat(messages, **options)) as pieces:
            with suppress(BackendEmpty):
                async for piece in pieces:
                    answer.at += [perf_counter()] if piece.delta else []
                    answer.text += piece.delta or ""
                    answer.usage = getattr(piece.raw, "usage", None) or answer.usage
        return answer

    def probe(self) -> Probe:
        backend, health, short, bound = self._backend, self.health, self._short, self._bound
        return Probe(
            reachable=health.reachable,
            context_window=backend.context_window,
            state=backend.breaker.state,
            models=health.models,
            version=health.version,
            served_window=health.context_window,
            answer=short.text or None,
            ttft_ms=short.ttft_ms,
            streaming=len(short.at) > 1 or bool(bound and len(bound.at) > 1) if short.at else None,
            usage=short.usage.counted_by == "server" if short.usage else None,
            json_schema=_keeps_to_schema(bound) if short.at else None,
            prefix_cache=_reused(bound) or backend.capabilities.prefix_cache,
            tokens_per_s=bound.tokens_per_s if bound else None,
            error=self._error,
            last_error=backend.breaker.last_error,
            last_error_at=backend.breaker.last_error_at,
        )


def _reused(answer: _Answer | None) -> bool:
    return bool(answer and answer.usage and answer.usage.prompt_tokens_details.cached_tokens)


def _keeps_to_schema(answer: _Answer | None) -> bool:
    try:
        found = json.loads(answer.text) if answer else None
    except ValueError:
        return False
    return isinstance(found, dict) and isinstance(found.get("ok"), bool)
