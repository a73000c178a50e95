"""Whether the server runs, and what its API offers."""

from __future__ import annotations

from html import escape
from typing import Any

from fastapi import APIRouter, Request
from fastapi.responses import HTMLResponse, Response

from ui.api.context import TheHouse
from ui.entrance import person_behind
from ui.views import Readiness

health = APIRouter(tags=["health"])


@health.get("/healthz")
def healthz() -> dict[str, str]:
    """The server runs."""
    return {"status": "ok"}


@health.get("/readyz", responses={503: {"model": Readiness}})
def readyz(request: Request, house: TheHouse, response: Response) -> Readiness:
    """200 when questions are answered at once, 503 while models are being loaded; why, only people are told."""
    readiness = house.service.readiness()
    response.status_code = 200 if readiness.ready else 503
    return readiness if person_behind(request) else Readiness(readiness.ready)


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
        " need a session, or an API key as <code>Authorization: Bearer</code>; what its owner may not do is refused.</p>"
        f"<table>{rows}</table></html>"
    )
