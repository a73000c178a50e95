"""A model server's error as one sentence with the remedy. What the server said is quoted, whatever form it gave it."""

from __future__ import annotations

import json
import re
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any

from assistant.errors import BackendBusy, BackendError, BackendFailed, BackendRefused, PromptTooLong

SERVER_PAUSE_S = 1.0
"""A server that is overloaded (503) and doesn't say for how long is asked again after this."""
TOO_MANY = 429
"""Too many requests, or too many tokens in a minute: never too long a prompt, whatever its words."""
FAILED_DEPENDENCY = 424
"""What a router answers whose model failed."""
LONGEST_REASON = 300
_TOO_LONG = re.compile(
    r"exceed_context_size|context_length_exceeded|string_above_max_length|context (?:length|window|size)"
    r"|max_(?:seq|model)_len|maximum model length|prompt is too long|too many tokens|must have less than \d+ tokens"
    r"|tokens.{0,60}(?:must be <=|exceed)|exceeds? .{0,40}max.{0,30}(?:tokens|length)",
    re.IGNORECASE,
)
_REMEDIES = {
    401: "refused the key ({said}): set the environment variable that api_key_env names to a valid key",
    403: "refused the key ({said}): set the environment variable that api_key_env names to a key that may use the model",
    404: "has no model {model!r}, or nothing at this address ({said}): correct model or base_url; "
    "midas backends check lists what it serves",
}


def describe(where: str, model: str, status: int, body: str, retry_after: str | None = None) -> BackendError:
    """The error of an HTTP answer: its status (400 or more), body and `Retry-After` header (seconds or a date)."""
    said = quoted(status, body)
    if is_too_long(status, body):
        return too_long(where, said)
    if status in (TOO_MANY, 503):
        return _busy(where, said, _seconds(retry_after), SERVER_PAUSE_S if status == 503 else None)
    if status >= 500 or status == FAILED_DEPENDENCY:
        return BackendFailed(f"{where} failed ({said}): check its log, try again.")
    remedy = _REMEDIES.get(status, "refused the request ({said}): check its settings and its log")
    return BackendRefused(f"{where} {remedy.format(said=said, model=model)}.")


def quoted(status: int, body: str) -> str:
    """`404: model not found`."""
    reason = reason_of(body)
    return f"{status}: {reason}" if reason else str(status)


def is_too_long(status: int, body: str) -> bool:
    """Whether a server says that prompt and answer don't fit its window."""
    return 400 <= status < 500 and status != TOO_MANY and _TOO_LONG.search(body) is not None


def too_long(where: str, said: str) -> PromptTooLong:
    return PromptTooLong(
        f"The prompt is longer than {where} can read ({said}): shorten the question, or set the back end's context_window to "
        "what its server holds."
    )


def _busy(where: str, said: str, wanted_s: float | None, default_s: float | None) -> BackendBusy:
    pause_s = default_s if wanted_s is None else wanted_s
    when = f"in {wanted_s:g} s" if wanted_s is not None else "later"
    return BackendBusy(f"{where} has too much to do ({said}): ask again {when}, or use another back end.", pause_s)


def _seconds(retry_after: str | None) -> float | None:
    """What a `Retry-After` header asks for; None when there is none that can be read."""
    if retry_after is None:
        return None
    try:
        return max(0.0, float(retry_after))
    except ValueError:
        return _seconds_until(retry_after)


def _seconds_until(date: str) -> float | None:
    try:
        return max(0.0, (parsedate_to_datetime(date) - datetime.now(UTC)).total_seconds())
    except (ValueError, TypeError):
        return None


def reason_of(body: str) -> str:
    """What a server says in an error's body: OpenAI's form, a flat one, FastAPI's, or plain text. One line, cut when long."""
    try:
        text = _told(json.loads(body))
    except ValueError:
        text = "" if body.lstrip().startswith("<") else body
    line = " ".join(text.split())
    return line if len(line) <= LONGEST_REASON else f"{line[:LONGEST_REASON]}..."


def _told(value: Any) -> str:
    """The text of an error object: that of its first telling member, else all of it."""
    if isinstance(value, str):
        return value
    if isinstance(value, dict):
        members = (value.get(name) for name in ("error", "message", "detail"))
        return next((_told(member) for member in members if member), json.dumps(value, ensure_ascii=False) if value else "")
    return json.dumps(value, ensure_ascii=False) if value else ""
