"""One object behind the command line, the API and the page. `LocalService` owns the data directory; `ui.remote.RemoteService`
speaks to the server that owns it. Nothing is opened or loaded before it is needed: listing collections loads no model."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import AsyncGenerator, Callable, Sequence
from contextlib import aclosing, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from assistant.access import ALL, Access
from assistant.config import Settings
from assistant.prompts import Language
from assistant.types import Answer, AnswerEvent, Event, Message
from ingest.collection import CollectionInfo, CollectionKey
from ingest.errors import ConfigError, DocumentNotFound, MidasError
from ingest.history import LOCAL
from ingest.progress import FileCallback, IngestProgress, IngestReport
from ingest.types import Embedder, Filter, document_id
from ui.errors import told
from ui.lazy import Lazy
from ui.views import BackendView, DocumentView, Passage, Readiness, SearchView

if TYPE_CHECKING:
    from assistant.assistant import Assistant
    from assistant.backends import Backend, Backends
    from assistant.retriever import RetrievedChunk
    from ingest.catalog import DocumentRow
    from ingest.doctor import Finding
    from ingest.files import SourceFile
    from ingest.store import Store
    from ui.backends import BackendCheck
    from ui.document_views import VersionView
    from ui.evidence import EvidenceView

Progress = Callable[[IngestProgress], None]
Cancelled = Callable[[], bool]

WARM_RETRY_SECONDS = 2.0
WARM_RETRY_LONGEST_SECONDS = 60.0


@dataclass(frozen=True, slots=True)
class Question:
    """What is asked. `collections` None means all; `backend` None the default one; `language` None that of the question."""

    text: str
    history: tuple[Message, ...] = ()
    collections: tuple[str, ...] | None = None
    backend: str | None = None
    language: Language | None = None


class Service(Protocol):
    """All methods raise MidasError with a sentence for the person who asked."""

    def stream(self, question: Question) -> AsyncGenerator[Event, None]: ...
    def search(self, query: str, collections: Sequence[str] | None, top_k: int | None, filter: Filter) -> SearchView: ...
    def backends(self) -> list[BackendView]:
        """The configured back ends, the default one first."""

    def check_backend(self, name: str) -> BackendCheck:
        """Tries a back end: some forty tokens. Blocks."""

    def collections(self) -> list[CollectionInfo]: ...
    def set_private(self, collection: str, private: bool) -> None: ...
    def describe(self, collection: str, text: str) -> None: ...
    def set_groups(self, collection: str, groups: Sequence[str]) -> None: ...
    def delete_collection(self, name: str) -> None: ...
    def documents(self, collection: str) -> list[DocumentRow]: ...
    def document(self, collection: str, document: str) -> DocumentView:
        """`document` is an id or a source."""

    def delete_document(self, collection: str, document: str) -> None: ...
    def history(self, collection: str, document: str) -> list[VersionView]:
        """What happened to a document, newest first, be it deleted."""

    def ingest(
        self, paths: Sequence[Path], collection: str, *, sync: bool, progress: Progress, cancelled: Cancelled
    ) -> IngestReport:
        """Stops after the documents in hand when `cancelled()`; the report then counts what was done."""

    def reindex(self, collection: str, *, progress: Progress, cancelled: Cancelled) -> bool:
        """False when it was cancelled: the old index stays."""

    def doctor(self, *, repair: bool) -> list[Finding]: ...
    def close(self) -> None: ...


class Answering(Protocol):
    """Whatever answers questions."""

    def stream(self, question: Question) -> AsyncGenerator[Event, None]: ...


async def ask(answering: Answering, question: Question) -> Answer:
    """The answer at the end of the stream."""
    async with aclosing(answering.stream(question)) as events:
        async for event in events:
            if isinstance(event, AnswerEvent):
                return event.answer
    raise MidasError("The answer was cut off: ask again.")


class LocalService:
    """The owner of the data directory."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self._store = Lazy(self._open_store)
        self._embedder = Lazy(self._load_embedder)
        self._backends = Lazy(self._make_backends)
        self._assistant = Lazy(self._make_assistant)
        self._warm_error: str | None = None
        self._warm = threading.Event()
        self._warming: threading.Thread | None = None
        self._closed = threading.Event()

    def open(self) -> None:
        """Takes the data directory. Raises StoreLocked when another process has it."""
        self._store.get()

    def store(self) -> Store:
        """The data directory, opened."""
        return self._store.get()

    def close(self) -> None:
        self._closed.set()
        if (backends := self._backends.peek()) is not None:
            backends.close()
        if (store := self._store.peek()) is not None:
            store.close()

    # Answers

    async def stream(self, question: Question, access: Access = ALL) -> AsyncGenerator[Event, None]:
        """What `access` does not read does not exist here, nor in the other methods that take it."""
        assistant = await asyncio.to_thread(self._assistant.get)
        events = assistant.stream(
            question.text,
            history=question.history,
            collections=question.collections,
            backend=question.backend,
            language=question.language,
            access=access,
        )
        async with aclosing(events) as open_events:
            async for event in open_events:
                yield event

    def search(
        self,
        query: str,
        collections: Sequence[str] | None,
        top_k: int | None,
        filter: Filter,
        access: Access = ALL,
    ) -> SearchView:
        if not query.strip():
            raise ConfigError("The search text is empty: write some words.")
        found = self._assistant.get().search(query, collections=collections, filter=filter, top_k=top_k, access=access)
        return SearchView(tuple(passage(hit) for hit in found.hits), measured(found.timings))

    async def evidence(self, question: Question, access: Access = ALL) -> EvidenceView:
        """What the question would be answered from. Raises what `Assistant.find` raises."""
        from ui.evidence import evidence_view

        assistant = await asyncio.to_thread(self._assistant.get)
        found = await assistant.find(
            question.text,
            collections=question.collections,
            backend=question.backend,
            language=question.language,
            access=access,
        )
        opened = self._backends.get().opened()
        counting = next(opened[name] for name in self.settings.candidates(question.backend) if name in opened)
        return evidence_view(question.text, found, counting)

    def reconfigure(self, settings: Settings) -> None:
        """Takes over the back ends of these settings: the next question goes by them."""
        before, self.settings.backends = self.settings.backends, settings.backends
        self.settings.default_backend = settings.default_backend
        if (backends := self._backends.peek()) is not None:
            backends.forget(name for name in before if before[name] != settings.backends.get(name))
        self.warm()

    def opened(self) -> list[Backend]:
        """The back ends that were needed so far."""
        return list(backends.opened().values()) if (backends := self._backends.peek()) else []

    @property
    def embeds(self) -> bool:
        """Whether the embedder is loaded."""
        return self._embedder.peek() is not None

    def backends(self) -> list[BackendView]:
        from ui.backends import views

        return views(self.settings, backends.breakers() if (backends := self._backends.peek()) else {})

    def check_backend(self, name: str) -> BackendCheck:
        from ui.backends import check

        return check(name, self.settings, self._backends.get())

    def queues(self) -> dict[str, int]:
        """How many questions each back end that is open serves or has waiting."""
        opened = backends.opened() if (backends := self._backends.peek()) else {}
        return {name: len(backend.queue) for name, backend in opened.items()}

    # Collections and documents

    def collections(self, access: Access = ALL) -> list[CollectionInfo]:
        return self._store.get().collections(access.readers)

    def describe(self, collection: str, text: str) -> None:
        self._store.get().describe(collection, text)

    def set_groups(self, collection: str, groups: Sequence[str]) -> None:
        self._store.get().set_groups(collection, groups)

    def set_private(self, collection: str, private: bool) -> None:
        self._store.get().set_private(collection, private)

    def delete_collection(self, name: str) -> None:
        self._store.get().delete_collection(name)

    def documents(self, collection: str) -> list[DocumentRow]:
        return self._store.get().documents(collection)

    def document(self, collection: str, document: str) -> DocumentView:
        row = self.row(collection, document)
        text = self._store.get().document_text(collection, row.document_id) if row.served else None
        return DocumentView(row, text)

    def delete_document(self, collection: str, document: str, by: str = LOCAL) -> None:
        self._store.get().delete_document(collection, self.row(collection, document).document_id, by)

    def history(self, collection: str, document: str) -> list[VersionView]:
        from ui.versions import versions

        return versions(self._store.get(), collection, document, str)

    def row(self, collection: str, document: str) -> DocumentRow:
        """By id or source. Raises CollectionNotFound, DocumentNotFound."""
        for key in (document, document_id(document)):
            with suppress(DocumentNotFound):
                return self._store.get().document(collection, key)
        raise DocumentNotFound(
            f"Collection {collection} has no document {document!r}: `midas documents list {collection}` shows its documents."
        )

    # Work

    def create(self, collection: str) -> CollectionInfo:
        """An empty collection, for the current embedder and chunking. Raises ConfigError when there is one of that name."""
        return self._store.get().create(collection, self._embedder.get(), self.settings.chunking)

    def ensure(self, collection: str) -> CollectionInfo:
        """The collection; a new one when there is none. Raises CollectionMismatch, ConfigError."""
        return self._store.get().ensure_collection(collection, self._embedder.get(), self.settings.chunking)

    def ingest(
        self,
        paths: Sequence[Path],
        collection: CollectionKey,
        *,
        sync: bool,
        progress: Progress,
        cancelled: Cancelled,
        admits: Callable[[Path], bool] | None = None,
        by: str = LOCAL,
    ) -> IngestReport:
        """`admits` says which of the files may be read, `by` is the id of who does it."""
        from ingest.pipeline import ingest

        return ingest(
            self._store.get(), self._embedder.get(), self.settings, paths, collection,
            sync=sync, progress=progress, cancelled=cancelled, admits=admits, by=by,
        )  # fmt: skip

    def load(
        self,
        files: Sequence[SourceFile],
        collection: CollectionKey,
        *,
        progress: Progress,
        cancelled: Cancelled,
        settled: FileCallback | None = None,
        by: str = LOCAL,
    ) -> IngestReport:
        """Ingests files under the given sources; `by` is the id of who does it."""
        from ingest.pipeline import ingest_files

        return ingest_files(
            self._store.get(), self._embedder.get(), self.settings, files, collection,
            progress=progress, cancelled=cancelled, settled=settled, by=by,
        )  # fmt: skip

    def reindex(self, collection: CollectionKey, *, progress: Progress, cancelled: Cancelled) -> bool:
        from ingest.pipeline import reindex

        return reindex(
            self._store.get(), self._embedder.get(), self.settings, collection, progress=progress, cancelled=cancelled
        )

    def doctor(self, *, repair: bool) -> list[Finding]:
        from ingest import doctor

        if (store := self._store.peek()) is None:
            return doctor.repair(self.settings) if repair else doctor.check(self.settings)
        return doctor.repair_store(store, self._embedder.get()) if repair else doctor.check_store(store)

    # Warming up

    def warm(self) -> None:
        """Loads embedder and default back end in the background; `readiness` tells how far it is."""
        if self._warming is None or not self._warming.is_alive():
            self._warming = threading.Thread(target=self._warm_up, name="midas-warm", daemon=True)
            self._warming.start()

    def readiness(self) -> Readiness:
        if self._warm_error:
            return Readiness(False, error=self._warm_error)
        return Readiness(self._warm.is_set(), None if self._warm.is_set() else "the language model is being loaded")

    def _warm_up(self) -> None:
        """Until it works: a model may be fetched, or a back end started, while the server runs."""
        pause = WARM_RETRY_SECONDS
        while not self._closed.is_set():
            try:
                asyncio.run(self._assistant.get().warm_up())
            except Exception as error:
                self._warm_error = told(error).message
            else:
                self._warm_error = None
                return self._warm.set()
            self._closed.wait(pause)
            pause = min(2 * pause, WARM_RETRY_LONGEST_SECONDS)

    # Parts

    def parts(self) -> tuple[Store, Embedder]:
        """What an evaluation searches with: the same that people's questions are answered with."""
        return self._store.get(), self._embedder.get()

    def _open_store(self) -> Store:
        from ingest.store import Store

        return Store.open(self.settings)

    def _load_embedder(self) -> Embedder:
        from ingest.embedder import make_embedder

        embedder = make_embedder(self.settings)
        self._store.get().embedder = embedder
        return embedder

    def _make_assistant(self) -> Assistant:
        from assistant.assistant import Assistant

        return Assistant(self.settings, self._store.get(), self._embedder.get(), self._backends.get())

    def _make_backends(self) -> Backends:
        from assistant.backends import Backends

        return Backends(self.settings)


def passage(hit: RetrievedChunk) -> Passage:
    stored, chunk = hit.stored, hit.stored.chunk
    return Passage(
        chunk_id=stored.id, collection=stored.collection, document_id=stored.document_id, document=stored.source,
        title=stored.title, page=chunk.page, page_unit=stored.page_unit, headings=chunk.headings, date=stored.date,
        language=chunk.language, score=hit.score, dense=hit.dense, lexical=hit.lexical, text=chunk.text,
    )  # fmt: skip


def measured(timings: object) -> dict[str, float]:
    """The milliseconds of the stages that there were."""
    from pydantic_core import to_jsonable_python

    return {name: value for name, value in to_jsonable_python(timings).items() if value is not None}


def connect(settings: Settings) -> Service:
    """The service of the running server when there is one, else the data directory itself (taken when first needed)."""
    from ui.address import read_address

    address = read_address(settings.home)
    if address is None:
        return LocalService(settings)
    from ui.remote import RemoteService

    return RemoteService(address)
