"""Usage and the audit log."""

from __future__ import annotations

import asyncio
import csv
import io
import json
from collections.abc import Iterator
from contextlib import aclosing, closing
from dataclasses import replace
from datetime import UTC, date, datetime
from pathlib import Path
from typing import get_args

import pytest
from fastapi.testclient import TestClient
from typer.testing import CliRunner

import ui
from assistant.types import AnswerEvent, TokenEvent, Usage
from ingest.errors import ConfigError, StoreError
from tests.fake_openai import FakeOpenAI, running
from tests.housing import ADMIN, ANA, LUIS, asked, housed, load
from tests.serving import QUESTION_ES, scripted, write_documents
from ui.api.app import make_api
from ui.cli import app
from ui.desks.asking import Asking
from ui.desks.conversations import Conversations
from ui.desks.ledger import Ledger
from ui.house import House
from ui.ledger.audit import ACTIONS, AuditFilter
from ui.ledger.books import Books
from ui.ledger.report import usage_report
from ui.ledger.usage import By, Counted, UsageFilter, Used
from ui.service import Question, ask

WATERPOLO = "¿Quién ganó la final de waterpolo de Montevideo?"
EVER = UsageFilter()
ALL = AuditFilter()


@pytest.fixture(scope="module")
def fake() -> Iterator[FakeOpenAI]:
    with running(FakeOpenAI(reply=scripted)) as fake:
        yield fake


