"""Does an answer contain the facts of its reference? A rule, so that no model has to judge it.

A question's `facts` is a list of groups; each group is a list of alternatives in normal form. An answer contains the facts
when it contains at least one alternative of every group, as whole words.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence

CITATION = re.compile(r"\[\d+\]")
NUMBER = re.compile(r"(?<![\d.,])(?:[1-9]\d{0,2}(?:\.\d{3})+(?:,\d+)?|[1-9]\d{0,2}(?:,\d{3})+(?:\.\d+)?)(?!\d|[.,]\d)")
DECIMAL_COMMA = re.compile(r"(?<=\d),(?=\d)")
TRAILING_ZEROS = re.compile(r"(?<![\d.])(\d+)(?:\.0+|(\.\d*[1-9])0+)(?![\d]|\.\d)")


def normalise(text: str) -> str:
    """Lower case, accents folded, white space single, numbers as `1234.5` (`1.234,50` and `1,234.50` too)."""
    decomposed = unicodedata.normalize("NFKD", text.casefold())
    folded = "".join(character for character in decomposed if not unicodedata.combining(character))
    grouped = NUMBER.sub(lambda match: without_thousands(match[0]), folded)
    with_points = DECIMAL_COMMA.sub(".", re.sub(r"\s+", " ", grouped))
    return TRAILING_ZEROS.sub(lambda match: match[1] + (match[2] or ""), with_points).strip()


def without_thousands(number: str) -> str:
    """`1.234,50` and `1,234.50` as `1234,50` and `1234.50`: the first separator groups thousands."""
    separator = next(character for character in number if character in ".,")
    return number.replace(separator, "")


def contains(text: str, fact: str) -> bool:
    """Whether a normalised text contains a fact as whole words; `5` is not in `5.4` nor in `15`."""
    return re.search(rf"(?<![\w])(?<!\d[.]){re.escape(normalise(fact))}(?!\w)(?!\.\d)", text) is not None


def contains_facts(answer: str, facts: Sequence[Sequence[str]]) -> bool:
    """Whether an answer contains one alternative of every group of facts; the numbers of citations don't count."""
    text = normalise(CITATION.sub(" ", answer))
    return all(any(contains(text, fact) for fact in group) for group in facts)
