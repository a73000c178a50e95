"""Kind `foundry-local`: Microsoft's Foundry Local, in this process through its SDK, or a web service of it (`base_url`).

In process the model is a folder for ONNX Runtime's generator that an admin brings, or that was pulled from the catalogue. What
is known of the SDK (2.2.1, read and tried):

- it has no switch for one event of telemetry, ProcessInfo: a section has to accept that (`process_info`);
- it reserves memory for the whole window of the model, and asks no back end for threads: the model gets a configuration of
  its own (see `OnnxModel.tuned`);
- it reads a prompt in one go: who goes away meanwhile is noticed at its end, and the next question waits for that;
- it refuses prompts that don't fit, and keeps no prompt's beginning for the next.

The web service answers only with models in memory, and loads them by alias (`GET /models/load/ALIAS`) although questions need
the full id; nothing tells the alias of an id.
"""

from __future__ import annotations

import asyncio
import json
import re
import shutil
import threading
from collections.abc import AsyncGenerator, Callable, Iterator, Sequence
from contextlib import aclosing, contextmanager, suppress
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Any, ClassVar, NoReturn
from urllib.parse import quote

from llama_index.core.base.llms.types import ChatMessage
from llama_index.core.bridge.pydantic import PrivateAttr
from pydantic import Field, model_validator

from assistant.backends.common.backend import Backend, Health
from assistant.backends.common.capabilities import Capabilities
from assistant.backends.common.counting import ESTIMATE, TokenCounter, load_counter
from assistant.backends.common.dialect import Dialect
from assistant.backends.common.guard import Guard, PatientTimeouts
from assistant.backends.common.llm import GuardedLLM
from assistant.backends.common.manager import LoadedModel, ModelDetails, ModelManager, PullProgress, ServedModel
from assistant.backends.common.onnx_model import CONFIG, OnnxModel
from assistant.backends.common.pieces import Piece, TokenCounts
from assistant.backends.common.refusals import is_too_long, too_long
from assistant.backends.common.remote import DEFAULT_WINDOW, Address, WireOptions, build_remote, server_of
from assistant.backends.common.server import Server
from assistant.backends.common.wire import WireLLM
from assistant.config import Settings
from assistant.errors import BackendError, BackendFailed, BackendRefused
from assistant.hardware import usable_cores
from ingest.errors import ConfigError, MissingExtra, ModelError

KIND = "foundry-local"
APP_NAME = "midas"
NAME_FILE = "inference_model.json"
"""In every folder that Foundry Local downloaded; its `Name` is the model's full id."""
COMMAND_CACHE = Path(".foundry", "cache", "models")
"""Where the `foundry` command keeps models, below the user's home."""
MEGABYTE = 2**20
FOR_A_SERVICE = {"alias", "api_key_env", "cloud", "concurrency", "tokenizer"}
"""Options that a model in this process has no use for."""

CAPABILITIES = Capabilities(
    usage_in_stream=True,
    json_schema=True,
    prefix_cache=False,
    lists_models=True,
    rejects_long_prompts=True,
    manages_models=True,
    notes=(
        "Its SDK sends Microsoft an event with program, system and processor at each start, and has no switch for it: "
        "block mobile.events.data.microsoft.com if that must not be.",
        "In process: one answer at a time; a question that was given up is read to its end before the next begins.",
        "Its web service answers only with models that were loaded: alias has Midas load them.",
    ),
)
DIALECT = Dialect(
    KIND,
    replace(CAPABILITIES, stop=True, manages_models=False),
    start="the SDK's start_web_service",
    schema=lambda schema: {"response_format": {"type": "json_schema", "json_schema": schema}},
    health="/status",
)


