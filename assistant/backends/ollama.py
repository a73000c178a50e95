"""Kind `ollama`: a model of an Ollama server, over its own API and with its own client.

Left alone, Ollama cuts a prompt that is longer than its window and answers from the rest, without a word. So every request
names a window (`num_ctx`) with room to spare, and asks to be refused instead of cut (`truncate` and `shift` false). Whether
all of the prompt was read is checked afterwards against what the server counted. What is known of that count
(`prompt_eval_count`; Ollama's sources, issues 2068, 16414 and 17427, pull requests 5371, 16428 and 17943):

- until summer 2024 the cached part of a prompt was missing from it, or all of it: such servers are refused (`OLDEST`);
- until 0.12.5 `truncate` was not heeded, and a prompt too long was cut to exactly `num_ctx`: a full window is an error;
- in the first releases of 0.30 the cached part is missing again: there only the server's own refusal counts;
- since 0.33 `prompt_eval_cached_count` tells the cached part, which `prompt_eval_count` includes.
"""

from __future__ import annotations

import asyncio
import json
import re
from collections.abc import AsyncGenerator, Callable, Generator, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, Literal

import httpx
import ollama
from llama_index.core.base.llms.types import ChatMessage
from llama_index.core.bridge.pydantic import PrivateAttr
from pydantic import BaseModel, Field, model_validator

from assistant.backends.common import gguf
from assistant.backends.common.backend import Backend, Health
from assistant.backends.common.capabilities import Capabilities
from assistant.backends.common.counting import ESTIMATE, TokenCounter, counter_of, fewest_tokens
from assistant.backends.common.endpoint import tls_of
from assistant.backends.common.guard import Guard
from assistant.backends.common.llm import GuardedLLM
from assistant.backends.common.manager import LoadedModel, ModelDetails, PullProgress, ServedModel
from assistant.backends.common.pieces import CachedTokens, Piece, TokenCounts
from assistant.backends.common.queue import FairQueue
from assistant.backends.common.refusals import LONGEST_REASON, is_too_long, too_long
from assistant.backends.common.remote import DEFAULT_WINDOW, Address, RemoteOptions, read_key, where_of
from assistant.backends.common.wire import Translator
from assistant.config import Settings
from assistant.errors import BackendError, BackendFailed, BackendRefused, PromptTooLong
from ingest.errors import ModelError

KIND = "ollama"
START = "ollama serve"
OLDEST = (0, 5, 0)
"""JSON schemas came with it, and it counts the whole prompt."""
COUNTS_WITHOUT_CACHE = (0, 30)
SMALLEST_WINDOW = 4096
"""Tokens of `num_ctx` that any request asks for: Ollama loads the model again whenever this number changes."""
ANSWER_TOKENS = 512
"""The longest answer when the caller names none; without a limit Ollama goes on for ten windows."""
FACTS_S = 10.0
"""A server that is well tells of itself within this time."""
PULL_SILENCE_S = 1800.0
"""A pull says nothing while it checks the hash of what it fetched, minutes for a large model on a slow disk."""
TOKENIZER_SLACK = 0.95
"""Ollama's own implementations of a tokenizer may differ a little, and templates trim what they are given."""

CAPABILITIES = Capabilities(
    usage_in_stream=True,
    json_schema=True,
    prefix_cache=True,
    lists_models=True,
    rejects_long_prompts=True,
    token_limit="num_predict",
    stop=True,
    manages_models=True,
    notes=(
        "Each request names its window (num_ctx): a larger one makes Ollama load the model again, and needs more memory.",
        "Models whose names end in cloud run at ollama.com: they are refused unless the back end is marked cloud = true.",
    ),
)


