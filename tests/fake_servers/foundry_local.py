"""The web service of Foundry Local 2.2.1, as it answered a real client, and as Microsoft's reference describes its chat
completions (learn.microsoft.com, Foundry Local REST API reference, October 2025).

It answers only with models in memory, which `GET /models/load/ALIAS` brings there. Errors in its own handlers have OpenAI's
form; a path it doesn't know is 404 with lines of plain text. A prompt that is too long is refused inside the stream.
"""

from __future__ import annotations

from typing import Any

from tests.fake_servers.wire import MODEL, Refusal, Reply, Wire, as_json

ALIAS = "midas-prueba"
_LIMIT = "search_options.cc:108 int fl::ValidateGeneratorRequestBudget(int64_t, int, int) "


class FoundryLocal(Wire):
    """`loaded` tells whether the model is in memory; tests may take it out."""

    sign_of_life = b": keep-alive\n\n"

    def __init__(self, loaded: bool = True) -> None:
        self.loaded = loaded
        self.loads: list[str] = []

    def pages(self, window: int) -> dict[str, Reply]:
        status = {"endpoints": ["http://127.0.0.1:0"], "modelCachePath": "/models", "pid": 1}
        return {**super().pages(window), "/status": as_json(status), "/models/loaded": as_json([MODEL] * self.loaded)}

    def load(self, name: str) -> Reply:
        """What `/models/load/NAME` answers: only an alias is known."""
        self.loads.append(name)
        if name != ALIAS:
            return self.error(Refusal(404, f"Model not found: No model matching '{name}'"))
        was, self.loaded = self.loaded, True
        return as_json({"status": "already_loaded" if was else "loaded"})

    def refuse_fields(self, body: dict[str, Any]) -> Reply | None:
        if not body.get("messages"):
            return self.error(Refusal(400, "Missing required field: messages"))
        return None

    def refuse_model(self, name: str) -> Reply | None:
        return self.error(Refusal(404, f"Model not found: No model matching '{name}'"))

    def refuse(self, body: dict[str, Any], window: int) -> Reply | None:
        refusal = super().refuse(body, window)
        if refusal is None and not self.loaded:
            return self.error(Refusal(400, f"Model not loaded: Model '{MODEL}' must be loaded before inference"))
        return refusal

    def refuse_length(self, held: int, wanted: int, window: int) -> Reply | None:
        reason = (
            f"{_LIMIT}request requires {held + wanted} total tokens ({held} input + {wanted} output), which exceeds the "
            f"model's maximum context length of {window} tokens"
        )
        return Reply(self.sign_of_life + self.error_in_stream(reason), media_type="text/event-stream")

    def error(self, refusal: Refusal) -> Reply:
        error = {"code": None, "message": refusal.reason, "param": None, "type": "invalid_request_error"}
        return as_json({"error": error}, refusal.status, refusal.headers)

    def error_in_stream(self, reason: str) -> bytes:
        return self.event({"error": {"code": None, "message": reason, "param": None, "type": "invalid_request_error"}})

    def usage(self, body: dict[str, Any], pieces: int) -> dict[str, Any]:
        details = {"prompt_tokens_details": {"cached_tokens": 0}, "completion_tokens_details": {"reasoning_tokens": 0}}
        return {**super().usage(body, pieces), **details}
