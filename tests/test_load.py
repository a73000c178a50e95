"""Load tests: what is made of samples, what is kept, what Locust really does, and the command over the real server."""

from __future__ import annotations

import asyncio
import csv
import json
import socket
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path

import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response, StreamingResponse
from starlette.routing import Route

from assistant.config import Settings
from assistant.types import Answer, AnswerEvent, Citation, Source, StatusEvent, TokenEvent, Usage
from assistant.wire import event_to_json
from eval.exchange import CHAT_PATH, Sample
from eval.latency import Spread
from eval.load import Asked, Level, LoadResult, Slo, carried, is_truncated, knee, level_of, load_results, lost_citations, save
from eval.load_test.driver import Target, ask_each, ask_under_load
from eval.resources import Memory
from eval.rows import Speed
from ingest.errors import ConfigError, MissingExtra
from tests.fake_openai import FakeOpenAI, running
from tests.fake_servers.server import listening
from tests.people import add_person
from tests.serving import QUESTION_EN, QUESTION_ES, make_midas, scripted, write_documents
from ui.load_run import Asked as Options
from ui.load_run import print_result, run, seconds_of, slo_of
from ui.service import LocalService

SLO = Slo(ttft_s=1, e2e_s=2)


def sample(question: str = "a", ended_s: float = 1.0, first_ms: float = 500, total_ms: float = 1000, **facts: object) -> Sample:
    told = Sample(
        question, 0, ended_s, None, "", "ok", "Son 25 días [1].", ("c1", "c2"), 10, "server", first_ms, _speed(total_ms)
    )
    return replace(told, **facts)  # type: ignore[arg-type]


def _speed(total_ms: float) -> Speed:
    return Speed(ttft_ms=400, tpot_ms=20, total_ms=total_ms, queued_ms=0, chunk_gaps_ms=(20, 30))


def failed(cause: str, detail: str) -> Sample:
    return sample(cause=cause, detail=detail, status="error", text="", passages=())


def level(load: float = 1, within: float | None = None, throughput: float = 1, median: float = 1000) -> Level:
    made = level_of(load, 10, Asked((sample(),), False), Slo(), Asked((), False))
    return replace(made, within_slo=within, throughput_per_s=throughput, e2e_ms=Spread(9, median, None, None, None, None))


# Summing up


def test_a_level() -> None:
    samples = (
        sample(ended_s=2),
        sample("b", ended_s=5, first_ms=1500),
        sample("b", ended_s=8, total_ms=3000),
        sample(ended_s=12),
        failed("timeout", "late"),
        failed("timeout", "later"),
        failed("http_502", "gone"),
    )
    made = level_of(4, 10, Asked(samples, True), SLO, Asked((sample(), sample("b")), False))
    assert (made.requests, made.ok, made.declined, made.generator_busy) == (7, 4, 0, True)
    assert [(error.cause, error.count, error.detail) for error in made.errors] == [
        ("timeout", 2, "later"),
        ("http_502", 1, "gone"),
    ]
    assert made.throughput_per_s == 3 / 8, "three were whole in time, the last of them after 8 seconds"
    assert (made.tokens_per_s, made.goodput_per_s) == (30 / 8, 1 / 8)
    assert made.within_slo == 2 / 7, "the one that came after the end kept the objective, too"
    assert made.ttft_ms and made.e2e_ms and made.gap_ms and made.model_ttft_ms
    assert (made.ttft_ms.median, made.e2e_ms.median, made.gap_ms.n, made.model_ttft_ms.median) == (500, 1000, 8, 400)


def test_a_server_that_answers_no_more_does_not_answer_faster() -> None:
    """One answer at 2 s, then an error at 9 s and a timeout that outlives the level: it had all 10 seconds."""
    alone = Asked((), False)
    refused = replace(failed("http_502", "gone"), ended_s=9)
    assert level_of(1, 10, Asked((sample(ended_s=2), refused), False), SLO, alone).throughput_per_s == 1 / 9
    hung = replace(failed("timeout", "late"), ended_s=130)
    made = level_of(1, 10, Asked((sample(ended_s=2), hung), False), SLO, alone)
    assert (made.throughput_per_s, made.tokens_per_s, made.goodput_per_s) == (1 / 10, 1, 1 / 10)


