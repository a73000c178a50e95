"""Questions to begin with and to go on with."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path

import pytest
from fastapi.testclient import TestClient

from assistant.suggestions import FOLLOW_UPS, STARTERS, Suggestions
from ingest.errors import CollectionNotFound
from tests.fake_openai import FakeOpenAI, running
from tests.housing import ADMIN, ANA, LUIS, asked, housed, load
from tests.serving import ANSWER_ES, QUESTION_ES
from ui.api.app import make_api
from ui.desks.asking import Asking
from ui.desks.curating import Curating
from ui.house import House
from ui.person import NotAllowed

DAY = date(2026, 11, 21)
VACACIONES = """# Política de vacaciones

## 1. Objeto

Esta política ordena las vacaciones de la plantilla.

## 2. Días que corresponden

Los empleados tienen derecho a 25 días laborables de vacaciones al año.

## 3. Cambios de fechas

Un cambio de fechas se pide por escrito a la persona responsable con una semana de antelación.

## BAJAS DURANTE LAS VACACIONES

Una baja médica interrumpe las vacaciones y los días se recuperan después.
"""
PREGUNTAS = "# Preguntas frecuentes\n\n## ¿Qué día se cobra?\n\nLa nómina se cobra el día 28 de cada mes.\n"
LAPTOPS = "# Laptop policy\n\n## Lost or stolen devices\n\nA lost laptop must be reported to the IT desk within 4 hours.\n"
PRECIOS = "# Tarifa de compras\n\n## Descuentos por volumen\n\nA partir de cien unidades el descuento es del diez por ciento.\n"


def write(folder: Path, **texts: str) -> Path:
    folder.mkdir()
    for name, text in texts.items():
        (folder / f"{name}.md").write_text(text, encoding="utf-8")
    return folder


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    folder = tmp_path_factory.mktemp("suggestions")
    with running(FakeOpenAI(reply=lambda messages: ANSWER_ES)) as fake, housed(folder / "home", fake) as house:
        load(house, "empresa", write(folder / "a", vacaciones=VACACIONES, preguntas=PREGUNTAS, laptops=LAPTOPS), "ventas")
        load(house, "compras", write(folder / "b", precios=PRECIOS), "compras")
        yield house


def starters(house: House, *collections: str, language: str = "es") -> set[str]:
    """Of many days."""
    suggestions = Suggestions(house.service.store())
    return {
        question
        for day in range(20)
        for question in suggestions.starters(collections, language, DAY + timedelta(days=day))  # type: ignore[arg-type]
    }


def test_headings_make_questions(house: House) -> None:
    assert starters(house, "empresa") == {
        "¿Qué día se cobra?",
        "¿Qué dice «Política de vacaciones» sobre «Días que corresponden»?",
        "¿Qué dice «Política de vacaciones» sobre «Cambios de fechas»?",
        "¿Qué dice «Política de vacaciones» sobre «Bajas durante las vacaciones»?",
        "¿Qué dice «Laptop policy» sobre «Lost or stolen devices»?",
    }
    assert "What does “Laptop policy” say about “Lost or stolen devices”?" in starters(house, "empresa", language="en")
    assert "¿Qué día se cobra?" not in starters(house, "empresa", language="en")


def test_a_day_has_its_own(house: House) -> None:
    suggestions = Suggestions(house.service.store())
    days = [tuple(suggestions.starters(["empresa"], "es", DAY + timedelta(days=day))) for day in range(20)]
    assert days[0] == tuple(suggestions.starters(["empresa"], "es", DAY)) and len(set(days)) > 1
    assert all(len(day) <= STARTERS for day in days)


def test_nobody_is_told_of_what_they_may_not_read(house: House) -> None:
    assert not any("Tarifa" in question for question in Asking(house, ANA).suggestions("es"))
    assert Asking(house, ANA).suggestions("es", ["compras"]) == Asking(house, ANA).suggestions("es", ["nowhere"]) == []
    assert Asking(house, LUIS).suggestions("es") == ["¿Qué dice «Tarifa de compras» sobre «Descuentos por volumen»?"]
    everything = Asking(house, ADMIN).suggestions("es")
    assert any("Tarifa" in question for question in everything) and len(everything) == STARTERS


def test_what_admins_wrote_comes_first(house: House) -> None:
    desk = Curating(house, ADMIN)
    desk.suggest("empresa", "es", ["  ¿Cuántos días  tengo? ", "", "¿Cuándo cobro?", "¿Cuándo cobro?"])
    assert desk.suggestions("empresa") == {"es": ["¿Cuántos días tengo?", "¿Cuándo cobro?"], "en": []}
    assert Asking(house, ANA).suggestions("es")[:2] == ["¿Cuántos días tengo?", "¿Cuándo cobro?"]
    assert "¿Cuándo cobro?" not in Asking(house, LUIS).suggestions("es")
    desk.suggest("empresa", "es", [])
    assert desk.suggestions("empresa")["es"] == []
    with pytest.raises(CollectionNotFound):
        desk.suggest("nowhere", "es", [])
    with pytest.raises(NotAllowed):
        Curating(house, ANA)


def test_follow_ups_are_the_sections_beside_the_cited_one(house: House) -> None:
    turn = asyncio.run(asked(house, ANA, QUESTION_ES))
    assert turn.answer and turn.answer.citations
    found = Asking(house, ANA).follow_ups(turn.answer)
    assert set(found) == {
        "¿Qué dice «Política de vacaciones» sobre «Cambios de fechas»?",
        "¿Qué dice «Política de vacaciones» sobre «Bajas durante las vacaciones»?",
    }
    assert len(found) <= FOLLOW_UPS and Asking(house, LUIS).follow_ups(turn.answer) == []
    assert found[0] not in Asking(house, ANA).follow_ups(replace(turn.answer, question=found[0]))
    assert Asking(house, ANA).follow_ups(replace(turn.answer, citations=())) == []


def test_a_collection_tells_who_knows_more(house: House) -> None:
    Curating(house, ADMIN).set_contact("empresa", " Personas,  ext. 12 ")
    assert [info.contact for info in Asking(house, ANA).collections()] == ["Personas, ext. 12"]


def test_over_http(house: House) -> None:
    with TestClient(make_api(house), base_url="http://127.0.0.1") as http:
        path = "/v1/collections/empresa/suggestions"
        assert http.put(path, json={"language": "en", "questions": ["When is payday?"]}).status_code == 204
        assert http.get(path).json() == {"es": [], "en": ["When is payday?"]}
        asked_for = {"language": "en", "collection": ["empresa"]}
        assert http.get("/v1/suggestions", params=asked_for).json()[0] == "When is payday?"
        assert http.put("/v1/collections/empresa/contact", json={"contact": "Personas"}).status_code == 204
        assert http.get("/v1/collections/nowhere/suggestions").status_code == 404
