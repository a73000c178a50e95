"""Conversations that hold the words somebody looks for."""

from __future__ import annotations

import re
from collections.abc import Sequence

from ingest.text import fold
from ui.memory.conversation import Turn

_WORD = re.compile(r"[^\W_]+")
AROUND = 60
"""Characters of an excerpt on either side of the first word found."""


def holds(text: str, words: Sequence[str]) -> bool:
    """Whether all these folded words are in the text, the last one perhaps in part."""
    there = [fold(word) for word in _WORD.findall(text)]
    *whole, last = words
    return all(word in there for word in whole) and any(word.startswith(last) for word in there)


def excerpt(turn: Turn, words: Sequence[str]) -> str | None:
    """Where the words stand in what may be read of the turn; None when they don't."""
    shown = f"{turn.question}\n{turn.answer.text if turn.answer else turn.text}"
    if not holds(shown, words):
        return None
    first = next(found.start() for found in _WORD.finditer(shown) if fold(found[0]).startswith(tuple(words)))
    start, end = max(0, first - AROUND), first + AROUND
    return f"{'…' if start else ''}{' '.join(shown[start:end].split())}{'…' if end < len(shown) else ''}"
