"""Collections and their documents."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Depends, Path, Query, Response
from fastapi.responses import FileResponse
from pydantic import BaseModel, Field

from ingest.catalog import DocumentFilter, DocumentRow
from ingest.collection import CollectionInfo
from ui.api.context import REFUSALS, SECURED, at
from ui.api.document_id import DOCUMENT
from ui.api.sources import download
from ui.desks.keeping import Keeping
from ui.document_views import ChunkPage, VersionView
from ui.views import DocumentView

documents = APIRouter(prefix="/v1", dependencies=SECURED, responses=REFUSALS, tags=["documents"])
AtKeeping = Annotated[Keeping, Depends(at(Keeping))]
Offset = Annotated[int, Query(ge=0, le=10**9)]
Version = Annotated[int, Path(ge=1, le=10**9)]

MOST_DOCUMENTS = 1000
"""Of one answer."""


Group = Annotated[str, Field(min_length=1, max_length=100)]


class NewCollection(BaseModel):
    """A collection to be made; with no `groups` only admins can read it."""

    name: str = Field(max_length=63)
    description: str = Field("", max_length=1000)
    groups: list[Group] = Field([], max_length=100)
    private: bool = False


class CollectionChange(BaseModel):
    """What is to change about a collection; what is absent stays.

    `private` keeps it from back ends in the cloud, `groups` are all that may read it (`everyone`: whoever is signed in).
    """

    private: bool | None = None
    description: str | None = Field(None, max_length=1000)
    groups: list[Group] | None = Field(None, max_length=100)


@documents.get("/collections")
def collections(desk: AtKeeping) -> list[CollectionInfo]:
    """All collections, by name."""
    return desk.collections()


@documents.patch("/collections/{name}", status_code=204)
def change_collection(name: str, body: CollectionChange, desk: AtKeeping) -> None:
    """Describes a collection, shares it with groups, or marks it private: back ends in the cloud are then refused."""
    if body.groups is not None:
        desk.set_groups(name, body.groups)
    if body.private is not None:
        desk.set_private(name, body.private)
    if body.description is not None:
        desk.describe(name, body.description)


@documents.delete("/collections/{name}", status_code=204)
def delete_collection(name: str, desk: AtKeeping) -> None:
    """Deletes a collection with all its documents."""
    desk.delete_collection(name)


@documents.post("/collections", status_code=201)
def create_collection(body: NewCollection, desk: AtKeeping) -> CollectionInfo:
    """Makes an empty collection for the current embedder."""
    return desk.create(body.name, body.description, body.groups, private=body.private)


@documents.get("/collections/{name}/documents")
def list_documents(
    name: str,
    desk: AtKeeping,
    response: Response,
    text: Annotated[str, Query(max_length=200)] = "",
    state: DocumentFilter | None = None,
    offset: Offset = 0,
    limit: Annotated[int, Query(ge=1, le=MOST_DOCUMENTS)] = MOST_DOCUMENTS,
) -> list[DocumentRow]:
    """The catalog of a collection, by source: documents whose source or title holds the words of `text`, of one state.

    The header `X-Total-Count` tells how many there are beyond `limit`.
    """
    found = desk.documents(name, text, state, offset, limit)
    response.headers["X-Total-Count"] = str(found.total)
    return list(found.rows)


@documents.get("/collections/{name}/documents/{document_id:" + DOCUMENT + "}/history")
def history(name: str, document_id: str, desk: AtKeeping) -> list[VersionView]:
    """What happened to a document, newest first, be it deleted."""
    return desk.history(name, document_id)


@documents.get(
    "/collections/{name}/documents/{document_id:" + DOCUMENT + "}/versions/{version}/original", response_class=FileResponse
)
def version_original(name: str, document_id: str, version: Version, desk: AtKeeping) -> FileResponse:
    """The file of an earlier version of an uploaded document."""
    return download(desk.version_original(name, document_id, version))


@documents.get("/collections/{name}/documents/{document_id:" + DOCUMENT + "}/chunks")
def chunks(
    name: str, document_id: str, desk: AtKeeping, offset: Offset = 0, limit: Annotated[int, Query(ge=1, le=200)] = 20
) -> ChunkPage:
    """A document's chunks, exactly as they are stored and embedded."""
    return desk.chunks(name, document_id, offset, limit)


@documents.get("/collections/{name}/documents/{document:path}")
def document(name: str, document: str, desk: AtKeeping) -> DocumentView:
    """A document, by id or source, with its text."""
    return desk.document(name, document)


@documents.delete("/collections/{name}/documents/{document:path}", status_code=204)
def delete_document(name: str, document: str, desk: AtKeeping) -> None:
    """Deletes a document, by id or source."""
    desk.delete_document(name, document)
