"""Kind `transformers`: `transformers serve`, and any server of FastAPI and Transformers with OpenAI's chat completions."""

from __future__ import annotations

from pydantic import Field

from assistant.backends.common.backend import Backend
from assistant.backends.common.capabilities import Capabilities
from assistant.backends.common.dialect import Dialect
from assistant.backends.common.fixed_models import FixedModels
from assistant.backends.common.remote import Address, WireOptions, build_remote, server_of
from assistant.config import Settings


class Options(WireOptions):
    model: str = Field(description="what `transformers serve` was started with, a hub id or a folder")
    base_url: Address = Field("http://127.0.0.1:8000/v1", description="address of the server, with /v1")
    concurrency: int = Field(1, ge=1, description="questions that the server gets at a time; others wait in a fair queue")


CAPABILITIES = Capabilities(
    usage_in_stream=True,
    json_schema=False,
    prefix_cache=False,
    lists_models=True,
    rejects_long_prompts=False,
    stop=True,
    notes=(
        "It reads prompts of any length, until its memory ends: set context_window to what the model was trained for.",
        "It lists what its hub cache holds, which need not have the model that it serves.",
        "It has no keys: let nobody else reach its port.",
    ),
)
DIALECT = Dialect("transformers", CAPABILITIES, start="transformers serve MODEL", stream_options=False, health="/health")


def build(name: str, options: Options, settings: Settings) -> Backend:
    """Raises what `build_remote` raises."""
    return build_remote(name, options, DIALECT, settings)


def manager(name: str, options: Options, settings: Settings) -> FixedModels:
    """The models that the server lists. Raises ConfigError when the key is missing."""
    return FixedModels(server_of(name, options, DIALECT))
