"""Measurements for Prometheus."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Depends, Header
from fastapi.responses import PlainTextResponse, Response

from ui.api.context import REFUSALS, SECURED, at
from ui.desks.measuring import Measuring

metrics = APIRouter(dependencies=SECURED, responses=REFUSALS, tags=["health"])


@metrics.get("/metrics", response_class=PlainTextResponse)
def read_metrics(desk: Annotated[Measuring, Depends(at(Measuring))], accept: Annotated[str, Header()] = "") -> Response:
    """Questions, latencies, queues, tokens, jobs, documents and memory, without anybody's name or words. Give Prometheus an
    admin's key as `authorization: {credentials: ...}`."""
    text, media_type = desk.exposition(accept)
    return Response(text, headers={"Content-Type": media_type})
