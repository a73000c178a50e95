"""`midas models` as a person or a script calls it."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from assistant import models
from assistant.catalogue import catalogue
from tests.conftest import SMALL_MODEL
from tests.fake_ollama import FakeOllama
from tests.fake_openai import FakeOpenAI, running
from tests.fake_servers.wire import MODEL
from tests.serving import make_midas
from ui import terminal
from ui.cli import main

GGUF = b"GGUF" + (3).to_bytes(4, "little") + (0).to_bytes(8, "little") + (0).to_bytes(8, "little")
COMMANDS = ["list", "show", "pull", "rm", "ps", "disk", "verify", "recommend", "try"]

DEAD = '[backends.dead]\nkind = "openai-compatible"\nmodel = "x"\nbase_url = "http://127.0.0.1:9/v1"\n'
LARGE_CARD = "NVIDIA GeForce RTX 4090, 24564"


@pytest.fixture(scope="module")
def fake() -> Iterator[FakeOpenAI]:
    with running(FakeOpenAI(reply=lambda messages: f"You said: {messages[-1]['content']}")) as fake:
        yield fake


@dataclass
class Done:
    """What a command printed."""

    stdout: str
    stderr: str


@dataclass
class Cli:
    """Calls the command line in this process, where what it imports is there already."""

    home: Path
    settings: Path
    patch: pytest.MonkeyPatch
    capture: pytest.CaptureFixture[str]

    def run(self, *words: str, code: int = 0) -> Done:
        self.patch.setattr(sys, "argv", ["midas", "models", *words])
        try:
            main()
            left = 0
        except SystemExit as leaving:
            left = int(leaving.code or 0)
        printed = self.capture.readouterr()
        assert left == code, f"midas models {' '.join(words)} -> {left}\n{printed.out}\n{printed.err}"
        return Done(printed.out, printed.err)

    def json(self, *words: str, code: int = 0) -> Any:
        return json.loads(self.run(*words, "--json", code=code).stdout)

    def told(self, *words: str) -> str:
        """What is printed on a wide terminal."""
        self.patch.setattr(terminal.out, "width", 250)
        return self.run(*words).stdout


@pytest.fixture
def midas(fake: FakeOpenAI, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Cli:
    made = make_midas(tmp_path / "home", fake)
    monkeypatch.setenv("MIDAS_HOME", str(made.home))
    monkeypatch.setenv("MIDAS_CONFIG", made.environment["MIDAS_CONFIG"])
    return Cli(made.home, Path(made.environment["MIDAS_CONFIG"]), monkeypatch, capsys)


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "Toy.gguf"
    path.write_bytes(GGUF)
    return path


def one_line(error: str) -> str:
    assert error.startswith("midas: ") and error.count("\n") == 1, error
    return error.removeprefix("midas: ").strip()


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_has_help_and_json(midas: Cli, command: str) -> None:
    shown = midas.run(command, "--help").stdout
    assert shown.startswith(f"Usage: midas models {command}") and "--json" in shown


# The catalogue


def test_list_shows_every_model_with_its_needs(midas: Cli) -> None:
    shown = midas.told("list")
    assert all(name in shown for name in catalogue().models)
    line = next(line for line in shown.splitlines() if line.startswith("llama-3.1-8b-instruct"))
    assert "8.03B" in line and "131,072" in line and "4.9 GB" in line and "conditions" in line


def test_list_as_json_has_cards_and_their_date(midas: Cli) -> None:
    found = midas.json("list")
    assert found["as_of"] == catalogue().as_of.isoformat() and found["installed"] == []
    assert found["catalogue"]["phi-4"]["names"]["ollama"] == "phi4:14b"


@pytest.mark.parametrize("name", ["llama-3.2-3b-instruct", "llama3.2:3b", "meta-llama/Llama-3.2-3B-Instruct"])
def test_show_tells_facts_needs_sources_and_commands(midas: Cli, name: str) -> None:
    shown = midas.told("show", name)
    for part in (
        "Llama 3.2 Community License",
        "Spanish",
        "https://huggingface.co/meta-llama",
        "2.0 GB",
        "Q8_0",
        "ollama pull llama3.2:3b",
    ):
        assert part in shown


def test_show_as_json_has_needs_in_bytes(midas: Cli) -> None:
    found = midas.json("show", "llama-3.2-3b-instruct")
    assert found["needs"][0]["quantisation"] == "q4_k_m" and found["needs"][0]["file_bytes"] == 2_020_000_000
    assert {command["kind"] for command in found["commands"]} >= {"ollama"}


def test_a_cloud_model_has_a_price_and_no_needs(midas: Cli) -> None:
    shown = midas.told("show", "gpt-4o-mini")
    assert "USD per million tokens" in shown and "Memory with" not in shown and "midas backends add gpt-4o-mini openai" in shown


def test_an_unknown_model_gets_one_line(midas: Cli) -> None:
    said = one_line(midas.run("show", "qwen3-8", code=1).stderr)
    assert said == "The catalogue has no model 'qwen3-8' (did you mean qwen3-8b?)."


# Models of this computer


def test_a_file_is_pulled_listed_shown_checked_and_removed(midas: Cli, file: Path) -> None:
    assert midas.json("pull", str(file)) == {"pulled": [str(file)]}
    [model] = midas.json("list", "--installed")
    assert (model["name"], model["size_bytes"], model["details"]["source"]) == ("toy", len(GGUF), str(file))
    assert "toy" in midas.told("list") and "toy" in midas.told("list", "--installed")
    assert midas.json("show", "toy")["details"]["source"] == str(file)
    assert midas.json("verify", "toy")["model"] == "toy"
    assert midas.json("rm", "toy", "--yes") == {"deleted": "toy", "bytes": len(GGUF)}
    assert midas.json("list", "--installed") == []


def test_what_is_not_installed_gets_one_line(midas: Cli) -> None:
    assert "No model 'toy' is installed" in one_line(midas.run("rm", "toy", "--yes", code=1).stderr)
    assert "run midas models pull toy" in one_line(midas.run("verify", "toy", code=1).stderr)
    assert one_line(midas.run("pull", "bloomz", code=1).stderr) == (
        "No GGUF file of 'bloomz' is known: midas models show bloomz tells how to run it."
    )
    assert "did you mean qwen3-8b?" in one_line(midas.run("pull", "qwen3-8", code=1).stderr)


def test_deleting_asks_where_it_can(midas: Cli, file: Path) -> None:
    midas.run("pull", str(file))
    assert one_line(midas.run("rm", "toy", code=2).stderr) == "Say --yes to delete without being asked."
    assert len(midas.json("list", "--installed")) == 1


def test_disk_tells_what_is_needed_and_what_can_go(midas: Cli, file: Path, tmp_path: Path) -> None:
    shutil.copy(file, needed := tmp_path / "needed.gguf")
    midas.run("pull", str(file), str(needed))
    midas.settings.write_text(midas.settings.read_text() + '[backends.local]\nkind = "llama-cpp"\nmodel = "needed"\n')
    left = midas.home / "models" / models.HUB_FOLDER
    left.mkdir()
    (left / "half.gguf.incomplete").write_bytes(bytes(1000))
    found = midas.json("disk")
    items = {item["name"]: item for item in found["items"]}
    assert items["needed"]["used_by"] == ["backends.local"] and items["needed"]["remedy"] is None
    assert items["toy"]["used_by"] == [] and items["toy"]["remedy"] == "midas models rm toy"
    assert items[".hub"]["bytes"] == 1000 and items[".hub"]["remedy"] == f"delete {left}"
    assert found["can_go_bytes"] == 1000 + len(GGUF) and found["disk_free_bytes"] > 0
    assert "needed by" in midas.told("disk")


@pytest.mark.skipif(sys.platform == "darwin", reason="macOS does not tell what a process has mapped")
def test_ps_sees_a_model_in_the_memory_of_a_process(midas: Cli, file: Path) -> None:
    midas.run("pull", str(file))
    path = models.model_file("toy", midas.home)
    code = (
        "import mmap, sys\n"
        f"file = open({str(path)!r}, 'rb')\n"
        "held = mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)\n"
        "print(held[0], flush=True)\nsys.stdin.read()"
    )
    holder = subprocess.Popen([sys.executable, "-c", code], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    try:
        assert holder.stdout and holder.stdout.readline()
        [here, *_] = midas.json("ps")
        assert here["backend"] is None
        assert [model["name"] for model in here["models"]] == ["toy"] and here["models"][0]["memory_bytes"] > 0
        assert "this computer" in midas.told("ps")
    finally:
        holder.communicate()
    assert midas.json("ps")[0]["models"] == []


# Models of a back end's server


def test_models_of_a_back_end_come_from_its_server(midas: Cli, fake: FakeOpenAI) -> None:
    assert [model["name"] for model in midas.json("list", "--backend", "scripted")] == [fake.model]


@pytest.fixture
def ollama(midas: Cli) -> Iterator[FakeOllama]:
    with (fake := FakeOllama()).running():
        section = f'[backends.ollama]\nkind = "ollama"\nmodel = "{MODEL}"\nbase_url = "{fake.base_url}"\n'
        midas.settings.write_text(midas.settings.read_text() + section)
        yield fake


def test_ollama_lists_shows_pulls_and_deletes(midas: Cli, ollama: FakeOllama) -> None:
    [there] = midas.json("list", "--backend", "ollama")
    assert (there["name"], there["size_bytes"]) == (f"{MODEL}:latest", 986_061_892)
    assert f"{MODEL}:latest" in midas.told("list", "-b", "ollama") and "1.0 GB" in midas.told("disk", "-b", "ollama")
    assert midas.json("show", MODEL, "-b", "ollama")["quantization"] == "Q4_K_M"
    assert midas.run("pull", "qwen3:8b", "-b", "ollama").stdout == "qwen3:8b is there.\n"
    assert midas.json("rm", MODEL, "-b", "ollama", "--yes")["deleted"] == MODEL
    asked = [(method, path) for method, path, _ in ollama.asked]
    assert ("POST", "/api/pull") in asked and ("DELETE", "/api/delete") in asked


def test_ollama_tells_what_it_has_in_memory(midas: Cli, ollama: FakeOllama) -> None:
    [place] = midas.json("ps", "--backend", "ollama")
    assert [(model["name"], model["memory_bytes"]) for model in place["models"]] == [(f"{MODEL}:latest", 1_591_830_464)]
    assert "1.6 GB" in midas.told("ps")


def test_what_ollama_does_not_have_gets_one_line(midas: Cli, ollama: FakeOllama) -> None:
    assert "nothing" in one_line(midas.run("rm", "nothing", "-b", "ollama", "--yes", code=1).stderr)


def test_the_embedded_kind_manages_the_files_of_this_computer(midas: Cli, file: Path) -> None:
    midas.settings.write_text(midas.settings.read_text() + '[backends.local]\nkind = "llama-cpp"\nmodel = "toy"\n')
    midas.run("pull", str(file), "--backend", "local")
    assert [model["name"] for model in midas.json("list", "--backend", "local")] == ["toy"]
    assert "local" not in {place["backend"] for place in midas.json("ps")}, "its models are told as this computer's"


@pytest.mark.parametrize("words", [("pull", "x"), ("rm", "x", "--yes")], ids=" ".join)
def test_what_a_kind_cannot_do_is_told_in_one_line(midas: Cli, words: tuple[str, ...]) -> None:
    said = one_line(midas.run(*words, "--backend", "scripted", code=1).stderr)
    assert "scripted" in said


def test_a_back_end_that_cannot_tell_does_not_hide_the_others(midas: Cli, fake: FakeOpenAI) -> None:
    midas.settings.write_text(midas.settings.read_text() + DEAD)
    done = midas.run("ps")
    assert fake.model in done.stdout and done.stderr.startswith("dead: ")
    places = {place["backend"]: place for place in midas.json("ps")}
    assert places["dead"]["error"] and not places["dead"]["models"]
    assert places["scripted"]["error"] is None and places[None]["models"] == []
    assert one_line(midas.run("ps", "--backend", "dead", code=1).stderr)


def test_an_unknown_back_end_is_wrong_use(midas: Cli) -> None:
    assert "No back end 'nobody' is configured" in one_line(midas.run("list", "-b", "nobody", code=2).stderr)
    assert "Say which model" in one_line(midas.run("pull", "-b", "scripted", code=2).stderr)


# Recommendation


def test_recommend_explains_itself_and_ends_with_commands(midas: Cli) -> None:
    shown = midas.told("recommend", "--ram", "64GB", "--vram", "24GB")
    assert "24 GiB" in shown and "64 GiB of memory" in shown
    for part in ("1. ", "Why ", "GB of weights", "tokens/s", "Too slow here: ", "Not allowed in a company: ", "In the cloud"):
        assert part in shown
    assert "ollama pull" in shown.split("How to run")[1]


def test_recommend_as_json_has_every_model(midas: Cli) -> None:
    found = midas.json("recommend", "--vram", "160GB")
    assert len(found["ranked"]) + len(found["rejected"]) + len(found["cloud"]) == len(catalogue().models)
    best = found["ranked"][0]
    assert best["fit"]["placement"] == "GPU" and best["commands"][0]["lines"]
    assert found["machine"]["gpus"][0]["known"] is False
    assert "2 x assumed card" in (shown := midas.told("recommend", "--vram", "160GB")) and "Several cards: " in shown


def test_recommend_sees_this_computer_s_card(midas: Cli, tmp_path: Path) -> None:
    tools = tmp_path / "bin"
    tools.mkdir()
    (tools / "nvidia-smi").write_text(f"#!/bin/sh\necho '{LARGE_CARD}'\n")
    (tools / "nvidia-smi").chmod(0o755)
    midas.patch.setenv("PATH", f"{tools}{os.pathsep}{os.environ['PATH']}")
    found = midas.json("recommend")
    assert [(gpu["name"], gpu["gb_per_s"]) for gpu in found["machine"]["gpus"]] == [("NVIDIA GeForce RTX 4090", 1008)]
    assert found["ranked"][0]["fit"]["placement"] == "GPU"


def test_recommend_for_another_use_and_language(midas: Cli) -> None:
    code = midas.json("recommend", "--for", "code", "--vram", "24GB")
    assert all("code" in choice["card"]["good_for"] for choice in code["ranked"])
    english = midas.json("recommend", "--language", "any", "--vram", "24GB")
    assert {"phi-4", "gpt-oss-20b"} <= {choice["name"] for choice in english["ranked"]}


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (("--for", "poetry"), "'poetry' is no use of a model: say chat, reasoning or code."),
        (("--language", "Spanish"), "'Spanish' is no language code: write two letters like es, or any."),
        (("--ram", "plenty"), "'plenty' is not an amount of memory: write it like 24GB."),
        (("--vram", "axb"), "'axb' does not tell graphics cards: write 24GB, or 2x80GB for two cards."),
    ],
    ids=lambda value: value[0] if isinstance(value, tuple) else "",
)
def test_wrong_wishes_get_one_line(midas: Cli, words: tuple[str, ...], message: str) -> None:
    assert one_line(midas.run("recommend", *words, code=2).stderr) == message


# Comparison


def test_try_compares_back_ends(midas: Cli) -> None:
    trials: list[dict[str, Any]] = midas.json("try", "scripted", "cloudy", "--prompt", "Buenos días")
    assert [trial["name"] for trial in trials] == ["scripted", "cloudy"]
    for trial in trials:
        assert trial["answer"] == "You said: Buenos días" and trial["error"] is None
        assert 0 < trial["ttft_ms"] <= trial["total_ms"] and trial["tokens"] > 0 and trial["counted_by"]
    assert [trial["cloud"] for trial in trials] == [False, True]
    shown = midas.told("try", "scripted", "cloudy", "--prompt", "Buenos días")
    assert "You said: Buenos días" in shown and "cloudy (cloud)" in shown and "first token ms" in shown


def test_try_goes_on_when_one_fails(midas: Cli) -> None:
    dead = '[backends.dead]\nkind = "openai-compatible"\nmodel = "x"\nbase_url = "http://127.0.0.1:9/v1"\n'
    midas.settings.write_text(midas.settings.read_text() + dead)
    failed, worked = midas.json("try", "dead", "scripted", "--prompt", "hola")
    assert failed["error"] and failed["answer"] is None and worked["answer"]
    assert midas.run("try", "dead", "--prompt", "hola", code=1).stderr == ""


def test_try_wants_names_it_knows(midas: Cli) -> None:
    said = one_line(midas.run("try", "scripted", "nobody", "--prompt", "hola", code=2).stderr)
    assert said == "'nobody' is neither a back end nor a pulled model: there are scripted, cloudy."


@pytest.mark.real
def test_try_loads_a_pulled_model(midas: Cli, models_home: Path) -> None:
    shutil.copytree(models_home / "models" / SMALL_MODEL, midas.home / "models" / SMALL_MODEL, copy_function=os.link)
    [trial] = midas.json("try", SMALL_MODEL, "--prompt", "Di hola.", "--max-tokens", "8")
    assert trial["kind"] == "llama-cpp" and trial["answer"] and trial["tokens_per_s"] > 0
    assert json.dumps(trial)
