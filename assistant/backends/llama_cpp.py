"""Kind `llama-cpp`: a GGUF model inside this process, through llama.cpp's own server on a loopback port with a random key.

The server is llama.cpp's because it does in C++ what would be slow or missing here: prompt cache, streaming, and stopping as
soon as the connection closes.
"""

from __future__ import annotations

import atexit
import os
import secrets
import threading
from collections import OrderedDict
from collections.abc import AsyncGenerator, Sequence
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

import httpx
from llama_index.core.base.llms.types import ChatMessage
from llama_index.core.bridge.pydantic import PrivateAttr
from pydantic import Field

from assistant import models
from assistant.backends.common import gguf
from assistant.backends.common.backend import Backend, Health
from assistant.backends.common.capabilities import Capabilities
from assistant.backends.common.counting import TokenCounter
from assistant.backends.common.dialect import Dialect, openai_schema
from assistant.backends.common.endpoint import Endpoint
from assistant.backends.common.guard import Guard, PatientTimeouts
from assistant.backends.common.pieces import Piece
from assistant.backends.common.wire import WireLLM
from assistant.config import Settings
from assistant.errors import BackendError
from assistant.hardware import usable_cores
from assistant.local_models import LocalModels
from ingest.config import Section

if TYPE_CHECKING:
    import xllamacpp  # type: ignore[import-untyped]

HOST = "127.0.0.1"
PREFIXES = 2
"""Prompt beginnings that stay in memory at once: the fixed part of the Spanish and of the English prompt. Each has a slot of
its own, because llama.cpp's cache of past prompts drops a beginning that is less than a quarter of the prompt it was part of:
with it, each change of language read the fixed part anew."""

# All ratios below were measured with the 1.5B model on two AVX2 cores, runs interleaved.
PROMPT_BATCH = 128
"""Prompt tokens computed between two looks at the queue: a cancelled prompt stops after at most this many. Reading is as fast
as with llama.cpp's 2048 (ratio 1.01)."""
SIGN_OF_LIFE_SECONDS = 1
"""While a prompt is read, the server writes a comment this often, and sees whether the caller went away."""


class Options(Section):
    model: str = Field("qwen2.5-coder-1.5b-instruct", description="a pulled model, see `midas models list`")
    context_window: int = Field(4096, ge=512, description="tokens that prompt and answer may have together")
    threads: int = Field(0, ge=0, description="threads that compute; 0 means one per physical core this process may use")
    thinking_tokens: int = Field(0, ge=0, description="tokens for reasoning, beside those of the answer")
    timeouts: PatientTimeouts = Field(PatientTimeouts(), description="how long the model may be silent")
    fallback: list[str] = Field([], description="back ends that answer when this one fails, in this order")


CAPABILITIES = Capabilities(
    usage_in_stream=True,
    json_schema=True,
    prefix_cache=True,
    rejects_long_prompts=True,
    stop=True,
    logprobs=True,
    manages_models=True,
    notes=("In this process: no server to start.", "One answer at a time."),
)
DIALECT = Dialect("llama-cpp", CAPABILITIES, schema=openai_schema, never=lambda token: {"logit_bias": [[token, False]]})


def build(name: str, options: Options, settings: Settings) -> Backend:
    """Loads the model, or shares it with a back end that has the same options. Raises ModelError or BackendError."""
    path = models.verify(options.model, settings.home)
    engine = Engine.shared(path, options.context_window, options.threads or usable_cores())
    guard = Guard(f"back end {name!r} (llama-cpp)", options.timeouts)
    return Backend(
        name=name,
        kind="llama-cpp",
        model=options.model,
        llm=LlamaCppLLM(engine, guard, options),
        context_window=options.context_window,
        count_tokens=engine.count_tokens,
        count_chat_tokens=engine.count_chat_tokens,
        capabilities=CAPABILITIES,
        counted_by=f"tokenizer of {options.model}",
        thinking_tokens=options.thinking_tokens,
        breaker=guard.breaker,
        ask_health=lambda: _health(options),
        close=engine.release,
    )


async def _health(options: Options) -> Health:
    return Health(True, (options.model,), version("xllamacpp"), options.context_window)


def manager(name: str, options: Options, settings: Settings) -> LocalModels:
    """The model files of this data directory."""
    return LocalModels(settings.home)


class LlamaCppLLM(WireLLM):
    """The model of an engine. Text that looks like the model's own control tokens is made harmless: a document can't end its
    turn of the conversation and speak as somebody else."""

    _engine: Engine = PrivateAttr()

    def __init__(self, engine: Engine, guard: Guard, options: Options) -> None:
        super().__init__(
            Endpoint(f"{engine.address}/v1", options.timeouts.connect_s, engine.key),
            DIALECT,
            model=options.model,
            context_window=options.context_window,
            guard=guard,
            counter=TokenCounter(f"tokenizer of {options.model}", engine.count_tokens, engine.count_chat_tokens),
            thinking_tokens=options.thinking_tokens,
        )
        self._engine = engine

    def defused(self, messages: Sequence[ChatMessage]) -> list[ChatMessage]:
        return self._engine.defused(messages)

    def pieces(self, messages: Sequence[ChatMessage], options: dict[str, Any]) -> AsyncGenerator[Piece, None]:
        return super().pieces(messages, {**options, "id_slot": self._engine.slot_for(messages)})


