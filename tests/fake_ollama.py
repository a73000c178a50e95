"""Ollama's own API, played by a script.

Written from Ollama's `docs/openapi.yaml` (ollama/ollama at 017eb8ae4895fc6aea58b62f3793baa478586b6d) and the types and handlers
behind it: `api/types.go` and `server/routes.go` (00188139f12f1dff0920b6be98a4e7097232cf9f), `llm/llama_server.go`
(00f6d62043254e5d5313f0dcb0d41b1d3bcdaea5). What versions do differently with a prompt that is too long:

- before 0.12.6 they ignore `truncate` and `shift` and cut the prompt to exactly `num_ctx` tokens;
- 0.12.6 to 0.29 refuse with 400 `the input length exceeds the context length`;
- from 0.30 on the refusal is llama-server's, as a string in the error;
- 0.30.0 leaves the cached part of a prompt out of `prompt_eval_count`; from 0.33 on `prompt_eval_cached_count` tells it.
"""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from typing import Any

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response, StreamingResponse
from starlette.routing import Route

from tests.fake_servers.server import FakeServer, running
from tests.fake_servers.wire import MODEL, Refusal, Reply, Wire, as_json

HEEDS_TRUNCATE, LLAMA_SERVER, TELLS_CACHED = (0, 12, 6), (0, 30, 0), (0, 33, 0)
DIGEST = "sha256:c6eb396dbd5992bbe3f5cdb947e8bbc0ee413d7c17e2beaae69f5d569cf982eb"
DETAILS = {
    "parent_model": "",
    "format": "gguf",
    "family": "qwen2",
    "families": ["qwen2"],
    "parameter_size": "1.5B",
    "quantization_level": "Q4_K_M",
}


class Ollama(Wire):
    """`version` decides what becomes of long prompts. `thoughts` come before the answer, when they were asked for."""

    base = ""
    chat_path = "/api/chat"

    def __init__(
        self, version: str = "0.34.2", thoughts: Sequence[str] = (), tokens_per_word: int = 1, cached: int = 0
    ) -> None:
        self.version = version
        self.thoughts = thoughts
        self.tokens_per_word = tokens_per_word
        self.cached = cached
        """Tokens of each prompt that are in the cache."""

    def pages(self, window: int) -> dict[str, Reply]:
        return {"/api/version": as_json({"version": self.version}), "/api/tags": as_json({"models": [card(MODEL)]})}

    def media_type(self, body: dict[str, Any]) -> str:
        return "application/x-ndjson" if self.streams(body) else "application/json; charset=utf-8"

    def streams(self, body: dict[str, Any]) -> bool:
        return bool(body.get("stream", True))

    def answer_tokens(self, body: dict[str, Any]) -> int:
        return int(body.get("options", {}).get("num_predict", 0))

    def prompt_tokens(self, body: dict[str, Any]) -> int:
        return self.tokens_per_word * super().prompt_tokens(body)

    # What is refused

    def refuse(self, body: dict[str, Any], window: int) -> Reply | None:
        if str(body.get("model")) not in (MODEL, f"{MODEL}:latest"):
            return self.refuse_model(str(body.get("model")))
        if body.get("think") and not self.thoughts:
            return self.error(Refusal(400, f'"{body["model"]}" does not support thinking'))
        held, room = self.prompt_tokens(body), self.room(body)
        cuts = body.get("truncate", True) or self.number < HEEDS_TRUNCATE
        return self.refuse_length(held, 0, room) if held >= room and not cuts else None

    def refuse_model(self, name: str) -> Reply | None:
        return self.error(Refusal(404, f"model '{name}' not found"))

    def refuse_length(self, held: int, wanted: int, window: int) -> Reply | None:
        if self.number < LLAMA_SERVER:
            return self.error(Refusal(400, "the input length exceeds the context length"))
        said = f"request ({held} tokens) exceeds the available context size ({window} tokens), try increasing it"
        inner = {"code": 400, "message": said, "type": "exceed_context_size_error", "n_prompt_tokens": held, "n_ctx": window}
        return self.error(Refusal(400, json.dumps({"error": inner}, separators=(",", ":"))))

    def error(self, refusal: Refusal) -> Reply:
        return as_json({"error": refusal.reason}, refusal.status, refusal.headers)

    def error_in_stream(self, reason: str) -> bytes:
        return self.event({"error": reason})

    # What is answered

    def opening(self, body: dict[str, Any]) -> bytes:
        wanted = self.thoughts if body.get("think") else ()
        return b"".join(self.line(body, {"role": "assistant", "content": "", "thinking": thought}) for thought in wanted)

    def piece(self, body: dict[str, Any], text: str) -> bytes:
        return self.line(body, {"role": "assistant", "content": text})

    def ending(self, body: dict[str, Any], pieces: int, finish: str) -> bytes:
        counts = {**self.counts(body), "eval_count": pieces, "eval_duration": 282_000_000}
        durations = {"total_duration": 4_883_583_458, "load_duration": 1_334_875, "prompt_eval_duration": 342_546_000}
        message = {"role": "assistant", "content": ""}
        return self.line(body, message, done=True, done_reason=finish, **durations, **counts)

    def whole(self, body: dict[str, Any], pieces: Sequence[str], finish: str) -> bytes:
        message = {"role": "assistant", "content": "".join(pieces)}
        counts = {**self.counts(body), "eval_count": len(pieces)}
        return self.line(body, message, done=True, done_reason=finish, **counts)

    def counts(self, body: dict[str, Any]) -> dict[str, int]:
        """Of the prompt. Go leaves out a zero."""
        read = min(self.prompt_tokens(body), self.room(body))
        if self.number[:2] == LLAMA_SERVER[:2]:
            read -= self.cached
        cached = {"prompt_eval_cached_count": self.cached} if self.number >= TELLS_CACHED else {}
        return {**({"prompt_eval_count": read} if read else {}), **cached}

    def room(self, body: dict[str, Any]) -> int:
        return int(body.get("options", {}).get("num_ctx", 4096))

    def line(self, body: dict[str, Any], message: dict[str, Any], done: bool = False, **rest: Any) -> bytes:
        head = {"model": body["model"], "created_at": "2026-11-21T09:00:00.123456789Z"}
        return self.event({**head, "message": message, "done": done, **rest})

    def event(self, content: object) -> bytes:
        return json.dumps(content, ensure_ascii=False).encode() + b"\n"

    @property
    def number(self) -> tuple[int, ...]:
        return tuple(int(part) for part in self.version.split("."))


