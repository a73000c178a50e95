"""Back ends by name. A kind of back end is one module with `Options` (its section of the settings) and `build`."""

from __future__ import annotations

import difflib
import importlib
import threading
from collections.abc import Iterable
from importlib.metadata import entry_points
from typing import Protocol, cast

from pydantic import BaseModel, ValidationError

from assistant.backends.backend import Backend
from assistant.config import Settings
from ingest.config import config_file
from ingest.errors import ConfigError

__all__ = ["Backend", "Backends", "make_backend"]

KINDS = {
    "llama-cpp": "assistant.backends.llama_cpp",
    "openai-compatible": "assistant.backends.openai_compatible",
}
"""The built-in kinds and their modules; others come from installed packages' entry points of the group `midas.backends`."""

ENTRY_POINTS = "midas.backends"


class Kind(Protocol):
    """What a module that implements a kind has."""

    Options: type[BaseModel]

    def build(self, name: str, options: BaseModel, settings: Settings) -> Backend:
        """A ready back end. Raises BackendError or ModelError."""


class Backends:
    """The configured back ends; each is built once, when it is first asked for."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._lock = threading.Lock()
        self._open: dict[str, Backend] = {}

    def open(self, name: str) -> Backend:
        """Blocks while a model is loaded. Raises ConfigError, ModelError or BackendError."""
        with self._lock:
            if name not in self._open:
                self._open[name] = make_backend(name, self._settings)
            return self._open[name]

    def close(self) -> None:
        with self._lock:
            while self._open:
                self._open.popitem()[1].close()


def make_backend(name: str, settings: Settings) -> Backend:
    """Builds the back end that the section `backends.NAME` describes.

    Raises ConfigError for an unknown name, kind or option, and what `build` raises.
    """
    section = settings.backends.get(name)
    if section is None:
        choices = _choices(name, settings.backends)
        raise ConfigError(f"No back end {name!r} is configured ({choices}): add it to {config_file()}.")
    kind = _kind(name, str(section.get("kind")))
    options = _options(name, kind, {key: value for key, value in section.items() if key != "kind"})
    return kind.build(name, options, settings)


def _kind(name: str, kind: str) -> Kind:
    if kind in KINDS:
        return cast(Kind, importlib.import_module(KINDS[kind]))
    plugins = {plugin.name: plugin for plugin in entry_points(group=ENTRY_POINTS)}
    if kind not in plugins:
        raise ConfigError(f"Back end {name!r} has the unknown kind {kind!r}: {_choices(kind, [*KINDS, *plugins])}.")
    return cast(Kind, plugins[kind].load())


def _options(name: str, kind: Kind, section: dict[str, object]) -> BaseModel:
    try:
        return kind.Options.model_validate(section)
    except ValidationError as error:
        first = error.errors()[0]
        key = ".".join(str(part) for part in ("backends", name, *first["loc"]))
        raise ConfigError(f"Setting {key!r} is wrong ({first['msg']}): correct it in {config_file()}.") from error


def _choices(name: str, valid: Iterable[str]) -> str:
    names = list(valid)
    close = difflib.get_close_matches(name, names, n=1)
    return f"did you mean {close[0]!r}?" if close else f"there are {', '.join(names) or 'none'}"
