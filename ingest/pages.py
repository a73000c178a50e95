"""Pages of PDF documents as images, with quotes marked, drawn in the sandbox: one that crashes it costs one picture."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Sequence
from pathlib import Path
from threading import BoundedSemaphore, Lock

from ingest.config import IngestLimits
from ingest.errors import ConfigError, LoadError
from ingest.parse_worker import PageRequest
from ingest.sandbox import ParserPool

DRAW_SECONDS = 20.0
"""Longest time for a page; a person waits for it."""
CACHED = 32
"""Pages remembered; one has 50 to 500 KB."""
WAITING = 16
"""Pages that may be asked for at once: whoever waits holds a thread of the server, which has forty."""
QUOTES = 20
QUOTE_CHARS = 4000


class Pages:
    """Draws pages. Thread-safe; its one process starts with the first page."""

    def __init__(self, limits: IngestLimits) -> None:
        seconds = min(limits.parse_seconds, DRAW_SECONDS)
        self._limits = limits.model_copy(update={"workers": 1, "parse_seconds": seconds})
        self._pool: ParserPool | None = None
        self._cache: OrderedDict[PageRequest, bytes] = OrderedDict()
        self._lock = Lock()
        self._waiting = BoundedSemaphore(WAITING)

    def draw(self, path: Path, sha256: str, page: int, quotes: Sequence[str] = ()) -> bytes:
        """Page `page` (from 1) of the PDF with this SHA-256, as PNG; quotes that are not on it are not marked.

        Raises ConfigError when there is no such page, or it can't be drawn.
        """
        marked = tuple(quote[:QUOTE_CHARS] for quote in quotes[:QUOTES] if quote.strip())
        request = PageRequest(path, sha256, page, marked)
        with self._lock:
            if picture := self._cache.get(request):
                self._cache.move_to_end(request)
                return picture
        if not self._waiting.acquire(blocking=False):
            raise ConfigError("Too many pages are being drawn: wait a moment and try again.")
        try:
            picture = self._drawn(request)
        finally:
            self._waiting.release()
        with self._lock:
            self._cache[request] = picture
            while len(self._cache) > CACHED:
                self._cache.popitem(last=False)
        return picture

    def _drawn(self, request: PageRequest) -> bytes:
        with self._lock:
            self._pool = self._pool or ParserPool(self._limits)
            drawing = self._pool.draw(request)
        try:
            return drawing.result()
        except LoadError as error:
            raise ConfigError(error.message) from error

    def close(self) -> None:
        with self._lock:
            pool, self._pool = self._pool, None
        if pool:
            pool.close()
