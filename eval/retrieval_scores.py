"""Did the search find what answers the question? Against the reference sources, whatever the model made of it.

A passage holds a reference when it is of the document, on the page where the reference names one, and says the quote where it
has one. `document_*` and `page_*` ask for less. Questions without reference sources have no such scores.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from math import log2
from typing import TYPE_CHECKING

from assistant.types import Source
from eval.marking import share
from eval.metrics import RETRIEVAL
from eval.questions import Question, Reference
from eval.rows import AnswerRow, ScoreRow
from eval.words import holds_words, says

if TYPE_CHECKING:
    from assistant.found import Found

NAMES = tuple(metric.name for metric in RETRIEVAL)
EVIDENCE = "evidence_recall"
RANKED = tuple(name for name in NAMES if name != EVIDENCE)
DEPTH = 5
"""Passages looked at, except for the reciprocal rank, which looks at all."""


@dataclass(frozen=True, slots=True)
class Passage:
    """Where a text stands. `page` is 1-based, None where the format has none."""

    document: str
    page: int | None
    text: str


Match = Callable[[Passage, Reference], bool]


def score(question: Question, row: AnswerRow, found: Found | None = None) -> list[ScoreRow]:
    """All retrieval scores of one answer.

    `found` is the search that it was to be answered from, whether or not the model could. Without it, the row's own sources are
    taken for the ranking; an answer that was not given has none, or names only the nearest three.
    """
    if not question.sources:
        return _none(row, "the question has no reference sources")
    if found is not None:
        evidence = [Passage(item.hit.stored.source, item.hit.stored.chunk.page, item.text) for item in found.evidence]
        return [*_ranked(question, row, ranking_of(found)), *_shown(question, row, evidence)]
    if row.status != "ok":
        return _none(row, "the search of an answer that was not given was not recorded")
    return [
        *_ranked(question, row, [passage_of(source) for source in row.sources]),
        *_shown(question, row, [Passage(source.document, source.page, source.text) for source in row.sources]),
    ]


def ranking_of(found: Found) -> list[Passage]:
    """The passages of a search, best first."""
    return [Passage(hit.stored.source, hit.stored.chunk.page, hit.stored.chunk.text) for hit in found.hits]


def passage_of(source: Source) -> Passage:
    """The whole passage that a source was taken from."""
    return Passage(source.document, source.page, source.passage)


def same_document(passage: Passage, reference: Reference) -> bool:
    return passage.document == reference.document


def same_page(passage: Passage, reference: Reference) -> bool:
    """True for every page where the reference names none."""
    return same_document(passage, reference) and reference.page in (None, passage.page)


def same_quote(passage: Passage, reference: Reference) -> bool:
    """True for every passage of the page where the reference has no quote. A passage has the page it begins on, and may say
    the quote on the next."""
    if reference.quote is None:
        return same_page(passage, reference)
    near = reference.page is None or passage.page is None or reference.page - passage.page in (0, 1)
    return near and same_document(passage, reference) and says(passage.text, reference.quote)


def gains(ranking: Sequence[Passage], references: Sequence[Reference], match: Match) -> list[int]:
    """How many references each passage holds that none before it held."""
    missing = list(references)
    found = []
    for passage in ranking:
        here = [reference for reference in missing if match(passage, reference)]
        missing = [reference for reference in missing if reference not in here]
        found.append(len(here))
    return found


def hit(found: Sequence[int], k: int) -> float:
    """1 when one of the first k holds a reference."""
    return float(any(found[:k]))


def recall(found: Sequence[int], references: int, k: int) -> float:
    """Share of the references that the first k hold."""
    return sum(found[:k]) / references


def reciprocal_rank(found: Sequence[int]) -> float:
    """One over the rank of the first that holds a reference; 0 when none does."""
    return next((1 / rank for rank, gain in enumerate(found, 1) if gain), 0.0)


def ndcg(found: Sequence[int], references: int, k: int) -> float:
    """Discounted gain of the first k over that of the best order (Järvelin and Kekäläinen 2002). A passage gains the references
    that it is the first to hold; in the best order the richest passages lead, and each missing reference has its own."""
    missing = references - sum(found)
    best = sorted([*found, *[1] * missing], reverse=True)
    return _discounted(found[:k]) / _discounted(best[:k])


def _discounted(found: Sequence[int]) -> float:
    return sum(gain / log2(rank + 1) for rank, gain in enumerate(found, 1))


def _none(row: AnswerRow, why: str) -> list[ScoreRow]:
    return [ScoreRow(row.key, name, None, "not_applicable", why) for name in NAMES]


def _ranked(question: Question, row: AnswerRow, ranking: Sequence[Passage]) -> list[ScoreRow]:
    references = list(dict.fromkeys(question.sources))
    documents = list({reference.document: reference for reference in references}.values())
    quotes = gains(ranking, references, same_quote)
    by_document = gains(ranking, documents, same_document)
    values = (
        *(hit(quotes, k) for k in (1, 3, 5)),
        recall(quotes, len(references), DEPTH),
        reciprocal_rank(quotes),
        ndcg(quotes, len(references), DEPTH),
        hit(gains(ranking, references, same_page), DEPTH),
        hit(by_document, DEPTH),
        recall(by_document, len(documents), DEPTH),
    )
    return [ScoreRow(row.key, name, value) for name, value in zip(RANKED, values, strict=True)]


def _shown(question: Question, row: AnswerRow, evidence: Sequence[Passage]) -> list[ScoreRow]:
    """Of each quote whether all its words are in one piece of evidence from its page, in whatever order."""
    quoted = [(reference, reference.quote) for reference in dict.fromkeys(question.sources) if reference.quote is not None]
    if not quoted:
        return [ScoreRow(row.key, EVIDENCE, None, "not_applicable", "the reference sources have no quotes")]
    shown = [
        any(same_page(item, reference) and holds_words(item.text, quote) for item in evidence) for reference, quote in quoted
    ]
    return [ScoreRow(row.key, EVIDENCE, share(shown))]
