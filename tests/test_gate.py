"""`compare` and `gate` on runs whose answers were made up: what is worse is caught, and what is the same passes."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from eval.diff import compare
from eval.gate import GATED, gate
from eval.metrics import METRICS
from eval.questions import load_questions
from eval.rows import Key, ScoreRow
from eval.runs import Run
from ingest.errors import ConfigError
from tests.answered_runs import GOOD, WORSE, Quality, answered_run, make_questions


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("home")


@pytest.fixture(scope="module")
def good(home: Path) -> Run:
    return answered_run(home, "good", {"x": GOOD})


@pytest.fixture(scope="module")
def worse(home: Path) -> Run:
    return answered_run(home, "worse", {"x": WORSE})


def reasons(before: Run, after: Run, **options: object) -> dict[str, str]:
    return {check.metric: str(check.reason) for check in gate(before, after, **options).failures}  # type: ignore[arg-type]


def test_an_identical_run_passes(good: Run, home: Path) -> None:
    again = answered_run(home, "again", {"x": GOOD})
    result = gate(good, again, 0.0)
    assert result.passed and result.checks
    assert result.diff.conditions == () and result.diff.questions == 60
    assert all(change.better == change.worse == () for change in result.diff.changes)


def test_a_worse_prompt_is_caught(good: Run, worse: Run) -> None:
    for significant in (False, True):
        failures = reasons(good, worse, significant=significant)
        assert {"correct", "good", "language", "citation_precision", "declined_unanswerable"} <= failures.keys()
        assert set(failures.values()) == {"worse"}
        assert "answered_answerable" not in failures


def test_a_better_prompt_passes(good: Run, worse: Run) -> None:
    assert gate(worse, good).passed


def test_the_change_is_told_with_its_questions(good: Run, worse: Run) -> None:
    change = compare(good, worse).of("x", "correct")
    assert change is not None
    right = {row.key.question: row.value for row in good.scores() if row.metric == "correct"}
    wrong = {row.key.question: row.value for row in worse.scores() if row.metric == "correct"}
    assert set(change.worse) == {id for id in right if right[id] == 1 and wrong[id] == 0}
    assert set(change.better) == {id for id in right if right[id] == 0 and wrong[id] == 1}
    assert change.drop == pytest.approx((sum(right.values()) - sum(wrong.values())) / 60)  # type: ignore[arg-type]
    assert change.difference.effect.value == pytest.approx(-change.drop)
    assert change.distinguishable
    assert change.difference.test == "mcnemar"


def test_a_small_drop_passes_where_it_is_allowed_or_may_be_chance(good: Run, home: Path) -> None:
    slightly = answered_run(home, "slightly", {"x": Quality(wrong=0.22)})
    drop = compare(good, slightly, metrics=["correct"]).changes[0].drop
    assert 0.02 < drop < 0.2
    assert reasons(good, slightly).keys() == {"correct", "good"}
    assert gate(good, slightly, drop).passed
    assert not gate(good, slightly, drop - 0.001).passed
    assert gate(good, slightly, significant=True).passed


def test_single_metrics_have_limits_of_their_own(good: Run, worse: Run, home: Path) -> None:
    assert reasons(good, worse, max_drop=1.0) == {}
    assert reasons(good, worse, max_drop=1.0, limits={"correct": 0.1}) == {"correct": "worse"}
    slower = answered_run(home, "slower", {"x": Quality(ms=800)})
    assert gate(good, slower).passed
    assert reasons(good, slower, limits={"ttft_ms": 100}) == {"ttft_ms": "worse"}
    assert gate(good, slower, limits={"ttft_ms": 500}).passed
    assert gate(slower, good, limits={"ttft_ms": 0}).passed
    with pytest.raises(ConfigError, match="There is no metric 'speed'"):
        gate(good, worse, limits={"speed": 1})


def test_errors_fail(good: Run, home: Path) -> None:
    flaky = answered_run(home, "flaky", {"x": Quality(errors=0.2)})
    failures = reasons(good, flaky)
    assert failures["errors"] == "worse"
    assert failures["correct"] == "less covered"
    assert gate(flaky, good).passed


def test_missing_answers_fail(good: Run, home: Path) -> None:
    cut = answered_run(home, "cut", {"x": GOOD}, skipped=["q5", "q6"])
    result = gate(good, cut)
    assert [(check.metric, check.drop, check.reason) for check in result.failures] == [("errors", 2, "unanswered")]
    assert result.diff.unanswered == {"x": 2}


def test_questions_that_are_no_longer_asked_fail(good: Run, home: Path) -> None:
    fewer = answered_run(home, "fewer", {"x": GOOD}, questions=good.questions()[:20])
    missing = len(good.questions()) - 20
    assert [(check.drop, check.reason) for check in gate(good, fewer).failures] == [(missing, "not asked")]
    assert gate(fewer, good).passed


def test_a_back_end_that_is_gone_fails_unless_others_are_named(good: Run, home: Path) -> None:
    both = answered_run(home, "pair", {"x": GOOD, "y": GOOD})
    assert [(check.backend, check.reason) for check in gate(both, good).failures] == [("y", "not measured")]
    assert gate(both, good, backends={"x": "x"}).passed


def test_scores_that_are_gone_fail(home: Path) -> None:
    judged, gone = (answered_run(home, name, {"x": GOOD}, 12) for name in ("judged", "gone"))
    judged.append(*(ScoreRow(Key(f"q{n}", "x"), "token_f1", 0.9, scorer="judge") for n in range(12)))
    gone.append(*(ScoreRow(Key(f"q{n}", "x"), "token_f1", None, "failed", scorer="judge") for n in range(12)))
    assert reasons(judged, gone, limits={"token_f1": 0.1}) == {"token_f1": "not measured"}


def test_back_ends_of_other_names_are_paired_by_hand(good: Run, home: Path) -> None:
    renamed = answered_run(home, "renamed", {"y": WORSE})
    assert compare(good, renamed).backends == (("x", "y"),)
    both = answered_run(home, "both", {"y": WORSE, "z": GOOD})
    with pytest.raises(ConfigError, match=r"no back end in common \(x; y, z\): say which to pair, with --backend x=y"):
        compare(good, both)
    assert not gate(good, both, backends={"x": "y"}).passed
    with pytest.raises(ConfigError, match="Run both has no back end 'w': there are y, z"):
        compare(good, both, {"x": "w"})
    within = compare(both, both, {"y": "z"}).of("y", "correct")
    assert within is not None and within.drop < 0


def test_only_questions_that_both_runs_asked_alike_are_compared(good: Run, home: Path) -> None:
    asked = make_questions(40)
    asked[1] = asked[1].model_copy(update={"facts": (("999",),)})
    asked[2] = asked[2].model_copy(update={"tags": ("new",)})
    other = answered_run(home, "other", {"x": GOOD}, questions=asked)
    diff = compare(good, other)
    assert (diff.questions, diff.altered, len(diff.dropped), diff.added) == (39, ("q1",), 20, ())
    assert compare(other, good).added == diff.dropped
    strangers = [question.model_copy(update={"id": f"q{100 + n}"}) for n, question in enumerate(asked)]
    with pytest.raises(ConfigError, match="have no question in common"):
        compare(good, answered_run(home, "strangers", {"x": GOOD}, questions=strangers))


def test_what_the_runs_were_made_with_is_compared(good: Run, home: Path) -> None:
    other = answered_run(home, "prompted", {"x": GOOD})
    other = other.with_manifest(other.manifest.model_copy(update={"prompts_sha256": "1" * 64}))
    assert compare(good, other).conditions == ("prompts_sha256",)


def test_free_memory_is_no_difference_between_runs_but_the_processor_is(good: Run, home: Path) -> None:
    other, machine = answered_run(home, "later", {"x": GOOD}), good.manifest.hardware
    busier = replace(machine, ram_available_bytes=1, disk_free_bytes=1, notes=("Other programs keep the computer busy.",))
    for hardware, differing in ((busier, ()), (replace(machine, cpu="Another"), ("hardware",))):
        later = other.with_manifest(other.manifest.model_copy(update={"hardware": hardware}))
        assert compare(good, later).conditions == differing


def test_runs_without_scores_are_no_pass(home: Path) -> None:
    empty = answered_run(home, "empty", {"x": GOOD}, 4)
    (empty.directory / "scores.jsonl").unlink()
    with pytest.raises(ConfigError, match="share no score: run midas eval score on both"):
        gate(empty, empty)


def test_repeated_answers_are_paired_by_question(home: Path) -> None:
    once, thrice = (answered_run(home, f"times{n}", {"x": GOOD}, 24, repeats=n) for n in (1, 3))
    change = compare(thrice, thrice).of("x", "correct")
    assert change is not None and change.difference.effect.n == 24
    assert compare(once, thrice).of("x", "correct") is not None


def test_all_that_is_gated_is_measured(good: Run) -> None:
    assert set(GATED) <= METRICS.keys()
    assert {check.metric for check in gate(good, good).checks} == set(GATED)
    assert load_questions(good.directory / "questions.jsonl") == good.questions()
