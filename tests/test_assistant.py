"""The whole way of a question: real store, real retrieval, real HTTP to a scripted model."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from contextlib import aclosing
from dataclasses import dataclass
from typing import Any

import pytest

from assistant.assistant import Assistant
from assistant.backends import Backends
from assistant.config import Settings
from assistant.types import Answer, AnswerEvent, Event, Message, StatusEvent, TokenEvent
from ingest.errors import CollectionNotFound, ConfigError
from ingest.pipeline import ingest
from ingest.store import Store
from tests.embedders import HashingEmbedder
from tests.fake_openai import FakeOpenAI, running

DOCUMENTS = {
    "comedor.md": "# Comedor\n\nEl menú del día cuesta 6,20 euros para la plantilla. La cafetería cierra los viernes.\n",
    "viajes.md": "# Viajes\n\nLa dieta completa en España es de 53,34 euros por día. El kilometraje se paga a 0,26 euros.\n",
    "laptops.md": "# Laptop policy\n\nA lost laptop must be reported to the IT desk within 4 hours of the loss.\n",
}


@dataclass
class Bench:
    """An assistant over three documents; `fake.reply` is what its model says."""

    assistant: Assistant
    fake: FakeOpenAI

    def ask(self, question: str, **options: Any) -> Answer:
        return asyncio.run(self.assistant.ask(question, **options))

    def events(self, question: str, **options: Any) -> list[Event]:
        async def collect() -> list[Event]:
            async with aclosing(self.assistant.stream(question, **options)) as events:
                return [event async for event in events]

        return asyncio.run(collect())

    def says(self, text: str) -> None:
        self.fake.reply = lambda messages: text

    @property
    def prompt(self) -> str:
        return str(self.fake.requests[-1]["messages"][-1]["content"])


@pytest.fixture(scope="module")
def bench(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Bench]:
    home = tmp_path_factory.mktemp("assistant")
    folder = home / "documents"
    folder.mkdir()
    for name, text in DOCUMENTS.items():
        (folder / name).write_text(text, encoding="utf-8")
    with running(FakeOpenAI()) as fake:
        section = {"kind": "openai-compatible", "model": fake.model, "base_url": fake.url}
        telling = {**section, "kind": "vllm", "context_window": 4096}
        named = {"scripted": section, "cloudy": {**section, "cloud": True}, "telling": telling}
        settings = Settings(home=home / "data", backends=named, default_backend="scripted")
        embedder, backends = HashingEmbedder(), Backends(settings)
        with Store.open(settings, embedder) as store:
            ingest(store, embedder, settings, [folder], "empresa")
            yield Bench(Assistant(settings, store, embedder, backends), fake)
        backends.close()


def test_an_answer_is_cited_grounded_and_timed(bench: Bench) -> None:
    bench.says("La dieta completa en España es de 53,34 euros por día.")
    answer = bench.ask("¿Cuánto es la dieta completa en España?")
    assert answer.text == "La dieta completa en España es de 53,34 euros por día [1]."
    assert (answer.declined, answer.grounded, answer.language) == (False, True, "es")
    [citation] = answer.citations
    source = answer.sources[citation.number - 1]
    assert (source.document, citation.quote) == ("viajes.md", "La dieta completa en España es de 53,34 euros por día.")
    assert answer.usage.prompt_tokens == 100
    timings = answer.timings
    assert None not in (
        timings.embed_ms,
        timings.dense_ms,
        timings.lexical_ms,
        timings.context_ms,
        timings.ttft_ms,
        timings.total_ms,
    )


def test_the_stream_says_what_is_going_on_and_ends_with_the_answer(bench: Bench) -> None:
    bench.says("El menú del día cuesta 6,20 euros [1].")
    events = bench.events("¿Cuánto cuesta el menú del día?")
    states = [event.state for event in events if isinstance(event, StatusEvent)]
    assert states == ["searching", "reading", "writing"]
    written = "".join(event.text for event in events if isinstance(event, TokenEvent))
    last = events[-1]
    assert isinstance(last, AnswerEvent)
    assert written == last.answer.text == "El menú del día cuesta 6,20 euros [1]."


@pytest.mark.parametrize("refusal", ["No lo encuentro en los documentos.", "Los fragmentos no indican ese dato."])
def test_what_the_model_declines_is_declined_with_the_nearest_passages(bench: Bench, refusal: str) -> None:
    bench.says(refusal)
    answer = bench.ask("¿Cuánto cuesta el menú infantil?")
    assert (answer.text, answer.declined, answer.decline_reason) == (
        "No lo encuentro en los documentos.",
        True,
        "model_declined",
    )
    assert answer.sources[0].document == "comedor.md"
    assert answer.citations == ()


QUESTION = "¿Cuánto cuesta el menú del día?"


def first_tokens(answer: dict[str, float], approval: dict[str, float]) -> Any:
    """What the model would begin with, and what it says when it is asked whether it stands by its answer."""
    return lambda messages: approval if messages[-1]["content"].startswith("¿Los fragmentos dicen") else answer


def test_an_answer_that_the_model_does_not_stand_by_is_declined(bench: Bench) -> None:
    bench.says("El menú del día cuesta 6,20 euros.")
    bench.fake.candidates = first_tokens({"El": 0.8, "No": 0.2}, {"No": 0.7, "Sí": 0.3})
    answer = bench.ask(QUESTION, backend="telling")
    assert (answer.declined, answer.decline_reason, answer.citations) == (True, "model_declined", ())
    asked_again = bench.fake.requests[-1]
    assert [message["role"] for message in asked_again["messages"]] == ["system", "user", "assistant", "user"]
    assert asked_again["messages"][:2] == bench.fake.requests[-2]["messages"] and asked_again["max_tokens"] == 1
    assert answer.usage.prompt_tokens >= 200


def test_an_answer_that_the_model_stands_by_is_given(bench: Bench) -> None:
    bench.says("El menú del día cuesta 6,20 euros.")
    bench.fake.candidates = first_tokens({"El": 0.8, "No": 0.2}, {"No": 0.2, "Sí": 0.8})
    answer = bench.ask(QUESTION, backend="telling")
    assert (answer.declined, answer.text) == (False, "El menú del día cuesta 6,20 euros [1].")
    assert answer.usage.completion_tokens == 2 * answer.usage.check_tokens > 0, "this model says the same again"


def test_a_model_that_is_certain_is_asked_once(bench: Bench) -> None:
    bench.says("El menú del día cuesta 6,20 euros.")
    bench.fake.candidates = first_tokens({"El": 0.999, "No": 0.001}, {"No": 0.9, "Sí": 0.1})
    before = len(bench.fake.requests)
    answer = bench.ask(QUESTION, backend="telling")
    assert (answer.declined, answer.usage.check_tokens) == (False, 0)
    assert len(bench.fake.requests) == before + 1


def test_a_model_that_would_rather_refuse_is_stopped_at_once(bench: Bench) -> None:
    bench.says("El menú del día cuesta 6,20 euros.")
    bench.fake.candidates = first_tokens({"No": 0.6, "El": 0.4}, {"Sí": 1.0})
    answer = bench.ask(QUESTION, backend="telling")
    assert (answer.declined, answer.decline_reason) == (True, "model_declined")


def test_a_refusal_is_never_shown_token_by_token(bench: Bench) -> None:
    bench.says("No lo encuentro en los documentos.")
    assert not [event for event in bench.events("¿Cuánto cuesta el menú infantil?") if isinstance(event, TokenEvent)]


def test_an_invented_answer_is_declined(bench: Bench) -> None:
    bench.says("El menú del día cuesta 9,99 euros [1].")
    answer = bench.ask("¿Cuánto cuesta el menú del día?")
    assert (answer.declined, answer.decline_reason) == (True, "not_grounded")
    assert "9,99" not in answer.text


def test_a_question_about_nothing_in_the_documents_never_reaches_the_model(bench: Bench) -> None:
    before = len(bench.fake.requests)
    answer = bench.ask("¿Quién ganó el mundial femenino de ajedrez?")
    assert (answer.declined, answer.decline_reason) == (True, "weak_evidence")
    assert len(bench.fake.requests) == before


def test_english_questions_get_english_prompts_and_refusals(bench: Bench) -> None:
    bench.says("I can't find it in the documents.")
    answer = bench.ask("When must a lost laptop be reported to the police?")
    assert (answer.language, answer.text) == ("en", "I can't find it in the documents.")
    assert bench.prompt.startswith("Excerpts:")


def test_a_follow_up_is_understood_with_the_question_before(bench: Bench) -> None:
    bench.says("El kilometraje se paga a 0,26 euros [1].")
    history = [Message("user", "¿Cuánto es la dieta completa en España?"), Message("assistant", "Son 53,34 euros por día [1].")]
    answer = bench.ask("¿Y el kilometraje?", history=history)
    assert not answer.declined
    assert "Pregunta anterior: ¿Cuánto es la dieta completa en España?" in bench.prompt
    assert answer.question == "¿Y el kilometraje?"


def test_the_fixed_part_of_the_prompt_comes_first_and_never_changes(bench: Bench) -> None:
    bench.says("El menú del día cuesta 6,20 euros.")
    for question in ("¿Cuánto cuesta el menú del día?", "¿Cuándo cierra la cafetería?"):
        bench.ask(question)
    first, second = (request["messages"][0] for request in bench.fake.requests[-2:])
    assert first == second and first["role"] == "system"


def test_a_cloud_back_end_is_named_in_the_answer(bench: Bench) -> None:
    bench.says("El menú del día cuesta 6,20 euros.")
    answer = bench.ask("¿Cuánto cuesta el menú del día?", backend="cloudy")
    assert (answer.backend, answer.cloud) == ("cloudy", True)
    assert not bench.ask("¿Cuánto cuesta el menú del día?").cloud


def test_closing_the_stream_stops_the_model(bench: Bench) -> None:
    bench.says("El menú del día cuesta 6,20 euros. " * 200)
    bench.fake.token_s = 0.02
    before = bench.fake.disconnects

    async def leave_early() -> None:
        async with aclosing(bench.assistant.stream("¿Cuánto cuesta el menú del día?")) as events:
            async for event in events:
                if isinstance(event, TokenEvent):
                    return

    async def wait_for_disconnect() -> None:
        while bench.fake.disconnects == before:
            await asyncio.sleep(0.02)

    asyncio.run(leave_early())
    asyncio.run(asyncio.wait_for(wait_for_disconnect(), 20))
    bench.fake.token_s = 0.0
    bench.says("El menú del día cuesta 6,20 euros.")
    assert not bench.ask("¿Cuánto cuesta el menú del día?").declined


@pytest.mark.parametrize(
    ("options", "error", "sentence"),
    [
        ({"question": "  "}, ConfigError, "The question is empty: write one."),
        ({"question": "¿Qué?", "backend": "nube"}, ConfigError, "nube"),
        ({"question": "¿Qué?", "collections": ["otra"]}, CollectionNotFound, "empresa"),
    ],
)
def test_wrong_use_is_one_sentence(bench: Bench, options: dict[str, Any], error: type[Exception], sentence: str) -> None:
    with pytest.raises(error, match=sentence):
        bench.ask(**options)


def test_search_gives_each_legs_scores(bench: Bench) -> None:
    best = bench.assistant.search("dieta completa en España", ["empresa"]).hits[0]
    assert best.stored.source == "viajes.md"
    assert best.dense is not None and best.lexical is not None
