"""The HTTP API: its routers, and errors in OpenAI's format."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from fastapi import APIRouter, FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse, Response
from starlette.exceptions import HTTPException

from ingest.errors import MidasError
from ui.api.account import account
from ui.api.conversations import conversations
from ui.api.curating import curating
from ui.api.description import DescribedApi
from ui.api.documents import documents
from ui.api.evaluation import evaluation
from ui.api.feedback import feedback
from ui.api.health import health
from ui.api.ledger import ledger
from ui.api.loading import loading
from ui.api.metrics import metrics
from ui.api.operation import operation
from ui.api.people import people
from ui.api.questions import questions
from ui.api.sources import sources
from ui.entrance import Doorkeeper
from ui.errors import Unexpected, body_of, status_of
from ui.forwarded import Forwarded
from ui.guard import Guard, error_response
from ui.house import House
from ui.lengths import Lengths
from ui.people.errors import TooMany
from ui.person import Role
from ui.web.account_page import account_page
from ui.web.page_guard import PageGuard
from ui.web.service_sign_in import service_sign_in
from ui.web.sign_in import sign_in
from ui.web.spoken import Spoken

nowhere = APIRouter(prefix="/v1")
ROUTERS = (
    health, questions, conversations, feedback, ledger, metrics, curating, sources, documents, loading, operation,
    evaluation, people, account, service_sign_in, sign_in, account_page, nowhere,
)  # fmt: skip
"""The last one takes what no other has."""


@nowhere.api_route("/{path:path}", methods=["GET", "POST", "PUT", "PATCH", "DELETE"], include_in_schema=False)
def unknown(path: str, request: Request) -> None:
    """What the API does not have must not reach the page."""
    raise HTTPException(404, f"There is no {request.method} /v1/{path}: /docs lists what there is.")


def make_api(house: House, areas: Mapping[str, Role] | None = None) -> FastAPI:
    """The API without the pages; `areas` are their names, with the role that each needs. `docs_url` is ours, because
    FastAPI's loads scripts from elsewhere."""
    app = DescribedApi(title="Midas assistant", version=_version(), docs_url=None, redoc_url=None)
    app.state.house = house
    for router in ROUTERS:
        app.include_router(router)
    app.add_middleware(Lengths)
    app.add_middleware(PageGuard, areas=areas or {})
    app.add_middleware(Doorkeeper, entrance=house.entrance)
    app.add_middleware(Guard, server=house.settings.server, sign_in=lambda: house.entrance.sign_in)
    app.add_middleware(Forwarded, proxy=house.settings.access.proxy)
    app.add_middleware(Spoken)
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
    headers = {"Retry-After": str(error.wait_s)} if isinstance(error, TooMany) else None
    return JSONResponse(body_of(error).model_dump(), status_of(error), headers)


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
    kinds = {
        401: ("authentication_error", "invalid_api_key"),
        404: ("invalid_request_error", "not_found"),
        413: ("invalid_request_error", "too_long"),
    }
    kind, code = kinds.get(error.status_code, ("invalid_request_error", "http_error"))
    return error_response(error.status_code, kind, code, str(error.detail))
