"""Timeouts, retries and the circuit breaker around one call."""

import asyncio
import gc
from collections.abc import AsyncGenerator, Callable
from contextlib import aclosing

import pytest

from assistant.backends.common.breaker import CircuitBreaker
from assistant.backends.common.guard import LONGEST_PAUSE_S, Guard, Timeouts
from assistant.errors import BackendBusy, BackendError, BackendFailed, BackendTimeout, BackendUnavailable, BackendUnreachable

WHERE = "back end 'gpu' (vllm at http://127.0.0.1:8000/v1)"
FAR = 3600.0
SHORT = 0.05


class Model:
    """Writes numbers; each call does the next thing of its script: how many it writes, and how it ends."""

    def __init__(self, *script: tuple[int, BaseException | str | None]) -> None:
        self.script = list(script)
        self.calls = 0
        self.closed = 0

    async def start(self) -> AsyncGenerator[int, None]:
        count, end = self.script[min(self.calls, len(self.script) - 1)]
        self.calls += 1
        try:
            for number in range(count):
                yield number
            if end == "hang":
                await asyncio.sleep(FAR)
            if isinstance(end, BaseException):
                raise end
        finally:
            self.closed += 1


def guard(**options: object) -> Guard:
    return Guard(WHERE, Timeouts(first_token_s=FAR, between_tokens_s=FAR), **options)


async def read(guarded: Guard, start: Callable[[], AsyncGenerator[int, None]]) -> list[int]:
    async with aclosing(guarded.stream(start)) as items:
        return [item async for item in items]


def run(guarded: Guard, model: Model) -> list[int]:
    return asyncio.run(read(guarded, model.start))


def test_what_comes_is_passed_on() -> None:
    model = Model((3, None))
    assert run(guard(), model) == [0, 1, 2]
    assert (model.calls, model.closed) == (1, 1)


def test_silence_before_the_first_token() -> None:
    model = Model((0, "hang"))
    with pytest.raises(BackendTimeout) as caught:
        run(Guard(WHERE, Timeouts(first_token_s=SHORT, between_tokens_s=FAR)), model)
    assert caught.value.message == (
        f"{WHERE} did not send the first token within 0.05 s: "
        "check its log and its load, try again, or raise timeouts.first_token_s."
    )
    assert (model.calls, model.closed) == (1, 1), "it is not asked again, and what was asked is closed"


def test_silence_between_tokens() -> None:
    model = Model((2, "hang"))
    with pytest.raises(
        BackendTimeout, match=r"the next token of its answer within 0\.05 s: .* raise timeouts\.between_tokens_s"
    ):
        run(Guard(WHERE, Timeouts(first_token_s=FAR, between_tokens_s=SHORT)), model)
    assert (model.calls, model.closed) == (1, 1)


def test_a_slow_reader_is_no_silence() -> None:
    async def slowly() -> list[int]:
        found = []
        async with aclosing(
            Guard(WHERE, Timeouts(first_token_s=FAR, between_tokens_s=SHORT)).stream(Model((3, None)).start)
        ) as items:
            async for item in items:
                found.append(item)
                await asyncio.sleep(2 * SHORT)
        return found

    assert asyncio.run(slowly()) == [0, 1, 2]


def test_what_was_not_worked_on_is_sent_again() -> None:
    model = Model((0, BackendBusy("busy", 0.0)), (0, BackendUnreachable("refused", 0.0)), (2, None))
    guarded = guard()
    assert run(guarded, model) == [0, 1]
    assert (model.calls, model.closed) == (3, 3)
    assert guarded.breaker.state == "closed"


def test_it_is_sent_again_only_so_often() -> None:
    model = Model((0, BackendBusy("busy", 0.0)))
    with pytest.raises(BackendBusy):
        run(guard(retries=2), model)
    assert model.calls == 3


@pytest.mark.parametrize(
    "error", [BackendFailed("its own fault"), BackendBusy("no time named"), BackendBusy("too long", LONGEST_PAUSE_S + 1)]
)
def test_what_it_may_have_worked_on_is_not_sent_again(error) -> None:
    model = Model((0, error))
    with pytest.raises(type(error)) as caught:
        run(guard(), model)
    assert caught.value is error and model.calls == 1


def test_nothing_is_sent_again_after_the_first_token() -> None:
    model = Model((1, BackendBusy("busy", 0.0)))
    with pytest.raises(BackendBusy):
        run(guard(), model)
    assert model.calls == 1


def test_closing_it_closes_what_is_inside() -> None:
    model = Model((5, None))

    async def look() -> None:
        items = guard().stream(model.start)
        assert await anext(items) == 0
        await items.aclose()
        assert model.closed == 1
        with pytest.raises(StopAsyncIteration):
            await anext(items)
        await items.aclose()

    asyncio.run(look())


def test_closing_what_was_never_read_calls_nothing() -> None:
    model = Model((5, None))

    async def look() -> None:
        await guard().stream(model.start).aclose()

    asyncio.run(look())
    assert model.calls == 0


def test_cancelling_while_it_waits_to_send_again_ends_it() -> None:
    model = Model((0, BackendBusy("busy", LONGEST_PAUSE_S)))
    guarded = guard()

    async def look() -> None:
        task = asyncio.create_task(read(guarded, model.start))
        while not model.closed:
            await asyncio.sleep(0)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task

    asyncio.run(look())
    assert (model.calls, guarded.breaker.last_error) == (1, None), "a user's cancellation is no error of the back end"


def test_faults_open_the_circuit_and_nothing_is_sent() -> None:
    model, guarded = Model((1, BackendFailed("cut"))), guard(breaker=CircuitBreaker(WHERE, failures=2))
    for _ in range(2):
        with pytest.raises(BackendFailed):
            run(guarded, model)
    with pytest.raises(BackendUnavailable, match="failed 2 times in a row and is tried again in .* s .last: cut"):
        run(guarded, model)
    assert model.calls == 2


def test_an_answer_that_its_reader_leaves_counts_as_a_success() -> None:
    guarded = guard(breaker=CircuitBreaker(WHERE, failures=2))

    async def leave() -> None:
        async with aclosing(guarded.stream(Model((5, None)).start)) as items:
            await anext(items)

    for _ in range(3):
        with pytest.raises(BackendError):
            run(guarded, Model((0, BackendFailed("cut"))))
        asyncio.run(leave())
    assert guarded.breaker.state == "closed"


def test_what_is_left_open_at_the_end_of_the_loop_is_closed_without_noise(capfd) -> None:
    model = Model((5, None))

    async def abandon() -> None:
        items = guard().stream(model.start)
        await anext(items)
        loop = asyncio.get_running_loop()
        loop.set_exception_handler(lambda loop, context: pytest.fail(str(context)))

    asyncio.run(abandon())
    gc.collect()
    assert model.closed == 1
    assert capfd.readouterr().err == ""


@pytest.mark.parametrize("field", ["connect_s", "first_token_s", "between_tokens_s"])
def test_no_timeout_is_endless_or_nothing(field) -> None:
    with pytest.raises(ValueError, match="greater than 0"):
        Timeouts(**{field: 0})
