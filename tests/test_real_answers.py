"""A few questions about the sample corpus, answered by the embedded models as an employee gets them."""

from __future__ import annotations

import asyncio
import shutil
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

DOCUMENTS = Path(__file__).parent.parent / "corpora" / "midas" / "documents"
FOLDERS = ("sistemas", "producto", "personas")
"""Enough to tell one document from another; `benchmarks/answers.py` asks about all of them."""


@pytest.fixture(scope="module")
def assistant(answering_home: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Assistant]:
    home, documents = tmp_path_factory.mktemp("answers"), tmp_path_factory.mktemp("documents")
    for folder in FOLDERS:
        shutil.copytree(DOCUMENTS / folder, documents / folder)
    (home / "models").symlink_to(answering_home / "models", target_is_directory=True)
    settings = Settings(home=home)
    embedder, backends = make_embedder(settings), Backends(settings)
    with Store.open(settings, embedder) as store:
        ingest(store, embedder, settings, [documents], "midas")
        yield Assistant(settings, store, embedder, backends)
    backends.close()


def ask(assistant: Assistant, question: str) -> Answer:
    return asyncio.run(assistant.ask(question, collections=["midas"]))


@pytest.mark.parametrize(
    ("question", "fact", "document"),
    [
        ("¿Cada cuánto había que cambiar la contraseña según la norma de 2021?", "90", "sistemas/contrasenas-2021.txt"),
        ("¿Qué exactitud tiene el MP-300?", "0.075", "producto/ficha-mp300.pdf"),
        ("How long does IT keep the traffic logs?", "180", "sistemas/acceptable-use.docx"),
    ],
)
def test_an_answer_has_the_fact_and_cites_the_document(assistant: Assistant, question: str, fact: str, document: str) -> None:
    answer = ask(assistant, question)
    assert contains_facts(answer.text, [[fact]]), answer.text
    assert [answer.sources[citation.number - 1].document for citation in answer.citations] == [document]
    assert answer.grounded and answer.usage.prompt_tokens > 0


@pytest.mark.parametrize(
    "question", ["¿Qué marca de café hay en las máquinas?", "How many reports did the Ethics Channel receive in 2025?"]
)
def test_what_the_documents_do_not_say_is_declined(assistant: Assistant, question: str) -> None:
    answer = ask(assistant, question)
    assert answer.declined, answer.text
    assert answer.sources and not answer.citations


def test_the_fixed_prompt_stays_in_the_cache(assistant: Assistant) -> None:
    ask(assistant, "¿Qué exactitud tiene el MP-300?")
    assert ask(assistant, "¿En qué año se lanzó la pasarela MG-10?").usage.cached_tokens > 50
