"""Fixtures shared by all tests."""

from __future__ import annotations

import gc
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from assistant import models
from tests.browser import chromium

gc.disable()
"""Until all is imported: a third of that time would go into looking for garbage among what stays."""

SMALL_MODEL = "qwen2.5-coder-0.5b-instruct"
DEFAULT_MODEL = "qwen2.5-coder-1.5b-instruct"
LONG = (
    "evaluate_page role_days page accessibility backend_contract cli real_answers manage_page llama_cpp hostile_files sign_in"
    " xss no_network injections coldstart access_matrix backend_failures xquad embedder load backends_cli eval_cli hub"
    " judge_cli schemathesis evaluation_desks conversations api sample api_backends"
).split()
"""Files that take longest: they begin first, so that no process works on one while the others have nothing left to do."""


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    begins = {f"test_{name}": place for place, name in enumerate(LONG)}
    items.sort(key=lambda item: begins.get(item.path.stem, len(LONG)))


def pytest_collection_finish() -> None:
    gc.freeze()
    gc.enable()


@pytest.fixture(scope="session")
def models_home() -> Path:
    """A data directory with the small language model and the embedder, prepared once and kept between runs.

    `MIDAS_TEST_HOME` names another place than `~/.cache/midas-tests`. Tests put nothing else there.
    """
    home = Path(os.environ.get("MIDAS_TEST_HOME", Path.home() / ".cache" / "midas-tests")).absolute()
    for name in (SMALL_MODEL, "multilingual-e5-small"):
        models.pull(name, home)
    return home


@pytest.fixture(scope="session")
def answering_home(models_home: Path) -> Path:
    """`models_home` with the 1.5B model as well, for tests of real answers."""
    models.pull(DEFAULT_MODEL, models_home)
    return models_home


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    """Playwright's `Browser`. One for a file: while it is open no other event loop can run in its thread."""
    with chromium() as browser:
        yield browser
