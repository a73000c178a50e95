"""One run over a list of files: plan, parse, chunk, embed, publish.

A file whose bytes another document has, or another file of the run, waits until all others are published: only then is it known
which document keeps those bytes.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, wait
from dataclasses import dataclass
from pathlib import Path
from threading import Lock

from ingest.catalog import DocumentRow, FileStamp, same_content
from ingest.chunker import chunk_document
from ingest.config import IngestSettings
from ingest.embedding_queue import BATCH_CHUNKS, EmbeddingQueue
from ingest.errors import LoadError
from ingest.files import SourceFile
from ingest.history import LOCAL
from ingest.originals import digest
from ingest.progress import Failure, FileCallback, FileOutcome, FileState, IngestReport, Meter, ProgressCallback
from ingest.sandbox import ParserPool
from ingest.store import IndexedDocument, Store
from ingest.types import Chunk, Document, Embedder

_AHEAD = 16
"""Files being parsed, or parsed and not yet chunked."""

_SMALL_BATCH = 16
"""So many waiting chunks are embedded rather than leaving the embedder idle until a parser is done."""

_PATIENCE_S = 0.2
"""Longest wait for a parser before looking whether the run was cancelled."""


@dataclass(frozen=True, slots=True)
class _Task:
    """A file that is new or changed. `sha256` is empty when the file is too large to be looked at."""

    file: SourceFile
    stamp: FileStamp | None
    sha256: str


class Ingestion:
    """`collection` is an id: the run ends with CollectionNotFound when that one is deleted, whatever has its name then.

    `leaving` are sources of documents that are about to be deleted: nothing counts as a duplicate of them.

    `by` is the id of who does it; `settled` hears of each file when it is taken up and when it is dealt with.
    """

    def __init__(
        self,
        store: Store,
        embedder: Embedder,
        settings: IngestSettings,
        collection: int,
        files: Sequence[SourceFile],
        *,
        progress: ProgressCallback | None,
        cancelled: Callable[[], bool],
        settled: FileCallback | None = None,
        by: str = LOCAL,
    ) -> None:
        self._store, self._embedder, self._settings, self._collection = store, embedder, settings, collection
        self._files, self._cancelled = files, cancelled
        self._settled, self._by = settled, by
        self._kept: list[str] = []
        self._meter = Meter(len(files), progress)
        self._rows: dict[str, DocumentRow] = {}
        self._owners: dict[str, str] = {}
        self._waiting: list[SourceFile] = []
        self._pool: ParserPool | None = None
        self._counting = Lock()
        self._added = self._replaced = self._chunks = 0
        self._embedding_s = 0.0
        self._duplicates: list[tuple[str, str]] = []
        self._removed = 0
        self.failures: list[Failure] = []
        self.leaving: frozenset[str] = frozenset()
        self.stopped = False

    def run(self) -> None:
        """Returns when all files are dealt with, or the run was cancelled. Raises CollectionNotFound."""
        try:
            self._pass(self._files, settle=False)
            while self._waiting and not self.stopped:
                files, self._waiting = self._waiting, []
                self._pass(files, settle=True)
            self._show("")
        finally:
            if self._pool:
                self._pool.close()
            self._store.originals.release(self._kept)

    def remove(self, rows: Sequence[DocumentRow]) -> None:
        """Duplicates go first, so that none of them inherits what goes as well."""
        for row in sorted(rows, key=lambda row: row.served):
            self._store.delete_document(self._collection, row.document_id, self._by)
            self._removed += 1

    def report(self) -> IngestReport:
        return IngestReport(
            added=self._added, replaced=self._replaced, skipped=self._meter.skipped, failed=len(self.failures),
            removed=self._removed, chunks=self._chunks, seconds=self._meter.seconds, embedding_s=self._embedding_s,
            failures=tuple(self.failures), duplicates=tuple(self._duplicates), cancelled=self.stopped,
        )  # fmt: skip

    def _pass(self, files: Sequence[SourceFile], settle: bool) -> None:
        self._rows = {row.source: row for row in self._store.documents(self._collection)}
        self._owners = {row.sha256: row.source for row in self._rows.values() if row.served and row.source not in self.leaving}
        with EmbeddingQueue(self._embedder, self._publish) as queue:
            self._drive(iter(files), queue, settle)
        self._chunks += queue.chunks
        self._embedding_s += queue.embedding_s

    def _drive(self, files: Iterator[SourceFile], queue: EmbeddingQueue, settle: bool) -> None:
        """Does, again and again, the most urgent of: plan a file, embed a batch, chunk a parsed document, wait for a parser."""
        parsing: dict[Future[Document], _Task] = {}
        more = True
        while not self._stop():
            ready = next((future for future in parsing if future.done()), None)
            if more and len(parsing) < _AHEAD:
                more = self._plan_next(files, parsing, settle)
            elif queue.waiting >= BATCH_CHUNKS or (
                queue.waiting and not ready and (queue.waiting >= _SMALL_BATCH or not parsing)
            ):
                queue.step()
                self._show(queue.current, queue)
            elif ready:
                self._take(ready, parsing.pop(ready), queue)
            elif parsing:
                wait(parsing, _PATIENCE_S, FIRST_COMPLETED)
            else:
                return

    def _stop(self) -> bool:
        self.stopped = self.stopped or self._cancelled()
        return self.stopped

    # Planning

    def _plan_next(self, files: Iterator[SourceFile], parsing: dict[Future[Document], _Task], settle: bool) -> bool:
        """False when there are no more files."""
        file = next(files, None)
        if file is None:
            return False
        try:
            task = self._plan(file, settle)
        except OSError as error:
            self._fail(_Task(file, None, ""), "unreadable", _unreadable(error))
        else:
            if task:
                self._tell(file.source, "reading")
                self._pool = self._pool or ParserPool(self._settings.ingest)
                parsing[self._pool.submit(file.path, file.source)] = task
        return True

    def _plan(self, file: SourceFile, settle: bool) -> _Task | None:
        """None when the file needs no parsing, or not now."""
        row = self._rows.get(file.source)
        stamp = FileStamp.of(file.path) if file.on_disk else None
        known = row is not None and stamp is not None and row.file == stamp
        if row and known and row.state == "ready":
            self._skip(file)
            return None
        sha256 = row.sha256 if row and known and row.state == "duplicate" else self._hash(file.path)
        if sha256 and not file.on_disk:
            self._keep(file, sha256)
        if row and row.served and row.sha256 == sha256:
            self._store.record_unchanged(self._collection, file.source, stamp)
            self._skip(file)
            return None
        owner = self._owners.get(sha256, file.source)
        if owner != file.source:
            self._duplicate(_Task(file, stamp, sha256), owner, settle)
            return None
        if sha256:
            self._owners[sha256] = file.source
        return _Task(file, stamp, sha256)

    def _hash(self, path: Path) -> str:
        """Empty for a file too large to be read, which the parser refuses."""
        return "" if path.stat().st_size > self._settings.ingest.file_bytes else digest(path)

    def _keep(self, file: SourceFile, sha256: str) -> None:
        if self._settings.ingest.keep_originals:
            self._store.originals.keep(file.path, sha256)
            self._kept.append(sha256)

    def _skip(self, file: SourceFile, state: FileState = "unchanged", message: str | None = None) -> None:
        with self._counting:
            self._meter.done += 1
        self._meter.skipped += 1
        self._tell(file.source, state, message=message)
        self._show(file.source)

    def _duplicate(self, task: _Task, owner: str, settle: bool) -> None:
        source = task.file.source
        if not settle or not self._serves(owner, task.sha256) or not self._record_duplicate(task, owner):
            self._waiting.append(task.file)
            return
        self._duplicates.append((source, owner))
        self._skip(task.file, "duplicate", same_content(owner))

    def _record_duplicate(self, task: _Task, owner: str) -> bool:
        """False when the owner was deleted or replaced meanwhile."""
        source = task.file.source
        row = self._rows.get(source)
        if row and row.state == "duplicate" and row.duplicate_of == owner and row.file == task.stamp:
            return True
        return self._store.record_duplicate(self._collection, source, task.sha256, owner, task.stamp, self._by)

    def _serves(self, owner: str, sha256: str) -> bool:
        """Whether these bytes were served when the pass began; otherwise the owner is a file of this pass."""
        row = self._rows.get(owner)
        return row is not None and row.served and row.sha256 == sha256

    # Parsed documents

    def _take(self, future: Future[Document], task: _Task, queue: EmbeddingQueue) -> None:
        try:
            document = future.result()
            chunks = self._chunk(document)
        except LoadError as error:
            self._fail(task, error.reason, error.message)
        except Exception as error:
            self._fail(task, "internal", f"The file can't be read because of an error in the program ({error!r}): report it.")
        else:
            queue.add(document, chunks, task.stamp)

    def _chunk(self, document: Document) -> list[Chunk]:
        document.text.encode()
        chunks = chunk_document(document, self._embedder, self._settings.chunking)
        if not chunks:
            raise LoadError("empty", "The file holds no text.")
        return chunks

    def _fail(self, task: _Task, reason: str, message: str) -> None:
        self._store.record_failed(self._collection, task.file.source, task.sha256, reason, message, task.stamp, self._by)
        self._tell(task.file.source, "failed", reason, message)
        self.failures.append(Failure(task.file.source, reason, message))
        with self._counting:
            self._meter.done += 1
        self._meter.failed += 1
        self._show(task.file.source)

    def _publish(self, items: Sequence[IndexedDocument]) -> None:
        """Runs in the queue's thread."""
        self._store.replace_many(self._collection, items, self._by)
        for item in items:
            row = self._rows.get(item.document.source)
            if row and row.served:
                self._replaced += 1
            else:
                self._added += 1
            self._tell(item.document.source, "replaced" if row and row.served else "ready")
        with self._counting:
            self._meter.done += len(items)

    def _tell(self, source: str, state: FileState, reason: str | None = None, message: str | None = None) -> None:
        if self._settled:
            self._settled(FileOutcome(source, state, reason, message))

    def _show(self, current: str, queue: EmbeddingQueue | None = None) -> None:
        chunks = self._chunks + (queue.chunks if queue else 0)
        self._meter.show(current, chunks, queue.part if queue else 0.0)


def _unreadable(error: OSError) -> str:
    return f"The file can't be read ({error.strerror or error}): check its permissions."
