"""One question to a running server over its HTTP API, line by line as the answer comes: `Exchange` makes a `Sample` of it.

It knows no HTTP client, so that a load generator can use its own.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass, field
from time import perf_counter
from typing import Any

from assistant.types import Answer, AnswerEvent, StatusEvent, TokenEvent
from assistant.wire import event_from_json
from eval.latency import Stopwatch
from eval.questions import Question
from eval.rows import Speed, Status

CUT_OFF = "cut_off"
"""The stream ended without an answer."""
TIMEOUT = "timeout"
UNREACHABLE = "unreachable"
CLIENT = "client"
"""The one that asked could not read what came."""
FALLBACK = "fallback"
"""Another back end answered than the one that was asked."""
KEY = "MIDAS_API_KEY"
"""Environment variable with the key that a load test asks with."""
CHAT_PATH = "/v1/chat/completions"
_DATA, _END = "data: ", "[DONE]"


@dataclass(frozen=True, slots=True)
class Sample:
    """What came of one question under load.

    `began_s` and `ended_s` are seconds from the beginning of the measurement; where arrivals are scheduled, `began_s` is when
    it should have been asked. `cause` says why there is no whole answer (None: there is one), `detail` is the sentence that
    came with it. `first_shown_ms` is from asking until the first text of the answer, `speed.total_ms` until its end. `tokens`
    are those of the answer; `passages` the chunks it cites; `model` is what answered.
    """

    question: str
    began_s: float
    ended_s: float
    cause: str | None
    detail: str
    status: Status
    text: str = ""
    passages: tuple[str, ...] = ()
    tokens: int = 0
    counted_by: str = ""
    first_shown_ms: float | None = None
    speed: Speed = field(default_factory=Speed)
    model: str = ""


class Exchange:
    """Begins when it is made. `line` every line of the response in turn, `fail` at most once, then ask for the `sample`.

    `began` is on the clock's scale, for a question that should have been asked earlier than it was.
    """

    def __init__(
        self, question: str, backend: str | None, began: float | None = None, clock: Callable[[], float] = perf_counter
    ) -> None:
        self._question = question
        self._backend = backend
        self._clock = clock
        self.began = clock() if began is None else began
        self._watch = Stopwatch(clock, self.began)
        self._cause: str | None = None
        self._detail = ""
        self._answer: Answer | None = None
        self._whole = False

    def line(self, line: str) -> None:
        """A line of the response's body, with or without its end."""
        if not line.startswith(_DATA):
            return
        data = line.removeprefix(_DATA).strip()
        if data == _END:
            self._whole = True
            return
        chunk: dict[str, Any] = json.loads(data)
        if "error" in chunk:
            self.refused(200, data)
        elif told := chunk.get("midas"):
            self._see(event_from_json(told))

    def refused(self, status: int, body: str) -> None:
        """The server answered with an error: the stable name in the body is the cause, else the HTTP status."""
        try:
            error = json.loads(body)["error"]
            self.fail(error["code"] or f"http_{status}", error["message"])
        except (ValueError, TypeError, KeyError):
            self.fail(f"http_{status}", body[:200])

    def fail(self, cause: str, detail: str) -> None:
        """There will be no whole answer."""
        self._cause, self._detail = cause, " ".join(detail.split())

    def sample(self, origin: float = 0.0) -> Sample:
        """`origin` is when the measurement began, on the clock's scale."""
        if self._cause is None and not (self._answer and self._whole):
            self.fail(CUT_OFF, "The stream ended before the answer did.")
        answer, speed = self._answer, self._watch.speed()
        return Sample(
            self._question,
            self.began - origin,
            self._clock() - origin,
            self._cause,
            self._detail,
            "error" if self._cause or answer is None else "declined" if answer.declined else "ok",
            answer.text if answer else "",
            _cited(answer) if answer else (),
            answer.usage.completion_tokens - answer.usage.check_tokens if answer else 0,
            answer.usage.counted_by if answer else "",
            self._watch.first_shown_ms,
            speed,
            answer.model if answer else "",
        )

    def _see(self, event: StatusEvent | TokenEvent | AnswerEvent) -> None:
        self._watch.see(event)
        if isinstance(event, AnswerEvent):
            self._answer = event.answer
            if self._backend not in (None, event.answer.backend):
                self.fail(FALLBACK, " ".join(event.answer.notices))


def chat_body(question: Question, backend: str | None, collections: tuple[str, ...]) -> dict[str, Any]:
    """The request of a question; no collections means all of them."""
    turns = [{"role": turn.role, "content": turn.text} for turn in question.history]
    body = {"messages": [*turns, {"role": "user", "content": question.question}], "stream": True}
    return {**body, **({"model": backend} if backend else {}), **({"collections": collections} if collections else {})}


def _cited(answer: Answer) -> tuple[str, ...]:
    chunks = {source.number: source.chunk_id for source in answer.sources}
    return tuple(sorted({chunks[citation.number] for citation in answer.citations if citation.number in chunks}))
