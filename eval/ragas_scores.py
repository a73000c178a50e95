"""Ragas 0.4: faithfulness, answer relevancy, context precision and recall, factual correctness, semantic similarity.

Ragas counts, the product asks: a judge is any back end (`eval.judge`), prompts are ours (`eval.judge_prompts`), embeddings are
those that search uses. Importing this module takes seconds. Raises MissingExtra.

Ragas's settings here: answer relevancy makes one question of an answer, as a judge at temperature 0 would make the same one
three times; factual correctness breaks texts into all their single claims (atomicity and coverage `high`), as with Ragas's
`low` an invented detail may be left out.
"""

from __future__ import annotations

import asyncio
import math
import os
from collections.abc import AsyncGenerator, Awaitable, Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from time import perf_counter
from typing import Any, TypeVar

from pydantic import BaseModel

from assistant.citations import strip_markers
from eval.extras import extra
from eval.judge import Judge, JudgeFailed
from eval.judge_prompts import JudgePrompt, PromptText
from eval.marking import Absent, score_row
from eval.progress import Countdown, Progress
from eval.questions import Question
from eval.rows import AnswerRow, ScoreRow
from ingest.errors import MidasError
from ingest.types import Embedder

os.environ["RAGAS_DO_NOT_TRACK"] = "true"  # read once, when it is imported
with extra("judge", "A judge"):
    from ragas.embeddings.base import BaseRagasEmbedding
    from ragas.llms.base import InstructorBaseRagasLLM
    from ragas.metrics import collections as ragas
    from ragas.metrics.collections.base import BaseMetric
    from ragas.metrics.collections.faithfulness.util import NLIStatementInput, NLIStatementOutput, NLIStatementPrompt

Form = TypeVar("Form", bound=BaseModel)

DECIMALS = 6


@dataclass(frozen=True, slots=True)
class _Kind:
    """A metric of Ragas: what makes it, and what its `ascore` takes. `judged` tells that a judge is asked."""

    make: Callable[[JudgeLLM, ProductEmbedding], BaseMetric]
    takes: tuple[str, ...]
    judged: bool = True


class JudgeLLM(InstructorBaseRagasLLM):
    """A judge, as Ragas asks it."""

    def __init__(self, judge: Judge) -> None:
        self._judge = judge

    def generate(self, prompt: str, response_model: type[Form]) -> Form:
        raise NotImplementedError("judges are asked asynchronously: use agenerate()")

    async def agenerate(self, prompt: str, response_model: type[Form]) -> Form:
        """Raises what `Judge.ask` raises."""
        assert isinstance(prompt, PromptText)
        return await self._judge.ask(prompt, response_model)


class ProductEmbedding(BaseRagasEmbedding):
    """The product's embedder, as Ragas asks it. Both of two texts are embedded as queries: they are compared with each other,
    which with the passages' prefix on one of them only would pull apart."""

    def __init__(self, embedder: Embedder) -> None:
        super().__init__()
        self._embedder = embedder

    def embed_text(self, text: str, **kwargs: Any) -> list[float]:
        vector: list[float] = self._embedder.embed_query(text).tolist()
        return vector

    async def aembed_text(self, text: str, **kwargs: Any) -> list[float]:
        return await asyncio.to_thread(self.embed_text, text)


KINDS = {
    "faithfulness": _Kind(lambda llm, _: ragas.Faithfulness(llm), ("user_input", "response", "retrieved_contexts")),
    "answer_relevancy": _Kind(lambda llm, emb: ragas.AnswerRelevancy(llm, emb, strictness=1), ("user_input", "response")),
    "context_precision": _Kind(lambda llm, _: ragas.ContextPrecision(llm), ("user_input", "reference", "retrieved_contexts")),
    "context_recall": _Kind(lambda llm, _: ragas.ContextRecall(llm), ("user_input", "reference", "retrieved_contexts")),
    "factual_correctness": _Kind(
        lambda llm, _: ragas.FactualCorrectness(llm, atomicity="high", coverage="high"), ("response", "reference")
    ),
    "semantic_similarity": _Kind(lambda _, emb: ragas.SemanticSimilarity(emb), ("response", "reference"), judged=False),
}
"""By the names of `eval.metrics.JUDGE`."""


