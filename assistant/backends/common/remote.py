"""What the kinds with a server have in common: their options, and the back end that they make."""

from __future__ import annotations

import os

from pydantic import Field

from assistant.backends.common.backend import Backend
from assistant.backends.common.counting import ESTIMATE
from assistant.backends.common.dialect import Dialect
from assistant.backends.common.guard import Guard, Timeouts
from assistant.backends.common.queue import FairQueue
from assistant.backends.common.wire import Endpoint, WireLLM
from ingest.config import Section
from ingest.errors import ConfigError

DEFAULT_WINDOW = 4096
"""Tokens, where neither the settings nor the server tell: every current model holds as many."""


class RemoteOptions(Section):
    """The section of a back end whose model runs in a server."""

    model: str = Field(description="name of the model at the server")
    base_url: str = Field(description="address of the server, with /v1 where it has that")
    api_key_env: str | None = Field(None, description="name of the environment variable that holds the key")
    context_window: int | None = Field(
        None, ge=512, description="tokens that prompt and answer may have together; None asks the server, else 4096"
    )
    timeouts: Timeouts = Field(Timeouts(), description="how long the server may be silent")
    concurrency: int = Field(4, ge=1, description="questions that the server gets at a time; others wait in a fair queue")
    cloud: bool = Field(False, description="whether questions and evidence leave the company; every answer then says so")
    fallback: list[str] = Field([], description="back ends that answer when this one fails, in this order")


def where_of(name: str, kind: str, address: str) -> str:
    """How errors name a back end."""
    return f"back end {name!r} ({kind} at {address})"


def build_remote(name: str, options: RemoteOptions, dialect: Dialect) -> Backend:
    """A back end on OpenAI's wire. Asks the server for its context window where the settings don't tell it.

    Raises ConfigError when the key is missing, BackendUnreachable or BackendTimeout when the server can't be asked.
    """
    endpoint = Endpoint(options.base_url, options.timeouts.connect_s, read_key(name, options.api_key_env))
    guard = Guard(where_of(name, dialect.kind, options.base_url), options.timeouts)
    window = options.context_window or DEFAULT_WINDOW
    llm = WireLLM(endpoint, dialect, model=options.model, context_window=window, guard=guard, counter=ESTIMATE)
    return Backend(
        name=name,
        kind=dialect.kind,
        model=options.model,
        llm=llm,
        context_window=window,
        count_tokens=ESTIMATE.text,
        count_chat_tokens=ESTIMATE.chat,
        cloud=options.cloud,
        capabilities=dialect.capabilities,
        address=options.base_url,
        counted_by=ESTIMATE.name,
        breaker=guard.breaker,
        queue=FairQueue(options.concurrency),
    )


def read_key(name: str, variable: str | None) -> str | None:
    """The key in an environment variable; None where none is needed. Raises ConfigError when it is not set."""
    if variable is None:
        return None
    if not (key := os.environ.get(variable)):
        raise ConfigError(f"Back end {name!r} needs its key in the environment variable {variable}: set it.")
    return key
