"""A server that is killed, hangs or is full: one sentence, the fallback, the next question; and nothing is left behind.

`python -m benchmarks failures` does five hundred cycles of what is done here ten times.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from pathlib import Path

import pytest

from assistant.errors import BackendBusy, BackendError, BackendTimeout, BackendUnreachable
from tests.failing import Campaign, Trouble, Ward, full, hung, killed, ward


@pytest.fixture(scope="module")
def alone(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Ward]:
    """Without a fallback."""
    with ward(tmp_path_factory.mktemp("failing")) as patient:
        yield patient


@pytest.mark.parametrize(
    ("trouble", "error", "said"),
    [
        (Trouble(killed, False), BackendUnreachable, "can't be reached"),
        (Trouble(killed, True), BackendUnreachable, "hung up before the answer was whole"),
        (Trouble(hung, False), BackendTimeout, "did not send the first token within 5 s"),
        (Trouble(hung, True), BackendTimeout, "did not send the next token of its answer within 3 s"),
        (Trouble(full, False), BackendBusy, "has too much to do"),
    ],
    ids=["killed before", "killed in the middle", "hung before", "hung in the middle", "full"],
)
def test_without_a_fallback_it_is_one_sentence_and_the_next_question_works(
    alone: Ward, trouble: Trouble, error: type[BackendError], said: str
) -> None:
    with pytest.raises(error) as caught:
        asyncio.run(alone.ask(trouble))
    message = caught.value.message
    assert message.startswith(f"back end 'main' (tgi at {alone.main.base_url}) {said}")
    assert message.endswith(".") and "\n" not in message
    answer = asyncio.run(alone.ask())
    assert (answer.backend, answer.grounded, answer.notices) == ("main", True, ())


def test_who_is_down_for_long_is_left_alone(tmp_path: Path) -> None:
    with ward(tmp_path, fallback=["reserve"]) as patient:
        patient.main.kill()
        notices = [asyncio.run(patient.ask()).notices[0] for _ in range(4)]
        patient.main.start()
    assert notices[0] == "No se puede contactar con «main»; en su lugar responde «reserve»."
    assert "está en pausa" in notices[3], "its circuit is open: it is not even tried"


def test_ten_cycles_leave_nothing_behind(tmp_path: Path) -> None:
    print(Campaign(10).run(tmp_path))
