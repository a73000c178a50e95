"""Do the citations point to where the answer stands, and does the cited passage say what its sentence says?

After Gao et al. 2023 (ALCE), with the reference sources and rules in the place of a model of entailment.
"""

from __future__ import annotations

from collections.abc import Sequence

from assistant.types import Citation
from eval.facts import contains_facts
from eval.marking import Absent, Mark, score_rows, share
from eval.metrics import CITATIONS
from eval.questions import Question
from eval.retrieval_scores import Passage, passage_of, same_page
from eval.rows import AnswerRow, ScoreRow
from eval.words import says

NAMES = tuple(metric.name for metric in CITATIONS)


def score(question: Question, row: AnswerRow) -> list[ScoreRow]:
    """All citation scores of one answer."""
    if row.status != "ok" or question.plain:
        return score_rows(row, NAMES, [Absent("nothing was answered from documents")] * len(NAMES))
    cited = [(citation, _passage(row, citation)) for citation in row.citations]
    passages = [passage for _, passage in cited]
    marks = (
        _precision(question, passages),
        _recall(question, passages),
        _support(question, [(row.text[citation.start : citation.end], passage) for citation, passage in cited]),
        _cited_sentences(row),
        _grounding(row),
        float(row.dropped_citations > 0),
    )
    return score_rows(row, NAMES, marks)


def supports(question: Question, sentence: str, passage: str) -> bool | None:
    """Whether the passage says what the sentence says, by rule: to the letter, or all the facts of the reference that the
    sentence holds. None when neither tells."""
    if says(passage, sentence):
        return True
    facts = [fact for fact in question.facts if contains_facts(sentence, [fact])]
    return contains_facts(passage, facts) if facts else None


def _passage(row: AnswerRow, citation: Citation) -> Passage:
    return next(passage_of(source) for source in row.sources if source.number == citation.number)


def _precision(question: Question, passages: Sequence[Passage]) -> Mark:
    if not question.sources:
        return Absent("the question has no reference sources")
    if not passages:
        return Absent("the answer cites nothing")
    return share([any(same_page(passage, reference) for reference in question.sources) for passage in passages])


def _recall(question: Question, passages: Sequence[Passage]) -> Mark:
    """Several quotes of one page are one reference here."""
    pages = list({(reference.document, reference.page): reference for reference in question.sources}.values())
    if not pages:
        return Absent("the question has no reference sources")
    return share([any(same_page(passage, reference) for passage in passages) for reference in pages])


def _support(question: Question, cited: Sequence[tuple[str, Passage]]) -> Mark:
    verdicts = [supports(question, sentence, passage.text) for sentence, passage in cited]
    decided = [verdict for verdict in verdicts if verdict is not None]
    return share(decided) if decided else Absent("no rule tells whether a citation holds")


def _cited_sentences(row: AnswerRow) -> Mark:
    if not row.sentences:
        return Absent("the answer has no sentences")
    starts = [citation.start for citation in row.citations]
    return share([any(sentence.start <= start < sentence.end for start in starts) for sentence in row.sentences])


def _grounding(row: AnswerRow) -> Mark:
    if not row.sentences:
        return Absent("the answer has no sentences")
    return share([sentence.verdict == "supported" for sentence in row.sentences])