class Options(RemoteOptions):
    """The section of an Ollama server's model."""

    model: str = Field(description="name of the model with its tag, see `ollama list`", examples=["qwen2.5:7b"])
    base_url: Address = Field("http://127.0.0.1:11434", description="address of the server")
    keep_alive: str = Field(
        "30m",
        pattern=r"^(-1s|(\d+(\.\d+)?(ms|s|m|h))+)$",
        description="how long the model stays in memory after a question: 30m, 2h, 0s (not at all), -1s (for ever)",
    )
    think: bool | Literal["low", "medium", "high"] = Field(
        False, description="whether, or how much, a reasoning model reasons first; its reasoning is never shown"
    )
    thinking_tokens: int = Field(1024, ge=0, description="tokens for reasoning, beside those of the answer")

    @model_validator(mode="after")
    def stays_here(self) -> Options:
        if self.model.endswith(("-cloud", ":cloud")) and not self.cloud:
            raise ValueError(f"{self.model} runs at ollama.com: choose another model, or set cloud = true")
        return self


def build(name: str, options: Options, settings: Settings) -> Backend:
    """Asks the server for the model's window and tokenizer.

    Raises ConfigError when the key is missing, and BackendErrors when the server can't be asked and the settings don't tell the
    window; where they do, that shows at the first question.
    """
    server = Server(name, options)
    guard = Guard(server.where, options.timeouts)
    window, counter = server.at_first()
    llm = OllamaLLM(server, context_window=window, guard=guard, counter=counter)
    return Backend(
        name=name,
        kind=KIND,
        model=options.model,
        llm=llm,
        context_window=window,
        count_tokens=counter.text,
        count_chat_tokens=counter.chat,
        cloud=options.cloud,
        capabilities=CAPABILITIES,
        address=options.base_url,
        counted_by=counter.name,
        thinking_tokens=server.thinking_tokens,
        breaker=guard.breaker,
        queue=FairQueue(options.concurrency),
        ask_health=server.health,
    )


def manager(name: str, options: Options, settings: Settings) -> OllamaModels:
    """The models of the server. Raises ConfigError when the key is missing."""
    return OllamaModels(Server(name, options))


# The model


@dataclass(frozen=True, slots=True)
class Call:
    """One request. `least` is what its prompt has at least, in the model's tokens."""

    request: Mapping[str, Any]
    num_ctx: int
    num_predict: int
    least: int


