"""Files of the hub: whole, checked, resumed, under the name of the catalogue."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from assistant import hub, models
from assistant.catalogue import catalogue
from ingest.errors import ModelError
from tests.fake_hub import FakeHub

LARGE = b"GGUF" + (3).to_bytes(4, "little") + bytes(range(256)) * 100_000
TINY = "someone/some-model/q4/Tiny.gguf"
CARD = "qwen3-0.6b"


@pytest.fixture
def fake() -> Iterator[FakeHub]:
    with FakeHub({TINY: LARGE, str(catalogue().models[CARD].names.gguf): LARGE}).running() as fake:
        yield fake


def test_a_file_is_pulled_with_progress(fake, tmp_path) -> None:
    pulled = fake.pull(f"hf:{TINY}", tmp_path)
    assert pulled.returncode == 0, pulled.stderr
    steps = [tuple(map(int, line.split("/"))) for line in pulled.stdout.splitlines()]
    assert steps[-1] == (len(LARGE), len(LARGE)) and steps == sorted(steps)
    assert models.verify("tiny", tmp_path).read_bytes() == LARGE
    assert models.installed(tmp_path)[0].source == f"hf:{TINY}"
    assert pulled.stderr == "", "the hub's client draws no bar of its own"


def test_a_connection_that_broke_is_taken_up_where_it_ended(fake, tmp_path) -> None:
    fake.cut_after = 10_000_000
    pulled = fake.pull(f"hf:{TINY}", tmp_path)
    assert pulled.returncode == 0, pulled.stderr
    assert models.verify("tiny", tmp_path).read_bytes() == LARGE
    first, second = fake.ranges
    assert first is None and re.fullmatch(r"bytes=\d{7,8}-", second)


def test_a_pull_that_was_killed_is_taken_up_by_the_next(fake, tmp_path) -> None:
    fake.stall_after = 10_000_000
    with fake.pulling(f"hf:{TINY}", tmp_path) as process:
        assert process.stdout.readline(), "something has come"
        process.kill()
    left = list((tmp_path / "models" / models.HUB_FOLDER).glob("*.partial"))
    assert len(left) == 1 and left[0].stat().st_size > 0
    fake.stall_after = None
    assert fake.pull(f"hf:{TINY}", tmp_path).returncode == 0
    assert fake.ranges[-1] == f"bytes={left_size(fake)}-"
    assert models.verify("tiny", tmp_path).read_bytes() == LARGE
    assert not list((tmp_path / "models" / models.HUB_FOLDER).glob("*.partial"))


def left_size(fake: FakeHub) -> int:
    """Where the last download went on."""
    return int(str(fake.ranges[-1]).removeprefix("bytes=").removesuffix("-"))


def test_a_file_that_changed_on_the_hub_is_not_mixed_with_the_old_one(fake, tmp_path) -> None:
    fake.stall_after = 10_000_000
    with fake.pulling(f"hf:{TINY}", tmp_path) as process:
        assert process.stdout.readline()
        process.kill()
    fake.stall_after, fake.files[TINY] = None, LARGE + b"newer"
    assert fake.pull(f"hf:{TINY}", tmp_path).returncode == 0
    assert fake.ranges[-1] is None
    assert models.verify("tiny", tmp_path).read_bytes() == LARGE + b"newer"


def test_a_damaged_file_is_refused_and_not_kept(fake, tmp_path) -> None:
    fake.damaged = True
    pulled = fake.pull(f"hf:{TINY}", tmp_path)
    assert pulled.returncode == 1
    assert f"ModelError: hf:{TINY} arrived damaged (its SHA-256 differs from the hub's): pull it again." in pulled.stderr
    assert models.installed(tmp_path) == []
    fake.damaged = False
    assert fake.pull(f"hf:{TINY}", tmp_path).returncode == 0


def test_a_model_of_the_catalogue_gets_its_name(fake, tmp_path) -> None:
    assert fake.pull(CARD, tmp_path).returncode == 0
    assert models.verify(CARD, tmp_path).read_bytes() == LARGE
    asked = len(fake.ranges)
    assert fake.pull(CARD, tmp_path).returncode == 0
    assert len(fake.ranges) == asked, "what is there and whole is not fetched again"


def test_a_file_that_is_not_there_gets_one_sentence(fake, tmp_path) -> None:
    missing = fake.pull("hf:someone/some-model/none.gguf", tmp_path)
    assert "ModelError: The hub has no hf:someone/some-model/none.gguf: check the name." in missing.stderr


@pytest.mark.parametrize(
    ("status", "message"),
    [
        (401, f"The hub keeps hf:{TINY} for those who accepted its licence: accept it there, and set HF_TOKEN."),
        (503, f"hf:{TINY} can't be downloaded (the hub answers 503): try again later."),
    ],
)
def test_a_refusal_gets_one_sentence(fake, tmp_path, status, message) -> None:
    fake.status = status
    assert f"ModelError: {message}" in fake.pull(f"hf:{TINY}", tmp_path).stderr


def test_the_bytes_come_from_another_host_without_the_key(fake, tmp_path, monkeypatch) -> None:
    monkeypatch.setenv("HF_TOKEN", "hf_secret")
    with FakeHub(fake.files).running() as store:
        fake.elsewhere = store.address
        pulled = fake.pull(f"hf:{TINY}", tmp_path)
        assert pulled.returncode == 0, pulled.stderr
        assert fake.keys == {"Bearer hf_secret"} and store.keys == {None}
    assert models.verify("tiny", tmp_path).read_bytes() == LARGE


def test_a_hub_that_does_not_answer_gets_one_sentence(tmp_path) -> None:
    nobody = FakeHub({}, address="http://127.0.0.1:9")
    assert f"ModelError: hf:{TINY} can't be downloaded" in nobody.pull(f"hf:{TINY}", tmp_path).stderr


@pytest.mark.parametrize("source", ["hf:someone/something", "hf:x.gguf", "hf:a/b/c.bin"])
def test_a_wrong_address_is_told_before_anything_is_asked(tmp_path: Path, source: str) -> None:
    with pytest.raises(ModelError, match="does not name a GGUF file: write hf:OWNER/REPO/FILE.gguf"):
        hub.download(source, tmp_path)
