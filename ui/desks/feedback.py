"""What a person thinks of the answers they got."""

from __future__ import annotations

from ui.desks.desk import Desk
from ui.memory.conversation import Vote


class Feedback(Desk):
    """For everyone who is signed in. Admins see the vote with question, answer, evidence and the person's name."""

    def vote(self, turn: str, vote: Vote) -> None:
        """One vote a turn: a second one takes its place. Raises ConversationNotFound for a turn that the person has not, or
        that has no answer."""
        self.house.votes.vote(self.person.id, turn, vote)

    def withdraw(self, turn: str) -> None:
        """Takes the vote back: the admins don't see it any more. Raises ConversationNotFound."""
        self.house.votes.withdraw(self.person.id, turn)