class Engine:
    """One loaded model. Thread-safe."""

    _loaded: ClassVar[dict[tuple[Path, int, int], Engine]] = {}
    _loading: ClassVar[threading.Lock] = threading.Lock()

    def __init__(self, path: Path, context_window: int, threads: int) -> None:
        self._users = 0
        self._slots: OrderedDict[str, int] = OrderedDict()
        self._choosing = threading.Lock()
        self._key = (path, context_window, threads)
        self.key = secrets.token_urlsafe(32)
        metadata = gguf.read_metadata(path)
        self._tokenizer = gguf.build_tokenizer(metadata)
        self._special = gguf.special_tokens(metadata)
        self._server: xllamacpp.Server | None = _start(path, context_window, threads, self.key)
        self.address: str = self._server.listening_address
        self._client = httpx.Client(
            base_url=self.address, headers={"Authorization": f"Bearer {self.key}"}, timeout=60, trust_env=False
        )

    @classmethod
    def shared(cls, path: Path, context_window: int, threads: int) -> Engine:
        """The engine of these options, loaded once in this process; every user calls `release` at the end."""
        with cls._loading:
            key = (path, context_window, threads)
            engine = cls._loaded.get(key) or cls(*key)
            cls._loaded[key] = engine
            engine._users += 1
            return engine

    @classmethod
    def stop_all(cls) -> None:
        """Stops what still runs before the interpreter goes: llama.cpp's threads must not outlive it."""
        with cls._loading:
            for engine in cls._loaded.values():
                engine._stop()
            cls._loaded.clear()

    def release(self) -> None:
        with self._loading:
            self._users -= 1
            if self._users == 0 and self._key in self._loaded:
                del self._loaded[self._key]
                self._stop()

    def count_tokens(self, text: str) -> int:
        """Tokens of a text alone, counted as the model does."""
        if self._tokenizer is None:
            return len(self._post("/tokenize", {"content": text})["tokens"])
        return len(self._tokenizer.encode(text, add_special_tokens=False))

    def count_chat_tokens(self, messages: Sequence[ChatMessage]) -> int:
        """Tokens of the whole prompt: the messages and what the model's chat template puts around them."""
        turns = [{"role": message.role.value, "content": message.content or ""} for message in self.defused(messages)]
        return self.count_tokens(self._post("/apply-template", {"messages": turns})["prompt"])

    def defused(self, messages: Sequence[ChatMessage]) -> list[ChatMessage]:
        """The messages with a space inside everything that the model would take for a control token."""
        return [ChatMessage(self._defuse(message.content or ""), role=message.role) for message in messages]

    def slot_for(self, messages: Sequence[ChatMessage]) -> int:
        """The slot that keeps prompts beginning like this one; a new beginning takes the slot that was not used longest."""
        with self._choosing:
            beginning = messages[0].content or ""
            slot = self._slots.pop(beginning, None)
            if slot is None:
                slot = len(self._slots) if len(self._slots) < PREFIXES else self._slots.popitem(last=False)[1]
            self._slots[beginning] = slot
            return slot

    def _defuse(self, text: str) -> str:
        for token in self._special:
            if token in text:
                text = text.replace(token, f"{token[0]} {token[1:]}")
        return text

    def _post(self, path: str, body: dict[str, Any]) -> Any:
        """Raises BackendError."""
        try:
            return self._client.post(path, json=body).raise_for_status().json()
        except httpx.HTTPError as error:
            reason = str(error).partition("\n")[0] or type(error).__name__
            raise BackendError(f"The model in this process failed ({reason}): try again, or restart Midas.") from error

    def _stop(self) -> None:
        self._client.close()
        self._server = None


atexit.register(Engine.stop_all)


def _start(path: Path, context_window: int, threads: int, key: str) -> xllamacpp.Server:
    xllamacpp = _library()
    try:
        return xllamacpp.Server(_parameters(xllamacpp.CommonParams(), path, context_window, threads, key))
    except (RuntimeError, ValueError, MemoryError) as error:
        raise BackendError(f"The model {path.stem!r} can't be loaded ({error}): free memory, or pull it again.") from error


def _library() -> Any:
    # OpenMP reads this when the library loads. By default its threads spin at every barrier: on a busy machine generation
    # was seven times slower than with threads that sleep.
    os.environ.setdefault("OMP_WAIT_POLICY", "passive")
    import xllamacpp

    return xllamacpp


def _parameters(params: Any, path: Path, context_window: int, threads: int, key: str) -> Any:
    params.model.path = str(path)
    params.n_parallel = PREFIXES
    params.n_ctx = context_window * PREFIXES
    params.n_batch = params.n_ubatch = PROMPT_BATCH
    params.cpuparams.n_threads = params.cpuparams_batch.n_threads = threads
    # No repacked copy of the weights. With this wheel's AVX2 code the plain layout reads prompts 1.2 times as fast and writes
    # 0.88 times as fast, and an answer reads ten times the tokens it writes; it also saves 600 MB and half the loading time.
    params.no_extra_bufts = True
    params.cache_ram_mib = 0
    params.n_gpu_layers = 0
    _close_off(params, key)
    return params


def _close_off(params: Any, key: str) -> None:
    """Loopback only, a random port, a key, no page, no foreign origins, no chatter."""
    params.hostnames = [HOST]
    params.port = 0
    params.api_keys = [key]
    params.cors_origins = f"http://{HOST}"
    params.cors_credentials = False
    params.ui = False
    params.endpoint_slots = False
    params.sse_ping_interval = SIGN_OF_LIFE_SECONDS
    params.verbosity = 0
