"""`midas backends`, `midas collections private`, and where answers were made, as a person sees them on the terminal."""

from __future__ import annotations

import json
import re
import sys
import tomllib
from collections.abc import Iterator
from contextlib import nullcontext
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from tests.fake_openai import FakeOpenAI, running
from tests.fake_servers.llama_server import LlamaServer
from tests.fake_servers.script import Script
from tests.fake_servers.server import FakeServer, nobody
from tests.fake_servers.server import running as serving
from tests.fake_servers.wire import MODEL
from tests.serving import ANSWER_ES, QUESTION_ES, Midas, make_midas, scripted, write_documents
from ui.cli import main

KEY = "sk-secret-0123456789"


class Told(NamedTuple):
    """What a command wrote."""

    out: str
    err: str


@dataclass
class Stage:
    """A data directory with one collection; the back end `gpu` is `server` and falls back, `off` is where nobody listens."""

    midas: Midas
    server: FakeServer
    gone: str

    @property
    def settings(self) -> Path:
        return Path(self.midas.environment["MIDAS_CONFIG"])


@dataclass
class Bench(Stage):
    """`run` is the `midas` command in this process, which has its packages loaded already."""

    capsys: pytest.CaptureFixture[str]
    monkeypatch: pytest.MonkeyPatch

    def run(self, *words: str, code: int = 0) -> Told:
        """What it wrote; `code` is how it must end."""
        self.monkeypatch.setattr(sys, "argv", ["midas", *words])
        ended = 0
        try:
            main()
        except SystemExit as end:
            ended = int(end.code or 0)
        told = Told(*self.capsys.readouterr())
        assert ended == code, told
        return told

    def json(self, *words: str) -> Any:
        return json.loads(self.run(*words, "--json").out)

    def add(self, *options: str, code: int = 0) -> str:
        """Standard output and error of `midas backends add` for a server that works."""
        words = ("backends", "add", "nueva", "openai-compatible", f"model={MODEL}", f"base_url={self.server.base_url}")
        told = self.run(*words, *options, code=code)
        return told.out + told.err


@pytest.fixture(scope="module")
def stage(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stage]:
    folder = tmp_path_factory.mktemp("backends")
    with running(FakeOpenAI(reply=scripted)) as fake, serving(FakeServer(LlamaServer())) as server, nobody() as gone:
        section = f'kind = "openai-compatible"\nmodel = "{MODEL}"\n'
        more = (
            f'[backends.gpu]\n{section}base_url = "{server.base_url}"\nfallback = ["scripted"]\n'
            f'[backends.off]\n{section}base_url = "{gone}/v1"\n# the end\n'
        )
        midas = make_midas(folder / "home", fake, more)
        midas.run("ingest", str(write_documents(folder / "documents")), "--collection", "empresa")
        yield Stage(midas, server, gone)


