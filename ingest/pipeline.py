"""Files in, searchable documents out: load -> chunk -> embed -> store, resumable. Also builds an index anew.

Files are parsed ahead of embedding in other processes; chunks of several documents are embedded together; finished documents
are published while the next ones are embedded. What is ingested already is recognised by size and time, then by its bytes.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import Path

from ingest.catalog import DocumentRow, printable
from ingest.chunker import chunk_document
from ingest.collection import CollectionKey
from ingest.config import IngestSettings
from ingest.embedding_queue import BATCH_CHUNKS, EmbeddingQueue
from ingest.errors import ConfigError, DocumentNotFound
from ingest.files import SourceFile, Walk, walk
from ingest.history import LOCAL
from ingest.ingestion import Ingestion
from ingest.progress import Failure, FileCallback, IngestProgress, IngestReport, Meter, ProgressCallback
from ingest.store import IndexedDocument, Store, StoredDocument
from ingest.types import Embedder

__all__ = ["Failure", "IngestProgress", "IngestReport", "SourceFile", "ingest", "ingest_files", "reindex"]


def _never() -> bool:
    return False


def ingest(
    store: Store,
    embedder: Embedder,
    settings: IngestSettings,
    paths: Sequence[Path],
    collection: CollectionKey,
    *,
    sync: bool = False,
    progress: ProgressCallback | None = None,
    cancelled: Callable[[], bool] = _never,
    admits: Callable[[Path], bool] | None = None,
    by: str = LOCAL,
) -> IngestReport:
    """Ingests files and folders, recursively. `sync` removes documents that came from these folders and whose file is gone.

    Files that `admits` refuses stay as they are. `by` is the id of who does it, for the documents' history.
    A file that fails never stops the others. A collection that is named is made when there is none; what is read is for that
    one, and for no later one of its name. Raises ConfigError, CollectionNotFound when it is deleted, CollectionMismatch,
    StoreError, and what the embedder raises.
    """
    into = store.ensure_collection(collection, embedder, settings.chunking).id
    rows = store.documents(into)
    found = walk(paths, rows, settings.home)
    vanished = found.vanished(rows) if sync else []
    _check_sync(found, vanished)
    files = [file for file in found.files if admits is None or admits(file.path)]
    work = Ingestion(store, embedder, settings, into, files, progress=progress, cancelled=cancelled, by=by)
    work.leaving = frozenset(row.source for row in vanished)
    for path, why in found.unreadable.items():
        message = f"This path can't be read ({why}): check its name and its permissions."
        work.failures.append(Failure(printable(str(path)), "unreadable", message))
    work.run()
    if not work.stopped:
        work.remove(vanished)
    return work.report()


def ingest_files(
    store: Store,
    embedder: Embedder,
    settings: IngestSettings,
    files: Sequence[SourceFile],
    collection: CollectionKey,
    *,
    progress: ProgressCallback | None = None,
    cancelled: Callable[[], bool] = _never,
    settled: FileCallback | None = None,
    by: str = LOCAL,
) -> IngestReport:
    """Ingests files under the given sources, e.g. uploads (`on_disk=False`). Raises as `ingest` does.

    `settled` hears of each file when it is taken up and when it is dealt with; it is called from several threads.
    """
    twice = [source for source, count in Counter(file.source for file in files).items() if count > 1]
    if twice:
        raise ConfigError(f"Two files have the name {twice[0]}: rename one of them.")
    into = store.ensure_collection(collection, embedder, settings.chunking).id
    work = Ingestion(store, embedder, settings, into, files, progress=progress, cancelled=cancelled, settled=settled, by=by)
    work.run()
    return work.report()


def reindex(
    store: Store,
    embedder: Embedder,
    settings: IngestSettings,
    collection: CollectionKey,
    progress: ProgressCallback | None = None,
    cancelled: Callable[[], bool] = _never,
) -> bool:
    """Builds the collection's index anew with this embedder and chunking, from the stored texts, and switches to it.

    Searches go on in the old index until then. Returns False, and leaves the old one, when it was cancelled.
    Raises CollectionNotFound, StoreError, and what the embedder raises.
    """
    into = store.collection(collection).id
    generation = store.begin_generation(embedder, settings.chunking)
    try:
        while not cancelled():
            if store.switch(into, generation):
                return True
            _build(store, embedder, settings, into, generation, progress, cancelled)
        store.drop_generation(generation)
        return False
    except BaseException:
        store.drop_generation(generation)
        raise


def _build(
    store: Store,
    embedder: Embedder,
    settings: IngestSettings,
    collection: int,
    generation: int,
    progress: ProgressCallback | None,
    cancelled: Callable[[], bool],
) -> None:
    """Brings the new index up to what is served now, unless cancelled."""
    bases: dict[str, int] = {}
    waiting = store.unstaged(collection, generation)
    meter = Meter(len(waiting), progress)

    def stage(items: Sequence[IndexedDocument]) -> None:
        store.stage(collection, generation, items, [bases[item.document.id] for item in items])
        meter.done += len(items)

    with EmbeddingQueue(embedder, stage) as queue:
        while (waiting or queue.waiting) and not cancelled():
            if queue.waiting >= BATCH_CHUNKS or not waiting:
                queue.step()
                meter.show(queue.current, queue.chunks, queue.part)
            elif stored := _served(store, collection, waiting.pop()):
                bases[stored.document.id] = stored.version
                queue.add(stored.document, chunk_document(stored.document, embedder, settings.chunking))


def _served(store: Store, collection: int, key: str) -> StoredDocument | None:
    """None when the document was deleted meanwhile."""
    with suppress(DocumentNotFound):
        return store.stored_document(collection, key)
    return None


def _check_sync(found: Walk, vanished: Sequence[DocumentRow]) -> None:
    if vanished and not found.files:
        raise ConfigError(
            f"{found.folders[0]} holds no files, so --sync would delete {len(vanished)} documents: check that it is the right"
            " folder and that its disk is there, or delete them with `midas documents delete`."
        )
