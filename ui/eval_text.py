"""Runs of an evaluation as text, and the bar while one goes on."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import timedelta
from typing import Any

from rich.progress import BarColumn, MofNCompleteColumn, TextColumn
from rich.progress import Progress as Bar

from eval.progress import RunProgress
from eval.runs import Run
from eval.summary import Cell, averages
from ui import terminal
from ui.figure_text import figure


def is_failure(run: Run) -> bool:
    """Whether a back end gave no answer at all."""
    counts = statuses(run)
    return any(not (count["ok"] or count["declined"]) for count in counts.values())


def statuses(run: Run) -> dict[str, Counter[str]]:
    """How many answers each back end has, by status."""
    counts: dict[str, Counter[str]] = {name: Counter() for name in run.manifest.backends}
    for row in run.answers():
        counts[row.key.backend][row.status] += 1
    return counts


def outline(run: Run) -> dict[str, Any]:
    """A run in a few facts, for JSON."""
    manifest = run.manifest
    return {
        "run": run.id,
        "directory": run.directory,
        "started": manifest.started,
        "finished": manifest.finished,
        "questions": manifest.n_questions,
        "repeats": manifest.repeats,
        "evidence": manifest.evidence,
        "judge": manifest.judge,
        "answers": statuses(run),
    }


def print_runs(runs: Sequence[Run]) -> None:
    rows = [
        (
            run.id, "finished" if run.manifest.finished else "unfinished", run.manifest.n_questions, run.manifest.repeats,
            ", ".join(run.manifest.backends), sum(sum(count.values()) for count in statuses(run).values()),
        )
        for run in runs
    ]  # fmt: skip
    terminal.out.print(terminal.table(("run", "state", "questions", "times", "back ends", "answers"), rows))


def print_run(run: Run, json: bool) -> None:
    """What came of it, then its figures: without intervals, which are the report's."""
    cells = averages(run)
    if json:
        terminal.print_json({**outline(run), "figures": cells, "manifest": run.manifest})
        return
    rows = [(name, count["ok"], count["declined"], count["error"]) for name, count in statuses(run).items()]
    terminal.out.print(terminal.table(("back end", "answered", "declined", "failed"), rows))
    _print_figures(run, cells)
    terminal.out.print(terminal.plain(f"\nRun {run.id}{'' if run.manifest.finished else ' (unfinished)'}: {run.directory}"))


def _print_figures(run: Run, cells: Sequence[Cell]) -> None:
    """A line for each metric, a column for each back end."""
    names = list(run.manifest.backends)
    lines: dict[tuple[str, str], dict[str, str]] = {}
    for cell in cells:
        lines.setdefault((cell.metric, cell.scorer), {})[cell.backend] = _figure(cell)
    rows = [(metric, *(values.get(name, "") for name in names)) for (metric, _), values in lines.items()]
    if rows:
        terminal.out.print()
        terminal.out.print(terminal.table(("metric", *names), rows))
        terminal.out.print(terminal.plain("In brackets: the questions behind the figure.", "dim"))


def _figure(cell: Cell) -> str:
    """`0.843 (61)`: the figure and how many questions are behind it; what was measured once has no number."""
    if cell.estimate.value is None:
        return ""
    told = figure(cell.estimate.value, cell.metric)
    return told if cell.estimate.n == 1 else f"{told} ({cell.estimate.n})"


@contextmanager
def run_progress() -> Iterator[Callable[[RunProgress], None]]:
    """A bar on standard error, where that is a terminal."""
    columns = (BarColumn(), MofNCompleteColumn(), TextColumn("{task.fields[told]}"))
    with Bar(*columns, console=terminal.err, disable=not terminal.err.is_terminal, transient=True) as bar:
        task = bar.add_task("answers", total=None, told="")

        def show(progress: RunProgress) -> None:
            bar.update(task, completed=progress.done, total=progress.total, told=_told(progress))

        yield show


def _told(progress: RunProgress) -> str:
    """`0:01:20 left, local: q-7`, safe to be read as markup."""
    left = f"{timedelta(seconds=round(progress.left_s))} left" if progress.left_s is not None else ""
    parts = (left, terminal.shortened(terminal.printable(progress.doing), 60))
    return ", ".join(part for part in parts if part).replace("[", r"\[")
