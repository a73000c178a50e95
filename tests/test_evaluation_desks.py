"""Evaluators' desks and their routes: question sets, runs that the server carries out, votes, marks, costs, reports."""

from __future__ import annotations

import io
import json
import sys
import threading
import zipfile
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from fastapi.testclient import TestClient

from assistant.errors import CollectionIsPrivate
from eval.errors import EvaluationNotFound
from eval.load import load_results, save
from eval.questions import Question, load_questions
from eval.runs import open_run, utc_now
from ingest.errors import ConfigError, MissingExtra
from tests.fake_openai import FakeOpenAI, running
from tests.finished_runs import finished_run
from tests.housing import housed, load
from tests.people import client_of, house_at
from tests.reporting import add_load
from tests.serving import QUESTION_ES, scripted, write_documents
from ui.desks import question_sets
from ui.desks.arena import Voting
from ui.desks.costs import Costs
from ui.desks.loads import Loads
from ui.desks.marking import Marking, Marks
from ui.desks.people import People
from ui.desks.question_sets import FOLDER, About, QuestionSets, SetView
from ui.desks.reports import Reports
from ui.desks.runs import Runs, RunView, Wanted
from ui.house import House
from ui.ledger.audit import AuditFilter
from ui.people.errors import LastAdmin
from ui.person import SERVER, NotAllowed, Person
from ui.web.spanish import spanish

EVA = Person("person-eva", "eva", "evaluator", frozenset({"ventas"}))
ANA = Person("person-ana", "ana", "evaluator", frozenset({"rrhh"}))
ROOT = Person("person-root", "root", "admin")
TABLE = f"""pregunta;respuesta;documento;cita
{QUESTION_ES};25 días laborables;vacaciones.txt;25 días laborables de vacaciones al año
¿Cuál es la dieta completa en Francia?;70,00 €;dietas.csv;70,00 €
¿Con cuánta antelación se solicitan las vacaciones?;Con quince días;vacaciones.txt;quince días de antelación
"""
WRITTEN = {
    "quote": "Los empleados tienen derecho a 25 días laborables de vacaciones al año",
    "question": "¿A cuántos días laborables de vacaciones tienen derecho los empleados?",
    "answer": "25 días laborables",
}
CANDIDATE = Question(
    id="g1", question="¿Dónde se piden?", language="es", answerable=True, reference="En el portal.", generated=True
)


@pytest.fixture(scope="module")
def fake() -> Iterator[FakeOpenAI]:
    with running(FakeOpenAI(reply=scripted)) as fake:
        yield fake


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory, fake: FakeOpenAI) -> Iterator[House]:
    """Collection `empresa` is for everyone, `nóminas` for the group rrhh."""
    folder = tmp_path_factory.mktemp("evaluation")
    with housed(folder / "home", fake) as house:
        load(house, "empresa", write_documents(folder / "empresa"), "everyone")
        (folder / "rrhh").mkdir()
        (folder / "rrhh" / "vacaciones.txt").write_text("Los empleados tienen 99 días de vacaciones al año.", encoding="utf-8")
        load(house, "nominas", folder / "rrhh", "rrhh")
        QuestionSets(house, EVA).import_file("viajes", "viajes.csv", TABLE.encode(), "es", ["empresa"])
        yield house


def wait_for(condition: Callable[[], bool]) -> None:
    pause = threading.Event()
    while not condition():
        pause.wait(0.02)


def done(house: House, run: RunView) -> RunView:
    """When nothing goes on on it any more."""
    wait_for(lambda: bool((job := house.evaluations.of(run.id)) and job.finished))
    return Runs(house, ROOT).run(run.id)


def voted_run(house: House, number: int, person: Person | None = None) -> str:
    """A finished run of two back ends, whose pairs are made; one of its own for each test."""
    texts = {"grande": "Son {} días.", "chico": "{} es lo que hay."}
    run = finished_run(house.settings.home, texts, 10, id=f"20261121-1000{number:02}-votos")
    Voting(house, person or EVA).prepare(run.id)
    return run.id


# Question sets


