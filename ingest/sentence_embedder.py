"""Any sentence-transformers model, from a local folder or from the hub's local cache; nothing is downloaded."""

from __future__ import annotations

import os
import threading
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from ingest.config import EmbedderSettings
from ingest.errors import MissingExtra, ModelError
from ingest.prefixes import Prefixes, family_prefixes, well_formed
from ingest.types import Vectors

if TYPE_CHECKING:
    from sentence_transformers import SentenceTransformer

_BATCH = 8
_SPECIAL_TOKENS = 2


class SentenceEmbedder:
    """A sentence-transformers model in full precision. Thread-safe: one call at a time."""

    def __init__(self, settings: EmbedderSettings) -> None:
        """Raises MissingExtra without the package, ModelError when the model is not on this machine."""
        self._model = _load(settings.model)
        own = _own_prefixes(self._model, settings.model)
        self.prefixes = own.configured(settings)
        name = Path(settings.model).name if Path(settings.model).exists() else settings.model
        self.name = f"{name}:fp32{self.prefixes.mark(own)}"
        self.dimension = int(self._model.get_embedding_dimension() or len(self._model.encode("dimension")))
        self._lock = threading.Lock()
        prefix = max(self.count_tokens([self.prefixes.query, self.prefixes.passage]))
        self.max_tokens = (self._model.max_seq_length or 512) - _SPECIAL_TOKENS - prefix

    def embed_passages(self, texts: Sequence[str]) -> Vectors:
        """float32 [len(texts), dimension]; rows have length 1."""
        return self._encode(self.prefixes.to_passages(texts))

    def embed_query(self, text: str) -> Vectors:
        """float32 [dimension], of length 1."""
        vector: Vectors = self._encode([self.prefixes.to_query(text)])[0]
        return vector

    def count_tokens(self, texts: Sequence[str]) -> list[int]:
        """Tokens of each text, special tokens and prefix not counted."""
        if not texts:
            return []
        with self._lock:
            cleaned = [well_formed(text) for text in texts]
            encoded = self._model.tokenizer(cleaned, add_special_tokens=False, truncation=False, verbose=False)
        return [len(ids) for ids in encoded["input_ids"]]

    def _encode(self, texts: list[str]) -> Vectors:
        if not texts:
            return np.empty((0, self.dimension), np.float32)
        # The prefix is part of the text, so the model's default prompt must stay out.
        with self._lock:
            vectors = self._model.encode(
                texts, prompt="", batch_size=_BATCH, normalize_embeddings=True, show_progress_bar=False
            )
        return np.asarray(vectors, np.float32)


def _load(model: str) -> SentenceTransformer:
    os.environ.setdefault("HF_HUB_OFFLINE", "1")
    try:
        from sentence_transformers import SentenceTransformer
    except ImportError as error:
        raise MissingExtra("sentence-transformers", "hf", "Embedder kind sentence-transformers") from error
    try:
        return SentenceTransformer(model, local_files_only=True)
    except (OSError, ValueError, KeyError) as error:
        raise ModelError(
            f"The embedding model {model} is not on this machine or not complete: set embedder.model to the path of its folder."
        ) from error


def _own_prefixes(model: SentenceTransformer, name: str) -> Prefixes:
    """The prompts stored with the model; most older models store none, then those of the family."""
    prompts = {key: text for key, text in model.prompts.items() if text}
    if not prompts:
        return family_prefixes(name)
    return Prefixes(prompts.get("query", ""), prompts.get("passage", prompts.get("document", "")))
