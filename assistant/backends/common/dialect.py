"""What one kind of server does differently from OpenAI, on OpenAI's chat wire."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

from assistant.backends.common.capabilities import Capabilities

Fields = dict[str, Any]
"""Members of a JSON request or answer, as a foreign server defines them."""
Fact = TypeVar("Fact")


@dataclass(frozen=True, slots=True)
class Page(Generic[Fact]):
    """Where a server tells a fact: a path from its root, and what reads it from the JSON there for a model (None: not told)."""

    path: str
    read: Callable[[Fields, str], Fact | None]


@dataclass(frozen=True, slots=True)
class Dialect:
    """The differences of one kind of server.

    `start` tells how such a server is started. `schema` and `never` give the request fields for an answer that fits a JSON
    schema, and for one without a token. `temperature` and `stream_options` tell whether requests may have these. `health` is a
    path that answers 200 when the server is well, `version` and `windows` are where it tells its version and its context
    window (the first that tells wins); paths are relative to the base URL without its `/v1`.
    """

    kind: str
    capabilities: Capabilities
    start: str = ""
    temperature: bool = True
    stream_options: bool = True
    schema: Callable[[Fields], Fields] | None = None
    never: Callable[[str], Fields] | None = None
    health: str | None = None
    version: Page[str] | None = None
    windows: tuple[Page[int], ...] = ()


def openai_schema(schema: Fields) -> Fields:
    """OpenAI's request fields for an answer that fits a JSON schema."""
    return {"response_format": {"type": "json_schema", "json_schema": {"name": "answer", "schema": schema, "strict": True}}}


def _version(page: Fields, model: str) -> str | None:
    version = page.get("version")
    return str(version) if version else None


def _window_of_card(page: Fields, model: str) -> int | None:
    cards = [card for card in page.get("data") or [] if card.get("id") == model]
    return next((int(card[name]) for card in cards for name in _WINDOW_NAMES if card.get(name)), None)


_WINDOW_NAMES = ("max_model_len", "context_length", "context_window", "max_context_length")
"""vLLM and SGLang; OpenRouter and Together; Groq; Mistral."""
VERSION = Page("/version", _version)
MODEL_CARDS = Page("/v1/models", _window_of_card)
"""The window on the model's card in the list of models."""
