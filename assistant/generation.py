"""One call of the model: messages in, text out piece by piece, with what the server reports beside it."""

from __future__ import annotations

import asyncio
import math
import time
from collections.abc import AsyncGenerator, Sequence
from contextlib import aclosing
from dataclasses import dataclass, field, replace
from typing import Any

from llama_index.core.base.llms.types import ChatMessage, MessageRole
from llama_index.core.indices.prompt_helper import ChatPromptHelper, PromptHelper
from llama_index.core.response_synthesizers import BaseSynthesizer
from llama_index.core.types import RESPONSE_TEXT_TYPE

from assistant.backends import Backend
from assistant.decline import asks_openly
from assistant.errors import BackendError
from assistant.history import StandaloneQuestion
from assistant.prompts import Language, prompt
from assistant.types import Usage

PROBABILITIES = {"logprobs": True, "top_logprobs": 8}
APPROVAL_SECONDS = 30.0
_YES, _NO = {"sí", "si", "s", "yes", "y"}, {"no", "n"}


@dataclass
class Generation:
    """What one call produced: filled while it streams."""

    text: str = ""
    refusal_probability: float | None = None
    usage: Usage = field(default_factory=Usage)
    started: float = 0.0
    ttft_ms: float | None = None
    total_ms: float | None = None


