"""How far the server is with loading."""

from __future__ import annotations

import threading
from collections.abc import Callable
from pathlib import Path

import pytest

from assistant.config import Settings
from ingest.errors import ModelError
from ui import service
from ui.service import LocalService


class Loading:
    """An assistant that can't be loaded before `mended` is set."""

    def __init__(self, error: Exception) -> None:
        self.error = error
        self.mended = threading.Event()

    async def warm_up(self) -> None:
        if not self.mended.is_set():
            raise self.error


def wait_for(condition: Callable[[], bool]) -> None:
    pause = threading.Event()
    while not condition():
        pause.wait(0.02)


@pytest.mark.parametrize("error", [ModelError("The model is missing: pull it."), ZeroDivisionError("secret detail")])
def test_what_could_not_be_loaded_is_tried_again(error: Exception, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(service, "WARM_RETRY_SECONDS", 0.05)
    local, loading = LocalService(Settings(home=tmp_path)), Loading(error)
    monkeypatch.setattr(local._assistant, "get", lambda: loading)
    local.warm()
    wait_for(lambda: local.readiness().error is not None)
    assert not local.readiness().ready and "secret detail" not in str(local.readiness().error)
    loading.mended.set()
    wait_for(lambda: local.readiness().ready)
    assert local.readiness().error is None
