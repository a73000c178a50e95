"""What the chat's page fetches: conversations, answers while they are written, sources. It comes as HTML in which everything
was escaped; nothing of a session is kept between requests."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncGenerator
from contextlib import aclosing
from dataclasses import dataclass, field, fields
from os.path import commonprefix
from typing import Annotated

from fastapi import APIRouter, Depends, Query
from fastapi.responses import HTMLResponse, StreamingResponse
from pydantic import BaseModel, Field
from pydantic_core import to_json

from assistant.types import Event, StatusEvent, TokenEvent
from ui.api.context import at
from ui.api.event_stream import STREAM_HEADERS
from ui.desks.asking import Asking
from ui.desks.conversations import Conversations
from ui.desks.reading import Reading
from ui.errors import told
from ui.keep_alive import kept_alive
from ui.memory.conversation import Begun, Turn
from ui.openai_format import QUESTION_CHARS
from ui.people.errors import SignedOut
from ui.service import Question
from ui.web.chat_texts import CHAT_TEXTS
from ui.web.choices import collections_menu, models_menu, welcome
from ui.web.language import PageLanguage
from ui.web.render import Reader, draft_html, status_text, transcript, turn_html
from ui.web.source import source_html

LEAST_SECONDS = 0.06
"""Between two pieces of a draft: what the model writes meanwhile goes together."""

chat = APIRouter(prefix="/page/{language}/chat", include_in_schema=False)
AtAsking = Annotated[Asking, Depends(at(Asking))]
AtConversations = Annotated[Conversations, Depends(at(Conversations))]
AtReading = Annotated[Reading, Depends(at(Reading))]


class Asked(BaseModel):
    """A question as the composer sends it. `replacing` is the turn that it corrects."""

    question: str = Field(min_length=1, max_length=QUESTION_CHARS)
    conversation: str | None = Field(None, max_length=64)
    replacing: str | None = Field(None, max_length=64)
    backend: str | None = Field(None, max_length=64)
    collections: list[Annotated[str, Field(max_length=64)]] | None = Field(None, max_length=1000)

    def put(self) -> Question:
        return Question(self.question, (), tuple(self.collections) if self.collections else None, self.backend)


class Wanted(BaseModel):
    """A source that an answer cites as `number`, with what is quoted of it."""

    chunk_id: str = Field(max_length=500)
    number: int = Field(ge=1, le=999)
    quotes: list[Annotated[str, Field(max_length=20_000)]] = Field([], max_length=100)


@dataclass(frozen=True, slots=True)
class Start:
    """What a new conversation begins with, as HTML."""

    models: str
    collections: str
    welcome: str


@dataclass(frozen=True, slots=True)
class Shown:
    """A conversation as HTML."""

    title: str
    html: str


@chat.get("/start")
def start(language: PageLanguage, desk: AtAsking, collections: Annotated[list[str] | None, Query()] = None) -> Start:
    """`collections` are those that are ticked: the suggestions come from them."""
    texts, readable = CHAT_TEXTS[language], desk.collections()
    ticked = [info.name for info in readable if info.name in (collections or ())]
    suggestions = desk.suggestions(language, ticked or None)
    return Start(
        models_menu(desk.backends(), desk.paces(), texts),
        collections_menu(readable, texts),
        welcome(readable, suggestions, texts),
    )


@chat.get("/conversations/{conversation}")
def conversation(language: PageLanguage, conversation: str, desk: AtConversations, asking: AtAsking) -> Shown:
    found = desk.get(conversation)
    last = found.turns[-1] if found.turns else None
    return Shown(found.title, transcript(found.turns, _reader(asking, language), _follow_ups(asking, last)))


@chat.post("/ask")
async def ask(language: PageLanguage, asked: Asked, desk: AtAsking, kept: AtConversations) -> StreamingResponse:
    """Begins an answer and shows it as it is written; going away does not end it."""
    events = desk.converse(asked.put(), asked.conversation, replacing=asked.replacing)
    begun = await anext(events)
    assert isinstance(begun, Begun)
    watched = Watched(begun.turn, desk, kept, language)
    return _streamed(watched.news(events, News(begun=begun)))


@chat.get("/turns/{turn}")
async def follow(language: PageLanguage, turn: str, desk: AtAsking, kept: AtConversations) -> StreamingResponse:
    """An answer that was begun earlier, from its first word on."""
    await asyncio.to_thread(kept.turn, turn)
    return _streamed(Watched(turn, desk, kept, language).news(desk.follow(turn)))


@chat.post("/turns/{turn}/stop", status_code=204)
def stop(language: PageLanguage, turn: str, desk: AtAsking) -> None:
    """Whoever watches the answer then hears of its end."""
    desk.stop(turn)


@chat.post("/source", response_class=HTMLResponse)
def source(language: PageLanguage, wanted: Wanted, desk: AtReading) -> HTMLResponse:
    """A passage in its surroundings."""
    found = desk.source(wanted.chunk_id, wanted.quotes)
    return HTMLResponse(source_html(found, wanted.number, wanted.quotes, CHAT_TEXTS[language]))


@dataclass(frozen=True, slots=True)
class Patch:
    """A change of the draft's HTML: what stands behind its first `keep` characters."""

    keep: int
    html: str


