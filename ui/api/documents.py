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


class PrivacyRequest(BaseModel):
    """Whether back ends in the cloud are kept away from a collection."""

    private: bool


@documents.get("/collections")
def collections(desk: AtKeeping) -> list[CollectionInfo]:
    """All collections, by name."""
    return desk.collections()


@documents.patch("/collections/{name}", status_code=204)
def set_private(name: str, body: PrivacyRequest, desk: AtKeeping) -> None:
    """Marks a collection private, or takes the mark away: back ends in the cloud are refused for private ones."""
    desk.set_private(name, body.private)


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
