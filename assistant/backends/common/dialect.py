"""What one kind of server does differently from OpenAI, on OpenAI's chat wire."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from assistant.backends.common.capabilities import Capabilities

Fields = dict[str, Any]
"""Members of a JSON request or answer, as a foreign server defines them."""


def openai_schema(schema: Fields) -> Fields:
    """OpenAI's request fields for an answer that fits a JSON schema."""
    return {"response_format": {"type": "json_schema", "json_schema": {"name": "answer", "schema": schema, "strict": True}}}


def no_schema(schema: Fields) -> Fields:
    """For servers that have nothing of the kind: the caller has to check the answer anyway."""
    return {}


def no_ban(token: str) -> Fields:
    """For servers that can't be kept from writing a token."""
    return {}


@dataclass(frozen=True, slots=True)
class Page:
    """Where a server tells something of itself: a path from its root, and what is read from the JSON there."""

    path: str
    read: Callable[[Fields, str], Any]


def _served_version(body: Fields, model: str) -> str | None:
    version = body.get("version")
    return str(version) if version else None


@dataclass(frozen=True, slots=True)
class Dialect:
    """The differences of one kind of server.

    `start` completes "check that it runs" (how an admin starts it). `always` are request fields that every request has;
    `stream_options` tells whether usage must be asked for. `schema` and `never` give the request fields for an answer that
    fits a JSON schema, and for one without a token. `sampling` tells whether `temperature` may be sent. `health` is a path
    that answers 200 when the server is well, `version` and `windows` where it tells its version and its context window (the
    first that tells wins); paths are relative to the base URL without its `/v1`.
    """

    kind: str
    capabilities: Capabilities
    start: str = ""
    always: Mapping[str, Any] = field(default_factory=dict)
    temperature: bool = True
    stream_options: bool = True
    schema: Callable[[Fields], Fields] = openai_schema
    never: Callable[[str], Fields] = no_ban
    health: str | None = None
    version: Page | None = None
    windows: tuple[Page, ...] = ()


VERSION = Page("/version", _served_version)
