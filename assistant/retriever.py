"""Hybrid retrieval: the dense and the full-text leg in parallel, fused on comparable scores."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import TypeVar

from llama_index.core.base.base_retriever import BaseRetriever
from llama_index.core.schema import NodeWithScore, QueryBundle, TextNode

from assistant.config import RetrievalSettings
from ingest.store import Store
from ingest.text import query_terms
from ingest.types import Embedder, Filter, Hit, StoredChunk

T = TypeVar("T")
Timings = dict[str, float]
"""Milliseconds by stage: embed_ms, dense_ms, lexical_ms, fuse_ms, and rerank_ms where there is a reranker."""

_THREADS = ThreadPoolExecutor(max_workers=8, thread_name_prefix="midas-search")


@dataclass(frozen=True, slots=True)
class RetrievedChunk:
    """A chunk found for a question. `score` is the fused one, in [0, 1]; `dense` is the cosine and `lexical` the bm25,
    None where that leg did not find the chunk among its candidates."""

    stored: StoredChunk
    score: float
    dense: float | None
    lexical: float | None


@dataclass(frozen=True, slots=True)
class SearchResult:
    """Best hit first. `best_dense` is the largest cosine of any candidate, None when there was none."""

    hits: tuple[RetrievedChunk, ...]
    timings: Timings = field(default_factory=dict)
    best_dense: float | None = None


def fuse(dense: Sequence[Hit], lexical: Sequence[Hit], alpha: float) -> dict[str, float]:
    """Fused scores in [0, 1] by chunk id: a convex combination of each leg's min-max normalised scores."""
    by_dense, by_lexical = _normalised(dense), _normalised(lexical)
    return {
        key: alpha * by_dense.get(key, 0.0) + (1 - alpha) * by_lexical.get(key, 0.0)
        for key in dict.fromkeys((*by_dense, *by_lexical))
    }


def _normalised(hits: Sequence[Hit]) -> dict[str, float]:
    """Scores stretched to [0, 1]; 1 for all when they are equal."""
    low, high = min((hit.score for hit in hits), default=0.0), max((hit.score for hit in hits), default=0.0)
    return {hit.chunk_id: (hit.score - low) / (high - low) if high > low else 1.0 for hit in hits}


class HybridRetriever(BaseRetriever):
    """Searches collections for one kind of caller. `timings` are those of the last search."""

    def __init__(
        self,
        store: Store,
        embedder: Embedder,
        collections: Sequence[str],
        settings: RetrievalSettings | None = None,
        *,
        filter: Filter = Filter(),  # noqa: B008
        top_k: int | None = None,
    ) -> None:
        self._store = store
        self._embedder = embedder
        self._collections = tuple(collections)
        self._settings = settings or RetrievalSettings()
        self._filter = filter
        self._top_k = top_k or self._settings.top_k
        self.timings: Timings = {}
        super().__init__()

    def search(self, query: str) -> SearchResult:
        """The best chunks for a question. Raises CollectionNotFound, CollectionMismatch."""
        timings: Timings = {}
        searching = _THREADS.submit(_timed, timings, "lexical_ms", lambda: self._lexical(query))
        dense = self._dense(query, timings)
        lexical = searching.result()
        hits = _timed(timings, "fuse_ms", lambda: self._fused(dense, lexical))
        self.timings = timings
        return SearchResult(tuple(hits), timings, dense[0].score if dense else None)

    async def asearch(self, query: str) -> SearchResult:
        return await asyncio.to_thread(self.search, query)

    def _lexical(self, query: str) -> list[Hit]:
        return self._store.lexical(self._collections, query_terms(query), self._settings.candidates, self._filter)

    def _dense(self, query: str, timings: Timings) -> list[Hit]:
        vector = _timed(timings, "embed_ms", lambda: self._embedder.embed_query(query))
        search = self._store.dense
        return _timed(timings, "dense_ms", lambda: search(self._collections, vector, self._settings.candidates, self._filter))

    def _fused(self, dense: Sequence[Hit], lexical: Sequence[Hit]) -> list[RetrievedChunk]:
        scores = fuse(dense, lexical, self._settings.alpha)
        best = sorted(scores, key=lambda key: -scores[key])[: self._top_k]
        cosine, bm25 = ({hit.chunk_id: hit.score for hit in hits} for hits in (dense, lexical))
        return [
            RetrievedChunk(stored, scores[stored.id], cosine.get(stored.id), bm25.get(stored.id))
            for stored in self._store.chunks(best)
        ]

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


def _timed(timings: Timings, name: str, work: Callable[[], T]) -> T:
    started = time.perf_counter()
    result = work()
    timings[name] = 1000 * (time.perf_counter() - started)
    return result
