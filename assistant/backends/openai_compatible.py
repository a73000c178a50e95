"""Kind `openai-compatible`: any server that speaks OpenAI's chat completions, on this machine or elsewhere."""

from __future__ import annotations

import os
from collections.abc import Sequence

from llama_index.core.base.llms.types import ChatMessage
from pydantic import Field

from assistant.backends.backend import Backend
from assistant.backends.wire import WireLLM
from assistant.config import Settings
from ingest.config import Section
from ingest.errors import ConfigError

BYTES_PER_TOKEN = 3
"""The tokenizer is unknown: this is on the safe side, as Spanish and English have about four bytes a token."""
TOKENS_PER_MESSAGE = 8


class Options(Section):
    model: str = Field(description="name of the model at the server")
    base_url: str = Field(description="address of the server, with /v1 where it has that")
    api_key_env: str | None = Field(None, description="name of the environment variable that holds the key")
    context_window: int = Field(4096, ge=512, description="tokens that prompt and answer may have together")
    timeout_s: float = Field(120.0, gt=0, description="longest silence of the server before it counts as failed")
    cloud: bool = Field(False, description="whether questions and evidence leave the company; every answer then says so")


def build(name: str, options: Options, settings: Settings) -> Backend:
    """Connects to nothing yet: an unreachable server shows at the first question."""
    llm = WireLLM(
        f"back end {name!r} (openai-compatible)",
        count_chat_tokens,
        options.timeout_s,
        model=options.model,
        api_base=options.base_url,
        api_key=_key(name, options.api_key_env),
        context_window=options.context_window,
    )
    return Backend(
        name=name,
        kind="openai-compatible",
        model=options.model,
        llm=llm,
        context_window=options.context_window,
        count_tokens=count_tokens,
        count_chat_tokens=count_chat_tokens,
        cloud=options.cloud,
    )


def count_tokens(text: str) -> int:
    """An estimate that is rather too high."""
    return -(-len(text.encode("utf-8", "replace")) // BYTES_PER_TOKEN)


def count_chat_tokens(messages: Sequence[ChatMessage]) -> int:
    """An estimate of the whole prompt that is rather too high."""
    return sum(count_tokens(message.content or "") + TOKENS_PER_MESSAGE for message in messages)


def _key(name: str, variable: str | None) -> str:
    if variable is None:
        return "none"
    if not (key := os.environ.get(variable)):
        raise ConfigError(f"Back end {name!r} needs its key in the environment variable {variable}: set it.")
    return key
