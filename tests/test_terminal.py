"""Tables and figures in a narrow terminal."""

from __future__ import annotations

from collections.abc import Sequence

import pytest
from rich.console import Console

from ui.figure_text import figure
from ui.terminal import table

RUN = "20260101-120000-preguntas"
TITLES = ("run", "state", "questions", "times", "back ends", "answers")


def printed(width: int, rows: Sequence[Sequence[object]]) -> list[str]:
    console = Console(width=width, soft_wrap=True)
    with console.capture() as capture:
        console.print(table(TITLES, rows))
    return capture.get().splitlines()


@pytest.mark.parametrize("width", [80, 60, 20])
@pytest.mark.parametrize("id", [RUN, RUN + "-de-personas-y-viajes-de-la-empresa-en-todas-las-oficinas"])
def test_the_id_of_a_row_is_never_split(width: int, id: str) -> None:
    lines = printed(width, [(id, "unfinished", 60, 1, "qwen-small, qwen-large, foundry", 20)])
    assert any(line.startswith(f"{id} ") for line in lines)


def test_a_list_of_runs_fits_into_eighty_columns() -> None:
    lines = printed(80, [(RUN, "unfinished", 60, 1, "qwen-small, qwen-large, foundry", 20)])
    assert max(map(len, lines)) <= 80
    assert all(any(name in line for line in lines) for name in ("qwen-small", "qwen-large", "foundry"))


@pytest.mark.parametrize(
    ("value", "metric", "sign", "told"),
    [
        (0.0333, "errors", "", "0.033"),
        (306.4, "ttft_ms", "", "306 ms"),
        (14_640, "start_first_token_ms", "", "14.6 s"),
        (-4_306, "e2e_ms", "+", "-4.3 s"),
        (95, "e2e_ms", "+", "+95 ms"),
        (1.37e9, "memory_idle", "", "1.37 GB"),
        (16.06, "tokens_per_s", "", "16.1"),
        (None, "correct", "", "-"),
    ],
)
def test_figures_have_units_and_no_needless_digits(value: float | None, metric: str, sign: str, told: str) -> None:
    assert figure(value, metric, sign) == told
