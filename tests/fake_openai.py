"""A scripted model server on loopback: OpenAI's chat completions (streamed or not), models and embeddings.

It enters by the public door: tests configure it as a back end of kind `openai-compatible`. Replies, pace and failures are
set by the test; requests and broken connections are counted.
"""

from __future__ import annotations

import asyncio
import hashlib
import json
import math
import re
import socket
import threading
import time
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response, StreamingResponse
from starlette.routing import Route

Messages = list[dict[str, Any]]
DIMENSION = 256


@dataclass
class FakeOpenAI:
    """`reply` makes the text from the messages; `token_s` passes before each word; `error` (status, message) refuses all.

    `candidates` are the probabilities of the first token, told where a request asks for them. `requests` are the bodies
    that came; `disconnects` counts clients that went away in the middle of a stream.
    """

    reply: Callable[[Messages], str] = lambda messages: "No lo sé."
    token_s: float = 0.0
    error: tuple[int, str] | None = None
    candidates: Callable[[Messages], dict[str, float]] = lambda messages: {"El": 1.0}
    model: str = "scripted"
    url: str = ""
    requests: list[dict[str, Any]] = field(default_factory=list)
    disconnects: int = 0

    def app(self) -> Starlette:
        routes = [
            Route("/v1/models", self._models),
            Route("/v1/chat/completions", self._chat, methods=["POST"]),
            Route("/v1/embeddings", self._embeddings, methods=["POST"]),
        ]
        return Starlette(routes=routes)

    async def _models(self, request: Request) -> Response:
        return JSONResponse(
            {"object": "list", "data": [{"id": self.model, "object": "model", "created": 0, "owned_by": "tests"}]}
        )

    async def _chat(self, request: Request) -> Response:
        body = await request.json()
        self.requests.append(body)
        if self.error:
            status, message = self.error
            return JSONResponse({"error": {"message": message, "type": "server_error", "code": None}}, status_code=status)
        words = re.findall(r"\S+\s*|\s+", self.reply(body["messages"]))
        read = max(100, sum(len(message["content"].split()) for message in body["messages"]))
        usage = {"prompt_tokens": read, "completion_tokens": len(words), "total_tokens": read + len(words)}
        if body.get("stream"):
            with_usage = bool((body.get("stream_options") or {}).get("include_usage"))
            told = _logprobs(self.candidates(body["messages"])) if body.get("logprobs") else None
            return StreamingResponse(self._stream(words, usage if with_usage else None, told), media_type="text/event-stream")
        message = {"role": "assistant", "content": "".join(words)}
        choice = {"index": 0, "message": message, "finish_reason": "stop"}
        return JSONResponse({**self._head("chat.completion"), "choices": [choice], "usage": usage})

    def _head(self, kind: str) -> dict[str, Any]:
        return {"id": "chatcmpl-1", "object": kind, "created": int(time.time()), "model": self.model}

    async def _stream(
        self, words: list[str], usage: dict[str, int] | None, logprobs: dict[str, Any] | None
    ) -> AsyncIterator[str]:
        done = False
        try:
            yield self._chunk({"role": "assistant", "content": ""})
            for number, word in enumerate(words):
                await asyncio.sleep(self.token_s)
                yield self._chunk({"content": word}, logprobs=None if number else logprobs)
            yield self._chunk({}, "stop")
            if usage:
                yield f"data: {json.dumps({**self._head('chat.completion.chunk'), 'choices': [], 'usage': usage})}\n\n"
            yield "data: [DONE]\n\n"
            done = True
        finally:
            self.disconnects += not done

    def _chunk(self, delta: dict[str, Any], finish: str | None = None, logprobs: dict[str, Any] | None = None) -> str:
        choice = {"index": 0, "delta": delta, "finish_reason": finish, "logprobs": logprobs}
        return f"data: {json.dumps({**self._head('chat.completion.chunk'), 'choices': [choice]})}\n\n"

    async def _embeddings(self, request: Request) -> Response:
        body = await request.json()
        texts = [body["input"]] if isinstance(body["input"], str) else body["input"]
        data = [{"object": "embedding", "index": index, "embedding": _vector(text)} for index, text in enumerate(texts)]
        return JSONResponse(
            {"object": "list", "model": body["model"], "data": data, "usage": {"prompt_tokens": 1, "total_tokens": 1}}
        )


def _logprobs(candidates: dict[str, float]) -> dict[str, Any]:
    told = [{"token": token, "logprob": math.log(share), "bytes": None} for token, share in candidates.items()]
    return {"content": [{**told[0], "top_logprobs": told}]}


def _vector(text: str) -> list[float]:
    """A hashed bag of words of length 1: texts that share words are near."""
    vector = [1e-3] * DIMENSION
    for word in re.findall(r"\w{3,}", text.lower()):
        vector[int.from_bytes(hashlib.sha256(word[:6].encode()).digest()[:4], "big") % DIMENSION] += 1
    length = sum(value * value for value in vector) ** 0.5
    return [value / length for value in vector]


@contextmanager
def running(fake: FakeOpenAI) -> Iterator[FakeOpenAI]:
    """Serves the fake in a thread; `fake.url` is its base address with `/v1`."""
    listener = socket.create_server(("127.0.0.1", 0))
    fake.url = f"http://127.0.0.1:{listener.getsockname()[1]}/v1"
    server = uvicorn.Server(uvicorn.Config(fake.app(), log_level="error", timeout_graceful_shutdown=1, lifespan="off"))
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]}, daemon=True)
    thread.start()
    try:
        yield fake
    finally:
        server.should_exit = True
        thread.join(timeout=10)
        listener.close()
