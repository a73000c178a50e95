"""Evidence selection against stuffing: prompt tokens, time to first token and right answers, `python -m benchmarks context`.

The same questions are asked both ways in turn, so that a busy machine disturbs both alike. Stuffing puts the five best
passages into the prompt whole.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from contextlib import nullcontext
from dataclasses import dataclass
from statistics import median
from unittest.mock import patch

from assistant.assistant import Assistant
from assistant.backends import Backends
from assistant.types import Answer
from benchmarks.setup import CORPUS, corpus_settings, ready_store
from eval.facts import contains_facts
from eval.questions import Question, load_questions

QUESTIONS = 12
STUFFED_PASSAGES = 5


@dataclass(frozen=True, slots=True)
class Pair:
    """One question answered both ways."""

    question: Question
    selected: Answer
    stuffed: Answer


def main(arguments: Sequence[str] = ()) -> None:
    pairs = [pair for pair in ask_both_ways(int(arguments[0]) if arguments else QUESTIONS) if _called(pair)]
    tokens = [pair.selected.usage.prompt_tokens / pair.stuffed.usage.prompt_tokens for pair in pairs]
    ttft = [(pair.selected.timings.ttft_ms or 0) / (pair.stuffed.timings.ttft_ms or 1) for pair in pairs]
    print(f"| {len(pairs)} questions, median of pairs | evidence selection | five passages whole | ratio |\n|---|---|---|---|")
    print(
        f"| prompt tokens | {_median(pair.selected.usage.prompt_tokens for pair in pairs)} "
        f"| {_median(pair.stuffed.usage.prompt_tokens for pair in pairs)} | {median(tokens):.2f} |"
    )
    print(
        f"| time to first token, ms | {_median(pair.selected.timings.ttft_ms or 0 for pair in pairs)} "
        f"| {_median(pair.stuffed.timings.ttft_ms or 0 for pair in pairs)} | {median(ttft):.2f} |"
    )
    print(f"| right answers | {_right(pairs, 'selected')} | {_right(pairs, 'stuffed')} | |")


def ask_both_ways(count: int) -> list[Pair]:
    """Answers `count` answerable questions of the report split, spread over the set."""
    questions = [
        q for q in load_questions(CORPUS / "questions.jsonl") if q.answerable and q.split == "report" and not q.history
    ]
    settings = corpus_settings()
    stuffed_settings = settings.model_copy(
        update={
            "answer": settings.answer.model_copy(update={"evidence_tokens": 3000}),
            "retrieval": settings.retrieval.model_copy(update={"top_k": STUFFED_PASSAGES}),
        }
    )
    backends = Backends(settings)
    pairs = []
    with ready_store(settings) as (store, embedder):
        selecting, stuffing = (Assistant(each, store, embedder, backends) for each in (settings, stuffed_settings))
        for number, question in enumerate(questions[:: max(1, len(questions) // count)][:count]):
            answers = {}
            for assistant in (
                (selecting, stuffing) if number % 2 else (stuffing, selecting)
            ):  # the second finds more in the cache
                with patch("assistant.context.FLOOR", -1.0) if assistant is stuffing else nullcontext():  # nothing is left out
                    answers[assistant] = asyncio.run(assistant.ask(question.question, collections=["midas"]))
            pairs.append(Pair(question, answers[selecting], answers[stuffing]))
    backends.close()
    return pairs


def _called(pair: Pair) -> bool:
    """Whether the model was called both times (not declined before)."""
    return bool(pair.selected.usage.prompt_tokens and pair.stuffed.usage.prompt_tokens)


def _right(pairs: Sequence[Pair], way: str) -> str:
    right = sum(contains_facts(getattr(pair, way).text, pair.question.facts) for pair in pairs)
    return f"{right}/{len(pairs)}"


def _median(values: object) -> str:
    return f"{median(values):.0f}"  # type: ignore[call-overload]
