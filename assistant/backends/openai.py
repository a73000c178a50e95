"""Kind `openai`: OpenAI's API, and compatible clouds by `base_url` (Azure: https://NAME.openai.azure.com/openai/v1/)."""

from __future__ import annotations

from dataclasses import replace

from pydantic import Field

from assistant.backends.common.backend import Backend
from assistant.backends.common.capabilities import Capabilities
from assistant.backends.common.dialect import Dialect, openai_schema
from assistant.backends.common.fixed_models import FixedModels
from assistant.backends.common.remote import Address, WireOptions, build_remote, server_of
from assistant.config import Settings


class Options(WireOptions):
    model: str = Field(description="name of the model; at Azure, of the deployment")
    base_url: Address = Field("https://api.openai.com/v1", description="address of the API")
    api_key_env: str | None = Field("OPENAI_API_KEY", description="name of the environment variable that holds the key")
    context_window: int | None = Field(
        16384,
        ge=512,
        description="tokens of prompt and answer together; the API doesn't tell, most models hold more",
    )
    concurrency: int = Field(8, ge=1, description="questions that the API gets at a time; others wait in a fair queue")
    cloud: bool = Field(True, description="whether questions and evidence leave the company; every answer then says so")


CAPABILITIES = Capabilities(
    usage_in_stream=True,
    json_schema=True,
    prefix_cache=True,
    lists_models=True,
    rejects_long_prompts=True,
    token_limit="max_completion_tokens",
    stop=True,
    notes=(
        "Reasoning models need thinking_tokens; they are asked at temperature 1, as the API allows no other.",
        "For clouds that don't know max_completion_tokens use the kind openai-compatible with cloud = true.",
    ),
)
DIALECT = Dialect("openai", CAPABILITIES, schema=openai_schema)


def build(name: str, options: Options, settings: Settings) -> Backend:
    """Raises what `build_remote` raises."""
    return build_remote(name, options, replace(DIALECT, temperature=not options.thinking_tokens), settings)


def manager(name: str, options: Options, settings: Settings) -> FixedModels:
    """The models that the key may use. Raises ConfigError when the key is missing."""
    return FixedModels(server_of(name, options, DIALECT))
