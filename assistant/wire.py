"""Events of an answer as JSON, as they stand in the `midas` field of a chat completion: `type` tells which."""

from __future__ import annotations

from typing import Any

from pydantic import TypeAdapter
from pydantic_core import to_jsonable_python

from assistant.types import Answer, AnswerEvent, Event, StatusEvent, TokenEvent

_ANSWER = TypeAdapter(Answer)
_STATUS = TypeAdapter(StatusEvent)


def event_to_json(event: Event) -> dict[str, Any]:
    """`{"type": "status", "state": ...}`, `{"type": "token", "text": ...}`, or all of `Answer` with `"type": "answer"`."""
    if isinstance(event, AnswerEvent):
        return {"type": "answer", **to_jsonable_python(event.answer)}
    kind = "token" if isinstance(event, TokenEvent) else "status"
    return {"type": kind, **to_jsonable_python(event)}


def event_from_json(data: dict[str, Any]) -> Event:
    fields = {name: value for name, value in data.items() if name != "type"}
    if data["type"] == "answer":
        return AnswerEvent(_ANSWER.validate_python(fields))
    if data["type"] == "token":
        return TokenEvent(fields["text"])
    return _STATUS.validate_python(fields)
