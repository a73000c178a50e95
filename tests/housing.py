"""A house in the test's own process, with the scripted server behind it, and people who come in."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from assistant.config import Settings
from assistant.types import AnswerEvent, TokenEvent
from tests.fake_openai import FakeOpenAI
from ui.desks.asking import Asking
from ui.house import House
from ui.jobs import Jobs
from ui.memory.conversation import Begun, Turn
from ui.person import Person
from ui.service import LocalService, Question

ANA = Person("person-ana", "ana", "employee", frozenset({"ventas"}))
LUIS = Person("person-luis", "luis", "employee", frozenset({"compras"}))
ADMIN = Person("person-root", "root", "admin")


@contextmanager
def housed(home: Path, fake: FakeOpenAI, **more: Any) -> Iterator[House]:
    """Embedder and back end are the scripted server's."""
    section = {"kind": "openai-compatible", "model": fake.model, "base_url": fake.url, "concurrency": 8}
    embedder = {"kind": "openai-compatible", "model": "hashing", "base_url": fake.url}
    settings = Settings(home=home, embedder=embedder, backends={"scripted": section}, default_backend="scripted", **more)
    service, jobs = LocalService(settings), Jobs()
    service.open()
    house = House(settings, service, jobs, "token")
    try:
        yield house
    finally:
        house.close()
        jobs.close()
        service.close()


def load(house: House, collection: str, folder: Path, *groups: str) -> None:
    """The folder's documents into a collection that these groups may read."""
    house.service.ingest([folder], collection, sync=False, progress=lambda told: None, cancelled=lambda: False)
    house.service.set_groups(collection, groups)


async def asked(house: House, person: Person, text: str, conversation: str | None = None, **more: Any) -> Turn:
    """Asks in a conversation, and waits for what comes of it; as it is stored."""
    replacing = more.pop("replacing", None)
    events = Asking(house, person).converse(Question(text, **more), conversation, replacing=replacing)
    begun = await anext(events)
    assert isinstance(begun, Begun)
    async for _ in events:
        pass
    return house.memory.turn(person.id, begun.turn)


async def until_words(events: AsyncGenerator[Any, None]) -> Begun:
    """Goes on until the model has begun to write."""
    begun = await anext(events)
    assert isinstance(begun, Begun)
    async for event in events:
        if isinstance(event, TokenEvent):
            return begun
        assert not isinstance(event, AnswerEvent)
    raise AssertionError("the model wrote nothing")
