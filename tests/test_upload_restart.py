"""The server is killed in the middle of an upload: everything arrives, once."""

from __future__ import annotations

import asyncio
import threading
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from starlette.requests import Request
from starlette.responses import Response

from tests.fake_openai import FakeOpenAI, running
from tests.serving import Midas, make_midas

FILES = {f"carpeta/norma {number:02}.txt": f"La norma {number} dice lo suyo. ".encode() * 40 for number in range(40)}


class SlowEmbedder(FakeOpenAI):
    """Embeds this many batches, and the others when `free` is set."""

    def __init__(self, batches: int) -> None:
        super().__init__()
        self.batches, self.free, self.stuck = batches, threading.Event(), threading.Event()

    async def _embeddings(self, request: Request) -> Response:
        self.batches -= 1
        while self.batches < 0 and not self.free.is_set():
            self.stuck.set()
            await asyncio.sleep(0.02)
        return await super()._embeddings(request)


@pytest.fixture
def fake() -> Iterator[SlowEmbedder]:
    with running(SlowEmbedder(3)) as fake:
        assert isinstance(fake, SlowEmbedder)
        yield fake
        fake.free.set()


@pytest.fixture
def midas(fake: FakeOpenAI, tmp_path: Path) -> Midas:
    return make_midas(tmp_path / "home", fake)


def client(url: str) -> httpx.Client:
    return httpx.Client(base_url=f"{url}/v1", trust_env=False, timeout=60)


def finished(http: httpx.Client, job: str) -> dict[str, Any]:
    while (view := http.get(f"/jobs/{job}").json())["state"] in ("queued", "running"):
        time.sleep(0.05)
    return dict(view)


def check_once(http: httpx.Client, midas: Midas) -> None:
    """Every file is there with one version, its original, and nothing is left of the upload."""
    rows = http.get("/collections/docs/documents").json()
    assert {row["source"]: row["state"] for row in rows} == dict.fromkeys(FILES, "ready")
    histories = [http.get(f"/collections/docs/documents/{row['document_id']}/history").json() for row in rows]
    assert {tuple(event["event"] for event in history) for history in histories} == {("published",)}
    for row in rows:
        original = http.get(f"/collections/docs/documents/{row['document_id']}/original")
        assert original.content == FILES[row["source"]]
    assert Counter(path.suffix for path in (midas.home / "originals").glob("*/*")) == {"": len(FILES)}
    assert list((midas.home / "uploads").iterdir()) == []


def test_reading_goes_on_after_the_server_was_killed(midas: Midas, fake: SlowEmbedder) -> None:
    with midas.serving() as server, client(server.url) as http:
        http.post("/collections", json={"name": "docs"}).raise_for_status()
        parts = [("file", (name, content)) for name, content in FILES.items()]
        job = http.post("/collections/docs/uploads", files=parts).raise_for_status().json()["id"]
        fake.stuck.wait()
        done = {file["state"] for file in http.get(f"/jobs/{job}").json()["files"]}
        server.process.kill()
    assert {"ready", "reading"} <= done
    fake.free.set()
    with midas.serving() as server, client(server.url) as http:
        view = finished(http, job)
        assert (view["state"], {file["state"] for file in view["files"]}) == ("done", {"ready"})
        check_once(http, midas)


def test_sending_goes_on_after_the_server_was_killed(midas: Midas, fake: SlowEmbedder) -> None:
    fake.free.set()
    announced = [{"name": name, "size_bytes": len(content)} for name, content in FILES.items()]
    with midas.serving() as server, client(server.url) as http:
        http.post("/collections", json={"name": "docs"}).raise_for_status()
        view = http.post("/collections/docs/uploads/open", json={"files": announced}).raise_for_status().json()
        for file in view["files"][:15]:
            http.put(f"/uploads/{view['id']}/files/{file['number']}", content=FILES[file["source"]]).raise_for_status()
        server.process.kill()
    with midas.serving() as server, client(server.url) as http:
        view = http.get(f"/jobs/{view['id']}").json()
        assert (view["state"], sum(file["received"] for file in view["files"])) == ("receiving", 15)
        for file in view["files"]:
            if not file["received"]:
                http.put(f"/uploads/{view['id']}/files/{file['number']}", content=FILES[file["source"]]).raise_for_status()
        http.post(f"/uploads/{view['id']}/begin").raise_for_status()
        assert {file["state"] for file in finished(http, view["id"])["files"]} == {"ready"}
        check_once(http, midas)


def test_a_request_that_was_cut_off_leaves_nothing(midas: Midas) -> None:
    """What was not acknowledged is the client's to send again."""
    with midas.serving() as server, client(server.url) as http:
        http.post("/collections", json={"name": "docs"}).raise_for_status()
        sent = threading.Event()

        def body() -> Iterator[bytes]:
            yield b'--x\r\nContent-Disposition: form-data; name="file"; filename="a.txt"\r\n\r\n' + b"a" * 2**21
            sent.set()
            threading.Event().wait(30)

        def send() -> None:
            with client(server.url) as other, pytest.raises(httpx.HTTPError):
                other.post(
                    "/collections/docs/uploads", content=body(), headers={"Content-Type": "multipart/form-data; boundary=x"}
                )

        thread = threading.Thread(target=send, daemon=True)
        thread.start()
        sent.wait()
        while not list((midas.home / "uploads").glob("*/*")):
            time.sleep(0.02)
        server.process.kill()
    with midas.serving() as server, client(server.url) as http:
        assert http.get("/jobs").json() == [] and list((midas.home / "uploads").iterdir()) == []
