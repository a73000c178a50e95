"""docs/evaluation.md: its commands exist with the options it uses, and its tables are those of the code."""

from __future__ import annotations

import re
import shlex
from pathlib import Path
from typing import Any

import pytest
import typer.main

from eval.calibration import KAPPA_TO_RANK
from eval.latency import samples_for
from eval.metrics import METRICS
from eval.preference import ENOUGH_VOTERS
from eval.question_table import COLUMNS
from eval.questions import SETS
from eval.statistics import ENOUGH, wilson
from eval.verdict import BEST_EUR, BEST_MS, CLEAR, CRITERIA, LIKELY, RESAMPLES, USES, WORST_EUR, WORST_MS
from ui.cli import app

DOCUMENT = (Path(__file__).parent.parent / "docs" / "evaluation.md").read_text(encoding="utf-8")
TEXT = " ".join(DOCUMENT.split())
COMMANDS = sorted({*re.findall(r"^(midas .*)$", DOCUMENT, re.MULTILINE), *re.findall(r"`(midas [^`]+)`", DOCUMENT)})
USE_TITLES = {
    "everyday": "everyday use",
    "exact": "when a mistake is costly",
    "quick": "quick look-ups",
    "thrifty": "high volume, small budget",
    "private": "documents that stay in the company (local back ends only)",
}


def metric_rows() -> list[str]:
    rows = ["| metric | what it means | unit | better |", "|---|---|---|---|"]
    for metric in METRICS.values():
        better = "higher" if metric.higher_is_better else "lower"
        rows.append(f"| `{metric.name}` | {metric.meaning['en']} | {metric.unit} | {better} |")
    return rows


def weight_rows() -> list[str]:
    rows = [f"| use | {' | '.join(CRITERIA)} |", f"|---|{'---|' * len(CRITERIA)}"]
    for use in USES:
        rows.append(f"| {USE_TITLES[use.name]} | {' | '.join(f'{use.weights[name]:.2f}' for name in CRITERIA)} |")
    return rows


def column_rows() -> list[str]:
    rows = ["  | column | or |", "  |---|---|"]
    for name, (_, *others) in COLUMNS.items():
        rows.append(f"  | {name} | {', '.join(others) or '-'} |")
    return rows


@pytest.mark.parametrize("rows", [metric_rows(), weight_rows(), column_rows()], ids=["metrics", "weights", "columns"])
def test_tables_are_those_of_the_code(rows: list[str]) -> None:
    assert "\n".join(rows) in DOCUMENT


@pytest.mark.parametrize("command", COMMANDS)
def test_a_command_exists_with_the_options_it_uses(command: str) -> None:
    words = shlex.split(command, comments=True)[1:]
    found: Any = typer.main.get_command(app)
    while (known := getattr(found, "commands", None)) and words and not words[0].startswith("-"):
        assert words[0] in known, command
        found = known[words.pop(0)]
    options = {name for parameter in found.params for name in parameter.opts}
    assert {word for word in words if word.startswith("-")} <= options


def test_figures_are_those_of_the_code() -> None:
    statements = (SETS / "judge-calibration.es.jsonl").read_text(encoding="utf-8").splitlines()
    for told in (
        f"Under a kappa of {KAPPA_TO_RANK} the report", f"judge {len(statements)} Spanish statements",
        f"from {ENOUGH} questions on", f"p95 is told from {samples_for(0.95)}, p99 from {samples_for(0.99)}",
        f"A wait of {BEST_MS / 1000:.0f} s", f"one of {WORST_MS / 1000:.0f} s counts 0", f"answer for {BEST_EUR:.3f} €",
        f"one for {WORST_EUR:.0f} € counts 0", f"share of {RESAMPLES:,} draws", f"from {CLEAR:.0%}".replace("%", " %"),
        f"from {LIKELY:.0%}".replace("%", " %"),
    ):  # fmt: skip
        assert told in TEXT, told
    assert ENOUGH_VOTERS == 8 and "fewer than eight voters" in TEXT


def test_the_table_of_intervals_is_right() -> None:
    numbers = [int(cell) for cell in re.findall(r"^\| questions \|(.*)\|$", DOCUMENT, re.MULTILINE)[0].split("|")]
    told = [cell.strip() for cell in re.findall(r"^\| interval \|(.*)\|$", DOCUMENT, re.MULTILINE)[0].split("|")]
    for number, interval in zip(numbers, told, strict=True):
        found = wilson(0.8 * number, number)
        assert found.low is not None and found.high is not None
        assert interval == f"{100 * found.low:.0f} to {100 * found.high:.0f} %"
