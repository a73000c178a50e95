"""The base of every kind's model: a LlamaIndex LLM whose calls are guarded, fit the window, and tell what they cost."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import AsyncGenerator, Iterator, Sequence
from contextlib import aclosing
from typing import Any

from llama_index.core.async_utils import asyncio_run
from llama_index.core.base.llms.generic_utils import (
    achat_to_completion_decorator,
    astream_chat_to_completion_decorator,
    chat_to_completion_decorator,
)
from llama_index.core.base.llms.types import ChatMessage, ChatResponse, CompletionResponse, LLMMetadata, MessageRole
from llama_index.core.bridge.pydantic import Field, PrivateAttr
from llama_index.core.llms import LLM

from assistant.backends.common.counting import TokenCounter
from assistant.backends.common.defuse import defused
from assistant.backends.common.guard import Guard
from assistant.backends.common.pieces import CachedTokens, Piece, Reported, TokenCounts
from assistant.backends.common.reasoning import CLOSING, ReasoningFilter
from assistant.backends.common.stream import Stream
from assistant.errors import BackendEmpty, BackendError, BackendRefused, BackendUnavailable, PromptTooLong


class GuardedLLM(LLM):
    """A kind implements `pieces`. Everything else (timeouts, retries, circuit breaker, room in the window, reasoning kept out
    of the answer, usage, text of documents that looks like control tokens made harmless) is done here, once."""

    model: str = Field(description="name of the model at the back end")
    context_window: int = Field(description="tokens that prompt and answer may have together")
    _guard: Guard = PrivateAttr()
    _counter: TokenCounter = PrivateAttr()
    _thinking_tokens: int = PrivateAttr()

    def __init__(
        self, *, model: str, context_window: int, guard: Guard, counter: TokenCounter, thinking_tokens: int = 0
    ) -> None:
        """`thinking_tokens` come on top of every answer's `max_tokens`."""
        super().__init__(model=model, context_window=context_window)
        self._guard = guard
        self._counter = counter
        self._thinking_tokens = thinking_tokens

    @abstractmethod
    def pieces(self, messages: Sequence[ChatMessage], options: dict[str, Any]) -> AsyncGenerator[Piece, None]:
        """Calls the model once; yields a piece whenever it produced something, and none before.

        `options` may have `max_tokens`, `stop`, `temperature`, `json_schema` (a JSON schema the answer must fit), `logprobs`,
        `top_logprobs` and `never`. Raises BackendErrors only. Closing the generator closes the connection. Errors that make
        a repetition safe have `retry_after_s`.
        """

    @property
    def where(self) -> str:
        """Names the back end in errors."""
        return self._guard.where

    @property
    def metadata(self) -> LLMMetadata:
        return LLMMetadata(context_window=self.context_window, num_output=-1, is_chat_model=True, model_name=self.model)

    async def astream_chat(self, messages: Sequence[ChatMessage], **options: Any) -> AsyncGenerator[ChatResponse, None]:
        """Raises PromptTooLong here, other BackendErrors while it is read. Closing the generator closes the connection."""
        safe = self.defused(messages)
        if answer_tokens := options.pop("max_tokens", None):
            options["max_tokens"] = answer_tokens + self._thinking_tokens
        self.require_room(safe, int(options.get("max_tokens") or 0))
        return _Responses(self, safe, self._guard.stream(lambda: self.pieces(safe, options)))

    def defused(self, messages: Sequence[ChatMessage]) -> list[ChatMessage]:
        """The messages with everything made harmless that a model could take for a control token."""
        return [ChatMessage(defused(message.content or ""), role=message.role) for message in messages]

    def require_room(self, messages: Sequence[ChatMessage], max_tokens: int) -> None:
        """Raises PromptTooLong when prompt and answer don't fit the context window."""
        held = self._counter.chat(messages)
        if held + max_tokens > self.context_window:
            raise PromptTooLong(
                f"The prompt has {held} tokens and the answer may have {max_tokens}, but {self.where} holds "
                f"{self.context_window} in all: shorten the question, or raise the back end's context window."
            )

    def require_whole(self, messages: Sequence[ChatMessage], usage: TokenCounts) -> None:
        """Raises PromptTooLong when the server's count shows that it cut the prompt. Here: no server does that."""

    def remember(self, error: BackendError) -> None:
        """Keeps an error for whoever looks for a cause."""
        self._guard.breaker.remember(error)

    def counted(self, messages: Sequence[ChatMessage], written: str) -> TokenCounts:
        """The tokens of a call whose server counted none."""
        return TokenCounts(self._counter.chat(messages), self._counter.text(written), CachedTokens(), self._counter.name)

    async def achat(self, messages: Sequence[ChatMessage], **options: Any) -> ChatResponse:
        """The whole answer. Raises what `astream_chat` raises."""
        async with aclosing(await self.astream_chat(messages, **options)) as responses:
            return [response async for response in responses][-1]

    def chat(self, messages: Sequence[ChatMessage], **options: Any) -> ChatResponse:
        """`achat` for callers outside an event loop."""
        response: ChatResponse = asyncio_run(self.achat(messages, **options))
        return response

    async def acomplete(self, prompt: str, formatted: bool = False, **options: Any) -> CompletionResponse:
        return await achat_to_completion_decorator(self.achat)(prompt, **options)

    def complete(self, prompt: str, formatted: bool = False, **options: Any) -> CompletionResponse:
        return chat_to_completion_decorator(self.chat)(prompt, **options)

    async def astream_complete(
        self, prompt: str, formatted: bool = False, **options: Any
    ) -> AsyncGenerator[CompletionResponse, None]:
        return await astream_chat_to_completion_decorator(self.astream_chat)(prompt, **options)

    def stream_chat(self, messages: Sequence[ChatMessage], **options: Any) -> Any:
        raise NotImplementedError("answers are streamed asynchronously: use astream_chat()")

    def stream_complete(self, prompt: str, formatted: bool = False, **options: Any) -> Any:
        raise NotImplementedError("answers are streamed asynchronously: use astream_complete()")


