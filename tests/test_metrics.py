"""What Prometheus reads."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from pathlib import Path

import pytest
from fastapi.testclient import TestClient
from prometheus_client.parser import text_string_to_metric_families

from tests.fake_openai import FakeOpenAI, running
from tests.housing import ADMIN, ANA, asked, housed, load
from tests.serving import QUESTION_ES, scripted, write_documents
from ui.api.app import make_api
from ui.desks.measuring import Measuring
from ui.house import House
from ui.person import NotAllowed

WATERPOLO = "¿Quién ganó la final de waterpolo de Montevideo?"


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    folder: Path = tmp_path_factory.mktemp("metrics")
    with running(FakeOpenAI(reply=scripted)) as fake, housed(folder / "home", fake) as house:
        load(house, "empresa", write_documents(folder / "documents"), "ventas")
        yield house


def read(house: House) -> dict[tuple[str, ...], float]:
    """Values by name and values of the labels."""
    text, _ = Measuring(house, ADMIN).exposition("text/plain")
    return {
        (sample.name, *sample.labels.values()): sample.value
        for family in text_string_to_metric_families(text.decode())
        for sample in family.samples
    }


def test_questions_tokens_and_latencies_are_counted(house: House) -> None:
    answer = asyncio.run(asked(house, ANA, QUESTION_ES)).answer
    asyncio.run(asked(house, ANA, WATERPOLO))
    assert answer
    told = read(house)
    assert told["midas_questions_total", "scripted", "answered"] == 1
    assert told["midas_questions_total", "scripted", "declined"] == 1
    assert told["midas_tokens_total", "scripted", "completion"] == answer.usage.completion_tokens
    assert told["midas_tokens_total", "scripted", "prompt"] == answer.usage.prompt_tokens
    assert told["midas_first_token_seconds_count", "scripted"] == 1
    assert told["midas_first_token_seconds_sum", "scripted"] == pytest.approx((answer.timings.ttft_ms or 0) / 1000)
    assert told["midas_answer_seconds_count", "scripted"] == 2
    assert told["midas_queue_length", "scripted"] == 0 and told["midas_answers_in_writing",] == 0


def test_what_there_is_at_the_moment(house: House) -> None:
    house.ledger.audit(None, "sign_in_failed", "ana")
    told = read(house)
    assert told["midas_collections",] == 1 and told["midas_documents",] == 3 and told["midas_chunks",] >= 3
    assert told["midas_sign_ins_failed_total",] == 1
    assert told["process_resident_memory_bytes",] > 10_000_000


def test_no_label_has_a_person_or_a_collection(house: House) -> None:
    asyncio.run(asked(house, ANA, QUESTION_ES, collections=("empresa",)))
    text, _ = Measuring(house, ADMIN).exposition("")
    assert not any(word in text.decode() for word in ("empresa", "ana", "vacaciones"))


def test_it_is_for_admins(house: House) -> None:
    with pytest.raises(NotAllowed):
        Measuring(house, ANA)


def test_over_http_in_the_format_that_is_asked_for(house: House) -> None:
    with TestClient(make_api(house), base_url="http://127.0.0.1") as http:
        assert http.get("/metrics").headers["content-type"].startswith("text/plain")
        asked_for = {"Accept": "application/openmetrics-text; version=1.0.0"}
        answer = http.get("/metrics", headers=asked_for)
        assert answer.headers["content-type"].startswith("application/openmetrics-text") and answer.text.endswith("# EOF\n")
