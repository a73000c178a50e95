"""The contract of back ends, for all nine kinds: against fake servers, and the embedded model for real.

What a kind can't be made to do is in `NOT_APPLICABLE`, with the reason.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path

import pytest

from assistant.backends import Backend, llama_cpp, make_backend
from assistant.backends.llama_cpp import Engine
from assistant.config import Settings
from tests.backend_contract import NAME, SHORT_S, FailureContract, GeneralContract, ModelStage, section
from tests.conftest import SMALL_MODEL
from tests.fake_ollama import FakeOllama
from tests.fake_servers.foundry_local import FoundryLocal
from tests.fake_servers.llama_server import LlamaServer
from tests.fake_servers.openai_cloud import OpenAICloud
from tests.fake_servers.script import Script
from tests.fake_servers.server import FakeServer, running
from tests.fake_servers.tensorrt_llm import TensorRTLLM
from tests.fake_servers.tgi import TGI
from tests.fake_servers.transformers_serve import TransformersServe
from tests.fake_servers.vllm import VLLM
from tests.fake_servers.wire import MODEL

SERVERS: Mapping[str, Callable[[], FakeServer]] = {
    "ollama": FakeOllama,
    "vllm": lambda: FakeServer(VLLM()),
    "tgi": lambda: FakeServer(TGI()),
    "tensorrt-llm": lambda: FakeServer(TensorRTLLM()),
    "transformers": lambda: FakeServer(TransformersServe()),
    "foundry-local": lambda: FakeServer(FoundryLocal()),
    "openai": lambda: FakeServer(OpenAICloud()),
    "openai-compatible": lambda: FakeServer(LlamaServer()),
}
EMBEDDED = "llama-cpp"

_UNCHECKED = "the server answers with the model that it has, whatever name the request has"
_EMBEDDED = {
    "test_the_answer_is_what_the_server_wrote": "the model writes what it likes; that pieces and whole agree is tested",
    "test_the_request_is_what_was_asked": "there is no request to look at; the prompt's tokens are compared in test_llama_cpp",
    "test_characters_in_parts_are_put_together": "llama.cpp's own server sends whole lines over loopback",
    "test_each_question_gets_its_own_answer": "the model does not echo; parallel questions are tested",
    "test_no_more_questions_are_sent_at_once_than_configured": "the queue lets one through; tested in test_backends",
    "test_nobody_listens": "the engine is in this process: without it there is no back end",
    "test_silence_without_even_a_header": "the engine can't be stopped from answering; its slowness is tested",
    "test_a_wrong_key": "the key is made at random in this process",
    "test_a_key_that_every_page_echoes": "the key is made at random in this process",
    "test_the_right_key": "the key is made at random in this process",
    "test_an_unknown_model": "a missing model is an error of building the back end: tested in test_llama_cpp",
    "test_a_prompt_longer_than_the_servers_window_is_not_cut_silently": "one option sets the window of both",
    "test_an_empty_answer": "a model can't be made to write nothing",
    "test_who_fails_often_is_left_alone": "the engine has no failure to provoke; its timeouts are counted like any other's",
    "test_it_tells_what_the_server_tells": "there is no server to ask",
    "test_the_tokens_are_those_the_server_counted": "compared with the engine's own count in test_llama_cpp",
    **dict.fromkeys(
        ("test_a_busy_server_is_asked_again_when_it_said", "test_a_server_that_stays_busy_is_left_alone"),
        "the engine queues instead of refusing",
    ),
    "test_a_busy_server_that_names_no_time_is_not_pressed": "the engine queues instead of refusing",
    **dict.fromkeys(
        (
            "test_an_internal_error",
            "test_the_connection_breaks",
            "test_the_answer_stops_without_its_end",
            "test_an_error_in_the_middle_of_an_answer",
            "test_garbage",
            "test_no_connection_stays_open",
        ),
        "the engine shares this process: when it fails, so does the product",
    ),
}
NOT_APPLICABLE: Mapping[str, Mapping[str, str]] = {
    EMBEDDED: _EMBEDDED,
    "tgi": {"test_an_unknown_model": _UNCHECKED},
    "tensorrt-llm": {"test_an_unknown_model": _UNCHECKED},
    "openai-compatible": {"test_an_unknown_model": f"{_UNCHECKED} (llama-server; others answer 404, as vLLM does)"},
}


class FakeStage:
    """A fake server and back ends of a kind for it."""

    def __init__(self, kind: str, server: FakeServer) -> None:
        self.kind = kind
        self.server = server
        self._open: list[Backend] = []

    def backend(self, **options: object) -> Backend:
        given = {"model": MODEL, "base_url": self.server.base_url, "context_window": self.server.window, **options}
        self._open.append(make_backend(NAME, section(self.kind, given)))
        return self._open[-1]

    def at(self, base_url: str) -> Backend:
        return self.backend(base_url=base_url)

    def working(self) -> int:
        return self.server.at_work

    def writes(self, pieces: Sequence[str]) -> None:
        self.server.script = Script(lambda messages: pieces)

    def slow(self) -> None:
        self.server.script = Script(lambda messages: ["palabra "] * 100_000, token_s=0.005)

    def silent_before_the_first_token(self) -> Backend:
        self.server.script = Script(stall_after=0)
        return self.backend(timeouts={"first_token_s": SHORT_S})

    def silent_after_some_tokens(self) -> Backend:
        self.server.script = Script(stall_after=2)
        return self.backend(timeouts={"between_tokens_s": SHORT_S})

    def recovers(self) -> None:
        self.server.script = Script()

    def close(self) -> None:
        for backend in self._open:
            backend.close()


class EngineStage(ModelStage):
    """The embedded model itself."""

    kind = EMBEDDED
    first_token_s = 0.001

    def __init__(self, home: Path) -> None:
        super().__init__()
        self._home = home

    def settings(self, options: Mapping[str, object]) -> Settings:
        given = {"kind": EMBEDDED, "model": SMALL_MODEL, "context_window": 1024, **options}
        return Settings(home=self._home, backends={NAME: given})

    def working(self) -> int:
        """From llama.cpp's counters, which the product leaves off."""
        return sum(_requests_processing(engine) for engine in Engine._loaded.values())