class _Responses(Stream[ChatResponse]):
    """One answer while it arrives: pieces become responses, and the last one has the usage."""

    def __init__(self, llm: GuardedLLM, messages: Sequence[ChatMessage], pieces: AsyncGenerator[Piece, None]) -> None:
        self._llm = llm
        self._messages = messages
        self._pieces = pieces
        self._filter = ReasoningFilter()
        self._text = ""
        self._reasoning = ""
        self._usage: TokenCounts | None = None
        self._tail: Iterator[ChatResponse] | None = None

    async def next(self) -> ChatResponse:
        if self._tail is None:
            try:
                return self._response(self._filter.pass_on(await anext(self._pieces)))
            except StopAsyncIteration:
                self._tail = self._ending()
        try:
            return next(self._tail)
        except StopIteration:
            raise StopAsyncIteration from None

    async def end(self, error: BaseException | None) -> None:
        await self._pieces.aclose()
        if isinstance(error, BackendError) and not isinstance(error, BackendUnavailable):  # that one quotes the last error
            self._llm.remember(error)

    def _response(self, piece: Piece) -> ChatResponse:
        self._text += piece.text
        self._reasoning += piece.reasoning
        self._usage = piece.usage or self._usage
        return self._told(piece.text, Reported(None, piece.choices))

    def _ending(self) -> Iterator[ChatResponse]:
        """What was held back, and the usage. Raises BackendErrors when that was no answer to the whole prompt."""
        if held := self._filter.rest():
            yield self._response(held)
        self._require_answer()
        if self._usage:
            self._llm.require_whole(self._messages, self._usage)
        usage = self._usage or self._llm.counted(self._messages, self._reasoning + self._text)
        yield self._told("", Reported(usage))

    def _require_answer(self) -> None:
        where = self._llm.where
        if CLOSING in self._text:
            raise BackendRefused(f"{where} mixes its reasoning into its answers: start its server with a reasoning parser.")
        if self._text.strip():
            return
        if self._reasoning:
            raise BackendEmpty(f"{where} used all its tokens to reason and answered nothing: raise thinking_tokens.")
        raise BackendEmpty(f"{where} sent an empty answer: try again, and check its chat template.")

    def _told(self, delta: str, raw: Reported) -> ChatResponse:
        return ChatResponse(message=ChatMessage(self._text, role=MessageRole.ASSISTANT), delta=delta, raw=raw)
