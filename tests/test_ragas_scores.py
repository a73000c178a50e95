"""Ragas's figures against a judge with known verdicts, over real HTTP."""

from __future__ import annotations

import asyncio
import hashlib
import importlib
import sys
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from pydantic import BaseModel

from assistant.backends.common.dialect import openai_schema
from assistant.errors import BackendUnreachable
from assistant.types import Source
from eval.judge import Judge, open_judge
from eval.judge_prompts import FOLDER, checksums, original_text, prompt_name, translation
from eval.metrics import JUDGE
from eval.progress import RunProgress
from eval.questions import Question
from eval.ragas_scores import KINDS, JudgeLLM, ProductEmbedding, ragas_scores, with_prompts
from eval.rows import AnswerRow, Key, ScoreRow
from ingest.errors import MissingExtra
from ingest.types import Vectors
from tests.fake_openai import FakeOpenAI, running
from tests.scripted_judge import Verdicts, judge_settings

ASKED = "¿Cuánto se paga por kilómetro?"
WRITTEN = "Se pagan 0,26 euros [1]. Hace falta factura. [2]"
SAID = "Se pagan 0,26 euros. Hace falta factura."
REFERENCE = "Se pagan 0,26 euros por kilómetro con vehículo propio y autorización."
CONTEXTS = (
    "El kilometraje se paga a 0,26 euros.",
    "Las oficinas abren a las ocho.",
    "El vehículo propio necesita autorización.",
)
VERDICTS = Verdicts(
    splits={
        SAID: ["El kilómetro se paga a 0,26 euros.", "El pago exige factura."],
        REFERENCE: ["Son 0,26 euros por kilómetro.", "Es con vehículo propio.", "Hace falta autorización."],
    },
    true=frozenset({"El kilómetro se paga a 0,26 euros.", "Son 0,26 euros por kilómetro."}),
    useful=frozenset({CONTEXTS[0], CONTEXTS[2]}),
    attributed={REFERENCE: {"Son 0,26 euros.": 1, "Es con vehículo propio.": 1, "Hace falta autorización.": 0}},
    asks={SAID: ("¿A cuánto está el kilómetro?", 0), "No sabría decirlo.": ("¿Qué es?", 1)},
)
QUESTION = Question(id="q", question=ASKED, language="es", answerable=True, reference=REFERENCE)
EXPECTED = {
    "faithfulness": 1 / 2,
    "answer_relevancy": 0.6,
    "context_precision": (1 / 1 + 2 / 3) / 2,
    "context_recall": 2 / 3,
    "factual_correctness": 0.4,  # one of two claims is true, two of the reference are missing
    "semantic_similarity": 0.8,
}


class PlaneEmbedder:
    """Vectors in a plane: every text with the cosine to the others that the expected values are computed from."""

    name, dimension, max_tokens = "plane", 2, 512
    vectors = {ASKED: (1.0, 0.0), "¿A cuánto está el kilómetro?": (0.6, 0.8), REFERENCE: (0.0, 1.0), SAID: (0.6, 0.8)}

    def embed_passages(self, texts: Sequence[str]) -> Vectors:
        return np.stack([self.embed_query(text) for text in texts])

    def embed_query(self, text: str) -> Vectors:
        return np.asarray(self.vectors.get(text, (1.0, 0.0)), np.float32)

    def count_tokens(self, texts: Sequence[str]) -> list[int]:
        return [len(text.split()) for text in texts]


@pytest.fixture
def fake() -> Iterator[FakeOpenAI]:
    with running(FakeOpenAI(VERDICTS.reply)) as server:
        yield server


def answer(backend: str = "small", text: str = WRITTEN, question: str = "q") -> AnswerRow:
    sources = tuple(_source(number, text) for number, text in enumerate(CONTEXTS, 1))
    return AnswerRow(Key(question, backend), "ok", "es", text, sources=sources)


def _source(number: int, text: str) -> Source:
    return Source(number, f"c{number}", "normas", "d", "viajes.md", "Viajes", None, None, (), None, text, text, 0.9)


def scored(
    home: Path, fake: FakeOpenAI, rows: Sequence[AnswerRow], questions: Sequence[Question] = (QUESTION,),
    metrics: Sequence[str] = tuple(KINDS), known: Sequence[ScoreRow] = (), private: Sequence[str] = (), **options: object,
) -> list[ScoreRow]:  # fmt: skip
    async def work() -> list[ScoreRow]:
        async with open_judge("judge", judge_settings(home, fake, **options), private) as judge:
            told: list[RunProgress] = []
            scores = ragas_scores(questions, rows, judge, PlaneEmbedder(), metrics, told.append, known)
            found = [score async for score in scores]
            assert [(at.done, at.total) for at in told] == [(number, len(found)) for number in range(len(found) + 1)]
            return found

    return asyncio.run(work())


