"""OpenAI-compatible chat, its models, and search."""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import AsyncGenerator
from contextlib import aclosing
from datetime import date
from typing import Annotated

from fastapi import APIRouter, Depends, Request
from fastapi.responses import JSONResponse, Response
from pydantic import BaseModel, Field

from assistant.types import AnswerEvent, Event, StatusEvent, TokenEvent
from assistant.wire import event_to_json
from ingest.types import Filter
from ui.api.context import REFUSALS, SECURED, at
from ui.api.event_stream import EventStream, event_stream
from ui.desks.asking import Asking
from ui.errors import body_of, told
from ui.guard import error_response
from ui.openai_format import (
    MODEL_PREFIX,
    QUESTION_CHARS,
    ChatRequest,
    Chunk,
    ChunkChoice,
    CollectionNames,
    Completion,
    Delta,
    UsageBody,
    completion,
    rest_of,
)
from ui.service import Question, ask
from ui.upload_names import SOURCE_CHARS
from ui.views import BackendView, SearchView

DISCONNECT_POLL_SECONDS = 0.5

questions = APIRouter(prefix="/v1", dependencies=SECURED, responses=REFUSALS, tags=["questions"])
AtAsking = Annotated[Asking, Depends(at(Asking))]


class SearchRequest(BaseModel):
    """Dates are ISO and inclusive; an absent or empty field does not restrict the search."""

    query: str = Field(max_length=QUESTION_CHARS)
    collections: CollectionNames | None = None
    top_k: int | None = Field(None, ge=1, le=100)
    documents: list[Annotated[str, Field(max_length=SOURCE_CHARS)]] = Field([], max_length=1000)
    languages: list[Annotated[str, Field(max_length=10)]] = Field([], max_length=100)
    date_from: date | None = None
    date_to: date | None = None

    def filter(self) -> Filter:
        first, last = (day.isoformat() if day else None for day in (self.date_from, self.date_to))
        return Filter(tuple(self.documents), tuple(self.languages), first, last)


class ModelFacts(BaseModel):
    """What a back end is. `cloud` tells that questions and evidence leave the company."""

    kind: str
    model: str
    cloud: bool
    default: bool


class Model(BaseModel):
    """A back end as OpenAI lists models."""

    id: str
    object: str = "model"
    created: int = 0
    owned_by: str = "midas"
    midas: ModelFacts

    @classmethod
    def of(cls, view: BackendView) -> Model:
        facts = ModelFacts(kind=view.kind, model=view.model, cloud=view.cloud, default=view.default)
        return cls(id=view.name, midas=facts)


class ModelList(BaseModel):
    object: str = "list"
    data: list[Model]


@questions.post("/chat/completions", response_model=Completion, responses={200: {"content": {EventStream.media_type: {}}}})
async def chat_completions(body: ChatRequest, request: Request, desk: AtAsking) -> Response | Completion:
    """Answers the last message from the documents. With `stream` as server-sent events, ending in `[DONE]`.

    The field `midas` has the answer's citations, sources, verdicts and timings.
    """
    if problem := _unknown_model(body.backend, desk):
        return problem
    model = body.backend or desk.house.settings.default_backend
    reply_id = f"chatcmpl-{secrets.token_hex(12)}"
    if not body.stream:
        return await _whole(body.question(), request, desk, reply_id)
    events = desk.stream(body.question())
    first = await anext(events)
    usage = bool(body.stream_options and body.stream_options.include_usage)
    return event_stream(_lines(first, events, reply_id, model, usage))


@questions.get("/models")
def models(desk: AtAsking) -> ModelList:
    """The configured back ends, the default one first; `model` of a chat completion takes their ids, with or without
    `midas:` before them."""
    return ModelList(data=[Model.of(view) for view in desk.backends()])


@questions.get("/models/{name}", response_model=Model)
def model(name: str, desk: AtAsking) -> Model | Response:
    """One back end."""
    name = name.removeprefix(MODEL_PREFIX)
    found = next((Model.of(view) for view in desk.backends() if view.name == name), None)
    return found or _no_model(name, desk)


@questions.post("/search")
def search(body: SearchRequest, desk: AtAsking) -> SearchView:
    """The passages nearest to the query, with the score of each leg."""
    return desk.search(body.query, body.collections, body.top_k, body.filter())


def _unknown_model(name: str | None, desk: Asking) -> JSONResponse | None:
    return None if name is None or name in desk.house.settings.backends else _no_model(name, desk)


def _no_model(name: str, desk: Asking) -> JSONResponse:
    names = list(desk.house.settings.backends)
    sentence = f"There is no model {name!r}: use one of {', '.join(names)}."
    return error_response(404, "invalid_request_error", "model_not_found", sentence, "model")


async def _whole(question: Question, request: Request, desk: Asking, reply_id: str) -> Response | Completion:
    """The finished answer; stops working on it when the client goes away."""
    work = asyncio.ensure_future(ask(desk, question))
    try:
        while not (await asyncio.wait([work], timeout=DISCONNECT_POLL_SECONDS))[0]:
            if await request.is_disconnected():
                return Response(status_code=499)
        answer = work.result()
    finally:
        work.cancel()
    return completion(reply_id, answer, event_to_json(AnswerEvent(answer)))


async def _lines(
    first: Event, events: AsyncGenerator[Event, None], reply_id: str, model: str, usage: bool
) -> AsyncGenerator[str, None]:
    """The events as chunks. When the client goes away the server cancels this, which closes the events and stops the model."""
    streamed = ""
    async with aclosing(events):
        try:
            yield _chunk(reply_id, model, first, Delta(role="assistant", content="")).line()
            async for event in events:
                if isinstance(event, AnswerEvent):
                    for chunk in _last_chunks(reply_id, model, event, streamed, usage):
                        yield chunk.line()
                    continue
                text = event.text if isinstance(event, TokenEvent) else ""
                if isinstance(event, StatusEvent) and event.state == "fallback":
                    text, streamed, model = _begun_anew(event, streamed), "", event.backend or model
                else:
                    streamed += text
                yield _chunk(reply_id, model, event, Delta(content=text)).line()
        except Exception as error:
            yield f"data: {body_of(told(error)).model_dump_json()}\n\n"
        yield "data: [DONE]\n\n"


def _begun_anew(event: StatusEvent, streamed: str) -> str:
    """What a client that joins the pieces shows between the part that is void and the answer that begins anew."""
    return f"\n\n[{event.notice}]\n\n" if streamed else ""


def _chunk(reply_id: str, model: str, event: Event, delta: Delta) -> Chunk:
    return Chunk(id=reply_id, model=model, midas=event_to_json(event), choices=[ChunkChoice(delta=delta)])


def _last_chunks(reply_id: str, model: str, event: AnswerEvent, streamed: str, usage: bool) -> list[Chunk]:
    final = ChunkChoice(delta=Delta(content=rest_of(event.answer, streamed)), finish_reason="stop")
    chunks = [Chunk(id=reply_id, model=model, midas=event_to_json(event), choices=[final])]
    if usage:
        chunks.append(Chunk(id=reply_id, model=model, choices=[], usage=UsageBody.of(event.answer.usage)))
    return chunks
