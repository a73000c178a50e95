"""Kind `tensorrt-llm`: NVIDIA's TensorRT-LLM (`trtllm-serve`). It refuses requests with fields that it doesn't know."""

from __future__ import annotations

from pydantic import Field

from assistant.backends.common.backend import Backend
from assistant.backends.common.capabilities import Capabilities
from assistant.backends.common.dialect import VERSION, Dialect, Fields
from assistant.backends.common.fixed_models import FixedModels
from assistant.backends.common.remote import Address, WireOptions, build_remote, server_of
from assistant.config import Settings


class Options(WireOptions):
    model: str = Field(description="what `trtllm-serve` was started with; its last part when that is a path")
    base_url: Address = Field("http://127.0.0.1:8000/v1", description="address of the server, with /v1")
    concurrency: int = Field(16, ge=1, description="questions that the server gets at a time; others wait in a fair queue")


def _guided(schema: Fields) -> Fields:
    """All versions know this form; OpenAI's only newer ones."""
    return {"response_format": {"type": "json", "schema": schema}}


CAPABILITIES = Capabilities(
    usage_in_stream=True,
    json_schema=None,
    prefix_cache=None,
    lists_models=True,
    rejects_long_prompts=True,
    stop=True,
    notes=(
        "It doesn't tell its window: set context_window to its --max_seq_len.",
        "JSON schemas need guided_decoding_backend: xgrammar in its configuration.",
        "It has no keys: let nobody else reach its port.",
    ),
)
DIALECT = Dialect(
    "tensorrt-llm",
    CAPABILITIES,
    start="trtllm-serve MODEL",
    schema=_guided,
    health="/health",
    version=VERSION,
)


def build(name: str, options: Options, settings: Settings) -> Backend:
    """Raises what `build_remote` raises."""
    return build_remote(name, options, DIALECT, settings)


def manager(name: str, options: Options, settings: Settings) -> FixedModels:
    """The model that was started. Raises ConfigError when the key is missing."""
    return FixedModels(server_of(name, options, DIALECT))
