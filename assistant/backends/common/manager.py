"""Models of a back end's server: what is there, fetched, removed, loaded."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Protocol

PullProgress = Callable[[str, int, int | None], None]
"""Called with what is going on, the bytes that are there and the bytes in all (None while unknown)."""


@dataclass(frozen=True, slots=True)
class ServedModel:
    """A model that a server has. `digest` tells the same name with other weights apart, None where the server doesn't.
    `details` is what else it tells, as text (family, quantisation...)."""

    name: str
    size_bytes: int | None = None
    modified: datetime | None = None
    details: Mapping[str, str] = field(default_factory=dict)
    digest: str | None = None


@dataclass(frozen=True, slots=True)
class ModelDetails:
    """What a server knows of one model. `context_window` is in tokens."""

    name: str
    parameters: str | None = None
    quantization: str | None = None
    context_window: int | None = None
    licence: str | None = None
    details: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class LoadedModel:
    """A model in a server's memory; `expires` is when it will be dropped unless it is used."""

    name: str
    memory_bytes: int | None = None
    expires: datetime | None = None


class ModelManager(Protocol):
    """Manages the models of one back end. All methods block.

    They raise BackendError when the server fails, and ModelError for a model that is not there and for what the kind can't
    do: one sentence that says so and what to do instead.
    """

    def installed(self) -> list[ServedModel]:
        """The models that can answer, or be loaded, without a download."""

    def show(self, name: str) -> ModelDetails:
        """What is known of a model."""

    def pull(self, name: str, progress: PullProgress | None = None) -> None:
        """Fetches a model; goes on where an interrupted pull ended."""

    def remove(self, name: str) -> int | None:
        """Deletes a model; the bytes that became free, None when the server doesn't tell."""

    def loaded(self) -> list[LoadedModel]:
        """The models in memory."""
