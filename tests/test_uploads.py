"""Uploads: which names, sizes and types are taken, what becomes of each file, and that nothing is left behind."""

from __future__ import annotations

import asyncio
import re
import threading
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

import pytest
from fastapi.testclient import TestClient
from hypothesis import given
from hypothesis import strategies as st

from assistant.config import UploadSettings
from ingest.config import IngestLimits
from ingest.errors import CollectionNotFound, ConfigError
from tests.fake_openai import FakeOpenAI, running
from tests.housing import ADMIN, housed
from tests.parsing import parse_here
from ui.api.app import make_api
from ui.desks.keeping import Keeping
from ui.house import House
from ui.multipart import save_files
from ui.service import Cancelled
from ui.upload_names import source_of
from ui.uploads import Announced
from ui.views import JobView

NOTE = b"Las vacaciones se piden en el portal del empleado con quince dias."


@pytest.fixture(scope="module")
def fake() -> Iterator[FakeOpenAI]:
    with running(FakeOpenAI()) as fake:
        yield fake


LIMITS = UploadSettings(files=50, total_bytes=100_000)


@pytest.fixture(scope="module")
def house(fake: FakeOpenAI, tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    home = tmp_path_factory.mktemp("uploads") / "home"
    with pytest.MonkeyPatch.context() as patch:
        parse_here(patch)
        with housed(home, fake, uploads=LIMITS, ingest=IngestLimits(file_bytes=20_000)) as house:
            yield house


@pytest.fixture
def desk(house: House) -> Iterator[Keeping]:
    desk = Keeping(house, ADMIN)
    desk.create("docs")
    yield desk
    for job in desk.jobs():
        desk.cancel_job(job.id)
        house.jobs.forget(job.id)
    desk.delete_collection("docs")


@pytest.fixture(scope="module")
def api(house: House) -> TestClient:
    return TestClient(make_api(house), base_url="http://127.0.0.1", headers={"Authorization": "Bearer token"})


@pytest.fixture
def http(api: TestClient, desk: Keeping) -> TestClient:
    return api


async def pieces(*parts: bytes) -> AsyncIterator[bytes]:
    for part in parts:
        yield part


def send(desk: Keeping, job: JobView, number: int, content: bytes) -> JobView:
    return asyncio.run(desk.receive(job.id, number, pieces(content)))


def upload(desk: Keeping, files: dict[str, bytes], collection: str = "docs") -> JobView:
    """Until it is finished."""
    job = desk.open_upload(collection, [Announced(name, len(content)) for name, content in files.items()])
    for file in job.files:
        if file.state == "waiting":
            send(desk, job, file.number, list(files.values())[file.number - 1])
    return finished(desk, desk.begin(job.id))


def finished(desk: Keeping, job: JobView) -> JobView:
    while not desk.job(job.id).finished:
        threading.Event().wait(0.02)
    return desk.job(job.id)


def states(job: JobView) -> dict[str, str]:
    return {file.source: file.reason or file.state for file in job.files}


def spooled(house: House) -> list[Path]:
    return [path for path in (house.settings.home / "uploads").rglob("*") if path.is_file()]


# Names


@pytest.mark.parametrize(
    ("name", "source"),
    [
        ("nota.txt", "nota.txt"),
        ("viajes\\2025\\dietas.pdf", "viajes/2025/dietas.pdf"),
        ("./viajes//dietas.pdf", "viajes/dietas.pdf"),
        ("poli\u0301tica.md", "pol\u00edtica.md"),
        (" a / b.txt ", "a/b.txt"),
        ("con fianza.txt", "con fianza.txt"),
    ],
)
def test_names_become_sources(name: str, source: str) -> None:
    assert source_of(name) == source


@pytest.mark.parametrize(
    "name",
    [
        "", "/", " ", "../a.txt", "a/../../b.txt", "..\\a.txt", "/etc/passwd", "\\\\server\\share\\a.txt", "C:\\a.txt",
        "c:a.txt", "a\x00.txt", "a\nb.txt", "a\x1b[31m.txt", "fdp\u202etxt.exe", "\ud800.txt", "CON", "aux.txt",
        "viajes/nul.md", "com1.pdf", "a" * 201 + ".txt", "/".join(["carpeta"] * 120) + "/a.txt",
    ],
)  # fmt: skip
def test_tricks_are_refused_with_a_sentence(name: str) -> None:
    with pytest.raises(ConfigError, match=r"^[A-Z].*: .+\.$") as refused:
        source_of(name)
    assert refused.value.message.isprintable() and len(refused.value.message) < 250


@given(st.text(max_size=30))
def test_no_name_leads_anywhere(name: str) -> None:
    try:
        source = source_of(name)
    except ConfigError:
        return
    parts = source.split("/")
    assert all(part.strip() == part and part not in ("", ".", "..") for part in parts) and "\\" not in source
    assert not re.search(r"[\x00-\x1f\x7f-\x9f\u2028\u2029\u202e]", source) and source_of(source) == source


# What is taken


def test_each_file_that_can_not_be_taken_says_why(desk: Keeping, house: House) -> None:
    job = desk.open_upload(
        "docs",
        [
            Announced("a.txt", len(NOTE)), Announced("../b.txt", 3), Announced("virus.exe", 3), Announced("a.txt", 3),
            Announced("big.pdf", 20_001), Announced(".DS_Store", 3), Announced("x/.git/a.txt", 3), Announced("~$a.docx", 1),
        ],
    )  # fmt: skip
    told = {file.number: (file.state, file.reason) for file in job.files}
    assert told == {
        1: ("waiting", None), 2: ("failed", "bad_name"), 3: ("failed", "type"), 4: ("failed", "same_name"),
        5: ("failed", "too_large"),
    }  # fmt: skip
    assert all(file.message and file.message.endswith(".") for file in job.files[1:])
    with pytest.raises(ConfigError, match="waits for no file"):
        send(desk, job, 2, b"abc")
    send(desk, job, 1, NOTE)
    done = finished(desk, desk.begin(job.id))
    assert (done.state, states(done)["a.txt"], done.retryable) == ("done", "same_name", False)
    assert [row.source for row in desk.documents("docs").rows] == ["a.txt"] and spooled(house) == []


@pytest.mark.parametrize(
    ("announced", "sentence"),
    [
        ([Announced(f"{number}.txt", 1) for number in range(51)], "more than 50 files"),
        ([Announced(f"{number}.txt", 19_000) for number in range(6)], "together"),
        ([Announced(".hidden", 1)], "no files"),
        ([], "no files"),
    ],
)
def test_too_much_is_refused_as_a_whole(desk: Keeping, house: House, announced: list[Announced], sentence: str) -> None:
    with pytest.raises(ConfigError, match=sentence):
        desk.open_upload("docs", announced)
    assert desk.jobs() == [] and spooled(house) == []


def test_a_collection_is_not_made_by_a_slip_of_the_pen(desk: Keeping) -> None:
    with pytest.raises(CollectionNotFound):
        desk.open_upload("dosc", [Announced("a.txt", 1)])


@pytest.mark.parametrize("content", [b"", b"short", NOTE + b"more"])
def test_bytes_that_were_not_announced_are_refused(desk: Keeping, house: House, content: bytes) -> None:
    job = desk.open_upload("docs", [Announced("a.txt", len(NOTE))])
    with pytest.raises(ConfigError, match="announced"):
        send(desk, job, 1, content)
    assert [path.name for path in spooled(house)] == ["manifest.json"]
    done = finished(desk, desk.begin(job.id))
    assert states(done) == {"a.txt": "missing"} and spooled(house) == []


# What becomes of them


def test_every_file_has_its_own_state(desk: Keeping, house: House) -> None:
    first = upload(desk, {"a.txt": NOTE, "viajes/b.md": b"# Viajes\n\nDieta de 53 euros."})
    assert states(first) == {"a.txt": "ready", "viajes/b.md": "ready"} and first.owner == ADMIN.id
    second = upload(
        desk, {"a.txt": NOTE, "viajes/b.md": b"# Viajes\n\nDieta de 60 euros.", "c.txt": NOTE, "d.pdf": b"%PDF-1.7 broken"}
    )
    assert states(second) == {"a.txt": "unchanged", "viajes/b.md": "replaced", "c.txt": "duplicate", "d.pdf": "corrupt"}
    assert (second.state, second.retryable) == ("done", True)
    assert sorted(path.name for path in spooled(house)) == ["4", "manifest.json"]
    events = [(seen.event, seen.number, seen.by, seen.served, seen.original) for seen in desk.history("docs", "viajes/b.md")]
    assert events == [("published", 2, ADMIN.id, True, True), ("published", 1, ADMIN.id, False, True)]


def test_what_failed_is_tried_again(desk: Keeping, house: House) -> None:
    done = upload(desk, {"a.txt": NOTE, "b.pdf": b"%PDF-1.7 broken"})
    again = finished(desk, desk.retry(done.id))
    assert states(again) == {"a.txt": "ready", "b.pdf": "corrupt"}
    assert again.report is not None and again.report.failed == 1
    house.uploads.resume()
    assert desk.job(done.id).retryable
    desk.cancel_job(done.id)
    assert desk.jobs() == [] and spooled(house) == []
    with pytest.raises(ConfigError, match="no job"):
        desk.retry(done.id)


def test_a_job_that_failed_as_a_whole_is_tried_again(desk: Keeping, house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    with monkeypatch.context() as patch:
        patch.setattr(house.service._embedder, "get", lambda: 1 / 0)
        done = upload(desk, {"a.txt": NOTE})
    assert (done.state, done.error_code, states(done), done.retryable) == ("failed", "unexpected", {"a.txt": "waiting"}, True)
    assert states(finished(desk, desk.retry(done.id))) == {"a.txt": "ready"} and spooled(house) == []


def test_an_upload_is_for_the_collection_that_it_was_sent_to_and_for_no_later_one_of_its_name(
    desk: Keeping, house: House
) -> None:
    free = threading.Event()
    house.jobs.start("reindex", "docs", lambda *_: free.wait() and None)
    receiving, waiting, queued = (desk.open_upload("docs", [Announced("a.txt", len(NOTE))]) for _ in range(3))
    for job in (waiting, queued):
        send(desk, job, 1, NOTE)
    desk.begin(queued.id)
    desk.delete_collection("docs")
    desk.create("docs")
    free.set()
    for ended in (lambda: send(desk, receiving, 1, NOTE), lambda: desk.begin(waiting.id)):
        with pytest.raises(CollectionNotFound, match="of this job was deleted"):
            ended()
    for job in (receiving, waiting, finished(desk, queued)):
        view = desk.job(job.id)
        assert view.state == "failed" and view.error and "of this job was deleted" in view.error
    assert spooled(house) == [] and desk.documents("docs").rows == ()
    with pytest.raises(CollectionNotFound):
        desk.retry(queued.id)
    assert not desk.job(queued.id).retryable


@pytest.mark.parametrize("remade", [False, True])
def test_an_upload_that_is_being_read_ends_with_its_collection(
    desk: Keeping, house: House, monkeypatch: pytest.MonkeyPatch, remade: bool
) -> None:
    """Deleted as its reading begins, or as the first documents are about to be published, and made anew for everyone."""
    before = len(house.service.collections())
    part, name = (house.service.store(), "replace_many") if remade else (house.service, "load")
    work = getattr(part, name)

    def too_late(*arguments: Any, **named: Any) -> Any:
        desk.delete_collection("docs")
        if remade:
            desk.create("docs", groups=["everyone"])
        return work(*arguments, **named)

    with monkeypatch.context() as patch:
        patch.setattr(part, name, too_late)
        done = upload(desk, {"a.txt": NOTE, "b.txt": NOTE + b"Otra."})
    assert (done.state, done.error_code) == ("failed", "collection_not_found")
    assert done.error and "of this job was deleted" in done.error
    assert spooled(house) == [] and not [*(house.settings.home / "originals").glob("*/*")]
    if not remade:
        assert len(house.service.collections()) == before - 1
        desk.create("docs")
    assert desk.documents("docs").rows == ()


def test_cancelling_leaves_nothing_behind(desk: Keeping, house: House) -> None:
    """Neither an upload that is being received, nor one that waits for its turn; what is under way then is told so."""

    async def and_cancelling(job: JobView) -> AsyncIterator[bytes]:
        yield NOTE[:5]
        desk.cancel_job(job.id)
        yield NOTE[5:]

    free = threading.Event()
    house.jobs.start("reindex", "docs", lambda *_: free.wait() and None)
    receiving = desk.open_upload("docs", [Announced("a.txt", len(NOTE)), Announced("b.txt", len(NOTE))])
    send(desk, receiving, 1, NOTE)
    waiting = desk.open_upload("docs", [Announced("c.txt", len(NOTE))])
    send(desk, waiting, 1, NOTE)
    assert desk.begin(waiting.id).state == "queued" and len(spooled(house)) == 4
    assert (desk.cancel_job(receiving.id).state, desk.cancel_job(waiting.id).state) == ("cancelled", "cancelled")
    assert spooled(house) == []
    sending = desk.open_upload("docs", [Announced("a.txt", len(NOTE))])
    with pytest.raises(ConfigError, match="was cancelled"):
        asyncio.run(desk.receive(sending.id, 1, and_cancelling(sending)))
    assert desk.job(sending.id).state == "cancelled" and spooled(house) == []
    free.set()
    assert states(upload(desk, {"d.txt": NOTE})) == {"d.txt": "ready"}
    assert [row.source for row in desk.documents("docs").rows] == ["d.txt"]


def test_a_running_upload_stops_after_the_documents_in_hand(
    desk: Keeping, house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    files = {f"{number}.txt": NOTE + str(number).encode() for number in range(30)}
    load, stopped = house.service.load, threading.Event()

    def load_and_stop(*arguments: Any, settled: Any, **named: Any) -> Any:
        def stop(outcome: Any) -> None:
            settled(outcome)
            desk.cancel_job(desk.jobs()[0].id)
            stopped.set()

        return load(*arguments, settled=stop, **named)

    monkeypatch.setattr(house.service, "load", load_and_stop)
    done = upload(desk, files)
    assert stopped.is_set() and done.state == "cancelled" and spooled(house) == []
    assert len(desk.documents("docs").rows) < 30


def test_a_server_that_stops_keeps_what_it_has_not_read(fake: FakeOpenAI, tmp_path: Path) -> None:
    with housed(tmp_path / "home", fake) as house:
        desk = Keeping(house, ADMIN)
        desk.create("docs")
        begun = threading.Event()

        def work(_: object, cancelled: Cancelled) -> None:
            begun.set()
            while not cancelled():
                threading.Event().wait(0.01)

        house.jobs.start("reindex", "docs", work)
        job = desk.open_upload("docs", [Announced("a.txt", len(NOTE))])
        send(desk, job, 1, NOTE)
        desk.begin(job.id)
        begun.wait()
        house.jobs.close()
        assert sorted(path.name for path in spooled(house)) == ["1", "manifest.json"]


# Over HTTP


def test_a_whole_upload_in_one_request(http: TestClient, desk: Keeping, house: House) -> None:
    parts = [
        ("file", ("viajes/a.txt", NOTE)),
        ("file", ("../b.txt", b"x")),
        ("file", ("c.md", b"")),
        ("file", (".x.txt", b"x")),
    ]
    answer = http.post("/v1/collections/docs/uploads", files=parts, data={"comment": "ignored"})
    assert answer.status_code == 202, answer.text
    done = finished(desk, desk.job(answer.json()["id"]))
    assert states(done) == {"viajes/a.txt": "ready", "../b.txt": "bad_name", "c.md": "empty"}
    assert sorted(path.name for path in spooled(house)) == ["3", "manifest.json"]
    assert http.delete(f"/v1/jobs/{done.id}").status_code == 200 and spooled(house) == []


@pytest.mark.parametrize(
    ("kind", "body", "sentence"),
    [
        ("application/json", b"{}", "multipart/form-data request"),
        ("multipart/form-data", b"--x--", "multipart/form-data request"),
        ("multipart/form-data; boundary=x", b"--x\r\n\r\n\r\nabc\r\n--x--\r\n", "no sound"),
        ("multipart/form-data; boundary=x", b"--y\r\n", "no sound"),
        (
            "multipart/form-data; boundary=x",
            b'--x\r\nContent-Disposition: form-data; name="f"; filename="a.txt"\r\n\r\nab',
            "cut",
        ),
        ("multipart/form-data; boundary=x", b"--x--\r\n", "no files"),
        ("multipart/form-data; boundary=" + "x" * 5000, b"--x--\r\n", "no sound"),
        ("multipart/form-data; boundary=x", b"", "cut"),
    ],
)
def test_a_malformed_request_is_the_clients(http: TestClient, house: House, kind: str, body: bytes, sentence: str) -> None:
    answer = http.post("/v1/collections/docs/uploads", content=body, headers={"Content-Type": kind})
    assert answer.status_code == 400 and sentence in answer.json()["error"]["message"], answer.text
    assert spooled(house) == []


@given(st.binary(max_size=200))
def test_no_body_breaks_the_reader(tmp_path_factory: pytest.TempPathFactory, noise: bytes) -> None:
    folder = tmp_path_factory.mktemp("bodies")
    body = b'--x\r\nContent-Disposition: form-data; name="f"; filename="a.txt"\r\n' + noise + b"\r\n--x--\r\n"
    try:
        asyncio.run(save_files("multipart/form-data; boundary=x", pieces(body), folder, UploadSettings()))
    except ConfigError as error:
        assert error.message


def test_more_than_is_allowed_is_not_even_read(tmp_path: Path) -> None:
    read = 0

    async def endless() -> AsyncIterator[bytes]:
        nonlocal read
        yield b'--x\r\nContent-Disposition: form-data; name="f"; filename="a.txt"\r\n\r\n'
        while read < 10**9:
            read += 2**20
            yield b"a" * 2**20

    with pytest.raises(ConfigError, match="together"):
        asyncio.run(save_files("multipart/form-data; boundary=x", endless(), tmp_path, LIMITS))
    assert read < 10 * 2**20


def test_files_one_by_one(http: TestClient, desk: Keeping) -> None:
    announced = {"files": [{"name": "a.txt", "size_bytes": len(NOTE)}, {"name": "b.txt", "size_bytes": 4}]}
    job = http.post("/v1/collections/docs/uploads/open", json=announced).json()
    assert [(file["number"], file["received"]) for file in job["files"]] == [(1, False), (2, False)]
    assert http.put(f"/v1/uploads/{job['id']}/files/1", content=NOTE).status_code == 200
    assert http.put(f"/v1/uploads/{job['id']}/files/9", content=NOTE).status_code == 400
    assert http.put("/v1/uploads/unknown/files/1", content=NOTE).status_code == 400
    assert [file["received"] for file in http.get(f"/v1/jobs/{job['id']}").json()["files"]] == [True, False]
    assert http.post(f"/v1/uploads/{job['id']}/begin").status_code == 202
    assert states(finished(desk, desk.job(job["id"]))) == {"a.txt": "ready", "b.txt": "missing"}
    assert http.put(f"/v1/uploads/{job['id']}/files/2", content=b"late").status_code == 400
