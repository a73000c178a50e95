"""Collections and documents as admins keep them, over HTTP: lists, history, chunks, jobs, watched folders."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from fastapi.testclient import TestClient

from ingest.types import document_id
from tests.fake_openai import FakeOpenAI, running
from tests.housing import housed
from tests.parsing import parse_here
from ui.api.app import make_api
from ui.house import House
from ui.ledger.audit import AuditFilter

DOCS = {
    "viajes/política de viajes.md": "# Política de viajes\n\nEn tren.\n\n| País | Dieta |\n|---|---|\n| España | 53 € |",
    "viajes/dietas.txt": "Las dietas se cobran por día.",
    "personas/vacaciones.txt": "Son 25 días laborables.",
    "personas/copia.txt": "Son 25 días laborables.",
    "roto.pdf": "%PDF-1.7 roto",
}
KEY = document_id("viajes/política de viajes.md")


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    with running(FakeOpenAI()) as fake, pytest.MonkeyPatch.context() as patch:
        parse_here(patch)
        with housed(tmp_path_factory.mktemp("keeping") / "home", fake) as house:
            yield house


@pytest.fixture(scope="module")
def http(house: House) -> TestClient:
    http = TestClient(make_api(house), base_url="http://127.0.0.1/v1", headers={"Authorization": "Bearer token"})
    made = {"name": "docs", "description": "Normas de la empresa", "groups": ["everyone"], "private": True}
    assert http.post("collections", json=made).status_code == 201
    wait(http, http.post("collections/docs/uploads", files=[("file", (name, text)) for name, text in DOCS.items()]).json())
    return http


def wait(http: TestClient, job: dict[str, Any]) -> dict[str, Any]:
    while (job := http.get(f"jobs/{job['id']}").json())["state"] in ("queued", "running"):
        threading.Event().wait(0.01)
    return job


def test_a_collection_is_made_once(http: TestClient) -> None:
    (made,) = (found for found in http.get("collections").json() if found["name"] == "docs")
    assert (made["description"], made["groups"], made["private"], made["documents"]) == (
        "Normas de la empresa", ["everyone"], True, 3,
    )  # fmt: skip
    again = http.post("collections", json={"name": "docs"})
    assert (again.status_code, again.json()["error"]["message"]) == (
        400, "There is a collection 'docs' already: choose another name.",
    )  # fmt: skip
    assert http.post("collections", json={"name": "no es un nombre"}).status_code == 400


def test_a_collection_is_shared_with_groups_that_there_are(http: TestClient, house: House) -> None:
    house.register.groups.add("Obra")
    changed = {"groups": ["everyone", "obras"], "private": False, "description": "otra"}
    refused = http.patch("collections/docs", json=changed)
    assert (refused.status_code, refused.json()["error"]["message"]) == (
        404, "There is no group 'obras' (there are: everyone, Obra): make it with `midas groups add NAME`.",
    )  # fmt: skip
    assert http.post("collections", json={"name": "planos", "groups": ["obras"]}).status_code == 404
    [kept] = house.service.collections()
    assert (kept.groups, kept.private, kept.description) == (("everyone",), True, "Normas de la empresa")
    assert http.patch("collections/docs", json={"groups": ["Everyone", "OBRA"]}).status_code == 204
    assert house.service.collections()[0].groups == ("Obra", "everyone")
    house.service.set_groups("docs", ["Obra", "everyone", "gone"])
    assert http.delete("groups/obra").status_code == 204
    assert house.service.collections()[0].groups == ("everyone",)


@pytest.mark.parametrize(
    ("query", "sources", "total"),
    [
        ({}, sorted(DOCS), 5),
        ({"text": "POLITICA tren"}, [], 0),
        ({"text": "POLITICA viajes"}, ["viajes/política de viajes.md"], 1),
        ({"text": "viajes"}, ["viajes/dietas.txt", "viajes/política de viajes.md"], 2),
        ({"state": "failed"}, ["roto.pdf"], 1),
        ({"state": "duplicate"}, ["personas/copia.txt"], 1),
        ({"state": "warned"}, [], 0),
        ({"state": "ready", "text": "personas"}, ["personas/vacaciones.txt"], 1),
        ({"offset": 1, "limit": 2}, ["personas/vacaciones.txt", "roto.pdf"], 5),
        ({"offset": 99}, [], 5),
    ],
)
def test_documents_are_searched_and_paged(http: TestClient, query: dict[str, Any], sources: list[str], total: int) -> None:
    answer = http.get("collections/docs/documents", params=query)
    assert [row["source"] for row in answer.json()] == sources
    assert answer.headers["X-Total-Count"] == str(total)


def test_chunks_are_what_is_stored_and_embedded(http: TestClient, house: House) -> None:
    stored = house.service.store().version_chunks("docs", KEY)
    whole = http.get(f"collections/docs/documents/{KEY}/chunks").json()
    assert whole["total"] == len(stored) > 1
    assert [(chunk["chunk_id"], chunk["text"], chunk["embedding_text"]) for chunk in whole["chunks"]] == [
        (found.id, found.chunk.text, found.chunk.embedding_text) for found in stored
    ]
    second = http.get(f"collections/docs/documents/{KEY}/chunks", params={"offset": 1, "limit": 1}).json()
    assert second["chunks"] == whole["chunks"][1:2]
    assert http.get(f"collections/docs/documents/{document_id('roto.pdf')}/chunks").json() == {"total": 0, "chunks": []}


def test_the_history_tells_who_did_what_and_keeps_earlier_files(http: TestClient, house: House) -> None:
    key = document_id("notas.txt")
    for text in ("Edición uno.", "Edición dos."):
        wait(http, http.post("collections/docs/uploads", files=[("file", ("notas.txt", text))]).json())
    path = f"collections/docs/documents/{key}"
    rows = http.get(f"{path}/history").json()
    assert [(row["event"], row["number"], row["by"], row["served"], row["original"]) for row in rows] == [
        ("published", 2, "server", True, True), ("published", 1, "server", False, True),
    ]  # fmt: skip
    assert http.get(f"{path}/versions/1/original").text == "Edición uno."
    assert http.get(f"{path}/versions/3/original").status_code == 404
    assert http.get(f"{path}/chunks").json()["total"] == 1 and http.get(path).json()["text"] == "Edición dos."
    assert http.delete(path).status_code == 204
    done = house.ledger.audited(AuditFilter(), 4)
    assert {(row.subject, row.address) for row in done} == {("docs/notas.txt", "testclient")}
    assert [(row.action, row.detail) for row in reversed(done)] == [
        ("original_read", "version 1"), ("source_read", "chunks 1 to 1"), ("source_read", "text"), ("document_deleted", ""),
    ]  # fmt: skip
    rows = http.get(f"{path}/history").json()
    assert [(row["event"], row["served"], row["original"]) for row in rows] == [
        ("deleted", False, False), ("published", False, False), ("published", False, False),
    ]  # fmt: skip
    assert http.get(f"{path}/versions/1/original").status_code == 404
    assert http.get(f"collections/docs/documents/{'0' * 20}/history").status_code == 404


def test_a_source_may_look_like_a_route(http: TestClient) -> None:
    wait(http, http.post("collections/docs/uploads", files=[("file", ("viajes/history.txt", "Historia."))]).json())
    assert http.get("collections/docs/documents/viajes/history.txt").json()["text"] == "Historia."
    assert http.delete("collections/docs/documents/viajes/history.txt").status_code == 204


def test_reindexing_is_a_job_that_can_be_cancelled(http: TestClient, house: House) -> None:
    free = threading.Event()
    house.jobs.start("reindex", "docs", lambda *_: free.wait() and None)
    job = http.post("collections/docs/reindex").json()
    assert (job["kind"], job["state"], job["owner"]) == ("reindex", "queued", "server")
    assert http.delete(f"jobs/{job['id']}").json()["state"] == "cancelled"
    free.set()
    assert wait(http, http.post("collections/docs/reindex").json())["state"] == "done"
    jobs = http.get("jobs").json()
    assert [job["kind"] for job in jobs[:2]] == ["reindex", "reindex"] and all(job["files"] == [] for job in jobs)
    assert http.post("collections/nunca/reindex").status_code == 404


def test_folders_of_the_server_are_watched(http: TestClient, house: House, tmp_path: Path) -> None:
    (tmp_path / "nueva.txt").write_text("Norma nueva.", encoding="utf-8")
    watch = http.post("collections/docs/watches", json={"path": str(tmp_path), "sync": True}).json()
    assert (watch["path"], watch["added_by"], watch["paused"]) == (str(tmp_path), "server", False)
    assert http.patch(f"watches/{watch['id']}", json={"paused": True}).json()["paused"]
    assert [found["id"] for found in http.get("watches").json()] == [watch["id"]]
    assert http.post("collections/docs/watches", json={"path": "relativa"}).status_code == 400
    assert http.delete(f"watches/{watch['id']}").status_code == 204
    assert (http.get("watches").json(), http.delete(f"watches/{watch['id']}").status_code) == ([], 400)


@pytest.mark.parametrize("path", ["\0", "/\0/a", "/" + "a" * 5000, "~nobody/x", "/dev/null", "/proc/self/mem", "C:\\"])
def test_odd_paths_are_refused(http: TestClient, path: str) -> None:
    for route, body in (("ingest", {"paths": [path]}), ("watches", {"path": path})):
        answer = http.post(f"collections/docs/{route}", json=body)
        assert answer.status_code in (201, 202, 400), (route, answer.text)
        for watch in http.get("watches").json():
            http.delete(f"watches/{watch['id']}")
