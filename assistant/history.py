"""Follow-up questions: when a question can't be understood alone, and what it means then.

By rules, not by a model call: a second call would double the wait on a small machine, and a small model rewrites badly.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from assistant.citations import strip_markers
from assistant.facts import facts_of
from assistant.types import Message

_CONTINUES = re.compile(
    r"^[\s¿¡]*(?:y|e|pero|entonces|también|además|and|but|so|then|also|what about|how about)\b", re.IGNORECASE
)
_REFERS = re.compile(
    r"\b(?:eso|esto|ese|esa|esos|esas|aquel|aquella|aquello|ello|él|ella|ellos|ellas|dicho|dicha|dichos|dichas|lo mismo"
    r"|la misma|el mismo|anterior|it|its|they|them|their|he|she|him|her|this|those|these|there|that one|the same)\b",
    re.IGNORECASE,
)
FEW_TERMS = 2
"""A question with no more telling words than this, none of them a name or number, leans on what was said before."""
ANSWER_CHARS = 300


@dataclass(frozen=True, slots=True)
class StandaloneQuestion:
    """`search_text` is what is looked up; `earlier` is the exchange the model must see to understand the question, if any."""

    question: str
    search_text: str
    earlier: tuple[Message, ...] = ()


def standalone(question: str, history: Sequence[Message], turns: int) -> StandaloneQuestion:
    """The question as it is, or joined with the last exchange that it refers to.

    `turns` is how many earlier questions are looked at: follow-ups are followed back to the question that names their subject.
    """
    asked = [message.text for message in history if message.role == "user"][-turns:] if turns else []
    if not asked or not needs_history(question):
        return StandaloneQuestion(question, question)
    chain = [question]
    for earlier in reversed(asked):
        chain.insert(0, earlier)
        if not needs_history(earlier):
            break
    return StandaloneQuestion(question, " ".join(chain), _last_exchange(history))


def needs_history(question: str) -> bool:
    """Whether a question refers to something said before."""
    if _CONTINUES.search(question) or _REFERS.search(question):
        return True
    facts = facts_of(question)
    return not facts.names and not facts.numbers and len(facts.words) <= FEW_TERMS


def _last_exchange(history: Sequence[Message]) -> tuple[Message, ...]:
    last = max(index for index, message in enumerate(history) if message.role == "user")
    return tuple(Message(message.role, strip_markers(message.text)[:ANSWER_CHARS]) for message in history[last : last + 2])
