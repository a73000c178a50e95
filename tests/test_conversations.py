"""Conversations: what is kept, for whom, and what goes."""

from __future__ import annotations

import asyncio
import json
import re
import time
from collections.abc import AsyncGenerator, Callable, Iterator
from contextlib import aclosing, closing
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import openai
import pytest
from fastapi.testclient import TestClient

from assistant.citations import strip_markers
from assistant.config import AccessSettings, Settings
from assistant.errors import BackendFailed
from assistant.notices import withheld
from assistant.redaction import redacted
from assistant.types import Answer, AnswerEvent, Citation, Event, GroundedSentence, Source, StatusEvent, TokenEvent
from tests.fake_openai import FakeOpenAI, running
from tests.housing import ADMIN, ANA, LUIS, asked, housed, load, until_words
from tests.serving import ANSWER_ES, QUESTION_ES, scripted, write_documents
from ui import keep_alive
from ui.api.app import make_api
from ui.desks.asking import Asking
from ui.desks.conversations import Conversations
from ui.desks.people import People
from ui.house import House
from ui.keep_alive import COMMENT, kept_alive
from ui.memory.conversation import Begun
from ui.memory.errors import ConversationNotFound
from ui.memory.export import markdown
from ui.memory.memory import Memory, title_of
from ui.memory.readable import history
from ui.people import standing
from ui.people.errors import SignedOut, TooMany
from ui.people.limits import Limits
from ui.people.register import Register
from ui.person import Entry, Person
from ui.service import Question
from ui.web.chat_routes import News, Watched, chat

FOLLOW_UP = "¿Y con cuánta antelación se solicitan?"
WATERPOLO = "¿Quién ganó la final de waterpolo de Montevideo?"
ROOMS = range(50)


@pytest.fixture(scope="module")
def fake() -> Iterator[FakeOpenAI]:
    with running(FakeOpenAI(reply=scripted)) as fake:
        yield fake