def test_nothing_answered_is_a_level_too() -> None:
    made = level_of(1, 10, Asked((failed("timeout", "late"),), False), SLO, Asked((), False))
    assert (made.ok, made.throughput_per_s, made.goodput_per_s, made.within_slo, made.e2e_ms) == (0, 0, 0, 0, None)


def test_without_an_objective_there_is_no_goodput() -> None:
    made = level_of(1, 10, Asked((sample(),), False), Slo(), Asked((), False))
    assert (made.goodput_per_s, made.within_slo) == (None, None)


@pytest.mark.parametrize(
    ("text", "cut"),
    [("Son 25", True), ("Son 25 días [1].", False), ("Son 25 días", False), ("Son 30", False), ("", True)],
)
def test_an_answer_is_cut_short_when_it_only_begins_like_the_one_without_load(text: str, cut: bool) -> None:
    assert is_truncated(sample(text=text), sample()) is cut


def test_citations_are_lost_when_fewer_passages_are_cited() -> None:
    assert lost_citations(sample(passages=("c1",)), sample())
    assert not lost_citations(sample(passages=("c8", "c9")), sample())
    assert not lost_citations(sample(passages=(), status="declined"), sample()), "that is an answer changed"


def test_what_is_lost_under_load_is_counted() -> None:
    under = (sample(text="Son", passages=()), sample(status="declined", text="No consta."), sample("new", text=""))
    made = level_of(1, 10, Asked(under, False), Slo(), Asked((sample(),), False))
    assert (made.truncated, made.lost_citations, made.changed) == (1, 1, 1)


def test_the_knee_is_where_throughput_over_time_is_greatest() -> None:
    levels = [level(1, None, 1, 1000), level(2, None, 1.9, 1100), level(4, None, 2.0, 2000)]
    assert knee(levels) == 2
    assert knee(levels[:1]) is None


def test_what_is_carried_ends_at_the_first_level_that_is_late() -> None:
    assert carried([level(1, 1.0), level(2, 0.9), level(4, 0.89), level(8, 1.0)]) == 2
    assert carried([level(1, 0.5)]) is None
    assert carried([level(1, None)]) is None


# Keeping


def result(**facts: object) -> LoadResult:
    made = LoadResult("l1", "b", "closed", "2026-11-21T00:00:00+00:00", 2, SLO, level(0), (level(1),), None, None)
    return replace(made, **facts)  # type: ignore[arg-type]


def test_what_is_kept_reads_back_equal(tmp_path: Path) -> None:
    first, second = result(memory=Memory(1, 2, "pss")), result(id="l2", knee=1.0)
    save(tmp_path, second, [])
    folder = save(tmp_path, first, [(0, sample()), (1, failed("timeout", "late"))])
    assert load_results(tmp_path) == [first, second]
    rows = list(csv.DictReader((folder / "requests.csv").open(encoding="utf-8")))
    assert [(row["load"], row["status"], row["cause"], row["e2e_ms"]) for row in rows] == [
        ("0", "ok", "", "1000"),
        ("1", "error", "timeout", "1000"),
    ]


def test_a_file_that_is_no_load_test_is_named(tmp_path: Path) -> None:
    path = save(tmp_path, result(), []) / "load.json"
    path.write_text("{}")
    with pytest.raises(ConfigError) as error:
        load_results(tmp_path)
    assert str(error.value) == f"{path} is not a load test of this version: delete its folder, or run the test again."


# Options


@pytest.mark.parametrize(("text", "seconds"), [("60s", 60), ("90", 90), ("1.5m", 90), ("250ms", 0.25), (" 2 h", 7200)])
def test_times(text: str, seconds: float) -> None:
    assert seconds_of(text) == seconds


