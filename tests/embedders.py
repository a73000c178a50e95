"""A fast embedder for tests of the machinery around embedding: a hashed bag of words, no model."""

from __future__ import annotations

import hashlib
import re
import time
from collections.abc import Sequence

import numpy as np

from ingest.types import Vectors


class HashingEmbedder:
    """Texts that share words are near. `delay_s` is spent on each text, so that there is something to interrupt."""

    max_tokens = 512

    def __init__(self, dimension: int = 64, name: str = "hashing", delay_s: float = 0.0) -> None:
        self.name = name
        self.dimension = dimension
        self.delay_s = delay_s
        self.embedded = 0

    def embed_passages(self, texts: Sequence[str]) -> Vectors:
        time.sleep(self.delay_s * len(texts))
        self.embedded += len(texts)
        return np.stack([self._vector(text) for text in texts]) if texts else np.zeros((0, self.dimension), np.float32)

    def embed_query(self, text: str) -> Vectors:
        return self._vector(text)

    def count_tokens(self, texts: Sequence[str]) -> list[int]:
        return [len(_words(text)) for text in texts]

    def _vector(self, text: str) -> Vectors:
        vector = np.full(self.dimension, 1e-3, np.float32)
        for word in _words(text):
            vector[int.from_bytes(hashlib.sha256(word.encode()).digest()[:4], "big") % self.dimension] += 1
        return vector / np.float32(np.linalg.norm(vector))


def _words(text: str) -> list[str]:
    return re.findall(r"\w+", text.lower())
