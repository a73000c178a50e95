"""What people are shown of the configured back ends."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Iterator, Mapping
from contextlib import closing
from dataclasses import dataclass
from typing import Any, Literal, get_args, get_origin

from pydantic import BaseModel, ValidationError
from pydantic.fields import FieldInfo

from assistant.backends import Backends, Capabilities, check_section, kinds, load_kind
from assistant.backends.common.breaker import CircuitBreaker
from assistant.backends.common.kinds import choices
from assistant.backends.common.probe import Probe, probe
from assistant.config import Settings
from ingest.errors import ConfigError, MidasError
from ui.settings_file import Section
from ui.views import BackendView

OptionType = Literal["text", "number", "flag", "list"]

_NAME = re.compile(r"[A-Za-z0-9_-]{1,63}")
_VARIABLE = re.compile(r"[A-Z_][A-Z0-9_]*")
"""Keys, which have small letters or '-', are none."""


@dataclass(frozen=True, slots=True)
class BackendCheck:
    """What trying a back end showed. `problem` is why it does not work; `probe` and `capabilities`, what its kind declares, are
    None when it could not even be opened."""

    backend: BackendView
    works: bool
    problem: str | None = None
    probe: Probe | None = None
    capabilities: Capabilities | None = None


def views(settings: Settings, breakers: Mapping[str, CircuitBreaker]) -> list[BackendView]:
    """All of them, the default one first; those of a wrong section with their problem. Opens none."""
    found = [_view(name, settings, breakers.get(name)) for name in settings.backends]
    return sorted(found, key=lambda view: not view.default)


def _view(name: str, settings: Settings, breaker: CircuitBreaker | None) -> BackendView:
    section = settings.backends[name]
    options, problem = None, None
    try:
        options = check_section(name, section)
    except ConfigError as error:
        problem = error.message
    return BackendView(
        name=name,
        kind=str(section.get("kind", "")),
        model=str(getattr(options, "model", "")),
        default=name == settings.default_backend,
        cloud=bool(getattr(options, "cloud", False)),
        address=getattr(options, "base_url", None),
        fallback=settings.candidates(name)[1:],
        state=breaker.state if breaker else None,
        last_error=breaker.last_error if breaker else None,
        last_error_at=breaker.last_error_at if breaker else None,
        problem=problem,
    )


@dataclass(frozen=True, slots=True)
class OptionView:
    """A key that the section of a kind may have; `a.b` for a key of a table. `type` is how it is filled in, `default` what
    holds without it, as it is written in a form."""

    name: str
    type: OptionType
    required: bool
    default: str
    description: str


@dataclass(frozen=True, slots=True)
class KindView:
    """A kind of back end. `notes` are what an admin should know, a sentence each."""

    name: str
    options: tuple[OptionView, ...]
    notes: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class SectionView:
    """A back end's section of the settings as a form has it: texts by key, see `OptionView`."""

    name: str
    kind: str
    options: dict[str, str]


def kind_views() -> list[KindView]:
    """All kinds there are."""
    return [_kind_view(kind) for kind in kinds()]


def _kind_view(name: str) -> KindView:
    kind = load_kind(name)
    return KindView(name, tuple(_option_views(kind.Options)), kind.CAPABILITIES.notes)


def _option_views(options: type[BaseModel], prefix: str = "") -> Iterator[OptionView]:
    for key, field in options.model_fields.items():
        if isinstance(field.annotation, type) and issubclass(field.annotation, BaseModel):
            yield from _option_views(field.annotation, f"{prefix}{key}.")
        else:
            default = "" if field.is_required() else _as_text(field.get_default())
            yield OptionView(f"{prefix}{key}", _type(field), field.is_required(), default, field.description or "")


_TYPES: dict[object, OptionType] = {bool: "flag", int: "number", float: "number"}


def _type(field: FieldInfo) -> OptionType:
    if get_origin(field.annotation) is list:
        return "list"
    alternatives = [part for part in get_args(field.annotation) if part is not type(None)] or [field.annotation]
    return _TYPES.get(alternatives[0], "text") if len(alternatives) == 1 else "text"


