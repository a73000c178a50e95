"""Text Generation Inference 2.4.1: `docs/openapi.json` and `router/src/{infer/mod.rs,validation.rs,server.rs}`.

Errors are flat, `{"error", "error_type"}`, with 422 for what is refused, 424 for a failed generation, 429 for a full queue; a
wrong key is 401 without a body. The model's name is unused. Every chunk has the role; `response_format` is a grammar.
"""

from __future__ import annotations

from typing import Any

from tests.fake_servers.wire import MODEL, Refusal, Reply, Wire, as_json

VERSION = "2.4.1"
_TYPES = {422: "validation", 424: "generation", 429: "overloaded", 500: "incomplete_generation"}


class TGI(Wire):
    def pages(self, window: int) -> dict[str, Reply]:
        info = {
            "model_id": MODEL,
            "max_concurrent_requests": 128,
            "max_best_of": 2,
            "max_stop_sequences": 4,
            "max_input_tokens": window - 1,
            "max_total_tokens": window,
            "validation_workers": 2,
            "max_client_batch_size": 4,
            "router": "text-generation-router",
            "version": VERSION,
        }
        return {**super().pages(window), "/health": Reply(b"", media_type="text/plain"), "/info": as_json(info)}

    def model_card(self, window: int) -> dict[str, Any]:
        return {**super().model_card(window), "owned_by": MODEL}

    def answer_tokens(self, body: dict[str, Any]) -> int:
        return int(body.get("max_tokens") or 0)

    def refuse_fields(self, body: dict[str, Any]) -> Reply | None:
        if (wanted := body.get("response_format")) and wanted.get("type") not in ("json", "regex"):
            reason = f"Failed to deserialize the JSON body: response_format: unknown variant `{wanted.get('type')}`"
            return Reply(reason.encode(), 422, media_type="text/plain; charset=utf-8")
        return None

    def refuse_model(self, name: str) -> Reply | None:
        return None

    def refuse_length(self, held: int, wanted: int, window: int) -> Reply | None:
        reason = f"Input validation error: `inputs` tokens + `max_new_tokens` must be <= {window}. "
        return self.error(Refusal(422, f"{reason}Given: {held} `inputs` tokens and {wanted} `max_new_tokens`"))

    def error(self, refusal: Refusal) -> Reply:
        if refusal.status == 401:
            return Reply(b"", 401, media_type="text/plain")
        body = {"error": refusal.reason, "error_type": _TYPES.get(refusal.status, "unknown")}
        return as_json(body, refusal.status, refusal.headers)

    def error_in_stream(self, reason: str) -> bytes:
        return self.event({"error": f"Request failed during generation: {reason}", "error_type": "generation"})

    def opening(self, body: dict[str, Any]) -> bytes:
        return b""

    def head(self) -> dict[str, Any]:
        return {**super().head(), "system_fingerprint": f"{VERSION}-native"}

    def chunk(self, delta: dict[str, Any], finish: str | None = None) -> bytes:
        return super().chunk({"role": "assistant", "content": "", **delta}, finish)
