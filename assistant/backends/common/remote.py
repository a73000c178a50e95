"""What the kinds with a server have in common: their options, and the back end and manager that they make."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Callable
from typing import Annotated

import httpx
from pydantic import AfterValidator, Field

from assistant.backends.common.backend import Backend, Health
from assistant.backends.common.counting import load_counter
from assistant.backends.common.dialect import Dialect
from assistant.backends.common.endpoint import Endpoint
from assistant.backends.common.guard import Guard, Timeouts
from assistant.backends.common.queue import FairQueue
from assistant.backends.common.server import Server
from assistant.backends.common.wire import Translator, WireLLM
from assistant.config import Settings
from ingest.config import Section
from ingest.errors import ConfigError

LAST_PORT = 65535


def _checked(address: str) -> str:
    try:
        url = httpx.URL(address)
    except httpx.InvalidURL as error:
        raise ValueError(f"it is no address: {error}") from error
    if url.scheme not in ("http", "https") or not url.host:
        raise ValueError("it is no address: write it with http:// or https://")
    if (url.port or 0) > LAST_PORT:
        raise ValueError(f"it is no address: ports end at {LAST_PORT}")
    if url.userinfo:
        raise ValueError("keys belong in the environment: name the variable in api_key_env")
    if "?" in address or "#" in address:
        raise ValueError("it goes on after its path: leave out what begins with ? or #, and keep keys in the environment")
    return address


Address = Annotated[str, AfterValidator(_checked)]
"""A server's base URL. It is shown in errors, so that it can't hold a key."""
DEFAULT_WINDOW = 4096
"""Tokens, where neither the settings nor the server tell: every current model holds as many."""


class RemoteOptions(Section):
    """The section of a back end whose model runs in a server."""

    model: str = Field(description="name of the model at the server")
    base_url: Address = Field(description="address of the server, with /v1 where it has that")
    api_key_env: str | None = Field(None, description="name of the environment variable that holds the key")
    context_window: int | None = Field(
        None, ge=512, description="tokens that prompt and answer may have together; without it the server is asked, else 4096"
    )
    timeouts: Timeouts = Field(Timeouts(), description="how long the server may be silent")
    concurrency: int = Field(4, ge=1, description="questions that the server gets at a time; others wait in a fair queue")
    cloud: bool = Field(False, description="whether questions and evidence leave the company; every answer then says so")
    fallback: list[str] = Field([], description="back ends that answer when this one fails, in this order")


class WireOptions(RemoteOptions):
    """The section of a back end on OpenAI's wire."""

    tokenizer: str | None = Field(
        None, description="what counts tokens: a tokenizer.json, or a pulled GGUF model's name; without it they are estimated"
    )
    thinking_tokens: int = Field(0, ge=0, description="tokens for reasoning, beside those of the answer")


def where_of(name: str, kind: str, address: str) -> str:
    """How errors name a back end."""
    return f"back end {name!r} ({kind} at {address})"


def build_remote(
    name: str, options: WireOptions, dialect: Dialect, settings: Settings, make: Callable[..., WireLLM] = WireLLM
) -> Backend:
    """A back end on OpenAI's wire, through the LLM that `make` makes. Asks the server for its context window
    where the settings don't tell it.

    Raises ConfigError when the key is missing, ModelError when the tokenizer is, BackendErrors when the server can't be asked.
    """
    server = server_of(name, options, dialect)
    counter = load_counter(options.tokenizer, settings.home)
    guard = Guard(server.translator.where, options.timeouts)
    window = options.context_window or server.window() or DEFAULT_WINDOW
    return Backend(
        name=name,
        kind=dialect.kind,
        model=options.model,
        llm=make(
            server.endpoint,
            dialect,
            model=options.model,
            context_window=window,
            guard=guard,
            counter=counter,
            thinking_tokens=options.thinking_tokens,
        ),
        context_window=window,
        count_tokens=counter.text,
        count_chat_tokens=counter.chat,
        cloud=options.cloud,
        capabilities=dialect.capabilities,
        address=options.base_url,
        counted_by=counter.name,
        thinking_tokens=options.thinking_tokens,
        breaker=guard.breaker,
        queue=FairQueue(options.concurrency),
        ask_health=lambda: _health(server),
    )


def server_of(name: str, options: RemoteOptions, dialect: Dialect) -> Server:
    """The server that a section names. Raises ConfigError when the key is missing."""
    endpoint = Endpoint(options.base_url, options.timeouts.connect_s, read_key(name, options.api_key_env))
    translator = Translator(where_of(name, dialect.kind, options.base_url), dialect.start, endpoint.key)
    return Server(endpoint, dialect, translator, options.model)


async def _health(server: Server) -> Health:
    return await asyncio.to_thread(server.health)


def read_key(name: str, variable: str | None) -> str | None:
    """The key in an environment variable; None where none is needed. Raises ConfigError when it is not set."""
    if variable is None:
        return None
    if not (key := os.environ.get(variable, "").strip()):
        raise ConfigError(f"Back end {name!r} needs its key in the environment variable {variable}: set it.")
    if not (key.isascii() and key.isprintable()):
        raise ConfigError(f"The key of back end {name!r} in the variable {variable} has characters no key has: set it again.")
    return key