def section_view(name: str, settings: Settings) -> SectionView:
    """Raises ConfigError when there is no back end of that name."""
    require(name, settings)
    section = dict(settings.backends[name])
    kind = str(section.pop("kind", ""))
    return SectionView(name, kind, dict(_flat(section)))


def _flat(table: Mapping[str, Any], prefix: str = "") -> Iterator[tuple[str, str]]:
    for key, value in table.items():
        if isinstance(value, Mapping):
            yield from _flat(value, f"{prefix}{key}.")
        else:
            yield f"{prefix}{key}", _as_text(value)


def _as_text(value: object) -> str:
    if value is None:
        return ""
    if isinstance(value, list):
        return ",".join(map(str, value))
    return str(value).lower() if isinstance(value, bool) else str(value)


def require(name: str, settings: Settings) -> None:
    """Raises ConfigError when there is no back end of that name."""
    if name not in settings.backends:
        raise ConfigError(f"No back end {name!r} is configured ({choices(name, settings.backends)}): choose a configured one.")


def check(name: str, settings: Settings, backends: Backends) -> BackendCheck:
    """Tries a back end; blocks. Raises ConfigError when there is none of that name."""
    require(name, settings)
    try:
        backend = backends.open(name)
        found = asyncio.run(probe(backend))
    except MidasError as error:
        return BackendCheck(_view(name, settings, backends.breakers().get(name)), works=False, problem=error.message)
    view = _view(name, settings, backend.breaker)
    return BackendCheck(view, works=found.works, problem=found.error, probe=found, capabilities=backend.capabilities)


def check_new(name: str, section: Section, settings: Settings) -> BackendCheck:
    """Tries a back end that is not in the settings yet, or not like this."""
    wider = settings.model_copy(update={"backends": {**settings.backends, name: dict(section)}})
    with closing(Backends(wider)) as backends:
        return check(name, wider, backends)


def new_section(name: str, kind: str, given: Mapping[str, str], settings: Settings) -> Section:
    """The section of a back end that there is not yet. Raises ConfigError saying what is wrong."""
    if not _NAME.fullmatch(name):
        raise ConfigError(f"{name!r} can't name a back end: use letters, digits, '-' and '_'.")
    if name in settings.backends:
        raise ConfigError(f"There is a back end {name!r} already: choose another name, or change its section.")
    return section_of(kind, given)


def require_fallbacks(name: str, section: Section, settings: Settings) -> None:
    """Raises ConfigError when the section falls back to itself or to what there is not."""
    fallback = section.get("fallback", [])
    for other in fallback if isinstance(fallback, list) else []:
        if other == name:
            raise ConfigError(f"{name!r} can't fall back to itself: name others.")
        require(other, settings)


def section_of(kind: str, given: Mapping[str, str]) -> Section:
    """The section that these options make, with values of their types. Raises ConfigError saying what is wrong."""
    if not _VARIABLE.fullmatch(given.get("api_key_env", "NONE")):
        raise ConfigError(
            "api_key_env takes the name of an environment variable (capitals, digits and '_'), not the key itself: "
            "set one and name it."
        )
    options = load_kind(kind).Options
    try:
        checked = options.model_validate(_nested(given, options))
    except ValidationError as error:
        first = min(error.errors(), key=lambda problem: problem["type"] != "extra_forbidden")
        key = ".".join(map(str, first["loc"])) or "The section"
        raise ConfigError(
            f"{key} is wrong for the kind {kind} ({first['msg']}): its options are {', '.join(options.model_fields)}."
        ) from error
    return {"kind": kind, **checked.model_dump(mode="json", exclude_unset=True)}


def _nested(given: Mapping[str, str], options: type[BaseModel]) -> dict[str, Any]:
    """`{"a.b": "1"}` as `{"a": {"b": "1"}}`; commas divide what is a list. Raises ConfigError for both `a` and `a.b`."""
    nested: dict[str, Any] = {}
    for key, value in given.items():
        *tables, last = key.split(".")
        if whole := [name for name in given if key.startswith(f"{name}.")]:
            raise ConfigError(f"{whole[0]} and {key} exclude each other: give only the second.")
        place = nested
        for table in tables:
            place = place.setdefault(table, {})
        field = options.model_fields.get(key)
        place[last] = value.split(",") if field and get_origin(field.annotation) is list else value
    return nested