class Options(WireOptions):
    """The section of a model in this process, or of a web service."""

    model: str = Field(
        description="in process: an ONNX model's folder, or the name of a pulled model; at a web service: the full id",
        examples=["/srv/models/phi-4-mini-int4", "qwen2.5-1.5b-instruct-generic-cpu:4"],
    )
    base_url: Address = Field("", description="address of a web service, with /v1; without it the model runs in this process")
    alias: str | None = Field(None, description="the model's alias, by which a web service is told to load it")
    process_info: bool = Field(
        False, description="in process: accept that the SDK tells Microsoft at each start which program runs on which system"
    )
    threads: int = Field(0, ge=0, description="in process: threads that compute; 0 means one per physical core")
    timeouts: PatientTimeouts = Field(PatientTimeouts(), description="how long the model may be silent")

    @model_validator(mode="after")
    def has_no_use_for(self) -> Options:
        useless = sorted(self.model_fields_set & FOR_A_SERVICE)
        if useless and not self.base_url:
            raise ValueError(f"{', '.join(useless)} has no effect on a model in this process: leave it out, or give base_url")
        return self


def build(name: str, options: Options, settings: Settings) -> Backend:
    """Loads the model, or shares it with a back end that has the same options; asks a web service nothing.

    Raises ConfigError, MissingExtra, ModelError or BackendError.
    """
    if options.base_url:
        return build_remote(name, options, DIALECT, settings, partial(ServiceLLM, alias=options.alias))
    return _build_in_process(name, options, settings)


def manager(name: str, options: Options, settings: Settings) -> ModelManager:
    """The models of the web service, or those pulled into the data directory."""
    if options.base_url:
        return ServiceModels(server_of(name, options, DIALECT))
    return FoundryModels(name, options, Shelf(settings.home))


def _build_in_process(name: str, options: Options, settings: Settings) -> Backend:
    where = f"back end {name!r} ({KIND})"
    shelf = Shelf(settings.home)
    model = OnnxModel.read(shelf.find(options.model))
    window = min(options.context_window or DEFAULT_WINDOW, model.context_window)
    sdk = Sdk.started(name, options, shelf)
    engine = Engine.shared(sdk, model.tuned(shelf.tuned, window, options.threads or usable_cores()), where)
    counter = _counter(model, engine, settings.home)
    guard = Guard(where, options.timeouts)
    return Backend(
        name=name,
        kind=KIND,
        model=model.folder.name,
        llm=FoundryLLM(
            engine,
            model=model.folder.name,
            context_window=window,
            guard=guard,
            counter=counter,
            thinking_tokens=options.thinking_tokens,
        ),
        context_window=window,
        count_tokens=counter.text,
        count_chat_tokens=counter.chat,
        capabilities=CAPABILITIES,
        counted_by=counter.name,
        thinking_tokens=options.thinking_tokens,
        breaker=guard.breaker,
        ask_health=partial(_healthy, model.folder.name, sdk.version, window),
        close=engine.release,
    )


async def _healthy(model: str, version: str, window: int) -> Health:
    return Health(True, (model,), version, window)


def _counter(model: OnnxModel, engine: Engine, home: Path) -> TokenCounter:
    """Texts are counted with the folder's tokenizer, prompts by the model itself, with its chat template."""
    texts = load_counter(str(model.tokenizer), home) if model.tokenizer else ESTIMATE
    name = f"tokenizer of {model.folder.name}" if model.tokenizer else ESTIMATE.name
    return TokenCounter(name, texts.text, engine.count_chat)


# The model in this process


class FoundryLLM(GuardedLLM):
    """The model of an engine."""

    _engine: Engine = PrivateAttr()

    def __init__(self, engine: Engine, **options: Any) -> None:
        super().__init__(**options)
        self._engine = engine

    async def pieces(self, messages: Sequence[ChatMessage], options: dict[str, Any]) -> AsyncGenerator[Piece, None]:
        writing = Writing(partial(self._engine.write, messages, options))
        try:
            while piece := await writing.next():
                yield piece
        finally:
            writing.cancel()