class OllamaLLM(GuardedLLM):
    """A model of an Ollama server."""

    _server: Server = PrivateAttr()
    _num_ctx: int = PrivateAttr(SMALLEST_WINDOW)

    def __init__(self, server: Server, *, context_window: int, guard: Guard, counter: TokenCounter) -> None:
        super().__init__(
            model=server.model,
            context_window=context_window,
            guard=guard,
            counter=counter,
            thinking_tokens=server.thinking_tokens,
        )
        self._server = server

    async def pieces(self, messages: Sequence[ChatMessage], options: dict[str, Any]) -> AsyncGenerator[Piece, None]:
        if (facts := self._server.known) is None:
            facts = await asyncio.to_thread(self._server.facts)
        self.context_window = min(self.context_window, facts.context_window or self.context_window)
        call = self._call(messages, options)
        last: Part | None = None
        with self._server.translated(), self._more_room(call):
            async with self._server.async_client() as client:
                async for last in await client.chat(**call.request, stream=True):
                    if last.text or last.thoughts:
                        yield Piece(last.text, last.thoughts)
        if last is None or not last.done:
            raise BackendFailed(f"{self.where} hung up before the answer was whole: check its log, try again.")
        self._require_whole(call, last, facts)
        yield Piece(usage=last.counts())

    def _call(self, messages: Sequence[ChatMessage], options: Mapping[str, Any]) -> Call:
        num_predict = int(options.get("max_tokens") or ANSWER_TOKENS + self._thinking_tokens)
        self.require_room(messages, num_predict)
        num_ctx = self._room_for(2 * self._counter.chat(messages) + num_predict)
        limits = {"num_ctx": num_ctx, "num_predict": num_predict, **({"stop": options["stop"]} if options.get("stop") else {})}
        request = {
            **self._server.always,
            "messages": [{"role": message.role.value, "content": message.content or ""} for message in messages],
            "format": options.get("json_schema"),
            "options": {"temperature": options.get("temperature", 0), **limits},
        }
        return Call(request, num_ctx, num_predict, self._least(messages))

    def _room_for(self, tokens: int) -> int:
        """The window to ask for: it doubles when needed and never shrinks, so that the model is seldom loaded again."""
        while self._num_ctx < tokens:
            self._num_ctx *= 2
        return min(self._num_ctx, self.context_window)

    def _least(self, messages: Sequence[ChatMessage]) -> int:
        """Tokens that the prompt has at least."""
        if self._counter is ESTIMATE:
            return fewest_tokens(messages)
        return int(sum(self._counter.text(message.content or "") for message in messages) * TOKENIZER_SLACK)

    @contextmanager
    def _more_room(self, call: Call) -> Iterator[None]:
        """A server that refuses a prompt read nothing: it may be asked again if there is a larger window to ask for."""
        try:
            yield
        except PromptTooLong as error:
            raise PromptTooLong(error.message, 0.0 if self._grow(call) else None) from error

    def _grow(self, call: Call) -> bool:
        self._num_ctx = max(self._num_ctx, 2 * call.num_ctx)
        return call.num_ctx < self.context_window

    def _require_whole(self, call: Call, last: Part, facts: Facts) -> None:
        """Raises PromptTooLong when the server did not read all of the prompt, or dropped some of it while it wrote."""
        read, wrote = last.prompt_eval_count or 0, last.eval_count or 0
        stopped = last.done_reason == "length" and wrote < call.num_predict
        if read + wrote > call.num_ctx or (stopped and read + wrote == call.num_ctx):
            raise self._full(call, read, wrote)
        if facts.counts_cache and 0 < read < call.least:
            raise PromptTooLong(
                f"{self.where} read {read} tokens of a prompt that has at least {call.least}, so its answer ignores some of "
                "the evidence: shorten the question, or ask a server that heeds num_ctx."
            )

    def _full(self, call: Call, read: int, wrote: int) -> PromptTooLong:
        remedy = "shorten the question, or raise the back end's context_window if the model can hold more"
        if self._grow(call):
            remedy = "ask again, it gets a larger window then"
        return PromptTooLong(
            f"{self.where} filled its window of {call.num_ctx} tokens ({read} read, {wrote} written), so some of the prompt or "
            f"of the answer is missing: {remedy}."
        )


# The server


class Part(ollama.ChatResponse):
    """A line of an answer, with what the client's own class leaves out."""

    prompt_eval_cached_count: int | None = None

    @property
    def text(self) -> str:
        return self.message.content or ""

    @property
    def thoughts(self) -> str:
        return self.message.thinking or ""

    def counts(self) -> TokenCounts | None:
        """None when the server did not count."""
        if not self.prompt_eval_count or self.eval_count is None:
            return None
        cached, load_ms = CachedTokens(self.prompt_eval_cached_count or 0), self.load_duration and self.load_duration / 1e6
        return TokenCounts(self.prompt_eval_count, self.eval_count, cached, load_ms=load_ms)


class Shown(ollama.ShowResponse):
    """What `/api/show` tells, with what the client's own class leaves out."""

    remote_host: str | None = None

    @property
    def context_window(self) -> int | None:
        """That of the language model: a model that also sees or hears has more than one."""
        info = self.modelinfo or {}
        lengths = [value for key, value in info.items() if key.endswith(".context_length") and isinstance(value, int)]
        return info.get(f"{info.get('general.architecture')}.context_length") or next(iter(lengths), None)


class VersionResponse(ollama.StatusResponse):
    """What `/api/version` tells."""

    version: str = ""


class AsyncClient(ollama.AsyncClient):
    """Ollama's client for one answer. It has no argument for the fields that forbid Ollama to cut a prompt."""

    async def _request(self, cls: Any, *args: Any, **kwargs: Any) -> Any:
        content = {**kwargs["json"], "truncate": False, "shift": False}
        return Parts(await self._client.send(self._client.build_request(*args, json=content), stream=True))


