"""Ingestion of files and folders: states, resuming, sync, duplicates, naming, cancelling, reindexing."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from ingest.catalog import DocumentRow, FileStamp
from ingest.config import ChunkingSettings, IngestLimits, IngestSettings
from ingest.doctor import check_store
from ingest.embedder import make_embedder
from ingest.errors import CollectionMismatch, CollectionNotFound, ConfigError, StoreError
from ingest.files import walk
from ingest.pipeline import IngestProgress, IngestReport, SourceFile, ingest, ingest_files, reindex
from ingest.store import Store
from ingest.text import query_terms
from ingest.types import document_id
from tests.embedders import HashingEmbedder
from tests.parsing import parse_here


@pytest.fixture
def settings(tmp_path: Path) -> IngestSettings:
    return IngestSettings(home=tmp_path / "home", ingest=IngestLimits(workers=1))


@pytest.fixture
def embedder() -> HashingEmbedder:
    return HashingEmbedder()


@pytest.fixture
def store(settings: IngestSettings, embedder: HashingEmbedder) -> Iterator[Store]:
    with Store.open(settings, embedder) as opened:
        yield opened


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    files = {
        "viajes/dietas.md": "# Dietas\n\nLa dieta nacional es de 45 euros al día.\n\nLa internacional es de 80 euros.",
        "viajes/hoteles.txt": "Los hoteles se reservan en la plataforma de la empresa.",
        "ti.txt": "Las contraseñas caducan a los noventa días.",
        ".oculto.txt": "No se lee.",
        "~$viajes.docx": "temporal",
        ".git/config": "nada",
    }
    for name, text in files.items():
        write(tmp_path / "docs" / name, text)
    return tmp_path / "docs"


class Ingester:
    """`ingest` with the fixtures filled in."""

    def __init__(self, store: Store, embedder: HashingEmbedder, settings: IngestSettings) -> None:
        self.store, self.embedder, self.settings = store, embedder, settings

    def __call__(self, *paths: Path, sync: bool = False, stop_after: int | None = None) -> IngestReport:
        return ingest(
            self.store, self.embedder, self.settings, paths, "docs", sync=sync,
            cancelled=lambda: stop_after is not None and self.embedder.embedded >= stop_after,
        )  # fmt: skip

    @property
    def states(self) -> dict[str, str]:
        return {row.source: row.state for row in self.store.documents("docs")}

    def found(self, words: str) -> set[str]:
        """Sources that the full-text search finds; the dense leg must know the same chunks."""
        hits = self.store.lexical(["docs"], query_terms(words), 50)
        everything = self.store.dense(["docs"], self.embedder.embed_query(words), 10_000)
        assert {hit.chunk_id for hit in hits} <= {hit.chunk_id for hit in everything}
        assert len(everything) == self.store.collection("docs").chunks
        return {stored.source for stored in self.store.chunks([hit.chunk_id for hit in hits])}


@pytest.fixture
def run(store: Store, embedder: HashingEmbedder, settings: IngestSettings) -> Ingester:
    return Ingester(store, embedder, settings)


def write(path: Path, text: str) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")
    return path


def test_a_folder_becomes_searchable(run: Ingester, folder: Path) -> None:
    report = run(folder)
    assert (report.added, report.failed, report.skipped) == (3, 0, 0)
    assert run.states == {"viajes/dietas.md": "ready", "viajes/hoteles.txt": "ready", "ti.txt": "ready"}
    assert run.found("dieta nacional") == {"viajes/dietas.md"}
    assert run.found("contraseña") == {"ti.txt"}
    assert report.chunks == run.store.collection("docs").chunks == run.embedder.embedded


def test_the_same_again_is_skipped_without_work(run: Ingester, folder: Path) -> None:
    run(folder)
    before = run.embedder.embedded, run.store.documents("docs")
    report = run(folder)
    assert (report.added, report.replaced, report.skipped) == (0, 0, 3)
    assert (run.embedder.embedded, run.store.documents("docs")) == before


def test_a_touched_file_is_recognised_by_its_bytes(run: Ingester, folder: Path) -> None:
    run(folder)
    embedded = run.embedder.embedded
    text = (folder / "ti.txt").read_text(encoding="utf-8")
    write(folder / "ti.txt", text)
    assert run(folder).skipped == 3
    assert run.embedder.embedded == embedded


def test_a_changed_file_replaces_its_document(run: Ingester, folder: Path) -> None:
    run(folder)
    write(folder / "ti.txt", "Las claves caducan cada trimestre.")
    report = run(folder)
    assert (report.added, report.replaced, report.skipped) == (0, 1, 2)
    assert run.found("contraseñas noventa") == set()
    assert run.found("claves trimestre") == {"ti.txt"}


def test_a_failed_new_version_leaves_the_old_one_served(run: Ingester, folder: Path) -> None:
    run(folder)
    original = (folder / "ti.txt").read_text(encoding="utf-8")
    write(folder / "ti.txt", "")
    report = run(folder)
    assert [(failure.source, failure.reason) for failure in report.failures] == [("ti.txt", "empty")]
    assert run.states["ti.txt"] == "failed"
    assert run.found("contraseña") == {"ti.txt"}
    write(folder / "ti.txt", original)
    embedded = run.embedder.embedded
    assert run(folder).skipped == 3
    assert run.states["ti.txt"] == "ready" and run.embedder.embedded == embedded


def test_bad_files_get_a_reason_and_stop_nothing(run: Ingester, folder: Path) -> None:
    (folder / "a.pdf").write_bytes(b"%PDF-1.7 nothing more")
    (folder / "b.bin").write_bytes(bytes(range(256)) * 20)
    write(folder / "c.txt", "")
    (folder / "d.txt").symlink_to(folder / "nowhere")
    report = run(folder)
    assert report.added == 3 and report.failed == 4
    rows = {row.source: row for row in run.store.documents("docs") if row.state == "failed"}
    assert set(rows) == {"a.pdf", "b.bin", "c.txt", "d.txt"}
    for failure in report.failures:
        row = rows[failure.source]
        assert (row.reason, row.message) == (failure.reason, failure.message)
        assert failure.message.endswith(".") and "\n" not in failure.message
        assert not row.served
    again = run(folder)
    assert (again.skipped, again.failed) == (3, 4)


def test_a_file_too_large_is_refused(run: Ingester, folder: Path) -> None:
    run.settings.ingest.file_bytes = 1000
    write(folder / "big.txt", "palabra " * 1000)
    report = run(folder)
    assert [(failure.source, failure.reason) for failure in report.failures] == [("big.txt", "too_large")]


def test_sync_removes_what_vanished_and_only_that(run: Ingester, folder: Path, tmp_path: Path) -> None:
    elsewhere = write(tmp_path / "other" / "aparte.txt", "Un documento aparte.")
    upload = write(tmp_path / "upload", "Un documento subido.")
    run(folder)
    run(elsewhere)
    ingest_files(run.store, run.embedder, run.settings, [SourceFile("subido.txt", upload, on_disk=False)], "docs")
    upload.unlink()
    (folder / "ti.txt").unlink()
    assert run(folder).removed == 0
    report = run(folder, sync=True)
    assert (report.removed, report.skipped) == (1, 2)
    assert set(run.states) == {"viajes/dietas.md", "viajes/hoteles.txt", "aparte.txt", "subido.txt"}
    assert run.found("contraseñas") == set()


def test_sync_with_an_empty_folder_is_refused(run: Ingester, folder: Path) -> None:
    run(folder)
    shutil.rmtree(folder)
    folder.mkdir()
    with pytest.raises(ConfigError, match="holds no files, so --sync would delete 3 documents"):
        run(folder, sync=True)
    assert len(run.states) == 3


def test_duplicates_are_named_and_indexed_once(run: Ingester, folder: Path) -> None:
    for name in ("copia.txt", "zz.txt"):
        shutil.copy(folder / "ti.txt", folder / name)
    report = run(folder)
    assert report.added == 3
    assert sorted(report.duplicates) == [("ti.txt", "copia.txt"), ("zz.txt", "copia.txt")]
    row = run.store.document("docs", next(r.document_id for r in run.store.documents("docs") if r.source == "zz.txt"))
    assert (row.state, row.reason, row.duplicate_of) == ("duplicate", "duplicate", "copia.txt")
    assert row.message == "Same content as copia.txt, which is searched instead."
    assert run.found("contraseña") == {"copia.txt"}
    assert run(folder).added == 0


def test_a_duplicate_takes_over_when_its_original_vanishes(run: Ingester, folder: Path) -> None:
    shutil.copy(folder / "ti.txt", folder / "zz.txt")
    run(folder)
    (folder / "ti.txt").unlink()
    report = run(folder, sync=True)
    assert (report.added, report.removed) == (1, 1)
    assert run.states["zz.txt"] == "ready" and "ti.txt" not in run.states
    assert run.found("contraseña") == {"zz.txt"}


def test_a_duplicate_takes_over_when_its_original_changes(run: Ingester, folder: Path) -> None:
    shutil.copy(folder / "ti.txt", folder / "aa.txt")
    run(folder)
    assert run.states == {"aa.txt": "ready", "ti.txt": "duplicate", "viajes/dietas.md": "ready", "viajes/hoteles.txt": "ready"}
    write(folder / "aa.txt", "Otra cosa.")
    run(folder)
    assert run.states["aa.txt"] == run.states["ti.txt"] == "ready"
    assert run.found("contraseña") == {"ti.txt"}


@pytest.mark.parametrize("end", ["delete", "sync", "replace", "become a duplicate"])
def test_an_uploaded_duplicate_inherits_what_goes(run: Ingester, folder: Path, tmp_path: Path, end: str) -> None:
    run(folder)
    for name in ("copia_de-ti.txt", "z.txt"):
        upload = Path(shutil.copy(folder / "ti.txt", tmp_path / name))
        report = ingest_files(run.store, run.embedder, run.settings, [SourceFile(name, upload, on_disk=False)], "docs")
        assert report.duplicates == ((name, "ti.txt"),)
        upload.unlink()
    embedded = run.embedder.embedded
    if end == "delete":
        run.store.delete_document("docs", document_id("ti.txt"))
    elif end == "sync":
        (folder / "ti.txt").unlink()
        assert run(folder, sync=True).removed == 1
    elif end == "replace":
        write(folder / "ti.txt", "Otra cosa.")
        assert run(folder).replaced == 1
    else:
        shutil.copy(folder / "viajes/hoteles.txt", folder / "ti.txt")
        assert run(folder).duplicates == (("ti.txt", "viajes/hoteles.txt"),)
    assert run.found("contraseña") == {"copia_de-ti.txt"}
    assert run.embedder.embedded == embedded + (end == "replace")
    rows = {row.source: row for row in run.store.documents("docs")}
    assert (rows["copia_de-ti.txt"].state, rows["copia_de-ti.txt"].title) == ("ready", "Copia de ti")
    assert (rows["z.txt"].state, rows["z.txt"].duplicate_of) == ("duplicate", "copia_de-ti.txt")
    assert [finding.severity for finding in check_store(run.store)] == ["ok"]
    run.store.delete_document("docs", document_id("copia_de-ti.txt"))
    assert run.found("contraseña") == {"z.txt"}


def test_duplicates_that_vanish_together_inherit_nothing(run: Ingester, folder: Path) -> None:
    shutil.copy(folder / "ti.txt", folder / "aa.txt")
    run(folder)
    (folder / "ti.txt").unlink()
    (folder / "aa.txt").unlink()
    assert run(folder, sync=True).removed == 2
    assert run.found("contraseña") == set() and len(run.states) == 2


def test_a_duplicate_whose_original_went_meanwhile_is_read(
    run: Ingester, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    run(folder)
    shutil.copy(folder / "ti.txt", folder / "zz.txt")
    record = run.store.record_duplicate

    def delete_first(collection: str, source: str, sha256: str, of: str, file: FileStamp | None, by: str) -> bool:
        run.store.delete_document(collection, document_id(of))
        return record(collection, source, sha256, of, file, by)

    monkeypatch.setattr(run.store, "record_duplicate", delete_first)
    assert run(folder).added == 1
    assert run.states["zz.txt"] == "ready" and run.found("contraseña") == {"zz.txt"}


@pytest.mark.parametrize("moment", ["replace_many", "record_failed", "record_unchanged", "record_duplicate", "delete_document"])
def test_a_run_puts_nothing_into_a_later_collection_of_that_name(
    run: Ingester, folder: Path, monkeypatch: pytest.MonkeyPatch, moment: str
) -> None:
    parse_here(monkeypatch)
    run(folder)
    write(folder / "nuevo.txt", "Los viajes se piden con quince días.")
    write(folder / "vacio.txt", "")
    os.utime(folder / "ti.txt", ns=(1, 1))
    shutil.copy(folder / "ti.txt", folder / "zz.txt")
    (folder / "viajes/hoteles.txt").unlink()
    work = getattr(run.store, moment)

    def too_late(*arguments: object) -> object:
        run.store.delete_collection("docs")
        run.store.create("docs", run.embedder, run.settings.chunking)
        return work(*arguments)

    with monkeypatch.context() as patch:
        patch.setattr(run.store, moment, too_late)
        with pytest.raises(CollectionNotFound, match="of this job was deleted"):
            run(folder, sync=True)
    assert run.states == {} and {finding.severity for finding in check_store(run.store)} == {"ok"}
    assert run(folder).added == 3


def test_a_document_that_becomes_a_duplicate_is_no_longer_served(run: Ingester, folder: Path) -> None:
    run(folder)
    shutil.copy(folder / "ti.txt", folder / "viajes/hoteles.txt")
    run(folder)
    assert run.states["viajes/hoteles.txt"] == "duplicate"
    assert run.found("hoteles") == set()


def test_same_names_in_two_folders_stay_two_documents(run: Ingester, tmp_path: Path) -> None:
    first = write(tmp_path / "madrid" / "normas.txt", "Normas de Madrid.")
    second = write(tmp_path / "sevilla" / "normas.txt", "Normas de Sevilla.")
    run(first.parent)
    run(second.parent)
    assert set(run.states) == {"normas.txt", "sevilla/normas.txt"}
    again = run(first.parent, second.parent, tmp_path)
    assert (again.added, again.replaced) == (0, 0)
    assert set(run.states) == {"normas.txt", "sevilla/normas.txt"}
    assert run.found("Madrid") == {"normas.txt"} and run.found("Sevilla") == {"sevilla/normas.txt"}


def test_a_folder_that_moved_keeps_its_documents(run: Ingester, folder: Path) -> None:
    run(folder)
    moved = folder.rename(folder.parent / "moved")
    assert run(moved).skipped == 3
    assert len(run.states) == 3


def test_link_loops_are_entered_once(run: Ingester, folder: Path) -> None:
    (folder / "viajes" / "arriba").symlink_to(folder, target_is_directory=True)
    assert run(folder).added == 3


def test_a_missing_path_is_wrong_use(run: Ingester, tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="doesn't exist: check the path"):
        run(tmp_path / "nowhere")


def test_a_path_that_cannot_be_looked_at_fails_alone(run: Ingester, folder: Path) -> None:
    """A name of 300 letters: `Path.exists` raises OSError for it, as for a path in a locked folder."""
    endless = folder / ("a" * 300)
    report = run(endless, folder)
    assert (report.added, report.failed) == (3, 1)
    assert (report.failures[0].source, report.failures[0].reason) == (str(endless), "unreadable")


@pytest.mark.skipif(os.geteuid() == 0, reason="root may look into every folder")
def test_a_locked_folder_stops_nothing_and_loses_no_document(run: Ingester, folder: Path) -> None:
    run(folder)
    (folder / "viajes").chmod(0o600)
    try:
        report = run(folder, folder / "viajes" / "dietas.md", sync=True)
    finally:
        (folder / "viajes").chmod(0o700)
    assert report.removed == 0 and {failure.reason for failure in report.failures} == {"unreadable"}
    assert run.found("dieta hoteles") == {"viajes/dietas.md", "viajes/hoteles.txt"}


def test_a_file_whose_owner_cannot_be_looked_at_gets_a_source_of_its_own(tmp_path: Path) -> None:
    endless = FileStamp(f"/{'a' * 300}", 1, 1)
    row = DocumentRow(
        "0", "ti.txt", "", "ready", None, None, None, "", "", None, None, (), endless, None, 0, 1, "2025-01-01"
    )  # fmt: skip
    write(tmp_path / "docs" / "ti.txt", "Otra cosa.")
    (file,) = walk([tmp_path / "docs"], [row], tmp_path).files
    assert file.source == "docs/ti.txt"


def test_two_uploads_of_one_name_are_refused(run: Ingester, folder: Path) -> None:
    files = [SourceFile("a.txt", folder / "ti.txt", False), SourceFile("a.txt", folder / "viajes/hoteles.txt", False)]
    with pytest.raises(ConfigError, match="Two files have the name a.txt"):
        ingest_files(run.store, run.embedder, run.settings, files, "docs")


def test_a_cancelled_run_is_consistent_and_resumes(run: Ingester, tmp_path: Path) -> None:
    folder = tmp_path / "many"
    for number in range(300):
        write(folder / f"{number:03}.txt", f"Documento número {number} sobre asunto {number}.")
    report = run(folder, stop_after=100)
    assert report.cancelled and 0 < report.added < 300
    assert len(run.found("documento")) == 50 or run.store.collection("docs").documents == report.added
    embedded = run.embedder.embedded
    rest = run(folder)
    assert rest.added == 300 - report.added and rest.skipped == report.added
    assert run.embedder.embedded - embedded == rest.added
    assert run.store.collection("docs").documents == 300


def test_progress_ends_with_everything_done(run: Ingester, folder: Path) -> None:
    write(folder / "leer.txt", "")
    seen: list[IngestProgress] = []
    ingest(run.store, run.embedder, run.settings, [folder], "docs", progress=seen.append)
    assert [progress.total for progress in seen] == [4] * len(seen)
    assert [progress.done for progress in seen] == sorted(progress.done for progress in seen)
    assert (seen[-1].done, seen[-1].failed, seen[-1].chunks) == (4, 1, run.embedder.embedded)


def test_an_error_of_the_store_ends_the_run(run: Ingester, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: object) -> None:
        raise StoreError("The disk is full.")

    monkeypatch.setattr(run.store.vectors, "upsert", full)
    with pytest.raises(StoreError, match="disk is full"):
        run(folder)
    monkeypatch.undo()
    assert run(folder).added == 3


def test_other_settings_are_refused_before_any_work(run: Ingester, folder: Path) -> None:
    run(folder)
    run.settings.chunking = ChunkingSettings(tokens=100)
    with pytest.raises(CollectionMismatch, match="midas reindex docs"):
        run(folder)


def test_reindex_builds_with_the_new_settings_from_stored_text(run: Ingester, folder: Path) -> None:
    write(folder / "largo.txt", " ".join(f"Esta es la frase número {number} del documento largo." for number in range(60)))
    run(folder)
    before = run.store.collection("docs")
    shutil.rmtree(folder)
    run.settings.chunking = ChunkingSettings(tokens=60)
    run.embedder = run.store.embedder = HashingEmbedder(32, "other")
    assert reindex(run.store, run.embedder, run.settings, "docs")
    after = run.store.collection("docs")
    assert (after.embedder, after.dimension, after.chunk_tokens) == ("other", 32, 60)
    assert after.documents == before.documents and after.chunks > before.chunks
    assert run.found("contraseña") == {"ti.txt"}
    assert run.store.vectors.generations() == {after.generation}


def test_a_cancelled_or_failed_reindex_leaves_the_old_index(run: Ingester, folder: Path) -> None:
    run(folder)
    before = run.store.collection("docs")
    other = HashingEmbedder(32, "other")
    assert not reindex(run.store, other, run.settings, "docs", cancelled=lambda: True)

    def fail(texts: object) -> None:
        raise StoreError("The embedder went away.")

    other.embed_passages = fail  # type: ignore[method-assign,assignment]
    with pytest.raises(StoreError, match="went away"):
        reindex(run.store, other, run.settings, "docs")
    assert run.store.collection("docs") == before
    assert run.store.vectors.generations() == {before.generation}
    assert run.found("contraseña") == {"ti.txt"}


def test_the_real_embedder_finds_what_words_do_not_say(models_home: Path, tmp_path: Path, folder: Path) -> None:
    settings = IngestSettings(home=tmp_path / "real", ingest=IngestLimits(workers=1))
    e5 = make_embedder(settings.model_copy(update={"home": models_home}))
    with Store.open(settings, e5) as store:
        report = ingest(store, e5, settings, [folder], "docs")
        assert report.added == 3
        hits = store.dense(["docs"], e5.embed_query("¿Cuándo hay que cambiar el password?"), 1)
        assert store.chunks([hits[0].chunk_id])[0].source == "ti.txt"
        assert 0.7 < hits[0].score <= 1
