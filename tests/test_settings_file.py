"""`midas.toml` when its back ends are changed: everything else stays, and it is whole whatever happens."""

from __future__ import annotations

import os
import stat
import tomllib
from collections.abc import Callable
from pathlib import Path

import pytest

from assistant.config import Settings, embedded_backend
from ingest.errors import ConfigError
from ui import settings_file
from ui.settings_file import add_backend, change_backend, remove_backend, set_default

SECTION: settings_file.Section = {
    "kind": "vllm",
    "model": 'a "quoted" \\ name, ñ',
    "context_window": 8192,
    "cloud": False,
    "fallback": ["local", "otra"],
    "timeouts": {"first_token_s": 90.5},
}
WRITTEN = """# La configuración de la casa.
default_backend = "local"   # el de siempre

[backends.local]
kind = "llama-cpp" # en este proceso
"""


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "midas.toml"


def test_the_section_is_added_and_comments_stay(path: Path) -> None:
    path.write_text(WRITTEN, encoding="utf-8")
    add_backend(path, "gpu", SECTION)
    after = path.read_text(encoding="utf-8")
    assert after.startswith(WRITTEN)
    assert tomllib.loads(after)["backends"] == {"local": {"kind": "llama-cpp"}, "gpu": SECTION}


@pytest.mark.parametrize("before", ["", "# nada\n", 'default_backend = "local"', "[server]\r\nport = 1\r\n"])
def test_the_embedded_back_end_keeps_a_section_of_its_own(path: Path, before: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """It is there by default as long as the file has no back ends."""
    path.write_bytes(before.encode())
    add_backend(path, "gpu", {"kind": "vllm", "model": "m", "base_url": "http://127.0.0.1:8000/v1"})
    assert path.read_bytes().startswith(before.encode())
    monkeypatch.setenv("MIDAS_CONFIG", str(path))
    settings = Settings.load()
    assert list(settings.backends) == ["local", "gpu"]
    assert settings.backends["local"] == embedded_backend()["local"]


def test_a_file_and_its_folder_are_made(tmp_path: Path) -> None:
    path = tmp_path / "new" / "midas.toml"
    add_backend(path, "gpu", SECTION)
    assert tomllib.loads(path.read_text(encoding="utf-8"))["backends"]["gpu"] == SECTION


def test_a_name_that_is_taken_is_refused(path: Path) -> None:
    path.write_text(WRITTEN, encoding="utf-8")
    with pytest.raises(ConfigError, match="has a back end 'local' already: choose another name"):
        add_backend(path, "local", SECTION)
    assert path.read_text(encoding="utf-8") == WRITTEN


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("[backends\n", "can't be read"),
        (b"\xff\xfe", "can't be read"),
        ('backends = "none"\n', "can't be changed from here"),
    ],
    ids=["broken", "not UTF-8", "no table"],
)
def test_a_file_that_can_not_be_changed_is_left_alone(path: Path, text: str | bytes, problem: str) -> None:
    before = text if isinstance(text, bytes) else text.encode()
    path.write_bytes(before)
    with pytest.raises(ConfigError, match=problem):
        add_backend(path, "gpu", SECTION)
    assert path.read_bytes() == before


def test_a_write_that_fails_leaves_the_old_file_and_nothing_else(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path.write_text(WRITTEN, encoding="utf-8")

    def full(descriptor: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(ConfigError, match="can't be written .No space left on device."):
        add_backend(path, "gpu", SECTION)
    assert path.read_text(encoding="utf-8") == WRITTEN
    assert list(path.parent.iterdir()) == [path]


def test_links_and_permissions_stay(tmp_path: Path) -> None:
    real, link = tmp_path / "real.toml", tmp_path / "midas.toml"
    real.write_text(WRITTEN, encoding="utf-8")
    real.chmod(0o600)
    link.symlink_to(real)
    add_backend(link, "gpu", SECTION)
    assert link.is_symlink() and "gpu" in real.read_text(encoding="utf-8")
    assert stat.S_IMODE(real.stat().st_mode) == 0o600


HOUSE = """# La configuración de la casa.
default_backend = "local"   # el de siempre

[backends.local]
kind = "llama-cpp" # en este proceso
threads = 2

# La máquina grande.
[backends.gpu]
kind = "vllm"
model = "m"            # el grande
fallback = ["local"]
timeouts = { connect_s = 5 }

[answer]
max_tokens = 300
"""


def test_a_changed_section_keeps_what_it_said_before_and_every_comment(path: Path) -> None:
    path.write_text(HOUSE, encoding="utf-8")
    wanted = {"kind": "vllm", "model": "m", "cloud": True, "timeouts": {"connect_s": 7}}
    change_backend(path, "gpu", wanted)
    after = path.read_text(encoding="utf-8")
    assert tomllib.loads(after)["backends"]["gpu"] == wanted
    assert [line for line in HOUSE.splitlines() if line not in after.splitlines()] == [
        'fallback = ["local"]',
        "timeouts = { connect_s = 5 }",
    ]


def test_a_new_line_stays_above_the_comment_of_the_next_section(path: Path) -> None:
    path.write_text(HOUSE, encoding="utf-8")
    change_backend(path, "local", {"kind": "llama-cpp", "threads": 2, "fallback": ["gpu"]})
    assert 'threads = 2\nfallback = ["gpu"]\n\n# La máquina grande.\n[backends.gpu]\n' in path.read_text(encoding="utf-8")


def test_a_last_line_is_replaced_by_another(path: Path) -> None:
    path.write_text(
        '[backends.gpu]\nkind = "vllm"\nfallback = ["local"]\n\n# Lo demás.\n[server]\nport = 1\n', encoding="utf-8"
    )
    change_backend(path, "gpu", {"kind": "vllm", "cloud": True})
    assert path.read_text(encoding="utf-8") == (
        '[backends.gpu]\nkind = "vllm"\ncloud = true\n\n# Lo demás.\n[server]\nport = 1\n'
    )


def test_the_default_changes_in_its_place_or_on_top(path: Path) -> None:
    path.write_text(HOUSE, encoding="utf-8")
    set_default(path, "gpu")
    assert path.read_text(encoding="utf-8") == HOUSE.replace('default_backend = "local"', 'default_backend = "gpu"')
    path.write_text("[answer]\nmax_tokens = 300\n", encoding="utf-8")
    set_default(path, "gpu")
    assert tomllib.loads(path.read_text(encoding="utf-8")) == {"default_backend": "gpu", "answer": {"max_tokens": 300}}


def test_a_removed_section_takes_nothing_else_along(path: Path) -> None:
    path.write_text(HOUSE, encoding="utf-8")
    remove_backend(path, "gpu")
    after = path.read_text(encoding="utf-8")
    assert tomllib.loads(after) == {**tomllib.loads(HOUSE), "backends": {"local": {"kind": "llama-cpp", "threads": 2}}}
    assert after.startswith(HOUSE.partition("[backends.gpu]")[0]) and after.endswith("[answer]\nmax_tokens = 300\n")


@pytest.mark.parametrize("work", [lambda path: change_backend(path, "tpu", SECTION), lambda path: remove_backend(path, "tpu")])
def test_what_is_not_there_can_not_be_changed(path: Path, work: Callable[[Path], None]) -> None:
    path.write_text(HOUSE, encoding="utf-8")
    with pytest.raises(ConfigError, match="has no back end 'tpu'"):
        work(path)
    assert path.read_text(encoding="utf-8") == HOUSE