class Parts:
    """The lines of an answer. The client's own reader takes U+0085, which may be in a text, for the end of a line."""

    def __init__(self, response: httpx.Response) -> None:
        self._bytes = response.aiter_bytes()
        self._held = b""

    def __aiter__(self) -> Parts:
        return self

    async def __anext__(self) -> Part:
        """Raises ollama.ResponseError when the line is an error, ValueError and others when it is garbage."""
        content = json.loads(await self._line())
        if reason := content.get("error"):
            raise ollama.ResponseError(str(reason))
        return Part(**content)

    async def _line(self) -> bytes:
        """Without its end; the last one may lack that."""
        while b"\n" not in self._held:
            if not (more := await anext(self._bytes, b"")):
                break
            self._held += more
        line, _, self._held = self._held.partition(b"\n")
        if not line:
            raise StopAsyncIteration
        return line


class Client(ollama.Client):
    """Ollama's client for everything else, with the requests that it lacks."""

    def version(self) -> str:
        return self._request(VersionResponse, "GET", "/api/version").version

    def describe(self, model: str, verbose: bool = False) -> Shown:
        """`verbose` brings the tokenizer, some megabytes."""
        return self._request(Shown, "POST", "/api/show", json={"model": model, "verbose": verbose})


class UnknownModel(BackendRefused):
    """The server has no model of that name."""


class Bearer(httpx.Auth):
    """The key of the settings or none: the client would send whatever the environment has in OLLAMA_API_KEY."""

    def __init__(self, key: str | None) -> None:
        self._key = key

    def auth_flow(self, request: httpx.Request) -> Generator[httpx.Request, httpx.Response, None]:
        request.headers.pop("authorization", None)
        if self._key:
            request.headers["authorization"] = f"Bearer {self._key}"
        yield request


@dataclass(frozen=True, slots=True)
class Facts:
    """What a server tells of itself and of a model. `version` is None where it isn't Ollama's: a development build, a proxy."""

    version: tuple[int, ...] | None
    context_window: int | None
    counter: TokenCounter

    @property
    def counts_cache(self) -> bool:
        """Whether `prompt_eval_count` includes the part of the prompt that was in the cache."""
        return self.version is None or self.version[:2] != COUNTS_WITHOUT_CACHE


