"""From the scores of two legs to one order.

Both legs' candidates are pooled, each leg scores the whole pool exactly, the standardised scores (z-scores over the pool) are
added, dense with weight 0.7, and the first five are put in order with a small bonus for the question's letter sequences.
XQuAD, 240 paragraphs cut at 220 tokens, one collection each, recall@1 / @5 in Spanish and in English:

    dense                                    0.911 / 0.989    0.945 / 0.994
    full text                                0.926 / 0.990    0.937 / 0.987
    reciprocal rank fusion                   0.938 / 0.993    0.952 / 0.993
    min-max scores, half each                0.949 / 0.996    0.960 / 0.996
    scores over the best one, half each      0.929 / 0.992    0.950 / 0.991
    z-scores, 0.7 dense                      0.954 / 0.996    0.960 / 0.997
    z-scores, 0.7 dense, letters             0.960 / 0.996    0.962 / 0.997

Passages in another language than the question's share no terms with it, and multilingual-e5-small gives them lower cosines:
where the pool has passages in both, the cosines of the foreign ones are raised and the full text can't lower their sums.

Scoring the pool exactly is worth up to 0.004 at rank 1. Covered sentences, word pairs and exact forms gave less than 0.003.
"""

from __future__ import annotations

import math
import re
from collections.abc import Collection, Iterable, Sequence

import numpy as np
from numpy.typing import NDArray

from ingest.text import content_words, fold
from ingest.types import StoredChunk

COPY_OVERLAP = 0.9
"""Share of common words (Jaccard) from which a passage is a copy of another."""
FOREIGN = 1.0
"""Standard deviations of the pool's cosines that a passage loses by being in another language. With this, 139 instead of 137 of
142 questions about corpora/midas have the fact among the first eight passages, and 129 instead of 124 among the evidence."""
HEAD = 5
"""Passages whose order the letters may change."""
LETTERS = 4
"""Length of the sequences: they match inflected and compounded words, and misspelt ones, where stems don't."""
LETTERS_WEIGHT = 0.1

_NOT_WORDS = re.compile(r"\W+")


def fuse(dense: dict[str, float], lexical: dict[str, float], alpha: float, foreign: Collection[str] = ()) -> dict[str, float]:
    """Fused scores in [0, 1] by chunk id, 1 for the best. A chunk without a cosine gets the least one, without bm25 zero.

    `foreign` are the chunks that are not in the question's language.
    """
    keys = list(dict.fromkeys((*dense, *lexical)))
    if not keys:
        return {}
    least = min(dense.values(), default=0.0)
    is_foreign = np.array([key in foreign for key in keys])
    cosines = _standardised([dense.get(key, least) for key in keys]) + FOREIGN * is_foreign
    bm25 = _standardised([lexical.get(key, 0.0) for key in keys])
    sums = alpha * cosines + (1 - alpha) * bm25
    sums = np.where(is_foreign, np.maximum(sums, cosines), sums)
    low, high = float(sums.min()), float(sums.max())
    stretched = (sums - low) / (high - low) if high > low else np.ones(len(keys))
    return dict(zip(keys, stretched.tolist(), strict=True))


def _standardised(scores: Sequence[float]) -> NDArray[np.float64]:
    """Mean 0, standard deviation 1; all 0 when the scores are equal."""
    values = np.asarray(scores, dtype=np.float64)
    standardised: NDArray[np.float64] = (values - values.mean()) / (float(values.std()) or 1.0)
    return standardised


def without_near_duplicates(chunks: Sequence[StoredChunk], most: int) -> list[StoredChunk]:
    """The first `most` chunks, in their order, that share less than nine tenths of their words with any one before.

    Copies of a text answer nothing new; versions that differ in a number stay.
    """
    kept: list[tuple[StoredChunk, frozenset[str]]] = []
    for chunk in chunks:
        words = frozenset(fold(chunk.chunk.text).split())
        if not any(_is_copy(words, other) for _, other in kept):
            kept.append((chunk, words))
        if len(kept) == most:
            break
    return [chunk for chunk, _ in kept]


def _is_copy(words: frozenset[str], other: frozenset[str]) -> bool:
    """Nearly the same words, and no figure that only one of them has."""
    if len(words & other) < COPY_OVERLAP * len(words | other):
        return False
    return not any(char.isdigit() for word in words ^ other for char in word)


def with_letters(question: str, chunks: Sequence[StoredChunk], scores: dict[str, float]) -> dict[str, float]:
    """The scores of these chunks, best first, with the first ones raised by how much of the question's letters they hold.

    The rarer a sequence is among the first passages, the more it counts. Scores stay in [0, 1].
    """
    texts = [_spaced(chunk.chunk.embedding_text) for chunk in chunks[:HEAD]]
    bonuses = _covered(_sequences(question), texts) + [0.0] * len(chunks[HEAD:])
    return {
        chunk.id: (scores[chunk.id] + LETTERS_WEIGHT * bonus) / (1 + LETTERS_WEIGHT)
        for chunk, bonus in zip(chunks, bonuses, strict=True)
    }


def _spaced(text: str) -> str:
    return f" {_NOT_WORDS.sub(' ', fold(text))} "


def _sequences(question: str) -> set[str]:
    """Sequences of letters within the words, with the space that begins and ends each."""
    words = [f" {word} " for word in content_words(question)]
    return {word[start : start + LETTERS] for word in words for start in range(max(1, len(word) - LETTERS + 1))}


def _covered(sequences: Iterable[str], texts: Sequence[str]) -> list[float]:
    """Share of the sequences' weight that each text holds; sequences in none of the texts don't count."""
    held = [[sequence in text for text in texts] for sequence in sequences]
    weights = [math.log(1 + (len(texts) - sum(row) + 0.5) / (sum(row) + 0.5)) if any(row) else 0.0 for row in held]
    total = sum(weights) or 1.0
    return [sum(weight for weight, row in zip(weights, held, strict=True) if row[n]) / total for n in range(len(texts))]
