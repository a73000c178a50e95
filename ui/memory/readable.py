"""Turns as their person may read them today."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from assistant.notices import withheld
from assistant.redaction import redacted
from assistant.types import Answer, Message
from ingest.collection import CollectionInfo
from ui.memory.conversation import Conversation, Turn


@dataclass(frozen=True, slots=True)
class Readable:
    """Through the collections that a person may read. One that was deleted and made anew is not the one it was."""

    since: dict[str, str]

    @classmethod
    def of(cls, collections: Sequence[CollectionInfo]) -> Readable:
        return cls({info.name: info.created_at for info in collections})

    def conversation(self, conversation: Conversation) -> Conversation:
        return replace(conversation, turns=tuple(map(self.turn, conversation.turns)))

    def turn(self, turn: Turn) -> Turn:
        seen = [name for name in turn.searched if self._may_read(name, turn.asked_at)]
        chosen = None if turn.collections is None else tuple(name for name in turn.collections if name in seen)
        named = replace(turn, searched=tuple(seen), collections=chosen)
        if turn.answer:
            answer = self.answer(turn.answer, turn.asked_at)
            return replace(named, answer=answer, withheld=answer.text != turn.answer.text)
        if (turn.text or turn.error) and named.searched != turn.searched:
            notice = withheld(turn.language)
            return replace(named, text=turn.text and notice, error=turn.error and notice, withheld=True)
        return named

    def answer(self, answer: Answer, asked_at: str) -> Answer:
        return redacted(answer, lambda name: self._may_read(name, asked_at))

    def _may_read(self, name: str, asked_at: str) -> bool:
        return name in self.since and self.since[name] <= asked_at


def history(turns: Sequence[Turn]) -> tuple[Message, ...]:
    """The answered turns as messages, with all the collections that were searched for them; without those of which something
    is left out."""
    return tuple(message for turn in turns if turn.answer and not turn.withheld for message in turn.answer.exchange)
