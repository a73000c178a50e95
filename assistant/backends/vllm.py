"""Kind `vllm`: a server of vLLM (`vllm serve`)."""

from __future__ import annotations

from pydantic import Field

from assistant.backends.common.backend import Backend
from assistant.backends.common.capabilities import Capabilities
from assistant.backends.common.dialect import MODEL_CARDS, VERSION, Dialect, openai_schema
from assistant.backends.common.fixed_models import FixedModels
from assistant.backends.common.remote import Address, WireOptions, build_remote, server_of
from assistant.config import Settings


class Options(WireOptions):
    model: str = Field(description="the served name: --served-model-name, else what `vllm serve` was started with")
    base_url: Address = Field("http://127.0.0.1:8000/v1", description="address of the server, with /v1")
    concurrency: int = Field(16, ge=1, description="questions that the server gets at a time; others wait in a fair queue")


CAPABILITIES = Capabilities(
    usage_in_stream=True,
    json_schema=True,
    prefix_cache=True,
    lists_models=True,
    rejects_long_prompts=True,
    stop=True,
    logprobs=True,
    notes=(
        "Reasoning models need --reasoning-parser.",
        "--enable-prompt-tokens-details tells how much of a prompt was in the cache.",
        "--api-key guards only the paths under /v1: let nobody else reach its port.",
    ),
)
DIALECT = Dialect(
    "vllm",
    CAPABILITIES,
    start="vllm serve MODEL",
    schema=openai_schema,
    never=lambda token: {"bad_words": [token]},
    health="/health",
    version=VERSION,
    windows=(MODEL_CARDS,),
)


def build(name: str, options: Options, settings: Settings) -> Backend:
    """Raises what `build_remote` raises."""
    return build_remote(name, options, DIALECT, settings)


def manager(name: str, options: Options, settings: Settings) -> FixedModels:
    """The models that were started. Raises ConfigError when the key is missing."""
    return FixedModels(server_of(name, options, DIALECT))
