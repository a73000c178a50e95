"""Collections, documents and the jobs that load them."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

from fastapi import APIRouter, Depends
from pydantic import BaseModel, Field

from ingest.catalog import DocumentRow
from ingest.collection import CollectionInfo
from ui.api.context import REFUSALS, SECURED, at
from ui.desks.keeping import Keeping
from ui.views import DocumentView, JobView

documents = APIRouter(prefix="/v1", dependencies=SECURED, responses=REFUSALS, tags=["documents"])
AtKeeping = Annotated[Keeping, Depends(at(Keeping))]


class IngestRequest(BaseModel):
    """Files and folders of the server's own machine, as absolute paths."""

    paths: list[Path] = Field(min_length=1)
    sync: bool = False


Group = Annotated[str, Field(min_length=1, max_length=100)]


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
    if body.private is not None:
        desk.set_private(name, body.private)
    if body.description is not None:
        desk.describe(name, body.description)
    if body.groups is not None:
        desk.set_groups(name, body.groups)


@documents.delete("/collections/{name}", status_code=204)
def delete_collection(name: str, desk: AtKeeping) -> None:
    """Deletes a collection with all its documents."""
    desk.delete_collection(name)


@documents.get("/collections/{name}/documents")
def list_documents(name: str, desk: AtKeeping) -> list[DocumentRow]:
    """The catalog of a collection, with the state of every document."""
    return desk.documents(name)


@documents.get("/collections/{name}/documents/{document:path}")
def document(name: str, document: str, desk: AtKeeping) -> DocumentView:
    """A document, by id or source, with its text."""
    return desk.document(name, document)


@documents.delete("/collections/{name}/documents/{document:path}", status_code=204)
def delete_document(name: str, document: str, desk: AtKeeping) -> None:
    """Deletes a document, by id or source."""
    desk.delete_document(name, document)


@documents.post("/collections/{name}/ingest", status_code=202)
def ingest(name: str, body: IngestRequest, desk: AtKeeping) -> JobView:
    """Starts an ingestion; `/v1/jobs/{id}` tells how far it is."""

    return desk.ingest(body.paths, name, sync=body.sync)


@documents.post("/collections/{name}/reindex", status_code=202)
def reindex(name: str, desk: AtKeeping) -> JobView:
    """Starts building the collection anew with the current embedder and chunking."""

    return desk.reindex(name)


@documents.get("/jobs/{job_id}")
def job(job_id: str, desk: AtKeeping) -> JobView:
    """State and progress of a job."""
    return desk.job(job_id)


@documents.delete("/jobs/{job_id}")
def cancel_job(job_id: str, desk: AtKeeping) -> JobView:
    """Asks a job to stop after the documents in hand."""
    return desk.cancel_job(job_id)
