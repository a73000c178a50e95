"""Speed of one answer and of many, with a clock that the test moves."""

from __future__ import annotations

import random

import pytest
from scipy.stats import quantile_test

from assistant.types import Answer, AnswerEvent, Event, StatusEvent, Timings, TokenEvent, Usage
from eval.latency import Stopwatch, percentile, samples_for, spread


def measured(*happened: tuple[float, Event]) -> Stopwatch:
    """A stopwatch that started at 0 and saw each event at its second."""
    now = 0.0
    watch = Stopwatch(lambda: now)
    for second, event in happened:
        now = second
        watch.see(event)
    return watch


def answer(ttft_ms: float | None = None, **tokens: int) -> AnswerEvent:
    return AnswerEvent(Answer("a b c", "¿?", "es", usage=Usage(9, **tokens), timings=Timings(ttft_ms=ttft_ms)))


READING, WRITING = StatusEvent("reading", passages=1), StatusEvent("writing")


def test_the_figures_of_an_answer() -> None:
    speed = measured(
        (0.1, StatusEvent("searching")),
        (1.0, READING),
        (3.0, TokenEvent("abc")),
        (3.5, TokenEvent("defg")),
        (5.0, TokenEvent("h")),
        (6.0, answer(2000.0, completion_tokens=5)),
    ).speed()
    assert (speed.ttft_ms, speed.e2e_ms, speed.total_ms, speed.queued_ms) == (2000, 4000, 6000, 0)
    assert (speed.tpot_ms, speed.tokens_per_s, speed.characters_per_s) == (500, 2, 2.5)
    assert speed.chunk_gaps_ms == (500, 1500)


def test_the_first_piece_counts_from_when_it_came_and_not_from_when_it_was_shown() -> None:
    """The assistant holds back what may become a refusal; the answer's own timings know better."""
    watch = measured(
        (1.0, READING), (4.0, TokenEvent("No se")), (5.0, TokenEvent(".")), (6.0, answer(500.0, completion_tokens=8))
    )
    assert watch.speed().ttft_ms == 500
    assert watch.speed().tpot_ms == (4000 - 500) / 7
    assert watch.first_shown_ms == 4000


def test_tokens_of_the_check_are_no_part_of_the_answer() -> None:
    events = (
        (0.0, READING),
        (1.0, TokenEvent("a")),
        (3.0, TokenEvent("b")),
        (9.0, answer(completion_tokens=6, check_tokens=1)),
    )
    assert measured(*events).speed().tpot_ms == 2000 / 4


def test_the_wait_in_the_queue() -> None:
    watch = measured((0.5, StatusEvent("queued", position=2)), (2.0, StatusEvent("queued", position=1)), (3.5, READING))
    assert watch.speed().queued_ms == 3000


def test_what_a_back_end_wrote_that_then_failed_is_not_measured() -> None:
    speed = measured(
        (1.0, READING),
        (2.0, TokenEvent("void")),
        (4.0, StatusEvent("fallback", backend="b", notice="n")),
        (5.0, READING),
        (6.0, TokenEvent("a")),
        (7.0, TokenEvent("b")),
        (8.0, answer(completion_tokens=2)),
    ).speed()
    assert (speed.ttft_ms, speed.e2e_ms, speed.tpot_ms, speed.chunk_gaps_ms, speed.total_ms) == (
        1000,
        2000,
        1000,
        (1000,),
        8000,
    )


def test_an_answer_without_a_model_has_only_its_total() -> None:
    speed = measured((0.1, StatusEvent("searching")), (0.2, answer())).speed()
    assert (speed.ttft_ms, speed.e2e_ms, speed.tpot_ms, speed.queued_ms, speed.total_ms) == (None, None, None, None, 200)


def test_one_piece_has_no_pace() -> None:
    speed = measured((0.0, READING), (1.0, TokenEvent("todo")), (2.0, answer(1000.0, completion_tokens=9))).speed()
    assert (speed.ttft_ms, speed.e2e_ms, speed.tpot_ms, speed.tokens_per_s, speed.characters_per_s) == (
        1000,
        1000,
        None,
        None,
        None,
    )


def test_a_model_that_is_asked_directly() -> None:
    watch = measured((0.5, READING), (1.5, TokenEvent("a")), (1.7, TokenEvent("")), (2.5, TokenEvent("b")))
    speed = watch.speed(Usage(3, 3))
    assert (speed.ttft_ms, speed.e2e_ms, speed.tpot_ms, speed.total_ms) == (1000, 2000, 500, 2500)


def test_nothing_was_shown() -> None:
    assert measured((1.0, READING)).first_shown_ms is None


def test_percentiles_need_samples() -> None:
    assert [samples_for(q) for q in (0.5, 0.95, 0.05, 0.99)] == [6, 72, 72, 368]
    assert percentile(range(71), 0.95) is None
    assert percentile(range(101), 0.95) == 95


def test_no_values_have_no_spread() -> None:
    assert spread([]) is None


@pytest.mark.parametrize("n", [5, 6, 7, 30, 72, 400])
def test_the_interval_of_the_median_is_scipys(n: int) -> None:
    chance = random.Random(n)
    values = [chance.lognormvariate(0, 1) for _ in range(n)]
    found, expected = spread(values), quantile_test(values, q=0, p=0.5).confidence_interval(0.95)
    assert found is not None
    if n < samples_for(0.5):
        assert (found.low, found.high) == (None, None)
    else:
        assert (found.low, found.high) == (expected.low, expected.high)
    assert (found.p95 is None, found.p99 is None) == (n < 72, n < 368)
