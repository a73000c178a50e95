"""Who answers a question: the back end that was asked, or the next of its fallbacks when it can't."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from typing import Generic, TypeVar

from assistant.backends import Backend, Backends
from assistant.errors import BackendError
from assistant.notices import Failure
from ingest.errors import ConfigError, MidasError, MissingExtra, ModelError

T = TypeVar("T")

FALLS_BACK = (BackendError, ModelError, MissingExtra, ConfigError)
"""Errors of one back end that another need not have. A wrong section is one: it is announced, not left to the reader."""


class Candidates(Generic[T]):
    """The back ends that may answer one question, one after the other.

    `prepare` makes of a ready back end what answers the question; it raises BackendError when it can't.
    """

    def __init__(self, backends: Backends, names: Sequence[str], prepare: Callable[[Backend, Sequence[Failure]], T]) -> None:
        self._backends = backends
        self._names = list(names)
        self._prepare = prepare
        self.failures: tuple[Failure, ...] = ()

    async def next(self) -> T:
        """What answers now, once its model is loaded.

        Raises the error of the only candidate, or a BackendError that tells of all of them, when none is left.
        """
        while self._names:
            name = self._names.pop(0)
            try:
                return await asyncio.to_thread(self._prepare, await self._backends.ready(name), self.failures)
            except FALLS_BACK as error:
                self.failed(name, error)
        raise self._nobody()

    def failed(self, name: str, error: MidasError, *, begun: bool = False) -> None:
        self.failures = (*self.failures, Failure(name, error, begun))

    def _nobody(self) -> MidasError:
        first, *others = self.failures
        if not others:
            return first.error
        told = "; ".join(failure.error.message.rstrip(".") for failure in self.failures)
        return BackendError(f"No back end could answer: {told}.")
