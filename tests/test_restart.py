"""The server is killed amid everything: what was asked and written is there, and what was to be read arrives, once."""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import httpx
from starlette.requests import Request
from starlette.responses import Response

from tests.fake_openai import FakeOpenAI, running
from tests.housing import housed, load
from tests.serving import ANSWER_ES, QUESTION_ES, Midas, Server, make_midas, write_documents

FILES = {f"carpeta/norma {number:02}.txt": f"La norma {number} dice lo suyo. ".encode() * 40 for number in range(40)}
SENT = 15


class SlowEmbedder(FakeOpenAI):
    """Embeds so many `batches`, and the others when `free` is set."""

    def __init__(self, **more: Any) -> None:
        super().__init__(**more)
        self.batches, self.free, self.stuck = 10**9, threading.Event(), threading.Event()

    async def _embeddings(self, request: Request) -> Response:
        self.batches -= 1
        while self.batches < 0 and not self.free.is_set():
            self.stuck.set()
            await asyncio.sleep(0.02)
        return await super()._embeddings(request)


def client(server: Server) -> httpx.Client:
    return httpx.Client(base_url=f"{server.url}/v1", trust_env=False, timeout=60)


def job(http: httpx.Client, job_id: str) -> dict[str, Any]:
    return dict(http.get(f"/jobs/{job_id}").raise_for_status().json())


def finished(http: httpx.Client, job_id: str) -> dict[str, Any]:
    while (view := job(http, job_id))["state"] in ("queued", "running"):
        time.sleep(0.05)
    return view


def announce(http: httpx.Client) -> str:
    files = [{"name": name, "size_bytes": len(content)} for name, content in FILES.items()]
    return str(http.post("/collections/sent/uploads/open", json={"files": files}).raise_for_status().json()["id"])


def send(http: httpx.Client, job_id: str, most: int | None = None) -> None:
    """What is missing, as the page does; at most so many files."""
    for file in [file for file in job(http, job_id)["files"] if not file["received"]][:most]:
        http.put(f"/uploads/{job_id}/files/{file['number']}", content=FILES[file["source"]]).raise_for_status()


def post_whole(http: httpx.Client) -> str:
    parts = [("file", (name, content)) for name, content in FILES.items()]
    return str(http.post("/collections/whole/uploads", files=parts).raise_for_status().json()["id"])


def post_half(server: Server, home: Path) -> None:
    """A request whose end never comes: what the server did not acknowledge is the client's to send again."""

    def body() -> Iterator[bytes]:
        yield b'--x\r\nContent-Disposition: form-data; name="file"; filename="a.txt"\r\n\r\n' + b"a" * 2**21
        threading.Event().wait()

    def post() -> None:
        headers = {"Content-Type": "multipart/form-data; boundary=x"}
        httpx.post(f"{server.url}/v1/collections/sent/uploads", content=body(), headers=headers, trust_env=False)

    threading.Thread(target=post, daemon=True).start()
    while not list((home / "uploads").glob("*/tmp*")):
        time.sleep(0.02)


def check_once(http: httpx.Client, collection: str) -> None:
    """Every file is there, with one version and its original."""
    rows = http.get(f"/collections/{collection}/documents").json()
    assert {row["source"]: row["state"] for row in rows} == dict.fromkeys(FILES, "ready")
    for row in rows:
        path = f"/collections/{collection}/documents/{row['document_id']}"
        assert [event["event"] for event in http.get(f"{path}/history").json()] == ["published"]
        assert http.get(f"{path}/original").content == FILES[row["source"]]


def begin_answer(server: Server, http: httpx.Client) -> tuple[str, str]:
    """A conversation, and what is kept of the answer that is being written in it."""
    conversation = str(http.post("/conversations", json={}).raise_for_status().json()["id"])

    def ask() -> None:
        address, body = f"{server.url}/v1/conversations/{conversation}/turns", {"question": QUESTION_ES}
        with suppress(httpx.HTTPError):
            httpx.post(address, json=body, trust_env=False, timeout=60)

    threading.Thread(target=ask, daemon=True).start()
    while not (text := kept(http, conversation)["text"]):
        time.sleep(0.02)
    return conversation, str(text)


def kept(http: httpx.Client, conversation: str) -> dict[str, Any]:
    """The last turn; one without text before there is any."""
    turns = http.get(f"/conversations/{conversation}").raise_for_status().json()["turns"]
    return dict(turns[-1]) if turns else {"text": ""}


def test_after_a_kill_nothing_is_lost_halved_or_doubled(tmp_path: Path) -> None:
    """While an answer is written, files are uploaded one by one and in one request, a folder of the server is loaded, and an
    index waits to be built anew."""
    folder = write_documents(tmp_path / "documents")
    with running(SlowEmbedder(reply=lambda messages: f"{ANSWER_ES} " * 200, token_s=0.1)) as fake:
        assert isinstance(fake, SlowEmbedder)
        midas = make_midas(tmp_path / "home", fake)
        with housed(midas.home, fake) as house:
            load(house, "empresa", folder)
        with midas.serving() as server, client(server) as http:
            for name in ("sent", "whole"):
                http.post("/collections", json={"name": name}).raise_for_status()
            conversation, text = begin_answer(server, http)
            fake.batches = 1
            sent = announce(http)
            send(http, sent, SENT)
            post_half(server, midas.home)
            whole = post_whole(http)
            body = {"paths": [str(folder)]}
            loading = http.post("/collections/loaded/ingest", json=body).raise_for_status().json()["id"]
            reindexing = http.post("/collections/empresa/reindex").raise_for_status().json()["id"]
            fake.stuck.wait()
            while not {"ready", "reading"} <= {file["state"] for file in job(http, whole)["files"]}:
                time.sleep(0.02)
            assert kept(http, conversation)["state"] == "writing"
            server.process.kill()
        fake.free.set()
        with midas.serving() as server, client(server) as http:
            assert {view["id"] for view in http.get("/jobs").json()} == {sent, whole, loading, reindexing}
            check_answer(http, conversation, text)
            check_uploads(http, midas, sent, whole)
            assert finished(http, reindexing)["state"] == "done"
            assert finished(http, loading)["report"]["added"] == len(list(folder.iterdir()))
            assert {row["state"] for row in http.get("/collections/loaded/documents").json()} == {"ready"}


def check_answer(http: httpx.Client, conversation: str, text: str) -> None:
    turn = kept(http, conversation)
    assert (turn["question"], turn["state"], turn["answer"]) == (QUESTION_ES, "interrupted", None)
    assert turn["text"].startswith(text) and f"{ANSWER_ES} ".startswith(text[: len(ANSWER_ES)])


def check_uploads(http: httpx.Client, midas: Midas, sent: str, whole: str) -> None:
    waiting = job(http, sent)
    assert (waiting["state"], sum(file["received"] for file in waiting["files"])) == ("receiving", SENT)
    send(http, sent)
    http.post(f"/uploads/{sent}/begin").raise_for_status()
    for job_id, collection in ((sent, "sent"), (whole, "whole")):
        view = finished(http, job_id)
        assert (view["state"], {file["state"] for file in view["files"]}) == ("done", {"ready"})
        check_once(http, collection)
    assert list((midas.home / "uploads").iterdir()) == []
    assert sum(path.is_file() for path in (midas.home / "originals").rglob("*")) == len(FILES)
