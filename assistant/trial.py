"""The same prompt to several models, one after the other, so that they don't slow each other down."""

from __future__ import annotations

from contextlib import aclosing
from dataclasses import dataclass
from time import perf_counter

from llama_index.core.base.llms.types import ChatMessage

from assistant import models
from assistant.backends import Backend, make_backend
from assistant.backends.common.pieces import TokenCounts
from assistant.config import Settings
from ingest.errors import ConfigError, MidasError


@dataclass(frozen=True, slots=True)
class Trial:
    """One model's answer. `ttft_ms`: until the first text; `tokens_per_s`: tokens after the first one over the time after it;
    `total_ms`: until the end, without loading. None where nothing was measured; `error` is why there is no answer."""

    name: str
    kind: str | None = None
    model: str | None = None
    answer: str | None = None
    ttft_ms: float | None = None
    tokens_per_s: float | None = None
    total_ms: float | None = None
    tokens: int | None = None
    counted_by: str | None = None
    cloud: bool = False
    error: str | None = None


def with_models(names: list[str], settings: Settings) -> Settings:
    """The settings with an embedded back end for each name that is no back end but a pulled model. Raises ConfigError."""
    pulled = {model.name for model in models.installed(settings.home) if model.purpose == "chat"}
    unknown = [name for name in names if name not in settings.backends and name not in pulled]
    if unknown:
        valid = ", ".join([*settings.backends, *sorted(pulled)]) or "none"
        raise ConfigError(f"{unknown[0]!r} is neither a back end nor a pulled model: there are {valid}.")
    extra = {name: {"kind": "llama-cpp", "model": name} for name in names if name not in settings.backends}
    return settings.model_copy(update={"backends": {**settings.backends, **extra}})


async def try_one(name: str, settings: Settings, prompt: str, max_tokens: int) -> Trial:
    """Loads the back end, asks once and closes it. What goes wrong is told in `error`."""
    try:
        backend = make_backend(name, settings)
    except MidasError as error:
        return Trial(name, error=error.message)
    try:
        return await _ask(backend, prompt, max_tokens)
    except MidasError as error:
        return Trial(name, backend.kind, backend.model, cloud=backend.cloud, error=error.message)
    finally:
        backend.close()


async def _ask(backend: Backend, prompt: str, max_tokens: int) -> Trial:
    clock, counts = _Clock(), None
    async with backend.slot():
        clock.start = perf_counter()
        stream = await backend.llm.astream_chat([ChatMessage(prompt)], max_tokens=max_tokens)
        async with aclosing(stream) as pieces:
            async for piece in pieces:
                clock.hear(piece.delta or "")
                counts = getattr(piece.raw, "usage", None) or counts
    assert isinstance(counts, TokenCounts)
    return clock.trial(backend, counts)


class _Clock:
    """Times of one answer, in seconds of the monotonic clock."""

    def __init__(self) -> None:
        self.text = ""
        self.start = self.first = self.last = 0.0

    def hear(self, delta: str) -> None:
        self.last = perf_counter()
        if delta and not self.text:
            self.first = self.last
        self.text += delta

    def trial(self, backend: Backend, counts: TokenCounts) -> Trial:
        writing, tokens = self.last - self.first, counts.completion_tokens
        return Trial(
            backend.name,
            backend.kind,
            backend.model,
            self.text,
            round((self.first - self.start) * 1000, 1),
            round((tokens - 1) / writing, 1) if tokens > 1 and writing > 0 else None,
            round((self.last - self.start) * 1000, 1),
            tokens,
            counts.counted_by,
            backend.cloud,
        )
