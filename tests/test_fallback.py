"""Who answers when a back end can't: fallbacks in their order, announced; private collections stay out of the cloud."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, aclosing
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from assistant.assistant import Assistant
from assistant.backends import Backends
from assistant.config import Settings
from assistant.errors import (
    BackendError,
    BackendFailed,
    BackendUnavailable,
    BackendUnreachable,
    CollectionIsPrivate,
    PromptTooLong,
)
from assistant.types import Answer, AnswerEvent, Event, Message, StatusEvent, TokenEvent
from ingest.errors import ConfigError
from ingest.pipeline import ingest
from ingest.store import Store
from tests.embedders import HashingEmbedder
from tests.fake_servers.llama_server import LlamaServer
from tests.fake_servers.script import Script
from tests.fake_servers.server import FakeServer, nobody, running
from tests.fake_servers.wire import MODEL

MENU = "# Comedor\n\nEl menú del día cuesta 6,20 euros para la plantilla. La cafetería cierra los viernes.\n"
NOMINAS = "# Nóminas\n\nLas nóminas de la plantilla se pagan el día 28 de cada mes por transferencia.\n"
QUESTION = "¿Cuánto cuesta el menú del día?"
PAYDAY = "¿Qué día se pagan las nóminas de la plantilla?"
ANSWER = "El menú del día cuesta 6,20 euros [1]."
SILENCE_S = 0.4
PATIENCE_S = 60.0


def words(text: str) -> list[str]:
    return [f"{word} " for word in text.split()]


def says(text: str, **trouble: Any) -> Script:
    return Script(pieces=lambda messages: words(text), **trouble)


@dataclass
class Bench:
    """Two servers, `first` and `second`, and settings whose back ends use them; `uno` is impatient when its server is silent.

    `ask` makes an assistant of its own, so that no circuit is open from before.
    """

    first: FakeServer
    second: FakeServer
    store: Store
    home: Path

    def settings(self, **changes: Any) -> Settings:
        def section(server: FakeServer, **options: Any) -> dict[str, Any]:
            at = {"base_url": server.base_url, "context_window": 4096}
            return {"kind": "openai-compatible", "model": MODEL, **at, **options}

        patience_s = SILENCE_S if self.first.script.silent or self.first.script.stall_after is not None else PATIENCE_S
        timeouts = {"first_token_s": patience_s, "between_tokens_s": patience_s}
        backends = {
            "uno": section(self.first, fallback=["dos"], timeouts=timeouts),
            "dos": section(self.second),
            "solo": section(self.first),
            "nube": section(self.first, cloud=True),
            "nube-con-red": section(self.first, cloud=True, fallback=["dos"]),
        }
        backends.update(changes.pop("backends", {}))
        return Settings(home=self.home, backends=backends, default_backend="uno", **changes)

    def assistant(self, **changes: Any) -> Assistant:
        settings = self.settings(**changes)
        return Assistant(settings, self.store, HashingEmbedder(), Backends(settings))

    def events(self, question: str = QUESTION, assistant: Assistant | None = None, **options: Any) -> list[Event]:
        async def collect() -> list[Event]:
            events = (assistant or self.assistant()).stream(question, **options)
            async with aclosing(events):
                return [event async for event in events]

        return asyncio.run(collect())

    def ask(self, question: str = QUESTION, assistant: Assistant | None = None, **options: Any) -> Answer:
        last = self.events(question, assistant, **options)[-1]
        assert isinstance(last, AnswerEvent)
        return last.answer


@pytest.fixture(scope="module")
def servers(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Bench]:
    home = tmp_path_factory.mktemp("fallback")
    with ExitStack() as stack:
        first, second = (stack.enter_context(running(FakeServer(LlamaServer()))) for _ in range(2))
        settings, embedder = Settings(home=home), HashingEmbedder()
        store = stack.enter_context(Store.open(settings, embedder))
        for collection, text in (("comedor", MENU), ("nóminas", NOMINAS)):
            folder = home / "documents" / collection
            folder.mkdir(parents=True)
            (folder / f"{collection}.md").write_text(text, encoding="utf-8")
            ingest(store, embedder, settings, [folder], collection)
        yield Bench(first, second, store, home)


@pytest.fixture
def bench(servers: Bench) -> Bench:
    """Both servers well, nothing private."""
    servers.first.script, servers.second.script = says(ANSWER), says(ANSWER)
    for name in ("comedor", "nóminas"):
        servers.store.set_private(name, False)
    return servers


def states(events: Sequence[Event]) -> list[str]:
    return [event.state for event in events if isinstance(event, StatusEvent)]


def text_after_fallback(events: Sequence[Event]) -> str:
    """What a reader who heeds the state `fallback` sees."""
    shown = ""
    for event in events:
        if isinstance(event, StatusEvent) and event.state == "fallback":
            shown = ""
        shown += event.text if isinstance(event, TokenEvent) else ""
    return shown.strip()


def test_a_back_end_that_works_answers_itself(bench: Bench) -> None:
    asked = len(bench.second.requests)
    answer = bench.ask()
    assert (answer.text, answer.backend, answer.fallback_from, answer.notices) == (ANSWER, "uno", None, ())
    assert (answer.model, answer.cloud) == (MODEL, False)
    assert len(bench.second.requests) == asked


@pytest.mark.parametrize(
    ("script", "reason"),
    [
        (says(ANSWER, status=500), "«uno» ha fallado"),
        (says(ANSWER, status=429, headers={"Retry-After": "120"}), "«uno» está saturado"),
        (says(ANSWER, silent=True), "«uno» tarda demasiado en responder"),
        (says(ANSWER, cut_after=0), "no se puede contactar con «uno»"),
        (says(""), "«uno» ha fallado"),
    ],
    ids=["error", "busy", "silence", "hangs up", "empty"],
)
def test_a_failure_before_the_first_token_is_answered_by_the_fallback(bench: Bench, script: Script, reason: str) -> None:
    bench.first.script = script
    events = bench.events()
    last = events[-1]
    assert isinstance(last, AnswerEvent)
    assert (last.answer.text, last.answer.backend, last.answer.fallback_from) == (ANSWER, "dos", "uno")
    sentence = f"{reason[0].upper()}{reason[1:]}; en su lugar responde «dos»."
    assert last.answer.notices == (sentence,)
    (announced,) = (event for event in events if isinstance(event, StatusEvent) and event.state == "fallback")
    assert (announced.backend, announced.notice) == ("dos", sentence)
    assert states(events) == ["searching", "reading", "fallback", "reading", "writing"]


@pytest.mark.parametrize("trouble", ["cut_after", "stall_after", "error_after"])
def test_an_answer_that_breaks_off_begins_anew_visibly(bench: Bench, trouble: str) -> None:
    bench.first.script = says("El menú del día vale mucho dinero en todas partes.", **{trouble: 6})
    events = bench.events()
    last = events[-1]
    assert isinstance(last, AnswerEvent)
    assert last.answer.notices == ("La respuesta de «uno» se interrumpió; en su lugar responde «dos».",)
    assert "vale" in "".join(event.text for event in events if isinstance(event, TokenEvent))
    assert text_after_fallback(events) == last.answer.text == ANSWER


def test_without_a_fallback_the_failure_is_one_sentence_and_the_next_question_is_answered(bench: Bench) -> None:
    assistant = bench.assistant()
    bench.first.script = says(ANSWER, cut_after=3)
    with pytest.raises(BackendUnreachable, match=r"^back end 'solo' .*\.$"):
        bench.ask(assistant=assistant, backend="solo")
    bench.first.script = says(ANSWER)
    assert bench.ask(assistant=assistant, backend="solo").text == ANSWER


def test_an_open_circuit_sends_the_question_to_the_fallback_at_once(bench: Bench) -> None:
    assistant = bench.assistant()
    bench.first.script = says(ANSWER, status=500)
    for _ in range(3):
        with pytest.raises(BackendFailed):
            bench.ask(assistant=assistant, backend="solo")
    with pytest.raises(BackendUnavailable):
        bench.ask(assistant=assistant, backend="solo")
    for _ in range(3):
        bench.ask(assistant=assistant)
    asked = len(bench.first.requests)
    answer = bench.ask(assistant=assistant)
    assert answer.notices == ("«uno» ha fallado varias veces y está en pausa; en su lugar responde «dos».",)
    assert len(bench.first.requests) == asked


def test_a_server_that_hangs_holds_up_no_question_for_another(bench: Bench) -> None:
    async def ask(assistant: Assistant, hung: socket.socket) -> Answer:
        loop = asyncio.get_running_loop()
        loop.set_default_executor(ThreadPoolExecutor(2))
        stuck = [asyncio.create_task(assistant.ask(QUESTION, backend="colgado")) for _ in range(4)]
        connection, _ = await loop.sock_accept(hung)
        with connection:
            answer = await assistant.ask(QUESTION, backend="solo")
            assert not any(task.done() for task in stuck)
        for task in stuck:
            task.cancel()
        await asyncio.gather(*stuck, return_exceptions=True)
        return answer

    with socket.create_server(("127.0.0.1", 0)) as hung:
        hung.setblocking(False)
        section = {"kind": "vllm", "model": "m", "base_url": f"http://127.0.0.1:{hung.getsockname()[1]}/v1"}
        assert asyncio.run(ask(bench.assistant(backends={"colgado": section}), hung)).text == ANSWER


def test_fallbacks_are_tried_in_their_order_and_all_are_named(bench: Bench) -> None:
    bench.first.script = says(ANSWER, status=500)
    with nobody() as address:
        chain = bench.settings().backends["uno"] | {"fallback": ["ausente", "solo", "dos"]}
        absent = bench.settings().backends["dos"] | {"base_url": f"{address}/v1"}
        answer = bench.ask(assistant=bench.assistant(backends={"uno": chain, "ausente": absent}))
    assert (answer.backend, answer.fallback_from) == ("dos", "uno")
    assert answer.notices == (
        "«uno» ha fallado, no se puede contactar con «ausente» y «solo» ha fallado; en su lugar responde «dos».",
    )


def test_when_nobody_can_answer_one_sentence_tells_of_all(bench: Bench) -> None:
    bench.first.script, bench.second.script = says(ANSWER, status=500), says(ANSWER, cut_after=0)
    with pytest.raises(BackendError, match="No back end could answer: back end 'uno' .*; back end 'dos' ") as caught:
        bench.ask()
    assert caught.value.message.endswith(".") and caught.value.message.count("\n") == 0


def test_a_back_end_that_can_not_be_opened_has_a_fallback_too(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("MIDAS_TEST_NO_KEY", raising=False)
    section = bench.settings().backends["uno"] | {"api_key_env": "MIDAS_TEST_NO_KEY"}
    answer = bench.ask(assistant=bench.assistant(backends={"uno": section}))
    assert answer.notices == ("«uno» ha fallado; en su lugar responde «dos».",)


def test_an_english_answer_has_english_notices(bench: Bench) -> None:
    bench.first.script = says(ANSWER, silent=True)
    answer = bench.ask("How much is the menú del día, in euros?", language="en")
    assert answer.notices == ("“uno” takes too long to answer; “dos” answers in its place.",)


@pytest.mark.parametrize(
    ("fallback", "sentence"),
    [
        (["dso"], "uno can't fall back to 'dso', there are dos, solo, nube, nube-con-red"),
        (["uno"], "uno can't fall back to 'uno'"),
        ("dos", "fallback of uno must be a list"),
    ],
)
def test_a_fallback_must_be_another_back_end(bench: Bench, fallback: object, sentence: str) -> None:
    backends = bench.settings().backends
    with pytest.raises(ConfigError, match=f"Setting 'backends' is wrong .*{sentence}"):
        Settings.load(backends={**backends, "uno": {**backends["uno"], "fallback": fallback}})


# Private collections


def test_a_cloud_is_refused_for_a_private_collection_and_nothing_is_sent(bench: Bench) -> None:
    bench.store.set_private("nóminas", True)
    asked = len(bench.first.requests)
    for collections in (["nóminas"], ["comedor", "nóminas"], None):
        with pytest.raises(CollectionIsPrivate) as caught:
            bench.ask(PAYDAY, backend="nube", collections=collections)
        assert caught.value.message == (
            "Collection nóminas is private and back end 'nube' is in the cloud: choose a local back end, or other collections."
        )
    assert len(bench.first.requests) == asked
    answer = bench.ask(backend="nube", collections=["comedor"])
    assert (answer.text, answer.cloud, answer.backend) == (ANSWER, True, "nube")


def test_a_local_fallback_answers_from_a_private_collection(bench: Bench) -> None:
    bench.store.set_private("nóminas", True)
    bench.second.script = says("Las nóminas se pagan el día 28 de cada mes.")
    asked = len(bench.first.requests)
    answer = bench.ask(PAYDAY, backend="nube-con-red", collections=["nóminas"])
    assert (answer.declined, answer.backend, answer.cloud, answer.fallback_from) == (False, "dos", False, "nube-con-red")
    assert answer.notices == (
        "La colección «nóminas» es privada y «nube-con-red» está en la nube; en su lugar responde «dos».",
    )
    assert len(bench.first.requests) == asked


def test_a_cloud_is_no_fallback_for_a_private_collection(bench: Bench) -> None:
    bench.store.set_private("nóminas", True)
    bench.second.script = says(ANSWER, status=500)
    section = bench.settings().backends["dos"] | {"fallback": ["nube"]}
    asked = len(bench.first.requests)
    with pytest.raises(BackendError, match="Collection nóminas is private and back end 'nube' is in the cloud"):
        bench.ask(PAYDAY, assistant=bench.assistant(backends={"dos": section}), backend="dos", collections=["nóminas"])
    assert len(bench.first.requests) == asked


def test_what_was_said_about_private_collections_does_not_follow_to_the_cloud(bench: Bench) -> None:
    bench.store.set_private("nóminas", True)
    history = [
        Message("user", "¿Cuánto gana la directora?", ("nóminas",)),
        Message("assistant", "La directora gana 91.000 euros.", ("nóminas",)),
        Message("user", "¿Cuánto cuesta el menú?", ("comedor",)),
        Message("assistant", "Cuesta 6,20 euros.", ("comedor",)),
    ]
    follow_up = "¿Y eso incluye el menú del día de la cafetería?"
    answer = bench.ask(follow_up, backend="nube", collections=["comedor"], history=history)
    sent = str(bench.first.requests[-1]["messages"])
    assert "directora" not in sent and "¿Cuánto cuesta el menú?" in sent
    assert answer.notices == ("Lo hablado antes sobre colecciones privadas no se envió a «nube», que está en la nube.",)
    bench.ask(follow_up, backend="solo", collections=["comedor"], history=history[:2])
    assert "directora" in str(bench.first.requests[-1]["messages"])


def test_turns_that_name_no_collections_stay_away_from_the_cloud_while_one_is_private(bench: Bench) -> None:
    history = [Message("user", "¿Cuánto gana la directora?"), Message("assistant", "La directora gana 91.000 euros.")]
    follow_up = "¿Y eso incluye el menú del día de la cafetería?"
    open_to_all = bench.ask(follow_up, backend="nube", collections=["comedor"], history=history)
    assert open_to_all.notices == () and "directora" in str(bench.first.requests[-1]["messages"])
    bench.store.set_private("nóminas", True)
    bench.second.script = says(ANSWER, status=500)
    section = bench.settings().backends["dos"] | {"fallback": ["nube"]}
    assistant = bench.assistant(backends={"dos": section})
    answer = bench.ask(follow_up, assistant, backend="dos", collections=["comedor"], history=history)
    assert (answer.backend, answer.fallback_from) == ("nube", "dos")
    assert "directora" not in str(bench.first.requests[-1]["messages"])
    assert answer.notices[1:] == ("Lo hablado antes sobre colecciones privadas no se envió a «nube», que está en la nube.",)


def test_an_exchange_names_all_the_collections_that_were_searched(bench: Bench) -> None:
    both = ("comedor", "nóminas")
    assert {source.collection for source in bench.ask(collections=["comedor"]).sources} == {"comedor"}
    assert bench.ask(collections=both).exchange == (Message("user", QUESTION, both), Message("assistant", ANSWER, both))
    assert {message.collections for message in bench.ask("¿Quién ganó el mundial femenino de ajedrez?").exchange} == {both}


# The window


def test_a_small_window_shrinks_the_evidence_visibly(bench: Bench) -> None:
    section = bench.settings().backends["uno"] | {"context_window": 700}
    answer = bench.ask(assistant=bench.assistant(backends={"uno": section}))
    usual = Settings().answer.evidence_tokens
    assert 50 <= answer.evidence_budget < usual
    assert answer.notices == (
        f"En «uno» caben 700 tokens: el modelo leyó {answer.evidence_budget} tokens de los documentos en vez de {usual}.",
    )
    assert bench.ask().evidence_budget == usual


def test_reasoning_takes_its_share_of_the_window(bench: Bench) -> None:
    window = bench.settings().backends["uno"] | {"context_window": 1024}
    plain = bench.ask(assistant=bench.assistant(backends={"uno": window}))
    thinking = bench.ask(assistant=bench.assistant(backends={"uno": window | {"thinking_tokens": 400}}))
    assert thinking.evidence_budget < plain.evidence_budget and not thinking.fallback_from


def test_a_window_without_room_is_refused_or_left_to_a_fallback(bench: Bench) -> None:
    asked = len(bench.first.requests)
    long_answers, small = {"max_tokens": 400}, {"context_window": 512}
    alone = bench.settings().backends["solo"] | small
    with pytest.raises(PromptTooLong, match="leaves back end 'solo' no room for evidence .its window holds 512 tokens."):
        bench.ask(assistant=bench.assistant(backends={"solo": alone}, answer=long_answers), backend="solo")
    backed = bench.settings().backends["uno"] | small
    answer = bench.ask(assistant=bench.assistant(backends={"uno": backed}, answer=long_answers))
    assert answer.notices == ("La pregunta no cabe en «uno»; en su lugar responde «dos».",)
    assert len(bench.first.requests) == asked


# Where it was made


def test_a_question_that_reaches_no_model_says_so(bench: Bench) -> None:
    declined = bench.ask("¿Quién ganó el mundial femenino de ajedrez?", backend="nube")
    assert declined.declined and not declined.asked_model
    bench.first.script = says("No lo encuentro en los documentos.")
    assert bench.ask(backend="nube").asked_model


def test_warming_up_settles_for_a_fallback(bench: Bench) -> None:
    bench.first.script = says(ANSWER, status=500)
    asked = len(bench.second.requests)
    asyncio.run(bench.assistant().warm_up())
    assert len(bench.second.requests) > asked
    bench.second.script = says(ANSWER, status=500)
    with pytest.raises(BackendError, match="No back end could answer"):
        asyncio.run(bench.assistant().warm_up())
