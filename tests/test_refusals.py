"""What servers of all kinds say when they refuse becomes one sentence with the remedy."""

from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

import pytest

from assistant.backends.common.refusals import LONGEST_REASON, describe, reason_of
from assistant.errors import BackendBusy, BackendFailed, BackendRefused, PromptTooLong

WHERE = "back end 'x' (vllm at http://127.0.0.1:8000/v1)"

# Bodies as the servers' sources write them.
TOO_LONG = {
    "llama.cpp": '{"error":{"code":400,"message":"request (5000 tokens) exceeds the available context size (4096 tokens), '
    'try increasing it","type":"exceed_context_size_error","n_prompt_tokens":5000,"n_ctx":4096}}',
    "openai": '{"error":{"message":"This model\'s maximum context length is 128000 tokens. However, your messages resulted in '
    '130000 tokens.","type":"invalid_request_error","param":"messages","code":"context_length_exceeded"}}',
    "vllm": '{"error":{"message":"This model\'s maximum context length is 4096 tokens. However, you requested 200 output '
    'tokens and your prompt contains 5000 input tokens.","type":"BadRequestError","param":null,"code":400}}',
    "vllm, prompt alone": '{"error":{"message":"The decoder prompt (length 5000) is longer than the maximum model length of '
    '4096.","type":"BadRequestError","param":null,"code":400}}',
    "tgi": '{"error":"Input validation error: `inputs` tokens + `max_new_tokens` must be <= 4096. Given: 5000 `inputs` tokens '
    'and 200 `max_new_tokens`","error_type":"validation"}',
    "tgi, prompt alone": '{"error":"Input validation error: `inputs` must have less than 4095 tokens. Given: 5000",'
    '"error_type":"validation"}',
    "tensorrt-llm": '{"object":"error","message":"The sum of prompt length (5000.0), query length (0) should not exceed '
    'max_num_tokens (4096)","type":"BadRequestError","param":null,"code":400}',
    "tensorrt-llm, no room": '{"object":"error","message":"default_max_tokens (-904) must be greater than 0, '
    'default_max_tokens (-904) = max_seq_len (4096) - splited_prompt_len (5000)","type":"BadRequestError","code":400}',
    "sglang": '{"object":"error","message":"The input (5000 tokens) is longer than the model\'s context length (4096 tokens).",'
    '"type":"BadRequestError","param":null,"code":400}',
    "lm studio": '{"error":"Trying to keep the first 5000 tokens when context the overflows. However, the model is loaded with '
    'context length of only 4096 tokens, which is not enough."}',
}
NOT_TOO_LONG = [
    '{"error":{"message":"max_tokens must be at least 1, got 0.","type":"BadRequestError","code":400}}',
    '{"error":{"message":"top_logprobs must be <= 5","type":"invalid_request_error"}}',
    '{"detail":"Unexpected fields in the request: {\'id_slot\'}"}',
]


@pytest.mark.parametrize("body", TOO_LONG.values(), ids=TOO_LONG)
@pytest.mark.parametrize("status", [400, 413, 422])
def test_a_prompt_that_is_too_long_is_told_as_such(body, status) -> None:
    error = describe(WHERE, "m", status, body)
    assert isinstance(error, PromptTooLong)
    assert error.message.startswith(f"The prompt is longer than {WHERE} can read ({status}: ")
    assert error.message.endswith(": shorten the question, or set the back end's context_window to what its server holds.")


@pytest.mark.parametrize("body", TOO_LONG.values(), ids=TOO_LONG)
def test_too_many_requests_are_no_long_prompt_whatever_the_words(body) -> None:
    assert isinstance(describe(WHERE, "m", 429, body), BackendBusy)


@pytest.mark.parametrize("body", NOT_TOO_LONG)
def test_other_refusals_are_not_taken_for_it(body) -> None:
    error = describe(WHERE, "m", 400, body)
    assert type(error) is BackendRefused
    assert error.message == f"{WHERE} refused the request (400: {reason_of(body)}): check its settings and its log."


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        ('{"error": {"message": "no such model", "type": "x"}}', "no such model"),
        ('{"error": "overloaded", "error_type": "overloaded"}', "overloaded"),
        ('{"object": "error", "message": "no GPU", "code": 500}', "no GPU"),
        ('{"detail": "Server is pinned"}', "Server is pinned"),
        ('{"detail": [{"loc": ["body"], "msg": "Field required"}]}', '[{"loc": ["body"], "msg": "Field required"}]'),
        ('{"error": {"code": 7}}', '{"code": 7}'),
        ('"plain"', "plain"),
        ("Not\nFound ", "Not Found"),
        ("<html><body>502</body></html>", ""),
        ("", ""),
        ("null", ""),
        ("x" * 1000, "x" * LONGEST_REASON + "..."),
    ],
)
def test_the_reason_is_found_in_any_form(body, reason) -> None:
    assert reason_of(body) == reason


@pytest.mark.parametrize("status", [500, 502, 504, 424])
def test_its_own_fault(status) -> None:
    error = describe(WHERE, "m", status, "<html>")
    assert type(error) is BackendFailed and error.retry_after_s is None
    assert error.message == f"{WHERE} failed ({status}): check its log, try again."


@pytest.mark.parametrize(
    ("status", "header", "pause", "when"),
    [(429, "7", 7.0, "in 7 s"), (429, None, None, "later"), (429, "soon", None, "later"), (503, None, 1.0, "later"),
     (503, "0.5", 0.5, "in 0.5 s")],
)  # fmt: skip
def test_a_busy_server_says_when_to_come_back(status, header, pause, when) -> None:
    error = describe(WHERE, "m", status, '{"error": "full"}', header)
    assert isinstance(error, BackendBusy) and error.retry_after_s == pause
    assert error.message == f"{WHERE} has too much to do ({status}: full): ask again {when}, or use another back end."


def test_a_date_to_come_back_at() -> None:
    later = describe(WHERE, "m", 429, "", format_datetime(datetime.now(UTC) + timedelta(hours=1), usegmt=True))
    past = describe(WHERE, "m", 429, "", format_datetime(datetime.now(UTC) - timedelta(hours=1), usegmt=True))
    assert later.retry_after_s is not None and 3000 < later.retry_after_s <= 3600
    assert past.retry_after_s == 0
