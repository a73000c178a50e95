"""The kinds of back ends there are, and the sections of the settings that use them."""

from __future__ import annotations

import difflib
import importlib
import pkgutil
from collections.abc import Iterable
from importlib.metadata import entry_points
from typing import Protocol, cast

from pydantic import BaseModel, ValidationError

import assistant.backends
from assistant.backends.common.backend import Backend
from assistant.backends.common.capabilities import Capabilities
from assistant.backends.common.manager import ModelManager
from assistant.config import Settings
from ingest.config import config_file
from ingest.errors import ConfigError, ModelError

ENTRY_POINTS = "midas.backends"
"""The group of entry points through which installed packages bring kinds."""


class Kind(Protocol):
    """What a module that implements a kind has; `manager(name, options, settings) -> ModelManager` is optional."""

    Options: type[BaseModel]
    CAPABILITIES: Capabilities

    def build(self, name: str, options: BaseModel, settings: Settings) -> Backend:
        """A ready back end. Raises ConfigError, BackendError or ModelError."""


def kinds() -> list[str]:
    """The names of all kinds: the modules of this package, then those of installed packages."""
    return [*_built_in(), *_plugins()]


def load_kind(kind: str) -> Kind:
    """The module of a kind. Raises ConfigError, naming those there are."""
    if not _is_known(kind):
        raise ConfigError(f"There is no kind of back end {kind!r}: {choices(kind, kinds())}.")
    if module := _built_in().get(kind):
        return cast(Kind, importlib.import_module(module))
    (plugin,) = entry_points(group=ENTRY_POINTS, name=kind)
    return cast(Kind, plugin.load())


def make_backend(name: str, settings: Settings) -> Backend:
    """Builds the back end that the section `backends.NAME` describes.

    Raises ConfigError for an unknown name, kind or option, and what the kind's `build` raises.
    """
    kind, options = _section(name, settings)
    return kind.build(name, options, settings)


def make_manager(name: str, settings: Settings) -> ModelManager:
    """What manages the models of the back end's server. Raises ConfigError, and ModelError when its kind has no such thing."""
    kind, options = _section(name, settings)
    make = getattr(kind, "manager", None)
    if make is None:
        raise ModelError(f"Models of the back end {name!r} can't be managed from here: use its server's own tools.")
    return cast(ModelManager, make(name, options, settings))


def check_section(name: str, section: dict[str, object]) -> BaseModel:
    """The options of a section, or ConfigError naming the key that is wrong."""
    kind = str(section.get("kind"))
    if not _is_known(kind):
        raise ConfigError(f"Back end {name!r} has the unknown kind {kind!r}: {choices(kind, kinds())}.")
    try:
        return load_kind(kind).Options.model_validate({key: value for key, value in section.items() if key != "kind"})
    except ValidationError as error:
        first = error.errors()[0]
        key = ".".join(str(part) for part in ("backends", name, *first["loc"]))
        raise ConfigError(f"Setting {key!r} is wrong ({first['msg']}): correct it in {config_file()}.") from error


def choices(name: str, valid: Iterable[str]) -> str:
    """The names there are, or the one that was probably meant."""
    names = list(valid)
    close = difflib.get_close_matches(name, names, n=1)
    return f"did you mean {close[0]!r}?" if close else f"there are {', '.join(names) or 'none'}"


def _section(name: str, settings: Settings) -> tuple[Kind, BaseModel]:
    section = settings.backends.get(name)
    if section is None:
        raise ConfigError(
            f"No back end {name!r} is configured ({choices(name, settings.backends)}): add it to {config_file()}."
        )
    options = check_section(name, section)
    return load_kind(str(section["kind"])), options


def _is_known(kind: str) -> bool:
    """Without a look at all installed packages for the usual kinds."""
    return kind in _built_in() or kind in _plugins()


def _built_in() -> dict[str, str]:
    """Modules by kind."""
    modules = pkgutil.iter_modules(assistant.backends.__path__)
    return {module.name.replace("_", "-"): f"assistant.backends.{module.name}" for module in modules if not module.ispkg}


def _plugins() -> list[str]:
    return sorted({plugin.name for plugin in entry_points(group=ENTRY_POINTS)} - _built_in().keys())