class Writing:
    """One answer, written in a thread of its own; belongs to the event loop it was made in."""

    def __init__(self, write: Callable[[Cancellation], Iterator[Piece]]) -> None:
        self._write = write
        self._loop = asyncio.get_running_loop()
        self._pieces: asyncio.Queue[Piece | Exception | None] = asyncio.Queue()
        self._cancellation = Cancellation()
        threading.Thread(target=self._work, name="foundry-local", daemon=True).start()

    async def next(self) -> Piece | None:
        """None after the last. Raises what `write` raises."""
        piece = await self._pieces.get()
        if isinstance(piece, Exception):
            raise piece
        return piece

    def cancel(self) -> None:
        """Returns at once; the thread ends as soon as the model notices."""
        self._cancellation.cancel()

    def _work(self) -> None:
        try:
            for piece in self._write(self._cancellation):
                self._put(piece)
            self._put(None)
        except Exception as error:
            self._put(error)

    def _put(self, piece: Piece | Exception | None) -> None:
        with suppress(RuntimeError):  # the loop is closed: nobody waits
            self._loop.call_soon_threadsafe(self._pieces.put_nowait, piece)


class Cancellation:
    """Whether an answer is still wanted. Thread-safe."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._request: Any = None
        self.cancelled = False

    def cancel(self) -> None:
        with self._lock:
            self.cancelled = True
            if self._request:
                self._request.cancel()

    @contextmanager
    def of(self, request: Any) -> Iterator[None]:
        """Inside, `cancel` reaches the SDK's request."""
        with self._lock:
            self._request = request
        try:
            yield
        finally:
            with self._lock:
                self._request = None


class Engine:
    """One loaded model; it writes one answer at a time. Thread-safe."""

    _loaded: ClassVar[dict[Path, Engine]] = {}
    _loading: ClassVar[threading.Lock] = threading.Lock()

    def __init__(self, sdk: Sdk, folder: Path, where: str) -> None:
        self._sdk = sdk
        self._folder = folder
        self._where = where
        self._users = 0
        self._turn = threading.Lock()
        with sdk.translated(where):
            self._model = sdk.register(folder)
            self._model.load()

    @classmethod
    def shared(cls, sdk: Sdk, folder: Path, where: str) -> Engine:
        """The engine of this folder, loaded once in this process; every user calls `release` at the end."""
        with cls._loading:
            engine = cls._loaded.get(folder) or cls(sdk, folder, where)
            cls._loaded[folder] = engine
            engine._users += 1
            return engine

    def release(self) -> None:
        with self._loading:
            self._users -= 1
            if self._users == 0:
                del self._loaded[self._folder]
                with self._turn, self._sdk.translated(self._where):
                    self._model.unload()

    def count_chat(self, messages: Sequence[ChatMessage]) -> int:
        """Tokens of the whole prompt as the model reads it."""
        with self._sdk.translated(self._where), self._asked(messages, {}) as (session, request):
            return int(session.preflight_request(request).prompt_tokens)

    def write(self, messages: Sequence[ChatMessage], options: dict[str, Any], cancellation: Cancellation) -> Iterator[Piece]:
        """Waits for its turn, then writes. Raises BackendErrors."""
        with (
            self._turn,
            self._sdk.translated(self._where),
            self._asked(messages, options) as (session, request),
            cancellation.of(request),
        ):
            if not cancellation.cancelled:
                yield from self._stream(session, request, cancellation)

    def _stream(self, session: Any, request: Any, cancellation: Cancellation) -> Iterator[Piece]:
        session.set_streaming(True)
        with session.process_streaming_request(request) as stream:
            for item in stream:
                if cancellation.cancelled:
                    return
                if isinstance(item, self._sdk.library.TextItem):
                    yield self._piece(item)
            with stream.final_response as last:
                usage = last.get_usage()
                yield Piece(usage=TokenCounts(usage.prompt_tokens, usage.completion_tokens))

    def _piece(self, item: Any) -> Piece:
        reasons = item.type == self._sdk.library.TextItemType.REASONING
        return Piece(reasoning=item.text) if reasons else Piece(item.text)

    @contextmanager
    def _asked(self, messages: Sequence[ChatMessage], options: dict[str, Any]) -> Iterator[tuple[Any, Any]]:
        """A session of its own, with no memory of others, and the request."""
        library = self._sdk.library
        with library.ChatSession(self._model) as session, library.Request() as request:
            session.set_options(self._request_options(options))
            for message in messages:
                role = library.MessageRole[message.role.name]
                request.add_item(library.MessageItem(role, message.content or ""))
            yield session, request

    def _request_options(self, options: dict[str, Any]) -> Any:
        library, schema = self._sdk.library, options.get("json_schema")
        guidance = {"guidance_type": "json_schema", "guidance_data": json.dumps(schema)} if schema else {}
        search = library.SearchOptions(temperature=options.get("temperature", 0.0), max_output_tokens=options.get("max_tokens"))
        return library.RequestOptions(search=search, additional_options=guidance)


