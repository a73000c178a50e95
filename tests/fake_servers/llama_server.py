"""llama.cpp's `llama-server` (`tools/server/README.md` and `server-http.cpp`, build b6800 and later).

Any model's name is accepted. Errors are `{"error": {code: int, message, type}}`. Comments are sent while the prompt is read.
"""

from __future__ import annotations

from typing import Any

from tests.fake_servers.wire import MODEL, Refusal, Reply, Wire, as_json

VERSION = "b6800"
_TYPES = {400: "invalid_request_error", 401: "authentication_error", 404: "not_found_error", 500: "server_error"}


class LlamaServer(Wire):
    sign_of_life = b":\n\n"

    def pages(self, window: int) -> dict[str, Reply]:
        props = {"default_generation_settings": {"n_ctx": window}, "total_slots": 1, "model_path": f"/models/{MODEL}.gguf"}
        return {**super().pages(window), "/health": as_json({"status": "ok"}), "/props": as_json(props)}

    def model_card(self, window: int) -> dict[str, Any]:
        return {**super().model_card(window), "owned_by": "llamacpp", "meta": {"n_ctx_train": 32768, "n_params": 1_000_000_000}}

    def refuse_model(self, name: str) -> Reply | None:
        return None

    def refuse_length(self, held: int, wanted: int, window: int) -> Reply | None:
        """Only a prompt that is too long by itself; the answer then ends where the window does."""
        if held <= window:
            return None
        reason = f"request ({held} tokens) exceeds the available context size ({window} tokens), try increasing it"
        error = {"code": 400, "message": reason, "type": "exceed_context_size_error", "n_prompt_tokens": held, "n_ctx": window}
        return as_json({"error": error}, 400)

    def error(self, refusal: Refusal) -> Reply:
        kind = _TYPES.get(refusal.status, "unavailable_error")
        error = {"code": refusal.status, "message": refusal.reason, "type": kind}
        return as_json({"error": error}, refusal.status, refusal.headers)

    def usage(self, body: dict[str, Any], pieces: int) -> dict[str, Any]:
        return {**super().usage(body, pieces), "prompt_tokens_details": {"cached_tokens": 0}}
