"""OpenAI's chat format over HTTP, with errors as sentences and streams that close at once."""

from __future__ import annotations

import json
from collections.abc import AsyncGenerator, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import httpx
import openai
from llama_index.core.base.llms.types import ChatMessage
from llama_index.core.bridge.pydantic import PrivateAttr
from openai.types.chat import ChatCompletionChunk

from assistant.backends.common.counting import TokenCounter
from assistant.backends.common.dialect import Dialect
from assistant.backends.common.guard import Guard
from assistant.backends.common.llm import GuardedLLM
from assistant.backends.common.pieces import CachedTokens, Piece, TokenCounts
from assistant.backends.common.refusals import describe, is_too_long, reason_of, too_long
from assistant.errors import BackendError, BackendFailed, BackendRefused, BackendTimeout, BackendUnreachable

REFUSED_PAUSE_S = 0.5
"""A server that is being restarted refuses connections for a moment."""


@dataclass(frozen=True)
class Endpoint:
    """A server's address (with `/v1` where it has that) and how to get in. Its representation has no key."""

    base_url: str
    connect_s: float
    key: str | None = field(default=None, repr=False)
    headers: Mapping[str, str] = field(default_factory=dict, repr=False)

    @property
    def root(self) -> str:
        """The address without `/v1`, where servers have their own pages."""
        return self.base_url.rstrip("/").removesuffix("/v1")

    @cached_property
    def _tls(self) -> Any:
        return httpx.create_ssl_context(trust_env=False)

    def client(self, read_s: float | None = None) -> httpx.AsyncClient:
        """A client for one call: none is shared between event loops, and leaving it closes its connections. It asks no proxy.

        `read_s` is the longest wait for a byte, None where a guard watches.
        """
        authorization = {"Authorization": f"Bearer {self.key}"} if self.key else {}
        return httpx.AsyncClient(
            verify=self._tls if self.base_url.startswith("https") else False,
            headers={**authorization, **self.headers},
            timeout=httpx.Timeout(read_s, connect=self.connect_s),
            trust_env=False,
        )

    def openai(self) -> openai.AsyncOpenAI:
        """OpenAI's client for one call, likewise."""
        client = self.client()
        return openai.AsyncOpenAI(
            api_key=self.key or "none",
            base_url=self.base_url,
            default_headers=dict(self.headers),
            http_client=client,
            timeout=client.timeout,
            max_retries=0,
        )


class WireLLM(GuardedLLM):
    """A model behind OpenAI's chat completions, as `dialect` speaks them."""

    _endpoint: Endpoint = PrivateAttr()
    _dialect: Dialect = PrivateAttr()
    _translator: Translator = PrivateAttr()

    def __init__(
        self, endpoint: Endpoint, dialect: Dialect, *, model: str, context_window: int, guard: Guard, counter: TokenCounter
    ) -> None:
        super().__init__(model=model, context_window=context_window, guard=guard, counter=counter)
        self._endpoint = endpoint
        self._dialect = dialect
        self._translator = Translator(guard.where, dialect.start, endpoint.key)

    async def pieces(self, messages: Sequence[ChatMessage], options: dict[str, Any]) -> AsyncGenerator[Piece, None]:
        sent: Any = [{"role": message.role.value, "content": message.content or ""} for message in messages]
        request: Any = {"messages": sent, "model": self.model, "stream": True, "extra_body": self._fields(options)}
        with self._translator.translated(self.model):
            async with (
                self._endpoint.openai() as client,
                await client.chat.completions.create(**request) as stream,
            ):
                reader = _Reader(self.where)
                async for chunk in stream:
                    if piece := reader.piece(chunk):
                        yield piece
                reader.end()

    def _fields(self, options: dict[str, Any]) -> dict[str, Any]:
        """The request's fields beside model and messages, in this server's dialect."""
        fields: dict[str, Any] = {"temperature": 0} if self._dialect.temperature else {}
        if self._dialect.stream_options:
            fields["stream_options"] = {"include_usage": True}
        given = dict(options)
        for name, rename in self._renamed().items():
            if (value := given.pop(name, None)) is not None:
                fields |= rename(value)
        return {**fields, **self._dialect.always, **given}

    def _renamed(self) -> dict[str, Any]:
        """Options that not every server calls the same."""
        limit = self._dialect.capabilities.token_limit
        return {
            "max_tokens": lambda tokens: {limit: tokens},
            "json_schema": self._dialect.schema,
            "never": self._dialect.never,
        }


