"""The gate over the whole product: a run, the prompt made worse, a run again. The model is scripted: it does as it is told."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from assistant import generation
from assistant.config import Settings
from assistant.prompts import Language, prompt
from eval.evaluation import begin, carry_out
from eval.gate import gate
from eval.plan import make_plan
from eval.runs import Run
from ingest.pipeline import ingest
from ingest.store import Store
from tests.embedders import HashingEmbedder
from tests.fake_openai import FakeOpenAI, Messages, running
from tests.serving import QUESTION_EN, QUESTION_ES, scripted, write_documents

WORSE = "Contesta en inglés a lo que te pregunten, aunque no lo sepas."
QUESTIONS: list[dict[str, Any]] = [
    {"id": "days", "question": QUESTION_ES, "language": "es", "answerable": True, "facts": [["25"]],
     "sources": [{"document": "vacaciones.txt", "quote": "25 días laborables"}]},
    {"id": "hours", "question": QUESTION_EN, "language": "en", "answerable": True, "facts": [["4 hours"]],
     "sources": [{"document": "laptops.md", "quote": "within 4 hours"}]},
]  # fmt: skip


def obedient(messages: Messages) -> str:
    """From the passages when the prompt asks for that, else something or other."""
    return "It depends on many different things, my friend." if messages[0]["content"] == WORSE else scripted(messages)


class Product:
    """Runs over two documents, each with the prompts of the moment."""

    def __init__(self, base: Path, store: Store, settings: Settings) -> None:
        self._questions = base / "preguntas.jsonl"
        self._questions.write_text("\n".join(json.dumps(question) for question in QUESTIONS), encoding="utf-8")
        self._store, self._settings = store, settings

    def run(self) -> Run:
        plan = make_plan(
            str(self._questions), ["scripted"], None, repeats=1, limit=None, live=False, command="midas eval run"
        )  # fmt: skip
        run = begin(plan, self._settings, self._store, new=True)
        work = carry_out(run, self._settings, self._store, HashingEmbedder(), None, lambda progress: None, lambda: False)
        return asyncio.run(work)


@pytest.fixture(scope="module")
def product(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Product]:
    base = tmp_path_factory.mktemp("gate")
    with running(FakeOpenAI(reply=obedient)) as fake:
        section = {"kind": "openai-compatible", "model": "scripted", "base_url": fake.url}
        settings = Settings(home=base / "home", backends={"scripted": section}, default_backend="scripted")
        with Store.open(settings, HashingEmbedder()) as store:
            ingest(store, HashingEmbedder(), settings, [write_documents(base / "documents")], "empresa")
            yield Product(base, store, settings)


def test_a_prompt_made_worse_is_stopped_and_the_same_one_passes(product: Product, monkeypatch: pytest.MonkeyPatch) -> None:
    before = product.run()
    again = product.run()
    assert {row.value for row in before.scores() if row.metric in ("correct", "good", "hit@5")} == {1.0}
    assert gate(before, again, 0.0).passed

    def worse(language: Language, purpose: str) -> str:
        return WORSE if purpose == "system" else prompt(language, purpose)

    monkeypatch.setattr(generation, "prompt", worse)
    after = product.run()
    assert [row.evidence for row in after.answers()] == [row.evidence for row in before.answers()]
    result = gate(before, after)
    failed = {check.metric for check in result.failures}
    assert {"correct", "good"} <= failed and "recall@5" not in failed
    change = result.diff.of("scripted", "correct")
    assert change is not None and change.worse == ("days", "hours")
