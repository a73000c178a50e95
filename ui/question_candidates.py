"""Candidate questions as `midas eval questions generate` makes them: into a file, one by one, until it holds enough."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import aclosing, contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from rich.progress import BarColumn, MofNCompleteColumn, Progress, TimeRemainingColumn

from assistant.backends import Backend, make_backend
from assistant.config import Settings
from assistant.trial import with_models
from eval.question_generator import Outcome, generate, passages
from eval.questions import Question, save_questions
from ingest.store import Store
from ui import terminal

ATTEMPTS = 4
"""Passages asked about for each candidate that is wanted, before the rest is given up."""


@dataclass
class Candidates:
    """The candidates of a file. Passages `asked` about, candidates `added` and replies `dropped` are those of this call."""

    path: Path
    questions: list[Question]
    wanted: int
    asked: int = 0
    added: int = 0
    dropped: Counter[str] = field(default_factory=Counter)

    @property
    def held(self) -> int:
        return sum("generated" in question.tags for question in self.questions)

    @property
    def missing(self) -> int:
        return max(0, self.wanted - self.held)

    def take(self, outcome: Outcome) -> None:
        """A candidate is written down at once."""
        self.asked += 1
        if outcome.question is None:
            self.dropped[outcome.why or ""] += 1
            return
        self.added += 1
        self.questions.append(outcome.question)
        save_questions(self.path, self.questions)


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
    with Store.open(settings) as store:
        names = [store.collection(collection).name for collection in collections]
        backend = make_backend(chosen, settings)
        try:
            asyncio.run(_collect(backend, store, names, seed, candidates, stopped))
        finally:
            backend.close()


async def _collect(
    backend: Backend, store: Store, collections: Sequence[str], seed: int, candidates: Candidates, stopped: Callable[[], bool]
) -> None:
    limit = ATTEMPTS * candidates.missing
    outcomes = generate(backend, store, passages(store, collections, seed), candidates.questions.copy())
    with _progress(candidates) as show:
        async with aclosing(outcomes):
            while candidates.missing and candidates.asked < limit and not stopped():
                outcome = await anext(outcomes, None)
                if outcome is None:
                    break
                candidates.take(outcome)
                show()


@contextmanager
def _progress(candidates: Candidates) -> Iterator[Callable[[], None]]:
    """A bar on standard error, where that is a terminal."""
    columns = (BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(*columns, console=terminal.err, disable=not terminal.err.is_terminal, transient=True) as bar:
        task = bar.add_task("candidates", completed=candidates.held, total=candidates.wanted)
        yield lambda: bar.update(task, completed=candidates.held)


def print_candidates(candidates: Candidates, json: bool) -> None:
    if json:
        facts = {
            "file": str(candidates.path), "candidates": candidates.held, "added": candidates.added, "asked": candidates.asked,
            "dropped": dict(candidates.dropped),
        }  # fmt: skip
        terminal.print_json(facts)
        return
    counts = f"{candidates.held}; new: {candidates.added}; passages asked about: {candidates.asked}"
    told = [f"Candidates in {candidates.path}: {counts}."]
    told += [f"  dropped {number}: {why}" for why, number in candidates.dropped.most_common()]
    terminal.out.print(terminal.plain("\n".join(told)))
    if candidates.held:
        terminal.err.print("Read them, then accept the good ones: `midas eval questions accept`.")
