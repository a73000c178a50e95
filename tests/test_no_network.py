"""Nothing is looked up or connected to but loopback: while ingesting, asking, searching, serving and opening the page."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import httpx
import pytest

from tests.fake_openai import FakeOpenAI, running
from tests.serving import ANSWER_ES, QUESTION_ES, Midas, make_midas, scripted, write_documents

WATCH = """
import os, sys

LOOPBACK = ("127.", "::1", "localhost", "0.0.0.0")

def watch(event, arguments):
    if event in ("socket.getaddrinfo", "socket.gethostbyname", "socket.gethostbyaddr"):
        target = arguments[0]
    elif event in ("socket.connect", "socket.sendto"):
        target = arguments[1][0] if isinstance(arguments[1], tuple) else None
    else:
        return
    target = target.decode() if isinstance(target, bytes) else target
    if target and not str(target).startswith(LOOPBACK):
        with open(os.environ["NETWORK_LOG"], "a", encoding="utf-8") as log:
            log.write(f"{event} {target} by {sys.argv}\\n")
        raise OSError(f"the network is closed: {event} {target}")

sys.addaudithook(watch)
"""
"""Runs at the start of every Python process, parsers included: notes and refuses whatever leaves the machine."""


@pytest.fixture(scope="module")
def fake() -> Iterator[FakeOpenAI]:
    with running(FakeOpenAI(reply=scripted)) as fake:
        yield fake


@pytest.fixture
def log(tmp_path: Path) -> Path:
    return tmp_path / "network.log"


@pytest.fixture
def midas(fake: FakeOpenAI, tmp_path: Path, log: Path) -> Midas:
    hook = tmp_path / "hook"
    hook.mkdir()
    (hook / "sitecustomize.py").write_text(WATCH, encoding="utf-8")
    midas = make_midas(tmp_path / "home", fake)
    return replace(midas, environment={**midas.environment, "PYTHONPATH": str(hook), "NETWORK_LOG": str(log)}, anew=True)


def test_the_watch_notices(midas: Midas, log: Path) -> None:
    program = "import socket; socket.getaddrinfo('example.com', 80)"
    done = subprocess.run([sys.executable, "-c", program], env=midas.environment, capture_output=True, text=True)
    assert done.returncode == 1 and "the network is closed" in done.stderr
    assert "socket.getaddrinfo example.com" in log.read_text()


def test_nothing_leaves_the_machine(midas: Midas, log: Path, tmp_path: Path) -> None:
    documents = write_documents(tmp_path / "documents")
    midas.run("ingest", str(documents), "--collection", "empresa")
    assert midas.json("ask", QUESTION_ES)["text"] == ANSWER_ES
    midas.run("models", "list")
    with midas.serving() as server, httpx.Client(base_url=server.url, trust_env=False, timeout=60) as http:
        for page in ("/es/chat/", "/en/manage/", "/es/evaluate/"):
            assert http.get(page).status_code == 200
        assert midas.json("ask", QUESTION_ES)["text"] == ANSWER_ES
        midas.run("ingest", str(documents), "--collection", "otra")
    assert not log.exists(), log.read_text()


def test_onnx_runtime_keeps_no_events_to_send(models_home: Path, tmp_path: Path) -> None:
    """Its own code sends them, where the watch sees nothing; but it first writes a device id and the events to a folder."""
    program = "import sys, ingest, onnxruntime; onnxruntime.InferenceSession(sys.argv[1])"
    model = models_home / "models" / "multilingual-e5-small" / "model.int8.onnx"
    plain = {name: value for name, value in os.environ.items() if name not in ("CI", "XDG_CACHE_HOME", "ORT_DISABLE_TELEMETRY")}
    subprocess.run([sys.executable, "-c", program, str(model)], env={**plain, "HOME": str(tmp_path)}, check=True)
    assert not list(tmp_path.rglob("*"))
