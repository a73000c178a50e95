"""Kind `openai-compatible`: any server that speaks OpenAI's chat completions (LM Studio, llama-server, SGLang...)."""

from __future__ import annotations

from assistant.backends.common.backend import Backend
from assistant.backends.common.capabilities import Capabilities
from assistant.backends.common.dialect import MODEL_CARDS, Dialect, Fields, Page, openai_schema
from assistant.backends.common.fixed_models import FixedModels
from assistant.backends.common.remote import WireOptions, build_remote, server_of
from assistant.config import Settings


class Options(WireOptions):
    """Nothing of its own."""


def _slot_window(page: Fields, model: str) -> int | None:
    """llama-server's `/props`: tokens of one slot."""
    return (page.get("default_generation_settings") or {}).get("n_ctx")


def _loaded_window(page: Fields, model: str) -> int | None:
    """LM Studio's own list of models."""
    cards = page.get("data") or []
    return next((card.get("loaded_context_length") for card in cards if card.get("id") == model), None)


CAPABILITIES = Capabilities(
    lists_models=True,
    stop=True,
    notes=("What such a server can do beyond streaming is found out when it is checked.",),
)
DIALECT = Dialect(
    "openai-compatible",
    CAPABILITIES,
    schema=openai_schema,
    windows=(MODEL_CARDS, Page("/props", _slot_window), Page("/api/v0/models", _loaded_window)),
)


def build(name: str, options: Options, settings: Settings) -> Backend:
    """Raises what `build_remote` raises."""
    return build_remote(name, options, DIALECT, settings)


def manager(name: str, options: Options, settings: Settings) -> FixedModels:
    """The models that the server lists. Raises ConfigError when the key is missing."""
    return FixedModels(server_of(name, options, DIALECT))
