"""Vectors on a `chroma run` server."""

from __future__ import annotations

import socket
import sqlite3
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

import httpx
import pytest

from ingest.config import ChunkingSettings, IngestSettings, StoreSettings
from ingest.database import MIGRATIONS
from ingest.doctor import check_store
from ingest.errors import StoreError
from ingest.store import Store
from ingest.vectors import VectorIndex
from tests.embedders import HashingEmbedder
from tests.test_store import dense_texts, indexed, put

EMBEDDER = HashingEmbedder()


@dataclass(frozen=True)
class ChromaServer:
    url: str
    process: subprocess.Popen[bytes]

    def stop(self) -> None:
        self.process.kill()
        self.process.wait()


@pytest.fixture
def server(tmp_path: Path) -> Iterator[ChromaServer]:
    port = _free_port()
    program = [str(Path(sys.executable).parent / "chroma"), "run", "--path", str(tmp_path / "served"), "--port", str(port)]
    process = subprocess.Popen([*program, "--host", "127.0.0.1"], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    served = ChromaServer(f"http://127.0.0.1:{port}", process)
    try:
        _await(served)
        yield served
    finally:
        served.stop()


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
    return port


def _await(server: ChromaServer) -> None:
    while server.process.poll() is None:
        try:
            httpx.get(f"{server.url}/api/v2/heartbeat", trust_env=False).raise_for_status()
            return
        except httpx.HTTPError:
            time.sleep(0.1)
    raise AssertionError("the Chroma server did not start")


def test_a_server_that_is_not_there_is_one_sentence(tmp_path: Path) -> None:
    url = f"http://127.0.0.1:{_free_port()}"
    with pytest.raises(StoreError, match=f"Chroma at {url} failed .*: check server and disk"):
        VectorIndex(tmp_path, "0", url)


def test_two_data_directories_share_a_server_and_no_vectors(server: ChromaServer, tmp_path: Path) -> None:
    first, second = (IngestSettings(home=tmp_path / name, store=StoreSettings(chroma_url=server.url)) for name in ("a", "b"))
    with Store.open(first, EMBEDDER) as store, Store.open(second, EMBEDDER) as other:
        for opened, text in ((store, "casa"), (other, "perro")):
            opened.ensure_collection("docs", EMBEDDER, ChunkingSettings())
            put(opened, indexed("a.txt", text))
        assert dense_texts(store, "casa") == ["casa"] and dense_texts(other, "casa") == ["perro"]
        other.delete_collection("docs")
        assert check_store(other)[0].severity == check_store(store)[0].severity == "ok"
    with Store.open(first, EMBEDDER) as store:
        assert dense_texts(store, "casa") == ["casa"]


def test_a_directory_from_before_keeps_the_names_of_its_vectors(tmp_path: Path) -> None:
    home = tmp_path / "home"
    home.mkdir()
    with closing(sqlite3.connect(home / "midas.db")) as connection:
        connection.executescript(f"{MIGRATIONS[0]}; PRAGMA user_version=1")
        connection.execute("INSERT INTO generations VALUES (1, 'hashing', 64, 220)")
        connection.execute("INSERT INTO collections (name, created_at, generation) VALUES ('docs', '2025-01-01', 1)")
        connection.commit()
    old = VectorIndex(home, "")
    old.create(1)
    old.close()
    with Store.open(IngestSettings(home=home), EMBEDDER) as store:
        assert store.vectors.generations() == {1}
        put(store, indexed("a.txt", "casa"))
        assert dense_texts(store, "casa") == ["casa"]


def test_a_server_that_goes_away_is_one_sentence(server: ChromaServer, tmp_path: Path) -> None:
    index = VectorIndex(tmp_path, "0", server.url)
    index.create(1)
    index.upsert(1, ["docs/a/1/0"], EMBEDDER.embed_passages(["casa"]))
    assert [hit.chunk_id for hit in index.query(1, EMBEDDER.embed_query("casa"), 1)] == ["docs/a/1/0"]
    server.stop()
    with pytest.raises(StoreError, match="Chroma at .* failed .*: check server and disk"):
        index.query(1, EMBEDDER.embed_query("casa"), 1)
    index.close()
