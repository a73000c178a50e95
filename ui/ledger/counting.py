"""Counts a question while it is being answered."""

from __future__ import annotations

from types import TracebackType
from typing import TYPE_CHECKING

from assistant.types import Answer, AnswerEvent, Event, StatusEvent, Usage
from ui.ledger.usage import Outcome, Used, collections_of
from ui.people.errors import SignedOut
from ui.person import Person
from ui.service import Question

if TYPE_CHECKING:
    from ui.house import House


class Count:
    """A context manager around the stream of an answer: when it ends, however it does, usage and measurements have it.

    It must not wait: a stream may end because its listener went away.
    """

    def __init__(self, house: House, person: Person, question: Question) -> None:
        self._house = house
        self._person = person
        self._chosen = question.collections
        self._backend = question.backend or house.settings.default_backend
        self._answer: Answer | None = None

    def __enter__(self) -> Count:
        return self

    def hear(self, event: Event) -> None:
        if isinstance(event, AnswerEvent):
            self._answer = event.answer
        elif isinstance(event, StatusEvent) and event.backend:
            self._backend = event.backend

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        outcome = self._outcome(error)
        self._house.ledger.used(self._used(outcome))
        self._house.metrics.asked(self._known, outcome, self._answer)

    def _outcome(self, error: BaseException | None) -> Outcome:
        if self._answer:
            return "declined" if self._answer.declined else "answered"
        return "error" if isinstance(error, Exception) and not isinstance(error, SignedOut) else "stopped"

    @property
    def _known(self) -> str:
        """The back end, if there is one of that name: what people make up fills no table."""
        return self._backend if self._backend in self._house.settings.backends else ""

    def _used(self, outcome: Outcome) -> Used:
        answer = self._answer
        person = self._person.id, self._person.name
        if answer is None:
            model = str(self._house.settings.backends.get(self._known, {}).get("model", ""))
            return Used(*person, self._known, model, False, (), outcome, Usage(), 0.0)
        cited = collections_of(answer, self._chosen)
        spent = answer.timings.generation_ms or 0.0
        return Used(*person, answer.backend, answer.model, answer.cloud, cited, outcome, answer.usage, spent)
