"""Does the evidence say so? A verdict for each sentence of an answer, computed locally in milliseconds.

A sentence is looked up in each source as the model saw it. Numbers, dates and names must be there; the other words may be
paraphrased, which the embedder judges where shared words can't (another language, synonyms). No second model call.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from assistant.context import Evidence
from assistant.facts import Facts, facts_of, terms_of, weigh
from assistant.tables import figures_in_ranges
from assistant.types import Verdict
from ingest.text import detect_language, fold, is_stop_word
from ingest.types import Embedder

SUPPORTED = 0.65
"""Share of a sentence's weight that one source must hold for `supported`."""
WEAK = 0.4
PERTINENCE = 0.5
"""Weight of the question's terms when sources or sentences compete to be cited."""
UNKNOWN_PERTINENCE = 0.5
"""That of a passage in another language than the question's, whose words can't be compared."""
LEAST_PERTINENCE = 0.1
"""Share of the question's terms that a passage in its language must hold to say anything about it."""
PARAPHRASE = 0.88
"""Cosine (multilingual-e5-small, whose cosines start near 0.75) from which two sentences say about the same."""
_NEGATION = re.compile(r"\b(?:no|nunca|tampoco|sin|ning[uú]n[ao]?|not|never|cannot|without|none)\b|n't\b", re.IGNORECASE)
_DENIED = re.compile(r"\b(?:no|nunca|tampoco|not|never)\s+(?:se\s+|be\s+|is\s+|are\s+)?(\w+)", re.IGNORECASE)
_CODE = re.compile(r"\b([A-Za-z]{1,6})-?(\d+)\b")
_WORD = re.compile(r"[^\W\d_]+")
_YEAR = re.compile(r"\b(?:19|20)\d{2}\b")
_ORDER: dict[Verdict, int] = {"supported": 0, "weak": 1, "unsupported": 2}


@dataclass(frozen=True, slots=True)
class Support:
    """How well one source backs a sentence. `quote` is the sentence or row of the source that does it best.

    `pertinence` is the share of the question's terms in that quote or the source's label: of two passages that hold the same
    figure, the one that is about what was asked says it. `vetoed` tells that something speaks against it, however similar.
    """

    number: int
    verdict: Verdict
    score: float
    quote: str
    why: str
    pertinence: float = 0.0
    vetoed: bool = False


@dataclass(frozen=True, slots=True)
class _Source:
    evidence: Evidence
    language: str
    terms: frozenset[str]


