"""Votes on answers and the inbox that admins read them in."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator

import pytest
from fastapi.testclient import TestClient

from tests.fake_openai import FakeOpenAI, running
from tests.housing import ADMIN, ANA, LUIS, asked, housed, load
from tests.serving import ANSWER_ES, QUESTION_ES, scripted, write_documents
from ui.api.app import make_api
from ui.desks.conversations import Conversations
from ui.desks.feedback import Feedback
from ui.desks.inbox import Inbox
from ui.house import House
from ui.memory.conversation import Turn, Vote
from ui.memory.errors import ConversationNotFound, FeedbackNotFound
from ui.person import NotAllowed

WATERPOLO = "¿Quién ganó la final de waterpolo de Montevideo?"
SAME = "quien gano la FINAL de waterpolo de Montevideo"


@pytest.fixture(scope="module")
def fake() -> Iterator[FakeOpenAI]:
    with running(FakeOpenAI(reply=scripted)) as fake:
        yield fake


@pytest.fixture(scope="module")
def kept(fake: FakeOpenAI, tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    folder = tmp_path_factory.mktemp("feedback")
    with housed(folder / "home", fake) as house:
        load(house, "empresa", write_documents(folder / "documents"), "ventas", "compras")
        yield house


@pytest.fixture
def house(kept: House) -> House:
    kept.settings.inbox.unanswered = True
    for person in (ANA, LUIS):
        kept.memory.forget(person.id)
    with kept.memory.database.write() as connection:
        connection.execute("DELETE FROM feedback")
        connection.execute("DELETE FROM topics")
    return kept


def answered(house: House) -> Turn:
    return asyncio.run(asked(house, ANA, QUESTION_ES))


def test_admins_see_the_vote_with_question_answer_and_evidence(house: House) -> None:
    turn = answered(house)
    Feedback(house, ANA).vote(turn.id, Vote("down", "incomplete", "Falta el convenio."))
    [view] = Inbox(house, ADMIN).feedback()
    assert (view.row.question, view.row.thumb, view.row.reason, view.row.comment) == (
        QUESTION_ES, "down", "incomplete", "Falta el convenio."
    )  # fmt: skip
    assert view.row.answer == turn.answer and view.row.person == ANA.id and view.row.state == "new"
    assert Conversations(house, ANA).turn(turn.id).vote == Vote("down", "incomplete", "Falta el convenio.")


def test_a_second_vote_takes_the_place_of_the_first_and_can_be_withdrawn(house: House) -> None:
    turn = answered(house)
    Feedback(house, ANA).vote(turn.id, Vote("down", "slow"))
    Feedback(house, ANA).vote(turn.id, Vote("up"))
    assert [view.row.thumb for view in Inbox(house, ADMIN).feedback()] == ["up"]
    assert Inbox(house, ADMIN).feedback(thumb="down") == []
    Feedback(house, ANA).withdraw(turn.id)
    assert Inbox(house, ADMIN).feedback() == [] and Conversations(house, ANA).turn(turn.id).vote is None


def test_nobody_votes_on_what_others_were_answered(house: House) -> None:
    turn = answered(house)
    for person in (LUIS, ADMIN):
        for attempt in (lambda desk: desk.vote(turn.id, Vote("up")), lambda desk: desk.withdraw(turn.id)):
            with pytest.raises(ConversationNotFound):
                attempt(Feedback(house, person))
    assert Inbox(house, ADMIN).feedback() == []


def test_the_inbox_is_for_admins(house: House) -> None:
    with pytest.raises(NotAllowed):
        Inbox(house, ANA)


def test_admins_note_how_far_they_are(house: House) -> None:
    Feedback(house, ANA).vote(answered(house).id, Vote("up"))
    inbox = Inbox(house, ADMIN)
    assert inbox.new() == 1
    key = inbox.feedback()[0].row.id
    inbox.handle(key, "done", "Corregido el documento.")
    assert inbox.new() == 0 and inbox.feedback(state="new") == []
    assert inbox.feedback(state="done")[0].row.note == "Corregido el documento."
    inbox.delete(key)
    assert inbox.feedback() == []
    for attempt in (lambda: inbox.handle(key, "seen", ""), lambda: inbox.delete(key)):
        with pytest.raises(FeedbackNotFound):
            attempt()


def test_a_vote_outlives_its_conversation_without_the_person(house: House) -> None:
    turn = answered(house)
    Feedback(house, ANA).vote(turn.id, Vote("up"))
    Conversations(house, ANA).delete(turn.conversation)
    [view] = Inbox(house, ADMIN).feedback()
    assert view.row.person is None and view.name is None and view.row.answer and view.row.answer.text == ANSWER_ES


def test_a_forgotten_person_voted_as_nobody(house: House) -> None:
    Feedback(house, ANA).vote(answered(house).id, Vote("up"))
    house.memory.forget(ANA.id)
    assert [view.row.person for view in Inbox(house, ADMIN).feedback()] == [None]


def test_unanswered_questions_of_the_same_words_are_one(house: House) -> None:
    for person, text in ((ANA, WATERPOLO), (ANA, WATERPOLO), (LUIS, SAME), (LUIS, "¿Cuánto pesa el hipopótamo azul?")):
        asyncio.run(asked(house, person, text))
    answered(house)
    inbox = Inbox(house, ADMIN)
    first, second = inbox.unanswered()
    assert (first.question, first.times, first.people) == (SAME, 3, 2) and (second.times, second.people) == (1, 1)
    assert first.answer and first.answer.declined and first.answer.sources
    inbox.handle_unanswered(first.topic, "done", "Pedido al club.")
    assert [row.topic for row in inbox.unanswered(state="new")] == [second.topic]
    assert inbox.unanswered(state="done")[0].note == "Pedido al club."
    with pytest.raises(FeedbackNotFound):
        inbox.handle_unanswered("nadie preguntó", "done", "")


def test_who_asked_is_not_told(house: House) -> None:
    asyncio.run(asked(house, ANA, WATERPOLO))
    assert ANA.id not in str(Inbox(house, ADMIN).unanswered())


def test_where_admins_do_not_collect_them_unanswered_questions_stay_with_the_person(house: House) -> None:
    house.settings.inbox.unanswered = False
    turn = asyncio.run(asked(house, ANA, WATERPOLO))
    assert Inbox(house, ADMIN).unanswered() == []
    house.settings.inbox.unanswered = True
    assert Inbox(house, ADMIN).unanswered() == [] and turn.answer and turn.answer.declined


def test_a_follow_up_is_told_by_what_was_looked_up(house: House) -> None:
    async def talk() -> None:
        first = await asked(house, ANA, WATERPOLO)
        await asked(house, ANA, "¿Y en 1954?", first.conversation)

    asyncio.run(talk())
    topics = [row.topic for row in Inbox(house, ADMIN).unanswered()]
    assert len(topics) == 2 and any("1954" in topic and "waterpolo" in topic for topic in topics)


def test_the_whole_of_it_over_http(house: House) -> None:
    with TestClient(make_api(house), base_url="http://127.0.0.1") as http:
        conversation = http.post("/v1/conversations", json={}).json()["id"]
        for question in (QUESTION_ES, WATERPOLO):
            http.post(f"/v1/conversations/{conversation}/turns", json={"question": question})
        turn = http.get(f"/v1/conversations/{conversation}").json()["turns"][0]["id"]
        body = {"thumb": "down", "reason": "wrong_source", "comment": "No es ese."}
        assert http.put(f"/v1/turns/{turn}/vote", json=body).status_code == 204
        [view] = http.get("/v1/feedback", params={"thumb": "down", "state": "new"}).json()
        assert view["row"]["comment"] == "No es ese." and view["row"]["answer"]["text"] == ANSWER_ES
        path = f"/v1/feedback/{view['row']['id']}"
        assert http.patch(path, json={"state": "seen"}).status_code == 204
        assert http.delete(path).status_code == 204 and http.delete(path).status_code == 404
        topic = http.get("/v1/unanswered").json()[0]["topic"]
        assert http.patch("/v1/unanswered", json={"topic": topic, "state": "done"}).status_code == 204
        assert http.put(f"/v1/turns/{turn}/vote", json={"thumb": "sideways"}).status_code == 400
        assert http.delete(f"/v1/turns/{turn}/vote").status_code == 204
        house.memory.forget("local")
