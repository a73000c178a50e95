"""Candidate questions as `midas eval questions generate` makes them: into a file, one by one, until it holds enough."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from rich.progress import BarColumn, MofNCompleteColumn, Progress, TimeRemainingColumn

from assistant.config import Settings
from assistant.trial import with_models
from eval.candidates import Candidates, collect
from eval.progress import Progress as Told
from eval.questions import Question, load_questions, save_questions
from ingest.store import Store
from ui import terminal


def candidates_of(path: Path, wanted: int) -> Candidates:
    """Those that the file holds, which may not be there yet."""
    questions = load_questions(path) if path.exists() else []

    def keep(question: Question) -> None:
        save_questions(path, [*questions, question])

    return Candidates(questions, wanted, keep)


def write_candidates(
    settings: Settings,
    candidates: Candidates,
    collections: Sequence[str],
    name: str | None,
    seed: int,
    stopped: Callable[[], bool],
) -> None:
    """Asks passage after passage until the file holds what is wanted, or too many replies were dropped. Raises MidasError."""
    chosen = name or settings.default_backend
    settings = with_models([chosen], settings)
    with Store.open(settings) as store, _bar(candidates) as progress:
        names = [store.collection(collection).name for collection in collections]
        asyncio.run(collect(candidates, settings, store, names, chosen, seed, progress, stopped))


@contextmanager
def _bar(candidates: Candidates) -> Iterator[Told]:
    """On standard error, where that is a terminal."""
    columns = (BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(*columns, console=terminal.err, disable=not terminal.err.is_terminal, transient=True) as bar:
        task = bar.add_task("candidates", completed=candidates.held, total=candidates.wanted)
        yield lambda progress: bar.update(task, completed=candidates.held)


def print_candidates(path: Path, candidates: Candidates, json: bool) -> None:
    if json:
        facts = {
            "file": str(path), "candidates": candidates.held, "added": candidates.added, "asked": candidates.asked,
            "dropped": dict(candidates.dropped),
        }  # fmt: skip
        terminal.print_json(facts)
        return
    counts = f"{candidates.held}; new: {candidates.added}; passages asked about: {candidates.asked}"
    told = [f"Candidates in {path}: {counts}."]
    told += [f"  dropped {number}: {why}" for why, number in candidates.dropped.most_common()]
    terminal.out.print(terminal.plain("\n".join(told)))
    if candidates.held:
        terminal.err.print("Read them, then accept the good ones: `midas eval questions accept`.")
