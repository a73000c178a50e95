"""The README's commands exist, with the options it uses."""

from __future__ import annotations

import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
README = (ROOT / "README.md").read_text(encoding="utf-8")
COMMANDS = re.findall(r"^midas .*", README, re.MULTILINE)
GROUPS = ("backends", "collections", "documents", "eval", "groups", "keys", "models", "users")
TARGETS = re.findall(r"^make (\w+)", README, re.MULTILINE)
MAKEFILE = (ROOT / "Makefile").read_text(encoding="utf-8")


@pytest.mark.parametrize("command", COMMANDS)
def test_a_command_of_the_readme_exists(command: str) -> None:
    words = shlex.split(command, comments=True)[1:]
    path = words[:2] if words[0] in GROUPS else words[:1]
    shown = subprocess.run([sys.executable, "-m", "ui.cli", *path, "--help"], capture_output=True, text=True)
    assert shown.returncode == 0, shown.stderr
    assert all(word in shown.stdout for word in words if word.startswith("--"))


@pytest.mark.parametrize("text", [README, (ROOT / "docs" / "access.md").read_text(encoding="utf-8")], ids=["readme", "access"])
def test_a_group_is_made_before_a_collection_is_shared_with_it(text: str) -> None:
    made = {"everyone"}
    for command in re.findall(r"^midas (?:groups add|collections share) .*", text, re.MULTILINE):
        words = shlex.split(command, comments=True)[1:]
        if words[0] == "groups":
            made.add(words[2])
        else:
            assert made.issuperset(words[3:]), command
    assert len(made) > 1


@pytest.mark.parametrize("target", TARGETS)
def test_a_target_of_the_readme_exists(target: str) -> None:
    assert re.search(rf"^{target}:", MAKEFILE, re.MULTILINE)


def test_the_readme_has_commands() -> None:
    assert len(COMMANDS) >= 5 and {"run", "test"} <= set(TARGETS)