@pytest.fixture(scope="module")
def kept(fake: FakeOpenAI, tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    folder = tmp_path_factory.mktemp("conversations")
    with housed(folder / "home", fake) as house:
        load(house, "empresa", write_documents(folder / "documents"), "ventas", "compras")
        yield house


@pytest.fixture
def house(kept: House, fake: FakeOpenAI) -> House:
    fake.reply, fake.token_s, fake.error = scripted, 0.0, None
    kept.service.set_groups("empresa", ["ventas", "compras"])
    for person in (ANA, LUIS, ADMIN):
        kept.memory.forget(person.id)
    return kept


# What is kept


def test_the_finished_answer_is_stored_whole(house: House) -> None:
    async def ask() -> tuple[Begun, Answer]:
        events = [event async for event in Asking(house, ANA).converse(Question(QUESTION_ES))]
        assert isinstance(events[0], Begun) and isinstance(events[-1], AnswerEvent)
        return events[0], events[-1].answer

    begun, answer = asyncio.run(ask())
    [turn] = Conversations(house, ANA).get(begun.conversation).turns
    assert turn.answer == answer and answer.text == ANSWER_ES and answer.citations
    assert (turn.id, turn.state, turn.question, turn.withheld) == (begun.turn, "done", QUESTION_ES, False)


def test_the_question_is_stored_before_anything_else_happens(house: House) -> None:
    async def begin() -> None:
        async with aclosing(Asking(house, ANA).converse(Question(QUESTION_ES))) as events:
            begun = await anext(events)
            assert isinstance(begun, Begun)
            assert house.memory.turn(ANA.id, begun.turn).question == QUESTION_ES

    asyncio.run(begin())


def test_a_page_that_goes_away_loses_nothing(house: House, fake: FakeOpenAI) -> None:
    fake.token_s = 0.02

    async def leave() -> str:
        async with aclosing(Asking(house, ANA).converse(Question(QUESTION_ES))) as events:
            begun = await until_words(events)
        followed = [event async for event in Asking(house, ANA).follow(begun.turn)]
        assert isinstance(followed[-1], AnswerEvent)
        assert "".join(event.text for event in followed if isinstance(event, TokenEvent)) == ANSWER_ES
        assert [event async for event in Asking(house, ANA).follow(begun.turn)] == []
        return begun.turn

    turn = house.memory.turn(ANA.id, asyncio.run(leave()))
    assert turn.state == "done" and turn.answer and turn.answer.text == ANSWER_ES


def test_an_answer_that_is_written_is_not_followed_without_the_right_to_read(house: House, fake: FakeOpenAI) -> None:
    fake.token_s = 0.05

    async def follow() -> tuple[list[Event], str]:
        async with aclosing(Asking(house, ANA).converse(Question(QUESTION_ES))) as events:
            begun = await until_words(events)
            house.service.set_groups("empresa", ["compras"])
            followed = [event async for event in Asking(house, ANA).follow(begun.turn)]
            Asking(house, ANA).stop(begun.turn)
            async for _ in events:
                pass
        return followed, begun.turn

    followed, turn = asyncio.run(follow())
    assert followed == [] and Conversations(house, ANA).turn(turn).withheld


def test_stopping_keeps_what_was_written(house: House, fake: FakeOpenAI) -> None:
    fake.token_s, disconnects = 0.05, fake.disconnects

    async def stop() -> str:
        async with aclosing(Asking(house, ANA).converse(Question(QUESTION_ES))) as events:
            begun = await until_words(events)
            Asking(house, ANA).stop(begun.turn)
            assert not [event async for event in events if isinstance(event, AnswerEvent)]
        return begun.turn

    turn = house.memory.turn(ANA.id, asyncio.run(stop()))
    assert turn.state == "stopped" and turn.answer is None
    assert turn.text and ANSWER_ES.startswith(turn.text)
    while fake.disconnects == disconnects:
        time.sleep(0.01)


ENDS: dict[str, Callable[[House, Person], object]] = {
    "disabled": lambda house, person: house.accounts.set_disabled(person.id, True),
    "forgotten": lambda house, person: People(house, ADMIN).forget(person.name),
    "session ended": lambda house, person: house.register.sessions.end_others(person.id, "another"),
    "key revoked": lambda house, person: house.register.keys.revoke(person.credential or ""),
}


def guest(house: House, entry: Entry) -> Person:
    """Somebody with an account, who came in with a session or a key of their own."""
    account = house.accounts.find("clara") or house.accounts.add("clara", "employee", issuer="https://login", subject="clara")
    house.accounts.set_disabled(account.id, False)
    if entry == "key":
        credential = house.register.keys.make(account.id, "informe", "everything", None)[0].id
    else:
        found = house.register.sessions.find(house.register.sessions.begin(account.id, "127.0.0.1", "test"))
        assert found is not None
        credential = found.id
    return replace(ANA, id=account.id, name=account.name, entry=entry, credential=credential)


@pytest.mark.parametrize("how", ENDS)
def test_answers_end_with_what_their_reader_came_with(
    house: House, fake: FakeOpenAI, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, how: str
) -> None:
    """With people of its own: where there are accounts, everybody signs in."""
    register = Register(Settings(home=tmp_path))
    monkeypatch.setattr(house, "register", register)
    monkeypatch.setattr(house, "accounts", register.accounts)
    monkeypatch.setattr(standing, "LOOK_SECONDS", 0.01)
    fake.token_s = 0.05
    person = guest(house, "key" if how == "key revoked" else "session")
    desk, kept, other = Asking(house, person), Conversations(house, person), Asking(house, guest(house, "key"))

    async def ask() -> str:
        events, plain = desk.converse(Question(QUESTION_ES)), desk.stream(Question(QUESTION_ES))
        begun = await until_words(events)
        assert isinstance(await anext(plain), StatusEvent)
        followed = other.follow(begun.turn)
        await anext(followed)
        page = Watched(begun.turn, desk, kept, "es").news(desk.follow(begun.turn))
        await anext(page)
        ENDS[how](house, person)
        for stream in (events, plain):
            with pytest.raises(SignedOut, match="signed in no longer"):
                assert not [event async for event in stream if isinstance(event, AnswerEvent)]
        assert [news async for news in page][-1] == News(signed_out=True)
        if how in ("session ended", "key revoked"):
            assert not [event async for event in followed if isinstance(event, AnswerEvent)]
        await followed.aclose()
        return begun.turn

    turn = asyncio.run(ask())
    if how == "forgotten":
        with pytest.raises(ConversationNotFound):
            house.memory.turn(person.id, turn)
        return
    found = house.memory.turn(person.id, turn)
    assert found.state == "interrupted" and found.text and ANSWER_ES.startswith(found.text)


def test_an_error_is_kept_with_the_question_and_only_admins_are_told_where_the_model_is(house: House, fake: FakeOpenAI) -> None:
    def kept_of(person: Person) -> str:
        with pytest.raises(BackendFailed) as error:
            asyncio.run(asked(house, person, QUESTION_ES))
        [row] = Conversations(house, person).rows()
        [turn] = Conversations(house, person).get(row.id).turns
        assert (turn.state, turn.error) == ("failed", str(error.value))
        return str(error.value)

    fake.error = (500, "out of memory")
    assert kept_of(ANA) == "The model failed: try again later, choose another one, or tell an admin of Midas."
    assert fake.url in (told := kept_of(ADMIN)) and "out of memory" in told


def test_an_empty_question_begins_no_conversation(house: House) -> None:
    with pytest.raises(Exception, match="The question is empty: write one."):
        asyncio.run(asked(house, ANA, "  "))
    assert Conversations(house, ANA).rows() == []


def test_a_question_too_many_is_refused_before_it_is_stored_or_replaces_another(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(house, "limits", Limits(AccessSettings(questions_per_minute=1)))
    first = asyncio.run(asked(house, ANA, QUESTION_ES))
    with pytest.raises(TooMany):
        asyncio.run(asked(house, ANA, FOLLOW_UP, first.conversation, replacing=first.id))
    [row] = Conversations(house, ANA).rows()
    assert [turn.id for turn in Conversations(house, ANA).get(row.id).turns] == [first.id]


def test_earlier_turns_are_the_history(house: House, fake: FakeOpenAI) -> None:
    async def talk() -> None:
        first = await asked(house, ANA, QUESTION_ES)
        await asked(house, ANA, FOLLOW_UP, first.conversation)

    asyncio.run(talk())
    assert "25 días" in str(fake.requests[-1]["messages"])


def test_an_edited_question_takes_the_place_of_the_old_one_and_cuts_the_later_ones(house: House) -> None:
    async def edit() -> tuple[Begun, str]:
        first = await asked(house, ANA, "¿Cuántos días de vacaciones hay?")
        await asked(house, ANA, FOLLOW_UP, first.conversation)
        await asked(house, ANA, WATERPOLO, first.conversation)
        events = Asking(house, ANA).converse(Question(QUESTION_ES), first.conversation, replacing=first.id)
        begun = [event async for event in events][0]
        assert isinstance(begun, Begun)
        return begun, first.conversation

    begun, conversation = asyncio.run(edit())
    assert begun.conversation == conversation and begun.cut == 2
    found = Conversations(house, ANA).get(conversation)
    assert [turn.question for turn in found.turns] == [QUESTION_ES] and found.title == title_of(QUESTION_ES)
    assert Conversations(house, ANA).rows(search="waterpolo") == []


def test_two_tabs_may_ask_in_one_conversation_at_once(house: House, fake: FakeOpenAI) -> None:
    fake.token_s = 0.01

    async def both() -> str:
        conversation = Conversations(house, ANA).create().id
        await asyncio.gather(*(asked(house, ANA, QUESTION_ES, conversation) for _ in range(2)))
        return conversation

    turns = Conversations(house, ANA).get(asyncio.run(both())).turns
    assert [(turn.state, turn.answer and turn.answer.text) for turn in turns] == 2 * [("done", ANSWER_ES)]


def test_a_replaced_turn_that_is_still_written_does_not_come_back(house: House, fake: FakeOpenAI) -> None:
    fake.token_s = 0.05

    async def replace_it() -> str:
        async with aclosing(Asking(house, ANA).converse(Question("¿Qué dice la política de vacaciones?"))) as events:
            begun = await until_words(events)
            fake.token_s = 0.0
            await asked(house, ANA, QUESTION_ES, begun.conversation, replacing=begun.turn)
            async for _ in events:
                pass
        return begun.conversation

    turns = Conversations(house, ANA).get(asyncio.run(replace_it())).turns
    assert [(turn.question, turn.state) for turn in turns] == [(QUESTION_ES, "done")]


def test_what_was_written_is_there_after_a_crash(tmp_path: Path) -> None:
    memory = Memory(tmp_path)
    begun = memory.begin("a1", Question(QUESTION_ES), ["empresa"])
    memory.save({begun.turn: "Los empleados tienen"})
    again = Memory(tmp_path)  # the first one never closed
    [turn] = again.get("a1", begun.conversation).turns
    assert (turn.state, turn.question, turn.text) == ("interrupted", QUESTION_ES, "Los empleados tienen")
    memory.save({begun.turn: "Los empleados tienen derecho"})
    assert again.get("a1", begun.conversation).turns == (turn,)
    again.close()
    memory.close()


def test_fifty_people_at_once_get_their_own_answers(fake: FakeOpenAI, tmp_path: Path) -> None:
    folder = tmp_path / "documents"
    folder.mkdir()
    rooms = "\n\n".join(f"## Sala {number}\n\nLa sala {number} tiene un aforo de {number + 700} personas." for number in ROOMS)
    (folder / "salas.md").write_text(f"# Salas\n\n{rooms}\n", encoding="utf-8")

    def reply(messages: list[dict[str, str]]) -> str:
        number = re.findall(r"aforo de la sala (\d+)", messages[-1]["content"])[-1]
        return f"La sala {number} tiene un aforo de {int(number) + 700} personas [1]."

    async def everyone(house: House) -> None:
        people = [replace(ANA, id=f"p{number}", name=f"p{number}") for number in ROOMS]
        turns = await asyncio.gather(
            *(asked(house, person, f"¿Cuál es el aforo de la sala {number}?") for number, person in enumerate(people))
        )
        for number, (person, turn) in enumerate(zip(people, turns, strict=True)):
            [row] = Conversations(house, person).rows()
            assert Conversations(house, person).get(row.id).turns == (turn,)
            assert (
                turn.answer
                and strip_markers(turn.answer.text) == f"La sala {number} tiene un aforo de {number + 700} personas."
            )

    fake.reply, fake.token_s = reply, 0.002
    with housed(tmp_path / "home", fake) as house:
        load(house, "salas", folder, "ventas")
        asyncio.run(everyone(house))


# For whom


@pytest.mark.parametrize("person", [LUIS, ADMIN], ids=["colleague", "admin"])
def test_what_others_said_does_not_exist(house: House, person) -> None:
    turn = asyncio.run(asked(house, ANA, QUESTION_ES))
    desk, asking = Conversations(house, person), Asking(house, person)
    attempts = [
        lambda conversation, turn: desk.get(conversation),
        lambda conversation, turn: desk.turn(turn),
        lambda conversation, turn: desk.rename(conversation, "mío"),
        lambda conversation, turn: desk.delete(conversation),
        lambda conversation, turn: desk.markdown(conversation),
        lambda conversation, turn: asking.stop(turn),
        lambda conversation, turn: asyncio.run(asked(house, person, QUESTION_ES, conversation)),
        lambda conversation, turn: asyncio.run(asked(house, person, QUESTION_ES, conversation, replacing=turn)),
        lambda conversation, turn: asyncio.run(anext(asking.follow(turn))),
    ]
    for attempt in attempts:
        with pytest.raises(ConversationNotFound) as hers:
            attempt(turn.conversation, turn.id)
        with pytest.raises(ConversationNotFound) as nobodys:
            attempt("f" * 24, "f" * 24)
        assert hers.value.message == nobodys.value.message
    assert desk.rows() == [] and desk.rows(search="vacaciones") == []
    assert Conversations(house, ANA).get(turn.conversation).title == title_of(QUESTION_ES)


def test_a_turn_of_another_conversation_is_not_replaced(house: House) -> None:
    turn = asyncio.run(asked(house, ANA, QUESTION_ES))
    other = Conversations(house, ANA).create("Otra")
    with pytest.raises(ConversationNotFound):
        asyncio.run(asked(house, ANA, QUESTION_ES, other.id, replacing=turn.id))
    assert Conversations(house, ANA).turn(turn.id).state == "done"


def test_what_may_not_be_read_any_more_is_left_out(house: House) -> None:
    conversation = asyncio.run(asked(house, ANA, QUESTION_ES, collections=("empresa",))).conversation
    house.service.set_groups("empresa", ["compras"])
    desk = Conversations(house, ANA)
    [turn] = desk.get(conversation).turns
    assert turn.withheld and turn.answer and turn.question == QUESTION_ES
    assert turn.answer.text == withheld("es")
    assert (turn.answer.sources, turn.answer.citations, turn.answer.collections) == ((), (), ())
    assert "empresa" not in str(turn)
    assert "25 días" not in desk.markdown(conversation) and desk.rows(search="derecho") == []
    assert [row.id for row in desk.rows(search="laborables")] == [conversation]  # her own words
    assert history(desk.get(conversation).turns) == ()
    house.service.set_groups("empresa", ["ventas"])
    assert not desk.get(conversation).turns[0].withheld and len(history(desk.get(conversation).turns)) == 2


def test_half_an_answer_from_what_may_not_be_read_any_more_is_left_out(house: House, fake: FakeOpenAI) -> None:
    fake.token_s = 0.05

    async def stop() -> str:
        async with aclosing(Asking(house, ANA).converse(Question(QUESTION_ES))) as events:
            begun = await until_words(events)
            Asking(house, ANA).stop(begun.turn)
            async for _ in events:
                pass
        return begun.turn

    turn = asyncio.run(stop())
    house.service.set_groups("empresa", ["compras"])
    found = Conversations(house, ANA).turn(turn)
    assert found.withheld and found.text == withheld("es")


def test_a_new_collection_of_an_old_name_is_not_the_old_one(fake: FakeOpenAI, tmp_path: Path) -> None:
    fake.reply, fake.token_s, fake.error = scripted, 0.0, None
    with housed(tmp_path / "home", fake) as house:
        load(house, "empresa", write_documents(tmp_path / "documents"), "ventas")
        turn = asyncio.run(asked(house, ANA, QUESTION_ES))
        house.service.delete_collection("empresa")
        assert Conversations(house, ANA).turn(turn.id).withheld
        house.service.create("empresa")
        house.service.set_groups("empresa", ["ventas"])
        later = (datetime.now(UTC) + timedelta(minutes=1)).isoformat(timespec="seconds")
        with house.service.store().database.write() as connection:
            connection.execute("UPDATE collections SET created_at = ?", (later,))
        assert Conversations(house, ANA).turn(turn.id).withheld


def source(number: int, collection: str) -> Source:
    return Source(number, f"{collection}/d/1/0", collection, "d", "d.md", "D", 1, "page", (), None, "texto", "texto", 0.5)


def test_only_sentences_from_what_may_be_read_stay() -> None:
    text = "Uno de abierta [1]. Dos de cerrada [2].\nTres de las dos [1][2]. Cuatro de nadie. Cinco de abierta [1]."
    starts = [0, 20, 40, 64, 81]
    ends = [19, 39, 63, 80, len(text)]
    cited = [(1,), (2,), (1, 2), (), (1,)]
    answer = Answer(
        text=text, question="¿?", language="es", collections=("abierta", "cerrada"),
        sources=(source(1, "abierta"), source(2, "cerrada")), notices=("Se leyó «cerrada».", "Se leyó poco."),
        sentences=tuple(GroundedSentence(start, end, "supported", 1.0, "") for start, end in zip(starts, ends, strict=True)),
        citations=tuple(
            Citation(number, start, end, "cita", False)
            for start, end, numbers in zip(starts, ends, cited, strict=True)
            for number in numbers
        ),
    )  # fmt: skip
    assert redacted(answer, lambda name: True) is answer
    read = redacted(answer, lambda name: name == "abierta")
    assert read.text == f"Uno de abierta [1]. Cinco de abierta [1].\n\n{withheld('es')}"
    assert [read.text[sentence.start : sentence.end] for sentence in read.sentences] == [
        "Uno de abierta [1].",
        "Cinco de abierta [1].",
    ]
    assert [(citation.number, read.text[citation.start : citation.end]) for citation in read.citations] == [
        (1, "Uno de abierta [1]."),
        (1, "Cinco de abierta [1]."),
    ]
    assert [found.collection for found in read.sources] == ["abierta"] and read.collections == ("abierta",)
    assert read.notices == ("Se leyó poco.",) and "cerrada" not in str(read)


# Finding, naming, taking away


def test_search_folds_accents_finds_beginnings_and_shows_where(house: House) -> None:
    turn = asyncio.run(asked(house, ANA, QUESTION_ES))
    asyncio.run(asked(house, ANA, WATERPOLO))
    desk = Conversations(house, ANA)
    [row] = desk.rows(search="DIAS vacacio")
    assert row.id == turn.conversation and "días" in row.excerpt
    assert [found.id for found in desk.rows(search="derecho")] == [turn.conversation]  # a word of the answer
    assert len(desk.rows()) == 2 and desk.rows(search="derecho waterpolo") == [] and desk.rows(search='"?*') == []
    desk.rename(turn.conversation, "Descanso  anual")
    assert [found.title for found in desk.rows(search="descanso")] == ["Descanso anual"]


def test_the_list_is_in_pages_the_latest_first(house: House) -> None:
    desk = Conversations(house, ANA)
    made = [desk.create(f"número {number}").id for number in range(5)]
    pages = [desk.rows(limit=2, offset=offset) for offset in (0, 2, 4)]
    assert [len(page) for page in pages] == [2, 2, 1]
    assert {row.id for page in pages for row in page} == set(made)


def test_a_title_is_cut_between_words() -> None:
    assert title_of("¿Cuándo\n se cobra?") == "¿Cuándo se cobra?"
    assert title_of("palabra " * 20) == " ".join(["palabra"] * 7) + "…"


def test_what_is_deleted_is_in_no_file_any_more(house: House) -> None:
    secret = "¿Cuándo viene el cerrajero azulgrana?"
    turn = asyncio.run(asked(house, ANA, secret))
    files = [path for path in house.settings.home.iterdir() if path.name.startswith("conversations.db")]
    assert any(b"azulgrana" in path.read_bytes() for path in files)
    Conversations(house, ANA).delete(turn.conversation)
    assert not any(b"azulgrana" in path.read_bytes() for path in files)
    with pytest.raises(ConversationNotFound):
        Conversations(house, ANA).get(turn.conversation)


def test_deleting_stops_the_writing(house: House, fake: FakeOpenAI) -> None:
    fake.token_s = 0.05

    async def delete() -> None:
        async with aclosing(Asking(house, ANA).converse(Question(QUESTION_ES))) as events:
            begun = await until_words(events)
            Conversations(house, ANA).delete(begun.conversation)
            async for event in events:
                assert not isinstance(event, AnswerEvent)

    asyncio.run(delete())
    assert Conversations(house, ANA).rows() == [] and not len(house.writings)


def test_a_forgotten_person_said_nothing(house: House) -> None:
    asyncio.run(asked(house, ANA, QUESTION_ES))
    asyncio.run(asked(house, LUIS, QUESTION_ES))
    assert house.memory.forget(ANA.id) == 1
    assert Conversations(house, ANA).rows() == [] and len(Conversations(house, LUIS).rows()) == 1


def test_old_conversations_go_by_themselves(fake: FakeOpenAI, tmp_path: Path) -> None:
    with housed(tmp_path / "home", fake, retention={"conversations_days": 30}) as house:
        old, new = (Conversations(house, ANA).create(title).id for title in ("vieja", "nueva"))
        with house.memory.database.write() as connection:
            connection.execute("UPDATE conversations SET updated_at = '2020-01-01T00:00:00+00:00' WHERE id = ?", (old,))
        house.sweeper.sweep()
        assert [row.id for row in Conversations(house, ANA).rows()] == [new]


def test_the_text_for_taking_along_has_numbered_citations(house: House) -> None:
    async def talk() -> str:
        first = await asked(house, ANA, QUESTION_ES)
        await asked(house, ANA, WATERPOLO, first.conversation)
        return first.conversation

    conversation = asyncio.run(talk())
    text = Conversations(house, ANA).markdown(conversation)
    assert f"## {QUESTION_ES}" in text and ANSWER_ES in text
    assert re.search(r"\*\*Fuentes\*\*\n\n- \[1\] .*vacaciones\.txt", text)
    assert "  > Los empleados tienen derecho a 25 días laborables" in text
    assert "**Pasajes más cercanos**" in text
    assert "**Sources**" in Conversations(house, ANA).markdown(conversation, "en")


def test_what_people_and_documents_say_is_inert_in_it(tmp_path: Path) -> None:
    with closing(Memory(tmp_path)) as memory:
        begun = memory.begin(ANA.id, Question("¿\\<img src=x>? ![a](http://x/y.png)\n# no"), [])
        text = markdown(memory.get(ANA.id, begun.conversation), "es")
    assert "\n## ¿\\\\\\<img src=x>? !\\[a]\\(http://x/y.png) # no\n" in text


# Over HTTP


def test_the_whole_of_it_over_http(house: House) -> None:
    with TestClient(make_api(house), base_url="http://127.0.0.1") as http:
        made = http.post("/v1/conversations", json={"title": "Descanso"})
        path = f"/v1/conversations/{made.json()['id']}"
        assert made.status_code == 201
        lines = http.post(f"{path}/turns", json={"question": QUESTION_ES}).text.split("\n\n")
        events = [json.loads(line.removeprefix("data: ")) for line in lines[:-2]]
        assert events[0]["type"] == "begun" and events[-1]["type"] == "answer" and lines[-2] == "data: [DONE]"
        assert http.get(path).json()["turns"][0]["answer"]["text"] == ANSWER_ES
        assert http.get(f"/v1/turns/{events[0]['turn']}/events").text == "data: [DONE]\n\n"
        assert http.post(f"/v1/turns/{events[0]['turn']}/stop").status_code == 204
        assert http.patch(path, json={"title": "Vacaciones"}).status_code == 204
        assert http.get("/v1/conversations", params={"search": "vacaciones"}).json()[0]["title"] == "Vacaciones"
        assert http.get(f"{path}/export").text.startswith("# Vacaciones\n")
        assert http.delete(path).status_code == 204
        assert http.get(path).status_code == 404 and http.get(path).json()["error"]["code"] == "conversation_not_found"
        assert http.post(f"{path}/turns", json={"question": QUESTION_ES}).status_code == 404


def test_while_nothing_comes_there_are_signs_of_life_that_no_client_shows(
    house: House, fake: FakeOpenAI, monkeypatch: pytest.MonkeyPatch
) -> None:
    fake.token_s, heard = 0.05, list[str]()
    monkeypatch.setattr(keep_alive, "SILENT_SECONDS", 0.01)

    async def hear(response: httpx.Response) -> None:
        await response.aread()
        heard.append(response.text)

    async def ask() -> tuple[str, list[str]]:
        app = make_api(house)
        app.include_router(chat)
        transport, hooks = httpx.ASGITransport(app), {"response": [hear]}
        async with httpx.AsyncClient(transport=transport, base_url="http://127.0.0.1", event_hooks=hooks) as http:
            client = openai.AsyncOpenAI(base_url="http://127.0.0.1/v1", api_key="local", http_client=http)
            told: Any = [{"role": "user", "content": QUESTION_ES}]
            chunks = await client.chat.completions.create(model="scripted", messages=told, stream=True)
            pieces = [chunk.choices[0].delta.content or "" async for chunk in chunks]
            page = await http.post("/page/es/chat/ask", json={"question": QUESTION_ES})
        return "".join(pieces), page.text.splitlines()

    answer, page = asyncio.run(ask())
    events = heard[0].removesuffix("\n\n").split("\n\n")
    assert answer == ANSWER_ES and COMMENT.strip() in events and events[-1] == "data: [DONE]"
    assert all(event == COMMENT.strip() or event.startswith("data: ") for event in events)
    assert "" in page and "done" in json.loads(page[-1])


def test_a_sign_comes_when_nothing_else_does_and_closing_reaches_the_lines(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(keep_alive, "SILENT_SECONDS", 0.01)

    async def listen() -> tuple[list[str], bool]:
        signed, closed, heard = asyncio.Event(), asyncio.Event(), list[str]()

        async def lines() -> AsyncGenerator[str, None]:
            try:
                yield "one"
                await signed.wait()
                yield "two"
                await asyncio.Event().wait()
            finally:
                closed.set()

        async with aclosing(kept_alive(lines(), "sign")) as told:
            async for line in told:
                heard.append(line)
                if line == "sign":
                    signed.set()
                if line == "two":
                    break
        return heard, closed.is_set()

    heard, closed = asyncio.run(listen())
    assert list(dict.fromkeys(heard)) == ["one", "sign", "two"] and closed