@pytest.fixture
def bench(stage: Stage, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Iterator[Bench]:
    before = stage.settings.read_bytes()
    stage.server.script = Script()
    for name in ("MIDAS_HOME", "MIDAS_CONFIG"):
        monkeypatch.setenv(name, stage.midas.environment[name])
    yield Bench(stage.midas, stage.server, stage.gone, capsys, monkeypatch)
    stage.settings.write_bytes(before)


def test_the_list_says_which_is_the_default_and_where_each_is(bench: Bench) -> None:
    rows = [line.split() for line in bench.run("backends", "list").out.splitlines()]
    assert rows == [
        ["name", "kind", "model", "where", "fallback", "note"],
        ["scripted", "openai-compatible", "scripted", "local", "default"],
        ["cloudy", "openai-compatible", "scripted", "cloud"],
        ["gpu", "openai-compatible", MODEL, "local", "scripted"],
        ["off", "openai-compatible", MODEL, "local"],
    ]
    views = bench.json("backends", "list")
    assert [view["name"] for view in views] == ["scripted", "cloudy", "gpu", "off"]
    assert views[2]["address"] == bench.server.base_url and views[2]["fallback"] == ["scripted"]


def test_a_check_shows_what_a_back_end_can_do(bench: Bench) -> None:
    told = bench.run("backends", "check", "gpu").out
    assert told.startswith("gpu: works\n")
    for fact in (f"at {bench.server.base_url}, local", MODEL, "4096 tokens", "“Hay 23”", "counted by the server", "closed"):
        assert fact in told
    for line in (
        "  kind can     stop at given words, list models",
        "  kind can't   tell token probabilities, refuse long prompts, manage models",
        "  kind may     count tokens, keep to JSON schemas, reuse prompts",
        "  token limit  sent as max_tokens",
        "  note         What such a server can do beyond streaming is found out when it is checked.",
    ):
        assert line in told.splitlines()
    [check] = bench.json("backends", "check", "gpu")
    assert check["works"] and check["probe"]["ttft_ms"] > 0 and check["probe"]["models"] == [MODEL]


def test_a_check_of_all_fails_when_one_does_and_says_why(bench: Bench) -> None:
    told = bench.run("backends", "check", code=1).out
    assert [line for line in told.splitlines() if not line.startswith(" ")] == [
        "scripted: works",
        "cloudy: works",
        "gpu: works",
        "off: does not work",
    ]
    assert f"(openai-compatible at {bench.gone}/v1) can't be reached" in told
    assert "did you mean 'gpu'?" in bench.run("backends", "check", "gpuu", code=2).err


def test_the_running_server_knows_the_last_error(bench: Bench) -> None:
    with bench.midas.serving():
        bench.server.script = Script(status=401)
        answer = bench.json("ask", QUESTION_ES, "--backend", "gpu")
        assert (answer["backend"], answer["fallback_from"]) == ("scripted", "gpu")
        bench.server.script = Script()
        told = bench.run("backends", "check", "gpu").out
        assert "last error" in told and " UTC: " in told and "401" in told
        views = {view["name"]: view for view in bench.json("backends", "list")}
        assert "401" in views["gpu"]["last_error"] and views["off"]["state"] is None
        bench.run("backends", "check", "off", code=1)
        never_opened = {view["name"]: view for view in bench.json("backends", "list")}["off"]
        assert never_opened["state"] == "closed" and "can't be reached" in never_opened["last_error"]
        told = bench.run("backends", "list").err
        assert re.search(r"^off: last error \S+ \S+ UTC: back end 'off' .* can't be reached", told, re.MULTILINE)
        told = bench.add()
        assert "restart `midas serve`" in told


def test_what_works_is_added_and_answers_at_once(bench: Bench) -> None:
    before = bench.settings.read_text(encoding="utf-8")
    told = bench.add("fallback=scripted,gpu", "timeouts.first_token_s=60", "context_window=2048", "cloud=yes")
    assert told.startswith("nueva: works\n")
    assert f"{bench.settings} has the back end nueva now: choose it with --backend nueva" in told
    after = bench.settings.read_text(encoding="utf-8")
    assert after.startswith(before)
    assert tomllib.loads(after)["backends"]["nueva"] == {
        "kind": "openai-compatible",
        "model": MODEL,
        "base_url": bench.server.base_url,
        "fallback": ["scripted", "gpu"],
        "timeouts": {"first_token_s": 60.0},
        "context_window": 2048,
        "cloud": True,
    }
    bench.server.script = Script(pieces=lambda messages: [ANSWER_ES])
    assert bench.json("ask", QUESTION_ES, "-b", "nueva")["backend"] == "nueva"
    assert "There is a back end 'nueva' already" in bench.add(code=2)


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (("nueva", "telepathy"), "There is no kind of back end 'telepathy': there are "),
        (("nueva", "vllm", "modell=m"), "modell is wrong for the kind vllm .*: its options are model, base_url, api_key_env"),
        (("nueva", "vllm", "model"), "'model' is no option: write KEY=VALUE"),
        (("mi nube", "vllm"), "'mi nube' can't name a back end"),
        (("nueva", "vllm", "model=m", "base_url=http://127.0.0.1:9/v1", "fallback=nadie"), "No back end 'nadie' is configured"),
        (("nueva", "openai", "model=m", f"api_key_env={KEY}"), "api_key_env takes the name of an environment variable"),
        (("nueva", "openai", "model=m", "api_key_env=gsk_secret0123456789"), "api_key_env takes the name of an environment"),
        (("nueva", "openai", "model=m", "api_key_env=hf_Secret0123456789"), "api_key_env takes the name of an environment"),
        (("nueva", "openai", "model=m", f"api_key={KEY}"), "api_key is wrong for the kind openai"),
        (("nueva", "ollama", "model=x:cloud"), "The section is wrong for the kind ollama .*runs at ollama.com: choose another"),
        (("nueva", "vllm", "timeouts=5", "timeouts.connect_s=3"), "timeouts and timeouts.connect_s exclude each other"),
        (("nueva", "vllm", "timeouts.connect_s=3", "timeouts=5"), "timeouts and timeouts.connect_s exclude each other"),
    ],
)
def test_wrong_options_are_one_line_and_write_nothing(bench: Bench, words: tuple[str, ...], sentence: str) -> None:
    before = bench.settings.read_bytes()
    done = bench.run("backends", "add", *words, code=2)
    assert done.out == "" and done.err.count("\n") == 1
    assert KEY not in done.err and "secret" not in done.err.lower()
    assert re.match(f"midas: .*{sentence}", done.err)
    assert bench.settings.read_bytes() == before


