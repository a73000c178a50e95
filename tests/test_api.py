"""The HTTP API of a real `midas serve`, with the official client."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from pathlib import Path

import httpx
import openai
import pytest

from assistant.errors import PromptTooLong
from tests.fake_openai import FakeOpenAI, running
from tests.serving import ANSWER_ES, QUESTION_ES, Midas, Server, make_midas, scripted, write_documents
from ui.errors import status_of


@pytest.fixture(scope="module")
def fake() -> Iterator[FakeOpenAI]:
    with running(FakeOpenAI(reply=scripted)) as fake:
        yield fake


@pytest.fixture(scope="module")
def midas(fake: FakeOpenAI, tmp_path_factory: pytest.TempPathFactory) -> Midas:
    folder = tmp_path_factory.mktemp("api")
    midas = make_midas(folder / "home", fake)
    midas.run("ingest", str(write_documents(folder / "documents")), "--collection", "empresa")
    return midas


@pytest.fixture(scope="module")
def server(midas: Midas) -> Iterator[Server]:
    with midas.serving() as server:
        yield server


@pytest.fixture
def client(server: Server, fake: FakeOpenAI) -> Iterator[openai.OpenAI]:
    fake.error, fake.token_s = None, 0.0
    with openai.OpenAI(base_url=f"{server.url}/v1", api_key="none", max_retries=0) as client:
        yield client


@pytest.fixture
def http(server: Server) -> Iterator[httpx.Client]:
    with httpx.Client(base_url=server.url, trust_env=False, timeout=60) as client:
        yield client


def ask(client: openai.OpenAI, question: str = QUESTION_ES, **extra: object) -> openai.types.chat.ChatCompletion:
    return client.chat.completions.create(
        model="scripted", messages=[{"role": "user", "content": question}], extra_body=extra or None
    )


def test_models_are_the_back_ends(client: openai.OpenAI) -> None:
    assert [model.id for model in client.models.list()] == ["scripted", "cloudy"]
    assert client.models.retrieve("cloudy").id == "cloudy"


def test_answer_has_text_citation_source_and_usage(client: openai.OpenAI) -> None:
    reply = ask(client)
    assert reply.choices[0].message.content == ANSWER_ES
    assert reply.usage is not None and reply.usage.completion_tokens > 0
    answer = reply.model_extra["midas"]
    assert answer["type"] == "answer" and answer["grounded"] and not answer["declined"]
    [citation] = answer["citations"]
    source = next(source for source in answer["sources"] if source["number"] == citation["number"])
    assert source["document"] == "vacaciones.txt"
    assert citation["quote"] in source["passage"] and "25 días" in citation["quote"]
    assert answer["timings"]["total_ms"] > 0


def test_streamed_pieces_are_the_answer(client: openai.OpenAI) -> None:
    stream = client.chat.completions.create(
        model="scripted",
        messages=[{"role": "user", "content": QUESTION_ES}],
        stream=True,
        stream_options={"include_usage": True},
    )
    chunks = list(stream)
    assert "".join(chunk.choices[0].delta.content or "" for chunk in chunks if chunk.choices) == ANSWER_ES
    assert sum(bool(chunk.choices and chunk.choices[0].delta.content) for chunk in chunks) > 5
    assert [chunk.choices[0].finish_reason for chunk in chunks if chunk.choices][-1] == "stop"
    assert chunks[-1].choices == [] and chunks[-1].usage is not None and chunks[-1].usage.completion_tokens > 0
    events = [chunk.model_extra["midas"] for chunk in chunks if chunk.model_extra.get("midas")]
    states = [event["state"] for event in events if event["type"] == "status"]
    assert states[0] == "searching" and "reading" in states
    assert events[-1]["type"] == "answer" and events[-1]["citations"]


def test_unanswerable_question_is_declined_with_the_nearest_passages(client: openai.OpenAI, fake: FakeOpenAI) -> None:
    before = len(fake.requests)
    answer = ask(client, "¿Quién ganó la final de waterpolo de Montevideo?").model_extra["midas"]
    assert answer["declined"] and not answer["citations"]
    assert len(fake.requests) == before


def test_history_reaches_the_question(client: openai.OpenAI, fake: FakeOpenAI) -> None:
    client.chat.completions.create(
        model="scripted",
        messages=[
            {"role": "system", "content": "You are a pirate."},
            {"role": "user", "content": QUESTION_ES},
            {"role": "assistant", "content": ANSWER_ES},
            {"role": "user", "content": "¿Y con cuánta antelación se solicitan?"},
        ],
    )
    assert "pirate" not in str(fake.requests[-1]["messages"])
    assert "vacaciones" in str(fake.requests[-1]["messages"])


def test_unknown_model_is_404_and_lists_the_names(client: openai.OpenAI) -> None:
    with pytest.raises(openai.NotFoundError) as error:
        client.chat.completions.create(model="gpt-9", messages=[{"role": "user", "content": "hola"}])
    assert error.value.code == "model_not_found"
    assert error.value.body["message"] == "There is no model 'gpt-9': use one of scripted, cloudy."


@pytest.mark.parametrize("stream", [False, True], ids=["whole", "streamed"])
def test_unknown_collection_is_404(client: openai.OpenAI, stream: bool) -> None:
    with pytest.raises(openai.NotFoundError) as error:
        ask(client, collections=["empres"], stream=stream)
    assert error.value.code == "collection_not_found" and "empresa" in error.value.message


def test_an_empty_question_is_400_before_a_stream_begins(client: openai.OpenAI) -> None:
    with pytest.raises(openai.BadRequestError, match="The question is empty: write one"):
        ask(client, " ", stream=True)


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"messages": []},
        {"messages": [{"role": "assistant", "content": "hola"}]},
        {"messages": [{"role": "user", "content": "  "}]},
        {"messages": [{"role": "robot", "content": "hola"}]},
        {"messages": [{"role": "user", "content": "hola " * 4001}]},
        {"messages": [{"role": "user", "content": "hola"}], "n": 2},
        {"messages": [{"role": "user", "content": "hola"}], "language": "klingon"},
        [1, 2],
    ],
)
def test_wrong_bodies_are_400_in_the_error_format(http: httpx.Client, body: object) -> None:
    response = http.post("/v1/chat/completions", json=body)
    assert response.status_code == 400
    error = response.json()["error"]
    assert error["type"] == "invalid_request_error" and error["message"].endswith(".")


def test_a_prompt_that_does_not_fit_is_not_worth_a_retry() -> None:
    assert status_of(PromptTooLong("The question is too long: shorten it.")) == 400


def test_a_failing_model_is_an_error_of_the_stream(client: openai.OpenAI, fake: FakeOpenAI) -> None:
    fake.error = (500, "out of memory")
    with pytest.raises(openai.APIError, match="out of memory"):
        list(client.chat.completions.create(model="scripted", messages=[{"role": "user", "content": QUESTION_ES}], stream=True))
    with pytest.raises(openai.InternalServerError, match="out of memory"):
        ask(client)


def wait_for(condition: object) -> None:
    while not condition():  # type: ignore[operator]
        time.sleep(0.05)


def test_a_client_that_goes_away_stops_the_model(http: httpx.Client, fake: FakeOpenAI) -> None:
    fake.error, fake.token_s, before = None, 0.3, fake.disconnects
    body = {"messages": [{"role": "user", "content": QUESTION_ES}], "stream": True}
    with http.stream("POST", "/v1/chat/completions", json=body) as response:
        next(line for line in response.iter_lines() if '"token"' in line)
    wait_for(lambda: fake.disconnects > before)

    with pytest.raises(httpx.ReadTimeout):
        http.post("/v1/chat/completions", json={**body, "stream": False}, timeout=1.0)
    wait_for(lambda: fake.disconnects > before + 1)
    fake.token_s = 0.0


def test_search_has_the_scores_of_each_leg(http: httpx.Client) -> None:
    found = http.post("/v1/search", json={"query": "dieta completa Francia", "top_k": 2}).json()
    best = found["passages"][0]
    assert best["document"] == "dietas.csv" and "70,00 €" in best["text"]
    assert 0 <= best["score"] <= 1 and best["lexical"] > 0 and best["chunk_id"].startswith("empresa/")
    wrong: tuple[dict[str, str], ...] = (
        {"query": " "}, {"query": "dieta " * 4000}, {"query": "dieta", "date_from": "ayer"},
    )  # fmt: skip
    assert [http.post("/v1/search", json=body).status_code for body in wrong] == [400] * 3
    old = http.post("/v1/search", json={"query": "dieta", "date_to": "1999-12-31"})
    assert old.status_code == 200


@pytest.mark.parametrize(
    ("credential", "asks", "administers"),
    [(None, 200, 200), ("Bearer local", 200, 403), ("Bearer midas_guess", 401, 401), ("Basic Og==", 401, 401)],
)
def test_whoever_is_at_the_machine_is_the_admin_but_a_key_only_asks(
    http: httpx.Client, credential: str | None, asks: int, administers: int
) -> None:
    headers = {"Authorization": credential} if credential else {}
    assert http.get("/v1/models", headers=headers).status_code == asks
    for path in ("/v1/backends", "/v1/users", "/v1/collections/empresa/documents"):
        assert http.get(path, headers=headers).status_code == administers


def test_the_servers_own_token_administers(http: httpx.Client, midas: Midas) -> None:
    token = json.loads((midas.home / "server.json").read_text(encoding="utf-8"))["token"]
    assert http.get("/v1/backends", headers={"Authorization": f"Bearer {token}"}).status_code == 200


@pytest.mark.parametrize("path", ["/", "/es/chat/", "/es/sign-in", "/v1/models", "/healthz", "/docs"])
def test_a_foreign_host_or_page_is_refused(http: httpx.Client, path: str) -> None:
    assert http.get(path, follow_redirects=True).status_code == 200
    for headers in ({"Host": "evil.example"}, {"Host": "127.0.0.1.evil.example:80"}, {"Origin": "https://evil.example"}):
        response = http.get(path, headers=headers)
        assert response.status_code == 403 and response.json()["error"]["code"] == "foreign_caller"


def test_a_form_of_another_site_cannot_ask(http: httpx.Client) -> None:
    body = '{"messages": [{"role": "user", "content": "hola"}]}'
    response = http.post("/v1/chat/completions", content=body, headers={"Content-Type": "text/plain"})
    assert response.status_code == 400
    assert (
        "access-control-allow-origin" not in http.get("/v1/models", headers={"Origin": str(http.base_url).rstrip("/")}).headers
    )


def test_unknown_paths_are_404_in_the_error_format(http: httpx.Client) -> None:
    assert http.get("/v1/nothing").json()["error"]["code"] == "not_found"


def test_documentation_loads_nothing_from_elsewhere(http: httpx.Client) -> None:
    page = http.get("/docs").text
    assert "/v1/chat/completions" in page and "<script" not in page and "//" not in page.replace("<!doctype", "")
    assert http.get("/readyz").json()["ready"] and http.get("/healthz").json() == {"status": "ok"}


def test_the_page_serves_no_file_of_the_machine(http: httpx.Client, midas: Midas) -> None:
    for path in (midas.home / "midas.db", midas.home / "server.json", Path(__file__), Path("/etc/hosts")):
        assert path.exists()
        assert http.get(f"/es/chat/gradio_api/file={path}").status_code == 404
    assert http.get("/es/chat/gradio_api/file=https://evil.example/").status_code == 404
