"""A back end as the rest of the product sees it: nothing outside this package knows its kind."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import aclosing, asynccontextmanager
from dataclasses import dataclass, field

from llama_index.core.base.llms.types import ChatMessage
from llama_index.core.llms import LLM

from assistant.backends.queue import FairQueue


def _nothing() -> None:
    """There is nothing to close."""


@dataclass(frozen=True)
class Backend:
    """A language model that is ready to answer.

    `llm.astream_chat` streams; closing its generator stops the model. It raises BackendError only (PromptTooLong before
    anything is sent when `count_chat_tokens(messages)` and `max_tokens` exceed `context_window`), and the last chunk's
    `raw.usage` counts the tokens. `cloud` tells that questions leave the company; `logprobs` that the model can report the
    probabilities of its tokens and be kept from writing some: it then takes the option `never` of `astream_chat`, a token.
    """

    name: str
    kind: str
    model: str
    llm: LLM
    context_window: int
    count_tokens: Callable[[str], int]
    count_chat_tokens: Callable[[Sequence[ChatMessage]], int]
    cloud: bool = False
    logprobs: bool = False
    queue: FairQueue = field(default_factory=FairQueue)
    close: Callable[[], None] = _nothing

    @asynccontextmanager
    async def slot(self) -> AsyncIterator[None]:
        """Waits for this caller's turn and holds it; `queue.join()` and its `positions()` tell how many are ahead."""
        with self.queue.join() as place:
            async for _ in place.positions():
                pass
            yield

    async def warm_up(self, prompts: Sequence[Sequence[ChatMessage]]) -> None:
        """Reads the fixed part of each prompt, so that the first questions find it in the prompt cache."""
        for messages in prompts:
            async with self.slot(), aclosing(await self.llm.astream_chat(messages, max_tokens=1)) as pieces:
                async for _ in pieces:
                    pass