def test_a_set_is_imported_edited_split_copied_and_deleted(house: House) -> None:
    desk = QuestionSets(house, EVA)
    made = desk.import_file("dietas", "Mis dietas.CSV", TABLE.encode(), None, [])
    assert (made.questions, made.rejected) == (3, ())
    first = desk.questions("dietas")[0]
    desk.save("dietas", first.id, first.model_copy(update={"reference": "25"}))
    desk.split("dietas", 0.5)
    desk.delete("dietas", [desk.questions("dietas")[2].id])
    kept = load_questions(house.settings.home / FOLDER / "dietas.jsonl")
    assert [question.reference for question in kept] == ["25", "70,00 €"] and all(question.split for question in kept)
    desk.copy("coding.es", "mis-prompts")
    assert desk.set_view("mis-prompts").plain == desk.set_view("mis-prompts").questions > 0
    for name in ("dietas", "mis-prompts"):
        desk.delete_set(name)
    assert [view.name for view in desk.sets() if not view.packaged] == ["viajes"]


def test_candidates_are_left_out_of_runs_until_somebody_accepts_them(house: House) -> None:
    desk, other = QuestionSets(house, EVA), CANDIDATE.model_copy(update={"id": "g2"})
    desk.import_file("borrador", "a.jsonl", (CANDIDATE.line + other.line).encode(), None, [])
    with pytest.raises(ConfigError, match="accept its candidates"):
        Runs(house, EVA).start(Wanted("borrador", ("scripted",)))
    desk.accept("borrador", ["g1"])
    desk.delete("borrador", ["g2"])
    assert [question.generated for question in desk.questions("borrador")] == [False]
    desk.delete_set("borrador")


def written(house: House, name: str) -> SetView:
    """The set once nobody writes candidates into it."""
    wait_for(lambda: bool((job := QuestionSets(house, ROOT).set_view(name).job) and job.finished))
    return QuestionSets(house, ROOT).set_view(name)


