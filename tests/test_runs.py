"""Runs on the disk: what is written is read back equal, and a kill in the middle of a line takes that line only."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from assistant.found import Found
from assistant.hardware import Machine
from assistant.types import Citation, GroundedSentence, Source, Timings, Usage
from eval.frozen import EvidenceRow
from eval.manifest import BackendManifest, Manifest, Sampling
from eval.questions import Question, Reference, Turn
from eval.rows import AnswerRow, Key, Measurement, ScoreRow, Speed
from eval.runs import Run, create_run, latest_like, list_runs, new_id, open_run
from ingest.errors import ConfigError, StoreError
from tests.building import make_evidence

QUESTIONS = [
    Question(
        id="q-1",
        question="¿Y en Francia?",
        language="es",
        answerable=True,
        reference="35 €",
        sources=(Reference(document="dietas.csv", page=1, quote="35,00 €"),),
        facts=(("35", "35.00"),),
        history=(Turn(role="user", text="¿Cuánto es la media dieta?"),),
    ),
    Question(id="q-2", question="Who wrote it?", language="en", answerable=False, plain=True),
]
MACHINE = Machine("Linux", "cpu", (), 2, 8, 8, (), None, 20.0, True)
SOURCE = Source(1, "c", "docs", "d", "dietas.csv", "Dietas", 1, "sheet", ("A",), None, "Francia", "Francia: 35 €", 0.9)
ROW = AnswerRow(
    Key("q-1", "local"),
    "ok",
    "es",
    text="Son 35 € [1].",
    sources=(SOURCE,),
    citations=(Citation(1, 0, 13, "35 €", True),),
    sentences=(GroundedSentence(0, 13, "supported", 1.0, "number"),),
    usage=Usage(120, 8, 20),
    timings=Timings(ttft_ms=12.5),
    speed=Speed(ttft_ms=12.5, chunk_gaps_ms=(1.5, 2.5)),
    at="2026-11-21T14:00:00+00:00",
    load=0.5,
)


def make_manifest(id: str = "20261121-140000-viajes", **changes: object) -> Manifest:
    manifest = Manifest(
        id=id,
        started="2026-11-21T14:00:00+00:00",
        command="midas eval run",
        git_commit=None,
        dirty=None,
        code_sha256="c",
        collections=(),
        questions_file="viajes.jsonl",
        questions_sha256="q",
        n_questions=2,
        left_out=0,
        repeats=2,
        prompts_sha256="p",
        retrieval={"top_k": 8},
        backends={
            "local": BackendManifest(kind="llama-cpp", model="a", options={}),
            "other": BackendManifest(kind="ollama", model="b", options={}),
        },
        sampling=Sampling(max_tokens=200, plain_max_tokens=512),
        evidence="frozen",
        hardware=MACHINE,
        dependencies={},
        tools={},
    )
    return manifest.model_copy(update=changes)


@pytest.fixture
def run(tmp_path: Path) -> Run:
    return create_run(tmp_path, make_manifest(), QUESTIONS)


def test_what_is_written_is_read_back_equal(run: Run, tmp_path: Path) -> None:
    evidence = tuple(make_evidence(["La media dieta en Francia es de 35 €."]))
    found = Found(("docs",), tuple(item.hit for item in evidence), evidence, 450, "estimate", Timings(embed_ms=1.0), 7.5)
    row, score = EvidenceRow("q-1", found.digest, found), ScoreRow(ROW.key, "hit@1", 1.0)
    figure = Measurement("local", "memory_peak", 2.0, "bytes", ROW.at, "pss")
    for written in (ROW, score, figure, row):
        run.append(written)
    again = open_run(tmp_path, "latest")
    assert again == run
    assert (again.answers(), again.scores(), again.measurements(), again.evidence()) == ([ROW], [score], [figure], [row])
    assert again.questions() == QUESTIONS


def test_a_run_asks_every_question_of_every_back_end_as_often_as_wanted(run: Run) -> None:
    keys = run.keys(run.questions())
    assert keys[:3] == [Key("q-1", "local", 0), Key("q-2", "local", 0), Key("q-1", "local", 1)]
    assert len(set(keys)) == len(keys) == 8


@pytest.mark.parametrize("torn", [b'{"key": {"quest', b"\xc3", b"x" * 200_000])
def test_a_torn_last_line_is_not_read_and_gives_way_to_the_next_row(run: Run, torn: bytes) -> None:
    run.append(ROW)
    path = run.directory / "answers.jsonl"
    with path.open("ab") as file:
        file.write(torn)
    assert run.answers() == [ROW]
    other = replace(ROW, key=Key("q-2", "local"))
    run.append(other)
    assert run.answers() == [ROW, other]
    assert torn not in path.read_bytes()


def test_a_file_that_holds_only_a_torn_line_begins_anew(run: Run) -> None:
    (run.directory / "answers.jsonl").write_bytes(b'{"key"')
    assert run.answers() == []
    run.append(ROW)
    assert run.answers() == [ROW]


def test_a_line_that_is_no_row_is_named(run: Run) -> None:
    run.append(ROW)
    with (run.directory / "answers.jsonl").open("ab") as file:
        file.write(b'{"key": 1}\n')
    with pytest.raises(StoreError, match=r"Line 2 of .*answers\.jsonl is no AnswerRow"):
        run.answers()


def test_the_last_row_of_a_key_holds(run: Run) -> None:
    failed = AnswerRow(ROW.key, "error", "es", error="It broke.", error_kind="BackendFailed")
    other = replace(ROW, key=Key("q-2", "local"))
    for row in (failed, other, ROW):
        run.append(row)
    assert run.answers() == [ROW, other]
    run.append(
        ScoreRow(ROW.key, "hit@1", 0.0), ScoreRow(ROW.key, "hit@1", 0.5, scorer="judge"), ScoreRow(ROW.key, "hit@1", 1.0)
    )
    assert [(row.scorer, row.value) for row in run.scores()] == [("rule", 1.0), ("judge", 0.5)]


def test_a_run_is_found_by_its_beginning_or_as_the_latest(tmp_path: Path) -> None:
    for id in ("20261120-1-a", "20261121-1-a", "20261121-2-b"):
        create_run(tmp_path, make_manifest(id), QUESTIONS)
    assert open_run(tmp_path, "latest").id == "20261121-2-b"
    assert open_run(tmp_path, "20261120").id == "20261120-1-a"
    assert [run.id for run in list_runs(tmp_path)] == ["20261120-1-a", "20261121-1-a", "20261121-2-b"]
    with pytest.raises(ConfigError, match="'20261121' is more than one run: there are 20261121-1-a, 20261121-2-b"):
        open_run(tmp_path, "20261121")
    with pytest.raises(ConfigError, match="'x' is no run: there are 20261120-1-a"):
        open_run(tmp_path, "x")


def test_without_runs_it_is_told_how_to_make_one(tmp_path: Path) -> None:
    (tmp_path / "runs" / "20261121-left-by-a-kill").mkdir(parents=True)
    assert list_runs(tmp_path) == []
    with pytest.raises(ConfigError, match="There are no runs yet: `midas eval run` makes one"):
        open_run(tmp_path, "latest")


def test_a_broken_manifest_is_named(run: Run, tmp_path: Path) -> None:
    (run.directory / "manifest.json").write_text("{}")
    with pytest.raises(StoreError, match=r"manifest\.json can't be read"):
        open_run(tmp_path, "latest")


def test_a_run_that_can_t_be_read_does_not_stand_in_the_way(run: Run, tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    """It may be of an older version."""
    broken = create_run(tmp_path, make_manifest("20991231-newer"), QUESTIONS)
    (broken.directory / "manifest.json").write_text("{}")
    assert list_runs(tmp_path) == [run] and latest_like(tmp_path, run.manifest.fingerprint) == run
    assert "20991231-newer/manifest.json can't be read" in caplog.text


def test_two_runs_of_one_second_have_two_ids(tmp_path: Path) -> None:
    questions = Path("Preguntas de viajes (2).jsonl")
    ids = []
    for _ in range(3):
        ids.append(new_id(tmp_path, questions))
        create_run(tmp_path, make_manifest(ids[-1]), QUESTIONS)
    assert len(set(ids)) == 3 and all("-preguntas-de-viajes-2" in id for id in ids)


def test_only_what_decides_about_answers_is_in_the_fingerprint(run: Run, tmp_path: Path) -> None:
    same = make_manifest("20991231-1", started="later", command="other", git_commit="x", finished="now", judge="j", prices="p")
    assert same.fingerprint == run.manifest.fingerprint
    assert latest_like(tmp_path, same.fingerprint) == run
    backends = dict(reversed(run.manifest.backends.items()))
    changes: list[dict[str, object]] = [
        {"questions_sha256": "r"}, {"repeats": 3}, {"evidence": "live"}, {"code_sha256": "d"}, {"retrieval": {"top_k": 9}},
        {"backends": backends}, {"hardware": replace(MACHINE, cpu="another")}, {"dependencies": {"xllamacpp": "2"}},
    ]  # fmt: skip
    for change in changes:
        assert run.manifest.differing(make_manifest(**change)) == list(change)  # type: ignore[arg-type]
    others = {make_manifest(**change).fingerprint for change in changes}  # type: ignore[arg-type]
    assert len(others) == len(changes) and run.manifest.fingerprint not in others
    assert latest_like(tmp_path, others.pop()) is None