@pytest.mark.parametrize("text", ["", "s", "0s", "5 parsecs", "-1s"])
def test_what_is_no_time(text: str) -> None:
    with pytest.raises(ConfigError) as error:
        seconds_of(text)
    assert str(error.value) == f"{text!r} is not a time: write it like 60s or 5m."


def test_objectives() -> None:
    assert slo_of("ttft=2s, e2e=1m") == Slo(2, 60)
    assert slo_of("e2e=5s") == Slo(None, 5)
    assert slo_of(None) == Slo()
    with pytest.raises(ConfigError) as error:
        slo_of("p95=2s")
    assert str(error.value) == "'p95=2s' is not an objective: write it like ttft=2s,e2e=20s."


# What Locust really does, against a server that speaks like the product


class Product:
    """Answers what the question says: `answer`, `cut`, `busy`, `garbage`, or `slow`."""

    def __init__(self) -> None:
        self.asked: list[str] = []

    def app(self) -> Starlette:
        return Starlette(routes=[Route(CHAT_PATH, self._chat, methods=["POST"])])

    async def _chat(self, request: Request) -> Response:
        body = await request.json()
        self.asked.append(question := body["messages"][-1]["content"])
        if question == "busy":
            return JSONResponse({"error": {"message": "Too much to do.", "code": "backend_busy"}}, status_code=503)
        return StreamingResponse(self._lines(question), media_type="text/event-stream")

    async def _lines(self, question: str) -> AsyncIterator[str]:
        source = Source(1, "c1", "d", "1", "a.txt", "A", None, None, (), None, "t", "t", 0.5)
        answer = Answer("Hola [1]", question, "es", (Citation(1, 0, 8, "t", False),), (source,), backend="b", usage=Usage(5, 2))
        for event in (StatusEvent("reading", passages=1), TokenEvent("Ho"), TokenEvent("la"), AnswerEvent(answer)):
            if question == "slow":
                await asyncio.sleep(60)
            if question == "cut" and isinstance(event, AnswerEvent):
                return
            yield f"data: {json.dumps({'midas': event_to_json(event)})}\n\n"
        yield "data: {garbage\n\n" if question == "garbage" else "data: [DONE]\n\n"


def question_set(folder: Path, *questions: str) -> Path:
    path = folder / "questions.jsonl"
    lines = ({"id": text[:5], "question": text, "language": "es", "answerable": True} for text in questions)
    path.write_text("\n".join(map(json.dumps, lines)), encoding="utf-8")
    return path


def quiet(seconds: float) -> None:
    """Nobody watches."""


def test_every_question_is_asked_once_and_every_failure_has_its_cause(tmp_path: Path) -> None:
    product = Product()
    with listening(product.app()) as root:
        asked = ask_each(Target(root, question_set(tmp_path, "answer", "cut", "busy", "garbage", "slow"), "b", (), 0.8), quiet)
    assert product.asked == ["answer", "cut", "busy", "garbage", "slow"]
    assert [(sample.question, sample.cause) for sample in asked.samples] == [
        ("answe", None), ("cut", "cut_off"), ("busy", "backend_busy"), ("garba", "client"), ("slow", "timeout"),
    ]  # fmt: skip
    assert asked.samples[0].text == "Hola [1]" and asked.samples[0].passages == ("c1",)
    assert asked.samples[4].detail == "No whole answer within 0.8 s."


def test_questions_arrive_for_the_time_of_a_level_and_no_sample_is_lost(tmp_path: Path) -> None:
    product = Product()
    with listening(product.app()) as root:
        asked = ask_under_load(Target(root, question_set(tmp_path, "answer", "other"), "b"), "poisson", 20, 1, quiet)
    assert len(asked.samples) == len(product.asked) > 1
    assert {sample.cause for sample in asked.samples} == {None}
    assert set(product.asked) == {"answer", "other"}


