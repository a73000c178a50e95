"""What people tell the admins: votes on answers, and questions that the documents don't answer."""

from __future__ import annotations

from dataclasses import dataclass, replace

from assistant.types import Answer
from ui.desks.desk import Desk
from ui.memory.conversation import Thumb
from ui.memory.readable import Readable
from ui.memory.votes import FeedbackRow, Progress, UnansweredRow


@dataclass(frozen=True, slots=True)
class FeedbackView:
    """A vote, and what the person signs in with; None when the person or the conversation is gone."""

    row: FeedbackRow
    name: str | None


class Inbox(Desk):
    """For admins. Of declined questions they see the words and how many people asked, never who."""

    least = "admin"

    def feedback(
        self, *, state: Progress | None = None, thumb: Thumb | None = None, limit: int = 50, offset: int = 0
    ) -> list[FeedbackView]:
        """The latest first."""
        readable = self._readable()
        found = self.house.votes.feedback(state, thumb, limit, offset)
        return [
            FeedbackView(replace(row, answer=_read(readable, row.answer, row.asked_at)), self._name(row.person))
            for row in found
        ]

    def new(self) -> int:
        """Votes that no admin has looked at."""
        return self.house.votes.count_new()

    def handle(self, feedback: str, state: Progress, note: str) -> None:
        """Raises FeedbackNotFound."""
        self.house.votes.handle(feedback, state, note)
        self.house.ledger.audit(self.person, "feedback_handled", feedback, state)

    def delete(self, feedback: str) -> None:
        """Raises FeedbackNotFound."""
        self.house.votes.delete(feedback)
        self.house.ledger.audit(self.person, "feedback_handled", feedback, "deleted")

    @property
    def collects_unanswered(self) -> bool:
        """Whether declined questions come here at all: the setting inbox.unanswered."""
        return self.house.settings.inbox.unanswered

    def unanswered(self, *, state: Progress | None = None, limit: int = 50, offset: int = 0) -> list[UnansweredRow]:
        """Questions that the documents don't answer, those asked most first."""
        if not self.collects_unanswered:
            return []
        readable = self._readable()
        found = self.house.votes.unanswered(state, limit, offset)
        return [replace(row, answer=_read(readable, row.answer, row.last_at)) for row in found]

    def handle_unanswered(self, topic: str, state: Progress, note: str) -> None:
        """Raises FeedbackNotFound."""
        self.house.votes.handle_topic(topic, state, note)
        self.house.ledger.audit(self.person, "feedback_handled", "", state)

    def _readable(self) -> Readable:
        return Readable.of(self.house.service.collections(self.person.access))

    def _name(self, person: str | None) -> str | None:
        found = person and self.house.accounts.person(person)
        return found.name if found else None


def _read(readable: Readable, answer: Answer | None, asked_at: str) -> Answer | None:
    return answer and readable.answer(answer, asked_at)
