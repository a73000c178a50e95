"""`transformers serve` of Transformers 5.23.0: `src/transformers/cli/serving/{server,chat_completion,utils,model_manager}.py`.

No `[DONE]`; the usage is on the chunk with the finish reason, asked for or not; fields outside OpenAI's schema are 422; a
server started for one model answers 400 to others; `/v1/models` lists what a hub cache holds, which is not that model; errors
are FastAPI's `{"detail": text}`, in a stream `{"error": text}`. There are no keys (a gateway in front answers 401 in its own
words), no version, and no limit to a prompt's length.
"""

from __future__ import annotations

from typing import Any

from openai.types.chat.completion_create_params import CompletionCreateParamsStreaming

from tests.fake_servers.tensorrt_llm import GATEWAY_401
from tests.fake_servers.wire import MODEL, Refusal, Reply, Wire, as_json

VERSION = "5.23.0"
FIELDS = CompletionCreateParamsStreaming.__annotations__.keys()
OWN_FIELDS = {"generation_config", "seed", "chat_template_kwargs"}


class TransformersServe(Wire):
    done = b""
    listed = ()

    def pages(self, window: int) -> dict[str, Reply]:
        return {"/v1/models": as_json({"object": "list", "data": []}), "/health": as_json({"status": "ok"})}

    def refuse_fields(self, body: dict[str, Any]) -> Reply | None:
        unknown = body.keys() - FIELDS - OWN_FIELDS
        return self.error(Refusal(422, f"Unexpected fields in the request: {unknown}")) if unknown else None

    def refuse_model(self, name: str) -> Reply | None:
        return self.error(Refusal(400, f"Server is pinned to '{MODEL}'; requested '{name}'."))

    def refuse_length(self, held: int, wanted: int, window: int) -> Reply | None:
        return None

    def error(self, refusal: Refusal) -> Reply:
        if refusal.status == 401:
            return Reply(GATEWAY_401, 401, media_type="text/html")
        if refusal.status >= 500:
            return Reply(b"Internal Server Error", refusal.status, refusal.headers, "text/plain; charset=utf-8")
        return as_json({"detail": refusal.reason}, refusal.status, refusal.headers)

    def error_in_stream(self, reason: str) -> bytes:
        return self.event({"error": reason})

    def opening(self, body: dict[str, Any]) -> bytes:
        return self.chunk({"role": "assistant"})

    def ending(self, body: dict[str, Any], pieces: int, finish: str) -> bytes:
        choice = {"index": 0, "delta": {}, "finish_reason": finish}
        return self.event({**self.head(), "choices": [choice], "usage": self.usage(body, pieces)})

    def chunk(self, delta: dict[str, Any], finish: str | None = None) -> bytes:
        return self.event({**self.head(), "system_fingerprint": "", "choices": [{"index": 0, "delta": delta}]})