async def ragas_scores(
    questions: Sequence[Question],
    rows: Sequence[AnswerRow],
    judge: Judge,
    embedder: Embedder,
    metrics: Sequence[str],
    progress: Progress,
    known: Sequence[ScoreRow] = (),
) -> AsyncGenerator[ScoreRow, None]:
    """The scores of all answers, as they come, metric by metric so that the judge keeps its prompt in mind.

    What `known` holds is not scored again, unless it failed. Every answer gets a row for every metric: `failed`, with the
    reason, where the judge gave no verdict, or an answer was due and there is none; `not_applicable` for declined answers and
    where there is no reference. `metrics` are names of `KINDS`; rows must answer one of the questions. Raises nothing of the
    judge's doing.
    """
    by_id = {question.id: question for question in questions}
    done = {(row.key, row.metric, row.scorer) for row in known if row.status != "failed"}
    scorers = {name: _Scorer(name, judge, embedder) for name in metrics}
    due = {name: [row for row in rows if (row.key, name, scorers[name].scorer) not in done] for name in metrics}
    batches = [(scorers[name], some) for name in metrics for some in _batches(due[name], judge.at_once)]
    countdown = Countdown(progress, sum(map(len, due.values())), "judging")
    for scorer, some in batches:
        async for score in _as_completed([scorer.score(by_id[row.key.question], row) for row in some]):
            countdown.did(f"{score.metric}: {score.key.question}")
            yield score


def _batches(rows: Sequence[AnswerRow], size: int) -> Iterator[Sequence[AnswerRow]]:
    return (rows[begin : begin + size] for begin in range(0, len(rows), size))


async def _as_completed(work: Sequence[Awaitable[ScoreRow]]) -> AsyncGenerator[ScoreRow, None]:
    """Closing the generator cancels what is not done."""
    tasks = [asyncio.ensure_future(each) for each in work]
    try:
        for task in asyncio.as_completed(tasks):
            yield await task
    finally:
        for each in tasks:
            each.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


class _Scorer:
    """One metric with one judge; `scorer` is what its rows say they are from."""

    def __init__(self, name: str, judge: Judge, embedder: Embedder) -> None:
        self._name = name
        self._kind = KINDS[name]
        self._judge = judge
        self._llm = JudgeLLM(judge)
        self._embedding = ProductEmbedding(embedder)
        self._metrics: dict[str, BaseMetric] = {}
        self.scorer = judge.fingerprint if self._kind.judged else "rule"

    async def score(self, question: Question, row: AnswerRow) -> ScoreRow:
        started = perf_counter()
        try:
            found = score_row(row, self._name, await self._mark(question, row))
        except (MidasError, ValueError) as error:
            found = ScoreRow(row.key, self._name, None, "failed", getattr(error, "message", str(error)))
        return replace(found, scorer=self.scorer, seconds=round(perf_counter() - started, 3))

    async def _mark(self, question: Question, row: AnswerRow) -> float | Absent:
        if why := _absence(question, row, self._kind.takes):
            return Absent(why)
        if row.status == "error":
            return math.nan
        if self._kind.judged:
            self._judge.require_access({source.collection for source in row.sources})
        given = _given(question, row)
        result = await self._metric(question.language).ascore(**{name: given[name] for name in self._kind.takes})
        value = float(result.value)
        if math.isnan(value):
            raise JudgeFailed(f"Ragas made no figure of what the judge {self._judge.name!r} said.")
        return round(min(1.0, max(0.0, value)), DECIMALS)

    def _metric(self, language: str) -> BaseMetric:
        """With its prompts in the language of the question, where they are translated."""
        if language not in self._metrics:
            self._metrics[language] = with_prompts(self._kind.make(self._llm, self._embedding), language)
        return self._metrics[language]


def with_prompts(metric: BaseMetric, language: str) -> BaseMetric:
    """The metric with our prompts in the place of Ragas's."""
    for name in [name for name in vars(metric) if name.endswith("prompt")]:
        setattr(metric, name, JudgePrompt(getattr(metric, name), language))
    return metric


async def faithfulness_verdicts(judge: Judge, context: str, statements: Sequence[str], language: str) -> list[bool]:
    """Whether each statement can be inferred from the context, asked as faithfulness asks. Raises what `Judge.ask` raises."""
    prompt = JudgePrompt(NLIStatementPrompt(), language)
    asked = prompt.to_string(NLIStatementInput(context=context, statements=list(statements)))
    found = await judge.ask(asked, NLIStatementOutput)
    return [bool(each.verdict) for each in found.statements]


def _absence(question: Question, row: AnswerRow, takes: Sequence[str]) -> str | None:
    """Why this metric says nothing of this answer, and should not."""
    if row.status == "declined":
        return "the answer was declined"
    if "reference" in takes and not question.reference:
        return "the question has no reference"
    if "retrieved_contexts" in takes and question.plain:
        return "the question is asked without documents"
    return None


def _given(question: Question, row: AnswerRow) -> dict[str, object]:
    """Under Ragas's names. The context is what the model was shown."""
    return {
        "user_input": question.question,
        "response": strip_markers(row.text).strip(),
        "reference": question.reference,
        "retrieved_contexts": [source.text for source in row.sources],
    }