# The SDK


@dataclass(frozen=True)
class Sdk:
    """Microsoft's library, started: it can be once in a process."""

    library: Any
    foundry: Any
    _starting: ClassVar[threading.Lock] = threading.Lock()

    @classmethod
    def started(cls, name: str, options: Options, shelf: Shelf) -> Sdk:
        """Raises ConfigError when the section doesn't accept what it sends, MissingExtra or BackendError."""
        if not options.process_info:
            raise ConfigError(
                f"Back end {name!r} would start Foundry Local's SDK, which tells Microsoft at each start which program runs on "
                "which system and has no switch for that: set process_info = true in its section to accept it, or choose "
                "another kind."
            )
        library = _library()
        with cls._starting, _translated(library, f"back end {name!r} ({KIND})"):
            if library.FoundryLocalManager.instance is None:
                library.FoundryLocalManager.initialize(_configuration(library, shelf))
            return cls(library, library.FoundryLocalManager.instance)

    @property
    def version(self) -> str:
        return str(self.library.__version__)

    def register(self, folder: Path) -> Any:
        """The model of a folder, as the SDK's local catalogue has it; that is kept on disk."""
        catalog, name = self.foundry.get_catalog(self.library.CatalogType.LOCAL), f"{folder.name}:1"
        known = catalog.get_model_variant(name)
        if known is not None and Path(known.get_path()) == folder:
            return known
        if known is not None:
            catalog.unregister_model(name)
        with self.library.ModelInfoBuilder() as information:
            information.set_string_property("task", "chat-completion")
            return catalog.register_model(folder, name, information)

    def translated(self, where: str) -> Any:
        return _translated(self.library, where)


def _library() -> Any:
    try:
        import foundry_local_sdk
    except ImportError as error:
        raise MissingExtra("foundry-local-sdk", "foundry", "Running a model with Foundry Local in this process") from error
    return foundry_local_sdk


def _configuration(library: Any, shelf: Shelf) -> Any:
    """It writes nothing but errors to its own log, and asks the catalogue only when a model is pulled."""
    return library.Configuration(
        app_name=APP_NAME,
        app_data_dir=str(shelf.root),
        model_cache_dir=str(shelf.models),
        logs_dir=str(shelf.root / "logs"),
        log_level=library.LogLevel.FATAL,
        disable_nonessential_telemetry=True,
    )


@contextmanager
def _translated(library: Any, where: str) -> Iterator[None]:
    """Turns what the SDK raises into BackendErrors."""
    try:
        yield
    except library.FoundryLocalException as error:
        said = _said(str(error))
        if is_too_long(400, said):
            raise too_long(where, said) from error
        raise BackendFailed(f"{where} failed ({said}): try again, or restart Midas.") from error


def _said(message: str) -> str:
    """The message without the place in the SDK's sources that it begins with."""
    return re.sub(r"^\S+\.(?:cc|h):\d+ .*?\) (?:const )?", "", " ".join(message.split()))