def test_what_does_not_work_is_not_added(bench: Bench) -> None:
    before = bench.settings.read_bytes()
    done = bench.run("backends", "add", "nueva", "vllm", "model=m", f"base_url={bench.gone}/v1", code=1)
    assert done.out.startswith("nueva: does not work\n") and "can't be reached" in done.out
    assert done.out.endswith(f"{bench.settings} was not changed.\n")
    assert bench.settings.read_bytes() == before


def test_a_key_stays_in_the_environment(bench: Bench) -> None:
    bench.server.key = KEY
    try:
        assert "needs its key in the environment variable NUBE_KEY: set it" in bench.add("api_key_env=NUBE_KEY", code=1)
        bench.monkeypatch.setenv("NUBE_KEY", KEY)
        told = bench.add("api_key_env=NUBE_KEY")
    finally:
        bench.server.key = None
    assert "nueva: works" in told and KEY not in told
    assert KEY not in bench.settings.read_text(encoding="utf-8")


def test_answers_say_where_they_were_made(bench: Bench) -> None:
    told = bench.run("ask", QUESTION_ES).out
    assert told.splitlines()[-1] == "Model: scripted (back end scripted, local)."
    assert "(back end cloudy, in the cloud)." in bench.run("ask", QUESTION_ES, "-b", "cloudy").out
    bench.server.script = Script(status=500)
    told = bench.run("ask", QUESTION_ES, "-b", "gpu").out
    assert told.splitlines()[-2:] == [
        "«gpu» ha fallado; en su lugar responde «scripted».",
        "Model: scripted (back end scripted, local).",
    ]
    told = bench.run("ask", "¿Quién ganó la final de waterpolo de Montevideo?", "-b", "cloudy").out
    assert told.splitlines()[-1] == "No model was asked."


@pytest.mark.parametrize("through_server", [False, True], ids=["local", "server"])
def test_a_private_collection_is_kept_from_the_cloud(bench: Bench, through_server: bool) -> None:
    with bench.midas.serving() if through_server else nullcontext():
        assert bench.run("collections", "private", "empresa", "on").out == (
            "Collection empresa is private: back ends in the cloud are refused for it.\n"
        )
        assert bench.json("collections", "list")[0]["private"] is True
        done = bench.run("ask", QUESTION_ES, "-b", "cloudy", code=1)
        assert done.out == "" and done.err == (
            "midas: Collection empresa is private and back end 'cloudy' is in the cloud: "
            "choose a local back end, or other collections.\n"
        )
        assert bench.json("ask", QUESTION_ES)["text"] == ANSWER_ES
        assert bench.json("collections", "private", "empresa", "off") == {"collection": "empresa", "private": False}
        assert bench.json("ask", QUESTION_ES, "-b", "cloudy")["cloud"] is True
    assert "There is no collection 'empres'" in bench.run("collections", "private", "empres", "on", code=1).err


def test_serving_with_another_default(bench: Bench) -> None:
    assert "No back end 'gpuu' is configured" in bench.run("serve", "--backend", "gpuu", code=2).err
    with bench.midas.serving("--backend", "cloudy"):
        assert bench.json("ask", QUESTION_ES)["backend"] == "cloudy"
        assert bench.json("backends", "list")[0]["name"] == "cloudy"
