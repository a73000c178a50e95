"""What a model sends piece by piece, whatever wire it came over."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class CachedTokens:
    """`cached_tokens` of the prompt were not read again."""

    cached_tokens: int = 0


@dataclass(frozen=True, slots=True)
class TokenCounts:
    """Tokens of one call, under OpenAI's names. `counted_by` is `server`, or the tokenizer that counted them here.

    `load_ms` is how long the server loaded the model for this call, None where it does not tell.
    """

    prompt_tokens: int
    completion_tokens: int
    prompt_tokens_details: CachedTokens = CachedTokens()
    counted_by: str = "server"
    load_ms: float | None = None


@dataclass(frozen=True, slots=True)
class Piece:
    """Something that the model produced: text, reasoning (which is no part of the answer), or what was counted at the end.

    `choices` are OpenAI's, where they carry log-probabilities.
    """

    text: str = ""
    reasoning: str = ""
    usage: TokenCounts | None = None
    choices: Sequence[Any] = ()


@dataclass(frozen=True, slots=True)
class Reported:
    """`ChatResponse.raw`: what came beside the text. The last chunk of a stream has `usage`."""

    usage: TokenCounts | None = None
    choices: Sequence[Any] = ()
