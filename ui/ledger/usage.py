"""Usage: what was asked, of which back ends, from which collections, and what it took."""

from __future__ import annotations

import json
import sqlite3
from dataclasses import dataclass
from datetime import date
from typing import Literal

from assistant.types import Answer, Usage

Outcome = Literal["answered", "declined", "error", "stopped"]
By = Literal["person", "backend", "collection", "day"]


@dataclass(frozen=True, slots=True)
class Used:
    """One question: who asked, which back end, and what came of it. `collections` are those that the answer cites, else
    those that were chosen."""

    person: str
    name: str
    backend: str
    model: str
    cloud: bool
    collections: tuple[str, ...]
    outcome: Outcome
    usage: Usage
    generated_ms: float


@dataclass(frozen=True, slots=True)
class Counted:
    """What a person asked of a back end in a day."""

    day: str
    person: str
    name: str
    backend: str
    model: str
    cloud: bool
    collections: tuple[str, ...]
    questions: int
    declined: int
    errors: int
    stopped: int
    prompt_tokens: int
    cached_tokens: int
    completion_tokens: int
    generated_ms: float


@dataclass(frozen=True, slots=True)
class UsageRow:
    """Sums of a person, back end, collection or day, which is `key`; `name` is what a person signs in with.

    A question that cites several collections counts for each of them. `cost_eur` is that of `priced` questions: those whose
    back end has a price per token.
    """

    key: str
    name: str
    questions: int
    declined: int
    errors: int
    stopped: int
    prompt_tokens: int
    cached_tokens: int
    completion_tokens: int
    generated_s: float
    cost_eur: float | None
    priced: int


@dataclass(frozen=True, slots=True)
class UsageFilter:
    """Inclusive days; absent means from the beginning, until today."""

    first: date | None = None
    last: date | None = None


def collections_of(answer: Answer, chosen: tuple[str, ...] | None) -> tuple[str, ...]:
    """Those that the answer cites, else those that were chosen; none when all were searched in vain."""
    numbers = {citation.number for citation in answer.citations}
    cited = {source.collection for source in answer.sources if source.number in numbers}
    return tuple(sorted(cited)) or tuple(sorted(set(chosen or ())))


def counted(row: sqlite3.Row) -> Counted:
    values = {**dict(row), "cloud": bool(row["cloud"]), "collections": tuple(json.loads(row["collections"]))}
    return Counted(**values)