def test_candidates_are_generated_where_only_those_who_may_read_them_see_them(
    house: House, fake: FakeOpenAI, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(fake, "reply", lambda messages: json.dumps(WRITTEN))
    cloudy = {**house.service.settings.backends["scripted"], "cloud": True}
    monkeypatch.setitem(house.service.settings.backends, "nube", cloudy)
    ana, eva = QuestionSets(house, ANA), QuestionSets(house, EVA)
    for desk, name, collection, backend, kind in (
        (eva, "nuevo", "nominas", None, EvaluationNotFound),
        (eva, "nuevo", "empresa", "nadie", ConfigError),
        (eva, "coding.es", "empresa", None, ConfigError),
        (ana, "viajes", "nominas", None, ConfigError),
    ):
        with pytest.raises(kind):
            desk.generate(name, [collection], backend, 1)
    house.service.set_private("nominas", True)
    with pytest.raises(CollectionIsPrivate):
        ana.generate("nuevo", ["nominas"], "nube", 1)
    house.service.set_private("nominas", False)
    assert [view.name for view in ana.sets() if not view.packaged] == ["viajes"]
    eva.generate("nuevo", ["empresa", "empresa"], "nube", 1)
    made = written(house, "nuevo")
    assert made.job and (made.job.state, made.candidates, made.collections) == ("done", 1, ("empresa",))
    [question] = eva.questions("nuevo")
    assert (question.question, question.sources[0].document) == (WRITTEN["question"], "vacaciones.txt")
    eva.accept("nuevo", [question.id])
    eva.generate("nuevo", ["empresa"], None, 2)
    short = written(house, "nuevo").job
    assert (
        short and short.state == "failed" and short.error and short.error.startswith("New questions: 0; passages asked about: ")
    )
    assert "missing: 2 (the question was asked before)" in short.error
    assert spanish(short.error).startswith("Preguntas nuevas: 0; ") and "(la pregunta ya estaba hecha)" in spanish(short.error)
    eva.delete_set("nuevo")
    assert house.evaluations.of("question-sets/nuevo") is None


def test_the_writing_of_candidates_is_stopped_after_the_passage_in_hand(house: House, fake: FakeOpenAI) -> None:
    desk, held, go = QuestionSets(house, EVA), threading.Event(), threading.Event()

    def reply(messages: list[dict[str, Any]]) -> str:
        held.set()
        go.wait()
        return json.dumps(WRITTEN)

    fake.reply = reply
    try:
        desk.generate("parado", ["empresa"], None, 5)
        held.wait()
        for refused in (lambda: desk.generate("parado", ["empresa"], None, 1), lambda: desk.delete_set("parado")):
            with pytest.raises(ConfigError, match="is being worked on"):
                refused()
        stopping = desk.stop("parado").job
        assert stopping and stopping.stopping
    finally:
        go.set()
        fake.reply = scripted
    asked = len(fake.requests)
    stopped = written(house, "parado")
    assert stopped.job and stopped.job.state == "cancelled" and len(fake.requests) == asked
    desk.delete_set("parado")


@pytest.mark.parametrize("name", ["../x", "a/b", "..", ".oculto", "A", "", "coding.es", "viajes", "x" * 64, "a\x00"])
def test_a_set_has_a_name_that_is_no_path_and_is_free(house: House, name: str) -> None:
    before = sorted(house.settings.home.rglob("*.jsonl"))
    with pytest.raises(ConfigError):
        QuestionSets(house, EVA).import_file(name, "a.csv", TABLE.encode(), None, [])
    assert sorted(house.settings.home.rglob("*.jsonl")) == before


@pytest.mark.parametrize(
    ("file", "data", "told"),
    [
        ("a.exe", b"x", "ends in '.exe'"),
        ("a.jsonl", b"{", "Line 1 of malo.jsonl is not JSON"),
        ("a.jsonl", (CANDIDATE.line * 2).encode(), "'g1' stands twice"),
        ("a.xlsx", b"no zip", "no workbook"),
        ("a.csv", b"pregunta\n\xc2\xbfQu\xc3\xa9?\n", "no question that can be imported"),
    ],
)
def test_a_file_that_is_no_set_is_refused_without_naming_our_folders(house: House, file: str, data: bytes, told: str) -> None:
    with pytest.raises(ConfigError) as refused:
        QuestionSets(house, EVA).import_file("malo", file, data, None, [])
    assert told in refused.value.message and "/tmp" not in refused.value.message


def test_a_workbook_that_unpacks_to_too_much_is_not_unpacked(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("xl/worksheets/sheet1.xml", b" " * 100_000)
    monkeypatch.setattr(question_sets, "UNPACKED_BYTES", 99_999)
    with pytest.raises(ConfigError, match="The workbook unpacks to more than"):
        QuestionSets(house, EVA).import_file("bomba", "a.xlsx", file.getvalue(), None, [])


# Runs


def test_a_run_searches_only_what_its_starter_may_read_and_says_that_the_server_was_serving(house: House) -> None:
    run = done(house, Runs(house, EVA).start(Wanted("viajes", ("scripted",))))
    assert run.finished and run.serving and run.collections == ("empresa",) and run.answers == run.expected == 3
    rows, scores = Runs(house, EVA).answers(run.id, "viajes-002")
    assert rows[0].sources and {source.collection for source in rows[0].sources} == {"empresa"} and scores
    told = Reports(house, EVA).file([run.id], "es", "markdown")
    assert "mientras atendía a otras personas" in told
    assert "--collection empresa" in open_run(house.settings.home, run.id).manifest.command


def test_what_one_may_not_read_is_neither_asked_nor_shown_nor_named(house: House) -> None:
    hidden = done(house, Runs(house, ANA).start(Wanted("viajes", ("scripted",), ("empresa", "nominas"))))
    QuestionSets(house, ANA).import_file("secreto", "a.csv", TABLE.encode(), None, ["nominas"])
    assert hidden.id in [run.id for run in Runs(house, ANA).runs()]
    assert hidden.id not in [run.id for run in Runs(house, EVA).runs()]
    assert "secreto" not in [view.name for view in QuestionSets(house, EVA).sets()]
    calls: list[tuple[Callable[[str], object], str]] = [
        (Runs(house, EVA).run, hidden.id),
        (Runs(house, EVA).resume, hidden.id),
        (Reports(house, EVA).summary, hidden.id),
        (lambda id: Reports(house, EVA).data([id]), hidden.id),
        (Voting(house, EVA).next, hidden.id),
        (Marking(house, EVA).sheet, hidden.id),
        (lambda id: Costs(house, EVA).costs(id, {}), hidden.id),
        (QuestionSets(house, EVA).questions, "secreto"),
        (lambda name: Runs(house, EVA).start(Wanted("viajes", ("scripted",), (name,))), "nominas"),
    ]
    for call, name in calls:
        told = []
        for asked in (name, "nunca"):
            with pytest.raises(EvaluationNotFound) as refused:
                call(asked)
            told.append(refused.value.message.replace(repr(asked), "…"))
        assert told[0] == told[1] and name not in told[0]
    with pytest.raises(ConfigError, match="asks about the collection nominas"):
        Runs(house, ANA).start(Wanted("secreto", ("scripted",), ("empresa",)))
    QuestionSets(house, ANA).delete_set("secreto")


def test_a_collection_that_is_made_anew_brings_nothing_back(house: House, tmp_path: Path, fake: FakeOpenAI) -> None:
    """Its name is the same, and what was found in the first one is for nobody who reads the second."""
    write_documents(tmp_path / "docs")
    load(house, "cerrada", tmp_path / "docs", "rrhh")
    run = done(house, Runs(house, ANA).start(Wanted("viajes", ("scripted",), ("empresa", "cerrada"), limit=1)))
    QuestionSets(house, ANA).import_file("de-cerrada", "a.csv", TABLE.encode(), None, ["cerrada"])
    assert run.id in [seen.id for seen in Runs(house, ANA).runs()]
    house.service.delete_collection("cerrada")
    threading.Event().wait(1 - datetime.now(UTC).microsecond / 1e6)
    load(house, "cerrada", tmp_path / "docs", "everyone")
    for person in (ANA, EVA):
        assert run.id not in [seen.id for seen in Runs(house, person).runs()]
        assert "de-cerrada" not in [view.name for view in QuestionSets(house, person).sets()]
    assert run.id in [seen.id for seen in Runs(house, ROOT).runs()]
    house.service.delete_collection("cerrada")
    QuestionSets(house, ROOT).delete_set("de-cerrada")


def test_who_changed_questions_and_started_runs_is_written_down(house: House) -> None:
    sets = QuestionSets(house, EVA)
    sets.copy("viajes", "anotadas")
    sets.split("anotadas", 0.5)
    run = done(house, Runs(house, EVA).start(Wanted("anotadas", ("scripted",), ("empresa",), limit=1)))
    sets.delete_set("anotadas")
    rows = house.ledger.audited(AuditFilter(person="eva"), 4)
    assert [(row.action, row.subject, row.detail) for row in reversed(rows)] == [
        ("questions_changed", "anotadas", "added"), ("questions_changed", "anotadas", ""), ("run_started", run.id, "run"),
        ("questions_changed", "anotadas", "deleted"),
    ]  # fmt: skip


def test_a_run_is_stopped_between_answers_and_goes_on(house: House, fake: FakeOpenAI) -> None:
    fake.token_s = 0.05
    try:
        begun = Runs(house, EVA).start(Wanted("viajes", ("scripted",), repeats=4))
        wait_for(lambda: bool((job := house.evaluations.of(begun.id)) and job.progress and job.progress.done))
        with pytest.raises(ConfigError, match="is being worked on"):
            Runs(house, EVA).resume(begun.id)
        assert Runs(house, EVA).cancel(begun.id).job is not None
        stopped = done(house, begun)
    finally:
        fake.token_s = 0.0
    assert stopped.job and stopped.job.state == "cancelled" and not stopped.finished and 0 < stopped.answers < stopped.expected
    whole = done(house, Runs(house, EVA).resume(begun.id))
    assert whole.finished and whole.answers == whole.expected
    rows = open_run(house.settings.home, begun.id).answers()
    assert len({row.key for row in rows}) == len(rows) == whole.expected


def test_a_run_does_not_go_on_once_what_decides_about_answers_has_changed(house: House) -> None:
    run = open_run(house.settings.home, done(house, Runs(house, EVA).start(Wanted("viajes", ("scripted",), limit=1))).id)
    run.with_manifest(run.manifest.model_copy(update={"code_sha256": "0" * 64}))
    with pytest.raises(ConfigError, match="these have changed since: code_sha256"):
        Runs(house, EVA).resume(run.id)


def test_a_server_that_stops_ends_its_run_at_once_and_keeps_the_answers(tmp_path: Path, fake: FakeOpenAI) -> None:
    fake.token_s = 0.2
    try:
        with housed(tmp_path / "home", fake) as house:
            load(house, "empresa", write_documents(tmp_path / "documents"), "everyone")
            QuestionSets(house, EVA).import_file("viajes", "v.csv", TABLE.encode(), "es", ["empresa"])
            begun = Runs(house, EVA).start(Wanted("viajes", ("scripted",), repeats=10))
            wait_for(lambda: bool(Runs(house, EVA).run(begun.id).answers))
    finally:
        fake.token_s = 0.0
    run = open_run(tmp_path / "home", begun.id)
    assert run.manifest.finished is None and 0 < len(run.answers()) < begun.expected


def test_employees_evaluate_nothing(house: House) -> None:
    for desk in (QuestionSets, Runs, Reports, Voting, Marking, Loads, Costs):
        with pytest.raises(NotAllowed):
            desk(house, replace(EVA, role="employee"))


# People


def test_a_vote_is_given_blind_counted_once_and_taken_back(house: House) -> None:
    run, desk = voted_run(house, 1), Voting(house, EVA)
    first = desk.next(run)
    assert first is not None and "grande" not in repr(first) and "chico" not in repr(first)
    second = desk.vote(run, first.pair, "left", 1200.0, "porque sí")
    assert second is not None and second.pair != first.pair and second.voted == 1
    with pytest.raises(ConfigError, match="already"):
        desk.vote(run, first.pair, "right", 1.0)
    again = desk.undo(run)
    assert again == first
    [row] = house.ledger.audited(AuditFilter(action="votes_changed"), 10)
    assert (row.subject, row.name) == (run, "eva")
    desk.vote(run, first.pair, "both_bad", 900.0)
    found = desk.results(run)
    assert [found.votes, found.voters, found.by_voter[0].voter] == [1, 1, "eva"] and found.both_bad.value == 1
    with pytest.raises(ConfigError, match="no vote of yours"):
        Voting(house, ANA).undo(run)
    assert [(view.pairs, view.voted, view.votes) for view in Voting(house, ANA).arenas() if view.run == run] == [(10, 0, 1)]


def test_marks_are_of_who_is_signed_in_and_the_last_ones_hold(house: House) -> None:
    run, desk = voted_run(house, 2), Marking(house, EVA)
    sheet = desk.sheet(run)
    assert (
        (sheet.number, sheet.answers, sheet.done) == (1, 20, 0) and "grande" not in repr(sheet) and "chico" not in repr(sheet)
    )
    desk.mark(run, sheet.id, Marks(precision=2, clarity=5))
    desk.mark(run, sheet.id, Marks(precision=4, note="mejor de lo que parecía"))
    assert desk.sheet(run).number == 2
    marked = desk.sheet(run, 1)
    assert marked.marks == {"precision": 4, "clarity": 5} and marked.done == 1
    assert Marking(house, ANA).sheet(run, 1).marks == {}
    scores = [score for score in open_run(house.settings.home, run).scores() if score.scorer == "human:eva"]
    assert {score.metric: score.value for score in scores} == {"human_precision": 4.0, "human_clarity": 5.0}
    for marks in (Marks(), Marks(precision=6)):
        with pytest.raises(ConfigError, match="from 1 to 5"):
            desk.mark(run, sheet.id, marks)


def test_who_is_forgotten_has_no_name_in_evaluations_any_more(tmp_path: Path) -> None:
    with house_at(tmp_path) as house:
        people = [house.accounts.person(house.accounts.add(name, "admin").id) for name in ("Zeferina", "luis")]
        run, set_file = voted_run(house, 5, people[0]), tmp_path / FOLDER / "suyas.about.json"
        for person in filter(None, people):
            pair = Voting(house, person).next(run)
            assert pair is not None
            Voting(house, person).vote(run, pair.pair, "left", 100.0)
            Marking(house, person).mark(run, Marking(house, person).sheet(run).id, Marks(precision=2))
            name = "otras" if person.name == "luis" else "suyas"
            QuestionSets(house, person).import_file(name, "a.csv", TABLE.encode(), "es", [])
        scores = (tmp_path / "runs" / run / "scores.jsonl").read_bytes().splitlines()
        People(house, SERVER).make_key("zeferina", "informe")
        People(house, SERVER).forget("zeferina")
        assert not [path for path in tmp_path.rglob("*") if path.is_file() and b"zeferina" in path.read_bytes().lower()]
        voters = {voter.voter for voter in Voting(house, SERVER).results(run).by_voter}
        nobody = About.model_validate_json(set_file.read_bytes()).by
        assert nobody.startswith("forgotten-") and voters == {nobody, "luis"}
        left = (tmp_path / "runs" / run / "scores.jsonl").read_bytes().splitlines()
        assert left == [scores[0].replace(b"zeferina", nobody.encode()), scores[1]]
        assert QuestionSets(house, SERVER).set_view("otras").by == "luis"
        with pytest.raises(LastAdmin):
            People(house, SERVER).forget("luis")
        assert "luis" in {voter.voter for voter in Voting(house, SERVER).results(run).by_voter}


# Load, costs, reports


def test_a_load_test_is_for_those_who_may_read_what_it_searched(house: House) -> None:
    home = house.settings.home
    add_load(home, "grande")
    of_all = load_results(home)[0]
    save(home, replace(of_all, id="abierta", collections=("empresa",), at=utc_now()), [])
    assert [load.id for load in Loads(house, EVA).loads()] == ["abierta"]
    assert {load.id for load in Loads(house, ROOT).loads()} == {"abierta", of_all.id}
    with pytest.raises(EvaluationNotFound, match="there are abierta"):
        Loads(house, EVA).load(of_all.id)


def test_costs_follow_the_figures_that_are_tried_and_nothing_is_written(house: House) -> None:
    desk = Costs(house, EVA)
    usual, many = (desk.costs(None, changes).volume for changes in ({}, {"assumptions.answers_per_month": 5e6}))
    assert many == 5e6 != usual and not (house.settings.home / "costs.toml").exists()
    for changes in ({"assumptions.nada": 1.0}, {"assumptions.pue": -1.0}, {"assumptions.pue": float("nan")}):
        with pytest.raises(ConfigError):
            desk.costs(None, changes)
    with pytest.raises(ConfigError, match="above 0"):
        desk.costs(voted_run(house, 3), {"assumptions.usd_per_eur": 0.0})


def test_without_the_extra_a_report_says_what_is_missing(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    run = voted_run(house, 4)
    monkeypatch.setitem(sys.modules, "plotly.graph_objects", None)
    with pytest.raises(MissingExtra, match=r"pip install 'midas-assistant\[eval\]'"):
        Reports(house, EVA).document([run], "es")


# Routes


@pytest.fixture(scope="module")
def client(house: House) -> TestClient:
    return client_of(house)


def test_the_whole_way_over_rest(client: TestClient, house: House) -> None:
    at = "/v1/evaluation"
    sent = client.post(f"{at}/question-sets", data={"name": "rest", "collections": "empresa"}, files={"file": ("r.csv", TABLE)})
    assert sent.status_code == 201 and sent.json()["questions"] == 3
    started = client.post(f"{at}/runs", json={"questions": "rest", "backends": ["scripted"], "collections": ["empresa"]})
    assert started.status_code == 202 and started.json()["job"]["state"] in ("queued", "running")
    id = started.json()["id"]
    wait_for(lambda: client.get(f"{at}/runs/{id}").json()["job"]["state"] == "done")
    answers = client.get(f"{at}/runs/{id}/answers", params={"question": "rest-002"}).json()
    assert answers["answers"][0]["status"] == "ok" and answers["scores"]
    assert client.get(f"{at}/runs/{id}/summary").json()["questions"] == 3
    assert client.get(f"{at}/diff", params={"before": id, "after": id}).json()["questions"] == 3
    for format, media in (("html", "text/html"), ("markdown", "text/markdown")):
        report = client.get(f"{at}/report", params={"runs": id, "format": format, "language": "en"})
        assert report.status_code == 200 and report.headers["content-type"].startswith(media)
        assert report.headers["content-disposition"].startswith("attachment")
    assert client.post(f"{at}/costs", json={"run": id}).json()["results"]
    more = client.post(f"{at}/question-sets/rest/candidates", json={"collections": ["empresa"], "count": 1})
    assert more.status_code == 202 and more.json()["job"]["what"] == "candidates"
    assert client.post(f"{at}/question-sets/rest/candidates/cancel").status_code == 202
    written(house, "rest")
    assert client.delete(f"{at}/question-sets/rest").status_code == 204
    assert client.get(f"{at}/question-sets/rest").status_code == 404


def test_votes_and_marks_over_rest(client: TestClient, house: House) -> None:
    run = voted_run(house, 5)
    pair = client.get(f"/v1/evaluation/arenas/{run}/next").json()
    body = {"pair": pair["pair"], "choice": "tie", "response_ms": 10}
    assert client.post(f"/v1/evaluation/arenas/{run}/votes", json=body).json()["voted"] == 1
    assert client.delete(f"/v1/evaluation/arenas/{run}/votes/last").json() == pair
    sheet = client.get(f"/v1/evaluation/runs/{run}/sheet").json()
    at = f"/v1/evaluation/runs/{run}/sheets/{sheet['id']}"
    assert client.put(at, json={"clarity": 3}).status_code == 204
    assert client.put(at, json={"clarity": 9}).status_code == 400
    assert client.get(f"/v1/evaluation/runs/{run}/sheet", params={"number": 1}).json()["marks"] == {"clarity": 3}
