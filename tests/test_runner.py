"""A run in this process: a real store, real retrieval, real HTTP to scripted models."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from assistant.assistant import Assistant
from assistant.backends import Backends
from assistant.backends.common.breaker import CircuitBreaker
from assistant.config import Settings
from assistant.errors import BackendUnreachable
from eval.evaluation import begin, carry_out
from eval.manifest import EvidenceMode
from eval.patience import Patience
from eval.plan import make_plan
from eval.progress import RunProgress
from eval.rows import Status
from eval.runner import BackendChanged
from eval.runs import Run, open_run
from eval.scorer import score
from ingest.errors import ConfigError
from ingest.pipeline import ingest
from ingest.store import Store
from tests.embedders import HashingEmbedder
from tests.fake_openai import FakeOpenAI, running
from tests.serving import ANSWER_ES, QUESTION_EN, QUESTION_ES, scripted, write_documents

QUESTIONS: list[dict[str, Any]] = [
    {"id": "es", "question": QUESTION_ES, "language": "es", "answerable": True, "reference": "25 días", "facts": [["25"]]},
    {"id": "en", "question": QUESTION_EN, "language": "en", "answerable": True, "reference": "Within 4 hours."},
    {"id": "none", "question": "¿Cuál es la capital de Mongolia?", "language": "es", "answerable": False},
    {"id": "poem", "question": "Escribe un poema sobre el mar.", "language": "es", "answerable": True, "plain": True},
    {"id": "draft", "question": "¿Quién?", "language": "es", "answerable": True, "generated": True},
]
SITES = "Vigo Lugo Soria Jaca Elche Reus Gijón Baeza Cuenca Teruel Zamora Huelva Motril Ronda Ávila Burgos".split()
MENUS = " ".join(f"El menú del comedor de la sede de {site} cuesta {5 + number},20 euros." for number, site in enumerate(SITES))
ASKED = ["es", "en", "none", "poem"]


@dataclass
class Bench:
    """A store with three documents, a question set, and two scripted servers behind several back ends."""

    home: Path
    questions: Path
    store: Store
    fake: FakeOpenAI
    other: FakeOpenAI
    told: list[RunProgress] = field(default_factory=list)

    def settings(self, **sections: dict[str, Any]) -> Settings:
        section = {"kind": "openai-compatible", "model": "scripted", "base_url": self.fake.url}
        usual = {
            "scripted": section,
            "other": {**section, "base_url": self.other.url, "context_window": 512},
            "falling": {**section, "base_url": "http://127.0.0.1:9/v1", "fallback": ["scripted"]},
        }
        return Settings(home=self.home, backends={**usual, **sections}, default_backend="scripted")

    def begin(self, *backends: str, new: bool = True, retry: bool = False, **options: Any) -> Run:
        self.fake.requests.clear()
        self.other.requests.clear()
        usual = {"collections": None, "repeats": 1, "limit": None, "live": False, "command": "midas eval run"}
        questions = options.pop("questions", self.questions)
        plan = make_plan(str(questions), backends, **{**usual, **options})
        return begin(plan, self.settings(), self.store, new=new, retry=retry)

    @property
    def latest(self) -> Run:
        return open_run(self.home, "latest")

    def go_on(self, run: Run, answers: int | None = None, retry: bool = False, settings: Settings | None = None) -> Run:
        """Stops behind so many answers of this session."""
        before = len(run.answers())

        def enough() -> bool:
            return answers is not None and len(run.answers()) - before >= answers

        settings = settings or self.settings()
        work = carry_out(run, settings, self.store, HashingEmbedder(), None, self.told.append, enough, retry=retry)
        return asyncio.run(work)

    def run(self, *backends: str, **options: Any) -> Run:
        return self.go_on(self.begin(*backends, **options))


@pytest.fixture(scope="module")
def bench(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Bench]:
    base = tmp_path_factory.mktemp("runner")
    questions = base / "preguntas.jsonl"
    questions.write_text("\n".join(json.dumps(question) for question in QUESTIONS), encoding="utf-8")
    with running(FakeOpenAI()) as fake, running(FakeOpenAI()) as other:
        settings, embedder = Settings(home=base / "home"), HashingEmbedder()
        with Store.open(settings, embedder) as store:
            documents = write_documents(base / "documents")
            (documents / "comedor.txt").write_text(f"# Comedor\n\n{MENUS}\n", encoding="utf-8")
            ingest(store, embedder, settings, [documents], "empresa")
            yield Bench(base / "home", questions, store, fake, other)


@pytest.fixture(autouse=True)
def calm(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    """Servers that work; one that fails is not waited for."""
    monkeypatch.setattr("eval.runner.LONGEST_S", 0.0)
    for fake in (bench.fake, bench.other):
        fake.reply, fake.error = scripted, None


def asked(fake: FakeOpenAI) -> list[list[str]]:
    """The prompts that came, without those of the warm-up."""
    texts = [[message["content"] for message in body["messages"]] for body in fake.requests if body["max_tokens"] > 1]
    return texts


def statuses(run: Run, backend: str) -> dict[str, Status]:
    return {row.key.question: row.status for row in run.answers() if row.key.backend == backend}


def test_back_ends_answer_from_the_same_evidence(bench: Bench) -> None:
    run = bench.run("scripted", "other")
    assert [row.key.question for row in run.answers()] == ASKED * 2
    assert asked(bench.fake) == asked(bench.other) and len(asked(bench.fake)) == 3
    digests = [{row.evidence for row in run.answers() if row.key.question == id} for id in ASKED]
    assert all(len(kinds) == 1 for kinds in digests) and digests[3] == {None}
    assert {row.question: row.digest for row in run.evidence()} == {
        id: kinds.pop() for id, kinds in zip(ASKED[:3], digests, strict=False)
    }


def test_live_every_back_end_finds_what_its_own_window_holds(bench: Bench) -> None:
    """512 tokens leave less room beside the fixed prompt and the longest answer than the evidence would take."""
    path = bench.home.parent / "menus.jsonl"
    question = {"id": "m", "question": "¿Cuánto cuesta el menú del comedor de cada sede?", "language": "es", "answerable": True}
    path.write_text(json.dumps(question), encoding="utf-8")
    run = bench.run("scripted", "other", questions=path, live=True)
    usual, small = run.answers()
    assert usual.evidence != small.evidence and asked(bench.fake) != asked(bench.other)
    shown = {row.digest: sum(len(item.units) for item in row.found.evidence) for row in run.evidence()}
    assert 0 < shown[str(small.evidence)] < shown[str(usual.evidence)]
    usual, small = bench.run("scripted", "other", questions=path).answers()
    assert usual.evidence == small.evidence and small.error_kind == "PromptTooLong", "the frozen evidence does not fit"


def test_frozen_evidence_gives_the_answer_that_an_employee_gets(bench: Bench) -> None:
    row = bench.run("scripted").answers()[0]
    measured = asked(bench.fake)[0]
    backends = Backends(bench.settings())
    assistant = Assistant(bench.settings(), bench.store, HashingEmbedder(), backends)
    answer = asyncio.run(assistant.ask(QUESTION_ES, language="es"))
    backends.close()
    assert measured == asked(bench.fake)[-1]
    assert (row.text, row.sources, row.citations, row.sentences) == (
        answer.text, answer.sources, answer.citations, answer.sentences,
    )  # fmt: skip
    assert row.text == ANSWER_ES and row.model == "scripted"


def test_a_row_has_its_measurements(bench: Bench) -> None:
    run = bench.run("scripted")
    row, found = run.answers()[0], run.evidence()[0].found
    assert row.speed.ttft_ms and row.speed.total_ms and row.timings.total_ms and row.usage.completion_tokens
    assert row.speed.total_ms > found.milliseconds + row.speed.ttft_ms
    assert row.timings.total_ms > found.milliseconds and row.timings.embed_ms == found.timings.embed_ms
    assert {figure.metric for figure in run.measurements()} >= {"memory_idle", "memory_peak"}
    lines = (run.directory / "measurements.csv").read_text().splitlines()
    assert lines[0] == "backend,question,repeat,metric,value,unit,at"
    assert f"scripted,es,0,ttft_ms,{row.speed.ttft_ms},ms,{row.at}" in lines
    assert any(line.startswith("scripted,,,memory_peak,") for line in lines)


def test_what_was_answered_is_scored(bench: Bench) -> None:
    run = bench.run("scripted")
    scores = {(row.key.question, row.metric): row.value for row in run.scores()}
    assert scores["es", "correct"] == 1 and scores["none", "declined_unanswerable"] == 1
    written = (run.directory / "scores.jsonl").read_bytes()
    asyncio.run(score(run, None, bench.told.append, lambda: False))
    assert (run.directory / "scores.jsonl").read_bytes() == written


def test_a_plain_question_goes_to_the_model_as_it_is(bench: Bench) -> None:
    bench.fake.reply = lambda messages: "Olas. " * 40
    run = bench.run("scripted")
    assert asked(bench.fake)[-1] == ["Escribe un poema sobre el mar."]
    row = run.answers()[-1]
    assert (row.status, row.text, row.sources, row.evidence) == ("ok", "Olas. " * 40, (), None)
    assert row.usage.completion_tokens == 40 and row.speed.ttft_ms


def test_candidates_are_left_out_and_counted(bench: Bench) -> None:
    run = bench.begin("scripted", limit=2)
    assert [question.id for question in run.questions()] == ["es", "en"]
    assert (run.manifest.n_questions, run.manifest.left_out) == (2, 1)


def test_failed_answers_are_rows(bench: Bench) -> None:
    bench.other.error = (500, "out of memory")
    run = bench.run("scripted", "other")
    assert statuses(run, "scripted") == {"es": "ok", "en": "ok", "none": "declined", "poem": "ok"}
    assert statuses(run, "other") == {"es": "error", "en": "error", "none": "declined", "poem": "error"}
    row = next(row for row in run.answers() if row.status == "error")
    assert row.error_kind == "BackendFailed" and "out of memory" in str(row.error)
    assert row.evidence == run.answers()[0].evidence and run.manifest.finished


def test_a_back_end_that_can_t_be_opened_has_a_row_for_every_question_and_no_one_answers_for_it(bench: Bench) -> None:
    run = bench.run("falling", "scripted")
    assert statuses(run, "falling") == dict.fromkeys(ASKED, "error")
    assert {row.error_kind for row in run.answers() if row.key.backend == "falling"} == {"BackendUnreachable"}
    assert statuses(run, "scripted")["es"] == "ok"
    assert run.manifest.backends["falling"].reached is None


def test_a_mistake_of_the_program_is_a_row_too(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*arguments: object, **options: object) -> None:
        raise ZeroDivisionError("by zero")

    monkeypatch.setattr(Assistant, "stream", broken)
    rows = bench.run("scripted").answers()
    assert [row.status for row in rows] == ["error", "error", "error", "ok"]
    assert (rows[0].error, rows[0].error_kind) == ("ZeroDivisionError: by zero", "ZeroDivisionError")


def test_an_unfinished_run_goes_on_where_it_stopped(bench: Bench) -> None:
    run = bench.go_on(bench.begin("scripted", "other", repeats=2), answers=5)
    assert len(run.answers()) == 5 and not run.manifest.finished
    first, questions = run.answers(), len(asked(bench.fake))
    again = bench.begin("scripted", "other", repeats=2, new=False)
    assert again.id == run.id
    whole = bench.go_on(again)
    assert whole.answers()[:5] == first and whole.manifest.finished
    assert [row.key for row in whole.answers()] == whole.keys(whole.questions())
    assert (questions, len(asked(bench.fake)), len(asked(bench.other))) == (4, 2, 6), "what was answered is not asked again"
    assert len(whole.evidence()) == 3, "what was found is not searched again"
    assert bench.begin("scripted", "other", repeats=2, new=False).id != run.id, "a finished run is not gone on with"


def test_other_questions_begin_another_run(bench: Bench) -> None:
    run = bench.go_on(bench.begin("scripted"), answers=1)
    assert bench.begin("scripted", new=False, limit=3).id != run.id
    assert bench.begin("scripted", new=False, live=True).id != run.id
    assert bench.begin("scripted", new=False).id == run.id
    assert bench.begin("scripted", new=True).id != run.id


def test_only_what_failed_is_asked_again(bench: Bench) -> None:
    bench.other.error = (500, "out of memory")
    run = bench.run("scripted", "other")
    bench.other.error = None
    again = bench.begin("scripted", "other", new=False, retry=True)
    assert again.id == run.id
    mended = bench.go_on(again, retry=True)
    assert statuses(mended, "other") == {"es": "ok", "en": "ok", "none": "declined", "poem": "ok"}
    assert (len(asked(bench.fake)), len(asked(bench.other))) == (0, 3)
    scores = {(row.key.backend, row.key.question, row.metric): row.status for row in mended.scores()}
    assert scores["other", "es", "correct"] == "ok"
    with pytest.raises(ConfigError, match="There is no run of this command whose failures could be asked again"):
        bench.begin("other", new=False, retry=True, repeats=7)


def test_a_run_does_not_go_on_with_another_model(bench: Bench) -> None:
    """The window, asked of the server, is another than before."""
    settings = bench.settings(growing={"kind": "openai-compatible", "model": "scripted", "base_url": bench.fake.url})
    plan = make_plan(str(bench.questions), ["growing"], None, repeats=1, limit=None, live=False, command="")
    run = bench.go_on(begin(plan, settings, bench.store, new=True), answers=1, settings=settings)
    reached = run.manifest.backends["growing"]
    before = reached.model_copy(
        update={"reached": reached.reached and reached.reached.model_copy(update={"model_digest": "x"})}
    )
    run = run.with_manifest(run.manifest.model_copy(update={"backends": {"growing": before}}))
    with pytest.raises(BackendChanged, match="Back end 'growing' is not what it was as this run began"):
        bench.go_on(run, settings=settings)
    assert len(run.answers()) == 1


@pytest.mark.parametrize(("questions", "mode"), [("poem", "none"), ("es", "frozen")])
def test_questions_about_documents_name_the_collections(
    bench: Bench, tmp_path: Path, questions: str, mode: EvidenceMode
) -> None:
    path = tmp_path / "set.jsonl"
    path.write_text(json.dumps(next(question for question in QUESTIONS if question["id"] == questions)), encoding="utf-8")
    plan = make_plan(str(path), ["scripted"], None, repeats=1, limit=None, live=False, command="")
    manifest = begin(plan, bench.settings(), bench.store, new=True).manifest
    assert manifest.evidence == mode
    assert [collection.documents for collection in manifest.collections] == ([] if mode == "none" else [4])


def test_a_plan_is_checked(bench: Bench, tmp_path: Path) -> None:
    def plan(*lines: dict[str, Any], backends: tuple[str, ...] = ("scripted",)) -> None:
        path = tmp_path / "set.jsonl"
        path.write_text("\n".join(map(json.dumps, lines)), encoding="utf-8")
        make_plan(str(path), backends, None, repeats=1, limit=None, live=False, command="")

    with pytest.raises(ConfigError, match="has no question that could be asked"):
        plan(QUESTIONS[4])
    with pytest.raises(ConfigError, match="has two questions with the id es"):
        plan(QUESTIONS[0], QUESTIONS[0])
    with pytest.raises(ConfigError, match="A back end is named twice"):
        plan(QUESTIONS[0], backends=("scripted", "scripted"))


def test_progress_tells_what_is_done_and_how_long_the_rest_takes(bench: Bench) -> None:
    bench.told.clear()
    bench.run("scripted", "other")
    answering = [told for told in bench.told if told.total == 8]
    assert [told.done for told in answering] == [0, 0, 1, 2, 3, 4, 4, 5, 6, 7]
    assert answering[0].left_s is None and all(told.left_s is not None for told in answering[2:])
    assert answering[1].doing == "scripted: es"


def test_a_back_end_that_failed_is_waited_for() -> None:
    breaker = CircuitBreaker(failures=1, pause_s=1.2)

    def fail() -> None:
        with pytest.raises(BackendUnreachable), breaker.trial():
            raise BackendUnreachable("It is gone.")

    fail()
    asyncio.run(Patience(breaker, 60.0).wait(lambda: False))
    assert breaker.state == "half-open"
    fail()
    for patience, cancelled in ((Patience(breaker, 0.0), False), (Patience(breaker, 60.0), True)):
        asyncio.run(patience.wait(lambda cancelled=cancelled: cancelled))  # type: ignore[misc]
        assert breaker.state == "open"
