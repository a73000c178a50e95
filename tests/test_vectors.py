"""Vectors on a `chroma run` server."""

from __future__ import annotations

import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import httpx
import pytest

from ingest.errors import StoreError
from ingest.vectors import VectorIndex
from tests.embedders import HashingEmbedder

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
        VectorIndex(tmp_path, url)


def test_a_server_that_goes_away_is_one_sentence(server: ChromaServer, tmp_path: Path) -> None:
    index = VectorIndex(tmp_path, server.url)
    index.create(1)
    index.upsert(1, ["docs/a/1/0"], EMBEDDER.embed_passages(["casa"]))
    assert [hit.chunk_id for hit in index.query(1, EMBEDDER.embed_query("casa"), 1)] == ["docs/a/1/0"]
    server.stop()
    with pytest.raises(StoreError, match="Chroma at .* failed .*: check server and disk"):
        index.query(1, EMBEDDER.embed_query("casa"), 1)
    index.close()
