"""Work on the server, and the uploads it works on."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Sequence
from pathlib import Path

from assistant.config import Settings
from ingest.collection import CollectionInfo
from ingest.progress import IngestReport
from ui.jobs import Jobs
from ui.service import Cancelled, LocalService, Progress
from ui.web.documents import _upload
from ui.web.texts import TEXTS


def test_a_job_cancelled_while_it_waits_is_never_begun() -> None:
    jobs, free, begun = Jobs(), threading.Event(), threading.Event()

    def wait(*_: object) -> None:
        free.wait()

    jobs.start("reindex", "empresa", wait)
    waiting = jobs.start("reindex", "otra", lambda *_: begun.set())
    assert jobs.cancel(waiting.id).state == "cancelled"
    after = jobs.start("reindex", "empresa", lambda *_: None)
    free.set()
    while not jobs.get(after.id).finished:
        threading.Event().wait(0.02)
    assert (jobs.get(waiting.id).state, begun.is_set()) == ("cancelled", False)
    jobs.close()


class Reading(LocalService):
    """Reads uploads for as long as `free` is not set."""

    def __init__(self, home: Path) -> None:
        super().__init__(Settings(home=home))
        self.reading, self.free = threading.Event(), threading.Event()

    def upload(self, files: Sequence[Path], collection: str, *, progress: Progress, cancelled: Cancelled) -> IngestReport:
        self.reading.set()
        self.free.wait()
        raise ZeroDivisionError(files[0].read_text())

    def collections(self) -> list[CollectionInfo]:
        return []


def test_uploads_do_not_outlive_their_job_though_the_tab_is_closed(tmp_path: Path) -> None:
    upload = tmp_path / "uploads" / "0a1b" / "nota.txt"
    upload.parent.mkdir(parents=True)
    upload.write_text("nota", encoding="utf-8")
    service, jobs = Reading(tmp_path), Jobs()

    async def close_the_tab() -> None:
        updates = _upload(service, jobs, [upload], "empresa", TEXTS["es"])
        await anext(updates)
        await asyncio.to_thread(service.reading.wait)
        await updates.aclose()

    asyncio.run(close_the_tab())
    assert upload.exists()
    service.free.set()
    jobs._pool.shutdown(wait=True)
    assert list((tmp_path / "uploads").iterdir()) == []
