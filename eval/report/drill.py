"""Every question: its evidence, what each back end answered, what it cited, and what the checks and the judge said."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from typing import Literal

from assistant.types import Citation, GroundedSentence, Source
from eval.metrics import METRICS
from eval.questions import Question
from eval.report.blocks import Drill, Drills, Passage, Reply, Section
from eval.report.teller import Teller
from eval.rows import HUMAN, AnswerRow, Key, ScoreRow

_NUMBER = re.compile(r"\[(\d{1,3})\]")
WRONG_UNDER = 0.5
"""The value of the metric `correct` under which an answer counts as wrong."""
TOLD = (
    "correct",
    "good",
    "fact_recall",
    "token_f1",
    "grounding_rate",
    "citation_support",
    "citation_precision",
    "citation_recall",
)
Outcome = Literal["right", "wrong", "neutral", "error"]


def drill_section(teller: Teller) -> Section:
    rows, scores = defaultdict(list), defaultdict(list)
    for row in teller.data.answers:
        rows[row.key.question].append(row)
    for score in teller.data.scores:
        scores[score.key].append(score)
    drills = [_drill(teller, question, rows[question.id], scores) for question in teller.data.questions if rows[question.id]]
    title = teller.texts("drill")
    return Section("questions", title, (Drills(tuple(drills)),), intro=teller.texts("drill.intro"))


def _drill(teller: Teller, question: Question, rows: Sequence[AnswerRow], scores: Mapping[Key, Sequence[ScoreRow]]) -> Drill:
    passages, numbers = _passages(teller, rows)
    replies = tuple(_reply(teller, row, scores.get(row.key, ()), numbers[row.key]) for row in rows)
    outcomes = {reply.outcome for reply in replies}
    return Drill(
        question.id, question.question, tuple(_known(teller, question)), replies, passages,
        differs=len(outcomes) > 1, worst=bool(outcomes & {"wrong", "error"}),
    )  # fmt: skip


def _known(teller: Teller, question: Question) -> Iterator[tuple[str, str]]:
    """What the question set says of it."""
    texts = teller.texts
    if not question.plain:
        yield texts("drill.reference"), question.reference or texts("drill.unanswerable")
    pages = [f"{source.document}{f', p. {source.page}' if source.page else ''}" for source in question.sources]
    yield texts("drill.sources"), "; ".join(dict.fromkeys(pages)) or "–"
    yield texts("drill.tags"), ", ".join((question.language, *question.tags))


# Evidence


def _passages(teller: Teller, rows: Sequence[AnswerRow]) -> tuple[tuple[Passage, ...], dict[Key, dict[int, int]]]:
    """The sources of all answers, each once, with their quotes; and for each answer its numbers in that list."""
    places: dict[tuple[str, str], int] = {}
    sources: dict[int, Source] = {}
    quotes: dict[int, list[Citation]] = defaultdict(list)
    numbers: dict[Key, dict[int, int]] = {}
    for row in rows:
        own = {}
        for source in row.sources:
            number = places.setdefault((source.chunk_id, source.text), len(places) + 1)
            sources[number], own[source.number] = source, number
        for citation in row.citations:
            if citation.number in own:
                quotes[own[citation.number]].append(citation)
        numbers[row.key] = own
    passages = (Passage(number, source, _place(teller, source), tuple(quotes[number])) for number, source in sources.items())
    return tuple(passages), numbers


def _place(teller: Teller, source: Source) -> str:
    unit = teller.texts(f"unit.{source.page_unit or 'page'}")
    page = f"{unit} {source.page}" if source.page is not None else ""
    return " · ".join(filter(None, (page, " > ".join(source.headings), source.date)))


# Answers


def _reply(teller: Teller, row: AnswerRow, scores: Sequence[ScoreRow], numbers: Mapping[int, int]) -> Reply:
    outcome = _outcome(row, scores)
    doubts = tuple((sentence, row.text[sentence.start : sentence.end]) for sentence in row.sentences if _doubtful(sentence))
    return Reply(
        backend=row.key.backend,
        text=_NUMBER.sub(lambda match: f"[{numbers.get(int(match[1]), int(match[1]))}]", row.text),
        outcome=outcome,
        badge=_badge(teller, row, outcome),
        facts=" · ".join(_facts(teller, row)),
        doubts=doubts,
        scores=tuple(_scores(teller, scores)),
        error=row.error,
    )


def _doubtful(sentence: GroundedSentence) -> bool:
    return sentence.verdict != "supported"


def _outcome(row: AnswerRow, scores: Sequence[ScoreRow]) -> Outcome:
    """Right or wrong by the metric `correct`, where it was scored."""
    if row.status == "error":
        return "error"
    value = next((score.value for score in scores if score.metric == "correct"), None)
    if value is None:
        return "neutral"
    return "right" if value >= WRONG_UNDER else "wrong"


def _badge(teller: Teller, row: AnswerRow, outcome: Outcome) -> str:
    parts = [teller.texts(f"outcome.{outcome}")] if outcome != "neutral" else []
    if row.status == "declined":
        parts.append(teller.texts("outcome.declined"))
    return " · ".join(parts) or teller.texts("outcome.neutral")


def _facts(teller: Teller, row: AnswerRow) -> Iterator[str]:
    """How it came about."""
    texts, numbers = teller.texts, teller.numbers
    if row.key.repeat:
        yield texts("drill.repeat", n=row.key.repeat + 1)
    if not row.asked_model:
        yield texts("drill.no_model")
    if row.speed.total_ms is not None:
        yield numbers.duration(row.speed.total_ms)
    if row.usage.completion_tokens:
        yield texts(
            "drill.tokens", prompt=numbers.number(row.usage.prompt_tokens), out=numbers.number(row.usage.completion_tokens)
        )
    if row.sentences:
        held = sum(not _doubtful(sentence) for sentence in row.sentences)
        yield texts("drill.held", held=held, all=len(row.sentences))
    if row.dropped_citations:
        yield texts("drill.dropped", n=row.dropped_citations)
    if row.fallback_from:
        yield texts("drill.fallback", backend=row.fallback_from)


def _scores(teller: Teller, scores: Sequence[ScoreRow]) -> Iterator[tuple[str, str, str]]:
    """The main rules, and all that judges and people said."""
    for score in scores:
        if score.status == "not_applicable" or (score.scorer == "rule" and score.metric not in TOLD):
            continue
        unit = METRICS[score.metric].unit if score.metric in METRICS else "score"
        value = teller.numbers.of(score.value, unit) if score.value is not None else teller.texts("drill.failed")
        yield _score_title(teller, score), value, score.why or ""


def _score_title(teller: Teller, score: ScoreRow) -> str:
    """With who said it, where there are several judges, or people."""
    who = {judge.fingerprint: judge.name for judge in teller.data.judges if len(teller.data.judges) > 1}
    by = who.get(score.scorer) or (score.scorer.removeprefix(HUMAN) if score.scorer.startswith(HUMAN) else "")
    return f"{teller.title(score.metric)} · {by}" if by else teller.title(score.metric)
