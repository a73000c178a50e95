"""Evidence frozen beforehand: found once for a question, and replayed through the assistant for every back end."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

from assistant.found import Found
from eval.questions import Question

if TYPE_CHECKING:
    from assistant.assistant import Assistant
    from eval.runs import Run


@dataclass(frozen=True, slots=True)
class EvidenceRow:
    """What was found for a question. `digest` is what `AnswerRow.evidence` names; a question has several when back ends
    searched for themselves."""

    question: str
    digest: str
    found: Found


class Finder(Protocol):
    """Tells what a back end answers a question from."""

    async def find(self, assistant: Assistant, question: Question, backend: str) -> Found:
        """Raises what `Assistant.find` raises."""


class Frozen:
    """The first back end that asks decides with its tokenizer and window; all others get the same."""

    def __init__(self, run: Run) -> None:
        self._run = run
        self._collections = collections_of(run)
        self._found = {row.question: row.found for row in run.evidence()}

    async def find(self, assistant: Assistant, question: Question, backend: str) -> Found:
        if question.id not in self._found:
            found = await search(assistant, question, backend, self._collections)
            self._run.append(EvidenceRow(question.id, found.digest, found))
            self._found[question.id] = found
        return self._found[question.id]


class Live:
    """Every answer searches anew, as an employee's question does; what was found is kept once per question and digest."""

    def __init__(self, run: Run) -> None:
        self._run = run
        self._collections = collections_of(run)
        self._kept = {(row.question, row.digest) for row in run.evidence()}

    async def find(self, assistant: Assistant, question: Question, backend: str) -> Found:
        found = await search(assistant, question, backend, self._collections)
        if (key := (question.id, found.digest)) not in self._kept:
            self._run.append(EvidenceRow(question.id, found.digest, found))
            self._kept.add(key)
        return found


def finder(run: Run) -> Finder:
    return Live(run) if run.manifest.evidence == "live" else Frozen(run)


def collections_of(run: Run) -> tuple[str, ...]:
    return tuple(collection.name for collection in run.manifest.collections)


async def search(assistant: Assistant, question: Question, backend: str, collections: tuple[str, ...]) -> Found:
    return await assistant.find(question.question, history=question.messages, collections=collections, backend=backend)
