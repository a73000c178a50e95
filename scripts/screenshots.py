"""Draws `docs/screenshots/`: every page and tab, in both languages, on a desktop and on a phone, light and dark.

    .venv/bin/python -m scripts.screenshots [FOLDER]

The server runs on a data directory of its own, with the sample corpus; what its model answers is written in the corpus, and the
evaluation shown is made up. The files have few colours, to be small.
"""

from __future__ import annotations

import io
import itertools
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
from PIL import Image

from eval.questions import Question, load_questions
from tests import reporting
from tests.browser import chromium
from tests.fake_openai import FakeOpenAI, Messages, running
from tests.office import SIZES, Office, Visit, visiting
from tests.people import add_person, signed_in
from tests.serving import make_midas
from ui.web.language import LANGUAGES

ROOT = Path(__file__).parent.parent
CORPUS = ROOT / "corpora" / "midas"
TARGET = ROOT / "docs" / "screenshots"
COLOURS = 64
COLLECTIONS = {
    "personas": ("everyone", "Vacaciones, permisos, nóminas y formación", "Recursos Humanos, ext. 214"),
    "viajes": ("everyone", "Dietas, transporte y liquidación de gastos", "Administración"),
    "sistemas": ("compras", "Equipos, contraseñas y copias de seguridad", ""),
}
SHOWN = {
    "es": "¿Cuántos días laborables de vacaciones corresponden a cada persona por año natural completo?",
    "en": "Up to how many euros per person and year may a gift from a business partner be kept?",
}
TOLD = {
    SHOWN["es"]: "Corresponden 24 días laborables de vacaciones por año natural completo",
    SHOWN["en"]: "Up to 50 euros per person and year a gift from a business partner may be kept",
}
UNANSWERED = "¿Quién ganó la final de waterpolo?"


def main(arguments: list[str]) -> None:
    target = Path(arguments[0]) if arguments else TARGET
    target.mkdir(parents=True, exist_ok=True)
    questions = {question.id: question for question in load_questions(CORPUS / "questions.jsonl")}
    with tempfile.TemporaryDirectory() as folder, running(FakeOpenAI(reply=Script(questions).answer)) as fake:
        midas = make_midas(Path(folder) / "home", fake)
        for name, (_, description, _) in COLLECTIONS.items():
            midas.run("ingest", str(CORPUS / "documents" / name), "--collection", name, timeout=600)
            midas.run("collections", "describe", name, description)
        _people(midas.home)
        for name, (group, _, _) in COLLECTIONS.items():
            midas.run("collections", "share", name, group)
        _evaluation(midas.home)
        with midas.serving() as server, chromium() as browser:
            office = Office(midas, server, fake, Path(folder))
            _use(office, questions)
            _shoot(browser, office, target)
    print(f"{sum(path.stat().st_size for path in target.glob('*.png')) / 2**20:.1f} MB in {target}")


class Script:
    """Answers what the corpus says."""

    def __init__(self, questions: dict[str, Question]) -> None:
        self._told = TOLD | {question.question: question.reference for question in questions.values() if question.reference}

    def answer(self, messages: Messages) -> str:
        asked = str(messages[-1]["content"])
        told = next((told for question, told in self._told.items() if question in asked), "Los documentos no lo dicen.")
        return f"{told.rstrip('.')} [1]."


def _people(home: Path) -> None:
    add_person(home, "rosa", "admin")
    add_person(home, "eva", "evaluator", ["compras"])
    for name, group in (("ana", "ventas"), ("luis", "compras"), ("marta", "ventas")):
        add_person(home, name, "employee", [group])


def _evaluation(home: Path) -> None:
    reporting.HOSTILE = "Gastos de viaje"
    reporting.make_run(home, "20261120-090000-dietas", worse=0.1, seed=3)
    run = reporting.make_run(home)
    reporting.add_starts(run)
    reporting.add_votes(home, run)
    reporting.add_load(home, "mediano")


def _use(office: Office, questions: dict[str, Question]) -> None:
    """A morning of several people: conversations, votes, a question without an answer, an upload that failed."""
    for name, number in (("ana", 1), ("ana", 2), ("luis", 3), ("marta", 5)):
        with _client(office, name) as http:
            turn = _ask(http, SHOWN["es"] if number == 1 else questions[f"midas-{number:03}"].question)
            vote = (
                {"thumb": "up"} if number > 1 else {"thumb": "down", "reason": "incomplete", "comment": "Falta la antigüedad."}
            )
            http.put(f"/v1/turns/{turn}/vote", json=vote).raise_for_status()
            _ask(http, UNANSWERED)
    with _client(office, "rosa") as http:
        for name, (_, _, contact) in COLLECTIONS.items():
            http.put(f"/v1/collections/{name}/contact", json={"contact": contact}).raise_for_status()
        files = [("files", ("nómina.pdf", b"%PDF-1.7 broken")), ("files", ("horario.md", b"# Horario\n\nDe 8 a 15 horas."))]
        http.post("/v1/collections/personas/uploads", files=files).raise_for_status()


def _client(office: Office, name: str) -> httpx.Client:
    return signed_in(httpx.Client(base_url=office.url, timeout=120, trust_env=False), office.home, name)


def _ask(http: httpx.Client, question: str) -> str:
    told = http.post("/page/es/chat/ask", json={"question": question}).raise_for_status()
    return str(httpx.Response(200, content=told.text.splitlines()[0]).json()["begun"]["turn"])


def _shoot(browser: Any, office: Office, target: Path) -> None:
    for language, size, dark in itertools.product(LANGUAGES, SIZES, (False, True)):
        for person, pages in ((None, _door), ("rosa", _pages)):
            with visiting(browser, office, person, language, size, dark=dark) as visit:
                for name in pages(visit):
                    _save(visit, target / f"{name}-{language}-{size}-{'dark' if dark else 'light'}.png")


def _door(visit: Visit) -> Iterator[str]:
    visit.page.goto(f"{visit.url}/{visit.language}/sign-in")
    yield "sign-in"


def _pages(visit: Visit) -> Iterator[str]:
    """The names of the pictures, each when its page is there."""
    visit.open("chat")
    yield "chat-new"
    turn = visit.ask(SHOWN[visit.language])
    yield "chat-answer"
    turn.locator(".cite, .source").first.click()
    visit.page.locator("#panel .passage").wait_for()
    visit.page.wait_for_function("!document.querySelector('#panel .waiting')")
    yield "chat-source"
    visit.page.goto(f"{visit.url}/{visit.language}/account")
    yield "account"
    for area in ("manage", "evaluate"):
        visit.open(area)
        for tab in visit.tabs:
            visit.tab(tab)
            yield f"{area}-{tab}"


def _save(visit: Visit, path: Path) -> None:
    visit.page.wait_for_timeout(400)
    shot = Image.open(io.BytesIO(visit.page.screenshot())).convert("RGB")
    shot.quantize(COLOURS, method=Image.Quantize.MEDIANCUT, dither=Image.Dither.NONE).save(path, optimize=True)


if __name__ == "__main__":
    main(sys.argv[1:])
