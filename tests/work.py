"""How much work SQLite does, counted instead of timed: how busy the computer is does not matter."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import pytest

from ingest.database import Database


@dataclass
class Work:
    """Steps of SQLite's virtual machine; they grow while they are counted."""

    steps: int = 0

    def _step(self) -> int:
        self.steps += 1
        return 0

    def watch(self, connection: sqlite3.Connection) -> sqlite3.Connection:
        connection.set_progress_handler(self._step, 1)
        return connection


@contextmanager
def counted(database: Database) -> Iterator[Work]:
    """Counts what the readers of a database do."""
    work, taken = Work(), []

    def take() -> sqlite3.Connection:
        taken.append(work.watch(Database._take(database)))
        return taken[-1]

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(database, "_take", take)
        yield work
    for connection in taken:
        connection.set_progress_handler(None, 0)


def least_steps(database: Database, look: Callable[[], object], tries: int = 5) -> int:
    """What it takes where connections are prepared: the first use of each, by whichever thread, takes more."""
    steps = []
    for _ in range(tries):
        with counted(database) as work:
            look()
        steps.append(work.steps)
    return min(steps)