def test_a_server_that_is_not_there_is_unreachable(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
    asked = ask_each(Target(f"http://127.0.0.1:{port}", question_set(tmp_path, "answer")), quiet)
    assert [sample.cause for sample in asked.samples] == ["unreachable"]


# The command


def test_the_command_measures_the_product_that_it_starts(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    with running(FakeOpenAI(reply=scripted, token_s=0.005)) as fake:
        midas = make_midas(tmp_path / "home", fake)
        for name in ("MIDAS_HOME", "MIDAS_CONFIG"):
            monkeypatch.setenv(name, midas.environment[name])
        ingest(write_documents(tmp_path / "documents"))
        add_person(midas.home, "jefa", "admin")  # sign-in is on: the load test asks with the server's own token
        asked = question_set(tmp_path, QUESTION_ES, QUESTION_EN)
        made = run(Settings.load(), Options(None, str(asked), "2", "1s", "closed", None, "e2e=1m", None, "9s", ()))
    assert load_results(midas.home) == [made]
    assert (made.backend, made.questions, made.carried, [step.load for step in made.levels]) == ("scripted", 2, 2, [2])
    for step in (made.alone, *made.levels):
        assert (step.errors, step.truncated, step.lost_citations, step.changed, step.within_slo) == ((), 0, 0, 0, 1)
        assert step.ok == step.requests > 0
    assert made.start and made.start.first_text_ms and made.start.listening_ms < made.start.ready_ms < made.start.first_text_ms
    assert made.memory and made.memory.peak_bytes >= made.memory.idle_bytes > 50e6
    assert not (midas.home / "server.json").exists(), "the server stops with the test"
    print_result(made, json=False)
    told = " ".join(capsys.readouterr().out.split())
    assert "Nine of ten questions are answered in time: up to 2 users." in told
    assert f"Load test {made.id} is kept." in told


def ingest(folder: Path) -> None:
    service = LocalService(Settings.load())
    service.ingest([folder], "d", sync=False, progress=lambda progress: None, cancelled=lambda: False)
    service.close()


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        ({"users": "1,x"}, "'1,x' are not the steps of a load test: write numbers above 0, like 1,2,4,8."),
        ({"users": "0.5"}, "'0.5' are no numbers of users: write them like 1,2,4,8."),
        ({"arrival": "poisson"}, "Say how many questions arrive per second: --rate 0.5,1,2."),
        ({"rate": "2"}, "--rate is for questions that arrive at random: say --arrival poisson, or leave it out."),
        ({}, "There is no run whose questions could be asked: name a question set with --questions."),
    ],
)
def test_wrong_use_is_one_sentence(tmp_path: Path, options: dict[str, str], sentence: str) -> None:
    usual = Options(None, None, "1", "1s", "closed", None, None, None, "9s", ())
    with pytest.raises(ConfigError) as error:
        run(Settings(home=tmp_path), replace(usual, **options))  # type: ignore[arg-type]
    assert str(error.value) == sentence


def test_an_unknown_back_end_is_named(tmp_path: Path) -> None:
    asked = Options("none", str(question_set(tmp_path, "answer")), "1", "1s", "closed", None, None, None, "9s", ())
    with pytest.raises(ConfigError) as error:
        run(Settings(home=tmp_path), asked)
    assert str(error.value) == "No back end 'none' is configured (there are local): choose a configured one."


def test_prompts_without_documents_are_no_load(tmp_path: Path) -> None:
    asked = Options(None, "quality.es", "1", "1s", "closed", None, None, None, "9s", ())
    with pytest.raises(ConfigError) as error:
        run(Settings(home=tmp_path), asked)
    assert str(error.value) == "The question set has no question about documents: name another with --questions."


def test_a_base_installation_lacks_locust(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("eval.load_test.levels.find_spec", lambda name: None)
    with pytest.raises(MissingExtra) as error:
        run(Settings(home=tmp_path), Options(None, None, "1", "1s", "closed", None, None, None, "9s", ()))
    assert str(error.value) == (
        "A load test needs the package locust, which is not installed: run pip install 'midas-assistant[eval]'."
    )
