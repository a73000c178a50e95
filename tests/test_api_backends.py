"""Back ends through the HTTP API of a real `midas serve`: names, fallbacks, private collections, who answered, changes."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import httpx
import openai
import pytest

from tests.fake_openai import FakeOpenAI, running
from tests.fake_servers.llama_server import LlamaServer
from tests.fake_servers.script import Script
from tests.fake_servers.server import FakeServer
from tests.fake_servers.server import running as serving
from tests.fake_servers.wire import MODEL
from tests.serving import ANSWER_ES, QUESTION_ES, Midas, make_midas, scripted, write_documents


@dataclass
class Bench:
    """A server whose back end `shaky` is `server`, and falls back to the scripted one."""

    midas: Midas
    server: FakeServer
    url: str
    token: str

    def admin(self, method: str, path: str, body: object = None) -> httpx.Response:
        headers = {"Authorization": f"Bearer {self.token}"}
        return httpx.request(method, self.url + path, headers=headers, json=body, trust_env=False, timeout=60)

    def private(self, private: bool) -> None:
        assert self.admin("PATCH", "/v1/collections/empresa", {"private": private}).status_code == 204


@pytest.fixture(scope="module")
def module_bench(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Bench]:
    folder = tmp_path_factory.mktemp("choice")
    with running(FakeOpenAI(reply=scripted)) as fake, serving(FakeServer(LlamaServer())) as server:
        section = f'kind = "openai-compatible"\nmodel = "{MODEL}"\nbase_url = "{server.base_url}"\n'
        more = (
            f'[backends.shaky]\n{section}fallback = ["scripted"]\n'
            f'[backends.backed]\n{section}cloud = true\nfallback = ["scripted"]\n'
            f'[backends.wrong]\n{section}modell = "x"\n'
        )
        midas = make_midas(folder / "home", fake, more)
        midas.run("ingest", str(write_documents(folder / "documents")), "--collection", "empresa")
        with midas.serving() as served:
            address = json.loads((midas.home / "server.json").read_text())
            yield Bench(midas, server, served.url, address["token"])


@pytest.fixture
def bench(module_bench: Bench) -> Bench:
    module_bench.server.script = Script()
    module_bench.private(False)
    return module_bench


@pytest.fixture
def client(bench: Bench) -> Iterator[openai.OpenAI]:
    with openai.OpenAI(base_url=f"{bench.url}/v1", api_key="none", max_retries=0) as client:
        yield client


def ask(client: openai.OpenAI, model: str, **extra: object) -> openai.types.chat.ChatCompletion:
    return client.chat.completions.create(
        model=model, messages=[{"role": "user", "content": QUESTION_ES}], extra_body=extra or None
    )


def test_the_list_of_models_says_where_each_is(client: openai.OpenAI) -> None:
    models = {model.id: model.model_extra["midas"] for model in client.models.list()}
    assert list(models) == ["scripted", "cloudy", "shaky", "backed"], "a back end whose section is wrong is not offered"
    assert models["cloudy"] == {"kind": "openai-compatible", "model": "scripted", "cloud": True, "default": False}
    assert models["scripted"]["default"] and not models["scripted"]["cloud"]
    assert client.models.retrieve("midas:cloudy").id == "cloudy"


@pytest.mark.parametrize("model", ["cloudy", "midas:cloudy"])
def test_a_name_chooses_with_or_without_the_prefix(client: openai.OpenAI, model: str) -> None:
    reply = ask(client, model)
    answer = reply.model_extra["midas"]
    assert (reply.model, answer["backend"], answer["model"], answer["cloud"]) == ("cloudy", "cloudy", "scripted", True)


@pytest.mark.parametrize("model", ["nube", "midas:nube", "gpt-4o"])
def test_a_wrong_name_lists_the_right_ones(client: openai.OpenAI, model: str) -> None:
    with pytest.raises(openai.NotFoundError) as error:
        ask(client, model)
    name = model.removeprefix("midas:")
    assert error.value.body["message"] == f"There is no model {name!r}: use one of scripted, cloudy, shaky, backed, wrong."


def test_a_fallback_is_announced_and_named_as_the_model(bench: Bench, client: openai.OpenAI) -> None:
    bench.server.script = Script(status=401)
    reply = ask(client, "shaky")
    answer = reply.model_extra["midas"]
    assert (reply.model, reply.choices[0].message.content) == ("scripted", ANSWER_ES)
    assert (answer["backend"], answer["fallback_from"]) == ("scripted", "shaky")
    assert answer["notices"] == ["«shaky» ha fallado; en su lugar responde «scripted»."]


def test_a_stream_that_breaks_off_shows_where_it_begins_anew(bench: Bench, client: openai.OpenAI) -> None:
    bench.server.script = Script(pieces=lambda messages: ["El ", "portal ", "dice ", "que ", "no ", "se "], cut_after=6)
    messages = [{"role": "user", "content": QUESTION_ES}]
    chunks = list(client.chat.completions.create(model="shaky", messages=messages, stream=True))  # type: ignore[arg-type]
    joined = "".join(chunk.choices[0].delta.content or "" for chunk in chunks if chunk.choices)
    first, notice, second = joined.split("\n\n")
    assert first.startswith("El portal") and second == ANSWER_ES
    assert notice == "[La respuesta de «shaky» se interrumpió; en su lugar responde «scripted».]"
    assert (chunks[0].model, chunks[-1].model) == ("shaky", "scripted")


def test_a_cloud_is_refused_with_403_for_a_private_collection(bench: Bench, client: openai.OpenAI) -> None:
    bench.private(True)
    asked = len(bench.server.requests)
    for stream in (False, True):
        with pytest.raises(openai.PermissionDeniedError) as error:
            ask(client, "cloudy", stream=stream)
        assert error.value.code == "collection_is_private"
        assert error.value.body["message"].startswith("Collection empresa is private and back end 'cloudy' is in the cloud:")
    answer = ask(client, "backed").model_extra["midas"]
    assert (answer["text"], answer["cloud"], answer["fallback_from"]) == (ANSWER_ES, False, "backed")
    assert len(bench.server.requests) == asked


@pytest.mark.parametrize("named", [{"collections": ["empresa"]}, {}], ids=["named", "as ordinary clients send them"])
def test_private_turns_of_the_history_are_kept_from_the_cloud(bench: Bench, named: dict[str, list[str]]) -> None:
    with httpx.Client(base_url=bench.url, trust_env=False, timeout=60) as http:
        turns = [
            {"role": "user", "content": "¿Cuánto gana la directora?", **named},
            {"role": "assistant", "content": "Gana 91.000 euros.", **named},
            {"role": "user", "content": "¿Y cuántos días laborables de vacaciones al año tienen los empleados?"},
        ]
        bench.midas.run("ingest", str(bench.midas.home.parent / "documents"), "--collection", "abierta")
        bench.private(True)
        body = {"messages": turns, "model": "cloudy", "collections": ["abierta"]}
        answer = http.post("/v1/chat/completions", json=body).json()["midas"]
    assert answer["collections"] == ["abierta"]
    assert answer["notices"] == ["Lo hablado antes sobre colecciones privadas no se envió a «cloudy», que está en la nube."]


def test_admins_see_addresses_fallbacks_and_errors(bench: Bench, client: openai.OpenAI) -> None:
    bench.server.script = Script(status=401)
    ask(client, "shaky")
    views = {view["name"]: view for view in bench.admin("GET", "/v1/backends").json()}
    assert views["shaky"]["address"] == bench.server.base_url and views["shaky"]["fallback"] == ["scripted"]
    assert "401" in views["shaky"]["last_error"] and views["shaky"]["last_error_at"] and views["shaky"]["state"] == "closed"
    assert "backends.wrong.modell" in views["wrong"]["problem"]
    assert bench.admin("GET", "/v1/models/wrong").status_code == 404


# Changing them while the server runs


def written(bench: Bench) -> str:
    return Path(bench.midas.environment["MIDAS_CONFIG"]).read_text(encoding="utf-8")


@pytest.fixture
def kept(bench: Bench) -> Iterator[Bench]:
    """The settings are put back afterwards, which the server learns with the next change."""
    file = Path(bench.midas.environment["MIDAS_CONFIG"])
    before = file.read_bytes()
    yield bench
    file.write_bytes(before)
    assert bench.admin("PUT", "/v1/default-backend", {"backend": "scripted"}).json()["effective"]


def options(bench: Bench, **more: str) -> dict[str, str]:
    return {"model": MODEL, "base_url": bench.server.base_url, **more}


def test_a_back_end_is_added_changed_made_the_default_and_removed_without_a_restart(kept: Bench, client: openai.OpenAI) -> None:
    new = {"name": "nueva", "kind": "openai-compatible", "options": options(kept, fallback="scripted")}
    added = kept.admin("POST", "/v1/backends", new)
    assert added.status_code == 201
    assert (added.json()["written"], added.json()["effective"], added.json()["check"]["works"]) == (True, True, True)
    assert kept.admin("GET", "/v1/backends/nueva").json() == {key: new[key] for key in ("name", "kind", "options")}
    kept.server.script = Script(pieces=lambda messages: [ANSWER_ES])
    assert ask(client, "nueva").model_extra["midas"]["cloud"] is False

    changed = {"kind": "openai-compatible", "options": options(kept, cloud="true"), "tried": False}
    assert kept.admin("PUT", "/v1/backends/nueva", changed).json() == {"written": True, "effective": True, "check": None}
    assert ask(client, "nueva").model_extra["midas"]["cloud"] is True
    assert "fallback" not in written(kept).partition("[backends.nueva]")[2]

    assert kept.admin("PUT", "/v1/default-backend", {"backend": "nueva"}).json()["effective"]
    assert [view["name"] for view in kept.admin("GET", "/v1/backends").json()][0] == "nueva"
    refused = kept.admin("DELETE", "/v1/backends/nueva")
    assert (refused.status_code, refused.json()["error"]["code"]) == (400, "config_error")
    assert "is the default back end" in refused.json()["error"]["message"]
    kept.admin("PUT", "/v1/default-backend", {"backend": "scripted"})
    assert kept.admin("DELETE", "/v1/backends/nueva").json()["effective"]
    with pytest.raises(openai.NotFoundError):
        ask(client, "nueva")


def test_what_does_not_work_is_not_written_unless_untried(kept: Bench) -> None:
    before = written(kept)
    kept.server.script = Script(status=401)
    new = {"name": "nueva", "kind": "openai-compatible", "options": options(kept)}
    told = kept.admin("POST", "/v1/backends", new).json()
    assert not told["written"] and "401" in told["check"]["problem"]
    assert written(kept) == before
    assert kept.admin("POST", "/v1/backends", {**new, "tried": False}).json()["written"]


def made(variable: str) -> dict[str, object]:
    return {"name": "x", "kind": "openai", "options": {"model": "m", "api_key_env": variable}}


@pytest.mark.parametrize(
    ("method", "path", "body", "sentence"),
    [
        ("POST", "backends", {"name": "a b", "kind": "vllm", "options": {}}, "can't name a back end"),
        ("POST", "backends", {"name": "shaky", "kind": "vllm", "options": {"model": "m"}}, "already"),
        ("POST", "backends", {"name": "x", "kind": "nichts", "options": {}}, "no kind of back end"),
        ("POST", "backends", made("sk-A1_API_KEY"), "not the key"),
        ("POST", "backends", made("HOME"), "end in API_KEY"),
        ("PUT", "backends/scripted", made("OIDC_SECRET"), "end in API_KEY"),
        ("POST", "backends", {"name": "x", "kind": "vllm", "options": {"model": "m", "fallback": "y"}}, "No back end 'y'"),
        ("PUT", "backends/backed", {"kind": "vllm", "options": {"model": "m", "fallback": "backed"}}, "itself"),
        ("PUT", "backends/nada", {"kind": "vllm", "options": {"model": "m"}}, "No back end 'nada'"),
        ("PUT", "default-backend", {"backend": "nada"}, "No back end 'nada'"),
        ("DELETE", "backends/scripted", None, "default back end"),
        ("DELETE", "backends/nada", None, "No back end 'nada'"),
        ("GET", "backends/nada", None, "No back end 'nada'"),
    ],
)
def test_a_wrong_change_says_what_is_wrong_and_leaves_the_file(
    bench: Bench, method: str, path: str, body: object, sentence: str
) -> None:
    before = written(bench)
    refused = bench.admin(method, f"/v1/{path}", body)
    assert refused.status_code == 400 and sentence in refused.json()["error"]["message"]
    assert written(bench) == before


def test_what_others_fall_back_to_stays(bench: Bench) -> None:
    bench.admin("PUT", "/v1/default-backend", {"backend": "cloudy"})
    refused = bench.admin("DELETE", "/v1/backends/scripted").json()["error"]["message"]
    bench.admin("PUT", "/v1/default-backend", {"backend": "scripted"})
    assert refused == "shaky, backed would fall back to 'scripted': change that first."


def test_every_kind_tells_its_options(bench: Bench) -> None:
    kinds = {
        kind["name"]: {option["name"]: option for option in kind["options"]}
        for kind in bench.admin("GET", "/v1/backend-kinds").json()
    }
    assert kinds["vllm"]["model"]["required"] and kinds["vllm"]["base_url"]["default"] == "http://127.0.0.1:8000/v1"
    assert {kinds["ollama"][name]["type"] for name in ("think", "keep_alive")} == {"text"}
    assert [kinds["openai"][name]["type"] for name in ("cloud", "fallback", "concurrency")] == ["flag", "list", "number"]
    assert kinds["llama-cpp"]["timeouts.first_token_s"]["default"] == "600.0"


def test_the_evidence_of_a_question_is_shown_as_a_model_would_read_it(bench: Bench) -> None:
    asked = len(bench.server.requests)
    shown = bench.admin("POST", "/v1/evidence", {"question": QUESTION_ES, "backend": "shaky"}).json()
    assert (shown["backend"], shown["weak"]) == ("shaky", False)
    assert "25 días laborables" in shown["evidence"][0]["text"] and shown["evidence"][0]["number"] == 1
    assert 0 < sum(piece["tokens"] for piece in shown["evidence"]) <= shown["budget"]
    assert "context_ms" in shown["timings"]
    assert not [request for request in bench.server.requests[asked:] if "chat" in str(request)]


def test_health_has_figures_with_verdicts(bench: Bench) -> None:
    health = bench.admin("GET", "/v1/health").json()
    assert 0 < health["disk"]["free_bytes"] < health["disk"]["total_bytes"] and health["memory"]["used_bytes"] > 2**20
    assert health["readiness"]["ready"] and health["embedder"]["loaded"]
    assert {"midas-assistant", "python"} <= health["versions"].keys()
    assert health["since"] < health["now"] and health["jobs"] == 0
