"""The `midas` command as a person or a script calls it."""

from __future__ import annotations

import json
import os
import shutil
import signal
import socket
import stat
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from tests.fake_openai import FakeOpenAI, running
from tests.serving import ANSWER_ES, QUESTION_ES, Midas, make_midas, scripted, write_documents


@pytest.fixture(scope="module")
def fake() -> Iterator[FakeOpenAI]:
    with running(FakeOpenAI(reply=scripted)) as fake:
        yield fake


@pytest.fixture
def midas(fake: FakeOpenAI, tmp_path: Path) -> Midas:
    return make_midas(tmp_path / "home", fake)


@pytest.fixture
def person(midas: Midas) -> Midas:
    """The same in processes that start from nothing: for what only they can show."""
    return replace(midas, anew=True)


@pytest.fixture
def documents(tmp_path: Path) -> Path:
    return write_documents(tmp_path / "documents")


COMMANDS = [
    ("ask",),
    ("chat",),
    ("search",),
    ("ingest",),
    ("documents", "list"),
    ("documents", "show"),
    ("documents", "delete"),
    ("collections", "list"),
    ("collections", "private"),
    ("collections", "delete"),
    ("collections", "share"),
    ("collections", "describe"),
    ("documents", "history"),
    ("users", "add"),
    ("users", "forget"),
    ("groups", "add"),
    ("keys", "add"),
    ("backends", "list"),
    ("backends", "check"),
    ("backends", "add"),
    ("models", "list"),
    ("models", "pull"),
    ("models", "rm"),
    ("models", "verify"),
    ("serve",),
    ("doctor",),
    ("reindex",),
]


@pytest.mark.parametrize("command", COMMANDS, ids=" ".join)
def test_every_command_has_help_and_json(midas: Midas, command: tuple[str, ...]) -> None:
    told = midas.run(*command, "--help").stdout
    assert told.startswith(f"Usage: midas {' '.join(command)}") and "--json" in told


def test_help_lists_every_command_in_whole_sentences(midas: Midas) -> None:
    told = midas.run("--help").stdout
    assert all(f"  {command[0]} " in told for command in COMMANDS)
    assert "..." not in told.split("Commands:")[1]


@pytest.mark.parametrize("group", ["documents", "collections", "backends", "models", "users", "groups", "keys"])
def test_the_help_of_a_group_has_whole_sentences(midas: Midas, group: str) -> None:
    assert "..." not in midas.run(group, "--help").stdout.split("Commands:")[1]


def test_help_loads_nothing_heavy(midas: Midas) -> None:
    program = "import sys, ui.cli; print(sorted({name.split('.')[0] for name in sys.modules}))"
    done = subprocess.run([sys.executable, "-c", program], env=midas.environment, capture_output=True, text=True, check=True)
    heavy = {"numpy", "pydantic", "gradio", "fastapi", "chromadb", "llama_index", "onnxruntime", "httpx", "rich"}
    assert not heavy & set(json.loads(done.stdout.replace("'", '"')))


def test_version(person: Midas) -> None:
    assert person.run("--version").stdout.startswith("midas 0.")


@pytest.mark.parametrize(
    "words",
    [
        ("ask",),
        ("ask", "hola", "--unknown"),
        ("sing",),
        ("ingest", "/nowhere-at-all", "-c", "empresa"),
        ("ask", "hola", "--language", "fr"),
        ("ask", " "),
        ("search", " "),
        ("ask", "hola", "--backend", "nobody"),
        ("collections", "delete", "empresa"),
    ],
    ids=" ".join,
)
def test_wrong_use_is_code_2_and_leaves_standard_output_clean(midas: Midas, words: tuple[str, ...]) -> None:
    done = midas.run(*words, code=2)
    assert done.stdout == "" and "Traceback" not in done.stderr
    assert done.stderr.strip()


def test_an_expected_error_is_one_line(person: Midas) -> None:
    done = person.run("documents", "list", "nothing", code=1)
    assert done.stderr.startswith("midas: ") and done.stderr.count("\n") == 1


