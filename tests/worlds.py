"""A server's inside with two groups that share nothing, once with what the one of them has and once without it."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
from fastapi import FastAPI

from eval.manifest import CollectionManifest
from eval.questions import save_questions
from ingest.catalog import now
from tests.fake_openai import FakeOpenAI, running
from tests.finished_runs import finished_run, questions
from tests.housing import asked, housed, load
from tests.people import add_person, key_of, session_of
from ui.api.app import make_api
from ui.desks.curating import Curating
from ui.desks.feedback import Feedback
from ui.desks.question_sets import FOLDER, About
from ui.house import House
from ui.memory.conversation import Turn, Vote
from ui.person import Person
from ui.server import make_app
from ui.web.chat_routes import chat
from ui.web.evaluate.parts import parts

SECRETS = ("zafiro", "4321 ", "finanzas", "contabilidad", "secretas", '"ana"')
"""Words of what the group `contabilidad` has."""
ADDRESS = "http://127.0.0.1"
QUESTION = "¿De cuánto es el bono zafiro de la plantilla?"
PLAIN_QUESTION = "¿De cuánto es el bono?"
DOCUMENTS = {
    "finanzas": {
        "bono-zafiro.md": "# Bono zafiro\n\nEl bono zafiro de la plantilla es de 4321 euros. Se paga en marzo.\n",
        "zafiro-2.md": "# Otros bonos\n\nEl bono zafiro de los becarios es de 4321 céntimos.\n",
    },
    "taller": {"taller.md": "# Taller\n\nEl taller abre a las ocho. El bono de herramientas es de 60 euros.\n"},
    "normas": {"normas.md": "# Normas\n\nEl bono de transporte es de 45 euros para toda la plantilla.\n"},
}
READERS = {"finanzas": "contabilidad", "taller": "taller", "normas": "everyone"}


def written(messages: list[dict[str, Any]]) -> str:
    """What the scripted model answers: the secret where it was shown it."""
    if "4321 euros" in str(messages[-1]["content"]):
        return "El bono zafiro de la plantilla es de 4321 euros."
    return "El bono de herramientas es de 60 euros."


@dataclass
class World:
    """A house with its app. `callers` are the headers of who calls, by name: browsers that are signed in, keys, and those
    without either; `names` are the hidden things, each with a name that never was."""

    house: House
    app: FastAPI
    http: httpx.AsyncClient
    runner: asyncio.Runner
    callers: dict[str, dict[str, str]]
    people: dict[str, Person]
    names: dict[str, tuple[str, str]] = field(default_factory=dict)
    turn: Turn | None = None

    def request(self, who: str, method: str, path: str, **options: Any) -> httpx.Response:
        """One request as one of `callers`; nothing is remembered between requests."""
        accept = "application/json" if path.startswith("/v1") else "text/html"
        self.http.cookies.clear()
        request = self.http.build_request(method, path, headers={"Accept": accept, **self.callers[who]}, **options)
        response = self.runner.run(self.http.send(request))
        assert response.status_code != 429, "a limit answered instead"
        return response

    def sign_in(self, who: str) -> None:
        """Anew, after a sign-out."""
        self.callers[who] = _browser(session_of(self.house.settings.home, who))

    def hidden(self, *, really: bool) -> dict[str, str]:
        """The names of what is hidden, or those that never were."""
        return {kind: pair[0 if really else 1] for kind, pair in self.names.items()}

    def plain(self, text: str) -> str:
        """The text without those names, ids, times and durations."""
        for pair in self.names.values():
            for name in pair:
                text = text.replace(name, "…")
        text = re.sub(r"\d{4}-\d\d-\d\d(T[\d:.]+(\+00:00|Z)?)?", "<time>", text)
        text = re.sub(r"<small>(?:Velocidad aún sin medir|[^<]*\bunos? \d+ s\b[^<]*)</small>", "<pace>", text)
        text = re.sub(r'"timings":\{[^}]*\}', "<timings>", text)
        text = re.sub(r'"created":\d+', '"created":<time>', text)
        text = re.sub(r"(_ms['\"]?[:=] ?)[\d.e+-]+", r"\1<ms>", text)
        return re.sub(r"(?=[\w-]*\d)[\w-]{16,}", "<id>", text)


@contextmanager
def world(folder: Path, fake: FakeOpenAI, *, secret: bool) -> Iterator[World]:
    """With `secret`, group `contabilidad` has a collection, a conversation, a vote, a run, a question set and keys."""
    home = folder / "home"
    with housed(home, fake, access={"questions_per_minute": 100_000}) as house, asyncio.Runner() as runner:
        shared = DOCUMENTS if secret else {name: DOCUMENTS[name] for name in ("taller", "normas")}
        for name, texts in shared.items():
            _write(folder / name, texts)
            load(house, name, folder / name, READERS[name])
        people = _people(home, house, secret=secret)
        app = make_app(house) if secret else _without_gradio(house)
        transport = httpx.ASGITransport(app, raise_app_exceptions=False)
        http = httpx.AsyncClient(transport=transport, base_url=ADDRESS)
        made = World(house, app, http, runner, _callers(home, house, secret=secret), people)
        if secret:
            _hide(made)
        yield made


def _without_gradio(house: House) -> FastAPI:
    """What the pages fetch, without the pages."""
    app = make_api(house)
    app.include_router(chat)
    app.include_router(parts)
    return app


def _write(folder: Path, texts: dict[str, str]) -> None:
    folder.mkdir(parents=True)
    for name, text in texts.items():
        (folder / name).write_text(text, encoding="utf-8")


def _people(home: Path, house: House, *, secret: bool) -> dict[str, Person]:
    add_person(home, "jefa", "admin")
    if secret:
        add_person(home, "ana", "employee", ["contabilidad"])
    add_person(home, "luis", "employee", ["taller"])
    add_person(home, "eva", "evaluator", ["taller"])
    accounts = [house.accounts.person(account.id) for account in house.accounts.all()]
    return {person.name: person for person in accounts if person}


def _callers(home: Path, house: House, *, secret: bool) -> dict[str, dict[str, str]]:
    names = [*(["ana"] if secret else []), "luis", "eva", "jefa"]
    callers = {name: _browser(session_of(home, name)) for name in names}
    keys = {"luis, key": key_of(home, "luis"), "luis, asking": key_of(home, "luis", "ask"), "wrong key": "midas_nobodys"}
    if secret:
        keys["revoked"] = key_of(home, "ana")
        house.register.keys.revoke(house.register.keys.all(house.accounts.named("ana").id)[0].id)
        key_of(home, "ana")
    return callers | {"anonymous": {}} | {name: {"Authorization": f"Bearer {key}"} for name, key in keys.items()}


def _browser(session: str) -> dict[str, str]:
    return {"Cookie": f"midas_session={session}", "Origin": ADDRESS}


def _hide(made: World) -> None:
    house, ana = made.house, made.people["ana"]
    made.turn = turn = made.runner.run(asked(house, ana, QUESTION))
    Curating(house, made.people["jefa"]).suggest("finanzas", "es", ["¿Quién paga el bono zafiro?"])
    Feedback(house, ana).vote(turn.id, Vote("down", "wrong", "zafiro"))
    manifest = CollectionManifest(
        name="finanzas", embedder="hashing", dimension=64, chunk_tokens=220, documents=2, chunks=2, content_sha256="0" * 64
    )
    run = finished_run(house.settings.home, {"uno": "zafiro {}", "dos": "4321 {}"}, 3, collections=(manifest,), started=now())
    sets = house.settings.home / FOLDER
    sets.mkdir()
    save_questions(sets / "secretas.jsonl", questions(2))
    (sets / "secretas.about.json").write_text(About(collections=("finanzas",), by="ana", at=now()).model_dump_json())
    [source, *_] = turn.answer.sources if turn.answer else ()
    [key] = house.register.keys.all(ana.id)
    made.names = {
        "collection": ("finanzas", "finanzzz"),
        "document_id": (source.document_id, _other(source.document_id)),
        "document": ("bono-zafiro.md", "bono-zzzzzz.md"),
        "chunk_id": (source.chunk_id, source.chunk_id.replace("finanzas", "finanzzz")),
        "conversation": (turn.conversation, _other(turn.conversation)),
        "turn": (turn.id, _other(turn.id)),
        "run": (run.id, _other(run.id)),
        "set": ("secretas", "secretzz"),
        "key_id": (key.id, _other(key.id)),
    }


def _other(name: str) -> str:
    """Of the same form, and nobody's."""
    return name.translate(str.maketrans("0123456789abcdef", "1234567890bcdefa"))


@contextmanager
def worlds(folder: Path) -> Iterator[tuple[World, World]]:
    """With and without the secret."""
    with (
        running(FakeOpenAI(reply=written)) as fake,
        world(folder / "with", fake, secret=True) as full,
        world(folder / "without", fake, secret=False) as bare,
    ):
        yield full, bare
