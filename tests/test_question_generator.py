"""Candidate questions from documents: what a model writes is kept only when the documents bear it out."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Iterator
from typing import Any

import pytest

from assistant.backends import make_backend
from assistant.config import Settings
from assistant.errors import CollectionIsPrivate
from eval.question_checks import check_questions
from eval.question_generator import Outcome, generate, passages
from eval.questions import Question
from eval.quotes import stored_documents
from ingest.pipeline import ingest
from ingest.store import Store
from tests.embedders import HashingEmbedder
from tests.fake_openai import FakeOpenAI, running

LINES = (
    "La reserva se pide en el portal de {0} con {1} días de antelación y la confirma el equipo de {0} por correo. "
    "Quien no pueda acudir lo dice cuanto antes para que otra persona ocupe su sitio."
)
TEXTS = {
    "sedes/olot.txt": "\n\n".join(f"# Norma {n}\n\n{LINES.format(f'Olot {n}', n)}" for n in range(30)),
    "vic.txt": f"# Vic\n\n{LINES.format('Vic', 40)}",
    "desk.txt": "# Desk\n\nThe desk of the reception in Derby is open from 8 to 17, and everybody who visits signs there "
    "before going in. Parcels are kept behind the desk until the people they are meant for come and fetch them.",
    "corto.txt": "# Corto\n\nNada.",
}
VIC = {
    "quote": "La reserva se pide en el portal de Vic con 40 días de antelación",
    "question": "¿Con cuántos días de antelación se pide la reserva en Vic?",
    "answer": "40 días",
}


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Store]:
    base = tmp_path_factory.mktemp("generator")
    settings, embedder = Settings(home=base / "home"), HashingEmbedder()
    for name, text in TEXTS.items():
        path = base / "documents" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    with Store.open(settings, embedder) as opened:
        ingest(opened, embedder, settings, [base / "documents"], "empresa")
        yield opened


@pytest.fixture(scope="module")
def fake() -> Iterator[FakeOpenAI]:
    with running(FakeOpenAI()) as server:
        yield server


def outcomes(store: Store, fake: FakeOpenAI, reply: str, known: list[Question] | None = None, **section: Any) -> list[Outcome]:
    """What comes of a model that always writes the same, for all passages."""
    fake.reply = lambda messages: reply
    fake.requests.clear()
    backends = {"m": {"kind": "openai-compatible", "model": "scripted", "base_url": fake.url, **section}}
    backend = make_backend("m", Settings(backends=backends, default_backend="m"))

    async def collect() -> list[Outcome]:
        return [outcome async for outcome in generate(backend, store, passages(store, ["empresa"], 0), known or [])]

    try:
        return asyncio.run(collect())
    finally:
        backend.close()


def of_vic(store: Store, fake: FakeOpenAI, reply: str, **options: Any) -> Outcome:
    ids = {chunk.id for chunk in passages(store, ["empresa"], 0) if chunk.source == "vic.txt"}
    (outcome,) = (outcome for outcome in outcomes(store, fake, reply, **options) if outcome.passage in ids)
    return outcome


def test_passages_take_turns_between_documents_in_an_order_that_the_seed_decides(store: Store) -> None:
    chosen = passages(store, ["empresa"], 0)
    assert {chunk.source for chunk in chosen[:3]} == {"sedes/olot.txt", "vic.txt", "desk.txt"}
    assert len(chosen) > 4 and {chunk.source for chunk in chosen[3:]} == {"sedes/olot.txt"}
    assert passages(store, ["empresa"], 0) == chosen
    assert {tuple(chunk.id for chunk in passages(store, ["empresa"], seed)) for seed in range(5)} != {
        tuple(chunk.id for chunk in chosen)
    }


def test_a_candidate_names_its_source_and_is_marked(store: Store, fake: FakeOpenAI) -> None:
    question = of_vic(store, fake, json.dumps(VIC)).question
    assert question is not None and question.generated and question.tags == ("generated",)
    assert (question.question, question.reference, question.language) == (VIC["question"], "40 días", "es")
    assert [(source.document, source.page, source.quote) for source in question.sources] == [("vic.txt", None, VIC["quote"])]
    found = check_questions([question], stored_documents(store, ["empresa"]))
    assert [finding.severity for finding in found] == ["warning", "warning"]


def test_the_passage_is_asked_about_in_its_language_and_held_to_a_schema(store: Store, fake: FakeOpenAI) -> None:
    outcomes(store, fake, "No.")
    prompts = [body["messages"][0]["content"] for body in fake.requests]
    assert all(body["response_format"]["json_schema"]["schema"]["required"] for body in fake.requests)
    assert sum(prompt.startswith("You write exam questions") for prompt in prompts) == 1
    assert any(TEXTS["vic.txt"].splitlines()[-1] in prompt for prompt in prompts)


@pytest.mark.parametrize(
    "reply",
    [
        f"Claro:\n```json\n{json.dumps(VIC, indent=1, ensure_ascii=False)}\n```",
        json.dumps(
            VIC | {"quote": f"«la reserva se pide  en el portal de Vic con 40 días» {''}", "why": "x"}, ensure_ascii=False
        ),
    ],
)
def test_what_stands_around_the_reply_does_not_matter(store: Store, fake: FakeOpenAI, reply: str) -> None:
    assert of_vic(store, fake, reply).question is not None


@pytest.mark.parametrize(
    ("change", "why"),
    [
        ({"quote": "La reserva se pide en el portal de Vic con 41 días"}, "the passage does not say the quote"),
        ({"quote": "40 días"}, "the quote is too short"),
        ({"answer": "41 días"}, "the quote does not say the answer"),
        ({"answer": "La reserva"}, "the question gives the answer away"),
        ({"question": "Días de antelación de la reserva"}, "the question is none"),
        ({"question": "¿Con cuánta antelación, según el texto?"}, "the question points to the passage"),
        ({"answer": ""}, "the quote does not say the answer"),
        ({"answer": None}, "the reply is not what was asked for"),
    ],
)
def test_a_reply_that_proves_nothing_is_dropped(store: Store, fake: FakeOpenAI, change: dict[str, Any], why: str) -> None:
    outcome = of_vic(store, fake, json.dumps(VIC | change))
    assert (outcome.question, outcome.why) == (None, why)


@pytest.mark.parametrize("reply", ["No sé.", "{", "[]", '{"quote": "x"}', "} {"])
def test_a_reply_in_another_form_is_dropped(store: Store, fake: FakeOpenAI, reply: str) -> None:
    assert {outcome.why for outcome in outcomes(store, fake, reply)} == {"the reply is not what was asked for"}


def test_a_passage_without_a_reply_does_not_stop_the_others(store: Store, fake: FakeOpenAI) -> None:
    found = outcomes(store, fake, "")
    assert len(found) == len(passages(store, ["empresa"], 0))
    assert {outcome.why for outcome in found} == {"there is no reply (BackendEmpty)"}


def test_passages_with_a_question_are_not_asked_about_again(store: Store, fake: FakeOpenAI) -> None:
    first = of_vic(store, fake, json.dumps(VIC)).question
    assert first is not None
    before = len(fake.requests)
    again = outcomes(store, fake, json.dumps(VIC), known=[first])
    assert len(again) == len(fake.requests) == before - 1
    assert all(outcome.question is None for outcome in again)


def test_the_same_question_is_asked_once(store: Store, fake: FakeOpenAI) -> None:
    reply = {"quote": "la confirma el equipo de Olot", "question": "¿Quién confirma?", "answer": "el equipo"}
    found = outcomes(store, fake, json.dumps(reply))
    (first,) = (outcome for outcome in found if outcome.question)
    later = found[found.index(first) + 1 :]
    assert later and {outcome.why for outcome in later} == {"the question was asked before"}


def test_a_private_collection_never_reaches_a_back_end_in_the_cloud(store: Store, fake: FakeOpenAI) -> None:
    store.set_private("empresa", True)
    try:
        with pytest.raises(CollectionIsPrivate):
            outcomes(store, fake, json.dumps(VIC), cloud=True)
        assert fake.requests == []
        assert outcomes(store, fake, json.dumps(VIC))
    finally:
        store.set_private("empresa", False)
