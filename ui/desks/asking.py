"""Questions, searches, and what one can choose for them."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Sequence
from contextlib import aclosing
from dataclasses import replace
from datetime import UTC, datetime, timedelta

from assistant.errors import BackendError
from assistant.prompts import Language
from assistant.suggestions import Suggestions
from assistant.types import Answer, Event
from ingest.collection import CollectionInfo
from ingest.errors import ConfigError
from ingest.types import Filter
from ui.desks.desk import Desk
from ui.desks.failures import plain
from ui.ledger.counting import Count
from ui.memory.conversation import Begun
from ui.memory.errors import ConversationNotFound
from ui.memory.readable import Readable, history
from ui.memory.writing import Writing
from ui.people.errors import SignedOut
from ui.people.standing import while_admitted
from ui.person import NotAllowed
from ui.service import Question
from ui.views import BackendView, SearchView

LATELY = timedelta(days=30)


class Asking(Desk):
    """For everyone who is signed in."""

    for_asking = True

    async def stream(self, question: Question) -> AsyncGenerator[Event, None]:
        """What happens until the answer, then the answer; nothing of it is kept, but it is counted. Closing it stops the
        model. Raises TooMany, SignedOut, and what `Assistant.stream` raises."""
        self.house.limits.question(self.person)
        async with aclosing(self._answered(question)) as events:
            async for event in events:
                yield event

    async def converse(
        self, question: Question, conversation: str | None = None, *, replacing: str | None = None
    ) -> AsyncGenerator[Begun | Event, None]:
        """Asks in a conversation (None: a new one): `Begun`, once the question is stored, then what `stream` yields.

        The history is the conversation's, whatever `question` has. `replacing` is a turn that the question takes the place
        of; it goes, with all later ones. The answer is written on, and stored, when nobody listens any more: `stop` stops it,
        `follow` listens again. Raises ConfigError for an empty question, ConversationNotFound, and what `stream` raises.
        """
        if not question.text.strip():
            raise ConfigError("The question is empty: write one.")
        self.house.limits.question(self.person)
        begun, asked = await asyncio.to_thread(self._begin, question, conversation, replacing)
        writing = self.house.writings.start(begun.turn, self._answered(asked), lambda answer: self._topic(asked, answer))
        yield begun
        async for event in writing.watch():
            yield event

    async def follow(self, turn: str) -> AsyncGenerator[Event, None]:
        """The events of an answer that is being written, from the first one on; none when nobody writes on it, or it may come
        from what the person may not read any more.

        Raises ConversationNotFound, SignedOut, and what went wrong."""
        may_read = await asyncio.to_thread(self._may_read_all, turn)
        if may_read and (writing := self.house.writings.get(turn)):
            async with aclosing(while_admitted(self.house.register, self.person, self._followed(writing))) as events:
                async for event in events:
                    yield event

    def stop(self, turn: str) -> None:
        """Ends the writing; what was written stays. Raises ConversationNotFound."""
        self.house.memory.turn(self.person.id, turn)
        self.house.writings.stop(turn)

    def suggestions(self, language: Language, collections: Sequence[str] | None = None) -> list[str]:
        """A few questions to begin with, which these collections (None: all) may answer. Those that the person may not read
        add nothing."""
        names = [info.name for info in self.collections() if collections is None or info.name in collections]
        return Suggestions(self.house.service.store()).starters(names, language, datetime.now(UTC).date())

    def follow_ups(self, answer: Answer) -> list[str]:
        """A few questions to go on with, in the language of the answer: what its documents tell beside what it cites."""
        return Suggestions(self.house.service.store()).follow_ups(answer, self.person.access)

    def search(self, query: str, collections: Sequence[str] | None, top_k: int | None, filter: Filter) -> SearchView:
        """The passages nearest to the query. Raises CollectionNotFound, ConfigError, TooMany."""
        self.house.limits.question(self.person)
        return self.house.service.search(query, collections, top_k, filter, self.person.access)

    def collections(self) -> list[CollectionInfo]:
        """Those that this person may read, by name."""
        return self.house.service.collections(self.person.access)

    def backends(self) -> list[BackendView]:
        """The configured back ends that can be chosen, the default one first."""
        return [view for view in self.house.service.backends() if not view.problem]

    def paces(self) -> dict[str, float]:
        """Seconds that each back end took for an answer lately; those that nobody asked are left out."""
        return self.house.ledger.seconds(datetime.now(UTC).date() - LATELY)

    async def _answered(self, question: Question) -> AsyncGenerator[Event, None]:
        answering = self.house.service.stream(question, self.person.access)
        try:
            with Count(self.house, self.person, question) as count:
                async with aclosing(while_admitted(self.house.register, self.person, answering)) as events:
                    async for event in events:
                        count.hear(event)
                        yield event
        except BackendError as error:
            raise plain(error, self.person) from error

    def _begin(self, question: Question, conversation: str | None, replacing: str | None) -> tuple[Begun, Question]:
        """Stores the question, and gives it the history that it has there."""
        if replacing:
            if self.person.scope == "ask":
                raise NotAllowed("This key is for asking only: it takes nothing back.")
            self._stop_from(conversation, replacing)
        readable = self.collections()
        names = tuple(info.name for info in readable)
        searched = tuple(name for name in names if name in (question.collections or ())) or names
        begun = self.house.memory.begin(self.person.id, question, searched, conversation, replacing)
        turns = Readable.of(readable).conversation(self.house.memory.get(self.person.id, begun.conversation)).turns
        before = [turn.id for turn in turns].index(begun.turn)
        return begun, replace(question, history=history(turns[:before]))

    async def _followed(self, writing: Writing) -> AsyncGenerator[Event, None]:
        """Whoever follows may be signed in while who asked no longer is: for them the answer just ends."""
        try:
            async for event in writing.watch():
                yield event
        except SignedOut:
            if not await asyncio.to_thread(self.house.register.admits, self.person):
                raise

    def _may_read_all(self, turn: str) -> bool:
        """Whether nothing that was searched for a turn is closed to the person by now. Raises ConversationNotFound."""
        found = self.house.memory.turn(self.person.id, turn)
        return Readable.of(self.collections()).turn(found).searched == found.searched

    def _stop_from(self, conversation: str | None, turn: str) -> None:
        """Nobody waits for the answers that a new question does away with."""
        if conversation is None:
            raise ConversationNotFound()
        turns = [found.id for found in self.house.memory.get(self.person.id, conversation).turns]
        for later in turns[turns.index(turn) :] if turn in turns else ():
            self.house.writings.stop(later)

    def _topic(self, question: Question, answer: Answer) -> str | None:
        """What was looked up in vain, folded so that near-identical questions are one; None where it was not in vain, or the
        admins don't collect it."""
        from assistant.history import standalone
        from ingest.text import query_terms

        if not answer.declined or not self.house.settings.inbox.unanswered:
            return None
        asked = standalone(question.text, question.history, self.house.settings.answer.history_turns)
        return " ".join(sorted(query_terms(asked.search_text))) or None