class Grounder:
    """Judges the sentences of one answer against its evidence. What `question` already said counts little as a claim."""

    def __init__(self, question: str, evidence: Sequence[Evidence], embedder: Embedder | None = None) -> None:
        self._asked = terms_of(question)
        self._codes = _codes(question)
        self._years = set(_YEAR.findall(question))
        self._language = detect_language(question)
        self._sources = [_source(question, item) for item in evidence]
        self._embedder = embedder

    def judge(self, sentence: str) -> list[Support]:
        """One `Support` for each source, best first. Empty when there is no evidence."""
        facts = facts_of(sentence)
        supports = [self._support(sentence, facts, source) for source in self._sources]
        if supports and self._embedder and all(support.verdict != "supported" for support in supports):
            supports = [self._paraphrase(sentence, facts, support) for support in supports]
        return sorted(supports, key=_rank)

    def _support(self, sentence: str, facts: Facts, source: _Source) -> Support:
        number = source.evidence.number
        quote, quote_share, pertinence = self._best_unit(sentence, facts, source.evidence)
        share = self._share(facts, source.terms)
        score = 0.6 * share + 0.4 * quote_share
        if absent := (facts.numbers | facts.names) - source.terms - self._asked:
            kind = "number" if absent & facts.numbers else "name"
            why = f"{kind} not in the source: {', '.join(sorted(absent))}"
            return Support(number, "unsupported", min(score, WEAK) * 0.5, quote, why, pertinence)
        if veto := self._veto(sentence, facts, source, quote):
            return Support(
                number, "weak" if score >= WEAK else "unsupported", min(score, WEAK), quote, veto, pertinence, vetoed=True
            )
        verdict: Verdict = "supported" if score >= SUPPORTED else "weak" if score >= WEAK else "unsupported"
        why = "" if verdict == "supported" else "few of its words are in the source"
        return Support(number, verdict, score, quote, why, pertinence)

    def _veto(self, sentence: str, facts: Facts, source: _Source, quote: str) -> str:
        """Why the words may agree and the meaning not; empty when nothing speaks against it."""
        if self._pertinence(source.terms) < LEAST_PERTINENCE and source.language == self._language:
            return "the source is about something else"
        if facts.numbers - source.terms:
            return "a number that only the question has"
        if self._years and (years := set(_YEAR.findall(source.evidence.prompt_text))) and not years & self._years:
            return "the source is about another year"
        if quote.rstrip().endswith("?"):
            return "the source only asks"
        if self._another_code(quote):
            return "the source is about another code"
        denies = bool(_NEGATION.search(sentence))
        if denies and not _NEGATION.search(source.evidence.text):
            return "the source does not deny it"
        denied = terms_of(" ".join(_DENIED.findall(quote)))
        return "the source denies it" if not denies and denied & facts.words else ""

    def _another_code(self, quote: str) -> bool:
        """Whether the question names a code (`DN15`) and the quote only others of its kind (`DN300`)."""
        said = _codes(quote)
        return any(kind in said and not said[kind] & numbers for kind, numbers in self._codes.items())

    def _share(self, facts: Facts, terms: frozenset[str]) -> float:
        total = weigh(facts.all, facts, self._asked)
        return weigh(facts.all & terms, facts, self._asked) / total if total else 0.0

    def _best_unit(self, sentence: str, facts: Facts, evidence: Evidence) -> tuple[str, float, float]:
        """The unit that says most of the sentence and is most about the question: text, share, pertinence. Of equal ones, the
        small words decide: a row `con pernocta` from one `sin pernocta`."""
        label = terms_of(evidence.label)
        foreign = evidence.hit.stored.chunk.language != self._language
        judged = [
            (
                unit,
                self._share(facts, terms_of(unit)),
                UNKNOWN_PERTINENCE if foreign else self._pertinence(terms_of(unit) | label),
            )
            for unit in _statements(evidence.units)
        ]
        said = _small_words(sentence)
        best = max((share + PERTINENCE * pertinence for _, share, pertinence in judged), default=0.0)
        equal = [unit for unit in judged if unit[1] + PERTINENCE * unit[2] > best - 1e-9]
        return max(equal, key=lambda unit: len(said & _small_words(unit[0])), default=(evidence.text, 0.0, 0.0))

    def _pertinence(self, terms: frozenset[str]) -> float:
        return len(self._asked & terms) / len(self._asked) if self._asked else 0.0

    def _paraphrase(self, sentence: str, facts: Facts, support: Support) -> Support:
        """Raises a verdict that words alone could not give, if nothing that must match is missing."""
        if support.vetoed or support.why.startswith(("number", "name")) or self._embedder is None:
            return support
        units = next(source.evidence.units for source in self._sources if source.evidence.number == support.number)
        vectors = self._embedder.embed_passages([sentence, *units])
        cosines = vectors[1:] @ vectors[0]
        best = int(np.argmax(cosines))
        if cosines[best] < PARAPHRASE:
            return support
        verdict: Verdict = "supported" if facts.numbers or support.score >= WEAK else "weak"
        score = max(support.score, float(cosines[best]) * SUPPORTED)
        why = "" if verdict == "supported" else "only similar in meaning"
        return replace(support, verdict=verdict, score=score, quote=units[best], why=why)


def _small_words(text: str) -> set[str]:
    return {word for word in map(fold, _WORD.findall(text)) if is_stop_word(word)}


def _statements(units: Sequence[str]) -> Sequence[str]:
    """The units that say something: of a list of questions and answers, the answers."""
    return [unit for unit in units if not unit.rstrip().endswith("?")] or units


def _source(question: str, evidence: Evidence) -> _Source:
    """A table also holds the question's figures that fall into its ranges."""
    chunk = evidence.hit.stored.chunk
    ranged = figures_in_ranges(question, evidence.units) if chunk.kind == "table" else frozenset()
    return _Source(evidence, chunk.language, terms_of(f"{evidence.label}\n{evidence.text}") | ranged)


def _rank(support: Support) -> tuple[int, float]:
    return _ORDER[support.verdict], -support.score - PERTINENCE * support.pertinence


def _codes(text: str) -> dict[str, set[str]]:
    """The numbers of a text's codes by their letters: `MX-200` is 200 of `mx`."""
    found: dict[str, set[str]] = {}
    for letters, number in _CODE.findall(text):
        found.setdefault(letters.lower(), set()).add(number)
    return found
