"""TensorRT-LLM 1.x (`trtllm-serve`): `tensorrt_llm/serve/{openai_server,openai_protocol}.py`, commits 0005772 and 0076e93.

Unknown fields are refused with `{"error": "<text>"}`; all other errors are flat, `{object, message, type, param, code}`. The
model's name is not checked and there are no keys (a gateway in front answers 401 in its own words). An error in the middle of
an answer breaks the connection.
"""

from __future__ import annotations

from typing import Any

from tests.fake_servers.wire import Refusal, Reply, Wire, as_json

VERSION = "1.0.0"
FIELDS = {
    *("messages", "model", "frequency_penalty", "logit_bias", "logprobs", "top_logprobs", "max_completion_tokens"),
    *("max_tokens", "n", "presence_penalty", "response_format", "seed", "stop", "stream", "stream_options", "temperature"),
    *("top_p", "tools", "tool_choice", "parallel_tool_calls", "user", "reasoning_effort", "thinking", "best_of"),
    *("use_beam_search", "top_k", "min_p", "repetition_penalty", "length_penalty", "stop_token_ids", "ignore_eos"),
    *("min_tokens", "skip_special_tokens", "truncate_prompt_tokens", "echo", "add_generation_prompt", "documents"),
    *("chat_template", "chat_template_kwargs", "cache_salt", "priority"),
}
GATEWAY_401 = b"<html>\r\n<head><title>401 Authorization Required</title></head>\r\n<body>gateway</body>\r\n</html>\r\n"


class TensorRTLLM(Wire):
    def pages(self, window: int) -> dict[str, Reply]:
        healthy, version = Reply(b"", media_type="text/plain"), as_json({"version": VERSION})
        return {**super().pages(window), "/health": healthy, "/health_generate": healthy, "/version": version}

    def model_card(self, window: int) -> dict[str, Any]:
        return {**super().model_card(window), "owned_by": "tensorrt_llm"}

    def refuse_fields(self, body: dict[str, Any]) -> Reply | None:
        if unknown := sorted(body.keys() - FIELDS):
            errors = [{"type": "extra_forbidden", "loc": ("body", unknown[0]), "msg": "Extra inputs are not permitted"}]
            return as_json({"error": str(errors)}, 400)
        return None

    def refuse_model(self, name: str) -> Reply | None:
        return None

    def refuse_length(self, held: int, wanted: int, window: int) -> Reply | None:
        reason = f"The sum of prompt length ({held}.0), query length (0) should not exceed max_num_tokens ({window})"
        return self.error(Refusal(400, reason))

    def error(self, refusal: Refusal) -> Reply:
        if refusal.status == 401:
            return Reply(GATEWAY_401, 401, media_type="text/html")
        kind = "BadRequestError" if refusal.status < 500 else "InternalServerError"
        body = {"object": "error", "message": refusal.reason, "type": kind, "param": None, "code": refusal.status}
        return as_json(body, refusal.status, refusal.headers)

    def error_in_stream(self, reason: str) -> bytes:
        return b""
