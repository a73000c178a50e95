"""No request fills memory or disk, whoever sends it."""

from __future__ import annotations

import json
import socket
import tempfile
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
import uvicorn
from fastapi.testclient import TestClient
from pydantic import ValidationError
from starlette.types import Receive, Scope, Send

from tests.people import add_person, client_of, house_at, key_of
from ui import connections
from ui.connections import Connection, known
from ui.house import House
from ui.lengths import LONGEST, LONGEST_WITH_FILE
from ui.openai_format import HISTORY_MESSAGES, QUESTION_CHARS, ChatMessage, ChatRequest

PIECE = b"a" * 2**20
PART = b'--x\r\nContent-Disposition: form-data; name="file"; filename="a.csv"\r\n\r\n'
JSON = {"Content-Type": "application/json"}
MULTIPART = {"Content-Type": "multipart/form-data; boundary=x"}


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    home = tmp_path_factory.mktemp("lengths")
    add_person(home, "ana")
    with house_at(home) as house:
        yield house


@pytest.fixture(scope="module")
def asking(house: House) -> TestClient:
    """Who may do least of all that get in."""
    client = client_of(house)
    client.headers["Authorization"] = f"Bearer {key_of(house.settings.home, 'ana', 'ask')}"
    return client


class Sender:
    """Pieces without a length told before, counted as they are taken."""

    def __init__(self, first: bytes, longest: int) -> None:
        self._first, self._more = first, longest // len(PIECE) + 20
        self.taken = 0

    def __iter__(self) -> Iterator[bytes]:
        yield self._first
        for _ in range(self._more):
            self.taken += 1
            yield PIECE


@pytest.mark.parametrize("path", ["/v1/search", "/v1/chat/completions", "/v1/users", "/v1/account/keys"])
def test_a_body_is_read_up_to_a_limit(asking: TestClient, path: str) -> None:
    sender = Sender(b'{"query": "', LONGEST)
    refused = asking.post(path, content=iter(sender), headers=JSON)
    assert refused.status_code == 413 and refused.json()["error"]["code"] == "too_long"
    told = asking.post(path, content=b"", headers={**JSON, "Content-Length": str(LONGEST + 1)})
    assert told.status_code == 413 and "8 MB" in told.json()["error"]["message"]


def test_of_a_long_history_the_last_messages_are_looked_at() -> None:
    turns = [ChatMessage(role="user", content=f"{number} {'x' * QUESTION_CHARS}") for number in range(1000)]
    history = ChatRequest(messages=[*turns, ChatMessage(role="user", content="¿Y en Francia?")]).question().history
    assert len(history) == HISTORY_MESSAGES and history[-1].text.startswith("999 ")
    assert all(len(message.text) == QUESTION_CHARS for message in history)


def test_a_picture_is_refused_with_the_reason() -> None:
    with pytest.raises(ValidationError, match="parts that are no text"):
        ChatMessage.model_validate({"role": "user", "content": [{"type": "image_url", "image_url": {"url": "data:"}}]})


def test_a_file_is_kept_nowhere_beyond_the_limit(asking: TestClient, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    sender = Sender(PART, LONGEST_WITH_FILE)
    refused = asking.post("/v1/evaluation/question-sets", content=iter(sender), headers=MULTIPART)
    assert refused.status_code == 413 and not list(tmp_path.iterdir())


def test_who_may_not_upload_documents_sends_nothing(asking: TestClient) -> None:
    sender = Sender(PART, LONGEST)
    for path in ("/v1/collections/normas/uploads", "/v1/uploads/x/files/1"):
        method = "PUT" if path.endswith("1") else "POST"
        refused = asking.request(method, path, content=iter(sender), headers=MULTIPART)
        assert refused.status_code == 403 and sender.taken == 0


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("chat/completions", '{"messages": [{"role": "user", "content": "¿Y \\ud800?"}]}'),
        ("chat/completions", '{"messages": [{"role": "user", "content": [{"type": "text", "text": "\\ud800"}]}]}'),
        ("search", '{"query": "dietas", "documents": ["\\ud800"]}'),
        ("search", json.dumps({"query": "dietas", "documents": ["a"] * 1001})),
        ("search", json.dumps({"query": "dietas", "languages": ["es"] * 101})),
    ],
)
def test_what_is_no_text_or_too_many_is_refused_before_a_back_end_or_a_database_meets_it(
    asking: TestClient, path: str, body: str
) -> None:
    refused = asking.post(f"/v1/{path}", content=body, headers=JSON)
    assert refused.status_code == 400 and refused.json()["error"]["code"] == "invalid_request", refused.text


async def reading(scope: Scope, receive: Receive, send: Send) -> None:
    """An application that reads what comes, of somebody it knows when the path says so; 204 when it may take its time."""
    if scope["path"] == "/known":
        known(scope)
    status = 408 if scope[connections.KNOWN].__self__._patience else 204
    while (await receive()).get("more_body"):
        pass
    await send({"type": "http.response.start", "status": status, "headers": []})
    await send({"type": "http.response.body"})


@pytest.fixture(scope="module")
def port() -> Iterator[int]:
    config = uvicorn.Config(reading, http=Connection, log_level="error", lifespan="off", timeout_graceful_shutdown=1)
    server, listener = uvicorn.Server(config), socket.create_server(("127.0.0.1", 0))
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]}, daemon=True)
    thread.start()
    yield listener.getsockname()[1]
    server.should_exit = True
    thread.join(timeout=10)
    listener.close()


@pytest.mark.parametrize(
    "said", [b"", b"GET / HTTP/1.1\r\nHost: a\r\n", b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 9\r\n\r\nabc"]
)
def test_who_is_not_known_and_does_not_finish_makes_room(port: int, said: bytes, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(connections, "PATIENCE_SECONDS", 0.2)
    with socket.create_connection(("127.0.0.1", port), timeout=60) as asking:
        asking.sendall(said)
        assert asking.recv(1000) == b""


def test_who_is_known_takes_their_time(port: int) -> None:
    for path, status in ((b"/", b"408"), (b"/known", b"204")):
        with socket.create_connection(("127.0.0.1", port), timeout=60) as asking:
            asking.sendall(b"POST " + path + b" HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\nExpect: 100-continue\r\n\r\n")
            assert asking.recv(1000).startswith(b"HTTP/1.1 100 ")
            asking.sendall(b"abc")
            assert asking.recv(1000).startswith(b"HTTP/1.1 " + status)


def test_the_head_of_a_request_has_a_limit(port: int) -> None:
    with socket.create_connection(("127.0.0.1", port), timeout=60) as asking, pytest.raises(OSError):
        asking.sendall(b"GET / HTTP/1.1\r\nHost: a\r\n")
        for _ in range(1000):
            asking.sendall(b"X-A: " + b"a" * 2**16 + b"\r\n")
