"""HTTP API: OpenAI-compatible chat, search, health; documents, collections and jobs for the owner of the admin token."""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import AsyncGenerator, Sequence
from contextlib import aclosing
from datetime import date
from html import escape
from pathlib import Path
from typing import Annotated, Any

from fastapi import APIRouter, Depends, FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import HTMLResponse, JSONResponse, Response, StreamingResponse
from fastapi.security import HTTPBearer
from pydantic import BaseModel, Field
from starlette.exceptions import HTTPException

from assistant.types import AnswerEvent, Event, StatusEvent, TokenEvent
from assistant.wire import event_to_json
from ingest.catalog import DocumentRow
from ingest.collection import CollectionInfo
from ingest.doctor import Finding
from ingest.errors import MidasError
from ingest.progress import IngestReport
from ingest.types import Filter
from ui.backends import BackendCheck
from ui.errors import ErrorBody, Unexpected, body_of, status_of, told
from ui.guard import LocalOnly, error_response, same_token
from ui.jobs import Jobs
from ui.openai_format import (
    MODEL_PREFIX,
    QUESTION_CHARS,
    ChatRequest,
    Chunk,
    ChunkChoice,
    Completion,
    Delta,
    UsageBody,
    completion,
    rest_of,
)
from ui.service import Cancelled, LocalService, Progress, Question, ask
from ui.views import BackendView, DocumentView, JobView, Readiness, SearchView

STREAM_HEADERS = {"Cache-Control": "no-store", "X-Accel-Buffering": "no"}
DISCONNECT_POLL_SECONDS = 0.5


class SearchRequest(BaseModel):
    """Dates are ISO and inclusive; an absent or empty field does not restrict the search."""

    query: str = Field(max_length=QUESTION_CHARS)
    collections: list[str] | None = None
    top_k: int | None = Field(None, ge=1, le=100)
    documents: list[str] = []
    languages: list[str] = []
    date_from: date | None = None
    date_to: date | None = None

    def filter(self) -> Filter:
        first, last = (day.isoformat() if day else None for day in (self.date_from, self.date_to))
        return Filter(tuple(self.documents), tuple(self.languages), first, last)


class IngestRequest(BaseModel):
    """Files and folders of the server's own machine, as absolute paths."""

    paths: list[Path] = Field(min_length=1)
    sync: bool = False


class DoctorRequest(BaseModel):
    repair: bool = False


class PrivacyRequest(BaseModel):
    """Whether back ends in the cloud are kept away from a collection."""

    private: bool


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


class Context:
    """What the routes work with; one for each application."""

    def __init__(self, service: LocalService, jobs: Jobs, token: str) -> None:
        self.service = service
        self.jobs = jobs
        self.token = token


def _context(request: Request) -> Context:
    context: Context = request.app.state.midas
    return context


Midas = Annotated[Context, Depends(_context)]
_bearer = HTTPBearer(auto_error=False, description="the token in server.json in the data directory")


def _require_token(request: Request, midas: Midas) -> None:
    if not same_token(request.headers.get("authorization"), midas.token):
        raise HTTPException(
            401, "This needs the admin token of the server as Authorization: Bearer (server.json in MIDAS_HOME has it)."
        )


public = APIRouter(prefix="/v1", responses={400: {"model": ErrorBody}, 404: {"model": ErrorBody}})
admin = APIRouter(prefix="/v1", dependencies=[Depends(_bearer), Depends(_require_token)], responses={401: {"model": ErrorBody}})
health = APIRouter()


# Questions


@public.post("/chat/completions", response_model=Completion, tags=["questions"])
async def chat_completions(body: ChatRequest, request: Request, midas: Midas) -> Response | Completion:
    """Answers the last message from the documents. With `stream` as server-sent events, ending in `[DONE]`.

    The field `midas` has the answer's citations, sources, verdicts and timings.
    """
    if problem := _unknown_model(body.backend, midas):
        return problem
    model = body.backend or midas.service.settings.default_backend
    reply_id = f"chatcmpl-{secrets.token_hex(12)}"
    if not body.stream:
        return await _whole(body.question(), request, midas, reply_id)
    events = midas.service.stream(body.question())
    first = await anext(events)
    usage = bool(body.stream_options and body.stream_options.include_usage)
    return StreamingResponse(
        _lines(first, events, reply_id, model, usage), media_type="text/event-stream", headers=STREAM_HEADERS
    )