def values(rows: Sequence[ScoreRow]) -> dict[str, float | None]:
    return {row.metric: row.value for row in rows}


def test_every_metric_has_the_value_that_the_verdicts_make(tmp_path: Path, fake: FakeOpenAI) -> None:
    rows = scored(tmp_path, fake, [answer()])
    assert values(rows) == pytest.approx(EXPECTED, abs=1e-6)
    assert {row.status for row in rows} == {"ok"}
    assert {row.metric for row in rows if row.scorer == "rule"} == {"semantic_similarity"}
    assert len({row.scorer for row in rows}) == 2


def test_the_registry_knows_every_metric() -> None:
    assert [metric.name for metric in JUDGE] == list(KINDS)


def test_the_judge_reads_spanish_and_must_keep_to_the_schema(tmp_path: Path, fake: FakeOpenAI) -> None:
    scored(tmp_path, fake, [answer()], metrics=["faithfulness"])
    split, verdicts = fake.requests
    system, user = (message["content"] for message in verdicts["messages"])
    assert system.startswith("Tu tarea es juzgar la fidelidad") and "Juan estudia la carrera de Biología." in system
    assert user.startswith("\nHaz ahora lo mismo con la siguiente entrada") and '"El pago exige factura."' in user
    assert verdicts["temperature"] == 0 and verdicts["max_tokens"] == 2048
    schema = verdicts["response_format"]["json_schema"]["schema"]
    assert verdicts["response_format"] == openai_schema(schema)["response_format"]
    assert schema["properties"]["statements"]["minItems"] == schema["properties"]["statements"]["maxItems"] == 2
    assert schema["$defs"]["StatementFaithfulnessAnswer"]["properties"]["verdict"]["enum"] == [0, 1]
    assert "minItems" not in split["response_format"]["json_schema"]["schema"]["properties"]["statements"]


def test_english_questions_are_judged_with_ragas_own_prompts(tmp_path: Path, fake: FakeOpenAI) -> None:
    english = QUESTION.model_copy(update={"language": "en"})
    rows = scored(tmp_path, fake, [answer()], [english])
    assert values(rows) == pytest.approx(EXPECTED, abs=1e-6)
    assert fake.requests[0]["messages"][0]["content"].startswith("Given a question and an answer, analyze")


def test_an_evasive_answer_is_not_relevant(tmp_path: Path, fake: FakeOpenAI) -> None:
    rows = scored(tmp_path, fake, [answer(text="No sabría decirlo.")], metrics=["answer_relevancy"])
    assert values(rows) == {"answer_relevancy": 0.0}


def test_what_was_judged_is_not_judged_again(tmp_path: Path, fake: FakeOpenAI) -> None:
    first = scored(tmp_path, fake, [answer()])
    asked = len(fake.requests)
    assert values(scored(tmp_path, fake, [answer("large")])) == values(first)
    assert len(fake.requests) == asked
    assert scored(tmp_path, fake, [answer()], known=first) == []


def test_another_model_at_the_same_address_is_another_judge(tmp_path: Path, fake: FakeOpenAI) -> None:
    first = scored(tmp_path, fake, [answer()], metrics=["faithfulness"])
    second = scored(tmp_path, fake, [answer()], metrics=["faithfulness"], model="another")
    assert len(fake.requests) == 4
    assert first[0].scorer != second[0].scorer


def test_refusals_and_errors_are_told_apart(tmp_path: Path, fake: FakeOpenAI) -> None:
    declined = replace(answer(), status="declined", decline_reason="model_declined", text="No lo sé.")
    failed = replace(
        answer(), status="error", text="", sources=(), error="The server is gone.", error_kind="BackendUnreachable"
    )
    open_question = QUESTION.model_copy(update={"reference": None})
    rows = scored(tmp_path, fake, [declined])
    assert {(row.status, row.why) for row in rows} == {("not_applicable", "the answer was declined")}
    rows = scored(tmp_path, fake, [failed])
    assert {(row.status, row.value, row.why) for row in rows} == {("failed", None, "BackendUnreachable")}
    rows = scored(tmp_path, fake, [answer()], [open_question])
    assert {row.metric for row in rows if row.status == "ok"} == {"faithfulness", "answer_relevancy"}
    assert {row.why for row in rows if row.status == "not_applicable"} == {"the question has no reference"}


def test_no_verdict_is_a_failure_and_is_tried_again(tmp_path: Path, fake: FakeOpenAI) -> None:
    fake.reply = replace(VERDICTS, broken=frozenset({SAID})).reply
    rows = scored(tmp_path, fake, [answer()])
    failed = {row.metric: row.value for row in rows if "gave no verdict in the form" in str(row.why)}
    assert failed == dict.fromkeys(("faithfulness", "answer_relevancy", "factual_correctness"))
    fake.reply = VERDICTS.reply
    again = scored(tmp_path, fake, [answer()], known=rows)
    assert values(again) == pytest.approx(
        {row.metric: EXPECTED[row.metric] for row in rows if row.status == "failed"}, abs=1e-6
    )


