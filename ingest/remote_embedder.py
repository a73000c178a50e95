"""Embedders behind HTTP: an OpenAI-compatible server or Ollama."""

from __future__ import annotations

import os
from collections.abc import Sequence
from typing import Any

import httpx
import numpy as np

from ingest.config import EmbedderSettings
from ingest.errors import ConfigError, ModelError
from ingest.prefixes import family_prefixes, well_formed
from ingest.types import Vectors

BATCH = 32
"""Texts of one request."""
_TIMEOUT = httpx.Timeout(120.0, connect=10.0)
_BYTES_PER_TOKEN = 3


class RemoteEmbedder:
    """Embeds through a server. Thread-safe. Raises ModelError, with the server's address, whenever the server fails."""

    max_tokens = 512

    def __init__(self, settings: EmbedderSettings) -> None:
        """Asks the server for one vector to learn the dimension. `settings.base_url` ends in `/v1` for
        openai-compatible and is the bare address for ollama."""
        if not settings.base_url:
            raise ConfigError(f"Embedder kind {settings.kind} needs the server's address: set embedder.base_url.")
        own = family_prefixes(settings.model)
        self.prefixes = own.configured(settings)
        self.name = f"{settings.kind}:{settings.model}{self.prefixes.mark(own)}"
        self.model, self._is_ollama = settings.model, settings.kind == "ollama"
        self.url = settings.base_url.rstrip("/") + ("/api/embed" if self._is_ollama else "/embeddings")
        self._client = httpx.Client(trust_env=False, timeout=_TIMEOUT, headers=_authorization(settings))
        self.dimension = len(self.embed_query("dimension"))

    def embed_passages(self, texts: Sequence[str]) -> Vectors:
        """float32 [len(texts), dimension]; rows have length 1."""
        prefixed = self.prefixes.to_passages(texts)
        batches = [self._embed(prefixed[start : start + BATCH]) for start in range(0, len(prefixed), BATCH)]
        return np.concatenate(batches) if batches else np.empty((0, self.dimension), np.float32)

    def embed_query(self, text: str) -> Vectors:
        """float32 [dimension], of length 1."""
        vector: Vectors = self._embed([self.prefixes.to_query(text)])[0]
        return vector

    def count_tokens(self, texts: Sequence[str]) -> list[int]:
        """An estimate on the safe side, as the tokenizer is unknown: Spanish and English have about four bytes a token."""
        return [-(-len(well_formed(text).encode()) // _BYTES_PER_TOKEN) for text in texts]

    def close(self) -> None:
        self._client.close()

    def _embed(self, texts: Sequence[str]) -> Vectors:
        answer = self._post({"model": self.model, "input": texts})
        try:
            rows = answer["embeddings"] if self._is_ollama else _in_order(answer["data"])
            return _unit(np.array(rows, np.float32), len(texts))
        except (KeyError, TypeError, ValueError) as error:
            raise ModelError(
                f"The embedding server {self.url} sent no usable vectors: check that it serves {self.model}."
            ) from error

    def _post(self, body: dict[str, object]) -> Any:
        try:
            response = self._client.post(self.url, json=body)
            response.raise_for_status()
            return response.json()
        except httpx.TimeoutException as error:
            raise ModelError(f"The embedding server {self.url} took too long to answer: check its load.") from error
        except httpx.HTTPStatusError as error:
            raise ModelError(f"The embedding server {self.url} refused {self.model} ({_detail(error.response)}).") from error
        except ValueError as error:
            raise ModelError(f"The embedding server {self.url} did not answer in JSON: check embedder.base_url.") from error
        except (httpx.HTTPError, httpx.InvalidURL) as error:
            raise ModelError(
                f"The embedding server {self.url} can't be reached ({error}): start it or set embedder.base_url."
            ) from error


def _authorization(settings: EmbedderSettings) -> dict[str, str]:
    if settings.api_key_env is None:
        return {}
    if not (key := os.environ.get(settings.api_key_env)):
        raise ConfigError(f"The embedder's key is missing: set the environment variable {settings.api_key_env}.")
    return {"Authorization": f"Bearer {key}"}


def _in_order(data: list[dict[str, Any]]) -> list[list[float]]:
    """OpenAI's list of vectors carries the index of each one's text."""
    return [item["embedding"] for item in sorted(data, key=lambda item: item["index"])]


def _unit(vectors: Vectors, count: int) -> Vectors:
    """Rows scaled to length 1. Raises ValueError when they are not `count` finite vectors that have a direction."""
    lengths = np.linalg.norm(vectors, axis=-1, keepdims=True)
    if vectors.ndim != 2 or len(vectors) != count or not np.all(np.isfinite(lengths) & (lengths > 0)):
        raise ValueError("not one vector per text")
    unit: Vectors = vectors / lengths
    return unit


def _detail(response: httpx.Response) -> str:
    """Status and the beginning of what the server says."""
    return f"HTTP {response.status_code}: {' '.join(response.text[:200].split())}"
