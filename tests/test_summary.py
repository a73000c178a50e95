"""A run's figures: by back end, stratum and scorer, with what is missing told as coverage."""

from __future__ import annotations

from pathlib import Path

import pytest

from eval.questions import Question
from eval.rows import Key, Measurement, ScoreRow
from eval.runs import Run
from eval.statistics import Estimate, wilson
from eval.summary import RunSummary, averages, strata_of, summarise
from tests.answered_runs import DOCUMENT, GOOD, WORSE, Quality, answered_run, make_questions


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Run:
    qualities = {"good": GOOD, "twin": GOOD, "worse": WORSE, "flaky": Quality(errors=0.3)}
    return answered_run(tmp_path_factory.mktemp("home"), "a", qualities, 48)


@pytest.fixture(scope="module")
def summary(run: Run) -> RunSummary:
    return summarise(run)


def estimate(summary: RunSummary, backend: str, metric: str, stratum: str | None = None) -> Estimate:
    cell = summary.cell(backend, metric, stratum)
    assert cell is not None
    return cell.estimate


def test_a_share_is_counted_over_all_questions(run: Run, summary: RunSummary) -> None:
    right = [row.value for row in run.scores() if row.metric == "correct" and row.key.backend == "good"]
    assert len(right) == summary.questions == 48
    assert estimate(summary, "good", "correct") == wilson(right.count(1.0), 48)
    assert summary.backends == ("good", "twin", "worse", "flaky")


def test_strata_divide_the_questions(summary: RunSummary) -> None:
    assert {stratum.partition("=")[0] for stratum in summary.strata} == {"language", "answerable", "document", "tag"}
    assert f"document={DOCUMENT}" in summary.strata
    whole = estimate(summary, "good", "correct")
    parts = [estimate(summary, "good", "correct", f"language={language}") for language in ("es", "en")]
    assert sum(part.n for part in parts) == whole.n == 48
    assert sum((part.value or 0) * part.n for part in parts) == pytest.approx((whole.value or 0) * 48)
    assert estimate(summary, "good", "declined_unanswerable", "answerable=no").n == 12
    assert summary.cell("good", "declined_unanswerable", "answerable=yes") is None


def test_errors_are_gaps_in_the_coverage_of_every_other_figure(run: Run, summary: RunSummary) -> None:
    errors = sum(row.status == "error" and row.key.backend == "flaky" for row in run.answers())
    assert 5 < errors < 25
    assert estimate(summary, "flaky", "errors").value == errors / 48
    assert estimate(summary, "flaky", "correct").coverage == pytest.approx(1 - errors / 48)
    assert estimate(summary, "flaky", "correct").n == 48 - errors


def test_the_abstention_matrix_counts_every_answer_once(summary: RunSummary) -> None:
    for matrix in summary.abstention:
        answerable = matrix.answered_answerable + matrix.declined_answerable
        unanswerable = matrix.answered_unanswerable + matrix.declined_unanswerable
        assert answerable + unanswerable + matrix.errors == 48
        shares = matrix.answered_answerable / answerable, matrix.declined_unanswerable / unanswerable
        assert matrix.balanced_accuracy.value == pytest.approx(sum(shares) / 2)
        assert matrix.balanced_accuracy == estimate(summary, matrix.backend, "balanced_accuracy")


def test_balanced_accuracy_needs_both_kinds_of_questions(summary: RunSummary) -> None:
    assert summary.cell("good", "balanced_accuracy", "language=es") is not None
    assert summary.cell("good", "balanced_accuracy", "answerable=no") is None


def test_speed_is_a_median(run: Run, summary: RunSummary) -> None:
    times = sorted(row.speed.ttft_ms or 0 for row in run.answers() if row.key.backend == "good")
    ttft = estimate(summary, "good", "ttft_ms")
    assert ttft.value == pytest.approx((times[23] + times[24]) / 2)
    assert ttft.method == "order"
    assert summary.cell("good", "e2e_ms") is None


def test_only_real_differences_are_told_apart(summary: RunSummary) -> None:
    pairs = {(pair.metric, pair.first, pair.second): pair for pair in summary.pairs}
    assert pairs["correct", "good", "worse"].distinguishable
    assert (pairs["correct", "good", "worse"].difference.effect.value or 0) < -0.2
    assert not pairs["correct", "good", "twin"].distinguishable
    assert pairs["correct", "good", "twin"] in summary.indistinguishable
    assert all(pair.p_holm >= pair.difference.p for pair in summary.pairs)


