"""OpenAI's API: `openapi.yaml` 2.3.0 and its guide to error codes.

Errors are `{"error": {message, type, param, code: text}}`. Chunks carry `usage: null` until the last when it is asked for.
Newer models refuse `max_tokens`, so this one does.
"""

from __future__ import annotations

from typing import Any

from tests.fake_servers.wire import Refusal, Reply, Wire, as_json

VERSION = "2.3.0"
_CODES: dict[int, tuple[str, str | None]] = {
    401: ("invalid_request_error", "invalid_api_key"),
    404: ("invalid_request_error", "model_not_found"),
    429: ("requests", "rate_limit_exceeded"),
    500: ("server_error", None),
}


class OpenAICloud(Wire):
    def refuse_fields(self, body: dict[str, Any]) -> Reply | None:
        if "max_tokens" not in body:
            return None
        reason = "Unsupported parameter: 'max_tokens' is not supported with this model. Use 'max_completion_tokens' instead."
        return as_json({"error": _error(reason, "invalid_request_error", "unsupported_parameter", "max_tokens")}, 400)

    def refuse_model(self, name: str) -> Reply | None:
        return self.error(Refusal(404, f"The model `{name}` does not exist or you do not have access to it."))

    def refuse_length(self, held: int, wanted: int, window: int) -> Reply | None:
        reason = f"This model's maximum context length is {window} tokens. However, your messages resulted in {held} tokens."
        return as_json({"error": _error(reason, "invalid_request_error", "context_length_exceeded", "messages")}, 400)

    def error(self, refusal: Refusal) -> Reply:
        kind, code = _CODES.get(refusal.status, ("invalid_request_error", None))
        return as_json({"error": _error(refusal.reason, kind, code)}, refusal.status, refusal.headers)

    def chunk(self, delta: dict[str, Any], finish: str | None = None) -> bytes:
        choice = {"index": 0, "delta": delta, "logprobs": None, "finish_reason": finish}
        head = {**self.head(), "service_tier": "default", "system_fingerprint": "fp_1", "usage": None, "obfuscation": "x"}
        return self.event({**head, "choices": [choice]})


def _error(reason: str, kind: str, code: str | None, param: str | None = None) -> dict[str, str | None]:
    return {"message": reason, "type": kind, "param": param, "code": code}
