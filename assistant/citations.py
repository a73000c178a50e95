"""From what the model wrote to a cited answer: `[n]` resolved and verified, missing ones added, invented ones dropped."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from assistant.context import Evidence
from assistant.grounding import Grounder, Support
from assistant.types import Citation, GroundedSentence
from ingest.sentences import sentence_spans

_BRACKETED = re.compile(r"\s*[\[【]\s*(\d{1,2}(?:\s*(?:,|;|y|and)\s*\d{1,2})*)\s*[\]】]")
_BEHIND_STOP = re.compile(rf"([.!?])((?:{_BRACKETED.pattern})+)")
MOST_CITATIONS = 3
"""Sources cited behind one sentence."""


@dataclass(frozen=True, slots=True)
class CitedText:
    """The final text with its citations and verdicts. `dropped` counts the numbers the model wrote that no source has."""

    text: str
    citations: tuple[Citation, ...]
    sentences: tuple[GroundedSentence, ...]
    dropped: int

    @property
    def supported(self) -> bool:
        return any(sentence.verdict == "supported" for sentence in self.sentences)


@dataclass(frozen=True, slots=True)
class _Sentence:
    text: str
    numbers: tuple[int, ...]


def cite(written: str, evidence: Sequence[Evidence], grounder: Grounder) -> CitedText:
    """Rebuilds the answer sentence by sentence: what the evidence supports gets the number of the passage that says it.

    A number the model wrote stays only if that source supports the sentence; numbers without a source are dropped and counted.
    """
    valid = {item.number for item in evidence}
    text = ""
    citations: list[Citation] = []
    sentences: list[GroundedSentence] = []
    dropped = 0
    for gap, sentence in _sentences(written):
        supports = grounder.judge(sentence.text)
        chosen = _cited(sentence, supports)
        dropped += sum(number not in valid for number in sentence.numbers)
        start = len(text) + len(gap)
        text += gap + _marked(sentence.text, [support.number for support in chosen])
        best = supports[0] if supports else Support(0, "unsupported", 0.0, "", "there is no evidence")
        sentences.append(GroundedSentence(start, len(text), best.verdict, round(best.score, 3), best.why))
        citations += [
            Citation(support.number, start, len(text), support.quote, support.number not in sentence.numbers)
            for support in chosen
        ]
    return CitedText(text, tuple(citations), tuple(sentences), dropped)


def strip_markers(text: str) -> str:
    """The text without `[n]`."""
    return _BRACKETED.sub("", text)


def _sentences(written: str) -> list[tuple[str, _Sentence]]:
    """Sentences with the white space before each; a marker after the full stop belongs to the sentence before it."""
    moved = _BEHIND_STOP.sub(r"\2\1", written.strip())
    found: list[tuple[str, _Sentence]] = []
    end = 0
    for start, stop in sentence_spans(moved):
        between = moved[end:start]
        gap = "\n\n" if between.count("\n") > 1 else "\n" if "\n" in between else " " if found else ""
        end = stop
        numbers = tuple(int(n) for group in _BRACKETED.findall(moved[start:stop]) for n in re.findall(r"\d+", group))
        if text := _BRACKETED.sub("", moved[start:stop]).strip():
            found.append((gap, _Sentence(text, numbers)))
    return found


def _cited(sentence: _Sentence, supports: Sequence[Support]) -> list[Support]:
    """The sources to cite: those the model named and that support it, else the best one that does."""
    good = [support for support in supports if support.verdict == "supported"]
    named = [support for support in good if support.number in sentence.numbers]
    chosen = named or good[:1]
    return sorted(chosen[:MOST_CITATIONS], key=lambda support: support.number)


def _marked(text: str, numbers: Sequence[int]) -> str:
    marks = "".join(f"[{number}]" for number in numbers)
    if not marks:
        return text
    cut = _closing_start(text)
    return f"{text[:cut]} {marks}{text[cut:]}"


def _closing_start(text: str) -> int:
    """Where the punctuation that ends the sentence begins; a bracket or quotation mark before it belongs to the sentence."""
    return len(text.rstrip(".!?…:;, "))
