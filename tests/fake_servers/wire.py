"""What kinds of server differ in: paths, chunks, error bodies, what they refuse. The base is OpenAI's chat completions."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from tests.fake_servers.script import Messages

MODEL = "midas-prueba-1b"


@dataclass(frozen=True)
class Refusal:
    """A question that the server does not answer."""

    status: int
    reason: str
    headers: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Reply:
    """A response that is sent in one piece."""

    body: bytes
    status: int = 200
    headers: Mapping[str, str] = field(default_factory=dict)
    media_type: str = "application/json"


def as_json(content: object, status: int = 200, headers: Mapping[str, str] | None = None) -> Reply:
    return Reply(json.dumps(content, ensure_ascii=False).encode(), status, headers or {})


class Wire:
    """Server-sent events in OpenAI's format; subclasses change what their server does otherwise."""

    base = "/v1"
    """What the settings' `base_url` has after the address."""
    chat_path = "/v1/chat/completions"
    sign_of_life = b""
    """What the server sends while it reads a prompt; it is no token."""
    done = b"data: [DONE]\n\n"
    listed: tuple[str, ...] = (MODEL,)
    """The models that the server says it has, as people name them."""

    def pages(self, window: int) -> dict[str, Reply]:
        """What can be asked besides questions: path -> reply."""
        return {"/v1/models": as_json({"object": "list", "data": [self.model_card(window)]})}

    def model_card(self, window: int) -> dict[str, Any]:
        return {"id": MODEL, "object": "model", "created": 0, "owned_by": "tests"}

    def messages(self, body: dict[str, Any]) -> Messages:
        messages: Messages = body["messages"]
        return messages

    def prompt_tokens(self, body: dict[str, Any]) -> int:
        """The fakes' tokens are words."""
        return sum(len(str(message["content"]).split()) for message in self.messages(body))

    def answer_tokens(self, body: dict[str, Any]) -> int:
        """The longest answer that was asked for."""
        return int(body.get("max_completion_tokens") or body.get("max_tokens") or 0)

    def streams(self, body: dict[str, Any]) -> bool:
        return bool(body.get("stream"))

    def media_type(self, body: dict[str, Any]) -> str:
        return "text/event-stream; charset=utf-8" if self.streams(body) else "application/json"

    # What is refused

    def refuse(self, body: dict[str, Any], window: int) -> Reply | None:
        """The server's own reasons, in its order: the form of the request, the model, the length."""
        if reply := self.refuse_fields(body):
            return reply
        if body.get("model") != MODEL:
            return self.refuse_model(str(body.get("model")))
        held, wanted = self.prompt_tokens(body), self.answer_tokens(body)
        return self.refuse_length(held, wanted, window) if held + wanted > window else None

    def refuse_fields(self, body: dict[str, Any]) -> Reply | None:
        return None

    def refuse_model(self, name: str) -> Reply | None:
        return self.error(Refusal(404, f"The model `{name}` does not exist"))

    def refuse_length(self, held: int, wanted: int, window: int) -> Reply | None:
        return self.error(Refusal(400, f"{held + wanted} tokens do not fit {window}"))

    def error(self, refusal: Refusal) -> Reply:
        body = {"error": {"message": refusal.reason, "type": "error", "param": None, "code": None}}
        return as_json(body, refusal.status, refusal.headers)

    def error_in_stream(self, reason: str) -> bytes:
        return self.event({"error": {"message": reason, "type": "server_error", "code": 500}})

    # What is answered

    def opening(self, body: dict[str, Any]) -> bytes:
        return self.chunk({"role": "assistant", "content": ""})

    def piece(self, body: dict[str, Any], text: str) -> bytes:
        return self.chunk({"content": text})

    def ending(self, body: dict[str, Any], pieces: int, finish: str) -> bytes:
        usage = self.event({**self.head(), "choices": [], "usage": self.usage(body, pieces)}) if self.wants_usage(body) else b""
        return self.chunk({}, finish) + usage + self.done

    def whole(self, body: dict[str, Any], pieces: Sequence[str], finish: str) -> bytes:
        message = {"role": "assistant", "content": "".join(pieces)}
        choice = {"index": 0, "message": message, "finish_reason": finish}
        head = {**self.head(), "object": "chat.completion"}
        return json.dumps({**head, "choices": [choice], "usage": self.usage(body, len(pieces))}).encode()

    def wants_usage(self, body: dict[str, Any]) -> bool:
        return bool((body.get("stream_options") or {}).get("include_usage"))

    def usage(self, body: dict[str, Any], pieces: int) -> dict[str, Any]:
        held = self.prompt_tokens(body)
        return {"prompt_tokens": held, "completion_tokens": pieces, "total_tokens": held + pieces}

    def head(self) -> dict[str, Any]:
        return {"id": "chatcmpl-1", "object": "chat.completion.chunk", "created": 1, "model": MODEL}

    def chunk(self, delta: dict[str, Any], finish: str | None = None) -> bytes:
        return self.event({**self.head(), "choices": [{"index": 0, "delta": delta, "finish_reason": finish}]})

    def event(self, content: object) -> bytes:
        return b"data: " + json.dumps(content, ensure_ascii=False).encode() + b"\n\n"
