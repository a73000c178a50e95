"""What every back end keeps to, whatever its kind. A kind's test inherits one of these classes and has a fixture `stage`.

`GeneralContract` asks of the model nothing but that it writes, so that real servers can be held to it too; `FailureContract`
needs a scripted server that fails on command.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Mapping, Sequence
from contextlib import aclosing, suppress
from dataclasses import dataclass
from typing import Protocol

import pytest
from llama_index.core.base.llms.types import ChatMessage, ChatResponse

from assistant.backends import Backend, make_backend
from assistant.backends.common.pieces import TokenCounts
from assistant.config import Settings
from assistant.errors import (
    BackendBusy,
    BackendEmpty,
    BackendError,
    BackendFailed,
    BackendRefused,
    BackendTimeout,
    BackendUnavailable,
    BackendUnreachable,
    PromptTooLong,
)
from tests.fake_servers.script import Messages, Script
from tests.fake_servers.server import FakeServer, nobody

NAME = "probado"
KEY_VARIABLE = "MIDAS_TEST_KEY"
KEY = "sk-prueba-0123456789"
QUESTION = "¿Cuántos días de vacaciones corresponden al año? Responde en una frase."
TRICKY = ["El ñandú ", "🦜 y la fami", "lia 👩🏽‍👩🏽‍👧🏽 dice", "n: «¿qué", " tal?» e", "\u0301 日本", "語 \U0001d11e."]
"""Characters of two to four bytes, joined emoji, a combining accent; pieces end in the middle of what is drawn as one."""
SHORT_S = 0.3
"""A timeout that a server on this machine keeps when it is well."""


@dataclass(frozen=True)
class Answered:
    """An answer with the pieces that it came in; `whole` is the text of the last response."""

    pieces: Sequence[str]
    whole: str
    usage: TokenCounts

    @property
    def text(self) -> str:
        return "".join(self.pieces)


class Stage(Protocol):
    """A server that is ready, and back ends for it."""

    kind: str

    def backend(self, **options: object) -> Backend:
        """A back end of the settings' section with these options added; the stage closes it."""

    def working(self) -> int | None:
        """How many questions the server is at work on; None when it doesn't tell."""

    def writes(self, pieces: Sequence[str]) -> None:
        """The next answers are these, where the server can be told what to write."""

    def slow(self) -> None:
        """The next answers take longer than a test, where the server can be told so."""

    def silent_before_the_first_token(self) -> Backend:
        """A back end whose patience the server exceeds; so the next."""

    def silent_after_some_tokens(self) -> Backend: ...

    def recovers(self) -> None:
        """The server writes as it did at first."""


class Scripted(Stage, Protocol):
    """A stage whose server does what a script says."""

    server: FakeServer

    def at(self, base_url: str) -> Backend:
        """A back end for another address."""


class ModelStage:
    """A stage with a real model: it writes what it likes, and is slow enough by nature for a very short timeout."""

    kind: str
    first_token_s = 0.005

    def __init__(self) -> None:
        self._open: list[Backend] = []

    def settings(self, options: Mapping[str, object]) -> Settings:
        """Those of a back end `NAME` with these options."""
        raise NotImplementedError

    def backend(self, **options: object) -> Backend:
        self._open.append(make_backend(NAME, self.settings(options)))
        return self._open[-1]

    def writes(self, pieces: Sequence[str]) -> None:
        """The model writes what it likes."""

    def slow(self) -> None:
        """It is."""

    def silent_before_the_first_token(self) -> Backend:
        return self.backend(timeouts={"first_token_s": self.first_token_s})

    def silent_after_some_tokens(self) -> Backend:
        return self.backend(timeouts={"between_tokens_s": 0.0001})

    def recovers(self) -> None:
        """It never failed."""

    def close(self) -> None:
        while self._open:
            self._open.pop().close()


def prompt(text: str = QUESTION) -> list[ChatMessage]:
    return [ChatMessage("Eres un asistente.", role="system"), ChatMessage(text, role="user")]


async def read(backend: Backend, text: str = QUESTION, max_tokens: int = 24) -> Answered:
    responses: list[ChatResponse] = []
    async with aclosing(await backend.llm.astream_chat(prompt(text), max_tokens=max_tokens)) as stream:
        responses = [response async for response in stream]
    pieces = [response.delta for response in responses if response.delta]
    return Answered(pieces, responses[-1].message.content or "", usage_of(responses[-1]))


