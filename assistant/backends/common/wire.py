"""OpenAI's chat format over HTTP, with errors as sentences and streams that close at once."""

from __future__ import annotations

import json
from collections.abc import AsyncGenerator, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import httpx
import openai
import openai.resources.chat  # else the client loads it at the first question, which then waits a second for it
from llama_index.core.base.llms.types import ChatMessage
from llama_index.core.bridge.pydantic import PrivateAttr
from openai.types.chat import ChatCompletionChunk

from assistant.backends.common.counting import TokenCounter, fewest_tokens
from assistant.backends.common.dialect import Dialect
from assistant.backends.common.endpoint import Endpoint
from assistant.backends.common.guard import Guard
from assistant.backends.common.llm import GuardedLLM
from assistant.backends.common.pieces import CachedTokens, Piece, TokenCounts
from assistant.backends.common.refusals import describe, is_too_long, reason_of, too_long
from assistant.errors import BackendError, BackendFailed, BackendRefused, BackendTimeout, BackendUnreachable, PromptTooLong

REFUSED_PAUSE_S = 0.5
"""A server that is being restarted refuses connections for a moment."""


UNTRUSTED = "CERTIFICATE_VERIFY_FAILED"
TRUST_IT = "add the authority that signed it to those this computer trusts, or name its file in SSL_CERT_FILE"


class Client(openai.AsyncOpenAI):
    """OpenAI's client; it would send every server what the environment has for OpenAI: organization, project, more headers."""

    @property
    def default_headers(self) -> dict[str, str | openai.Omit]:
        return {"Accept": "application/json", "Content-Type": "application/json", "User-Agent": "midas"}


class WireLLM(GuardedLLM):
    """A model behind OpenAI's chat completions, as `dialect` speaks them."""

    _endpoint: Endpoint = PrivateAttr()
    _dialect: Dialect = PrivateAttr()
    _translator: Translator = PrivateAttr()

    def __init__(
        self,
        endpoint: Endpoint,
        dialect: Dialect,
        *,
        model: str,
        context_window: int,
        guard: Guard,
        counter: TokenCounter,
        thinking_tokens: int = 0,
    ) -> None:
        super().__init__(
            model=model, context_window=context_window, guard=guard, counter=counter, thinking_tokens=thinking_tokens
        )
        self._endpoint = endpoint
        self._dialect = dialect
        self._translator = Translator(guard.where, dialect.start, endpoint.key)

    def require_whole(self, messages: Sequence[ChatMessage], usage: TokenCounts) -> None:
        fewest = fewest_tokens(messages)
        if not self._dialect.capabilities.rejects_long_prompts and usage.prompt_tokens < fewest:
            raise PromptTooLong(
                f"{self.where} read {usage.prompt_tokens} tokens of a prompt that has at least {fewest}, so its answer ignores "
                "some of the evidence: set context_window to what its server holds."
            )

    async def pieces(self, messages: Sequence[ChatMessage], options: dict[str, Any]) -> AsyncGenerator[Piece, None]:
        sent: Any = [{"role": message.role.value, "content": message.content or ""} for message in messages]
        request: Any = {"messages": sent, "model": self.model, "stream": True, "extra_body": self._fields(options)}
        with self._translator.translated(self.model):
            async with (
                self._client() as client,
                await client.chat.completions.create(**request) as stream,
            ):
                reader = _Reader(self.where)
                async for chunk in stream:
                    if piece := reader.piece(chunk):
                        yield piece
                reader.end()

    def _client(self) -> Client:
        """For one call; leaving it closes its connections."""
        client = self._endpoint.client()
        return Client(
            api_key=self._endpoint.key or "none",
            base_url=self._endpoint.base_url,
            http_client=client,
            timeout=client.timeout,
            max_retries=0,
        )

    def _fields(self, options: dict[str, Any]) -> dict[str, Any]:
        """The request's fields beside model and messages, in this server's dialect; what it has no word for is left out."""
        given, dialect = dict(options), self._dialect
        words = {"max_tokens": self._limit, "json_schema": dialect.schema, "never": dialect.never}
        fields: dict[str, Any] = {"temperature": 0} if dialect.temperature else {}
        fields |= {"stream_options": {"include_usage": True}} if dialect.stream_options else {}
        for name, word in words.items():
            value = given.pop(name, None)
            fields |= word(value) if word and value is not None else {}
        return fields | given

    def _limit(self, tokens: int) -> dict[str, int]:
        return {self._dialect.capabilities.token_limit: tokens}


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
            raise self.refusal(error.response, model) from error
        except (openai.APIConnectionError, httpx.RequestError) as error:
            cause = error if isinstance(error, httpx.RequestError) else error.__cause__ or error
            raise self.unreachable(cause) from error
        except openai.APIError as error:
            raise self._broken(error) from error
        except (ValueError, TypeError, AttributeError, LookupError) as error:
            reason = reason_of(self.safe(str(error)))
            raise BackendFailed(
                f"{self.where} does not speak OpenAI's format ({reason}): check its address and its kind."
            ) from error

    def refusal(self, answer: httpx.Response, model: str = "") -> BackendError:
        """The error of an answer that is no success, whose body was read."""
        return describe(self.where, model, answer.status_code, self.safe(answer.text), answer.headers.get("retry-after"))

    def unreachable(self, cause: BaseException) -> BackendError:
        """`cause` is what httpx raised."""
        reason = self.safe(str(cause)) or type(cause).__name__
        if isinstance(cause, httpx.DecodingError):
            return BackendFailed(f"{self.where} sent something unreadable ({reason}): check its address and what is before it.")
        if isinstance(cause, httpx.ConnectTimeout):
            return BackendUnreachable(f"{self.where} can't be reached (no connection in time): {self._check}.")
        if UNTRUSTED in reason:
            return BackendUnreachable(f"{self.where} has a certificate that can't be trusted ({reason}): {TRUST_IT}.")
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
