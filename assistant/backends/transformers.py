"""Kind `transformers`: `transformers serve`, and any server of FastAPI and Transformers with OpenAI's chat completions."""

from __future__ import annotations

import json
from pathlib import Path

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
        "It reads prompts of any length, until its memory ends: set context_window to what the model was trained for, unless "
        "model is a folder on this computer, which tells it.",
        "It lists what its hub cache holds, which need not have the model that it serves.",
        "It has no keys: let nobody else reach its port.",
    ),
)
DIALECT = Dialect("transformers", CAPABILITIES, start="transformers serve MODEL", stream_options=False, health="/health")


def build(name: str, options: Options, settings: Settings) -> Backend:
    """Raises what `build_remote` raises."""
    return build_remote(name, _completed(options), DIALECT, settings)


def manager(name: str, options: Options, settings: Settings) -> FixedModels:
    """The models that the server lists. Raises ConfigError when the key is missing."""
    return FixedModels(server_of(name, options, DIALECT))


def _completed(options: Options) -> Options:
    """The options with what the model's folder tells beside the settings, where it is on this computer."""
    folder = Path(options.model).expanduser()
    tokenizer = folder / "tokenizer.json"
    told = {
        "context_window": _trained_for(folder / "config.json"),
        "tokenizer": str(tokenizer) if tokenizer.is_file() else None,
    }
    return options.model_copy(update={name: told[name] for name in told if getattr(options, name) is None})


def _trained_for(config: Path) -> int | None:
    """Tokens that a model was trained to read, from its configuration; None where there is none."""
    try:
        values = json.loads(config.read_bytes())
    except (OSError, ValueError):
        return None
    window = (values.get("text_config") or values).get("max_position_embeddings")
    return window if isinstance(window, int) else None
