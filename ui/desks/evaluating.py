"""What the desks of evaluators share: the runs and load tests that a person may see."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from eval.errors import EvaluationNotFound
from ui.desks.asking import Asking
from ui.desks.desk import Desk

if TYPE_CHECKING:
    from eval.runs import Run

LATER = "~"
"""After every time."""
SHOWN = 5
"""Names that an error tells at most."""


class Evaluating(Desk):
    """For evaluators. They see a run when they may read every collection that it searched, and others do not exist."""

    least = "evaluator"

    @property
    def home(self) -> Path:
        return self.house.settings.home

    def readable(self) -> list[str]:
        """The collections that this person may read, by name."""
        return [info.name for info in Asking(self.house, self.person).collections()]

    def _runs(self) -> list[Run]:
        """Those that this person may see, the oldest first."""
        from eval.runs import list_runs

        reads, every = self._reader(), list_runs(self.home)
        return [run for run in every if reads([each.name for each in run.manifest.collections], run.manifest.started)]

    def _run(self, id: str) -> Run:
        """Raises EvaluationNotFound that names only what this person may see."""
        runs = {run.id: run for run in self._runs()}
        if id not in runs:
            raise not_found("run", id, list(runs)[::-1])
        return runs[id]

    def _reader(self) -> _Reads:
        if self.person.access.everything:
            return _Reads(None)
        return _Reads({info.name: info.created_at for info in Asking(self.house, self.person).collections()})


class _Reads:
    """Whether all of some collections may be read; of those that are gone nobody but admins knows who might. One that was
    deleted and made anew is not the one it was: `at` is when the collections were searched, or named."""

    def __init__(self, since: Mapping[str, str] | None) -> None:
        self._since = since

    def __call__(self, collections: Iterable[str], at: str = LATER) -> bool:
        since = self._since
        return since is None or all(name in since and since[name] <= at for name in collections)


def not_found(what: str, name: str, known: list[str]) -> EvaluationNotFound:
    """The same sentence whether a thing never was or is not for this person; `known` are those that they may see."""
    there = f"there are {', '.join(known[:SHOWN])}{', …' if len(known) > SHOWN else ''}" if known else "there are none yet"
    return EvaluationNotFound(f"There is no {what} {name!r}: {there}.")
