"""The service of a running server, through its API."""

from __future__ import annotations

import json
import time
from collections.abc import AsyncGenerator, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar
from urllib.parse import quote

import httpx
from pydantic import TypeAdapter, ValidationError

from assistant.types import Event
from assistant.wire import event_from_json
from ingest.catalog import DocumentRow
from ingest.collection import CollectionInfo
from ingest.errors import MidasError
from ingest.progress import IngestReport
from ingest.types import Filter
from ui.address import Address
from ui.document_views import VersionView
from ui.errors import ErrorBody, from_code
from ui.service import Cancelled, Progress, Question
from ui.versions import id_of
from ui.views import BackendView, DocumentView, JobView, SearchView

if TYPE_CHECKING:
    from ingest.doctor import Finding
    from ui.backends import BackendCheck

T = TypeVar("T")

POLL_SECONDS = 0.3
TIMEOUT = httpx.Timeout(10.0, read=600.0)
"""A reader waits as long as a queue of questions may take."""


class RemoteService:
    """Same methods as LocalService."""

    def __init__(self, address: Address) -> None:
        self._address = address
        self._verify = address.verify()
        self._client = httpx.Client(
            base_url=address.url, headers=self._headers(), timeout=TIMEOUT, trust_env=False, verify=self._verify
        )

    def _headers(self) -> dict[str, str]:
        return {"Authorization": f"Bearer {self._address.token}"}

    def close(self) -> None:
        self._client.close()

    async def stream(self, question: Question) -> AsyncGenerator[Event, None]:
        async with httpx.AsyncClient(
            base_url=self._address.url, headers=self._headers(), timeout=TIMEOUT, trust_env=False, verify=self._verify
        ) as client:
            with _translated():
                async with client.stream("POST", "/v1/chat/completions", json=_chat_body(question)) as response:
                    if response.is_error:
                        await response.aread()
                    _check(response)
                    async for line in response.aiter_lines():
                        if event := _event(line):
                            yield event

    def search(self, query: str, collections: Sequence[str] | None, top_k: int | None, filter: Filter) -> SearchView:
        body = {"query": query, "collections": collections, "top_k": top_k, **_filter_body(filter)}
        return self._call(SearchView, "POST", "/v1/search", json=body)

    def collections(self) -> list[CollectionInfo]:
        return self._call(list[CollectionInfo], "GET", "/v1/collections")

    def backends(self) -> list[BackendView]:
        return self._call(list[BackendView], "GET", "/v1/backends")

    def check_backend(self, name: str) -> BackendCheck:
        from ui.backends import BackendCheck

        return self._call(BackendCheck, "POST", _path("backends", name, "check"))

    def set_private(self, collection: str, private: bool) -> None:
        self._send("PATCH", _path("collections", collection), json={"private": private})

    def describe(self, collection: str, text: str) -> None:
        self._send("PATCH", _path("collections", collection), json={"description": text})

    def set_groups(self, collection: str, groups: Sequence[str]) -> None:
        self._send("PATCH", _path("collections", collection), json={"groups": list(groups)})

    def delete_collection(self, name: str) -> None:
        self._send("DELETE", _path("collections", name))

    def documents(self, collection: str) -> list[DocumentRow]:
        path, rows = _path("collections", collection, "documents"), list[DocumentRow]()
        while page := self._call(list[DocumentRow], "GET", f"{path}?offset={len(rows)}"):
            rows += page
        return rows

    def document(self, collection: str, document: str) -> DocumentView:
        return self._call(DocumentView, "GET", _path("collections", collection, "documents", document))

    def delete_document(self, collection: str, document: str) -> None:
        self._send("DELETE", _path("collections", collection, "documents", document))

    def history(self, collection: str, document: str) -> list[VersionView]:
        path = _path("collections", collection, "documents", id_of(document), "history")
        return self._call(list[VersionView], "GET", path)

    def ingest(
        self, paths: Sequence[Path], collection: str, *, sync: bool, progress: Progress, cancelled: Cancelled
    ) -> IngestReport:
        body = {"paths": [str(path.absolute()) for path in paths], "sync": sync}
        job = self._call(JobView, "POST", _path("collections", collection, "ingest"), json=body)
        report = self._follow(job, progress, cancelled).report
        if report is None:
            raise MidasError("The ingestion was stopped before it began: start it again.")
        return report

    def reindex(self, collection: str, *, progress: Progress, cancelled: Cancelled) -> bool:
        job = self._call(JobView, "POST", _path("collections", collection, "reindex"))
        return self._follow(job, progress, cancelled).state == "done"

    def doctor(self, *, repair: bool) -> list[Finding]:
        from ingest.doctor import Finding

        return self._call(list[Finding], "POST", "/v1/doctor", json={"repair": repair})

    def _follow(self, job: JobView, progress: Progress, cancelled: Cancelled) -> JobView:
        """Until the job is finished. Raises the error it failed with."""
        asked_to_stop = False
        while not job.finished:
            time.sleep(POLL_SECONDS)
            if cancelled() and not asked_to_stop:
                self._send("DELETE", _path("jobs", job.id))
                asked_to_stop = True
            job = self._call(JobView, "GET", _path("jobs", job.id))
            if job.progress:
                progress(job.progress)
        if job.error:
            raise from_code(job.error_code, job.error)
        return job

    def _call(self, kind: type[T], method: str, path: str, json: object = None) -> T:
        content = self._send(method, path, json).content
        try:
            return TypeAdapter(kind).validate_json(content)
        except ValidationError as error:
            raise MidasError(f"{self._address.url} answered {path} in an unknown form: restart the server.") from error

    def _send(self, method: str, path: str, json: object = None) -> httpx.Response:
        with _translated():
            response = self._client.request(method, path, json=json)
        _check(response)
        return response


@contextmanager
def _translated() -> Iterator[None]:
    try:
        yield
    except httpx.HTTPError as error:
        raise MidasError(f"The Midas server does not answer ({error}): look whether `midas serve` still runs.") from error


def _check(response: httpx.Response) -> None:
    if response.is_error:
        raise _error(response.text, f"The Midas server answered with status {response.status_code}.")


def _error(body: str, otherwise: str) -> MidasError:
    try:
        detail = ErrorBody.model_validate_json(body).error
    except ValidationError:
        return MidasError(otherwise)
    return from_code(detail.code, detail.message)


def _event(line: str) -> Event | None:
    """The Midas event of a line of the stream. Raises the error that a line carries."""
    data = line.removeprefix("data: ")
    if data == line or data == "[DONE]":
        return None
    chunk: dict[str, Any] = json.loads(data)
    if "error" in chunk:
        raise _error(data, "The answer was cut off: ask again.")
    return event_from_json(chunk["midas"]) if chunk.get("midas") else None


def _chat_body(question: Question) -> dict[str, object]:
    turns: list[dict[str, object]] = [
        {"role": message.role, "content": message.text, "collections": message.collections} for message in question.history
    ]
    body: dict[str, object] = {
        "messages": [*turns, {"role": "user", "content": question.text}],
        "stream": True,
        "collections": question.collections,
        "language": question.language,
    }
    return {**body, "model": question.backend} if question.backend else body


def _filter_body(filter: Filter) -> dict[str, object]:
    return {
        "documents": filter.documents,
        "languages": filter.languages,
        "date_from": filter.date_from,
        "date_to": filter.date_to,
    }


def _path(*parts: str) -> str:
    return "/v1/" + "/".join(quote(part, safe="") for part in parts)
