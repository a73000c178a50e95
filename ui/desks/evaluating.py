"""What the desks of evaluators share: the runs and load tests that a person may see."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING

from eval.errors import EvaluationNotFound
from ui.desks.asking import Asking
from ui.desks.desk import Desk

if TYPE_CHECKING:
    from eval.runs import Run


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

        reads = self._reader()
        return [run for run in list_runs(self.home) if reads(each.name for each in run.manifest.collections)]

    def _run(self, id: str) -> Run:
        """Raises EvaluationNotFound that names only what this person may see."""
        runs = {run.id: run for run in self._runs()}
        if id not in runs:
            raise not_found("run", id, list(runs)[::-1])
        return runs[id]

    def _reader(self) -> _Reads:
        return _Reads(None if self.person.access.everything else frozenset(self.readable()))


class _Reads:
    """Whether all of some collections may be read; of those that are gone nobody but admins knows who might."""

    def __init__(self, readable: frozenset[str] | None) -> None:
        self._readable = readable

    def __call__(self, collections: Iterable[str]) -> bool:
        return self._readable is None or self._readable.issuperset(collections)


SHOWN = 5
"""Names that an error tells at most."""


def not_found(what: str, name: str, known: list[str]) -> EvaluationNotFound:
    """The same sentence whether a thing never was or is not for this person; `known` are those that they may see."""
    there = f"there are {', '.join(known[:SHOWN])}{', …' if len(known) > SHOWN else ''}" if known else "there are none yet"
    return EvaluationNotFound(f"There is no {what} {name!r}: {there}.")
