"""Embeds the chunks of several documents together, and publishes finished documents in a thread of its own."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from queue import Queue
from threading import Thread
from types import TracebackType

import numpy as np

from ingest.catalog import FileStamp
from ingest.store import IndexedDocument
from ingest.types import Chunk, Document, Embedder, Vectors

BATCH_CHUNKS = 32
"""Chunks embedded in one call: enough to sort by length, little enough to stop soon."""

_WAITING_BATCHES = 4
Publish = Callable[[Sequence[IndexedDocument]], None]


@dataclass(slots=True)
class _Pending:
    document: Document
    chunks: Sequence[Chunk]
    file: FileStamp | None
    vectors: list[Vectors] = field(default_factory=list)
    embedded: int = 0

    def finished(self) -> IndexedDocument:
        return IndexedDocument(self.document, self.chunks, np.concatenate(self.vectors), self.file)


class EmbeddingQueue:
    """Documents go in with `add`, `step` embeds the next batch, `publish` is called with finished documents in another thread.

    An error of `publish` is raised by the next `step`, or by leaving the `with` block, which waits until all finished documents
    are published. `chunks` counts the chunks embedded, `embedding_s` the seconds spent on them.
    """

    def __init__(self, embedder: Embedder, publish: Publish) -> None:
        self._embedder = embedder
        self._publish = publish
        self._pending: deque[_Pending] = deque()
        self._finished: Queue[list[IndexedDocument] | None] = Queue(_WAITING_BATCHES)
        self._error: BaseException | None = None
        self._writer = Thread(target=self._write, name="publisher")
        self.waiting = 0
        self.chunks = 0
        self.embedding_s = 0.0

    def __enter__(self) -> EmbeddingQueue:
        self._writer.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self._finished.put(None)
        self._writer.join()
        if kind is None:
            self._raise()

    def add(self, document: Document, chunks: Sequence[Chunk], file: FileStamp | None = None) -> None:
        pending = _Pending(document, chunks, file)
        if chunks:
            self._pending.append(pending)
            self.waiting += len(chunks)
        else:
            pending.vectors.append(np.zeros((0, self._embedder.dimension), np.float32))
            self._finished.put([pending.finished()])

    @property
    def current(self) -> str:
        """Source of the document whose chunks come next; empty when none wait."""
        return self._pending[0].document.source if self._pending else ""

    @property
    def part(self) -> float:
        """How much of the waiting documents is embedded, in documents."""
        return sum(pending.embedded / len(pending.chunks) for pending in self._pending)

    def step(self) -> None:
        """Embeds up to BATCH_CHUNKS waiting chunks and hands on the documents that are complete with them."""
        self._raise()
        share = self._share()
        texts = [chunk.embedding_text for pending, count in share for chunk in _next_chunks(pending, count)]
        began = time.perf_counter()
        vectors = self._embedder.embed_passages(texts)
        self.embedding_s += time.perf_counter() - began
        self.chunks += len(texts)
        self.waiting -= len(texts)
        self._hand_out(share, vectors)

    def _share(self) -> list[tuple[_Pending, int]]:
        """How many chunks of which documents make the next batch."""
        share, room = [], BATCH_CHUNKS
        for pending in self._pending:
            count = min(room, len(pending.chunks) - pending.embedded)
            share.append((pending, count))
            room -= count
            if not room:
                break
        return share

    def _hand_out(self, share: Sequence[tuple[_Pending, int]], vectors: Vectors) -> None:
        first, finished = 0, []
        for pending, count in share:
            pending.vectors.append(vectors[first : first + count])
            pending.embedded += count
            first += count
            if pending.embedded == len(pending.chunks):
                finished.append(self._pending.popleft().finished())
        if finished:
            self._finished.put(finished)

    def _write(self) -> None:
        """Publishes what is finished; after an error it only empties the queue, so that nobody waits for it."""
        while (documents := self._finished.get()) is not None:
            if self._error is None:
                try:
                    self._publish(documents)
                except BaseException as error:
                    self._error = error

    def _raise(self) -> None:
        if self._error is not None:
            raise self._error


def _next_chunks(pending: _Pending, count: int) -> Sequence[Chunk]:
    return pending.chunks[pending.embedded : pending.embedded + count]
