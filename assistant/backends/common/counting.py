"""How many tokens a text has for a model."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from llama_index.core.base.llms.types import ChatMessage

BYTES_PER_TOKEN = 3
"""For an unknown tokenizer this is on the safe side: Spanish and English have about four bytes a token."""
TOKENS_PER_MESSAGE = 8


@dataclass(frozen=True, slots=True)
class TokenCounter:
    """Counts tokens of a text alone, and of a whole prompt with what the model's chat template puts around its messages.

    `name` is the tokenizer's, `estimate` when there is none.
    """

    name: str
    text: Callable[[str], int]
    chat: Callable[[Sequence[ChatMessage]], int]


def estimate_tokens(text: str) -> int:
    """An estimate that is rather too high."""
    return -(-len(text.encode("utf-8", "replace")) // BYTES_PER_TOKEN)


def estimate_chat_tokens(messages: Sequence[ChatMessage]) -> int:
    """An estimate of the whole prompt that is rather too high."""
    return sum(estimate_tokens(message.content or "") + TOKENS_PER_MESSAGE for message in messages)


ESTIMATE = TokenCounter("estimate", estimate_tokens, estimate_chat_tokens)
