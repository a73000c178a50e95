"""What is not there: for a person, what others have does not exist."""

from __future__ import annotations

from ingest.errors import MidasError


class ConversationNotFound(MidasError):
    """The person has no such conversation, or no such turn."""

    def __init__(self) -> None:
        super().__init__("There is no such conversation or question: it may have been deleted; choose another one.")


class FeedbackNotFound(MidasError):
    """No feedback, or unanswered question, of that id."""

    def __init__(self) -> None:
        super().__init__("There is no such feedback: it may have been withdrawn or deleted; load the list again.")