@pytest.mark.parametrize(
    ("reply", "why"),
    [
        ('{"statements": []}', "found no statement to judge"),
        ('{"statements": [{"statement": "a", "reason": "", "verdict": 1}]}', "judged 1 of 2 statements"),
        (
            '{"statements": [{"statement": "a", "reason": "", "verdict": 2}, {"statement": "a", "reason": "", "verdict": 1}]}',
            "2",
        ),
    ],
)
def test_half_a_verdict_is_none(tmp_path: Path, fake: FakeOpenAI, reply: str, why: str) -> None:
    fake.reply = lambda messages: reply if "fidelidad" in messages[0]["content"] else VERDICTS.reply(messages)
    (row,) = scored(tmp_path, fake, [answer()], metrics=["faithfulness"])
    assert row.status == "failed" and row.value is None and why in str(row.why)


def test_a_dead_judge_fails_every_row_and_loses_none(tmp_path: Path, fake: FakeOpenAI) -> None:
    fake.error = (500, "out of memory")
    rows = scored(tmp_path, fake, [answer(), answer("large")])
    assert len(rows) == 2 * len(KINDS)
    assert {row.metric for row in rows if row.status == "ok"} == {"semantic_similarity"}


def test_a_judge_that_is_not_there_is_told_at_once(tmp_path: Path) -> None:
    with pytest.raises(BackendUnreachable, match="can't be reached"):
        scored(tmp_path, FakeOpenAI(url="http://127.0.0.1:9/v1"), [answer()])
    assert not (tmp_path / "judges").exists()


def test_private_passages_do_not_reach_a_judge_in_the_cloud(tmp_path: Path, fake: FakeOpenAI) -> None:
    rows = scored(tmp_path, fake, [answer()], private=["normas"], cloud=True)
    assert {row.status for row in rows if row.metric != "semantic_similarity"} == {"failed"}
    assert "is private" in str(rows[0].why) and not fake.requests
    assert {row.status for row in scored(tmp_path, fake, [answer()], private=["otra"], cloud=True)} == {"ok"}


def test_a_window_that_is_too_small_is_told(tmp_path: Path, fake: FakeOpenAI) -> None:
    (row,) = scored(tmp_path, fake, [answer()], metrics=["faithfulness"], context_window=512)
    assert "leaves it no room for a verdict" in str(row.why)


def test_without_the_extra_it_is_told_which(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in [name for name in sys.modules if name.split(".")[0] == "ragas"]:
        monkeypatch.setitem(sys.modules, name, None)
    monkeypatch.delitem(sys.modules, "eval.ragas_scores")
    with pytest.raises(MissingExtra, match=r"^A judge needs the package ragas.*run pip install 'midas-assistant\[judge\]'\.$"):
        importlib.import_module("eval.ragas_scores")


def test_nothing_phones_home() -> None:
    from ragas._analytics import do_not_track

    assert do_not_track()


def test_the_prompts_are_those_that_were_reviewed() -> None:
    assert (FOLDER / "SHA256SUMS").read_text(encoding="utf-8") == checksums()


class _NoJudge(Judge):
    def __init__(self) -> None:
        """Nothing is asked."""


@pytest.mark.parametrize("name", [name for name, kind in KINDS.items() if kind.judged])
def test_the_translations_are_of_this_version_of_ragas(name: str) -> None:
    metric = KINDS[name].make(JudgeLLM(_NoJudge()), ProductEmbedding(PlaneEmbedder()))
    originals = [value for key, value in vars(metric).items() if key.endswith("prompt")]
    assert originals
    for original in originals:
        found = translation(original, "es")
        examples = getattr(original, "_all_examples", {}).get(("high", "high"), original.examples)
        assert found.original_sha256 == hashlib.sha256(original_text(original, examples).encode()).hexdigest()
        assert len(found.examples) == len(examples)
        for told, (given, wanted) in zip(found.examples, examples, strict=True):
            assert _shape(told.input) == _shape(given.model_dump())
            assert _shape(told.output) == _shape(wanted.model_dump())
            assert _numbers(told.output) == _numbers(wanted.model_dump()), prompt_name(original)
    with_prompts(metric, "es")


def _shape(value: object) -> object:
    """The same fields and as many entries, whatever the words."""
    if isinstance(value, dict):
        return {key: _shape(inner) for key, inner in value.items()}
    return [_shape(inner) for inner in value] if isinstance(value, list) else type(value).__name__


def _numbers(value: object) -> list[int]:
    """The verdicts in their order."""
    if isinstance(value, BaseModel | int):
        return [value] if isinstance(value, int) else []
    inner = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    return [number for each in inner for number in _numbers(each)]
