"""Answers and abstention on the sample corpus with the embedded model: `python -m benchmarks answers [--split report]`.

An answer is right when it contains the facts of its reference (`eval.facts`). A citation holds by rule when the cited passage
contains those facts too, or the sentence's words stand in it to the letter; the others are listed for a person to judge.
"""

from __future__ import annotations

import argparse
import asyncio
import json
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path

from assistant.assistant import Assistant
from assistant.backends import Backends
from assistant.types import Answer, Citation
from benchmarks.setup import CORPUS, corpus_settings, ready_store
from eval.citation_scores import supports
from eval.facts import contains_facts
from eval.questions import Question, load_questions


def main(arguments: Sequence[str] = ()) -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks answers")
    parser.add_argument("--split", choices=["calibration", "report"], default="report")
    parser.add_argument("--limit", type=int, help="ask only so many questions")
    parser.add_argument("--out", type=Path, help="write each answer to this JSON Lines file")
    options = parser.parse_args(arguments)
    questions = [question for question in load_questions(CORPUS / "questions.jsonl") if question.split == options.split]
    answers = answer_all(questions[: options.limit], options.out)
    print(summary(answers, options.split))


def answer_all(questions: Sequence[Question], out: Path | None = None) -> list[tuple[Question, Answer]]:
    """Asks every question of the sample corpus; answers already in `out` are kept, not asked again."""
    settings = corpus_settings()
    backends = Backends(settings)
    answers = []
    with ready_store(settings) as (store, embedder):
        assistant = Assistant(settings, store, embedder, backends)
        for question in questions:
            answer = asyncio.run(assistant.ask(question.question, history=question.messages, collections=["midas"]))
            answers.append((question, answer))
            if out:
                with out.open("a", encoding="utf-8") as file:
                    file.write(
                        json.dumps({"question": question.model_dump(), "answer": asdict(answer)}, ensure_ascii=False) + "\n"
                    )
    backends.close()
    return answers


def summary(answers: Sequence[tuple[Question, Answer]], split: str) -> str:
    """The figures as a Markdown table."""
    answerable = [(question, answer) for question, answer in answers if question.answerable]
    unanswerable = [answer for question, answer in answers if not question.answerable]
    answered = [(question, answer) for question, answer in answerable if not answer.declined]
    right = [pair for pair in answered if contains_facts(pair[1].text, pair[0].facts)]
    citations = [(question, answer, citation) for question, answer in answered for citation in answer.citations]
    held = [item for item in citations if holds(*item)]
    return "\n".join(
        (
            f"| on the {split} questions of corpora/midas | share |",
            "|---|---|",
            _row("unanswerable questions declined", sum(answer.declined for answer in unanswerable), len(unanswerable)),
            _row("answerable questions answered", len(answered), len(answerable)),
            _row("answered ones that contain the reference facts", len(right), len(answered)),
            _row("citations that hold by rule", len(held), len(citations)),
        )
    )


def holds(question: Question, answer: Answer, citation: Citation) -> bool:
    """Whether the cited passage says what the sentence says, by rule."""
    passage = next(source.passage for source in answer.sources if source.number == citation.number)
    return supports(question, answer.text[citation.start : citation.end], passage) is True


def _row(name: str, count: int, total: int) -> str:
    return f"| {name} | {count}/{total} = {count / total:.1%} |" if total else f"| {name} | none |"
