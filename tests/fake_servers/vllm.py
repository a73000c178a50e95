"""vLLM 0.32.0: `vllm/entrypoints/openai/chat_completion/{protocol,serving}.py`, `vllm/entrypoints/serve/**`.

Errors are `{"error": {message, type, param, code: int}}`, a wrong key `{"error": "Unauthorized"}` (only paths under /v1 are
guarded). Requests accept unknown fields. The models' cards tell `max_model_len`.
"""

from __future__ import annotations

from http import HTTPStatus
from typing import Any

from tests.fake_servers.wire import Refusal, Reply, Wire, as_json

VERSION = "0.32.0"
_TYPES = {400: "BadRequestError", 404: "NotFoundError", 500: "InternalServerError", 503: "ServiceUnavailableError"}


class VLLM(Wire):
    sign_of_life = b": keep-alive\n\n"

    def pages(self, window: int) -> dict[str, Reply]:
        version = as_json({"version": VERSION})
        return {**super().pages(window), "/health": Reply(b"", media_type="text/plain"), "/version": version}

    def model_card(self, window: int) -> dict[str, Any]:
        return {**super().model_card(window), "owned_by": "vllm", "root": "/models/prueba", "max_model_len": window}

    def refuse_model(self, name: str) -> Reply | None:
        return self.error(Refusal(404, f"The model `{name}` does not exist."))

    def refuse_length(self, held: int, wanted: int, window: int) -> Reply | None:
        return self.error(
            Refusal(
                400,
                f"This model's maximum context length is {window} tokens. However, you requested {wanted} output tokens and "
                f"your prompt contains {held} input tokens, for a total of {held + wanted} tokens. Please reduce the length "
                "of the input prompt or the number of requested output tokens.",
            )
        )

    def error(self, refusal: Refusal) -> Reply:
        if refusal.status == 401:
            return as_json({"error": "Unauthorized"}, 401)
        kind = _TYPES.get(refusal.status, HTTPStatus(refusal.status).phrase)
        error = {"message": refusal.reason, "type": kind, "param": None, "code": refusal.status}
        return as_json({"error": error}, refusal.status, refusal.headers)

    def error_in_stream(self, reason: str) -> bytes:
        error = {"message": reason, "type": "InternalServerError", "param": None, "code": 500}
        return self.event({"error": error}) + self.done

    def chunk(self, delta: dict[str, Any], finish: str | None = None) -> bytes:
        choice = {"index": 0, "delta": delta, "logprobs": None, "finish_reason": finish, "token_ids": None}
        return self.event({**self.head(), "choices": [choice], "prompt_token_ids": None})