@pytest.fixture(scope="module")
def kept(fake: FakeOpenAI, tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    folder = tmp_path_factory.mktemp("ledger")
    with housed(folder / "home", fake) as house:
        load(house, "empresa", write_documents(folder / "documents"), "ventas", "compras")
        yield house


@pytest.fixture
def house(kept: House, fake: FakeOpenAI) -> House:
    fake.error, fake.token_s = None, 0.0
    kept.ledger.usage(EVER)
    kept.ledger.sweep(audit_before="9999", usage_before="9999")
    with kept.ledger.database.write() as connection:
        connection.execute("UPDATE audit_since SET at = ''")
    return kept


@pytest.fixture
def books(tmp_path: Path) -> Iterator[Books]:
    books = Books(tmp_path)
    yield books
    books.close()


# Usage


def test_questions_are_counted_by_person_back_end_and_collection(house: House) -> None:
    turn = asyncio.run(asked(house, ANA, QUESTION_ES))
    asyncio.run(ask(Asking(house, ANA), Question(QUESTION_ES)))
    asyncio.run(ask(Asking(house, LUIS), Question(WATERPOLO)))
    assert turn.answer and turn.answer.usage.completion_tokens
    desk = Ledger(house, ADMIN)
    first, second = desk.usage("person", EVER).rows
    assert (first.key, first.name, first.questions, first.declined) == (ANA.id, "ana", 2, 0)
    assert (first.prompt_tokens, first.completion_tokens) == (
        2 * turn.answer.usage.prompt_tokens, 2 * turn.answer.usage.completion_tokens
    )  # fmt: skip
    assert first.generated_s > 0
    assert (second.key, second.questions, second.declined, second.completion_tokens) == (LUIS.id, 1, 1, 0)
    assert [(row.key, row.questions) for row in desk.usage("backend", EVER).rows] == [("scripted", 3)]
    assert [(row.key, row.questions) for row in desk.usage("collection", EVER).rows] == [("empresa", 2), ("", 1)]
    today = datetime.now(UTC).date()
    assert [(row.key, row.questions) for row in desk.usage("day", UsageFilter(today, today)).rows] == [(str(today), 3)]
    assert desk.usage("day", UsageFilter(last=date(2020, 1, 1))).rows == ()
    assert desk.usage("day", EVER).total.questions == 3


def test_errors_and_stops_are_counted(house: House, fake: FakeOpenAI) -> None:
    async def stop() -> None:
        async with aclosing(Asking(house, ANA).stream(Question(QUESTION_ES))) as events:
            async for event in events:
                assert not isinstance(event, AnswerEvent)
                if isinstance(event, TokenEvent):
                    return

    fake.token_s = 0.05
    asyncio.run(stop())
    fake.error = (500, "out of memory")
    for backend in (None, "made-up"):
        with pytest.raises(Exception, match="The model failed|made-up"):
            asyncio.run(ask(Asking(house, ANA), Question(QUESTION_ES, backend=backend)))
    rows = {row.key: row for row in Ledger(house, ADMIN).usage("backend", EVER).rows}
    assert set(rows) == {"scripted", ""}
    assert (rows["scripted"].questions, rows["scripted"].stopped, rows["scripted"].errors) == (2, 1, 1)
    assert (rows[""].questions, rows[""].errors) == (1, 1)


def counted(backend: str, model: str, *, cloud: bool, day: str = "2026-11-20") -> Counted:
    return Counted(day, ANA.id, "ana", backend, model, cloud, ("empresa",), 2, 0, 0, 0, 1_000_000, 400_000, 500_000, 9000.0)


def test_cost_is_told_where_a_price_is_known(tmp_path: Path) -> None:
    (tmp_path / "costs.toml").write_text(
        '[assumptions]\nusd_per_eur = 2.0\n[api.sky-1]\ntitle = "Sky"\ninput_usd = 1.0\ncached_usd = 0.5\noutput_usd = 10.0\n'
    )
    rows = [counted("nube", "sky-1", cloud=True), counted("local", "sky-1", cloud=False), counted("nube2", "x", cloud=True)]
    report = usage_report(rows, "backend", tmp_path)
    costs = {row.key: (row.cost_eur, row.priced) for row in report.rows}
    assert costs == {"nube": (pytest.approx((0.6 + 0.2 + 5.0) / 2), 2), "local": (None, 0), "nube2": (None, 0)}
    assert report.total.cost_eur == costs["nube"][0] and report.total.priced == 2
    assert report.unpriced == ("local", "nube2")


@pytest.mark.parametrize("by", get_args(By))
def test_sums_keep_the_totals(by: By, tmp_path: Path) -> None:
    report = usage_report([counted("a", "x", cloud=False), counted("b", "x", cloud=False, day="2026-11-21")], by, tmp_path)
    assert sum(row.questions for row in report.rows) == report.total.questions == 4
    assert report.rows == tuple(sorted(report.rows, key=lambda row: row.key, reverse=by == "day"))


# Audit


def test_the_log_tells_who_did_what_and_when(books: Books) -> None:
    books.audit(ANA, "signed_in", address="127.0.0.1")
    books.audit(ADMIN, "document_deleted", "empresa/vacaciones.txt", "v2")
    books.audit(None, "sign_in_failed", "ana", address="127.0.0.1")
    last, middle, first = books.audited(ALL, 10)
    assert (first.person, first.name, first.action, first.address) == (ANA.id, "ana", "signed_in", "127.0.0.1")
    assert (middle.subject, middle.detail) == ("empresa/vacaciones.txt", "v2")
    assert (last.person, last.name, last.subject) == ("", "", "ana") and books.failed_sign_ins == 1
    assert first.at <= last.at <= datetime.now(UTC).isoformat()


def test_the_log_is_filtered_and_paged(books: Books) -> None:
    for person in (ANA, LUIS, ANA):
        for action in ("signed_in", "signed_out"):
            books.audit(person, action)
    assert [row.name for row in books.audited(AuditFilter(person="ana", action="signed_in"), 10)] == ["ana", "ana"]
    assert len(books.audited(AuditFilter(person=LUIS.id), 10)) == books.audit_count(AuditFilter(person="luis")) == 2
    today = datetime.now(UTC).date()
    assert len(books.audited(AuditFilter(first=today, last=today), 10)) == 6
    assert books.audited(AuditFilter(last=date(2020, 1, 1)), 10) == []
    first = books.audited(ALL, 4)
    rest = books.audited(ALL, 4, first[-1].id)
    assert [row.id for row in first + rest] == [6, 5, 4, 3, 2, 1]


@pytest.mark.parametrize("change", ["DELETE FROM audit", "UPDATE audit SET action = 'signed_out'", "UPDATE audit SET at = ''"])
def test_the_log_can_only_grow(books: Books, change: str) -> None:
    books.audit(ANA, "signed_in")
    with pytest.raises(StoreError, match="the audit log is append-only"), books.database.write() as connection:
        connection.execute(change)
    assert [row.action for row in books.audited(ALL, 10)] == ["signed_in"]


def test_what_is_older_than_the_setting_goes(fake: FakeOpenAI, tmp_path: Path) -> None:
    with housed(tmp_path / "home", fake, retention={"audit_days": 365, "usage_days": 30}) as house:
        house.ledger.audit(ANA, "signed_in")
        with house.ledger.database.write() as connection:
            connection.execute(
                "INSERT INTO audit (at, person, name, action, subject, detail, address)"
                " VALUES ('2020-01-01T00:00:00+00:00', '', '', 'signed_in', '', '', '')"
            )
        house.sweeper.sweep()
        assert [row.person for row in house.ledger.audited(ALL, 10)] == [ANA.id]


def test_a_forgotten_person_leaves_lines_and_counts_without_a_name(house: House) -> None:
    rita = replace(ANA, id="person-rita", name="rita")
    asyncio.run(ask(Asking(house, rita), Question(QUESTION_ES)))
    house.ledger.audit(rita, "signed_in", address="127.0.0.1")
    house.ledger.audit(ADMIN, "user_changed", "rita", "role", address="127.0.0.1")
    house.ledger.audit(LUIS, "signed_in", address="127.0.0.1")
    house.ledger.forget(rita.id, "rita")
    house.ledger.audit(rita, "signed_out")
    asyncio.run(ask(Asking(house, rita), Question(QUESTION_ES)))
    hers = [row for row in house.ledger.audited(ALL, 10) if row.person != LUIS.id]
    assert [row.action for row in hers] == ["signed_out", "user_changed", "signed_in"]
    assert "rita" not in str(hers) and "127.0.0.1" not in str(hers)
    [row] = Ledger(house, ADMIN).usage("person", EVER).rows
    assert row.questions == 2 and row.key.startswith("forgotten-") and row.name == ""
    for path in house.settings.home.glob("ledger.db*"):
        assert rita.id.encode() not in path.read_bytes()


def test_every_action_of_the_log_is_written_by_something() -> None:
    files = [path for path in Path(ui.__file__).parent.rglob("*.py") if path.name != "audit.py"]
    code = "".join(path.read_text(encoding="utf-8") for path in files)
    assert not [action for action in ACTIONS if f'"{action}"' not in code]


def test_conversations_that_are_exported_or_deleted_are_in_the_log(house: House) -> None:
    turn, desk = asyncio.run(asked(house, ANA, WATERPOLO)), Conversations(house, ANA)
    desk.markdown(turn.conversation)
    desk.delete(turn.conversation)
    rows = [(row.action, row.subject, row.name, row.detail) for row in house.ledger.audited(ALL, 10)]
    assert rows == [(f"conversation_{what}", turn.conversation, "ana", "") for what in ("deleted", "exported")]


def test_a_cell_of_the_file_is_no_formula(house: House) -> None:
    house.ledger.audit(None, "sign_in_failed", '=HYPERLINK("http://x")')
    heading, *rows = csv.reader(io.StringIO(Ledger(house, ADMIN).audit_csv(ALL)))
    assert heading == ["id", "at", "person", "name", "action", "subject", "detail", "address"]
    assert [row[5] for row in rows] == ["", '\'=HYPERLINK("http://x")']
    assert rows[0][4] == "audit_exported"


def test_questions_are_in_no_log(house: House) -> None:
    asyncio.run(asked(house, ANA, WATERPOLO))
    house.ledger.usage(EVER)
    for path in house.settings.home.glob("ledger.db*"):
        assert b"waterpolo" not in path.read_bytes()


def test_over_http(house: House) -> None:
    with TestClient(make_api(house), base_url="http://127.0.0.1") as http:
        http.post("/v1/chat/completions", json={"messages": [{"role": "user", "content": QUESTION_ES}]})
        report = http.get("/v1/usage", params={"by": "backend", "first": "2026-01-01"}).json()
        assert report["rows"][0]["questions"] == 1 and report["rows"][0]["cost_eur"] is None
        assert report["unpriced"] == ["scripted"]
        text = http.get("/v1/audit.csv")
        assert text.headers["content-type"].startswith("text/csv") and "audit_exported" in text.text
        [row] = http.get("/v1/audit", params={"action": "audit_exported", "person": "local"}).json()
        assert json.dumps(row) and row["name"] == "local"
        assert http.get("/v1/audit", params={"action": "dance"}).status_code == 400
        assert http.get("/v1/audit", params={"last": "9999-12-31"}).status_code == 200


def test_from_the_command_line(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MIDAS_HOME", str(tmp_path))
    with closing(Books(tmp_path)) as books:
        books.audit(ANA, "signed_in", address="127.0.0.1")
        books.used(Used(ANA.id, "ana", "local", "qwen", False, ("empresa",), "answered", Usage(900, 60), 4000.0))

    def run(*words: str) -> str:
        done = CliRunner().invoke(app, words)
        assert done.exit_code == 0, done.output
        return done.stdout

    assert json.loads(run("usage", "--by", "backend", "--json"))["rows"][0]["completion_tokens"] == 60
    assert "ana" in run("usage") and "Without one, and not counted: local." in run("usage")
    assert [row["name"] for row in json.loads(run("audit", "--person", "ana", "--json"))] == ["ana"]
    assert "signed_in" in run("audit", "--action", "signed_in", "--last", "2999-12-31")
    assert run("audit", "--csv").startswith("id,at,person,")
    assert isinstance(CliRunner().invoke(app, ["audit", "--action", "dance"]).exception, ConfigError)
