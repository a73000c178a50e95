"""Hybrid retrieval: the dense and the full-text leg in parallel, fused on comparable scores (see `assistant.fusion`)."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Protocol, TypeVar

from llama_index.core.base.base_retriever import BaseRetriever
from llama_index.core.schema import NodeWithScore, QueryBundle, TextNode

from assistant.access import ALL, Access
from assistant.config import RetrievalSettings
from assistant.fusion import fuse, with_letters, without_near_duplicates
from assistant.reranker import cross_encoder
from ingest.store import Store
from ingest.text import detect_language, query_terms
from ingest.types import Embedder, Filter, Hit, StoredChunk, Vectors

T = TypeVar("T")
Timings = dict[str, float]
"""Milliseconds by stage: embed_ms, dense_ms, lexical_ms, fuse_ms, and rerank_ms where there is a reranker."""

POOL_FOR_COPIES = 2
"""Passages looked at for each one returned, so that copies can be replaced."""

LEAST_WORDS = 3
"""A shorter query has no language that could be told."""
RERANKED = 20
"""Passages a reranker reads."""

_THREADS = ThreadPoolExecutor(max_workers=8, thread_name_prefix="midas-search")


@dataclass(frozen=True, slots=True)
class RetrievedChunk:
    """A chunk found for a question. `score` is the fused one, in [0, 1]; `dense` is the cosine and `lexical` the bm25,
    None where that leg has no score for the chunk (no term of the question in it)."""

    stored: StoredChunk
    score: float
    dense: float | None
    lexical: float | None


@dataclass(frozen=True, slots=True)
class SearchResult:
    """Best hit first."""

    hits: tuple[RetrievedChunk, ...]
    timings: Timings = field(default_factory=dict)


class Reranker(Protocol):
    """Puts hits in a better order."""

    def rerank(self, query: str, hits: Sequence[RetrievedChunk]) -> list[RetrievedChunk]:
        """The same hits, best first, with new scores in [0, 1]."""


class HybridRetriever(BaseRetriever):
    """Searches collections for one kind of caller. `timings` are those of the last search.

    Whether `access` reads them is looked up by each search: a collection taken from a group is out of reach from then on.
    """

    def __init__(
        self,
        store: Store,
        embedder: Embedder,
        collections: Sequence[str],
        settings: RetrievalSettings | None = None,
        *,
        access: Access = ALL,
        filter: Filter = Filter(),  # noqa: B008
        top_k: int | None = None,
        reranker: Reranker | None = None,
    ) -> None:
        self._store = store
        self._embedder = embedder
        self._collections = tuple(collections)
        self._settings = settings or RetrievalSettings()
        self._access = access
        self._filter = filter
        self._top_k = top_k or self._settings.top_k
        self._reranker = reranker or (cross_encoder(self._settings.reranker) if self._settings.reranker else None)
        self.timings: Timings = {}
        super().__init__()

    def search(self, query: str) -> SearchResult:
        """The best chunks for a question. Raises CollectionNotFound, CollectionMismatch."""
        self._store.names(self._collections, self._access.readers)
        timings: Timings = {}
        hits, gone = self._found(query, timings)
        if gone:
            hits, _ = self._found(query, timings)
        if self._reranker:
            reranker = self._reranker
            hits = _timed(timings, "rerank_ms", lambda: reranker.rerank(query, hits))
        self.timings = timings
        return SearchResult(tuple(hits[: self._top_k]), timings)

    def _found(self, query: str, timings: Timings) -> tuple[list[RetrievedChunk], bool]:
        """Hits, and whether a candidate was replaced before its text was read, so that its successor is
        not among the hits."""
        searching = _THREADS.submit(_timed, timings, "lexical_ms", lambda: self._lexical(query))
        vector = _timed(timings, "embed_ms", lambda: self._embedder.embed_query(query))
        dense = _timed(timings, "dense_ms", lambda: self._dense(vector))
        lexical = searching.result()
        return _timed(timings, "fuse_ms", lambda: self._fused(query, vector, dense, lexical))

    async def asearch(self, query: str) -> SearchResult:
        return await asyncio.to_thread(self.search, query)

    def _lexical(self, query: str) -> list[Hit]:
        return self._store.lexical(self._collections, query_terms(query), self._settings.candidates, self._filter)

    def _dense(self, vector: Vectors) -> list[Hit]:
        return self._store.dense(self._collections, vector, self._settings.candidates, self._filter)

    def _fused(
        self, query: str, vector: Vectors, dense_hits: Sequence[Hit], lexical_hits: Sequence[Hit]
    ) -> tuple[list[RetrievedChunk], bool]:
        """Hits, best first, and whether one of them is not visible any more."""
        terms, dense, lexical = query_terms(query), _by_id(dense_hits), _by_id(lexical_hits)
        cosines = dense | self._store.cosines(self._collections, vector, [key for key in lexical if key not in dense])
        bm25 = lexical | self._store.bm25(self._collections, terms, [key for key in dense if key not in lexical])
        scores = fuse(cosines, bm25, self._settings.alpha, foreign(query, [*dense_hits, *lexical_hits]))
        wanted = max(self._top_k, RERANKED) if self._reranker else self._top_k
        best = sorted(scores, key=lambda key: -scores[key])[: POOL_FOR_COPIES * wanted]
        stored = self._store.chunks(best, self._access.readers)
        chunks = without_near_duplicates(stored, wanted)
        scores = with_letters(query, chunks, scores)
        hits = [RetrievedChunk(chunk, scores[chunk.id], cosines.get(chunk.id), bm25.get(chunk.id)) for chunk in chunks]
        return sorted(hits, key=lambda hit: -hit.score), len(stored) < len(best)

    def _retrieve(self, query_bundle: QueryBundle) -> list[NodeWithScore]:
        return [_node(hit) for hit in self.search(query_bundle.query_str).hits]

    async def _aretrieve(self, query_bundle: QueryBundle) -> list[NodeWithScore]:
        return [_node(hit) for hit in (await self.asearch(query_bundle.query_str)).hits]


class ChunkNode(TextNode):
    """A LlamaIndex node that carries its hit."""

    _hit: RetrievedChunk


def _node(hit: RetrievedChunk) -> NodeWithScore:
    stored, chunk = hit.stored, hit.stored.chunk
    metadata = {
        "chunk_id": stored.id, "collection": stored.collection, "document_id": stored.document_id, "document": stored.source,
        "title": stored.title, "page": chunk.page, "page_unit": stored.page_unit, "headings": list(chunk.headings),
        "date": stored.date, "language": chunk.language, "dense": hit.dense, "lexical": hit.lexical,
    }  # fmt: skip
    node = ChunkNode(id_=stored.id, text=chunk.text, metadata=metadata)
    node._hit = hit
    return NodeWithScore(node=node, score=hit.score)


def hit_of(node: NodeWithScore) -> RetrievedChunk:
    """The hit a node of this retriever was made from."""
    if not isinstance(node.node, ChunkNode):
        raise TypeError(f"{type(node.node).__name__} does not come from a HybridRetriever")
    return node.node._hit


def foreign(query: str, hits: Sequence[Hit]) -> set[str]:
    """The chunks that are not in the question's language, unless none is."""
    if len(query.split()) < LEAST_WORDS:
        return set()
    asked = detect_language(query)
    others = {hit.chunk_id for hit in hits if hit.language != asked}
    return others if any(hit.language == asked for hit in hits) else set()


def _by_id(hits: Sequence[Hit]) -> dict[str, float]:
    return {hit.chunk_id: hit.score for hit in hits}


def _timed(timings: Timings, name: str, work: Callable[[], T]) -> T:
    started = time.perf_counter()
    result = work()
    timings[name] = 1000 * (time.perf_counter() - started)
    return result
