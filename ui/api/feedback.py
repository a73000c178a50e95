"""Votes on answers, and the inbox that admins read them in."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Depends
from pydantic import BaseModel, Field

from ui.api.context import REFUSALS, SECURED, at
from ui.api.conversations import Limit, Offset
from ui.desks.feedback import Feedback
from ui.desks.inbox import FeedbackView, Inbox
from ui.memory.conversation import Reason, Thumb, Vote
from ui.memory.votes import Progress, UnansweredRow

feedback = APIRouter(prefix="/v1", dependencies=SECURED, responses=REFUSALS, tags=["feedback"])
AtFeedback = Annotated[Feedback, Depends(at(Feedback))]
AtInbox = Annotated[Inbox, Depends(at(Inbox))]


class VoteRequest(BaseModel):
    """`exists`: the answer was not found although the documents have it."""

    thumb: Thumb
    reason: Reason | None = None
    comment: str = Field("", max_length=4000)


class Handling(BaseModel):
    """How far the admins are with it."""

    state: Progress
    note: str = Field("", max_length=4000)


class TopicHandling(Handling):
    topic: str = Field(max_length=50_000, description="as `GET /v1/unanswered` tells it")


@feedback.put("/turns/{turn}/vote", status_code=204)
def vote(turn: str, body: VoteRequest, desk: AtFeedback) -> None:
    """Votes on an answer, or changes the vote. Admins see it with question, answer, evidence and name."""
    desk.vote(turn, Vote(body.thumb, body.reason, body.comment))


@feedback.delete("/turns/{turn}/vote", status_code=204)
def withdraw_vote(turn: str, desk: AtFeedback) -> None:
    """Takes the vote back."""
    desk.withdraw(turn)


@feedback.get("/feedback")
def list_feedback(
    desk: AtInbox, state: Progress | None = None, thumb: Thumb | None = None, limit: Limit = 50, offset: Offset = 0
) -> list[FeedbackView]:
    """All votes, the latest first."""
    return desk.feedback(state=state, thumb=thumb, limit=limit, offset=offset)


@feedback.patch("/feedback/{feedback}", status_code=204)
def handle_feedback(feedback: str, body: Handling, desk: AtInbox) -> None:
    """Notes how far the admins are with a vote."""
    desk.handle(feedback, body.state, body.note)


@feedback.delete("/feedback/{feedback}", status_code=204)
def delete_feedback(feedback: str, desk: AtInbox) -> None:
    """Deletes a vote for good."""
    desk.delete(feedback)


@feedback.get("/unanswered")
def unanswered(desk: AtInbox, state: Progress | None = None, limit: Limit = 50, offset: Offset = 0) -> list[UnansweredRow]:
    """Questions that the documents don't answer, those asked most first, without who asked."""
    return desk.unanswered(state=state, limit=limit, offset=offset)


@feedback.patch("/unanswered", status_code=204)
def handle_unanswered(body: TopicHandling, desk: AtInbox) -> None:
    """Notes how far the admins are with an unanswered question."""
    desk.handle_unanswered(body.topic, body.state, body.note)
