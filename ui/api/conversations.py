"""A person's own conversations."""

from __future__ import annotations

import json
from collections.abc import AsyncGenerator
from contextlib import aclosing
from dataclasses import asdict
from typing import Annotated, Literal

from fastapi import APIRouter, Depends, Query
from fastapi.responses import PlainTextResponse, Response
from pydantic import BaseModel, Field

from assistant.types import Event
from assistant.wire import event_to_json
from ui.api.context import REFUSALS, SECURED, at
from ui.api.event_stream import EventStream, event_stream
from ui.api.questions import AtAsking
from ui.desks.conversations import TITLE_CHARS, Conversations
from ui.errors import body_of, told
from ui.memory.conversation import Begun, Conversation, ConversationRow, Turn
from ui.openai_format import QUESTION_CHARS, CollectionNames
from ui.service import Question

conversations = APIRouter(prefix="/v1", dependencies=SECURED, responses=REFUSALS, tags=["conversations"])
AtConversations = Annotated[Conversations, Depends(at(Conversations))]
Offset = Annotated[int, Query(ge=0, le=1_000_000)]
Limit = Annotated[int, Query(ge=1, le=200)]


class Markdown(PlainTextResponse):
    media_type = "text/markdown"


class NewConversation(BaseModel):
    title: str = Field("", max_length=TITLE_CHARS, description="empty: that of the first question")


class Renaming(BaseModel):
    title: str = Field(min_length=1, max_length=TITLE_CHARS)


class TurnRequest(BaseModel):
    """A question; its history is the conversation's."""

    question: str = Field(min_length=1, max_length=QUESTION_CHARS)
    collections: CollectionNames | None = Field(None, description="collections to search; absent means all")
    backend: str | None = Field(None, max_length=200, description="name of a back end; absent means the default one")
    language: Literal["es", "en"] | None = Field(None, description="language of the answer; absent means the question's")
    replacing: str | None = Field(None, max_length=100, description="a turn that goes, with all later ones: edit and retry")

    def asked(self) -> Question:
        chosen = None if self.collections is None else tuple(self.collections)
        return Question(self.question, collections=chosen, backend=self.backend, language=self.language)


@conversations.get("/conversations")
def list_conversations(
    desk: AtConversations,
    search: Annotated[str, Query(max_length=500)] = "",
    limit: Limit = 50,
    offset: Offset = 0,
) -> list[ConversationRow]:
    """One's own conversations, the latest first; with `search`, those that hold all its words."""
    return desk.rows(search=search, limit=limit, offset=offset)


@conversations.post("/conversations", status_code=201)
def create_conversation(body: NewConversation, desk: AtConversations) -> Conversation:
    """Begins an empty conversation."""
    return desk.create(body.title)


@conversations.get("/conversations/{conversation}")
def conversation(conversation: str, desk: AtConversations) -> Conversation:
    """With its turns. What came from documents that one may not read any more is left out."""
    return desk.get(conversation)


@conversations.patch("/conversations/{conversation}", status_code=204)
def rename_conversation(conversation: str, body: Renaming, desk: AtConversations) -> None:
    """Gives it another title."""
    desk.rename(conversation, body.title)


@conversations.delete("/conversations/{conversation}", status_code=204)
def delete_conversation(conversation: str, desk: AtConversations) -> None:
    """Deletes it for good. Votes stay with the admins, without the person's name."""
    desk.delete(conversation)


@conversations.get("/conversations/{conversation}/export", response_class=Markdown)
def export_conversation(conversation: str, desk: AtConversations, language: Literal["es", "en"] = "es") -> Response:
    """As Markdown, with numbered citations. As JSON it is `GET /v1/conversations/{conversation}`."""
    text = desk.markdown(conversation, language)
    attached = {"Content-Disposition": 'attachment; filename="midas.md"'}
    return Markdown(text, headers=attached)


@conversations.post("/conversations/{conversation}/turns", response_class=EventStream)
async def ask_in_conversation(conversation: str, body: TurnRequest, desk: AtAsking) -> Response:
    """Asks, and tells what happens as server-sent events, ending in `[DONE]`: first `begun` with the id of the turn, last
    `answer`. The answer is written on, and kept, when the client goes away."""
    events = desk.converse(body.asked(), conversation, replacing=body.replacing)
    return await _streamed(events)


@conversations.get("/turns/{turn}")
def turn(turn: str, desk: AtConversations) -> Turn:
    """A question and what came of it."""
    return desk.turn(turn)


@conversations.get("/turns/{turn}/events", response_class=EventStream)
async def follow_turn(turn: str, desk: AtAsking) -> Response:
    """The events of an answer that is being written, from the first one on; none when nobody writes on it."""
    return await _streamed(desk.follow(turn))


@conversations.post("/turns/{turn}/stop", status_code=204)
def stop_turn(turn: str, desk: AtAsking) -> None:
    """Ends the writing; what was written stays."""
    desk.stop(turn)


async def _streamed(events: AsyncGenerator[Begun | Event, None] | AsyncGenerator[Event, None]) -> Response:
    """What fails before the first event is an error with its status."""
    first = await anext(events, None)
    return event_stream(_lines(first, events))


async def _lines(
    first: Begun | Event | None, events: AsyncGenerator[Begun | Event, None] | AsyncGenerator[Event, None]
) -> AsyncGenerator[str, None]:
    async with aclosing(events):
        try:
            if first:
                yield _line(first)
            async for event in events:
                yield _line(event)
        except Exception as error:
            yield f"data: {body_of(told(error)).model_dump_json()}\n\n"
        yield "data: [DONE]\n\n"


def _line(event: Begun | Event) -> str:
    told_event = {"type": "begun", **asdict(event)} if isinstance(event, Begun) else event_to_json(event)
    return f"data: {json.dumps(told_event, ensure_ascii=False)}\n\n"
