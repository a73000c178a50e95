"""What `midas eval run`, `list`, `show` and `score` do and print."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from rich.progress import BarColumn, MofNCompleteColumn, TextColumn
from rich.progress import Progress as Bar

from assistant.config import Settings
from assistant.trial import with_models
from eval.evaluation import begin, carry_out, make_plan
from eval.runner import Cancelled, RunProgress
from eval.runs import Run
from eval.scorer import Scoring
from eval.statistics import Estimate
from eval.summary import Cell, averages
from ingest.embedder import make_embedder
from ingest.errors import StoreLocked
from ingest.store import Store
from ui import terminal
from ui.address import read_address


@dataclass(frozen=True, slots=True)
class Asked:
    """The options of `midas eval run`; `backends` None means the default one."""

    questions: str
    backends: list[str] | None
    collections: list[str] | None
    repeats: int
    limit: int | None
    live: bool
    judge: str | None
    metrics: list[str] | None
    new: bool
    retry: bool
    command: str


def run(settings: Settings, asked: Asked, cancelled: Cancelled) -> Run:
    """Raises MidasError; what was answered until then is kept."""
    require_quiet(settings)
    names = asked.backends or [settings.default_backend]
    settings = with_models(names, settings)
    plan = make_plan(
        asked.questions, names, asked.collections, repeats=asked.repeats, limit=asked.limit, live=asked.live,
        command=asked.command,
    )  # fmt: skip
    if plan.left_out:
        terminal.err.print(f"{plan.left_out} questions are left out: they are candidates that nobody has accepted yet.")
    embedder = make_embedder(settings)
    with Store.open(settings, embedder) as store:
        begun = begin(plan, settings, store, new=asked.new, retry=asked.retry)
        if there := len(begun.answers()):
            terminal.err.print(f"Run {begun.id} goes on: {there} answers are there.")
        scoring = Scoring(settings, asked.judge, asked.metrics)
        with run_progress() as progress:
            work = carry_out(begun, settings, store, embedder, scoring, progress, cancelled, retry=asked.retry)
            return asyncio.run(work)


def score(run: Run, settings: Settings, judge: str | None, metrics: list[str] | None, cancelled: Cancelled) -> Run:
    with run_progress() as progress:
        return asyncio.run(Scoring(settings, judge, metrics).score(run, progress, cancelled))


def require_quiet(settings: Settings) -> None:
    """Raises StoreLocked while a server runs on the same data directory."""
    if address := read_address(settings.home):
        raise StoreLocked(f"A measurement needs the computer to itself: stop midas serve at {address.url} first.")


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
        lines.setdefault((cell.metric, cell.scorer), {})[cell.backend] = _figure(cell.estimate)
    rows = [(metric, *(values.get(name, "") for name in names)) for (metric, _), values in lines.items()]
    if rows:
        terminal.out.print()
        terminal.out.print(terminal.table(("metric", *names), rows))


def _figure(estimate: Estimate) -> str:
    """`0.843 (61)`: the figure and how many questions are behind it."""
    if estimate.value is None:
        return ""
    value = f"{estimate.value:.3g}" if abs(estimate.value) < 100 else f"{estimate.value:,.0f}"
    return f"{value} ({estimate.n})"


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