def _requests_processing(engine: Engine) -> int:
    lines = engine._client.get("/metrics").text.splitlines()
    return int(float(next(line.split()[-1] for line in lines if line.startswith("llamacpp:requests_processing "))))


@pytest.fixture(scope="module")
def engine_stage(request: pytest.FixtureRequest) -> Iterator[EngineStage]:
    """One for all tests: a back end that stays open keeps the model loaded."""
    plain = llama_cpp._parameters
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(llama_cpp, "_parameters", lambda params, *rest: _counting(plain(params, *rest)))
        stage = EngineStage(request.getfixturevalue("models_home"))
        stage.backend()
        yield stage
        stage.close()


def _counting(params):
    params.endpoint_metrics = True
    return params


@pytest.fixture
def fake_stage(kind: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[FakeStage]:
    monkeypatch.setenv("OPENAI_API_KEY", "any")  # the kind `openai` looks there unless told otherwise
    with running(SERVERS[kind]()) as server:
        stage = FakeStage(kind, server)
        yield stage
        stage.close()


@pytest.mark.parametrize("kind", [EMBEDDED, *SERVERS])
class TestContract(FailureContract):
    @pytest.fixture
    def stage(self, request: pytest.FixtureRequest, kind: str) -> object:
        if reason := NOT_APPLICABLE.get(kind, {}).get(request.node.originalname):
            pytest.skip(f"not applicable to {kind}: {reason}")
        return request.getfixturevalue("engine_stage" if kind == EMBEDDED else "fake_stage")


def test_what_is_not_applicable_is_a_test_of_failures() -> None:
    """The general contract applies to every kind, and no reason outlives its test."""
    for kind, reasons in NOT_APPLICABLE.items():
        for name in reasons:
            assert hasattr(FailureContract, name) and not hasattr(GeneralContract, name), f"{kind}: {name}"