def test_a_wrong_setting_names_its_key(midas: Midas) -> None:
    wrong = Midas(midas.home, {**midas.environment, "MIDAS_SERVER__PORT": "many"})
    assert "server.port" in wrong.run("collections", "list", code=2).stderr


def test_from_documents_to_a_cited_answer(midas: Midas, person: Midas, documents: Path) -> None:
    report = person.json("ingest", str(documents), "--collection", "empresa")
    assert (report["added"], report["failed"]) == (3, 0)
    assert midas.json("ingest", str(documents), "--collection", "empresa")["skipped"] == 3
    [info] = midas.json("collections", "list")
    assert (info["name"], info["documents"]) == ("empresa", 3)

    answer = midas.json("ask", QUESTION_ES)
    assert answer["text"] == ANSWER_ES and answer["citations"][0]["number"] == 1
    told = midas.run("ask", QUESTION_ES).stdout
    assert (
        told.startswith(ANSWER_ES)
        and "[1] vacaciones.txt" in told
        and "25 días laborables de vacaciones al año" in told.split("[1] ")[1]
    )

    passages = midas.json("search", "dieta completa Francia", "--top-k", "1")["passages"]
    assert passages[0]["document"] == "dietas.csv" and {"chunk_id", "dense", "lexical", "page", "text"} <= set(passages[0])
    assert "dietas.csv" in midas.run("search", "dieta completa Francia").stdout


def test_documents_are_shown_and_deleted(midas: Midas, documents: Path) -> None:
    midas.run("ingest", str(documents), "--collection", "empresa")
    rows = midas.json("documents", "list", "empresa")
    assert [row["source"] for row in rows] == ["dietas.csv", "laptops.md", "vacaciones.txt"]
    assert {row["state"] for row in rows} == {"ready"}
    view = midas.json("documents", "show", "empresa", "laptops.md")
    assert "encrypted disk" in view["text"]
    assert "encrypted disk" in midas.run("documents", "show", "empresa", view["row"]["document_id"]).stdout
    midas.run("documents", "delete", "empresa", "laptops.md", "--yes")
    midas.run("documents", "show", "empresa", "laptops.md", code=1)
    assert midas.json("reindex", "empresa") == {"reindexed": "empresa"}
    assert sound(midas)
    midas.run("collections", "delete", "empresa", "--yes")
    assert midas.json("collections", "list") == []


def test_sync_removes_what_vanished(midas: Midas, documents: Path) -> None:
    midas.run("ingest", str(documents), "--collection", "empresa")
    (documents / "laptops.md").unlink()
    assert midas.json("ingest", str(documents), "--collection", "empresa")["removed"] == 0
    assert midas.json("ingest", str(documents), "--collection", "empresa", "--sync")["removed"] == 1


def test_a_bad_file_gets_one_line_and_only_bad_files_fail(midas: Midas, documents: Path, tmp_path: Path) -> None:
    (documents / "roto.pdf").write_bytes(b"%PDF-1.7\nbroken")
    done = midas.run("ingest", str(documents), "--collection", "empresa")
    assert [line for line in done.stderr.splitlines() if line.startswith("roto.pdf: ")] and "3 added, 1 failed" in done.stdout
    midas.run("ingest", str(documents / "roto.pdf"), "--collection", "otra", code=1)


def test_a_conversation_from_standard_input(midas: Midas, documents: Path, fake: FakeOpenAI) -> None:
    midas.run("ingest", str(documents), "--collection", "empresa")
    done = midas.run("chat", "--json", stdin=f"{QUESTION_ES}\n¿Y con cuánta antelación se solicitan las vacaciones?\n")
    answers = [json.loads(line) for line in done.stdout.splitlines()]
    assert [answer["text"] for answer in answers] == [ANSWER_ES] * 2