# Models on disk


@dataclass(frozen=True)
class Shelf:
    """Foundry Local's part of the data directory."""

    home: Path

    @property
    def root(self) -> Path:
        return self.home / "foundry"

    @property
    def models(self) -> Path:
        """What was pulled."""
        return self.root / "models"

    @property
    def tuned(self) -> Path:
        """Models with the settings of this computer: links and one small file each."""
        return self.root / "tuned"

    def pulled(self) -> dict[str, Path]:
        """Folders of whole models by full id: those pulled by Midas, and those that the `foundry` command downloaded."""
        files = [*sorted((Path.home() / COMMAND_CACHE).rglob(NAME_FILE)), *sorted(self.models.rglob(NAME_FILE))]
        return {_name(file): file.parent for file in files if (file.parent / CONFIG).is_file()}

    def find(self, model: str) -> Path:
        """The folder of a model: a path, a full id, or the beginning of one that only one has. Raises ModelError."""
        if (folder := Path(model).expanduser()).is_dir():
            return folder.absolute()
        found = {name: path for name, path in self.pulled().items() if name == model or name.startswith(f"{model}-")}
        if len(found) == 1:
            return next(iter(found.values()))
        there = ", ".join(self.pulled()) or "none"
        raise ModelError(
            f"{model!r} is neither a folder nor one downloaded model of Foundry Local (there are {there}): name the folder "
            "of an ONNX model, or run foundry model download."
        )


def _name(file: Path) -> str:
    try:
        return str(json.loads(file.read_text(encoding="utf-8"))["Name"])
    except (OSError, ValueError, KeyError, TypeError):
        return file.parent.name


class FoundryModels:
    """A ModelManager of the models in this process and on this disk. Only `pull` and `show` ask Microsoft's catalogue."""

    def __init__(self, name: str, options: Options, shelf: Shelf) -> None:
        self._name = name
        self._options = options
        self._shelf = shelf
        self._where = f"back end {name!r} ({KIND})"

    def installed(self) -> list[ServedModel]:
        return [_served(name, OnnxModel.read(folder)) for name, folder in self._shelf.pulled().items()]

    def show(self, name: str) -> ModelDetails:
        with suppress(ModelError):
            return _described(name, OnnxModel.read(self._shelf.find(name)))
        sdk = self._sdk()
        with sdk.translated(self._where):
            return _details(self._listed(sdk, name).info)

    def pull(self, name: str, progress: PullProgress | None = None) -> None:
        sdk = self._sdk()
        with sdk.translated(self._where):
            model = self._listed(sdk, name)
            size = (model.info.file_size_mb or 0) * MEGABYTE or None
            model.download(partial(_tell, progress, model.id, size) if progress else None)

    def remove(self, name: str) -> int | None:
        if name not in self._shelf.pulled():
            raise ModelError(f"{self._where} has pulled no model {name!r}: see midas models list --backend {self._name}.")
        folder = self._shelf.pulled()[name]
        size = OnnxModel.read(folder).size_bytes
        shutil.rmtree(folder)
        return size

    def loaded(self) -> list[LoadedModel]:
        if here := [LoadedModel(folder.name) for folder in list(Engine._loaded)]:
            return here
        raise ModelError(
            f"{self._where} can't tell from here what is in memory, as each process loads its own: look at the memory of the "
            "process midas serve."
        )

    def _sdk(self) -> Sdk:
        return Sdk.started(self._name, self._options, self._shelf)

    def _listed(self, sdk: Sdk, name: str) -> Any:
        """A model of Microsoft's catalogue, by alias or full id. Raises ModelError."""
        catalog = sdk.foundry.get_catalog(sdk.library.CatalogType.PUBLIC)
        model = catalog.get_model_variant(name) if ":" in name else catalog.get_model(name)
        if model is None:
            raise _unlisted(name, sorted(model.alias for model in catalog.list_models()))
        return model


