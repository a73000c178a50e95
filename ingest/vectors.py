"""The vectors in Chroma: one Chroma collection a generation, cosine space. Knows nothing of what is visible to a search.

The Chroma collections are named `midas-INSTALLATION-GENERATION`, so that several data directories can use one server.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from threading import Lock
from typing import cast
from urllib.parse import urlsplit

import chromadb
import httpx
import numpy as np
from chromadb.api.client import Client
from chromadb.api.collection_configuration import CreateCollectionConfiguration, CreateHNSWConfiguration
from chromadb.api.fastapi import FastAPI
from chromadb.config import Settings as ChromaSettings
from chromadb.errors import ChromaError, NotFoundError

from ingest.errors import StoreError
from ingest.types import Hit, Vectors

BATCH = 5_000
"""Vectors of one request; Chroma refuses more than 5,461."""

TIMEOUT = httpx.Timeout(120.0, connect=10.0)
"""Of a server. Chroma's client waits for ever and has no setting for it; nor has it one for proxies: those of the environment
are asked, unless NO_PROXY names the server."""

HNSW = CreateHNSWConfiguration(space="cosine", max_neighbors=32, ef_construction=200, ef_search=128)


class VectorIndex:
    """Embedded in `home`/chroma, or a `chroma run` server at `url`. Errors of Chroma become StoreError."""

    def __init__(self, home: Path, installation: str, url: str | None = None) -> None:
        self._prefix = f"midas-{installation}-" if installation else "midas-"
        self._where = url or str(home / "chroma")
        self._open: dict[int, chromadb.Collection] = {}
        self._opening = Lock()
        with self._translated():
            self._client = _connect(home / "chroma", url)

    def close(self) -> None:
        self._open.clear()
        self._client.close()

    def create(self, generation: int) -> None:
        with self._translated():
            configuration = CreateCollectionConfiguration(hnsw=HNSW)
            self._client.get_or_create_collection(self._name(generation), embedding_function=None, configuration=configuration)

    def drop(self, generation: int) -> None:
        """Deletes all vectors of a generation; nothing happens when there are none."""
        self._open.pop(generation, None)
        with self._translated(), suppress(NotFoundError):
            self._client.delete_collection(self._name(generation))

    def generations(self) -> set[int]:
        """The generations of this installation that Chroma holds."""
        with self._translated():
            names = [collection.name for collection in self._client.list_collections()]
        numbers = [name.removeprefix(self._prefix) for name in names if name.startswith(self._prefix)]
        return {int(number) for number in numbers if number.isdecimal()}

    def upsert(self, generation: int, ids: Sequence[str], vectors: Vectors) -> None:
        """When it returns, the vectors are on disk. `vectors` is float32 (len(ids), dimension)."""
        with self._translated():
            collection = self._collection(generation)
            for first in range(0, len(ids), BATCH):
                collection.upsert(ids=list(ids[first : first + BATCH]), embeddings=vectors[first : first + BATCH])

    def delete(self, generation: int, ids: Sequence[str]) -> None:
        """Deletes vectors; ids that are not there are left alone, and so is a generation that is not there."""
        with self._translated():
            try:
                collection = self._collection(generation)
            except NotFoundError:
                return
            for first in range(0, len(ids), BATCH):
                collection.delete(ids=list(ids[first : first + BATCH]))

    def query(self, generation: int, vector: Vectors, n: int) -> list[Hit]:
        """The n nearest by cosine similarity, approximately, best first."""
        with self._translated():
            found = self._collection(generation).query(query_embeddings=vector[None, :], n_results=n, include=["distances"])
        distances = found["distances"] or [[]]
        return [Hit(key, 1.0 - distance) for key, distance in zip(found["ids"][0], distances[0], strict=True)]

    def score(self, generation: int, vector: Vectors, ids: Sequence[str]) -> list[Hit]:
        """Exact cosine similarities of the given vectors, best first; ids without a vector are left out."""
        found_ids, matrix = self._fetch(generation, ids, len(vector))
        similarities = matrix @ vector / (np.linalg.norm(matrix, axis=1) * np.linalg.norm(vector))
        return [Hit(found_ids[row], float(similarities[row])) for row in np.argsort(-similarities, kind="stable")]

    def get(self, generation: int, ids: Sequence[str], dimension: int) -> Vectors:
        """float32 (len(ids), dimension), in the order of `ids`. Raises StoreError when a vector is missing."""
        found_ids, matrix = self._fetch(generation, ids, dimension)
        rows = {key: row for row, key in enumerate(found_ids)}
        if missing := sum(key not in rows for key in ids):
            raise StoreError(f"{self._where} lacks {missing} vectors: run `midas doctor --repair`.")
        return matrix[[rows[key] for key in ids]]

    def _fetch(self, generation: int, ids: Sequence[str], dimension: int) -> tuple[list[str], Vectors]:
        """Those of `ids` that have a vector, in any order, with their vectors."""
        found_ids: list[str] = []
        rows = [np.zeros((0, dimension), np.float32)]
        with self._translated():
            collection = self._collection(generation)
            for first in range(0, len(ids), BATCH):
                found = collection.get(ids=list(ids[first : first + BATCH]), include=["embeddings"])
                found_ids += found["ids"]
                rows.append(np.asarray(found["embeddings"], dtype=np.float32).reshape(len(found["ids"]), dimension))
        return found_ids, np.concatenate(rows)

    def ids(self, generation: int) -> set[str]:
        """Ids of all vectors of a generation; empty when Chroma doesn't hold it."""
        with self._translated():
            try:
                return set(self._collection(generation).get(include=[])["ids"])
            except NotFoundError:
                return set()

    def count(self, generation: int) -> int:
        with self._translated():
            return self._collection(generation).count()

    def _name(self, generation: int) -> str:
        return f"{self._prefix}{generation}"

    def _collection(self, generation: int) -> chromadb.Collection:
        with self._opening:
            if generation not in self._open:
                self._open[generation] = self._client.get_collection(self._name(generation), embedding_function=None)
            return self._open[generation]

    @contextmanager
    def _translated(self) -> Iterator[None]:
        try:
            yield
        except NotFoundError as error:
            raise StoreError(f"The vectors in {self._where} are incomplete ({error}): run `midas doctor --repair`.") from error
        except (ChromaError, httpx.HTTPError, ValueError, OSError) as error:
            raise StoreError(
                f"Chroma at {self._where} failed ({error}): check server and disk, then run `midas doctor`."
            ) from error


_PREFIX = "midas-"


def _name(generation: int) -> str:
    return f"{_PREFIX}{generation}"


def _connect(folder: Path, url: str | None) -> Client:
    settings = ChromaSettings(anonymized_telemetry=False)
    if url is None:
        return cast(Client, chromadb.PersistentClient(folder, settings=settings))
    address = urlsplit(url if "//" in url else f"//{url}")
    host, port, ssl = address.hostname or "127.0.0.1", address.port or 8000, address.scheme == "https"
    client = cast(Client, chromadb.HttpClient(host, port, ssl, settings=settings))
    cast(FastAPI, client._server)._session.timeout = TIMEOUT
    return client
