"""Documents come in: uploads, files of the server, watched folders; and the jobs that read them."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Annotated

from fastapi import APIRouter, Depends, Request
from fastapi import Path as InPath
from fastapi.responses import Response
from pydantic import BaseModel, Field
from starlette.requests import ClientDisconnect

from ui.api.context import REFUSALS, SECURED, at
from ui.desks.keeping import Keeping
from ui.document_views import WatchView
from ui.uploads import Announced
from ui.views import JobView

loading = APIRouter(prefix="/v1", dependencies=SECURED, responses=REFUSALS, tags=["loading"])
AtKeeping = Annotated[Keeping, Depends(at(Keeping))]
Number = Annotated[int, InPath(ge=1, le=10**6)]
WatchId = Annotated[int, InPath(ge=1, le=2**53)]
ServerPath = Annotated[str, Field(min_length=1, max_length=4096)]

_MULTIPART = {
    "requestBody": {
        "required": True,
        "content": {
            "multipart/form-data": {
                "schema": {
                    "type": "object",
                    "properties": {"file": {"type": "array", "items": {"type": "string", "format": "binary"}}},
                }
            }
        },
    }
}
_BYTES = {
    "requestBody": {
        "required": True,
        "content": {"application/octet-stream": {"schema": {"type": "string", "format": "binary"}}},
    }
}


class AnnouncedFile(BaseModel):
    """A file to be uploaded. `name` may have folders in front; they become part of the document's source."""

    name: str = Field(max_length=4096)
    size_bytes: int = Field(ge=0, le=2**53)


class NewUpload(BaseModel):
    files: list[AnnouncedFile] = Field(min_length=1, max_length=20_000)


class IngestRequest(BaseModel):
    """Files and folders of the server's own machine, as absolute paths."""

    paths: list[ServerPath] = Field(min_length=1, max_length=1000)
    sync: bool = False


class NewWatch(BaseModel):
    """A folder of the server; with `sync`, documents whose files are gone are deleted."""

    path: ServerPath
    sync: bool = False


class WatchChange(BaseModel):
    paused: bool


@loading.post("/collections/{name}/uploads", status_code=202, response_model=JobView, openapi_extra=_MULTIPART)
async def upload(name: str, request: Request, desk: AtKeeping) -> JobView | Response:
    """Uploads files in one request, a part for each; the job that reads them begins when all have arrived.

    The file name of a part may have folders in front (`filename="viajes/dietas.pdf"`), which become part of the source.
    """
    try:
        return await desk.upload(name, request.headers.get("content-type", ""), request.stream())
    except ClientDisconnect:
        return Response(status_code=499)


@loading.post("/collections/{name}/uploads/open", status_code=201)
def open_upload(name: str, body: NewUpload, desk: AtKeeping) -> JobView:
    """Announces files, to be sent one by one; the job tells which are refused, and which are still missing after a restart."""
    return desk.open_upload(name, [Announced(file.name, file.size_bytes) for file in body.files])


@loading.put("/uploads/{job_id}/files/{number}", response_model=JobView, openapi_extra=_BYTES)
async def receive(job_id: str, number: Number, request: Request, desk: AtKeeping) -> JobView | Response:
    """The bytes of one announced file, as the body of the request."""
    try:
        return replace(await desk.receive(job_id, number, request.stream()), files=())
    except ClientDisconnect:
        return Response(status_code=499)


@loading.post("/uploads/{job_id}/begin", status_code=202)
def begin(job_id: str, desk: AtKeeping) -> JobView:
    """Reads the files that have arrived; the others are marked as failed."""
    return desk.begin(job_id)


@loading.post("/uploads/{job_id}/retry", status_code=202)
def retry(job_id: str, desk: AtKeeping) -> JobView:
    """Reads the failed files of a finished upload once more."""
    return desk.retry(job_id)


@loading.post("/collections/{name}/ingest", status_code=202)
def ingest(name: str, body: IngestRequest, desk: AtKeeping) -> JobView:
    """Starts an ingestion; `/v1/jobs/{id}` tells how far it is."""
    return desk.ingest([Path(path) for path in body.paths], name, sync=body.sync)


@loading.post("/collections/{name}/reindex", status_code=202)
def reindex(name: str, desk: AtKeeping) -> JobView:
    """Starts building the collection anew with the current embedder and chunking."""
    return desk.reindex(name)


@loading.get("/jobs")
def jobs(desk: AtKeeping) -> list[JobView]:
    """The jobs that the server remembers, newest first, without their files."""
    return [replace(job, files=()) for job in desk.jobs()]


@loading.get("/jobs/{job_id}")
def job(job_id: str, desk: AtKeeping) -> JobView:
    """State and progress of a job, with each file of an upload."""
    return desk.job(job_id)


@loading.delete("/jobs/{job_id}")
def cancel_job(job_id: str, desk: AtKeeping) -> JobView:
    """Stops a job after the documents in hand. A finished upload is forgotten, with files that could have been tried again."""
    return desk.cancel_job(job_id)


@loading.get("/watches")
def watches(desk: AtKeeping) -> list[WatchView]:
    """The watched folders, with what the last look met."""
    return desk.watches()


@loading.post("/collections/{name}/watches", status_code=201)
def watch(name: str, body: NewWatch, desk: AtKeeping) -> WatchView:
    """Watches a folder of the server: what is new or changed in it is read into the collection."""
    return desk.watch(name, Path(body.path), sync=body.sync)


@loading.patch("/watches/{watch_id}")
def pause_watch(watch_id: WatchId, body: WatchChange, desk: AtKeeping) -> WatchView:
    """Pauses a watched folder, or resumes it."""
    return desk.pause(watch_id, body.paused)


@loading.delete("/watches/{watch_id}", status_code=204)
def unwatch(watch_id: WatchId, desk: AtKeeping) -> None:
    """Watches a folder no longer; its documents stay."""
    desk.unwatch(watch_id)
