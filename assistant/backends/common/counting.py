"""How many tokens a text has for a model."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from tokenizers import Tokenizer

from assistant import models
from assistant.backends.common import gguf
from ingest.errors import ModelError

if TYPE_CHECKING:
    from llama_index.core.base.llms.types import ChatMessage

BYTES_PER_TOKEN = 3
"""For an unknown tokenizer this is on the safe side: Spanish and English have about four bytes a token."""
TOKENS_PER_MESSAGE = 8
"""More than any common chat template puts around a message."""


@dataclass(frozen=True, slots=True)
class TokenCounter:
    """Counts tokens of a text alone, and of a whole prompt with what the model's chat template puts around its messages.

    `name` is the tokenizer's, `estimate` when there is none.
    """

    name: str
    text: Callable[[str], int]
    chat: Callable[[Sequence[ChatMessage]], int]


def counter_of(name: str, count: Callable[[str], int]) -> TokenCounter:
    """A counter of whole prompts from one of texts; it is rather too high."""
    return TokenCounter(
        name, count, lambda messages: sum(count(message.content or "") + TOKENS_PER_MESSAGE for message in messages)
    )


def estimate_tokens(text: str) -> int:
    """An estimate that is rather too high."""
    return -(-len(text.encode("utf-8", "replace")) // BYTES_PER_TOKEN)


ESTIMATE = counter_of("estimate", estimate_tokens)


def load_counter(tokenizer: str | None, home: Path) -> TokenCounter:
    """The counter of a `tokenizer.json`, or of a pulled GGUF model; an estimate for None. Raises ModelError."""
    if tokenizer is None:
        return ESTIMATE
    loaded = _from_json(Path(tokenizer)) if tokenizer.endswith(".json") else _from_gguf(tokenizer, home)
    return counter_of(f"tokenizer of {tokenizer}", lambda text: len(loaded.encode(text, add_special_tokens=False)))


def _from_json(path: Path) -> Tokenizer:
    try:
        return Tokenizer.from_file(str(path.expanduser()))
    except Exception as error:  # the library raises nothing more special
        raise ModelError(f"{path} can't be read as a tokenizer ({error}): name a tokenizer.json that is whole.") from error


def _from_gguf(model: str, home: Path) -> Tokenizer:
    tokenizer = gguf.build_tokenizer(gguf.read_metadata(models.verify(model, home)))
    if tokenizer is None:
        raise ModelError(f"The tokenizer of the model {model!r} is of a kind not known here: name a tokenizer.json instead.")
    return tokenizer


def fewest_tokens(messages: Sequence[ChatMessage]) -> int:
    """Tokens that a prompt has at least: no tokenizer makes less than one of a word."""
    return sum(len((message.content or "").split()) for message in messages)