@dataclass(frozen=True, slots=True)
class News:
    """A line for the page; what is None has not changed. `done` is the whole turn; `signed_out` tells that there is none, as
    who listened is let in no longer."""

    begun: Begun | None = None
    state: str | None = None
    notice: str | None = None
    draft: Patch | None = None
    done: str | None = None
    signed_out: bool | None = None

    def line(self) -> bytes:
        told = {news.name: value for news in fields(self) if (value := getattr(self, news.name)) is not None}
        return to_json(told) + b"\n"


@dataclass(slots=True)
class Draft:
    """What the model has written so far, and what of it the page has."""

    text: str = ""
    html: str = ""
    sent_at: float = field(default_factory=lambda: -LEAST_SECONDS)

    @property
    def due(self) -> bool:
        return time.monotonic() - self.sent_at >= LEAST_SECONDS

    def patch(self) -> Patch:
        """From what the page has to what was written."""
        before, self.html, self.sent_at = self.html, draft_html(self.text), time.monotonic()
        keep = len(commonprefix([before, self.html]))
        return Patch(keep, self.html[keep:])


def _streamed(news: AsyncGenerator[News, None]) -> StreamingResponse:
    """The page passes over empty lines."""

    async def lines() -> AsyncGenerator[bytes, None]:
        async with aclosing(news):
            async for item in news:
                yield item.line()

    return StreamingResponse(kept_alive(lines(), b"\n"), media_type="application/x-ndjson", headers=STREAM_HEADERS)


class Watched:
    """An answer on its way, for one page."""

    def __init__(self, turn: str, desk: Asking, kept: Conversations, language: PageLanguage) -> None:
        self._turn = turn
        self._desk = desk
        self._kept = kept
        self._language = language
        self._texts = CHAT_TEXTS[language]
        self._draft = Draft()

    async def news(self, events: AsyncGenerator[Begun | Event, None], first: News | None = None) -> AsyncGenerator[News, None]:
        """What the page hears; the last line is the turn as it is kept."""
        if first:
            yield first
        try:
            async with aclosing(events):
                async for event in events:
                    if item := self._heard(event):
                        yield item
        except SignedOut:
            yield News(signed_out=True)
            return
        except Exception as error:
            told(error)
        yield News(done=await asyncio.to_thread(self._done))

    def _heard(self, event: Begun | Event) -> News | None:
        draft = self._draft
        if isinstance(event, TokenEvent):
            draft.text += event.text
            return News(draft=draft.patch()) if draft.due else None
        if not isinstance(event, StatusEvent):
            return None
        state = status_text(event, self._texts)
        if event.state != "fallback":
            return News(state=state)
        draft.text = ""
        return News(state=state, notice=event.notice, draft=draft.patch())

    def _done(self) -> str:
        turn = self._kept.turn(self._turn)
        return turn_html(turn, _reader(self._desk, self._language), _follow_ups(self._desk, turn))


def _reader(desk: Asking, language: PageLanguage) -> Reader:
    return Reader(CHAT_TEXTS[language], desk.collections())


def _follow_ups(desk: Asking, turn: Turn | None) -> list[str]:
    return desk.follow_ups(turn.answer) if turn and turn.answer else []