@public.get("/models", tags=["questions"])
def models(midas: Midas) -> ModelList:
    """The configured back ends, the default one first; `model` of a chat completion takes their ids, with or without
    `midas:` before them."""
    return ModelList(data=[Model.of(view) for view in midas.service.backends() if not view.problem])


@public.get("/models/{name}", response_model=Model, tags=["questions"])
def model(name: str, midas: Midas) -> Model | Response:
    """One back end."""
    name = name.removeprefix(MODEL_PREFIX)
    if problem := _unknown_model(name, midas):
        return problem
    return next(Model.of(view) for view in midas.service.backends() if view.name == name)


@public.post("/search", tags=["questions"])
def search(body: SearchRequest, midas: Midas) -> SearchView:
    """The passages nearest to the query, with the score of each leg."""
    return midas.service.search(body.query, body.collections, body.top_k, body.filter())


def _unknown_model(name: str | None, midas: Context) -> JSONResponse | None:
    names = list(midas.service.settings.backends)
    if name is None or name in names:
        return None
    sentence = f"There is no model {name!r}: use one of {', '.join(names)}."
    return error_response(404, "invalid_request_error", "model_not_found", sentence, "model")


async def _whole(question: Question, request: Request, midas: Context, reply_id: str) -> Response | Completion:
    """The finished answer; stops working on it when the client goes away."""
    work = asyncio.ensure_future(ask(midas.service, question))
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


# Collections and documents


@admin.get("/collections", tags=["documents"])
def collections(midas: Midas) -> list[CollectionInfo]:
    """All collections, by name."""
    return midas.service.collections()


@admin.patch("/collections/{name}", status_code=204, tags=["documents"])
def set_private(name: str, body: PrivacyRequest, midas: Midas) -> None:
    """Marks a collection private, or takes the mark away: back ends in the cloud are refused for private ones."""
    midas.service.set_private(name, body.private)


@admin.delete("/collections/{name}", status_code=204, tags=["documents"])
def delete_collection(name: str, midas: Midas) -> None:
    """Deletes a collection with all its documents."""
    midas.service.delete_collection(name)


@admin.get("/collections/{name}/documents", tags=["documents"])
def documents(name: str, midas: Midas) -> list[DocumentRow]:
    """The catalog of a collection, with the state of every document."""
    return midas.service.documents(name)


@admin.get("/collections/{name}/documents/{document:path}", tags=["documents"])
def document(name: str, document: str, midas: Midas) -> DocumentView:
    """A document, by id or source, with its text."""
    return midas.service.document(name, document)


@admin.delete("/collections/{name}/documents/{document:path}", status_code=204, tags=["documents"])
def delete_document(name: str, document: str, midas: Midas) -> None:
    """Deletes a document, by id or source."""
    midas.service.delete_document(name, document)


# Back ends


@admin.get("/backends", tags=["back ends"])
def backends(midas: Midas) -> list[BackendView]:
    """The configured back ends with address, fallbacks and last error."""
    return midas.service.backends()


@admin.post("/backends/{backend}/check", tags=["back ends"])
def check_backend(backend: str, midas: Midas) -> BackendCheck:
    """Tries a back end: whether it answers, what it can do, how fast it is. Costs some forty tokens."""
    return midas.service.check_backend(backend)


# Work


@admin.post("/collections/{name}/ingest", status_code=202, tags=["work"])
def ingest(name: str, body: IngestRequest, midas: Midas) -> JobView:
    """Starts an ingestion; `/v1/jobs/{id}` tells how far it is."""

    def work(progress: Progress, cancelled: Cancelled) -> IngestReport:
        return midas.service.ingest(body.paths, name, sync=body.sync, progress=progress, cancelled=cancelled)

    return midas.jobs.start("ingest", name, work)


@admin.post("/collections/{name}/reindex", status_code=202, tags=["work"])
def reindex(name: str, midas: Midas) -> JobView:
    """Starts building the collection anew with the current embedder and chunking."""

    def work(progress: Progress, cancelled: Cancelled) -> None:
        midas.service.reindex(name, progress=progress, cancelled=cancelled)

    return midas.jobs.start("reindex", name, work)


@admin.get("/jobs/{job_id}", tags=["work"])
def job(job_id: str, midas: Midas) -> JobView:
    """State and progress of a job."""
    return midas.jobs.get(job_id)