@dataclass
class Server:
    """The server of one back end."""

    name: str
    options: Options
    known: Facts | None = field(default=None, init=False)
    """What it told, once it was asked."""

    def __post_init__(self) -> None:
        self.where = where_of(self.name, KIND, self.options.base_url)
        self._key = read_key(self.name, self.options.api_key_env)
        self._translator = Translator(self.where, START, self._key)

    @property
    def model(self) -> str:
        return self.options.model

    @property
    def always(self) -> dict[str, Any]:
        """What every question has."""
        return {"model": self.model, "think": self.options.think, "keep_alive": self.options.keep_alive}

    @property
    def thinking_tokens(self) -> int:
        return self.options.thinking_tokens if self.options.think else 0

    def at_first(self) -> tuple[int, TokenCounter]:
        """The window and the tokenizer to begin with. When the server can't be asked now, the settings' window and an estimate,
        or the error where they tell none."""
        try:
            facts = self.facts()
        except BackendError:
            if self.options.context_window is None:
                raise
            return self.options.context_window, ESTIMATE
        windows = [window for window in (self.options.context_window, facts.context_window) if window]
        return min(windows, default=DEFAULT_WINDOW), facts.counter

    def facts(self) -> Facts:
        """Asks once. Raises BackendErrors, among them BackendRefused for a server too old and for a model that is elsewhere."""
        if self.known is None:
            with self.client() as client:
                self.known = self._learnt(client)
        return self.known

    def _learnt(self, client: Client) -> Facts:
        version = client.version()
        number = _number(version)
        if number and number < OLDEST:
            raise BackendRefused(
                f"{self.where} is Ollama {version}, which does not tell whether it read a whole prompt: update it to "
                f"{'.'.join(map(str, OLDEST))} or newer."
            )
        shown = client.describe(self.model)
        if shown.remote_host and not self.options.cloud:
            raise BackendRefused(
                f"{self.where} sends questions for {self.model!r} to {shown.remote_host}: choose another model, or set "
                "cloud = true if they may leave the company."
            )
        return Facts(number, shown.context_window, self._counter(client, shown.modelinfo or {}))

    def _counter(self, client: Client, metadata: Mapping[str, Any]) -> TokenCounter:
        """The model's own tokenizer where it is of a known kind and the server shows it."""
        if not gguf.is_known(metadata):
            return ESTIMATE
        return counter_from(self.model, client.describe(self.model, verbose=True).modelinfo or {})

    def async_client(self) -> AsyncClient:
        """For one answer, guarded by whoever reads it; leaving it closes the connection, which stops the model."""
        return AsyncClient(self.options.base_url, **self._http(None, self._refuse_later))

    @contextmanager
    def client(self, read_s: float = FACTS_S) -> Iterator[Client]:
        """A client for requests that block; raises BackendErrors. `read_s` is the longest wait for a byte."""
        with self.translated(), Client(self.options.base_url, **self._http(read_s, self._refuse)) as client:
            yield client

    async def health(self) -> Health:
        """What `midas backends check` shows."""
        return await asyncio.to_thread(self._health)

    def _health(self) -> Health:
        try:
            with self.client() as client:
                version, names = client.version(), tuple(self._named(model.model or "") for model in client.list().models)
        except BackendError as error:
            return Health(False, error=error.message)
        try:
            return Health(True, names, version, self.facts().context_window)
        except BackendError as error:
            return Health(True, names, version, error=error.message)

    def _named(self, name: str) -> str:
        """A model's name as people write it: `latest` is what Ollama adds where they name no tag."""
        short = name.removesuffix(":latest")
        return self.model if short == self.model.removesuffix(":latest") else short

    def _http(self, read_s: float | None, refuse: Callable[[httpx.Response], Any]) -> dict[str, Any]:
        """What goes to httpx: no proxy and no key of the environment, and no way to another host."""
        return {
            "auth": Bearer(self._key),
            "timeout": httpx.Timeout(read_s, connect=self.options.timeouts.connect_s),
            "event_hooks": {"response": [refuse]},
            "follow_redirects": False,
            "trust_env": False,
            "verify": self._tls,
        }

    @cached_property
    def _tls(self) -> Any:
        return tls_of(self.options.base_url)

    def _refuse(self, response: httpx.Response) -> None:
        if not response.is_success:
            response.read()
            raise self._refusal(response)

    async def _refuse_later(self, response: httpx.Response) -> None:
        if not response.is_success:
            await response.aread()
            raise self._refusal(response)

    def _refusal(self, response: httpx.Response) -> BackendError:
        if response.status_code == 404 and re.search(r"model .*not found", response.text):
            return UnknownModel(self.no_model(self.model))
        return self._translator.refusal(response, self.model)

    @contextmanager
    def translated(self) -> Iterator[None]:
        """Turns what the client raises into BackendErrors."""
        try:
            yield
        except ollama.ResponseError as error:
            raise self._broken(self._translator.safe(str(error.error))) from error
        except httpx.RequestError as error:
            raise self._translator.unreachable(error) from error
        except ConnectionError as error:  # raised by the client in place of httpx's, which says why
            raise self._translator.unreachable(error.__context__ or error) from error
        except (ValueError, TypeError, AttributeError) as error:
            reason = self._translator.safe(_line(error))
            raise BackendFailed(
                f"{self.where} does not speak Ollama's API ({reason}): check its address and its kind."
            ) from error

    def no_model(self, name: str) -> str:
        """What to do about a model that is not there."""
        return (
            f"{self.where} has no model {name!r}: run midas models pull {name} --backend {self.name}, or ollama pull {name} "
            "on its machine."
        )

    def _broken(self, reason: str) -> BackendError:
        """An error in the middle of a stream."""
        if "file does not exist" in reason:
            return UnknownModel(f"{self.where} found no such model ({reason}): check its name.")
        if is_too_long(400, reason):
            return too_long(self.where, reason)
        return BackendFailed(f"{self.where} failed in the middle of an answer ({reason}): check its log, try again.")


