"""OpenAI's chat format over HTTP, as LlamaIndex speaks it, with errors as sentences and streams that close at once."""

from __future__ import annotations

import json
from collections.abc import AsyncGenerator, Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import httpx
import openai
from llama_index.core.base.llms.types import ChatMessage, ChatResponse, MessageRole
from llama_index.core.bridge.pydantic import PrivateAttr
from llama_index.llms.openai.utils import to_openai_message_dicts
from llama_index.llms.openai_like import OpenAILike  # type: ignore[import-untyped]

from assistant.errors import BackendRefused, BackendTimeout, BackendUnreachable, PromptTooLong

CONNECT_SECONDS = 10.0
_TOO_LONG = ("exceed_context_size_error", "context_length_exceeded")

CountChatTokens = Callable[[Sequence[ChatMessage]], int]


class WireLLM(OpenAILike):  # type: ignore[misc]
    """`where` names the back end in errors, e.g. `back end 'local' (llama-cpp)`."""

    _where: str = PrivateAttr()
    _count_chat_tokens: CountChatTokens = PrivateAttr()

    def __init__(self, where: str, count_chat_tokens: CountChatTokens, silence_seconds: float, **options: Any) -> None:
        """`silence_seconds` is the longest wait for the next byte: servers that read a long prompt send signs of life."""
        super().__init__(is_chat_model=True, temperature=0, max_retries=0, **_clients(silence_seconds), **options)
        self._where = where
        self._count_chat_tokens = count_chat_tokens

    async def astream_chat(self, messages: Sequence[ChatMessage], **options: Any) -> AsyncGenerator[ChatResponse, None]:
        """Raises PromptTooLong here, other BackendErrors while it is read. Closing the generator closes the connection."""
        self.require_room(messages, int(options.get("max_tokens") or 0))
        return self._chunks(messages, options)

    def require_room(self, messages: Sequence[ChatMessage], max_tokens: int) -> None:
        """Raises PromptTooLong when prompt and answer don't fit the context window."""
        held = self._count_chat_tokens(messages)
        if held + max_tokens > self.context_window:
            raise PromptTooLong(
                f"The prompt has {held} tokens and the answer may have {max_tokens}, but {self._where} holds "
                f"{self.context_window} in all: shorten the question, or raise the back end's context window."
            )

    async def _chunks(self, messages: Sequence[ChatMessage], options: dict[str, Any]) -> AsyncGenerator[ChatResponse, None]:
        request = {**self._get_model_kwargs(stream=True), "stream_options": {"include_usage": True}, **options}
        sent = to_openai_message_dicts(messages, model=self.model)
        text = ""
        with translated(self._where):
            async with await self._get_aclient().chat.completions.create(messages=sent, **request) as stream:
                async for chunk in stream:
                    delta = (chunk.choices[0].delta.content or "") if chunk.choices else ""
                    text += delta
                    yield ChatResponse(message=ChatMessage(text, role=MessageRole.ASSISTANT), delta=delta, raw=chunk)


@contextmanager
def translated(where: str) -> Iterator[None]:
    """Turns what the client library raises into BackendErrors that name the back end and the remedy."""
    try:
        yield
    except (openai.APITimeoutError, httpx.TimeoutException) as error:
        raise BackendTimeout(f"{where} did not answer in time: try again, or raise its timeout.") from error
    except (openai.APIConnectionError, httpx.TransportError) as error:
        reason = error.__cause__ or error
        raise BackendUnreachable(f"{where} can't be reached or hung up ({reason}): check that it runs.") from error
    except openai.APIStatusError as error:
        raise _refusal(where, error) from error
    except openai.APIError as error:
        raise BackendRefused(f"{where} failed in the middle of an answer ({error.message}): try again.") from error
    except (json.JSONDecodeError, UnicodeDecodeError) as error:
        raise BackendRefused(f"{where} does not speak OpenAI's format ({error}): check its address and kind.") from error


def _refusal(where: str, error: openai.APIStatusError) -> BackendRefused | PromptTooLong:
    body = error.body if isinstance(error.body, dict) else {}
    if error.code in _TOO_LONG or body.get("type") in _TOO_LONG:
        return PromptTooLong(f"The prompt is longer than {where} can read: shorten the question, or raise its context window.")
    reason = body.get("message") or error.message
    return BackendRefused(f"{where} refused the request ({error.status_code}: {reason}): check its settings and its log.")


def _clients(silence_seconds: float) -> dict[str, Any]:
    """HTTP clients that keep no idle connection, so that they work in any event loop, and never ask a proxy."""
    options: dict[str, Any] = {
        "timeout": httpx.Timeout(silence_seconds, connect=CONNECT_SECONDS),
        "limits": httpx.Limits(max_keepalive_connections=0),
        "trust_env": False,
    }
    clients = {"http_client": httpx.Client(**options), "async_http_client": httpx.AsyncClient(**options)}
    return {**clients, "timeout": silence_seconds}