@admin.delete("/jobs/{job_id}", tags=["work"])
def cancel_job(job_id: str, midas: Midas) -> JobView:
    """Asks a job to stop after the documents in hand."""
    return midas.jobs.cancel(job_id)


@admin.post("/doctor", tags=["work"])
def doctor(body: DoctorRequest, midas: Midas) -> list[Finding]:
    """Checks the data directory; with `repair` mends what it finds."""
    return midas.service.doctor(repair=body.repair)


@public.api_route("/{path:path}", methods=["GET", "POST", "PUT", "PATCH", "DELETE"], include_in_schema=False)
def unknown(path: str, request: Request) -> None:
    """What the API does not have must not reach the page."""
    raise HTTPException(404, f"There is no {request.method} /v1/{path}: /docs lists what there is.")


# Health


@health.get("/healthz", tags=["health"])
def healthz() -> dict[str, str]:
    """The server runs."""
    return {"status": "ok"}


@health.get("/readyz", tags=["health"], responses={503: {"model": Readiness}})
def readyz(midas: Midas, response: Response) -> Readiness:
    """200 when questions are answered at once, 503 while models are being loaded."""
    readiness = midas.service.readiness()
    response.status_code = 200 if readiness.ready else 503
    return readiness


@health.get("/docs", include_in_schema=False)
def docs(request: Request) -> HTMLResponse:
    """What the API offers, in one page without scripts; the machine-readable description is /openapi.json."""
    return HTMLResponse(_listing(request.app.openapi()))


def _listing(schema: dict[str, Any]) -> str:
    rows = "".join(
        f"<tr><td><code>{method.upper()}</code></td><td><code>{escape(path)}</code></td>"
        f"<td>{escape(operation.get('description') or operation.get('summary', ''))}</td></tr>"
        for path, operations in schema["paths"].items()
        for method, operation in operations.items()
    )
    return (
        '<!doctype html><html lang="en"><meta charset="utf-8"><title>Midas API</title>'
        '<meta name="viewport" content="width=device-width"><style>body{font:16px/1.5 system-ui;max-width:60rem;'
        "margin:2rem auto;padding:0 1rem}td{padding:.4rem .8rem .4rem 0;vertical-align:top;border-bottom:1px solid #ddd}"
        '</style><h1>Midas API</h1><p>Description: <a href="/openapi.json">/openapi.json</a>. The routes under <code>/v1</code>'
        " for documents, collections, back ends and work need the admin token as <code>Authorization: Bearer</code>.</p>"
        f"<table>{rows}</table></html>"
    )


# The application


def make_api(service: LocalService, jobs: Jobs, token: str) -> FastAPI:
    """The API without the page. `docs_url` is ours, because FastAPI's loads scripts from elsewhere."""
    app = FastAPI(title="Midas assistant", version=_version(), docs_url=None, redoc_url=None)
    app.state.midas = Context(service, jobs, token)
    for router in (health, admin, public):
        app.include_router(router)
    app.add_middleware(LocalOnly)
    app.add_exception_handler(MidasError, _midas_error)
    app.add_exception_handler(RequestValidationError, _invalid)
    app.add_exception_handler(HTTPException, _http_error)
    app.add_exception_handler(Exception, _unexpected)
    return app


def _version() -> str:
    from importlib.metadata import version

    return version("midas-assistant")


def _midas_error(request: Request, error: Exception) -> Response:
    assert isinstance(error, MidasError)
    return JSONResponse(body_of(error).model_dump(), status_code=status_of(error))


def _unexpected(request: Request, error: Exception) -> Response:
    """The server logs the traceback."""
    return _midas_error(request, Unexpected())


def _invalid(request: Request, error: Exception) -> Response:
    assert isinstance(error, RequestValidationError)
    first = error.errors()[0]
    field = ".".join(str(part) for part in _field(first["loc"]))
    problem = first["msg"].removeprefix("Value error, ")
    sentence = f"The request's field {field!r} is wrong: {problem}." if field else f"The request is wrong: {problem}."
    return error_response(400, "invalid_request_error", "invalid_request", sentence, field or None)


def _field(location: Sequence[Any]) -> Sequence[Any]:
    return [part for part in location if part != "body"]


def _http_error(request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)
    kinds = {401: ("authentication_error", "invalid_api_key"), 404: ("invalid_request_error", "not_found")}
    kind, code = kinds.get(error.status_code, ("invalid_request_error", "http_error"))
    return error_response(error.status_code, kind, code, str(error.detail))
