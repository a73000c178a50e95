"""Kind `tgi`: Hugging Face's Text Generation Inference, over its Messages API."""

from __future__ import annotations

from pydantic import Field

from assistant.backends.common.backend import Backend
from assistant.backends.common.capabilities import Capabilities
from assistant.backends.common.dialect import Dialect, Fields, Page
from assistant.backends.common.fixed_models import FixedModels
from assistant.backends.common.remote import Address, WireOptions, build_remote, server_of
from assistant.config import Settings


class Options(WireOptions):
    model: str = Field("tgi", description="name shown for the model; the server has one and doesn't look at it")
    base_url: Address = Field("http://127.0.0.1:8080/v1", description="address of the server, with /v1")
    concurrency: int = Field(16, ge=1, description="questions that the server gets at a time; others wait in a fair queue")


def _grammar(schema: Fields) -> Fields:
    return {"response_format": {"type": "json", "value": schema}}


def _window(page: Fields, model: str) -> int | None:
    return page.get("max_total_tokens")


def _version(page: Fields, model: str) -> str | None:
    return page.get("version")


CAPABILITIES = Capabilities(
    usage_in_stream=True,
    json_schema=True,
    prefix_cache=None,
    lists_models=True,
    rejects_long_prompts=True,
    stop=True,
    notes=(
        "Usage in streams needs version 2.4 or newer.",
        "It has no parser for reasoning: models whose template opens it in the prompt (DeepSeek R1) can't be used.",
    ),
)
DIALECT = Dialect(
    "tgi",
    CAPABILITIES,
    start="text-generation-launcher --model-id MODEL",
    schema=_grammar,
    health="/health",
    version=Page("/info", _version),
    windows=(Page("/info", _window),),
)


def build(name: str, options: Options, settings: Settings) -> Backend:
    """Raises what `build_remote` raises."""
    return build_remote(name, options, DIALECT, settings)


def manager(name: str, options: Options, settings: Settings) -> FixedModels:
    """The model that was started. Raises ConfigError when the key is missing."""
    return FixedModels(server_of(name, options, DIALECT))
