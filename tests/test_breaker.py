"""When a back end is left alone, and when it is tried again."""

import pytest

from assistant.backends.common.breaker import CircuitBreaker
from assistant.errors import (
    BackendBusy,
    BackendError,
    BackendFailed,
    BackendRefused,
    BackendTimeout,
    BackendUnavailable,
    BackendUnreachable,
    PromptTooLong,
)


class Clock:
    """Moves only when told."""

    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def breaker(clock: Clock) -> CircuitBreaker:
    return CircuitBreaker("back end 'gpu' (vllm)", failures=3, pause_s=30, clock=clock)


def fail(breaker: CircuitBreaker, error: BackendError) -> None:
    with pytest.raises(type(error)), breaker.trial():
        raise error


def succeed(breaker: CircuitBreaker) -> None:
    with breaker.trial():
        pass


def open_up(breaker: CircuitBreaker) -> None:
    for _ in range(3):
        fail(breaker, BackendTimeout("It was late."))


@pytest.mark.parametrize("kind", [BackendUnreachable, BackendTimeout, BackendFailed])
def test_faults_in_a_row_open_it(breaker, clock, kind) -> None:
    for _ in range(2):
        fail(breaker, kind("The last word: try again."))
        assert breaker.state == "closed"
    fail(breaker, kind("The last word: try again."))
    assert breaker.state == "open"
    clock.now += 12
    with pytest.raises(BackendUnavailable) as caught:
        breaker.trial()
    assert caught.value.message == (
        "back end 'gpu' (vllm) failed 3 times in a row and is tried again in 18 s (last: The last word: try again)."
    )


@pytest.mark.parametrize("kind", [BackendRefused, PromptTooLong])
def test_a_refusal_shows_that_it_lives(breaker, kind) -> None:
    for _ in range(5):
        fail(breaker, BackendTimeout("late"))
        fail(breaker, kind("refused"))
    assert breaker.state == "closed"


def test_being_busy_proves_nothing(breaker) -> None:
    for _ in range(9):
        fail(breaker, BackendBusy("busy"))
    assert breaker.state == "closed"
    for _ in range(3):
        fail(breaker, BackendTimeout("late"))
        fail(breaker, BackendBusy("busy")) if breaker.state == "closed" else None
    assert breaker.state == "open"


def test_a_success_ends_the_row(breaker) -> None:
    for _ in range(5):
        fail(breaker, BackendTimeout("late"))
        fail(breaker, BackendTimeout("late"))
        succeed(breaker)
    assert breaker.state == "closed"


def test_after_the_pause_one_caller_tries_and_success_closes_it(breaker, clock) -> None:
    open_up(breaker)
    clock.now += 30
    assert breaker.state == "half-open"
    trial = breaker.trial()
    with pytest.raises(BackendUnavailable):
        breaker.trial()
    trial.end(None, worked=True)
    assert breaker.state == "closed"
    succeed(breaker)


def test_after_the_pause_one_fault_opens_it_again(breaker, clock) -> None:
    open_up(breaker)
    clock.now += 31
    fail(breaker, BackendUnreachable("gone"))
    assert breaker.state == "open"
    clock.now += 29
    with pytest.raises(BackendUnavailable, match="failed 4 times in a row and is tried again in 1 s"):
        breaker.trial()


def test_a_trial_that_its_caller_gave_up_lets_the_next_one_try(breaker, clock) -> None:
    open_up(breaker)
    clock.now += 30
    breaker.trial().end(None, worked=False)
    assert breaker.state == "half-open"
    succeed(breaker)
    assert breaker.state == "closed"


def test_a_trial_that_never_ends_blocks_for_one_pause_only(breaker, clock) -> None:
    open_up(breaker)
    clock.now += 30
    breaker.trial()
    clock.now += 30
    succeed(breaker)
    assert breaker.state == "closed"


def test_a_trial_that_ends_late_opens_nothing_that_works_again(breaker, clock) -> None:
    open_up(breaker)
    clock.now += 30
    late = breaker.trial()
    clock.now += 30
    succeed(breaker)
    late.end(None, worked=False)
    assert breaker.state == "closed"


def test_the_last_error_stays_after_a_recovery(breaker) -> None:
    assert breaker.last_error is None and breaker.last_error_at is None
    fail(breaker, BackendRefused("The key is wrong: set it."))
    succeed(breaker)
    assert breaker.last_error == "The key is wrong: set it."
    assert breaker.last_error_at is not None and breaker.last_error_at.tzinfo is not None