def usage_of(response: ChatResponse) -> TokenCounts:
    assert response.raw is not None and response.raw.usage is not None, "the last response has the usage"
    usage: TokenCounts = response.raw.usage
    return usage


def ask(backend: Backend, text: str = QUESTION, max_tokens: int = 24) -> Answered:
    return asyncio.run(read(backend, text, max_tokens))


async def until(true: Callable[[], object]) -> None:
    """Waits for as long as pytest lets it."""
    while not await asyncio.to_thread(true):
        await asyncio.sleep(0.02)


def section(kind: str, options: Mapping[str, object]) -> Settings:
    return Settings(backends={NAME: {"kind": kind, **options}})


def is_one_sentence(error: BackendError, kind: str, address: str | None) -> None:
    """It names back end, kind and address, says what to do, and is neither several lines nor a page."""
    message = str(error)
    assert f"back end '{NAME}'" in message and kind in message, message
    assert address is None or address in message, message
    assert ": " in message and message.endswith(".") and "\n" not in message and len(message) < 600, message
    assert "<html" not in message and "Traceback" not in message and KEY not in message, message


def is_refused_or_read_whole(stage: Stage, backend: Backend, words: int) -> None:
    """A prompt of so many words, though the settings promise more than the server holds."""
    try:
        answer = ask(backend, "palabra " * words, max_tokens=2)
    except PromptTooLong as error:
        is_one_sentence(error, stage.kind, backend.address)
    else:
        assert not backend.capabilities.rejects_long_prompts
        assert answer.usage.prompt_tokens >= words


class GeneralContract:
    """Needs nothing but a model that writes."""

    def test_an_answer_comes_in_pieces(self, stage: Stage) -> None:
        answer = ask(stage.backend())
        assert len(answer.pieces) > 1
        assert answer.text.strip() and answer.whole == answer.text

    def test_a_whole_answer_can_be_had(self, stage: Stage) -> None:
        response = asyncio.run(stage.backend().llm.achat(prompt(), max_tokens=8))
        assert response.message.content and response.message.content.strip()
        assert usage_of(response).completion_tokens > 0

    def test_the_answer_is_no_longer_than_asked(self, stage: Stage) -> None:
        stage.writes([f"{number} " for number in range(100)])
        answer = ask(stage.backend(), "Cuenta de uno a mil.", max_tokens=3)
        assert 0 < answer.usage.completion_tokens <= 3

    def test_tokens_are_counted_and_it_is_said_by_whom(self, stage: Stage) -> None:
        backend = stage.backend()
        usage = ask(backend).usage
        assert usage.prompt_tokens > 5 and usage.completion_tokens > 0
        counted_here = backend.capabilities.usage_in_stream is False
        assert usage.counted_by == (backend.counted_by if counted_here else "server")

    def test_closing_the_stream_stops_the_server(self, stage: Stage) -> None:
        stage.slow()
        backend = stage.backend()

        async def run() -> None:
            stream = await backend.llm.astream_chat(prompt("Cuenta de uno a mil."), max_tokens=400)
            while not (await anext(stream)).delta:
                pass
            await stream.aclose()
            await until(lambda: not stage.working())

        asyncio.run(run())

    def test_cancelling_the_task_stops_the_server(self, stage: Stage) -> None:
        stage.slow()
        backend = stage.backend()

        async def run() -> None:
            task = asyncio.create_task(read(backend, "Cuenta de uno a mil.", 400))
            await until(lambda: stage.working() != 0)
            task.cancel()
            with suppress(asyncio.CancelledError):
                await task
            await until(lambda: not stage.working())

        asyncio.run(run())

    def test_a_prompt_that_does_not_fit_is_refused_before_it_is_sent(self, stage: Stage) -> None:
        backend = stage.backend(context_window=512)
        with pytest.raises(PromptTooLong, match="holds 512 in all") as caught:
            ask(backend, "palabra " * 600)
        is_one_sentence(caught.value, stage.kind, backend.address)
        with pytest.raises(PromptTooLong):
            ask(backend, max_tokens=512)
        assert not stage.working()

    def test_characters_come_whole(self, stage: Stage) -> None:
        stage.writes(TRICKY)
        answer = ask(stage.backend(), f"Repite exactamente: {''.join(TRICKY)}", max_tokens=60)
        assert answer.text and "\ufffd" not in answer.text
        answer.text.encode("utf-8")

    def test_questions_at_the_same_time_get_answers_each(self, stage: Stage) -> None:
        backend = stage.backend()

        async def run() -> list[Answered]:
            return await asyncio.gather(*(read(backend, f"Di el número {number}.", 8) for number in range(4)))

        assert all(answer.text.strip() for answer in asyncio.run(run()))
        assert len(backend.queue) == 0

    def test_one_back_end_works_in_several_event_loops(self, stage: Stage) -> None:
        backend = stage.backend()
        assert all(ask(backend, max_tokens=4).text for _ in range(3))

    def test_it_tells_how_it_is(self, stage: Stage) -> None:
        backend = stage.backend()
        health = asyncio.run(backend.health())
        assert health.reachable and health.error is None
        assert backend.breaker.state == "closed" and backend.breaker.last_error is None

    def test_silence_before_the_first_token(self, stage: Stage) -> None:
        backend = stage.silent_before_the_first_token()
        with pytest.raises(BackendTimeout, match=r"did not send the first token within .* s: .*first_token_s") as caught:
            ask(backend)
        is_one_sentence(caught.value, stage.kind, backend.address)
        asyncio.run(until(lambda: not stage.working()))

    def test_silence_in_the_middle_of_an_answer(self, stage: Stage) -> None:
        backend = stage.silent_after_some_tokens()
        with pytest.raises(BackendTimeout, match=r"did not send the next token .* within .*between_tokens_s") as caught:
            ask(backend)
        is_one_sentence(caught.value, stage.kind, backend.address)
        asyncio.run(until(lambda: not stage.working()))

    def test_after_a_timeout_the_next_question_works(self, stage: Stage) -> None:
        with pytest.raises(BackendTimeout):
            ask(stage.silent_before_the_first_token())
        stage.recovers()
        assert ask(stage.backend()).text.strip()