def _unlisted(name: str, aliases: Sequence[str]) -> ModelError:
    if not aliases:
        return ModelError(
            "Foundry Local's catalogue can't be reached: check the network, or bring the folder of an ONNX model."
        )
    return ModelError(f"Foundry Local's catalogue has no model {name!r} (there are {', '.join(aliases)}): name one of these.")


def _tell(progress: PullProgress, name: str, size: int | None, percent: float) -> None:
    progress(f"downloading {name}", int((size or 0) * percent / 100), size)


def _served(name: str, model: OnnxModel) -> ServedModel:
    modified = datetime.fromtimestamp((model.folder / CONFIG).stat().st_mtime, UTC)
    return ServedModel(name, model.size_bytes, modified, {"folder": str(model.folder)})


def _described(name: str, model: OnnxModel) -> ModelDetails:
    details = {"folder": str(model.folder), "architecture": str(model.config["model"].get("type", ""))}
    return ModelDetails(name, context_window=model.context_window, details=details)


def _details(info: Any) -> ModelDetails:
    told = {"alias": info.alias, "publisher": info.publisher, "task": info.task, "device": info.runtime.device_type}
    details = {key: str(value) for key, value in told.items() if value}
    return ModelDetails(info.id, context_window=info.context_length, licence=info.license, details=details)


# The web service


class ServiceLLM(WireLLM):
    """A model of a web service, which is told to load it before each question: one that is in memory costs nothing."""

    _alias: str | None = PrivateAttr()

    def __init__(self, *given: Any, alias: str | None, **options: Any) -> None:
        super().__init__(*given, **options)
        self._alias = alias

    async def pieces(self, messages: Sequence[ChatMessage], options: dict[str, Any]) -> AsyncGenerator[Piece, None]:
        if self._alias:
            await self._load(self._alias)
        try:
            async with aclosing(super().pieces(messages, options)) as pieces:
                async for piece in pieces:
                    yield piece
        except BackendRefused as error:
            raise self._not_loaded(error) from error

    async def _load(self, alias: str) -> None:
        with self._translator.translated(alias):
            async with self._endpoint.client() as client:
                answer = await client.get(f"{self._endpoint.root}/models/load/{quote(alias, safe='')}")
        if not answer.is_success:
            raise self._translator.refusal(answer, alias)

    def _not_loaded(self, error: BackendRefused) -> BackendError:
        if "must be loaded" not in error.message:
            return error
        return BackendRefused(
            f"{self.where} has not loaded the model {self.model!r}: set alias in its section, so that it is loaded when needed."
        )


class ServiceModels:
    """A ModelManager of a web service: it tells what is in its memory and can be loaded, and downloads nothing."""

    def __init__(self, server: Server) -> None:
        self._server = server

    def installed(self) -> list[ServedModel]:
        self._refuse("tell which models of its catalogue are downloaded")

    def show(self, name: str) -> ModelDetails:
        if name not in (self._server.models() or ()):
            raise ModelError(f"{self._server.translator.where} has no model {name!r} in its catalogue: check the full id.")
        return ModelDetails(name)

    def pull(self, name: str, progress: PullProgress | None = None) -> None:
        self._refuse("fetch models")

    def remove(self, name: str) -> int | None:
        self._refuse("delete models")

    def loaded(self) -> list[LoadedModel]:
        translator = self._server.translator
        with translator.translated():
            answer = self._server.endpoint.page(self._url)
            if not answer.is_success:
                raise translator.refusal(answer)
            return [LoadedModel(str(name)) for name in answer.json()]

    @property
    def _url(self) -> str:
        return f"{self._server.endpoint.root}/models/loaded"

    def _refuse(self, what: str) -> NoReturn:
        raise ModelError(
            f"{self._server.translator.where} can't {what} over HTTP: use the foundry command or the SDK where it runs."
        )
