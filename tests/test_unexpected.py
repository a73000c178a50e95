"""Mistakes of the program: told in one sentence, logged with their traceback, and nothing hangs behind them."""

from __future__ import annotations

import json
import logging
import threading
from collections.abc import AsyncGenerator, Iterator
from contextlib import closing
from pathlib import Path
from typing import Any, NoReturn

import pytest
from fastapi.testclient import TestClient

from assistant.access import ALL, Access
from assistant.config import Settings
from assistant.types import Event, StatusEvent
from ui.api.app import make_api
from ui.errors import Unexpected
from ui.house import House
from ui.jobs import Jobs
from ui.service import LocalService, Question
from ui.views import BackendView
from ui.web.chat_routes import chat


class Broken(LocalService):
    """Fails as no service should."""

    async def stream(self, question: Question, access: Access = ALL) -> AsyncGenerator[Event, None]:
        yield StatusEvent("searching")
        raise ZeroDivisionError("secret detail")

    def backends(self) -> list[BackendView]:
        raise ZeroDivisionError("secret detail")


@pytest.fixture
def service(tmp_path: Path) -> LocalService:
    return Broken(Settings(home=tmp_path))


@pytest.fixture
def client(service: LocalService) -> Iterator[TestClient]:
    with closing(House(service.settings, service, Jobs(), "token")) as house:
        yield TestClient(make_api(house), base_url="http://127.0.0.1", raise_server_exceptions=False)


def asked(*, stream: bool) -> dict[str, Any]:
    return {"messages": [{"role": "user", "content": "¿Qué?"}], "stream": stream}


def test_a_route_that_breaks_answers_in_the_error_format(client: TestClient) -> None:
    listing = client.get("/v1/backends", headers={"Authorization": "Bearer token"})
    for response in (listing, client.post("/v1/chat/completions", json=asked(stream=False))):
        assert response.status_code == 500
        assert response.json()["error"] == {
            "message": Unexpected().message, "type": "server_error", "param": None, "code": "unexpected",
        }  # fmt: skip


def test_a_stream_that_breaks_ends_with_the_error(client: TestClient, caplog: pytest.LogCaptureFixture) -> None:
    lines = [line for line in client.post("/v1/chat/completions", json=asked(stream=True)).text.split("\n\n") if line]
    assert json.loads(lines[-2].removeprefix("data: "))["error"]["code"] == "unexpected"
    assert lines[-1] == "data: [DONE]"
    assert "secret detail" in caplog.text and "secret detail" not in "".join(lines)


def test_the_page_takes_the_next_question_after_an_answer_that_broke(client: TestClient) -> None:
    client.app.include_router(chat)  # type: ignore[attr-defined]
    for _ in range(2):
        response = client.post("/page/en/chat/ask", json={"question": "¿Qué?"})
        assert response.status_code == 200
        assert Unexpected().message in response.text and "secret detail" not in response.text


def test_a_job_that_breaks_is_failed(caplog: pytest.LogCaptureFixture) -> None:
    def work(*_: object) -> NoReturn:
        raise ZeroDivisionError("secret detail")

    jobs = Jobs()
    with caplog.at_level(logging.ERROR):
        job = jobs.start("ingest", "empresa", work)
        while not jobs.get(job.id).finished:
            threading.Event().wait(0.01)
        jobs.close()
    assert (jobs.get(job.id).state, jobs.get(job.id).error_code) == ("failed", "unexpected")
    assert "secret detail" in caplog.text
