"""What a manifest tells: the same for the same, another for another, and no secrets."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from assistant.config import Settings
from eval.manifest import Manifest
from eval.plan import Plan
from eval.provenance import describe, describe_backend, describe_collection, files_sha256, git_state, versions
from eval.questions import Question
from eval.resources import is_loopback
from ingest.errors import CollectionNotFound, ConfigError
from ingest.pipeline import ingest
from ingest.store import Store
from tests.embedders import HashingEmbedder

QUESTION = Question(id="a", question="¿Cuántos días?", language="es", answerable=True)


def plan(*, collections: list[str] | None = None, questions: tuple[Question, ...] = (QUESTION,)) -> Plan:
    return Plan(Path("set.jsonl"), questions, 0, ["cloudy"], collections, 1, False, "midas eval run")


def test_a_collection_is_known_by_what_it_serves(tmp_path: Path) -> None:
    settings, embedder, folder = Settings(home=tmp_path / "home"), HashingEmbedder(), tmp_path / "documents"
    folder.mkdir()

    def written(text: str, name: str = "a.md") -> str:
        (folder / name).write_text(text, encoding="utf-8")
        ingest(store, embedder, settings, [folder], "empresa", sync=True)
        return describe_collection(store, "empresa").content_sha256

    with Store.open(settings, embedder) as store:
        first = written("Son 25 días.")
        assert written("Son 24 días.") != first
        assert written("Son 25 días.") == first
        assert written("Son 25 euros.", "b.md") != first
        (folder / "b.md").unlink()
        assert written("Son 25 días.") == first
        described = describe_collection(store, "empresa")
        assert (described.documents, described.chunks, described.embedder, described.dimension) == (1, 1, "hashing", 64)
        with pytest.raises(CollectionNotFound):
            describe_collection(store, "otra")


def test_a_manifest_reads_back_equal_and_holds_no_key(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SECRET_KEY", "sk-very-secret")
    section = {"kind": "openai", "model": "gpt-5", "api_key_env": "SECRET_KEY"}
    settings = Settings(home=tmp_path, backends={"cloudy": section})
    with Store.open(settings, HashingEmbedder()) as store:
        manifest = describe(plan(), settings, store)
        text = manifest.model_dump_json()
        assert Manifest.model_validate_json(text) == manifest
        assert "sk-very-secret" not in text and "SECRET_KEY" in text
        assert manifest.fingerprint == describe(plan(), settings, store).fingerprint
        other = Question(id="a", question="¿Cuántas horas?", language="es", answerable=True)
        assert describe(plan(questions=(other,)), settings, store).fingerprint != manifest.fingerprint
        with pytest.raises(CollectionNotFound):
            describe(plan(collections=["nada"]), settings, store)


def test_a_wrong_back_end_is_told_before_anything_is_asked() -> None:
    with pytest.raises(ConfigError, match="unknown kind 'nothing'"):
        describe_backend("x", Settings(backends={"x": {"kind": "nothing"}}))


@pytest.mark.parametrize(
    ("host", "here"),
    [
        ("127.0.0.1", True),
        ("::1", True),
        ("localhost", True),
        ("192.168.1.2", False),
        ("api.openai.com", False),
        ("localhost.example.com", False),
    ],
)
def test_an_address_of_this_computer(host: str, here: bool) -> None:
    assert is_loopback(host) is here


def test_outside_a_checkout_there_is_no_commit(tmp_path: Path) -> None:
    assert git_state(tmp_path) == (None, None)


def test_a_renamed_or_changed_file_has_another_hash(tmp_path: Path) -> None:
    first, second = tmp_path / "a.txt", tmp_path / "b.txt"
    first.write_text("x")
    before = files_sha256([first])
    os.utime(first, (0, 0))
    assert files_sha256([first]) == before
    first.rename(second)
    assert files_sha256([second]) != before


def test_versions_tell_what_is_installed() -> None:
    base, tools = versions(None), versions("eval")
    assert base["pydantic"] and "pytest" not in base and not base.keys() & tools.keys()
