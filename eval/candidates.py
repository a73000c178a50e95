"""Candidate questions, collected one by one until there are enough of them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from contextlib import aclosing
from dataclasses import dataclass, field

from assistant.backends import make_backend
from assistant.config import Settings
from eval.progress import Cancelled, Progress, RunProgress
from eval.question_generator import Outcome, generate, passages
from eval.questions import Question
from ingest.store import Store

ATTEMPTS = 4
"""Passages asked about for each candidate that is wanted, before the rest is given up."""


@dataclass
class Candidates:
    """Those of a set, which `keep` writes down one by one. `wanted` are all that it should hold. Passages `asked` about,
    candidates `added` and replies `dropped` are those of this call."""

    questions: list[Question]
    wanted: int
    keep: Callable[[Question], None]
    asked: int = 0
    added: int = 0
    dropped: Counter[str] = field(default_factory=Counter)

    @property
    def held(self) -> int:
        return count(self.questions)

    @property
    def missing(self) -> int:
        return max(0, self.wanted - self.held)

    @property
    def shortfall(self) -> str:
        """The sentence for who wanted more of them than there are."""
        why = self.dropped.most_common(1)[0][0] if self.dropped else "no passage is left to ask about"
        return (
            f"New questions: {self.added}; passages asked about: {self.asked}; questions that are missing: {self.missing} "
            f"({why}): choose another back end, or other collections."
        )

    def take(self, outcome: Outcome) -> None:
        """A candidate is written down at once."""
        self.asked += 1
        if outcome.question is None:
            self.dropped[outcome.why or ""] += 1
            return
        self.keep(outcome.question)
        self.added += 1
        self.questions.append(outcome.question)


def count(questions: Sequence[Question]) -> int:
    """How many of them were candidates, or are."""
    return sum("generated" in question.tags for question in questions)


async def collect(
    candidates: Candidates,
    settings: Settings,
    store: Store,
    collections: Sequence[str],
    name: str,
    seed: int,
    progress: Progress,
    cancelled: Cancelled,
) -> None:
    """Asks the back end `name` about passage after passage, until there are as many as wanted or too many replies were dropped.

    Raises MidasError; what was kept until then stays.
    """
    backend = make_backend(name, settings)
    try:
        limit = ATTEMPTS * candidates.missing
        total = candidates.missing
        progress(RunProgress(0, total, name))
        outcomes = generate(backend, store, passages(store, collections, seed), candidates.questions.copy())
        async with aclosing(outcomes):
            while candidates.missing and candidates.asked < limit and not cancelled():
                outcome = await anext(outcomes, None)
                if outcome is None:
                    break
                candidates.take(outcome)
                progress(RunProgress(candidates.added, total, f"{name}: {outcome.source}"))
    finally:
        backend.close()