def counter_from(model: str, metadata: Mapping[str, Any]) -> TokenCounter:
    """Counts with the model's own tokenizer; an estimate where the server keeps that to itself."""
    parts = (metadata.get(f"tokenizer.ggml.{name}") for name in ("tokens", "merges", "token_type"))
    tokenizer = gguf.build_tokenizer(metadata) if all(isinstance(part, list) for part in parts) else None
    if tokenizer is None:
        return ESTIMATE
    return counter_of(f"tokenizer of {model}", lambda text: len(tokenizer.encode(text, add_special_tokens=False)))


def _number(version: str) -> tuple[int, ...] | None:
    """`0.12.6-rc1` as numbers; None for 0.0.0, which builds from source have, and for what is no version."""
    found = re.match(r"(\d+)\.(\d+)\.(\d+)", version)
    number = tuple(int(part) for part in found.groups()) if found else (0, 0, 0)
    return number if any(number) else None


def _line(error: Exception) -> str:
    return " ".join(str(error).split())[:LONGEST_REASON]


# Its models


class OllamaModels:
    """The models of an Ollama server: a ModelManager."""

    def __init__(self, server: Server) -> None:
        self._server = server

    def installed(self) -> list[ServedModel]:
        with self._server.client() as client:
            return [_served(model) for model in client.list().models]

    def show(self, name: str) -> ModelDetails:
        with self._known(self._server.no_model(name)), self._server.client() as client:
            return _details(name, client.describe(name))

    def pull(self, name: str, progress: PullProgress | None = None) -> None:
        status = ""
        layers: dict[str, tuple[int, int]] = {}
        unknown = f"Ollama's library has no model {name!r}: look the name and its tag up at ollama.com/library."
        with self._known(unknown), self._server.client(PULL_SILENCE_S) as client:
            for step in client.pull(name, stream=True):
                status = step.status or status
                if step.digest:
                    layers[step.digest] = (step.completed or 0, step.total or 0)
                if progress:
                    progress(status, *_sums(layers))
        if status != "success":
            raise BackendFailed(
                f"{self._server.where} ended the pull of {name} early ({status}): pull again, it goes on there."
            )

    def remove(self, name: str) -> None:
        """Models share files: Ollama doesn't tell how many bytes become free."""
        with self._known(self._server.no_model(name)), self._server.client() as client:
            client.delete(name)

    def loaded(self) -> list[LoadedModel]:
        with self._server.client() as client:
            return [LoadedModel(model.model or "", model.size, model.expires_at) for model in client.ps().models]

    @contextmanager
    def _known(self, otherwise: str) -> Iterator[None]:
        """A model that is not there is the caller's mistake, not the server's failure."""
        try:
            yield
        except UnknownModel as error:
            raise ModelError(otherwise) from error


def _served(model: ollama.ListResponse.Model) -> ServedModel:
    return ServedModel(model.model or "", model.size, model.modified_at, _texts(model.details), model.digest)


def _details(name: str, shown: Shown) -> ModelDetails:
    about = _texts(shown.details)
    licence = next(iter((shown.license or "").strip().splitlines()), None)
    return ModelDetails(
        name=name,
        parameters=about.pop("parameter_size", None),
        quantization=about.pop("quantization_level", None),
        context_window=shown.context_window,
        licence=licence,
        details={**about, "capabilities": ", ".join(shown.capabilities or [])},
    )


def _texts(details: BaseModel | None) -> dict[str, str]:
    """What Ollama calls the details of a model, without what it leaves empty."""
    return {key: value for key, value in (details.model_dump() if details else {}).items() if value and isinstance(value, str)}


def _sums(layers: Mapping[str, tuple[int, int]]) -> tuple[int, int | None]:
    """Bytes that are there, and bytes in all of the files named so far (None while no size is known)."""
    return sum(done for done, _ in layers.values()), sum(size for _, size in layers.values()) or None
