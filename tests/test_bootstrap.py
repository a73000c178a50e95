"""What `make` does before anything is installed: what a person is told, and that a broken `.venv` is made anew."""

from __future__ import annotations

import importlib.util
import os
import shutil
import subprocess
import sys
import venv
from collections import namedtuple
from pathlib import Path
from types import ModuleType

import pytest

ROOT = Path(__file__).parent.parent


@pytest.fixture
def bootstrap(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    """The script, working on a copy of the files it reads."""
    spec = importlib.util.spec_from_file_location("bootstrap", ROOT / "scripts" / "bootstrap.py")
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    for name in ("pyproject.toml", "constraints.txt"):
        shutil.copy(ROOT / name, tmp_path)
    folder = tmp_path / ".venv"
    places = {"ROOT": tmp_path, "VENV": folder, "STAMP": folder / "installed.json", "LOG": folder / "install.log"}
    for name, path in places.items():
        monkeypatch.setattr(module, name, str(path))
    return module


@pytest.fixture
def calls(bootstrap: ModuleType, monkeypatch: pytest.MonkeyPatch) -> list[list[str]]:
    """The commands that the script would have run; each succeeds."""
    commands: list[list[str]] = []

    def call(command: list[str], **options: object) -> int:
        commands.append(command)
        return 0

    monkeypatch.setattr(subprocess, "call", call)
    return commands


def told(bootstrap: ModuleType, *extras: str) -> str:
    with pytest.raises(SystemExit) as stopped:
        bootstrap.main(extras)
    return str(stopped.value)


def test_an_old_python_is_told_before_anything_is_made(bootstrap: ModuleType, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "version_info", (3, 9, 2))
    assert told(bootstrap).startswith("midas: Midas needs Python 3.11 or later and this is 3.9: ")
    assert not Path(bootstrap.VENV).exists()


def test_a_full_disk_is_told_before_anything_is_made(bootstrap: ModuleType, monkeypatch: pytest.MonkeyPatch) -> None:
    usage = namedtuple("usage", "total used free")
    monkeypatch.setattr(shutil, "disk_usage", lambda path: usage(2**40, 2**40 - 2**30, 2**30))
    assert told(bootstrap, "test").startswith(f"midas: Installing needs about 6 GB and {bootstrap.ROOT} has 1.0 GB free: ")
    assert not Path(bootstrap.VENV).exists()


def test_a_disk_that_fills_up_is_told(bootstrap: ModuleType) -> None:
    Path(bootstrap.VENV).mkdir()
    Path(bootstrap.LOG).write_text("ERROR: Could not install packages due to an OSError: [Errno 28] No space left on device")
    assert bootstrap.diagnosis() == "The disk filled up while installing: make room and run the command again."


def test_a_registry_that_does_not_answer_is_told(bootstrap: ModuleType) -> None:
    Path(bootstrap.VENV).mkdir()
    pip = [sys.executable, "-m", "pip", "download", "--no-deps", "--no-cache-dir", "--retries", "1", "midas-assistant==0"]
    unreachable = {**os.environ, "PIP_CONFIG_FILE": os.devnull, "PIP_INDEX_URL": "http://127.0.0.1:9/simple"}
    with Path(bootstrap.LOG).open("w") as log:
        assert subprocess.call(pip, env=unreachable, cwd=bootstrap.ROOT, stdout=log, stderr=subprocess.STDOUT) != 0
    assert bootstrap.diagnosis().startswith("The package registry can't be reached: ")


def test_another_failure_names_the_log(bootstrap: ModuleType) -> None:
    Path(bootstrap.VENV).mkdir()
    Path(bootstrap.LOG).write_text("ERROR: No matching distribution found for chromadb==1.5.9")
    assert bootstrap.LOG in bootstrap.diagnosis()


def test_an_environment_without_pip_is_made_anew(bootstrap: ModuleType, calls: list[list[str]]) -> None:
    assert not bootstrap.usable()
    venv.create(bootstrap.VENV, with_pip=False)
    assert not bootstrap.usable()
    bootstrap.make_venv()
    assert calls == [[sys.executable, "-m", "venv", "--clear", bootstrap.VENV]]


def test_an_environment_of_another_python_is_made_anew(bootstrap: ModuleType, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bootstrap, "VENV", sys.prefix)
    assert bootstrap.usable()
    monkeypatch.setattr(sys, "version_info", (3, 99, 0))
    assert not bootstrap.usable()


def test_what_is_installed_is_not_installed_again(
    bootstrap: ModuleType, calls: list[list[str]], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(bootstrap, "check_disk", lambda extras: None)
    Path(bootstrap.VENV).mkdir()
    bootstrap.main(["test"])
    assert len(calls) == 3 and ".[test]" in calls[1] and "compileall" in calls[2]
    bootstrap.main([])
    assert len(calls) == 3
