"""All judge-free scores together: every registered metric is scored once, and nothing is needed but the base installation."""

from __future__ import annotations

import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from eval.frozen import EvidenceRow
from eval.metrics import ABSTENTION, ANSWER, CITATIONS, METRICS, RETRIEVAL, metric
from eval.rows import AnswerRow, Key
from eval.runs import open_run
from eval.scoring import judge_free, score_run
from ingest.errors import ConfigError
from tests.answered_runs import DOCUMENT, GOOD, Quality, answered_run, make_questions
from tests.building import make_hit

RULED = {metric.name for metric in (*RETRIEVAL, *ANSWER, *CITATIONS, *ABSTENTION)} - {"balanced_accuracy"}


@pytest.mark.parametrize("status", ["ok", "declined", "error"])
def test_every_metric_is_scored_once(status: str) -> None:
    for question in make_questions(6):
        rows = judge_free(question, AnswerRow(Key(question.id, "x"), status, "es", error_kind="BackendTimeout"))  # type: ignore[arg-type]
        assert sorted(row.metric for row in rows) == sorted(RULED)
        assert all((row.value is not None) == (row.status == "ok") for row in rows)
        assert all(row.why for row in rows if row.status != "ok")
        assert all(0 <= row.value <= 1 for row in rows if row.value is not None)


@pytest.mark.parametrize(
    ("answerable", "status", "answered", "declined", "errors"),
    [
        (True, "ok", 1, None, 0),
        (True, "declined", 0, None, 0),
        (True, "error", None, None, 1),
        (False, "ok", None, 0, 0),
        (False, "declined", None, 1, 0),
        (False, "error", None, None, 1),
    ],
)
def test_abstention(answerable: bool, status: str, answered: float | None, declined: float | None, errors: float) -> None:
    question = next(each for each in make_questions(2) if each.answerable == answerable)
    row = AnswerRow(Key(question.id, "x"), status, "es", error_kind="BackendTimeout")  # type: ignore[arg-type]
    scored = {row.metric: row for row in judge_free(question, row)}
    assert scored["answered_answerable"].value == answered
    assert scored["declined_unanswerable"].value == declined
    assert scored["errors"].value == errors
    failed = [name for name in ("answered_answerable", "declined_unanswerable") if scored[name].status == "failed"]
    assert len(failed) == (status == "error")


def test_a_run_is_scored_with_the_searches_it_was_answered_from(tmp_path: Path) -> None:
    from assistant.found import Found
    from assistant.types import Timings

    run = answered_run(tmp_path, "a", {"x": Quality(errors=1.0)}, 4)
    asked = next(question for question in run.questions() if question.answerable)
    hit = make_hit(f"Artículo 1. {asked.sources[0].quote}.", source=DOCUMENT)
    found = Found(("midas",), (hit,), (), 450, "server", Timings(), 5.0)
    run.append(EvidenceRow(asked.id, found.digest, found))
    scores = {(row.key.question, row.metric): row.value for row in score_run(run)}
    assert scores[asked.id, "hit@1"] == 1
    assert scores[asked.id, "correct"] is None
    live = replace(run, manifest=run.manifest.model_copy(update={"evidence": "live"}))
    assert {(row.key.question, row.metric): row.value for row in score_run(live)}[asked.id, "hit@1"] is None


def test_scoring_and_averages_need_no_extra(tmp_path: Path) -> None:
    run = answered_run(tmp_path, "a", {"x": GOOD}, 8)
    code = (
        "import sys; sys.modules.update({'scipy': None, 'statsmodels': None, 'plotly': None, 'locust': None, 'ragas': None})\n"
        "from pathlib import Path\n"
        "from eval.runs import open_run\n"
        "from eval.scoring import score_run\n"
        "from eval.summary import averages\n"
        f"run = open_run(Path({str(tmp_path)!r}), 'a')\n"
        "print(len(list(score_run(run))), next(c.estimate.value for c in averages(run) if c.metric == 'errors'))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == f"{len(run.scores())} 0.0\n"
    assert open_run(tmp_path, "a").scores() == list(score_run(run))


def test_every_metric_explains_itself_in_both_languages() -> None:
    for each in METRICS.values():
        for told in (each.title, each.meaning):
            assert set(told) == {"es", "en"} and all(text.strip() for text in told.values())
        assert each.meaning["es"].endswith(".") and each.meaning["en"].endswith(".")
    for language in ("es", "en"):
        assert len({each.title[language] for each in METRICS.values()}) == len(METRICS)


def test_an_unknown_metric_names_a_near_one() -> None:
    assert metric("correct").unit == "share"
    with pytest.raises(ConfigError, match="There is no metric 'corect': did you mean 'correct'?"):
        metric("corect")
