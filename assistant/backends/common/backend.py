"""A back end as the rest of the product sees it: nothing outside this package knows its kind."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import aclosing, asynccontextmanager, suppress
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from assistant.backends.common.breaker import CircuitBreaker
from assistant.backends.common.capabilities import Capabilities
from assistant.backends.common.queue import FairQueue
from assistant.errors import BackendEmpty

if TYPE_CHECKING:
    from llama_index.core.base.llms.types import ChatMessage
    from llama_index.core.llms import LLM


@dataclass(frozen=True, slots=True)
class Health:
    """What a server says of itself. None: it doesn't tell. `error` is why it is not reachable, or not well.

    `models` are the names it serves; `context_window` is in tokens.
    """

    reachable: bool
    models: tuple[str, ...] | None = None
    version: str | None = None
    context_window: int | None = None
    error: str | None = None


def _nothing() -> None:
    """There is nothing to close."""


async def _in_process() -> Health:
    """What was loaded into this process is there."""
    return Health(True)


@dataclass(frozen=True)
class Backend:
    """A language model that is ready to answer.

    `llm.astream_chat` streams; closing its generator stops the model. It raises BackendError only (PromptTooLong before
    anything is sent when `count_chat_tokens(messages)` and `max_tokens` exceed `context_window`), and the last chunk's
    `raw.usage` counts the tokens. `cloud` tells that questions leave the company; `address` is the server's base URL, None
    when the model is in this process. `counted_by` names the tokenizer that `count_tokens` uses, `estimate` when it uses none.
    `thinking_tokens` are those an answer may take for reasoning, on top of its own.
    """

    name: str
    kind: str
    model: str
    llm: LLM
    context_window: int
    count_tokens: Callable[[str], int]
    count_chat_tokens: Callable[[Sequence[ChatMessage]], int]
    cloud: bool = False
    capabilities: Capabilities = Capabilities()
    address: str | None = None
    counted_by: str = "estimate"
    thinking_tokens: int = 0
    breaker: CircuitBreaker = field(default_factory=CircuitBreaker)
    queue: FairQueue = field(default_factory=FairQueue)
    ask_health: Callable[[], Awaitable[Health]] = _in_process
    close: Callable[[], None] = _nothing

    @property
    def logprobs(self) -> bool:
        """Whether the model can report the probabilities of its tokens and be kept from writing some."""
        return self.capabilities.logprobs

    async def health(self) -> Health:
        """Asks the server; raises nothing, asks for no answer of the model and heeds no circuit breaker."""
        return await self.ask_health()

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
                with suppress(BackendEmpty):
                    await anext(pieces)
