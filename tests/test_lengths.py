"""No request fills memory or disk, whoever sends it."""

from __future__ import annotations

import json
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from fastapi.testclient import TestClient

from tests.people import add_person, client_of, house_at, key_of
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
