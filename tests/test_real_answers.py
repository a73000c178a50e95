"""A few questions about the sample corpus, answered by the embedded models as an employee gets them."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from pathlib import Path

import pytest

from assistant.assistant import Assistant
from assistant.backends import Backends
from assistant.config import Settings
from assistant.types import Answer
from eval.facts import contains_facts
from ingest.embedder import make_embedder
from ingest.pipeline import ingest
from ingest.store import Store

pytestmark = pytest.mark.real

DOCUMENTS = Path(__file__).parent.parent / "corpora" / "midas" / "documents" / "sistemas"
"""Enough to tell one document from another; `benchmarks/answers.py` asks about all of them."""


@pytest.fixture(scope="module")
def assistant(answering_home: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Assistant]:
    home = tmp_path_factory.mktemp("answers")
    (home / "models").symlink_to(answering_home / "models", target_is_directory=True)
    settings = Settings(home=home)
    embedder, backends = make_embedder(settings), Backends(settings)
    with Store.open(settings, embedder) as store:
        ingest(store, embedder, settings, [DOCUMENTS], "midas")
        yield Assistant(settings, store, embedder, backends)
    backends.close()


def ask(assistant: Assistant, question: str) -> Answer:
    return asyncio.run(assistant.ask(question, collections=["midas"]))


@pytest.fixture(scope="module")
def spanish(assistant: Assistant) -> Answer:
    return ask(assistant, "¿Cada cuánto había que cambiar la contraseña según la norma de 2021?")


@pytest.fixture(scope="module")
def english(assistant: Assistant, spanish: Answer) -> Answer:
    return ask(assistant, "How long does IT keep the traffic logs?")


@pytest.fixture(scope="module")
def declined(assistant: Assistant, english: Answer) -> Answer:
    """After an answer in Spanish and one in English; the documents say much about the matter, so that the model is asked."""
    return ask(assistant, "¿A qué dirección externa se reenviaban las facturas en el ataque de phishing de febrero?")


@pytest.mark.parametrize(
    ("which", "fact", "document"), [("spanish", "90", "contrasenas-2021.txt"), ("english", "180", "acceptable-use.docx")]
)
def test_an_answer_has_the_fact_and_cites_the_document(
    request: pytest.FixtureRequest, which: str, fact: str, document: str
) -> None:
    answer: Answer = request.getfixturevalue(which)
    assert contains_facts(answer.text, [[fact]]), answer.text
    assert [answer.sources[citation.number - 1].document for citation in answer.citations] == [document]
    assert answer.grounded and answer.usage.prompt_tokens > 0


def test_what_the_documents_do_not_say_is_declined(declined: Answer) -> None:
    assert declined.declined, declined.text
    assert declined.sources and not declined.citations


def test_the_fixed_prompt_stays_in_the_cache(declined: Answer) -> None:
    assert declined.usage.cached_tokens > 50