def card(name: str) -> dict[str, Any]:
    """A model in `/api/tags`."""
    return {
        "name": f"{name}:latest",
        "model": f"{name}:latest",
        "modified_at": "2026-10-03T23:34:03.409490317-07:00",
        "size": 986_061_892,
        "digest": DIGEST.removeprefix("sha256:"),
        "details": DETAILS,
    }


@dataclass
class FakeOllama(FakeServer):
    """The whole server: besides questions it shows, lists, pulls and deletes models.

    `shown` is added to what `/api/show` answers, `tokenizer` to its `model_info` (lists when that is asked for in full).
    `pulled` are the lines of a pull; `asked` are the methods, paths and bodies of all requests but questions.
    """

    wire: Ollama = field(default_factory=Ollama)
    shown: dict[str, Any] = field(default_factory=dict)
    tokenizer: Mapping[str, Any] = field(default_factory=dict)
    pulled: Sequence[dict[str, Any]] = (
        {"status": "pulling manifest"},
        {"status": "pulling c6eb396dbd59", "digest": DIGEST, "total": 1000},
        {"status": "pulling c6eb396dbd59", "digest": DIGEST, "total": 1000, "completed": 400},
        {"status": "pulling c6eb396dbd59", "digest": DIGEST, "total": 1000, "completed": 1000},
        {"status": "pulling 62fbfd9ed093", "digest": "sha256:62fbfd9ed093", "total": 100, "completed": 100},
        {"status": "verifying sha256 digest"},
        {"status": "writing manifest"},
        {"status": "success"},
    )
    asked: list[tuple[str, str, Any]] = field(default_factory=list)

    def app(self) -> Starlette:
        app = super().app()
        app.router.routes += [
            Route("/api/show", self._show, methods=["POST"]),
            Route("/api/ps", self._ps),
            Route("/api/pull", self._pull, methods=["POST"]),
            Route("/api/delete", self._delete, methods=["DELETE"]),
        ]
        return app

    def running(self) -> AbstractContextManager[FakeServer]:
        return running(self)

    async def _body(self, request: Request) -> dict[str, Any]:
        body: dict[str, Any] = await request.json() if await request.body() else {}
        self.asked.append((request.method, request.url.path, body))
        return body

    async def _show(self, request: Request) -> Response:
        body = await self._body(request)
        if unknown := self._unknown(body["model"]):
            return unknown
        hidden = {f"tokenizer.ggml.{name}": None for name in ("tokens", "merges", "token_type")}
        info = {
            "general.architecture": "qwen2",
            "qwen2.context_length": self.window,
            "tokenizer.ggml.model": "gpt2",
            "tokenizer.ggml.pre": "another",
            **hidden,
            **{key: value for key, value in self.tokenizer.items() if body.get("verbose") or not isinstance(value, list)},
        }
        about = {
            "license": "Apache License\nVersion 2.0, January 2004",
            "parameters": "temperature 0.7",
            "template": "{{ .Prompt }}",
            "details": DETAILS,
            "model_info": info,
            "capabilities": ["completion", "tools"],
            "modified_at": "2026-10-03T23:34:03.409490317-07:00",
        }
        return _json({**about, **self.shown})

    async def _ps(self, request: Request) -> Response:
        await self._body(request)
        loaded = {
            **card(MODEL),
            "size": 1_591_830_464,
            "expires_at": "2026-11-21T16:47:07.93355-07:00",
            "size_vram": 0,
            "context_length": 4096,
        }
        return _json({"models": [loaded]})

    async def _pull(self, request: Request) -> Response:
        await self._body(request)

        async def lines() -> AsyncIterator[bytes]:
            for step in self.pulled:
                yield self.wire.event(step)

        return StreamingResponse(lines(), media_type="application/x-ndjson")

    async def _delete(self, request: Request) -> Response:
        body = await self._body(request)
        return self._unknown(body["model"]) or Response()

    def _unknown(self, name: str) -> Response | None:
        if name in (MODEL, f"{MODEL}:latest"):
            return None
        return _json({"error": f"model '{name}' not found"}, 404)


def _json(content: object, status: int = 200) -> Response:
    return Response(json.dumps(content, ensure_ascii=False), status, media_type="application/json; charset=utf-8")
