"""Questions that are asked without documents: what the bare model says, as the same events as an answer of the assistant."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from contextlib import aclosing

from llama_index.core.base.llms.types import ChatMessage, MessageRole

from assistant.backends import Backend
from assistant.backends.common.pieces import TokenCounts
from assistant.types import Answer, AnswerEvent, Event, StatusEvent, TokenEvent, Usage
from eval.questions import Question

PLAIN_TOKENS = 512
"""The longest such answer: a function, or a page of reasoning. A small window has half of it for the answer."""


async def stream_plain(backend: Backend, question: Question) -> AsyncGenerator[Event, None]:
    """What happens until the answer, then the answer. Raises BackendError."""
    turns = [ChatMessage(turn.text, role=MessageRole(turn.role)) for turn in question.messages]
    text, counts, limit = "", TokenCounts(0, 0), min(PLAIN_TOKENS, backend.context_window // 2)
    with backend.queue.join() as place:
        async for position in place.positions():
            yield StatusEvent("queued", position=position)
        yield StatusEvent("reading", passages=0)
        stream = await backend.llm.astream_chat([*turns, ChatMessage(question.question)], max_tokens=limit)
        async with aclosing(stream) as pieces:
            async for piece in pieces:
                counts = getattr(piece.raw, "usage", None) or counts
                if piece.delta:
                    text += piece.delta
                    yield TokenEvent(piece.delta)
    yield AnswerEvent(_answer(backend, question, text, counts))


def _answer(backend: Backend, question: Question, text: str, counts: TokenCounts) -> Answer:
    cached = counts.prompt_tokens_details.cached_tokens
    return Answer(
        text=text,
        question=question.question,
        language=question.language,
        backend=backend.name,
        model=backend.model,
        cloud=backend.cloud,
        usage=Usage(counts.prompt_tokens, counts.completion_tokens, cached, counts.counted_by),
    )
