"""The base of every kind's model: a LlamaIndex LLM whose calls are guarded, fit the window, and tell what they cost."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import AsyncGenerator, Sequence
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
from assistant.backends.common.reasoning import ReasoningFilter
from assistant.errors import BackendEmpty, PromptTooLong


class GuardedLLM(LLM):
    """A kind implements `pieces`. Everything else (timeouts, retries, circuit breaker, room in the window, reasoning kept out
    of the answer, usage, text of documents that looks like control tokens made harmless) is done here, once."""

    model: str = Field(description="name of the model at the back end")
    context_window: int = Field(description="tokens that prompt and answer may have together")
    _guard: Guard = PrivateAttr()
    _counter: TokenCounter = PrivateAttr()

    def __init__(self, *, model: str, context_window: int, guard: Guard, counter: TokenCounter) -> None:
        super().__init__(model=model, context_window=context_window)
        self._guard = guard
        self._counter = counter

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
        self.require_room(safe, int(options.get("max_tokens") or 0))
        return self._responses(safe, options)

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

    async def _responses(self, messages: Sequence[ChatMessage], options: dict[str, Any]) -> AsyncGenerator[ChatResponse, None]:
        answer = _Answer()
        async with aclosing(self._guard.stream(lambda: self.pieces(messages, options))) as pieces:
            async for piece in pieces:
                yield answer.response(piece)
        if rest := answer.rest():
            yield rest
        if not answer.text.strip():
            raise self._empty(answer)
        yield answer.last(answer.usage or self._counted(messages, answer))

    def _counted(self, messages: Sequence[ChatMessage], answer: _Answer) -> TokenCounts:
        written = self._counter.text(answer.reasoning + answer.text)
        return TokenCounts(self._counter.chat(messages), written, CachedTokens(), self._counter.name)

    def _empty(self, answer: _Answer) -> BackendEmpty:
        if answer.reasoning:
            return BackendEmpty(f"{self.where} used all its tokens to reason and answered nothing: raise answer.max_tokens.")
        return BackendEmpty(f"{self.where} sent an empty answer: try again, and check its chat template.")

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


class _Answer:
    """One answer while it arrives."""

    def __init__(self) -> None:
        self.text = ""
        self.reasoning = ""
        self.usage: TokenCounts | None = None
        self._filter = ReasoningFilter()

    def response(self, piece: Piece) -> ChatResponse:
        return self._add(self._filter.pass_on(piece))

    def rest(self) -> ChatResponse | None:
        """What was held back, if anything."""
        piece = self._filter.rest()
        return self._add(piece) if piece.text or piece.reasoning else None

    def last(self, usage: TokenCounts) -> ChatResponse:
        return self._response(Piece(), Reported(usage))

    def _add(self, piece: Piece) -> ChatResponse:
        self.text += piece.text
        self.reasoning += piece.reasoning
        self.usage = piece.usage or self.usage
        return self._response(piece, Reported(None, piece.choices))

    def _response(self, piece: Piece, raw: Reported) -> ChatResponse:
        return ChatResponse(message=ChatMessage(self.text, role=MessageRole.ASSISTANT), delta=piece.text, raw=raw)
