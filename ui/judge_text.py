"""What `midas eval judge` does and prints."""

from __future__ import annotations

import asyncio
from dataclasses import asdict
from pathlib import Path
from typing import Any

from assistant.config import Settings
from eval.calibration import (
    KAPPA_TO_RANK,
    LEAST_COVERAGE,
    LEAST_STATEMENTS,
    STATEMENTS,
    Calibration,
    calibrate,
    list_calibrations,
    load_statements,
    save_calibration,
)
from eval.judge import open_judge
from eval.statistics import Estimate
from ui import terminal
from ui.eval_text import run_progress


def run_calibration(judge: str, settings: Settings, statements: Path | None, contexts: int | None) -> Calibration:
    """Calibrates and keeps what came of it. Raises MidasError."""
    known = load_statements(statements or STATEMENTS, contexts)

    async def work() -> Calibration:
        async with open_judge(judge, settings) as opened:
            with run_progress() as progress:
                return await calibrate(opened, known, progress)

    found = asyncio.run(work())
    save_calibration(settings.home, found)
    return found


def print_calibration(found: Calibration, json: bool) -> None:
    if json:
        terminal.print_json(_facts(found))
        return
    rows = [(what, _value(estimate), _interval(estimate)) for what, estimate in _figures(found)]
    terminal.out.print(terminal.table(("", "value", "95 % interval"), rows))
    caught = [(each.error_type, f"{each.caught} of {each.n}") for each in found.errors]
    terminal.out.print(terminal.table(("wrong in the statement", "seen"), caught))
    terminal.out.print(terminal.plain(f"{found.n} statements, {found.coverage:.0%} of the verdicts came."))
    terminal.out.print(terminal.plain(_verdict(found), "bold"))


def print_judges(home: Path, json: bool) -> None:
    every = list_calibrations(home)
    if json:
        terminal.print_json([_facts(each) for each in every])
        return
    if not every:
        terminal.err.print("No judge was calibrated yet: `midas eval judge calibrate NAME` does it.")
        return
    rows = [
        (
            each.judge,
            each.model,
            _value(each.kappa),
            _interval(each.kappa),
            each.n,
            "yes" if each.may_rank else "no",
            each.at[:10],
        )
        for each in every
    ]  # fmt: skip
    titles = ("judge", "model", "kappa", "95 % interval", "statements", "may rank", "when")
    terminal.out.print(terminal.table(titles, rows))


def _figures(found: Calibration) -> list[tuple[str, Estimate]]:
    return [
        ("agreement with the truth", found.agreement),
        ("Cohen's kappa", found.kappa),
        ("unsupported statements it let pass", found.missed),
        ("supported statements it refused", found.false_alarms),
        ("verdicts that change with the order", found.flips),
        ("position bias: “supported” oftener early than late, by", found.position_bias),
        ("length bias: “supported” oftener of the longer half, by", found.length_bias),
    ]


def _verdict(found: Calibration) -> str:
    if found.may_rank:
        return f"{found.judge} may rank back ends: its kappa is at least {KAPPA_TO_RANK}."
    needs = f"a kappa of {KAPPA_TO_RANK} on {LEAST_STATEMENTS} statements and {LEAST_COVERAGE:.0%} of the verdicts"
    return f"{found.judge} may not rank back ends: that takes {needs}."


def _facts(found: Calibration) -> dict[str, Any]:
    return {**asdict(found), "may_rank": found.may_rank}


def _value(estimate: Estimate) -> str:
    return "" if estimate.value is None else f"{estimate.value:.2f}"


def _interval(estimate: Estimate) -> str:
    return "" if estimate.low is None or estimate.high is None else f"{estimate.low:.2f} to {estimate.high:.2f}"
