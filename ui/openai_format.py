"""OpenAI's chat completion format: what comes in, what goes out. The field `midas` is ours (see `assistant.wire`)."""

from __future__ import annotations

import time
from typing import Annotated, Any, Literal

from pydantic import BaseModel, Field, field_validator

from assistant.types import Answer, Message, Usage
from ui.service import Question

MODEL_PREFIX = "midas:"
"""May stand before a back end's name, for clients that use several providers."""
QUESTION_CHARS = 20_000
"""Longest question or search text. What fits the model's window is less, but this is refused before any work."""
HISTORY_MESSAGES = 100
"""Clients send the whole conversation; what was said long before, or at greater length than a question may have, is not looked
at."""
LONGEST_TEXT = 8 * 2**20
"""As much as a request may send. Pydantic looks at the characters of a text that it measures: what is none (a half of a pair of
UTF-16) is refused here, or it would be met where the prompt is sent, as a failure of the back end, which others ask too."""

Text = Annotated[str, Field(max_length=LONGEST_TEXT)]
Name = Annotated[str, Field(max_length=200)]
CollectionNames = Annotated[list[Name], Field(max_length=1000)]


class TextPart(BaseModel):
    type: Literal["text"]
    text: Text


class ChatMessage(BaseModel):
    """`collections` is ours: those that were searched for the turn, as `midas.collections` of its answer names them. Turns of
    private ones are kept from back ends in the cloud; while any collection is private, so are turns that don't name theirs."""

    role: Literal["system", "developer", "user", "assistant"]
    content: Text | list[TextPart]
    collections: CollectionNames = []

    @field_validator("content", mode="before")
    @classmethod
    def _is_text(cls, content: Any) -> Any:
        parts = content if isinstance(content, list) else []
        if any(isinstance(part, dict) and part.get("type") != "text" for part in parts):
            raise ValueError("it has parts that are no text: leave pictures and files out")
        return content

    @property
    def text(self) -> str:
        return self.content if isinstance(self.content, str) else "\n".join(part.text for part in self.content)


class StreamOptions(BaseModel):
    include_usage: bool = False


class ChatRequest(BaseModel):
    """A question with its history. System messages and sampling settings are accepted and not used: how an answer is
    written from the evidence is not the caller's to change."""

    messages: list[ChatMessage] = Field(min_length=1, description="the last one is the question, earlier ones are history")
    model: Name | None = Field(None, description="NAME or midas:NAME of a back end; absent means the default one")
    stream: bool = False
    stream_options: StreamOptions | None = None
    n: Literal[1] | None = None
    collections: CollectionNames | None = Field(None, description="collections to search; absent means all")
    language: Literal["es", "en"] | None = Field(None, description="language of the answer; absent means the question's")

    @property
    def backend(self) -> str | None:
        """The name of the back end."""
        return self.model and self.model.removeprefix(MODEL_PREFIX)

    @field_validator("messages")
    @classmethod
    def _ends_with_question(cls, messages: list[ChatMessage]) -> list[ChatMessage]:
        if messages[-1].role != "user":
            raise ValueError("the last message must be a question of role user")
        if len(messages[-1].text) > QUESTION_CHARS:
            raise ValueError(f"the question has more than {QUESTION_CHARS} characters: ask a shorter one")
        return messages

    def question(self) -> Question:
        *earlier, last = self.messages
        history = tuple(
            Message(turn.role, turn.text[:QUESTION_CHARS], tuple(turn.collections))
            for turn in earlier[-HISTORY_MESSAGES:]
            if turn.role == "user" or turn.role == "assistant"
        )
        collections = None if self.collections is None else tuple(self.collections)
        return Question(last.text, history, collections, self.backend, self.language)


class UsageBody(BaseModel):
    prompt_tokens: int
    completion_tokens: int
    total_tokens: int
    prompt_tokens_details: dict[str, int]

    @classmethod
    def of(cls, usage: Usage) -> UsageBody:
        return cls(
            prompt_tokens=usage.prompt_tokens,
            completion_tokens=usage.completion_tokens,
            total_tokens=usage.prompt_tokens + usage.completion_tokens,
            prompt_tokens_details={"cached_tokens": usage.cached_tokens},
        )


class Delta(BaseModel):
    role: Literal["assistant"] | None = None
    content: str | None = None


class ChunkChoice(BaseModel):
    index: int = 0
    delta: Delta
    finish_reason: Literal["stop"] | None = None


class ReplyMessage(BaseModel):
    role: Literal["assistant"] = "assistant"
    content: str


class Choice(BaseModel):
    index: int = 0
    message: ReplyMessage
    finish_reason: Literal["stop"] = "stop"


class Reply(BaseModel):
    """What chunk and completion share."""

    id: str
    created: int = Field(default_factory=lambda: int(time.time()))
    model: str
    midas: dict[str, Any] | None = Field(None, description="an event of the answer; the last one has citations and sources")


class Chunk(Reply):
    """One piece of a streamed answer. The pieces joined are the answer as the model wrote it, with citations it forgot at the
    end; the verified text, with every citation in its place, is `midas.text` of the chunk that has `finish_reason`."""

    object: Literal["chat.completion.chunk"] = "chat.completion.chunk"
    choices: list[ChunkChoice]
    usage: UsageBody | None = None

    def line(self) -> str:
        """As a server-sent event."""
        return f"data: {self.model_dump_json(exclude_none=True)}\n\n"


class Completion(Reply):
    """A whole answer."""

    object: Literal["chat.completion"] = "chat.completion"
    choices: list[Choice]
    usage: UsageBody


def completion(reply_id: str, answer: Answer, event: dict[str, Any]) -> Completion:
    """`model` names the back end that answered, which may be a fallback."""
    choices = [Choice(message=ReplyMessage(content=answer.text))]
    return Completion(id=reply_id, model=answer.backend, midas=event, choices=choices, usage=UsageBody.of(answer.usage))


def rest_of(answer: Answer, streamed: str) -> str:
    """What a client that joins the pieces still lacks of the verified answer."""
    if answer.text.startswith(streamed):
        return answer.text[len(streamed) :]
    if answer.declined:
        return f"\n\n{answer.text}"
    missing = sorted({citation.number for citation in answer.citations if f"[{citation.number}]" not in streamed})
    return " " + "".join(f"[{number}]" for number in missing) if missing else ""