class FailureContract(GeneralContract):
    """Needs a scripted server. Every failure ends in one sentence, and nothing is sent twice that could be done twice."""

    def fails(self, stage: Scripted, kind: type[BackendError], backend: Backend | None = None) -> BackendError:
        backend = backend or stage.backend()
        with pytest.raises(kind) as caught:
            ask(backend)
        is_one_sentence(caught.value, stage.kind, backend.address)
        assert backend.breaker.last_error == caught.value.message
        return caught.value

    def works_again(self, stage: Scripted) -> None:
        stage.recovers()
        assert ask(stage.backend()).text == "Hay 23 días."

    # What was said is what arrives

    def test_the_answer_is_what_the_server_wrote(self, stage: Scripted) -> None:
        assert list(ask(stage.backend()).pieces) == ["Hay ", "23 ", "días."]

    def test_the_request_is_what_was_asked(self, stage: Scripted) -> None:
        ask(stage.backend(), max_tokens=77)
        (request,) = stage.server.requests
        sent = stage.server.wire.messages(request)
        assert [(message["role"], message["content"]) for message in sent] == [
            ("system", "Eres un asistente."),
            ("user", QUESTION),
        ]
        assert stage.server.wire.answer_tokens(request) == 77 and stage.server.wire.streams(request)

    def test_the_tokens_are_those_the_server_counted(self, stage: Scripted) -> None:
        usage = ask(stage.backend()).usage
        held = stage.server.wire.prompt_tokens(stage.server.requests[0])
        assert (usage.prompt_tokens, usage.completion_tokens, usage.counted_by) == (held, 3, "server")

    def test_characters_in_parts_are_put_together(self, stage: Scripted) -> None:
        stage.server.script = Script(lambda messages: TRICKY, bytewise=True)
        assert ask(stage.backend()).text == "".join(TRICKY)

    def test_each_question_gets_its_own_answer(self, stage: Scripted) -> None:
        stage.server.script = Script(_echo, token_s=0.01)
        backend = stage.backend()

        async def run() -> list[str]:
            return [answer.text for answer in await asyncio.gather(*(read(backend, f"pregunta {n}") for n in range(8)))]

        assert asyncio.run(run()) == [f"eco: pregunta {number}" for number in range(8)]

    def test_no_more_questions_are_sent_at_once_than_configured(self, stage: Scripted) -> None:
        stage.server.script = Script(_echo, token_s=0.01)
        backend = stage.backend(concurrency=2)

        async def one(number: int) -> None:
            async with backend.slot():
                await read(backend, f"pregunta {number}")

        async def run() -> None:
            await asyncio.gather(*(one(number) for number in range(6)))

        asyncio.run(run())
        assert (stage.server.answered, stage.server.most_at_work) == (6, 2)

    # Who does not answer

    def test_nobody_listens(self, stage: Scripted) -> None:
        with nobody() as root:
            backend = stage.at(f"{root}{stage.server.wire.base}")
            error = self.fails(stage, BackendUnreachable, backend)
            assert "can't be reached" in error.message and "check that it runs" in error.message
            health = asyncio.run(backend.health())
            assert not health.reachable and health.error
        self.works_again(stage)

    def test_silence_without_even_a_header(self, stage: Scripted) -> None:
        stage.server.script = Script(silent=True)
        self.fails(stage, BackendTimeout, stage.backend(timeouts={"first_token_s": SHORT_S}))
        asyncio.run(until(lambda: not stage.working()))
        assert stage.server.hung_up == len(stage.server.requests) == 1, "what may have been begun is not asked again"
        self.works_again(stage)

    # Who refuses

    def test_a_wrong_key(self, stage: Scripted, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture) -> None:
        caplog.set_level(logging.DEBUG)
        stage.server.key = "another"
        monkeypatch.setenv(KEY_VARIABLE, KEY)
        backend = stage.backend(api_key_env=KEY_VARIABLE)
        error = self.fails(stage, BackendRefused, backend)
        assert "401" in error.message and "key" in error.message
        assert stage.server.keys == [KEY]
        assert KEY not in caplog.text and KEY not in repr(backend) and KEY not in repr(error) and KEY not in str(error.__dict__)
        assert KEY not in repr(asyncio.run(backend.health()))

    def test_a_key_that_every_page_echoes(self, stage: Scripted, monkeypatch: pytest.MonkeyPatch) -> None:
        stage.server.key, stage.server.echoes = "another", True
        monkeypatch.setenv(KEY_VARIABLE, KEY)
        backend = stage.backend(api_key_env=KEY_VARIABLE)
        assert "401: Incorrect API key provided: (key)" in self.fails(stage, BackendRefused, backend).message
        assert "401: Incorrect API key provided: (key)" in str(asyncio.run(backend.health()).error)

    def test_the_right_key(self, stage: Scripted, monkeypatch: pytest.MonkeyPatch) -> None:
        stage.server.key = KEY
        monkeypatch.setenv(KEY_VARIABLE, KEY)
        assert ask(stage.backend(api_key_env=KEY_VARIABLE)).text == "Hay 23 días."

    def test_an_unknown_model(self, stage: Scripted) -> None:
        error = self.fails(stage, BackendRefused, stage.backend(model="no-existe"))
        assert "no-existe" in error.message

    def test_a_busy_server_is_asked_again_when_it_said(self, stage: Scripted) -> None:
        stage.server.script = Script(status=429, headers={"Retry-After": "0.05"}, failures=1)
        assert ask(stage.backend()).text == "Hay 23 días."
        assert len(stage.server.requests) == 2

    def test_a_server_that_stays_busy_is_left_alone(self, stage: Scripted) -> None:
        stage.server.script = Script(status=429, headers={"Retry-After": "3600"})
        error = self.fails(stage, BackendBusy)
        assert error.retry_after_s == 3600 and "429" in error.message and "3600 s" in error.message
        assert len(stage.server.requests) == 1

    def test_a_busy_server_that_names_no_time_is_not_pressed(self, stage: Scripted) -> None:
        stage.server.script = Script(status=429)
        assert self.fails(stage, BackendBusy).retry_after_s is None
        assert len(stage.server.requests) == 1

    def test_an_internal_error(self, stage: Scripted) -> None:
        stage.server.script = Script(status=500)
        assert "500" in self.fails(stage, BackendFailed).message
        assert len(stage.server.requests) == 1
        self.works_again(stage)

    def test_a_prompt_longer_than_the_servers_window_is_not_cut_silently(self, stage: Scripted) -> None:
        stage.server.window = 300
        is_refused_or_read_whole(stage, stage.backend(context_window=32_000), 1000)

    # Who breaks off

    @pytest.mark.parametrize("tokens", [0, 2])
    def test_the_connection_breaks(self, stage: Scripted, tokens: int) -> None:
        stage.server.script = Script(cut_after=tokens)
        self.fails(stage, BackendUnreachable)
        assert len(stage.server.requests) == 1, "what may have been begun is not asked again"
        self.works_again(stage)

    @pytest.mark.parametrize("tokens", [0, 2])
    def test_the_answer_stops_without_its_end(self, stage: Scripted, tokens: int) -> None:
        stage.server.script = Script(end_after=tokens)
        self.fails(stage, BackendError)

    @pytest.mark.parametrize("tokens", [0, 2])
    def test_an_error_in_the_middle_of_an_answer(self, stage: Scripted, tokens: int) -> None:
        stage.server.script = Script(error_after=tokens)
        self.fails(stage, BackendError)
        self.works_again(stage)

    @pytest.mark.parametrize(
        "body",
        [
            bytes(range(256)) * 8,
            b"data: {garbage\n\n",
            b'data: {"unexpected": [1, 2, {"choices": 3}]}\n\n',
            b'data: {"choices": "none"}\n\ndata: [1]\n\n',
            b"<html><head><title>Portal</title></head><body>Inicie sesi\xc3\xb3n</body></html>",
            b"\xff\xfe\x00" * 50 + b"\n\n",
            b"",
        ],
        ids=["bytes", "broken JSON", "another object", "wrong types", "a login page", "no text", "nothing"],
    )
    def test_garbage(self, stage: Scripted, body: bytes) -> None:
        stage.server.script = Script(body=body)
        self.fails(stage, BackendError)
        self.works_again(stage)

    @pytest.mark.parametrize("pieces", [[], ["", ""], ["\n", "  "]], ids=["no token", "empty tokens", "white space"])
    def test_an_empty_answer(self, stage: Scripted, pieces: list[str]) -> None:
        stage.server.script = Script(lambda messages: pieces)
        backend = stage.backend()
        with pytest.raises(BackendEmpty) as caught:
            ask(backend)
        is_one_sentence(caught.value, stage.kind, backend.address)
        assert backend.breaker.state == "closed"

    def test_who_fails_often_is_left_alone(self, stage: Scripted) -> None:
        stage.server.script = Script(status=500)
        backend = stage.backend()
        while backend.breaker.state == "closed":
            self.fails(stage, BackendFailed, backend)
        asked, last, at = len(stage.server.requests), backend.breaker.last_error, backend.breaker.last_error_at
        for _ in range(2):
            with pytest.raises(BackendUnavailable, match="tried again in .* s") as caught:
                ask(backend)
            assert caught.value.message.count("times in a row") == 1
        assert len(stage.server.requests) == asked > 1
        assert backend.breaker.state == "open" and at is not None
        assert (backend.breaker.last_error, backend.breaker.last_error_at) == (last, at), "its own refusal is no error of it"

    def test_no_connection_stays_open(self, stage: Scripted) -> None:
        backend = stage.backend()
        for trouble in (Script(), Script(cut_after=1), Script(status=500), Script()):
            stage.server.script = trouble
            with suppress(BackendError):
                ask(backend)
        asyncio.run(until(lambda: not stage.working()))

    def test_it_tells_what_the_server_tells(self, stage: Scripted) -> None:
        backend = stage.backend()
        health = asyncio.run(backend.health())
        assert health.models == stage.server.wire.listed
        assert backend.capabilities.lists_models


def _echo(messages: Messages) -> list[str]:
    return [
        "eco: ",
        *(f"{word} " for word in str(messages[-1]["content"]).split()[:-1]),
        str(messages[-1]["content"]).split()[-1],
    ]
