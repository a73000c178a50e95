import asyncio
import contextlib
import socket
import sys
import threading
from collections.abc import AsyncIterator
from contextlib import aclosing

import pytest
from llama_index.core.base.llms.types import ChatMessage

from assistant.backends import Backends, Capabilities, kinds, load_kind, make_backend, make_manager
from assistant.backends.common.probe import probe
from assistant.backends.common.queue import FairQueue
from assistant.config import Settings
from assistant.errors import (
    BackendBusy,
    BackendError,
    BackendFailed,
    BackendRefused,
    BackendTimeout,
    BackendUnavailable,
    BackendUnreachable,
    PromptTooLong,
)
from ingest.errors import ConfigError, ModelError
from tests.fake_openai import FakeOpenAI, running

QUESTION = [ChatMessage("¿Cuántos días de vacaciones hay?", role="user")]


def settings(**backends: dict[str, object]) -> Settings:
    return Settings(backends=backends)


def server(url: str, **options: object) -> Settings:
    section = {"kind": "openai-compatible", "model": "m", "base_url": url, "context_window": 4096, **options}
    return settings(remote=section)


async def answer(backend, messages=QUESTION, **options) -> str:
    text = ""
    async with aclosing(await backend.llm.astream_chat(messages, **options)) as pieces:
        async for piece in pieces:
            text += piece.delta
    return text


def test_an_unknown_back_end_gets_a_suggestion() -> None:
    with pytest.raises(ConfigError, match="No back end 'loca' is configured .did you mean 'local'."):
        make_backend("loca", Settings())


def test_an_unknown_kind_lists_the_kinds() -> None:
    with pytest.raises(ConfigError, match="unknown kind 'telepathy': there are .*llama-cpp, .*openai-compatible"):
        make_backend("x", settings(x={"kind": "telepathy"}))


@pytest.mark.parametrize("section", [{"modell": "m"}, {"threads": -1}, {"context_window": "large"}])
def test_a_wrong_option_names_its_key(section) -> None:
    (key,) = section
    with pytest.raises(ConfigError, match=rf"Setting 'backends\.x\.{key}' is wrong"):
        make_backend("x", settings(x={"kind": "llama-cpp", **section}))


def test_a_back_end_is_built_once_and_closed_with_the_rest() -> None:
    backends = Backends(server("http://127.0.0.1:9/v1"))
    assert backends.open("remote") is backends.open("remote")
    backends.close()


TOY = """
from assistant.backends import Backend, Capabilities
from assistant.backends.common.counting import ESTIMATE
from assistant.backends.common.guard import Guard, Timeouts
from assistant.backends.common.llm import GuardedLLM
from assistant.backends.common.pieces import Piece
from ingest.config import Section
from pydantic import Field

class Options(Section):
    words: int = Field(3, description="how many words it says")

CAPABILITIES = Capabilities(notes=("It always says the same.",))

class ToyLLM(GuardedLLM):
    async def pieces(self, messages, options):
        for number in range(int(self.model)):
            yield Piece(f"palabra{number} ")

def build(name, options, settings):
    guard = Guard(f"back end {name!r} (toy)", Timeouts())
    llm = ToyLLM(model=str(options.words), context_window=512, guard=guard, counter=ESTIMATE)
    facts = {"capabilities": CAPABILITIES, "breaker": guard.breaker}
    return Backend(name, "toy", llm.model, llm, 512, ESTIMATE.text, ESTIMATE.chat, **facts)
"""


def test_a_kind_can_come_from_another_package(tmp_path, monkeypatch) -> None:
    (tmp_path / "toy_kind.py").write_text(TOY)
    info = tmp_path / "toy_kind-1.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: toy-kind\nVersion: 1.0\n")
    (info / "entry_points.txt").write_text("[midas.backends]\ntoy = toy_kind\n")
    monkeypatch.syspath_prepend(tmp_path)
    configured = settings(mine={"kind": "toy", "words": 2})
    backend = make_backend("mine", configured)
    assert (backend.name, backend.kind, backend.capabilities.notes) == ("mine", "toy", ("It always says the same.",))
    assert asyncio.run(answer(backend)) == "palabra0 palabra1 "
    assert asyncio.run(probe(backend)).works
    with pytest.raises(PromptTooLong):
        asyncio.run(answer(backend, max_tokens=512))
    with pytest.raises(ModelError, match="Models of the back end 'mine' can't be managed from here"):
        make_manager("mine", configured)
    with pytest.raises(ConfigError, match=r"Setting 'backends\.x\.words' is wrong"):
        make_backend("x", settings(x={"kind": "toy", "words": "many"}))
    with pytest.raises(ConfigError, match=".*llama-cpp, .*openai-compatible, .*toy"):
        make_backend("x", settings(x={"kind": "?"}))
    sys.modules.pop("toy_kind")


@pytest.mark.parametrize("kind", kinds())
def test_every_kind_describes_its_options_and_tells_what_it_can_do(kind) -> None:
    module = load_kind(kind)
    assert isinstance(module.CAPABILITIES, Capabilities)
    for name, field in module.Options.model_fields.items():
        assert field.description, f"{kind}: {name}"
    assert {"model", "fallback", "timeouts"} <= module.Options.model_fields.keys()


