"""Streams built upon streams, without nesting generators."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import AsyncGenerator
from types import TracebackType
from typing import TypeVar

Item = TypeVar("Item", covariant=True)


class Stream(AsyncGenerator[Item, None]):
    """An asynchronous generator as a class, to be put around others.

    When a program ends, the event loop closes all generators that were left open, at once: one that closes another finds it
    being closed already, and fails. It doesn't know of these.
    """

    _over = False

    @abstractmethod
    async def next(self) -> Item:
        """The next item. Raises StopAsyncIteration after the last."""

    @abstractmethod
    async def end(self, error: BaseException | None) -> None:
        """Gives back what is held; called once. `error` is what ended the stream, None when it was closed or ran to its end."""

    async def asend(self, value: None) -> Item:
        if self._over:
            raise StopAsyncIteration
        try:
            return await self.next()
        except StopAsyncIteration:
            await self._finish(None)
            raise
        except BaseException as error:
            await self._finish(error)
            raise

    async def athrow(
        self,
        typ: type[BaseException] | BaseException,
        val: BaseException | object = None,
        tb: TracebackType | None = None,
    ) -> Item:
        """Nothing can be thrown in but the end."""
        await self.aclose()
        raise typ

    async def aclose(self) -> None:
        await self._finish(None)

    async def _finish(self, error: BaseException | None) -> None:
        if not self._over:
            self._over = True
            await self.end(error)
