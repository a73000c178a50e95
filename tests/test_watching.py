"""Watched folders: what is new, changed or gone is read, once it has settled; what stands in the way is told."""

from __future__ import annotations

import os
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from assistant.config import WatchSettings
from ingest.catalog import FileStamp
from ingest.errors import CollectionNotFound, ConfigError
from ingest.watching import Look, look
from tests.fake_openai import FakeOpenAI, running
from tests.housing import ADMIN, housed
from tests.parsing import parse_here
from ui.desks.keeping import Keeping
from ui.document_views import WatchView
from ui.house import House
from ui.person import LOCAL, Person
from ui.service import Cancelled

GONE = "The collection of this job was deleted: begin anew with another one."


@pytest.fixture(scope="module")
def fake() -> Iterator[FakeOpenAI]:
    with running(FakeOpenAI()) as fake:
        yield fake


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    folder = tmp_path / "shared" / "normas"
    folder.mkdir(parents=True)
    return folder


@pytest.fixture
def house(fake: FakeOpenAI, folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[House]:
    parse_here(monkeypatch)
    with housed(tmp_path / "home", fake, watch=WatchSettings(seconds=3600, roots=(folder.parent,))) as house:
        house.service.create("docs")
        yield house


@pytest.fixture
def desk(house: House) -> Keeping:
    return Keeping(house, ADMIN)


def write(path: Path, text: str, age_s: float = 60) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")
    changed = path.stat().st_mtime_ns - round(age_s * 1e9)
    os.utime(path, ns=(changed, changed))
    return path


def look_again(house: House) -> None:
    """One look, and until what it found is read."""
    house.watcher.look_at_all()
    while house.jobs.pending():
        threading.Event().wait(0.01)


def sources(desk: Keeping) -> dict[str, str]:
    return {row.source: row.state for row in desk.documents("docs").rows}


def only(desk: Keeping) -> WatchView:
    (watch,) = desk.watches()
    return watch


def test_a_watched_folder_is_kept_up_with(desk: Keeping, house: House, folder: Path) -> None:
    write(folder / "a.txt", "Norma uno.")
    write(folder / "sub" / "b.md", "# Norma\n\nNorma dos.")
    watch = desk.watch("docs", folder, sync=True)
    assert (watch.path, watch.seen_at, watch.paused, watch.added_by) == (str(folder), None, False, ADMIN.id)
    look_again(house)
    assert sources(desk) == {"a.txt": "ready", "sub/b.md": "ready"}
    assert desk.history("docs", "a.txt")[0].by == ADMIN.id
    jobs = len(desk.jobs())
    look_again(house)
    assert len(desk.jobs()) == jobs
    write(folder / "a.txt", "Norma uno, cambiada.", age_s=30)
    (folder / "sub" / "b.md").unlink()
    look_again(house)
    assert sources(desk) == {"a.txt": "ready"} and len(desk.history("docs", "a.txt")) == 2
    assert only(desk).error is None and only(desk).seen_at


def test_without_sync_documents_outlive_their_files(desk: Keeping, house: House, folder: Path) -> None:
    file = write(folder / "a.txt", "Norma uno.")
    desk.watch("docs", folder)
    look_again(house)
    file.unlink()
    look_again(house)
    assert sources(desk) == {"a.txt": "ready"}


def test_a_file_that_is_still_written_waits_for_the_next_look(desk: Keeping, house: House, folder: Path) -> None:
    write(folder / "a.txt", "Norma uno.")
    write(folder / "b.txt", "Norma d", age_s=0)
    write(folder / "c.txt", "De un reloj que va adelantado.", age_s=-3600)
    desk.watch("docs", folder)
    look_again(house)
    assert sources(desk) == {"a.txt": "ready"}
    write(folder / "b.txt", "Norma dos.", age_s=0)
    look_again(house)
    assert sources(desk) == {"a.txt": "ready", "c.txt": "ready"}
    look_again(house)
    assert sources(desk)["b.txt"] == "ready"


def test_what_failed_is_read_again_when_it_changes(desk: Keeping, house: House, folder: Path) -> None:
    write(folder / "a.txt", "\0\0")
    desk.watch("docs", folder)
    look_again(house)
    jobs = len(desk.jobs())
    look_again(house)
    assert (sources(desk), len(desk.jobs())) == ({"a.txt": "failed"}, jobs)
    write(folder / "a.txt", "Norma uno.", age_s=30)
    look_again(house)
    assert sources(desk) == {"a.txt": "ready"}


def test_a_folder_that_is_gone_deletes_nothing_and_says_so(desk: Keeping, house: House, folder: Path) -> None:
    file = write(folder / "a.txt", "Norma uno.")
    desk.watch("docs", folder, sync=True)
    look_again(house)
    file.unlink()
    look_again(house)
    assert sources(desk) == {"a.txt": "ready"} and "holds no files" in str(only(desk).error)
    folder.rmdir()
    look_again(house)
    assert sources(desk) == {"a.txt": "ready"} and "doesn't exist" in str(only(desk).error)
    write(folder / "a.txt", "Norma uno.")
    look_again(house)
    assert only(desk).error is None


def test_a_paused_folder_is_left_alone(desk: Keeping, house: House, folder: Path) -> None:
    watch = desk.watch("docs", folder)
    assert desk.pause(watch.id, True).paused
    write(folder / "a.txt", "Norma uno.")
    look_again(house)
    assert sources(desk) == {}
    assert not desk.pause(watch.id, False).paused
    look_again(house)
    assert sources(desk) == {"a.txt": "ready"}
    desk.unwatch(watch.id)
    write(folder / "b.txt", "Norma dos.")
    look_again(house)
    assert desk.watches() == [] and sources(desk) == {"a.txt": "ready"}
    with pytest.raises(ConfigError, match="no watched folder"):
        desk.pause(watch.id, True)


def test_links_lead_nowhere_outside(desk: Keeping, house: House, folder: Path, tmp_path: Path) -> None:
    write(tmp_path / "secret" / "salarios.txt", "Secreto.")
    (folder / "salarios.txt").symlink_to(tmp_path / "secret" / "salarios.txt")
    (folder / "todo").symlink_to(tmp_path / "secret")
    (folder / "otra.txt").symlink_to(write(folder.parent / "otra.txt", "De la misma raíz."))
    desk.watch("docs", folder)
    look_again(house)
    assert sources(desk) == {"otra.txt": "ready"}


def test_only_folders_of_the_setting_are_loaded_from_the_page(
    desk: Keeping, house: House, folder: Path, tmp_path: Path
) -> None:
    write(folder / "a.txt", "Norma uno.")
    outside = write(tmp_path / "else" / "b.txt", "Norma dos.").parent
    (folder / "link").symlink_to(outside)
    for wrong in (outside, folder / ".." / ".." / "else", folder / "link", tmp_path):
        with pytest.raises(ConfigError, match="outside the folders"):
            desk.watch("docs", wrong)
        with pytest.raises(ConfigError, match="outside the folders"):
            desk.ingest([wrong], "docs", sync=False)
    with pytest.raises(ConfigError, match="absolute"):
        desk.ingest([Path("a.txt")], "docs", sync=False)
    desk.ingest([folder], "docs", sync=False)
    look_again(house)
    assert sources(desk) == {"a.txt": "ready"}
    Keeping(house, LOCAL).ingest([outside], "docs", sync=False)
    look_again(house)
    assert sources(desk) == {"a.txt": "ready", "b.txt": "ready"}


def test_what_a_restart_interrupts_goes_on_within_the_folders_of_the_setting(
    fake: FakeOpenAI, folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Be it that whoever ordered it was disabled since: every admin sees it, and may cancel it."""

    def busy(_: object, cancelled: Cancelled) -> None:
        while not cancelled():
            threading.Event().wait(0.01)

    parse_here(monkeypatch)
    write(folder / "a.txt", "Norma uno.")
    with housed(tmp_path / "home", fake, watch=WatchSettings(roots=(folder.parent,))) as house:
        house.service.create("docs")
        house.jobs.start("reindex", "docs", busy)
        house.accounts.add("jefa", "admin")
        gone = house.accounts.add("gone", "admin")
        theirs = Keeping(house, Person(gone.id, "gone", "admin"))
        ordered = [theirs.ingest([folder], "docs", sync=False), Keeping(house, LOCAL).ingest([folder], "docs", sync=False)]
        ordered += [theirs.reindex("docs"), theirs.reindex("docs")]
        wanted = [job.id for job in ordered]
        house.accounts.set_disabled(gone.id, True)
    with housed(tmp_path / "home", fake) as house:
        desk, free = Keeping(house, ADMIN), threading.Event()
        house.jobs.start("reindex", "docs", lambda *_: free.wait() and None)
        house.orders.resume()
        assert [(job.id, job.state) for job in desk.jobs()[:-1]] == [(job, "queued") for job in reversed(wanted)]
        desk.cancel_job(wanted[2])
        free.set()
        look_again(house)
        told = [desk.job(job) for job in wanted]
        assert [job.state for job in told] == ["failed", "done", "cancelled", "done"]
        assert [job.owner for job in told] == [gone.id, LOCAL.id, gone.id, gone.id]
        assert told[0].error and "watch.roots" in told[0].error and sources(desk) == {"a.txt": "ready"}
    with housed(tmp_path / "home", fake) as house:
        house.orders.resume()
        assert house.jobs.all() == []


def test_what_a_restart_interrupts_is_for_the_collection_that_was_there(
    fake: FakeOpenAI, folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """`made` was made by its own ingestion before the restart, `later` is made after it."""
    begun = threading.Event()

    def busy(*_: object, cancelled: Cancelled, **named: object) -> None:
        begun.set()
        while not cancelled():
            threading.Event().wait(0.01)

    parse_here(monkeypatch)
    write(folder / "a.txt", "Norma uno.")
    with housed(tmp_path / "home", fake) as house:
        house.service.create("docs")
        monkeypatch.setattr(house.service, "ingest", busy)
        desk = Keeping(house, LOCAL)
        wanted = [desk.ingest([folder], name, sync=False).id for name in ("made", "docs", "later")] + [desk.reindex("docs").id]
        begun.wait()
    with housed(tmp_path / "home", fake) as house:
        assert [info.name for info in house.service.collections()] == ["docs", "made"]
        for name in ("docs", "made"):
            house.service.delete_collection(name)
        house.service.create("docs")
        house.orders.resume()
        look_again(house)
        assert [house.jobs.get(job).error for job in wanted] == [GONE, GONE, None, GONE]
        assert {info.name: info.documents for info in house.service.collections()} == {"docs": 0, "later": 1}


def test_what_waits_for_its_turn_is_for_no_later_collection_of_that_name(desk: Keeping, house: House, folder: Path) -> None:
    free = threading.Event()
    house.jobs.start("reindex", "docs", lambda *_: free.wait() and None)
    write(folder / "a.txt", "Norma uno.")
    loading = desk.ingest([folder], "docs", sync=False)
    desk.watch("docs", folder)
    house.watcher.look_at_all()
    desk.delete_collection("docs")
    desk.create("docs")
    free.set()
    look_again(house)
    assert [(job.kind, job.error) for job in desk.jobs()] == [("ingest", GONE), ("ingest", GONE), ("reindex", None)]
    assert desk.job(loading.id).error_code == "collection_not_found" and sources(desk) == {}


def test_what_waits_for_a_collection_is_for_the_first_of_its_name(desk: Keeping, house: House, folder: Path) -> None:
    free = threading.Event()
    house.jobs.start("reindex", "docs", lambda *_: free.wait() and None)
    write(folder / "a.txt", "Norma uno.")
    late, early = (desk.ingest([folder], name, sync=False) for name in ("twice", "once"))
    for name in ("twice", "once"):
        desk.create(name)
    desk.delete_collection("twice")
    desk.create("twice", groups=["everyone"])
    free.set()
    look_again(house)
    assert (desk.job(late.id).error, desk.job(early.id).state) == (GONE, "done")
    assert {info.name: info.documents for info in desk.collections()} == {"docs": 0, "once": 1, "twice": 0}


def test_without_the_setting_nothing_is_loaded_from_the_page(fake: FakeOpenAI, folder: Path, tmp_path: Path) -> None:
    with housed(tmp_path / "other", fake) as house:
        house.service.create("docs")
        with pytest.raises(ConfigError, match=r"watch\.roots"):
            Keeping(house, ADMIN).watch("docs", folder)
        assert Keeping(house, LOCAL).watch("docs", folder).path == str(folder)


def test_what_can_not_be_watched_is_refused(desk: Keeping, house: House, folder: Path) -> None:
    file = write(folder / "a.txt", "Norma uno.")
    local = Keeping(house, LOCAL)
    with pytest.raises(ConfigError, match="no folder"):
        local.watch("docs", file)
    with pytest.raises(ConfigError, match="not there"):
        local.watch("docs", folder / "missing")
    with pytest.raises(ConfigError, match="own data"):
        local.watch("docs", house.settings.home)
    with pytest.raises(CollectionNotFound):
        local.watch("dosc", folder)
    local.watch("docs", folder)
    with pytest.raises(ConfigError, match="already"):
        local.watch("docs", folder)
    desk.delete_collection("docs")
    assert desk.watches() == []


def test_the_thread_looks_when_a_folder_is_added(desk: Keeping, house: House, folder: Path) -> None:
    write(folder / "a.txt", "Norma uno.")
    house.begin()
    desk.watch("docs", folder)
    while sources(desk) != {"a.txt": "ready"}:
        threading.Event().wait(0.02)
    house.watcher.close()


def test_a_look_says_what_it_found(house: House, folder: Path) -> None:
    fresh = write(folder / "b.txt", "Norma dos.", age_s=0)
    watch = house.watcher.watches.add("docs", folder, sync=False, by="ana")
    store = house.service.store()
    first = look(store, watch, lambda path: True, 5, {})
    assert first == Look(unsettled={fresh: FileStamp.of(fresh)}) and not first.calls_for_work
    assert look(store, watch, lambda path: True, 5, first.unsettled).ready == {fresh}
    assert look(store, watch, lambda path: False, 5, first.unsettled) == Look()
    store.delete_collection("docs")
    house.service.create("docs")
    with pytest.raises(CollectionNotFound):
        look(store, watch, lambda path: True, 5, first.unsettled)
