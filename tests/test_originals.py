"""Originals: uploads are kept once, as long as a version needs them; files of the server are read while they are the same."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from pathlib import Path

import pytest

from ingest.config import IngestLimits, IngestSettings
from ingest.errors import DocumentNotFound, StoreError
from ingest.files import SourceFile
from ingest.originals import Originals, obstacle, original_of
from ingest.pipeline import IngestReport, ingest, ingest_files
from ingest.store import Store
from ingest.types import document_id
from tests.embedders import HashingEmbedder
from tests.parsing import parse_here


def sha256(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


class Loader:
    """Uploads texts into the collection `docs`."""

    def __init__(self, folder: Path, **limits: bool) -> None:
        self.folder = folder
        self.embedder = HashingEmbedder()
        self.settings = IngestSettings(home=folder / "home", ingest=IngestLimits(**limits))
        self.store = Store.open(self.settings, self.embedder)

    def upload(self, **files: str) -> IngestReport:
        sources = []
        for name, text in files.items():
            path = self.folder / f"{name}.upload"
            path.write_text(text, encoding="utf-8")
            sources.append(SourceFile(f"{name}.txt", path, on_disk=False))
        return ingest_files(self.store, self.embedder, self.settings, sources, "docs", by="ana")

    def kept(self) -> set[bytes]:
        return {path.read_bytes() for path in (self.settings.home / "originals").glob("*/*")}

    def original(self, name: str) -> bytes:
        return original_of(self.store.document("docs", document_id(f"{name}.txt")), self.store.originals).read_bytes()

    def delete(self, name: str) -> None:
        self.store.delete_document("docs", document_id(f"{name}.txt"), "luis")


@pytest.fixture
def loader(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Loader]:
    parse_here(monkeypatch)
    loader = Loader(tmp_path)
    yield loader
    loader.store.close()


def test_a_content_is_kept_once_and_as_long_as_a_document_needs_it(loader: Loader) -> None:
    loader.upload(a="La norma uno.", b="La norma uno.", c="La norma dos.")
    assert loader.kept() == {b"La norma uno.", b"La norma dos."}
    assert (loader.original("a"), loader.original("b"), loader.original("c")) == (*[b"La norma uno."] * 2, b"La norma dos.")
    loader.delete("a")
    assert loader.original("b") == b"La norma uno."
    loader.delete("b")
    assert loader.kept() == {b"La norma dos."}
    loader.store.delete_collection("docs")
    assert loader.kept() == set()


def test_earlier_versions_keep_their_originals_until_the_document_goes(loader: Loader) -> None:
    loader.upload(a="Edición uno.")
    loader.upload(a="Edición dos.")
    assert loader.kept() == {"Edición uno.".encode(), "Edición dos.".encode()}
    rows = loader.store.history("docs", document_id("a.txt"))
    assert [(row.version, row.by, loader.store.originals.path(row.sha256) is not None) for row in rows] == [
        (2, "ana", True), (1, "ana", True),
    ]  # fmt: skip
    loader.delete("a")
    rows = loader.store.history("docs", document_id("a.txt"))
    assert loader.kept() == set() and (rows[0].event, rows[0].by) == ("deleted", "luis")
    loader.upload(a="Edición tres.")
    assert loader.store.history("docs", document_id("a.txt"))[0].version == 3


def test_a_failure_that_is_met_again_is_noted_once(loader: Loader) -> None:
    for text in ("\0\0", "\0\0", "\0\0\0"):
        loader.upload(a=text)
    rows = loader.store.history("docs", document_id("a.txt"))
    assert [(row.event, row.reason, row.version) for row in rows] == [("failed", "empty", None)] * 2


def test_nothing_is_kept_when_that_is_not_wanted(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    parse_here(monkeypatch)
    loader = Loader(tmp_path, keep_originals=False)
    loader.upload(a="La norma uno.")
    assert loader.kept() == set()
    assert obstacle(loader.store.document("docs", document_id("a.txt")), loader.store.originals) == (
        "The original of a.txt was not kept: upload the document again to see it."
    )
    loader.store.close()


def test_what_a_crash_left_goes_when_the_directory_is_opened(loader: Loader) -> None:
    """A part of a file, and a whole one that no row names."""
    loader.upload(a="La norma uno.")
    folder = loader.settings.home / "originals" / "ab"
    folder.mkdir()
    (folder / "0011.part").write_bytes(b"half")
    (folder / sha256(b"unnamed")).write_bytes(b"unnamed")
    loader.store.close()
    loader.store = Store.open(loader.settings, loader.embedder)
    assert loader.kept() == {b"La norma uno."}


def test_what_was_just_kept_is_not_swept_before_its_row_is_written(tmp_path: Path) -> None:
    originals, file = Originals(tmp_path / "originals"), tmp_path / "a.txt"
    file.write_bytes(b"uno")
    originals.keep(file, sha256(b"uno"))
    assert originals.sweep(set) == 0
    originals.release([sha256(b"uno")])
    assert (originals.sweep(lambda: {sha256(b"uno")}), originals.sweep(set)) == (0, 1)
    assert originals.path(sha256(b"uno")) is None


def test_another_file_than_announced_is_not_kept(tmp_path: Path) -> None:
    originals, file = Originals(tmp_path / "originals"), tmp_path / "a.txt"
    file.write_bytes(b"dos")
    with pytest.raises(StoreError, match="changed while"):
        originals.keep(file, sha256(b"uno"))
    assert [path for path in (tmp_path / "originals").rglob("*") if path.is_file()] == []
    assert originals.path("../../etc/passwd") is None


def test_files_of_the_server_are_read_where_they_are_while_they_are_the_same(loader: Loader, tmp_path: Path) -> None:
    file = tmp_path / "docs" / "a.txt"
    file.parent.mkdir()
    file.write_text("La norma uno.", encoding="utf-8")
    ingest(loader.store, loader.embedder, loader.settings, [file.parent], "docs")
    row = loader.store.document("docs", document_id("a.txt"))
    assert (loader.original("a"), obstacle(row, loader.store.originals), loader.kept()) == (b"La norma uno.", None, set())
    file.touch()
    assert obstacle(row, loader.store.originals) is None
    file.write_text("La norma dos, del mismo tamaño.", encoding="utf-8")
    assert "has changed since" in str(obstacle(row, loader.store.originals))
    with pytest.raises(DocumentNotFound, match="has changed since"):
        loader.original("a")
    file.unlink()
    with pytest.raises(DocumentNotFound, match="not where it was"):
        loader.original("a")
    assert "not where it was" in str(obstacle(row, loader.store.originals))
