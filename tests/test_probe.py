"""What a try of a back end finds out."""

import asyncio
import json

import pytest

from assistant.backends import make_backend
from assistant.backends.common.probe import QUESTION, Probe, probe
from assistant.config import Settings
from tests.fake_servers.llama_server import LlamaServer
from tests.fake_servers.script import Script
from tests.fake_servers.server import FakeServer, running
from tests.fake_servers.transformers_serve import TransformersServe
from tests.fake_servers.vllm import VLLM
from tests.fake_servers.wire import MODEL, Refusal, Wire


class Obedient(VLLM):
    """Keeps to schemas, and remembers prompts."""

    seen = 0

    def refuse_fields(self, body):
        self.constrained = "response_format" in body
        return super().refuse_fields(body)

    def usage(self, body, pieces):
        self.seen += 1
        return {**super().usage(body, pieces), "prompt_tokens_details": {"cached_tokens": 2 * (self.seen - 1)}}


def tried(server: FakeServer, kind: str, **options: object) -> Probe:
    section = {"kind": kind, "model": MODEL, "base_url": server.base_url, "context_window": 2048, **options}
    return asyncio.run(probe(make_backend("x", Settings(backends={"x": section}))))


def of(wire: Wire, kind: str, script: Script | None = None) -> tuple[Probe, FakeServer]:
    with running(FakeServer(wire, script or Script(), window=4096)) as server:
        return tried(server, kind), server


def test_a_server_that_can_all() -> None:
    wire = Obedient()
    pieces = lambda messages: ['{"ok"', ": ", "true}"] if wire.constrained else ["Ho", "la", " a todos"]  # noqa: E731
    found, server = of(wire, "vllm", Script(pieces, token_s=0.01))
    assert found.works and found.error is None and found.reachable
    assert (found.version, found.models, found.context_window, found.served_window) == ("0.32.0", (MODEL,), 2048, 4096)
    assert (found.answer, found.streaming, found.usage, found.json_schema, found.prefix_cache) == (
        "Hola",
        True,
        True,
        True,
        True,
    )
    assert found.ttft_ms and found.ttft_ms >= 10
    assert found.tokens_per_s and found.tokens_per_s > 0
    assert (found.state, found.last_error, found.last_error_at) == ("closed", None, None)
    assert [server.wire.answer_tokens(request) for request in server.requests] == [2, 40]
    assert {json.dumps(request["messages"]) for request in server.requests} == {
        json.dumps([{"role": "user", "content": QUESTION[0].content}])
    }


def test_a_server_that_ignores_schemas() -> None:
    found, _ = of(TransformersServe(), "transformers")
    assert found.works and found.json_schema is False and found.prefix_cache is False
    assert found.version is None and found.models == () and found.served_window is None


def test_a_server_that_refuses_schemas_works_all_the_same() -> None:
    class Strict(LlamaServer):
        def refuse_fields(self, body):
            return self.error(Refusal(400, "response_format is not supported")) if "response_format" in body else None

    found, _ = of(Strict(), "openai-compatible")
    assert found.works and found.json_schema is False and found.answer == "Hay 23 "


def test_a_server_that_counts_no_tokens() -> None:
    class Silent(LlamaServer):
        def usage(self, body, pieces):
            return {"prompt_tokens": 0, "completion_tokens": 0, "total_tokens": 0}

    found, _ = of(Silent(), "openai-compatible")
    assert found.works and found.usage is False


def test_a_reasoning_model_answers_nothing_in_two_tokens() -> None:
    found, _ = of(VLLM(), "vllm", Script(lambda messages: ["<think>", "Veamos", "</think>", "Hola"]))
    assert found.works and found.answer is None and found.ttft_ms is None


@pytest.mark.parametrize("status", [401, 500])
def test_a_server_that_refuses(status) -> None:
    found, _ = of(VLLM(), "vllm", Script(status=status))
    assert not found.works and found.reachable and found.error and f"({status}" in found.error
    assert found.last_error == found.error and found.last_error_at is not None
    assert (found.answer, found.streaming, found.usage, found.json_schema, found.tokens_per_s) == (None,) * 5


def test_a_server_that_is_gone() -> None:
    with running(FakeServer(VLLM())) as server:
        gone = make_backend("x", Settings(backends={"x": {"kind": "vllm", "model": MODEL, "base_url": server.base_url}}))
    found = asyncio.run(probe(gone))
    assert not found.works and not found.reachable
    assert found.error and "can't be reached" in found.error and found.answer is None