class _Reader:
    """Reads the chunks of one answer."""

    def __init__(self, where: str) -> None:
        self._where = where
        self._received = False
        self._finish: str | None = None

    def piece(self, chunk: ChatCompletionChunk) -> Piece | None:
        """What a chunk brings; None when it is only a sign of life or the announcement of the role."""
        self._received = True
        choice = chunk.choices[0] if chunk.choices else None
        self._finish = (choice and choice.finish_reason) or self._finish
        text = (choice and choice.delta and choice.delta.content) or ""
        piece = Piece(text, _reasoning(choice and choice.delta), _usage(chunk.usage), chunk.choices)
        return piece if text or piece.reasoning or piece.usage else None

    def end(self) -> None:
        """Raises BackendFailed when this was no stream of chunks, or ended before the server said why it ends."""
        if not self._received:
            raise BackendFailed(
                f"{self._where} does not speak OpenAI's format (it sent no event): check its address and its kind."
            )
        if self._finish is None:
            raise BackendFailed(f"{self._where} hung up before the answer was whole: check its log, try again.")
        if self._finish == "content_filter":
            raise BackendRefused(f"{self._where} withheld the answer (content filter): ask in other words.")


def _reasoning(delta: Any) -> str:
    """What servers that keep reasoning apart send beside the text, under either of its two names."""
    found = getattr(delta, "reasoning_content", None) or getattr(delta, "reasoning", None)
    return found if isinstance(found, str) else ""


def _usage(usage: Any) -> TokenCounts | None:
    """None when nothing was counted: some servers send zeros while they write."""
    if not usage or not usage.prompt_tokens:
        return None
    cached = usage.prompt_tokens_details and usage.prompt_tokens_details.cached_tokens
    return TokenCounts(usage.prompt_tokens, usage.completion_tokens or 0, CachedTokens(cached or 0))


@dataclass(frozen=True)
class Translator:
    """Turns what client libraries raise into BackendErrors that name the back end and the remedy.

    `start` tells how its server is started. `secret` is kept out of what servers are quoted with.
    """

    where: str
    start: str = ""
    secret: str | None = field(default=None, repr=False)

    @contextmanager
    def translated(self, model: str = "") -> Iterator[None]:
        try:
            yield
        except openai.APIStatusError as error:
            retry_after = error.response.headers.get("retry-after")
            raise describe(self.where, model, error.status_code, self.safe(error.response.text), retry_after) from error
        except (openai.APIConnectionError, httpx.TransportError) as error:
            raise self.unreachable(error.__cause__ or error) from error
        except openai.APIError as error:
            raise self._broken(error) from error
        except (ValueError, TypeError, AttributeError) as error:
            raise BackendFailed(
                f"{self.where} does not speak OpenAI's format ({self.safe(str(error))}): check its address and its kind."
            ) from error

    def unreachable(self, cause: BaseException) -> BackendTimeout | BackendUnreachable:
        """`cause` is what httpx raised."""
        reason = str(cause) or type(cause).__name__
        if isinstance(cause, httpx.ConnectTimeout):
            return BackendUnreachable(f"{self.where} can't be reached (no connection in time): {self._check}.")
        if isinstance(cause, httpx.ConnectError):
            return BackendUnreachable(f"{self.where} can't be reached ({reason}): {self._check}.", REFUSED_PAUSE_S)
        if isinstance(cause, httpx.TimeoutException):
            return BackendTimeout(f"{self.where} did not answer in time: check its log and its load, try again.")
        return BackendUnreachable(f"{self.where} hung up before the answer was whole ({reason}): check its log, try again.")

    @property
    def _check(self) -> str:
        return "check that it runs" + (f" ({self.start})" if self.start else "")

    def _broken(self, error: openai.APIError) -> BackendError:
        """An error event instead of the rest of an answer."""
        said = self.safe(json.dumps(error.body))
        reason = reason_of(said) or error.message
        if is_too_long(400, said):
            return too_long(self.where, reason)
        return BackendFailed(f"{self.where} failed in the middle of an answer ({reason}): check its log, try again.")

    def safe(self, text: str) -> str:
        """A server's text without the key."""
        return text.replace(self.secret, "(key)") if self.secret else text
