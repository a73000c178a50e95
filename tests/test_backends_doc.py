"""docs/backends.md: every kind has its chapter, its sections are valid, and its example of a new kind keeps the contract."""

from __future__ import annotations

import re
import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from assistant.backends import check_section, kinds
from assistant.config import Settings
from tests.backend_contract import GeneralContract
from tests.fake_servers.server import FakeServer, running
from tests.fake_servers.wire import Reply, Wire, as_json
from tests.test_backend_contract import FakeStage

DOCUMENT = (Path(__file__).parent.parent / "docs" / "backends.md").read_text(encoding="utf-8")
CHAPTERS = dict(re.findall(r"^## (\S[^\n]*)\n(.*?)(?=^## |\Z)", DOCUMENT, re.MULTILINE | re.DOTALL))
NEW = CHAPTERS["Adding a kind"]


def blocks(text: str, language: str) -> list[str]:
    found: list[str] = re.findall(rf"^```{language}\n(.*?)^```$", text, re.MULTILINE | re.DOTALL)
    return found


def sections(text: str) -> dict[str, dict[str, Any]]:
    found: dict[str, dict[str, Any]] = {}
    for block in blocks(text, "toml"):
        found |= tomllib.loads(block)["backends"]
    return found


@pytest.mark.parametrize("kind", kinds())
def test_every_kind_has_a_chapter_with_a_valid_section_of_its_own(kind: str) -> None:
    own = {name: section for name, section in sections(CHAPTERS[kind]).items() if section["kind"] == kind}
    assert own, f"no section of the kind {kind}"
    for name, section in own.items():
        check_section(name, section)


def test_all_sections_together_are_settings() -> None:
    backends = {name: section for kind in kinds() for name, section in sections(CHAPTERS[kind]).items()}
    assert Settings(backends=backends).candidates("cloud") == ("cloud", "local")


class Acme(Wire):
    """The server of the document's example."""

    def pages(self, window: int) -> dict[str, Reply]:
        return {**super().pages(window), "/about": as_json({"window": window})}

    def answer_tokens(self, body: dict[str, Any]) -> int:
        return int(body.get("max_completion_tokens") or 0)


@pytest.fixture
def installed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """The example as a package that somebody else wrote, found by its entry point."""
    (entry,) = blocks(NEW, "toml entry-point")
    (name, module), *_ = tomllib.loads(entry)["project"]["entry-points"]["midas.backends"].items()
    (tmp_path / f"{module}.py").write_text(blocks(NEW, "python")[0], encoding="utf-8")
    info = tmp_path / f"{module}-1.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {module}\nVersion: 1.0\n", encoding="utf-8")
    (info / "entry_points.txt").write_text(f"[midas.backends]\n{name} = {module}\n", encoding="utf-8")
    monkeypatch.syspath_prepend(tmp_path)
    yield
    sys.modules.pop(module, None)


@pytest.mark.usefixtures("installed")
class TestNewKind(GeneralContract):
    @pytest.fixture
    def stage(self) -> Iterator[FakeStage]:
        with running(FakeServer(Acme())) as server:
            stage = FakeStage("acme", server)
            yield stage
            stage.close()

    def test_its_section_is_valid_and_its_window_is_asked_for(self, stage: FakeStage) -> None:
        (section,) = sections(NEW).values()
        check_section("acme", section)
        stage.server.window = 7777
        assert stage.backend(context_window=None).context_window == 7777
