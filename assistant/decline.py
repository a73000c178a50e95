"""When not to answer: before the model is called, from its first token, from what it wrote, or as it does not stand by it."""

from __future__ import annotations

import math
import re
from collections.abc import Sequence

from assistant.context import Evidence
from assistant.facts import facts_of, terms_of, weigh
from assistant.retriever import RetrievedChunk
from ingest.text import fold

WEAK_COSINE = 0.80
"""Best dense cosine (multilingual-e5-small) under which a question with little lexical support is not about the documents."""
WEAK_COVERAGE = 0.35
"""Share of the question's weighted terms that the evidence must hold when the cosine is weak."""
REFUSAL_PROBABILITY = 0.4
"""Probability of the refusal's first token from which the embedded model's answer is not believed. This and the three below
were set on recorded answers to the calibration questions of corpora/midas; docs/benchmarks.md has the figures of the others."""
CERTAIN_PROBABILITY = 0.005
"""Under this, the model is sure that it can answer, and is not asked again."""
LEAST_APPROVAL = 0.45
"""What the log-odds of a "yes" must exceed, asked again, less an eighth of the log-odds of a refusal."""
YES_NO_LOG_ODDS = -3.0
"""Log-odds of a refusal where the first token can't tell: the answer to a yes-or-no question may rightly begin with "No"."""

_ASKS_A_FIGURE = re.compile(
    r"\b(?:cu[aá]nt[oa]s?|qu[eé] (?:fecha|precio|importe|porcentaje|cantidad)"
    r"|how (?:much|many)|(?:what|which) (?:date|price|amount))\b",
    re.IGNORECASE,
)
_ASKS_A_TELEPHONE = re.compile(r"\b(?:tel[eé]fono|(?:phone|telephone) number)\b", re.IGNORECASE)
_FIGURE_IN_WORDS = re.compile(
    r"\b(?:un[ao]?|ning[uú]n[ao]?|nada|gratis|gratuit[oa]s?|sin|medi[ao]|one|none|no|nothing|free|half)\b", re.IGNORECASE
)
_INTERROGATIVE = re.compile(
    r"\b(?:qu[eé]|cu[aá]l(?:es)?|cu[aá]nt[oa]s?|cu[aá]ndo|a?d[oó]nde|qui[eé]n(?:es)?|c[oó]mo"
    r"|what|which|who|whom|whose|when|where|why|how)\b",
    re.IGNORECASE,
)
_REFUSALS = re.compile(
    r"^\W*(?:no (?:lo )?(?:encuentro|encontre|se encuentra|se encontro|se menciona|se especifica|se indica|se proporciona"
    r"|hay informacion|aparece|consta|figura|dispongo|tengo informacion)"
    r"|(?:los|el|ningun) (?:fragmentos?|documentos?) no |ningun fragmento"
    r"|not (?:found|mentioned|specified|stated)|no (?:answer|information)"
    r"|i (?:can'?t|cannot|could not|couldn'?t|do not|don'?t) (?:find|have)"
    r"|the (?:excerpts?|documents?) (?:do|does) not|lo siento|sorry)"
)


def evidence_is_weak(question: str, hits: Sequence[RetrievedChunk], evidence: Sequence[Evidence]) -> bool:
    """Whether the retrieved passages are too far from the question to be worth a model call."""
    if not evidence:
        return True
    cosine = max((hit.dense for hit in hits if hit.dense is not None), default=0.0)
    return cosine < WEAK_COSINE and coverage(question, evidence) < WEAK_COVERAGE


def coverage(question: str, evidence: Sequence[Evidence]) -> float:
    """Share in [0, 1] of the question's terms (numbers and names count more) that the evidence holds, labels included."""
    facts = facts_of(question)
    total = weigh(facts.all, facts, frozenset())
    held = terms_of("\n".join(item.prompt_text for item in evidence))
    return weigh(facts.all & held, facts, frozenset()) / total if total else 0.0


def model_refuses(question: str, probability: float | None) -> bool:
    """Whether the first token tells that the model would rather refuse."""
    return probability is not None and asks_openly(question) and probability >= REFUSAL_PROBABILITY


def is_certain(question: str, probability: float | None) -> bool:
    """Whether the first token tells that the model knows the answer."""
    return probability is not None and asks_openly(question) and probability < CERTAIN_PROBABILITY


def disowns(question: str, probability: float | None, approval: float | None) -> bool:
    """Whether the model, asked about its answer, does not stand by it.

    `probability` is that of a refusal at the first token, `approval` that of "yes"; None where a back end tells neither.
    """
    if approval is None:
        return False
    refusal = _log_odds(probability) if probability is not None and asks_openly(question) else YES_NO_LOG_ODDS
    return _log_odds(approval) - refusal / 8 < LEAST_APPROVAL


def _log_odds(probability: float) -> float:
    return math.log((probability + 0.001) / (1.001 - probability))


def asks_openly(question: str) -> bool:
    """Whether a question has an interrogative word: the answer to the others may rightly begin with "No"."""
    return bool(_INTERROGATIVE.search(question))


def is_refusal(text: str, refusal: str) -> bool:
    """Whether a sentence says that the documents hold no answer, in the words it was told or in its own."""
    plain = fold(text.strip())
    return plain.startswith(fold(refusal).rstrip(".")) or bool(_REFUSALS.match(plain))


def lacks_what_was_asked(question: str, answer: str) -> bool:
    """Whether a figure, a date or a telephone number was asked for and the answer holds none."""
    if _ASKS_A_TELEPHONE.search(question):
        return sum(char.isdigit() for char in answer) < 3
    if not _ASKS_A_FIGURE.search(question):
        return False
    facts = facts_of(answer)
    return not (facts.numbers or any(term.isdigit() for term in facts.words) or _FIGURE_IN_WORDS.search(answer))