class EvidenceSynthesizer(BaseSynthesizer):
    """Streams the answer to one question from its numbered evidence (the text chunks it is given).

    The fixed instructions come first, so that a prompt cache holds them. The probability that the answer would begin like the
    refusal the model was told to write is read from its first token, where the back end reports probabilities.
    """

    def __init__(self, backend: Backend, question: StandaloneQuestion, language: Language, max_tokens: int) -> None:
        metadata = backend.llm.metadata
        super().__init__(
            llm=backend.llm,
            streaming=True,
            prompt_helper=PromptHelper.from_llm_metadata(metadata),
            chat_prompt_helper=ChatPromptHelper.from_llm_metadata(metadata),
        )
        self._backend = backend
        self._question = question
        self._language = language
        self._max_tokens = max_tokens
        self._refusal = prompt(language, "refusal")
        self.generation = Generation()
        self.sent: list[ChatMessage] = []

    def messages(self, text_chunks: Sequence[str]) -> list[ChatMessage]:
        """The whole prompt."""
        earlier = ""
        if self._question.earlier:
            asked, *answered = (message.text for message in self._question.earlier)
            earlier = prompt(self._language, "earlier").format(question=asked, answer=" ".join(answered)) + "\n\n"
        text = prompt(self._language, "question").format(
            evidence="\n".join(text_chunks), earlier=earlier, question=self._question.question
        )
        return [*fixed_messages(self._language), ChatMessage(role=MessageRole.USER, content=text)]

    async def aget_response(self, query_str: str, text_chunks: Sequence[str], **response_kwargs: Any) -> RESPONSE_TEXT_TYPE:
        self.sent = self.messages(text_chunks)
        return self._pieces(self.sent)

    def get_response(self, query_str: str, text_chunks: Sequence[str], **response_kwargs: Any) -> RESPONSE_TEXT_TYPE:
        raise NotImplementedError("answers are streamed asynchronously: use asynthesize()")

    async def _pieces(self, messages: Sequence[ChatMessage]) -> AsyncGenerator[str, None]:
        generation = self.generation
        generation.started = time.perf_counter()
        options = self._probing() if self._backend.logprobs else {}
        stream = await self._backend.llm.astream_chat(messages, max_tokens=self._max_tokens, **options)
        try:
            async for chunk in stream:
                self._spend(chunk.raw)
                if chunk.delta:
                    self._note(chunk.raw)
                    if generation.ttft_ms is None:
                        generation.ttft_ms = (time.perf_counter() - generation.started) * 1000
                    generation.text += chunk.delta
                    yield chunk.delta
        finally:
            await stream.aclose()
            generation.total_ms = (time.perf_counter() - generation.started) * 1000

    async def approval(self) -> float | None:
        """Probability in [0, 1] that the model, asked whether the evidence says what it has just written, says yes.

        One token after a prompt that the prompt cache holds. None where the back end reports no probabilities, where the
        question does not fit the window any more, or where the call fails or takes long: the answer is there already.
        """
        if not self._backend.logprobs:
            return None
        written = ChatMessage(role=MessageRole.ASSISTANT, content=self.generation.text)
        asked = ChatMessage(role=MessageRole.USER, content=prompt(self._language, "check"))
        candidates: Sequence[Any] = ()
        started, answered = time.perf_counter(), self.generation.usage.completion_tokens
        try:
            async with asyncio.timeout(APPROVAL_SECONDS):
                stream = await self._backend.llm.astream_chat([*self.sent, written, asked], max_tokens=1, **PROBABILITIES)
                async with aclosing(stream) as chunks:
                    async for chunk in chunks:
                        candidates = candidates or _first_candidates(chunk.raw)
                        self._spend(chunk.raw)
        except (BackendError, TimeoutError):
            return None
        spent = self.generation.usage
        self.generation.usage = replace(spent, check_tokens=spent.completion_tokens - answered)
        self.generation.total_ms = (self.generation.total_ms or 0) + (time.perf_counter() - started) * 1000
        return yes_share(candidates)

    def _probing(self) -> dict[str, Any]:
        """Asks for the first token's probabilities, and for an answer in any case where they alone decide about declining."""
        if not asks_openly(self._question.question):
            return PROBABILITIES
        return {**PROBABILITIES, "never": self._refusal.split()[0]}

    def _note(self, raw: Any) -> None:
        """Keeps the probability of a refusal at the first token of the answer (not of the reasoning before it)."""
        candidates = _first_candidates(raw)
        if self.generation.refusal_probability is None and candidates:
            self.generation.refusal_probability = refusal_probability(candidates, self._refusal)

    def _spend(self, raw: Any) -> None:
        """Adds the tokens of a call, which its last chunk tells."""
        if usage := getattr(raw, "usage", None):
            spent, details = self.generation.usage, getattr(usage, "prompt_tokens_details", None)
            self.generation.usage = Usage(
                spent.prompt_tokens + usage.prompt_tokens,
                spent.completion_tokens + usage.completion_tokens,
                spent.cached_tokens + ((details and details.cached_tokens) or 0),
                getattr(usage, "counted_by", "server"),
            )

    def _get_prompts(self) -> dict[str, Any]:
        return {}

    def _update_prompts(self, prompts: dict[str, Any]) -> None:
        """There is nothing to update: the prompt is in the messages."""


def fixed_messages(language: Language) -> list[ChatMessage]:
    """The part of the prompt that never changes."""
    return [ChatMessage(role=MessageRole.SYSTEM, content=prompt(language, "system"))]


def _first_candidates(raw: Any) -> Sequence[Any]:
    """The most probable tokens of a chunk's first token; empty where it tells none."""
    choices = getattr(raw, "choices", None)
    logprobs = choices[0].logprobs if choices else None
    candidates: Sequence[Any] = logprobs.content[0].top_logprobs if logprobs and logprobs.content else ()
    return candidates


def yes_share(candidates: Sequence[Any]) -> float | None:
    """What "yes" has of the probability of "yes" and "no" in both languages; None when neither is among the candidates."""
    yes, no = (
        sum(math.exp(token.logprob) for token in candidates if token.token.strip().lower() in words) for words in (_YES, _NO)
    )
    return yes / (yes + no) if yes + no else None


def refusal_probability(candidates: Sequence[Any], refusal: str) -> float:
    """Probability in [0, 1] that the answer's first token begins `refusal`, from the first token's top log-probabilities."""
    starts = (token for token in candidates if token.token.strip() and refusal.startswith(token.token.strip()))
    return sum(math.exp(token.logprob) for token in starts)