def test_commands_go_through_the_running_server(midas: Midas, documents: Path) -> None:
    with midas.serving() as server:
        address = midas.home / "server.json"
        assert stat.S_IMODE(address.stat().st_mode) == 0o600
        assert json.loads(address.read_text())["url"] == server.url

        report = midas.json("ingest", str(documents), "--collection", "empresa")
        assert report["added"] == 3
        assert midas.json("ask", QUESTION_ES)["text"] == ANSWER_ES
        assert midas.json("search", "Francia", "--top-k", "1")["passages"][0]["document"] == "dietas.csv"
        assert len(midas.json("documents", "list", "empresa")) == 3
        assert midas.json("documents", "show", "empresa", "dietas.csv")["row"]["source"] == "dietas.csv"
        assert midas.json("reindex", "empresa") == {"reindexed": "empresa"}
        assert sound(midas)
        midas.run("documents", "delete", "empresa", "dietas.csv", "--yes")
        missing = midas.run("documents", "show", "empresa", "dietas.csv", code=1)
        assert missing.stderr.startswith("midas: Collection empresa has no document 'dietas.csv'")
        for wrong in (("ask", "hola", "--backend", "nobody"), ("ask", ""), ("search", ""), ("search", "hola " * 5000)):
            assert midas.run(*wrong, code=2).stderr.count("\n") == 1
        assert midas.run("ingest", str(documents), "--collection", "no name!", code=2).stderr.startswith("midas: ")
    assert not address.exists()
    assert len(midas.json("documents", "list", "empresa")) == 2


def test_a_second_server_gets_one_sentence(midas: Midas) -> None:
    with midas.serving() as server:
        done = midas.run("serve", "--port", "0", code=1)
        assert done.stderr.count("\n") == 1 and f"process {server.process.pid}" in done.stderr


def test_a_used_port_gets_one_sentence(midas: Midas) -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]
        done = midas.run("serve", "--port", str(port), code=1)
    assert done.stderr == f"midas: Port {port} of 127.0.0.1 is in use: stop what uses it, or choose another with --port.\n"


def test_the_address_of_a_server_that_died_is_forgotten(midas: Midas) -> None:
    with midas.serving() as server:
        server.process.kill()
        server.process.wait()
        assert (midas.home / "server.json").exists()
        assert midas.json("collections", "list") == []


@pytest.mark.parametrize("through_server", [False, True], ids=["local", "server"])
def test_ctrl_c_leaves_whole_documents_and_the_next_run_resumes(midas: Midas, tmp_path: Path, through_server: bool) -> None:
    many = tmp_path / "many"
    many.mkdir()
    for number in range(400):
        text = "\n\n".join(
            f"Párrafo {part} del documento {number}: la norma {number}.{part} se revisa cada año." for part in range(40)
        )
        (many / f"norma-{number}.txt").write_text(text, encoding="utf-8")
    if not through_server:
        interrupt_ingest(midas, many)
    else:
        with midas.serving():
            interrupt_ingest(midas, many)
    rows = midas.json("documents", "list", "normas")
    assert 0 < len(rows) < 400 and {row["state"] for row in rows} == {"ready"}
    assert sound(midas)
    keep = sorted(many.iterdir())[:30]
    fewer = tmp_path / "fewer"
    fewer.mkdir()
    for path in keep:
        shutil.copy2(path, fewer / path.name)
    report = midas.json("ingest", str(fewer), "--collection", "normas")
    assert report["skipped"] > 0 and report["failed"] == 0 and not report["cancelled"]


def sound(midas: Midas) -> bool:
    return {finding["severity"] for finding in midas.json("doctor")} == {"ok"}


def interrupt_ingest(midas: Midas, folder: Path) -> None:
    told = folder.with_suffix(".out")
    process = midas.printing(told, "ingest", str(folder), "--collection", "normas", "--json")
    database = midas.home / "midas.db"
    while not (database.exists() and ready_documents(database)):
        assert process.poll() is None, "the ingestion ended before it could be interrupted"
        time.sleep(0.05)
    os.kill(process.pid, signal.SIGINT)
    assert process.wait(timeout=60) == 130
    assert '"cancelled": true' in told.read_text()


def ready_documents(database: Path) -> int:
    import sqlite3

    try:
        with sqlite3.connect(f"file:{database}?mode=ro", uri=True) as connection:
            found: tuple[int] = connection.execute("SELECT count(*) FROM documents WHERE state = 'ready'").fetchone()
            return found[0]
    except sqlite3.OperationalError:
        return 0
