"""What the kind `ollama` does beside the contract of all kinds: the window, the check that the prompt was read, the models."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from typing import Any

import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from assistant import models
from assistant.backends import Backend, Backends
from assistant.backends.common import gguf
from assistant.backends.common.kinds import make_backend, make_manager
from assistant.backends.common.manager import ModelManager
from assistant.backends.ollama import OLDEST
from assistant.errors import BackendEmpty, BackendError, BackendFailed, BackendRefused, BackendUnreachable, PromptTooLong
from ingest.errors import ConfigError, ModelError
from tests.backend_contract import NAME, ask, prompt, section
from tests.conftest import SMALL_MODEL
from tests.fake_ollama import FakeOllama, Ollama
from tests.fake_servers.script import Script
from tests.fake_servers.server import listening, nobody
from tests.fake_servers.wire import MODEL, Reply, as_json

LONG = "palabra " * 1000


@pytest.fixture
def server() -> Iterator[FakeOllama]:
    with (fake := FakeOllama(window=32_768)).running():
        yield fake


def backend(server: FakeOllama, **options: object) -> Backend:
    return make_backend(NAME, section("ollama", {"model": MODEL, "base_url": server.base_url, **options}))


def options_of(server: FakeOllama) -> list[dict[str, Any]]:
    return [request["options"] for request in server.requests]


def refused(server: FakeOllama, kind: type[BackendError], text: str = "¿Qué hay?", **options: object) -> str:
    with pytest.raises(kind) as caught:
        ask(backend(server, **options), text)
    return caught.value.message


# The request


def test_ollama_is_asked_not_to_cut_and_not_to_shift(server) -> None:
    ask(backend(server))
    (request,) = server.requests
    assert (request["truncate"], request["shift"], request["think"]) == (False, False, False)
    assert request["keep_alive"] == "30m" and request["options"]["temperature"] == 0


def test_the_window_has_room_for_prompt_and_answer_and_changes_seldom(server) -> None:
    asking = backend(server)
    for text in ("¿Qué hay?", LONG, "¿Qué hay?"):
        ask(asking, text, max_tokens=200)
    assert [options["num_ctx"] for options in options_of(server)] == [4096, 8192, 8192]
    assert {options["num_predict"] for options in options_of(server)} == {200}


def test_the_window_is_the_models_at_most(server) -> None:
    server.window = 6000
    asking = backend(server, context_window=32_768)
    ask(asking, LONG, max_tokens=200)
    assert (asking.context_window, options_of(server)[0]["num_ctx"]) == (6000, 6000)


def test_the_settings_limit_the_window(server) -> None:
    asking = backend(server, context_window=1024)
    ask(asking)
    assert (asking.context_window, options_of(server)[0]["num_ctx"]) == (1024, 1024)


def test_an_answer_without_a_limit_gets_one(server) -> None:
    async def run() -> None:
        async for _ in await backend(server).llm.astream_chat(prompt("¿Qué hay?")):
            pass

    asyncio.run(run())
    assert options_of(server)[0]["num_predict"] == 512


def test_a_json_schema_and_stop_sequences_are_passed_on(server) -> None:
    schema = {"type": "object", "properties": {"días": {"type": "integer"}}, "required": ["días"]}
    asyncio.run(backend(server).llm.achat(prompt("¿Qué hay?"), json_schema=schema, stop=["\n\n"]))
    (request,) = server.requests
    assert request["format"] == schema and request["options"]["stop"] == ["\n\n"]


@pytest.mark.parametrize("time", ["5m", "1h30m", "0s", "-1s", "1.5h"])
def test_the_model_stays_in_memory_as_long_as_asked(server, time) -> None:
    ask(backend(server, keep_alive=time))
    assert server.requests[0]["keep_alive"] == time


@pytest.mark.parametrize("time", ["5", "für immer", "", "m"])
def test_a_time_that_ollama_would_not_read_is_a_wrong_setting(server, time) -> None:
    with pytest.raises(ConfigError, match=r"backends\.probado\.keep_alive"):
        backend(server, keep_alive=time)


# The prompt that Ollama read


def test_a_prompt_that_an_old_server_cut_to_its_window_is_an_error(server) -> None:
    """Its tokens are so many more than estimated that even the spare room is too small."""
    server.wire = Ollama("0.12.5", tokens_per_word=10)
    assert refused(server, PromptTooLong, "palabra " * 700) == (
        f"back end 'probado' (ollama at {server.base_url}) filled its window of 4096 tokens (4096 read, 3 written), so some of "
        "the prompt or of the answer is missing: ask again, it gets a larger window then."
    )


def test_after_a_cut_the_next_question_gets_a_larger_window(server) -> None:
    server.wire = Ollama("0.12.5", tokens_per_word=10)
    asking = backend(server)
    with pytest.raises(PromptTooLong):
        ask(asking, "palabra " * 700)
    assert ask(asking, "palabra " * 700).usage.prompt_tokens > 7000
    assert [options["num_ctx"] for options in options_of(server)] == [4096, 8192]


def test_a_full_window_that_cannot_grow_names_the_setting(server) -> None:
    server.wire = Ollama("0.12.5", tokens_per_word=10)
    message = refused(server, PromptTooLong, "palabra " * 700, context_window=4096)
    assert message.endswith("shorten the question, or raise the back end's context_window if the model can hold more.")


def test_a_server_that_refuses_a_long_prompt_is_asked_again_with_a_larger_window(server) -> None:
    server.wire = Ollama("0.34.2", tokens_per_word=10)
    assert ask(backend(server), "palabra " * 700).text == "Hay 23 días."
    assert [options["num_ctx"] for options in options_of(server)] == [4096, 8192]


@pytest.mark.parametrize("version", ["0.12.6", "0.34.2"])
def test_a_refusal_at_the_largest_window_is_one_sentence(server, version) -> None:
    server.wire = Ollama(version, tokens_per_word=10)
    message = refused(server, PromptTooLong, "palabra " * 700, context_window=4096)
    assert "is longer than back end 'probado' (ollama at" in message and len(server.requests) == 1


def test_a_server_that_reads_less_than_it_was_sent_is_an_error(server) -> None:
    """One that heeds neither `num_ctx` nor `truncate`."""
    server.wire.counts = lambda body: {"prompt_eval_count": 500}  # type: ignore[method-assign]
    message = refused(server, PromptTooLong, LONG)
    assert "read 500 tokens of a prompt that has at least 1003, so its answer ignores some of the evidence" in message


@pytest.mark.parametrize(
    ("version", "cached", "counts"),
    [("0.34.2", 900, (1003, 900)), ("0.29.0", 900, (1003, 0)), ("0.30.0", 900, (103, 0)), ("0.0.0", 0, (1003, 0))],
)
def test_a_cached_prompt_is_not_taken_for_a_cut_one(server, version, cached, counts) -> None:
    server.wire = Ollama(version, cached=cached)
    usage = ask(backend(server), LONG).usage
    assert (usage.prompt_tokens, usage.prompt_tokens_details.cached_tokens) == counts


def test_a_server_that_counts_nothing_is_counted_for(server) -> None:
    server.wire.counts = lambda body: {}  # type: ignore[method-assign]
    usage = ask(backend(server)).usage
    assert usage.counted_by == "estimate" and usage.prompt_tokens > 20


@pytest.mark.parametrize(
    ("reason", "read", "wrote", "whole"),
    [
        ("stop", 500, 12, True),
        ("length", 488, 24, True),
        ("length", 61, 24, True),
        ("length", 500, 12, False),
        ("length", 500, 13, False),
        ("stop", 512, 3, False),
        ("stop", 496, 30, False),
    ],
    ids=["ends at the edge", "exact fit", "as long as asked", "no room", "one over", "cut to the window", "shifted out"],
)
def test_a_full_window_is_an_error_only_when_something_is_missing(server, reason, read, wrote, whole) -> None:
    server.wire.counts = lambda body: {"prompt_eval_count": read}  # type: ignore[method-assign]
    ending = server.wire.ending
    server.wire.ending = lambda body, pieces, finish: ending(body, wrote, reason)  # type: ignore[method-assign]
    asking = backend(server, context_window=512)
    if whole:
        assert ask(asking).usage.prompt_tokens == read
    else:
        with pytest.raises(PromptTooLong, match="filled its window of 512 tokens"):
            ask(asking)


def test_a_server_too_old_to_tell_is_refused(server) -> None:
    server.wire = Ollama("0.1.30")
    message = refused(server, BackendRefused)
    assert "is Ollama 0.1.30, which does not tell whether it read a whole prompt: update it to 0.5.0 or newer" in message
    assert server.requests == [] and OLDEST == (0, 5, 0)


# Tokens


def test_tokens_are_counted_with_the_models_tokenizer_where_it_is_known(server, models_home) -> None:
    metadata = gguf.read_metadata(models.model_file(SMALL_MODEL, models_home))
    server.tokenizer = {key: value for key, value in metadata.items() if key.startswith("tokenizer.ggml.")}
    asking = backend(server)
    own = gguf.build_tokenizer(metadata)
    assert own is not None
    text = "¿Cuántos días de vacaciones corresponden al año?"
    assert asking.counted_by == f"tokenizer of {MODEL}" and asking.count_tokens(text) == len(own.encode(text))
    assert asking.count_chat_tokens(prompt(text)) > asking.count_tokens(text)


def test_a_cut_is_found_to_the_token_with_the_models_tokenizer(server, models_home) -> None:
    metadata = gguf.read_metadata(models.model_file(SMALL_MODEL, models_home))
    server.tokenizer = {key: value for key, value in metadata.items() if key.startswith("tokenizer.ggml.")}
    asking = backend(server)
    held = sum(asking.count_tokens(message.content) for message in prompt(LONG))
    server.wire.counts = lambda body: {"prompt_eval_count": held}  # type: ignore[method-assign]
    assert ask(asking, LONG).text
    server.wire.counts = lambda body: {"prompt_eval_count": held * 9 // 10}  # type: ignore[method-assign]
    with pytest.raises(PromptTooLong, match="ignores some of the evidence"):
        ask(asking, LONG)


def test_a_server_that_keeps_its_tokenizer_to_itself_is_estimated_for(server) -> None:
    server.tokenizer = {"tokenizer.ggml.model": "gpt2", "tokenizer.ggml.pre": "qwen2"}
    assert backend(server).counted_by == "estimate"


# Models that reason


def test_reasoning_is_kept_out_of_the_answer(server) -> None:
    server.wire = Ollama(thoughts=["Primero ", "pienso."])
    answer = ask(backend(server, think=True, thinking_tokens=300), max_tokens=50)
    assert answer.text == "Hay 23 días."
    (request,) = server.requests
    assert request["think"] is True and request["options"]["num_predict"] == 350


def test_reasoning_inside_the_answer_is_kept_out_too(server) -> None:
    server.script = Script(lambda messages: ["<thi", "nk>Primero pienso.</th", "ink>\n\n", "Hay ", "23."])
    assert ask(backend(server)).text == "Hay 23."


def test_nothing_but_reasoning_is_an_empty_answer(server) -> None:
    server.wire = Ollama(thoughts=["Primero ", "pienso."])
    server.script = Script(lambda messages: [])
    assert "used all its tokens to reason" in refused(server, BackendEmpty, think="low")
    assert server.requests[0]["think"] == "low"


def test_a_model_that_does_not_reason_says_so(server) -> None:
    assert f'"{MODEL}" does not support thinking' in refused(server, BackendRefused, think=True)


def test_a_line_ends_where_ollama_ends_it(server) -> None:
    """Not at U+0085 or U+2028, which texts have; and the last one may end with the answer."""
    server.script = Script(lambda messages: ["uno\u0085dos\u2028", "tres"])
    ending = server.wire.ending
    server.wire.ending = lambda *rest: ending(*rest).rstrip()  # type: ignore[method-assign]
    assert ask(backend(server)).text == "uno\u0085dos\u2028tres"


# What goes wrong


def test_a_missing_model_comes_with_the_command_that_fetches_it(server) -> None:
    assert refused(server, BackendRefused, model="qwen2.5:7b") == (
        f"back end 'probado' (ollama at {server.base_url}) has no model 'qwen2.5:7b': run midas models pull qwen2.5:7b "
        "--backend probado, or ollama pull qwen2.5:7b on its machine."
    )


def test_nobody_there_comes_with_the_command_that_starts_it(server) -> None:
    with nobody() as root:
        with pytest.raises(BackendUnreachable, match=r"check that it runs \(ollama serve\)"):
            make_backend(NAME, section("ollama", {"model": MODEL, "base_url": root}))
        asking = make_backend(NAME, section("ollama", {"model": MODEL, "base_url": root, "context_window": 2048}))
        with pytest.raises(BackendUnreachable, match=r"check that it runs \(ollama serve\)"):
            ask(asking)
        assert (asking.context_window, asking.counted_by) == (2048, "estimate")


@pytest.mark.parametrize("status", [401, 404, 500, 503])
def test_a_server_that_refuses_to_tell_is_asked_again(server, status) -> None:
    told = server.wire.pages
    server.wire.pages = lambda window: dict.fromkeys(told(window), as_json({"error": "not now"}, status))
    backends = Backends(section("ollama", {"model": MODEL, "base_url": server.base_url}))
    with pytest.raises(BackendRefused, match=f"{status}: not now"):
        backends.open(NAME)
    server.wire.pages = told
    assert backends.open(NAME).context_window == 32_768


@pytest.mark.parametrize("page", ["/api/version", "/api/chat"])
def test_what_is_not_compressed_as_it_says_is_one_sentence(server, page) -> None:
    mangled = Reply(b"no gzip", headers={"Content-Encoding": "gzip"})
    told = server.wire.pages
    server.wire.pages = lambda window: {**told(window), page: mangled}
    server.wire.refuse = lambda body, window: mangled
    with pytest.raises(BackendFailed, match="sent something unreadable"):
        ask(backend(server))


def test_a_server_that_came_later_is_asked_then(server, monkeypatch) -> None:
    with nobody() as root:
        asking = make_backend(NAME, section("ollama", {"model": MODEL, "base_url": root, "context_window": 8192}))
    server.window = 2048
    monkeypatch.setattr(asking.llm._server.options, "base_url", server.base_url)
    with pytest.raises(PromptTooLong, match="holds 2048 in all"):
        ask(asking, LONG)
    assert ask(asking).text == "Hay 23 días."


def test_another_product_at_the_address() -> None:
    with listening(Starlette()) as root:
        asking = make_backend(NAME, section("ollama", {"model": MODEL, "base_url": root, "context_window": 4096}))
        with pytest.raises(BackendRefused, match="404: Not Found.: correct model or base_url"):
            ask(asking)


def test_a_login_page_instead_of_facts() -> None:
    async def page(request: Request) -> Response:
        return Response("<html>Inicie sesión</html>", media_type="text/html")

    with listening(Starlette(routes=[Route("/{path:path}", page, methods=["GET", "POST"])])) as root:
        asking = make_backend(NAME, section("ollama", {"model": MODEL, "base_url": root, "context_window": 4096}))
        with pytest.raises(BackendFailed, match="does not speak Ollama's API .*: check its address and its kind.") as caught:
            ask(asking)
        assert "<html" not in caught.value.message
        assert "does not speak Ollama's API" in (asyncio.run(asking.health()).error or "")


def test_a_full_queue_is_waited_for(server) -> None:
    """Ollama names no time."""
    server.script = Script(status=503, failures=1)
    assert ask(backend(server)).text == "Hay 23 días." and len(server.requests) == 2


# Nothing goes where it should not


def test_the_environment_does_not_move_the_questions(server, monkeypatch) -> None:
    with nobody() as elsewhere:
        for variable in ("OLLAMA_HOST", "HTTP_PROXY", "http_proxy", "ALL_PROXY", "all_proxy"):
            monkeypatch.setenv(variable, elsewhere)
        assert ask(backend(server)).text == "Hay 23 días."
        assert make_manager(NAME, section("ollama", {"model": MODEL, "base_url": server.base_url})).installed()


def test_the_environments_key_goes_to_no_server_of_the_settings(server, monkeypatch) -> None:
    monkeypatch.setenv("OLLAMA_API_KEY", "secreto")
    ask(backend(server))
    assert server.keys == [""]


def test_a_redirection_is_not_followed(server) -> None:
    async def moved(request: Request) -> Response:
        return RedirectResponse(f"{server.root}{request.url.path}", 307)

    there = Starlette(routes=[Route("/{path:path}", moved, methods=["GET", "POST"])])
    with listening(there) as root, pytest.raises(BackendRefused, match="307"):
        ask(make_backend(NAME, section("ollama", {"model": MODEL, "base_url": root})))
    assert server.requests == [] and server.asked == []


@pytest.mark.parametrize("model", ["gpt-oss:120b-cloud", "glm-4.6:cloud"])
def test_a_model_at_ollamas_cloud_is_a_wrong_setting(server, model) -> None:
    with pytest.raises(ConfigError, match=f"{model} runs at ollama.com: choose another model, or set cloud = true"):
        backend(server, model=model)
    assert backend(server, model=model, cloud=True, context_window=4096).cloud
    assert [path for _, path, _ in server.asked] == ["/api/show"]


def test_a_local_name_for_a_model_elsewhere_is_refused(server) -> None:
    server.shown = {"remote_host": "https://ollama.com:443", "remote_model": "gpt-oss:120b"}
    message = refused(server, BackendRefused)
    assert "sends questions for 'midas-prueba-1b' to https://ollama.com:443: choose another model" in message
    assert server.requests == []
    assert ask(backend(server, cloud=True)).text


# Its models


@pytest.fixture
def manager(server: FakeOllama) -> ModelManager:
    return make_manager(NAME, section("ollama", {"model": MODEL, "base_url": server.base_url}))


def test_models_are_listed(manager) -> None:
    (model,) = manager.installed()
    assert (model.name, model.size_bytes) == (f"{MODEL}:latest", 986_061_892)
    assert model.modified is not None and model.modified.year == 2026
    assert model.details == {"format": "gguf", "family": "qwen2", "parameter_size": "1.5B", "quantization_level": "Q4_K_M"}


def test_a_model_is_shown(manager) -> None:
    shown = manager.show(MODEL)
    assert (shown.parameters, shown.quantization, shown.context_window) == ("1.5B", "Q4_K_M", 32_768)
    assert shown.licence == "Apache License" and shown.details["capabilities"] == "completion, tools"


def test_what_is_loaded_is_listed(manager) -> None:
    (model,) = manager.loaded()
    assert (model.name, model.memory_bytes) == (f"{MODEL}:latest", 1_591_830_464)
    assert model.expires is not None and model.expires.utcoffset() is not None


def test_a_pull_tells_how_far_it_is(server, manager) -> None:
    steps: list[tuple[str, int, int | None]] = []
    manager.pull("qwen2.5:7b", lambda *step: steps.append(step))
    assert steps == [
        ("pulling manifest", 0, None),
        ("pulling c6eb396dbd59", 0, 1000),
        ("pulling c6eb396dbd59", 400, 1000),
        ("pulling c6eb396dbd59", 1000, 1000),
        ("pulling 62fbfd9ed093", 1100, 1100),
        ("verifying sha256 digest", 1100, 1100),
        ("writing manifest", 1100, 1100),
        ("success", 1100, 1100),
    ]
    assert server.asked == [("POST", "/api/pull", {"model": "qwen2.5:7b", "stream": True, "insecure": False})]


def test_a_pull_that_ends_early_is_no_success(server, manager) -> None:
    server.pulled = server.pulled[:3]
    with pytest.raises(BackendFailed, match="ended the pull of qwen2.5:7b early .pulling c6eb396dbd59.: pull again"):
        manager.pull("qwen2.5:7b")


def test_a_pull_of_a_model_that_there_is_not(server, manager) -> None:
    server.pulled = [{"status": "pulling manifest"}, {"error": "pull model manifest: file does not exist"}]
    with pytest.raises(ModelError, match="Ollama's library has no model 'qwen9': look the name and its tag up"):
        manager.pull("qwen9")


def test_a_pull_that_fails_says_why(server, manager) -> None:
    server.pulled = [{"status": "pulling manifest"}, {"error": "max retries exceeded: no space left on device"}]
    with pytest.raises(BackendFailed, match="no space left on device"):
        manager.pull("qwen2.5:7b")


def test_a_model_is_removed(server, manager) -> None:
    assert manager.remove(MODEL) is None
    assert server.asked == [("DELETE", "/api/delete", {"model": MODEL})]


@pytest.mark.parametrize("action", ["show", "remove"])
def test_a_model_that_is_not_there(manager, action) -> None:
    with pytest.raises(
        ModelError, match="has no model 'otro': run midas models pull otro --backend probado, or ollama pull otro"
    ):
        getattr(manager, action)("otro")


def test_models_of_a_server_that_is_not_there() -> None:
    with nobody() as root:
        absent = make_manager(NAME, section("ollama", {"model": MODEL, "base_url": root}))
        with pytest.raises(BackendUnreachable, match=r"can't be reached .*refused.*: check that it runs \(ollama serve\)"):
            absent.installed()
