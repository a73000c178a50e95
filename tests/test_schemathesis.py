"""What Schemathesis makes of the whole OpenAPI description, sent as an employee and as an admin: nothing is a 5xx, and every
answer has a status, a media type and a form that the description tells of.

A few requests an operation, the same at every run. `MIDAS_TEST_EXAMPLES=200 pytest tests/test_schemathesis.py` sends more.
"""

from __future__ import annotations

import os
import time
from collections import Counter
from collections.abc import Iterator, Mapping

import pytest

schemathesis = pytest.importorskip("schemathesis", reason="schemathesis is not installed")

from fastapi import FastAPI  # noqa: E402
from fastapi.testclient import TestClient  # noqa: E402
from hypothesis import HealthCheck, Phase, Verbosity, given, seed, settings  # noqa: E402
from hypothesis.strategies import SearchStrategy, one_of  # noqa: E402
from schemathesis.core.failures import FailureGroup  # noqa: E402
from schemathesis.generation import GenerationMode  # noqa: E402
from schemathesis.generation.case import Case  # noqa: E402
from schemathesis.schemas import APIOperation  # noqa: E402
from schemathesis.specs.openapi.checks import (  # noqa: E402
    content_type_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from tests.fake_openai import FakeOpenAI, running  # noqa: E402
from tests.housing import housed, load  # noqa: E402
from tests.people import add_person, key_of  # noqa: E402
from tests.serving import scripted, write_documents  # noqa: E402
from ui.api.app import make_api  # noqa: E402

EXAMPLES = int(os.environ.get("MIDAS_TEST_EXAMPLES", "2"))
AS_TOLD = (status_code_conformance, content_type_conformance, response_schema_conformance)
KNOWN = {"collection": "empresa", "document_id": "dietas.csv", "name": "empresa", "user": "luis", "group": "compras"}
"""What is really there, by the names of parameters."""


@pytest.fixture(scope="module")
def app(tmp_path_factory: pytest.TempPathFactory) -> Iterator[FastAPI]:
    folder = tmp_path_factory.mktemp("schemathesis")
    with running(FakeOpenAI(reply=scripted)) as fake, housed(folder / "home", fake) as house:
        add_person(house.settings.home, "root", "admin")
        add_person(house.settings.home, "ana", "employee", ["ventas"])
        add_person(house.settings.home, "luis", "employee", ["compras"])
        load(house, "empresa", write_documents(folder / "documents"), "ventas")
        house.service.warm()
        while not house.service.readiness().ready:
            time.sleep(0.05)
        yield make_api(house)


def likely(operation: APIOperation) -> SearchStrategy[Case]:
    """Requests that fit the description and requests that do not, about what is there and about what is not."""
    known = {parameter.name: KNOWN[parameter.name] for parameter in operation.path_parameters if parameter.name in KNOWN}
    modes = GenerationMode.POSITIVE, GenerationMode.NEGATIVE
    about = [operation.as_strategy(mode, path_parameters=named) for mode in modes for named in ({}, known)]
    return one_of(about)


def sent(operation: APIOperation, keys: Mapping[str, str]) -> tuple[Counter[tuple[str, int]], list[str]]:
    """How often who got which status, and what the server could not stand."""
    statuses, broken = Counter[tuple[str, int]](), list[str]()

    @seed(7)
    @settings(
        max_examples=EXAMPLES, deadline=None, database=None, phases=[Phase.generate], verbosity=Verbosity.quiet,
        suppress_health_check=list(HealthCheck),
    )  # fmt: skip
    @given(case=likely(operation))
    def send(case: Case) -> None:
        for name, key in keys.items():
            status = 599
            try:
                answer = case.call(headers={"Authorization": f"Bearer {key}"})
                status = answer.status_code
                case.validate_response(answer, checks=AS_TOLD)
            except (Exception, FailureGroup) as error:
                broken.append(repr(error))
            statuses[name, status] += 1
            if status >= 500:
                broken.append(f"{name}: {status} {case.as_curl_command()}")

    send()
    return statuses, broken


def test_no_request_breaks_the_server(app: FastAPI) -> None:
    keys = {name: key_of(app.state.house.settings.home, name) for name in ("ana", "root")}
    schema = schemathesis.openapi.from_asgi("/openapi.json", app, headers={"Authorization": f"Bearer {keys['root']}"})
    statuses, broken = Counter[tuple[str, int]](), list[str]()
    for found in schema.get_all_operations():
        told, more = sent(found.ok(), keys)
        statuses += told
        broken += more
    assert broken == [], "\n".join(broken)
    assert statuses["ana", 403] and statuses["root", 200] > statuses["ana", 200] > 0, statuses
    for key in keys.values():
        assert TestClient(app).get("/v1/account", headers={"Authorization": f"Bearer {key}"}).status_code == 200