def test_the_kinds_are_those_of_the_package() -> None:
    assert kinds() == [
        "foundry-local",
        "llama-cpp",
        "ollama",
        "openai",
        "openai-compatible",
        "tensorrt-llm",
        "tgi",
        "transformers",
        "vllm",
    ]


def test_one_that_can_not_be_opened_is_left_alone_after_some_tries(tmp_path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        url = f"http://127.0.0.1:{listener.getsockname()[1]}/v1"
    backends = Backends(server(url, context_window=None))
    for _ in range(3):
        with pytest.raises(BackendUnreachable):
            backends.open("remote")
    with pytest.raises(BackendUnavailable, match="back end 'remote' failed 3 times in a row and is tried again in"):
        backends.open("remote")
    assert backends.opened() == {}
    breaker = backends.breakers()["remote"]
    assert breaker.state == "open" and breaker.last_error and "can't be reached" in breaker.last_error


def test_why_one_was_not_opened_is_known_after_it_was(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("MIDAS_TEST_NO_KEY", raising=False)
    backends = Backends(server("http://127.0.0.1:9/v1", api_key_env="MIDAS_TEST_NO_KEY"))
    assert backends.breakers() == {}
    with pytest.raises(ConfigError) as caught:
        backends.open("remote")
    assert backends.breakers()["remote"].last_error == caught.value.message
    monkeypatch.setenv("MIDAS_TEST_NO_KEY", "x")
    assert backends.open("remote").breaker is backends.breakers()["remote"]
    assert backends.breakers()["remote"].last_error == caught.value.message


def test_one_that_is_slow_to_open_holds_up_no_other() -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent, running(FakeOpenAI()) as fake:
        slow = {"kind": "vllm", "model": "m", "base_url": f"http://127.0.0.1:{silent.getsockname()[1]}/v1"}
        quick = {"kind": "openai-compatible", "model": "m", "base_url": fake.url}
        backends = Backends(settings(slow=slow, quick=quick))
        opening = threading.Thread(target=_try_to_open, args=(backends, "slow"))
        opening.start()
        connection, _ = silent.accept()
        assert backends.open("quick").name == "quick"
        assert opening.is_alive() and backends.opened().keys() == {"quick"}
        connection.close()
        opening.join()


def _try_to_open(backends: Backends, name: str) -> None:
    with contextlib.suppress(BackendError):
        backends.open(name)


def test_callers_are_served_in_the_order_they_came_and_see_their_position() -> None:
    seen: dict[int, list[int]] = {number: [] for number in range(4)}
    served: list[int] = []

    async def caller(queue: FairQueue, number: int) -> None:
        with queue.join() as place:
            async for ahead in place.positions():
                seen[number].append(ahead)
            served.append(number)
            await asyncio.sleep(0)

    async def run() -> None:
        queue = FairQueue()
        await asyncio.gather(*(caller(queue, number) for number in range(4)))
        assert len(queue) == 0

    asyncio.run(run())
    assert served == [0, 1, 2, 3]
    assert seen == {0: [], 1: [1], 2: [2, 1], 3: [3, 2, 1]}


def test_who_gives_up_waiting_makes_room() -> None:
    async def run() -> list[int]:
        queue, positions, holding = FairQueue(), [], asyncio.Event()
        first = queue.join().__enter__()
        second = asyncio.create_task(wait(queue, []))
        await asyncio.sleep(0)
        third = asyncio.create_task(wait(queue, positions, holding))
        await asyncio.sleep(0.01)
        second.cancel()
        await asyncio.sleep(0.01)
        first.__exit__()
        await holding.wait()
        await third
        return positions

    assert asyncio.run(run()) == [2, 1]


async def wait(queue: FairQueue, positions: list[int], holding: asyncio.Event | None = None) -> None:
    with queue.join() as place:
        async for ahead in place.positions():
            positions.append(ahead)
        if holding:
            holding.set()


def test_a_queue_serves_several_at_a_time_when_told_to() -> None:
    async def run() -> list[int]:
        queue = FairQueue(size=2)
        with queue.join(), queue.join(), queue.join() as third:
            return [queue.ahead(third), len(queue)]

    assert asyncio.run(run()) == [1, 3]


def test_the_queue_is_one_for_all_threads_and_loops() -> None:
    queue, inside, most = FairQueue(), [], []

    async def caller() -> None:
        with queue.join() as place:
            async for _ in place.positions():
                pass
            inside.append(1)
            most.append(len(inside))
            await asyncio.sleep(0.001)
            inside.pop()

    async def some() -> None:
        await asyncio.gather(*(caller() for _ in range(10)))

    threads = [threading.Thread(target=asyncio.run, args=(some(),)) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert (len(most), max(most), len(queue)) == (40, 1, 0)


def test_an_answer_streams_and_its_last_piece_counts_the_tokens() -> None:
    with running(FakeOpenAI(reply=lambda messages: "Hay 23 días.")) as fake:
        backend = make_backend("remote", server(fake.url))

        async def run() -> tuple[list[str], int]:
            async with aclosing(await backend.llm.astream_chat(QUESTION, max_tokens=50)) as pieces:
                chunks = [piece async for piece in pieces]
            return [chunk.delta for chunk in chunks if chunk.delta], chunks[-1].raw.usage.completion_tokens

        assert asyncio.run(run()) == (["Hay ", "23 ", "días."], 3)
        (request,) = fake.requests
        assert request["max_tokens"] == 50 and request["temperature"] == 0


def test_one_back_end_works_in_several_event_loops() -> None:
    with running(FakeOpenAI(reply=lambda messages: "Sí.")) as fake:
        backend = make_backend("remote", server(fake.url))
        assert [asyncio.run(answer(backend)) for _ in range(3)] == ["Sí."] * 3


def test_closing_the_stream_hangs_up() -> None:
    with running(FakeOpenAI(reply=lambda messages: "palabra " * 10_000, token_s=0.01)) as fake:
        backend = make_backend("remote", server(fake.url))

        async def run() -> None:
            pieces = await backend.llm.astream_chat(QUESTION)
            await anext(pieces)
            await pieces.aclose()
            while not fake.disconnects:
                await asyncio.sleep(0.01)

        asyncio.run(run())
        assert fake.disconnects == 1


def test_cancelling_the_task_hangs_up() -> None:
    with running(FakeOpenAI(reply=lambda messages: "palabra " * 10_000, token_s=0.01)) as fake:
        backend = make_backend("remote", server(fake.url))

        async def run() -> None:
            task = asyncio.create_task(answer(backend))
            while not fake.requests:
                await asyncio.sleep(0.01)
            task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await task
            while not fake.disconnects:
                await asyncio.sleep(0.01)

        asyncio.run(run())


def test_a_prompt_that_does_not_fit_is_not_sent() -> None:
    with running(FakeOpenAI()) as fake:
        backend = make_backend("remote", server(fake.url, context_window=512))
        with pytest.raises(PromptTooLong, match="holds 512 in all: shorten the question"):
            asyncio.run(answer(backend, max_tokens=510))
        assert fake.requests == []


@pytest.mark.parametrize(
    ("status", "error", "sentence"),
    [
        (400, BackendRefused, "refused the request (400: because of this): check its settings and its log."),
        (
            401,
            BackendRefused,
            "refused the key (401: because of this): set the environment variable that api_key_env names to a valid key.",
        ),
        (
            404,
            BackendRefused,
            "has no model 'm', or nothing at this address (404: because of this): correct model or base_url; "
            "midas backends check lists what it serves.",
        ),
        (429, BackendBusy, "has too much to do (429: because of this): ask again later, or use another back end."),
        (500, BackendFailed, "failed (500: because of this): check its log, try again."),
    ],
)
def test_a_refusal_carries_the_reason_and_the_remedy(status, error, sentence) -> None:
    with running(FakeOpenAI(error=(status, "because of this"))) as fake:
        with pytest.raises(error) as caught:
            asyncio.run(answer(make_backend("remote", server(fake.url))))
        assert caught.value.message == f"back end 'remote' (openai-compatible at {fake.url}) {sentence}"
        assert len(fake.requests) == 1, "what the server may have worked on is not sent again"


@pytest.mark.parametrize(
    ("reply", "error"),
    [
        (b"", BackendUnreachable),
        (b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nContent-Length: 1000\r\n\r\ndata: {}\n\n", BackendUnreachable),
        (
            b'HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n\r\ndata: {"error": {"message": "out of memory"}}\n\n',
            BackendRefused,
        ),
        (b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n\r\ndata: {garbage\n\n", BackendError),
        (None, BackendTimeout),
    ],
    ids=["hangs up", "cut stream", "error in the stream", "garbage", "silence"],
)
def test_a_broken_server_becomes_one_sentence(reply, error) -> None:
    async def run() -> None:
        async with one_reply(reply) as url:
            await answer(make_backend("remote", server(url, timeouts={"first_token_s": 0.5})))

    with pytest.raises(error) as caught:
        asyncio.run(run())
    assert caught.value.message.startswith("back end 'remote' (openai-compatible at http://127.0.0.1:")


def test_nobody_there() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
    with pytest.raises(BackendUnreachable, match="check that it runs"):
        asyncio.run(answer(make_backend("remote", server(f"http://127.0.0.1:{port}/v1"))))


@contextlib.asynccontextmanager
async def one_reply(reply: bytes | None) -> AsyncIterator[str]:
    """A server that sends these bytes to everybody and hangs up, or stays silent."""

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        if reply is None:
            await reader.read()
        else:
            writer.write(reply)
        writer.close()

    listener = await asyncio.start_server(serve, "127.0.0.1", 0)
    try:
        yield f"http://127.0.0.1:{listener.sockets[0].getsockname()[1]}/v1"
    finally:
        listener.close()