def test_judges_are_kept_apart(tmp_path: Path) -> None:
    run = answered_run(tmp_path, "a", {"x": GOOD}, 4)
    for question in run.questions():
        run.append(ScoreRow(Key(question.id, "x"), "token_f1", 0.25, scorer="judge-1"))
        run.append(ScoreRow(Key(question.id, "x"), "token_f1", None, "failed", "no JSON", "judge-2"))
    summary = summarise(run)
    assert estimate(summary, "x", "token_f1") != Estimate(0.25)
    cells = {cell.scorer: cell.estimate for cell in summary.cells if (cell.metric, cell.stratum) == ("token_f1", None)}
    assert cells["judge-1"].value == 0.25
    assert cells["judge-2"] == Estimate(None, coverage=0)
    by_rule = summary.cell("x", "token_f1", scorer="rule")
    assert by_rule is not None and by_rule.estimate == cells["rule"]


def test_answers_that_a_judge_never_came_to_are_gaps_in_its_coverage(tmp_path: Path) -> None:
    run = answered_run(tmp_path, "a", {"x": GOOD}, 20)
    keys = [row.key for row in run.answers()]
    run.append(*(ScoreRow(key, "faithfulness", 1.0, scorer="judge") for key in keys[:4]))
    run.append(*(ScoreRow(key, "faithfulness", None, "not_applicable", "declined", "judge") for key in keys[4:12]))
    run.append(*(ScoreRow(key, "human_clarity", 5.0, scorer="human:ana") for key in keys[:4]))
    summary = summarise(run)
    assert estimate(summary, "x", "faithfulness").coverage == pytest.approx(4 / 12)
    assert estimate(summary, "x", "human_clarity").coverage == 1


def test_figures_of_no_single_answer_are_there_too(tmp_path: Path) -> None:
    run = answered_run(tmp_path, "a", {"x": GOOD}, 4)
    for value in (3.0, 1.0, 2.0):
        run.append(Measurement("x", "cold_start_ms", value, "ms", "2026-11-21T14:00:00+00:00"))
    for cells in (summarise(run).cells, averages(run)):
        cell = next(cell for cell in cells if cell.metric == "cold_start_ms")
        assert (cell.backend, cell.estimate.value, cell.estimate.n) == ("x", 2.0, 3)


def test_the_peak_of_a_run_that_was_gone_on_with_is_the_highest_of_its_parts(tmp_path: Path) -> None:
    run = answered_run(tmp_path, "a", {"x": GOOD}, 4)
    for value in (2e9, 1e9):
        run.append(Measurement("x", "memory_peak", value, "bytes", "2026-11-21T14:00:00+00:00"))
    for cells in (summarise(run).cells, averages(run)):
        assert next(cell.estimate for cell in cells if cell.metric == "memory_peak") == Estimate(2e9, n=2)


def test_averages_are_the_same_figures_without_intervals(run: Run, summary: RunSummary) -> None:
    cells = averages(run)
    assert {cell.metric for cell in cells} == {cell.metric for cell in summary.cells} - {"balanced_accuracy"}
    for cell in cells:
        known = estimate(summary, cell.backend, cell.metric)
        assert cell.estimate.value == pytest.approx(known.value)
        assert (cell.estimate.n, cell.estimate.coverage, cell.estimate.low) == (known.n, known.coverage, None)


def test_repetitions_make_no_more_questions(tmp_path: Path) -> None:
    summary = summarise(answered_run(tmp_path, "a", {"x": GOOD}, 24, repeats=3), strata=False)
    assert estimate(summary, "x", "correct").n == 24
    assert summary.strata == ()


def test_a_question_belongs_to_each_of_its_documents_once() -> None:
    question = make_questions(2)[1]
    twice = question.model_copy(update={"sources": question.sources * 2})
    assert list(strata_of(twice)) == ["language=es", "answerable=yes", f"document={DOCUMENT}", "tag=number"]
    plain = Question(id="p", question="Write.", language="en", answerable=True, plain=True)
    assert list(strata_of(plain)) == ["language=en"]


def test_a_run_without_answers_has_no_figures(tmp_path: Path) -> None:
    summary = summarise(answered_run(tmp_path, "a", {}, 4))
    assert (summary.cells, summary.pairs, summary.abstention, summary.backends) == ((), (), (), ())
