"""Sources of answers: passages in their surroundings, pages as they look, original files."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Depends, Path, Query
from fastapi.responses import FileResponse, Response

from ui.api.context import REFUSALS, SECURED, at
from ui.api.document_id import DOCUMENT
from ui.desks.reading import Reading
from ui.document_views import Original, SourceView

sources = APIRouter(prefix="/v1", dependencies=SECURED, responses=REFUSALS, tags=["sources"])
AtReading = Annotated[Reading, Depends(at(Reading))]
PageNumber = Annotated[int, Path(ge=1, le=1_000_000)]
Quotes = Annotated[list[Annotated[str, Query(max_length=4000)]], Query(max_length=20, alias="quote")]

_NEVER_RUN = {"Content-Security-Policy": "sandbox; default-src 'none'", "X-Content-Type-Options": "nosniff"}
_NEVER_KEPT = {"Cache-Control": "private, no-store"}
"""By a browser that others use too."""


@sources.get("/sources/{chunk_id:path}")
def source(chunk_id: str, desk: AtReading, quotes: Quotes = []) -> SourceView:  # noqa: B006
    """A passage that an answer cites, with the text around it and what can be had of its document.

    When the document was changed or indexed anew since the answer, the passage that holds a `quote` now.
    """
    return desk.source(chunk_id, quotes)


@sources.get(
    "/collections/{name}/documents/{document_id:" + DOCUMENT + "}/pages/{number}",
    response_class=Response,
    responses={200: {"content": {"image/png": {}}}},
)
def page_image(name: str, document_id: str, number: PageNumber, desk: AtReading, quotes: Quotes = []) -> Response:  # noqa: B006
    """A page of a PDF document as a picture, with each `quote` marked in yellow where the page has it."""
    picture = desk.page_image(name, document_id, number, quotes)
    return Response(picture, media_type="image/png", headers=_NEVER_KEPT)


@sources.get("/collections/{name}/documents/{document_id:" + DOCUMENT + "}/original", response_class=FileResponse)
def original(name: str, document_id: str, desk: AtReading) -> FileResponse:
    """The file that the document was read from."""
    return download(desk.original(name, document_id))


def download(file: Original) -> FileResponse:
    """To be saved, never shown: what is in it is nobody's word here."""
    return FileResponse(file.path, media_type=file.media_type, filename=file.name, headers={**_NEVER_RUN, **_NEVER_KEPT})
