"""A conversation as its person sees it again: `Conversation`, `Turn`, `Vote`."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from assistant.prompts import Language
from assistant.types import Answer

TurnState = Literal["writing", "done", "stopped", "interrupted", "failed"]
Thumb = Literal["up", "down"]
Reason = Literal["wrong", "incomplete", "wrong_source", "exists", "slow", "other"]
"""Why an answer is no good; `exists`: it was not found although the documents have it."""
REASONS: tuple[Reason, ...] = ("wrong", "incomplete", "wrong_source", "exists", "slow", "other")


@dataclass(frozen=True, slots=True)
class Vote:
    """What a person thinks of an answer."""

    thumb: Thumb
    reason: Reason | None = None
    comment: str = ""


@dataclass(frozen=True, slots=True)
class Turn:
    """A question and what came of it.

    `answer` is there when `state` is `done`, `error` when it is `failed`; otherwise `text` is what was written so far.
    `interrupted`: the server stopped in the middle, or who asked was let in no longer. `collections` (None: all) and `backend`
    (None: the default one) were chosen for it, `searched` are the collections it may come from. `withheld` tells that parts are
    left out, which came from documents that the person may not read any more.
    """

    id: str
    conversation: str
    question: str
    state: TurnState
    text: str
    answer: Answer | None
    error: str | None
    collections: tuple[str, ...] | None
    searched: tuple[str, ...]
    backend: str | None
    language: Language
    asked_at: str
    finished_at: str | None
    vote: Vote | None = None
    withheld: bool = False


@dataclass(frozen=True, slots=True)
class ConversationRow:
    """A conversation in a list. `excerpt` is where the words of a search stand."""

    id: str
    title: str
    created_at: str
    updated_at: str
    turns: int
    excerpt: str = ""


@dataclass(frozen=True, slots=True)
class Conversation:
    """With its turns, oldest first."""

    id: str
    title: str
    created_at: str
    updated_at: str
    turns: tuple[Turn, ...]


@dataclass(frozen=True, slots=True)
class Begun:
    """The first event of an answer that is kept: where the question stands. `cut` counts the later turns that an edited
    question did away with."""

    conversation: str
    turn: str
    title: str
    cut: int = 0
