"""Reranking with a cross-encoder: slower and often better than the fused order. Needs the extra `hf`."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from functools import lru_cache
from typing import TYPE_CHECKING

import numpy as np

from ingest.errors import MissingExtra, ModelError

if TYPE_CHECKING:
    from sentence_transformers import CrossEncoder

    from assistant.retriever import RetrievedChunk


class CrossEncoderReranker:
    """Scores question and passage together with a sentence-transformers cross-encoder."""

    def __init__(self, model: CrossEncoder) -> None:
        self._model = model

    def rerank(self, query: str, hits: Sequence[RetrievedChunk]) -> list[RetrievedChunk]:
        """The same hits, best first; scores are the model's, put through the logistic function where it gives logits."""
        if not hits:
            return []
        pairs = [(query, hit.stored.chunk.embedding_text) for hit in hits]
        raw = np.asarray(self._model.predict(pairs, show_progress_bar=False), dtype=np.float64)
        scores = raw if raw.min() >= 0 and raw.max() <= 1 else 1 / (1 + np.exp(-raw))
        ranked = [replace(hit, score=float(score)) for hit, score in zip(hits, scores, strict=True)]
        return sorted(ranked, key=lambda hit: -hit.score)


@lru_cache(maxsize=2)
def cross_encoder(model: str) -> CrossEncoderReranker:
    """The reranker of a hub id or local path, loaded once. Raises MissingExtra, ModelError."""
    try:
        from sentence_transformers import CrossEncoder
    except ImportError as error:
        raise MissingExtra("sentence-transformers", "hf", "Reranking") from error
    try:
        return CrossEncoderReranker(CrossEncoder(model))
    except (OSError, ValueError) as error:
        raise ModelError(f"The reranker {model} can't be loaded ({error}): correct retrieval.reranker.") from error
