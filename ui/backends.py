"""What people are shown of the configured back ends."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Mapping
from contextlib import closing
from dataclasses import dataclass
from typing import Any, get_origin

from pydantic import BaseModel, ValidationError

from assistant.backends import Backend, Backends, check_section, load_kind
from assistant.backends.common.kinds import choices
from assistant.backends.common.probe import Probe, probe
from assistant.config import Settings
from ingest.errors import ConfigError, MidasError
from ui.settings_file import Section
from ui.views import BackendView

_NAME = re.compile(r"[A-Za-z0-9_-]{1,63}")
_VARIABLE = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")


@dataclass(frozen=True, slots=True)
class BackendCheck:
    """What trying a back end showed. `problem` is why it does not work; `probe` is None when it could not even be opened."""

    backend: BackendView
    works: bool
    problem: str | None = None
    probe: Probe | None = None


def views(settings: Settings, opened: Mapping[str, Backend]) -> list[BackendView]:
    """All of them, the default one first; those of a wrong section with their problem. Opens none."""
    found = [_view(name, settings, opened.get(name)) for name in settings.backends]
    return sorted(found, key=lambda view: not view.default)


def _view(name: str, settings: Settings, backend: Backend | None) -> BackendView:
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
        state=backend.breaker.state if backend else None,
        last_error=backend.breaker.last_error if backend else None,
        last_error_at=backend.breaker.last_error_at if backend else None,
        problem=problem,
    )


def require(name: str, settings: Settings) -> None:
    """Raises ConfigError when there is no back end of that name."""
    if name not in settings.backends:
        raise ConfigError(f"No back end {name!r} is configured ({choices(name, settings.backends)}): choose a configured one.")


def check(name: str, settings: Settings, backends: Backends) -> BackendCheck:
    """Tries a back end; blocks. Raises ConfigError when there is none of that name."""
    require(name, settings)
    view = _view(name, settings, None)
    try:
        found = asyncio.run(probe(backends.open(name)))
    except MidasError as error:
        return BackendCheck(view, works=False, problem=error.message)
    return BackendCheck(view, works=found.works, problem=found.error, probe=found)


def check_new(name: str, section: Section, settings: Settings) -> BackendCheck:
    """Tries a back end that is not in the settings yet."""
    wider = Settings.load(home=settings.home, backends={**settings.backends, name: section})
    with closing(Backends(wider)) as backends:
        return check(name, wider, backends)


def new_section(name: str, kind: str, given: Mapping[str, str], settings: Settings) -> Section:
    """The section that these options make, with values of their types. Raises ConfigError saying what is wrong."""
    if not _NAME.fullmatch(name):
        raise ConfigError(f"{name!r} can't name a back end: use letters, digits, '-' and '_'.")
    if name in settings.backends:
        raise ConfigError(f"There is a back end {name!r} already: choose another name, or change its section.")
    if not _VARIABLE.fullmatch(given.get("api_key_env", "NONE")):
        raise ConfigError("api_key_env takes the name of an environment variable, not the key itself: set one and name it.")
    options = load_kind(kind).Options
    try:
        checked = options.model_validate(_nested(given, options))
    except ValidationError as error:
        first = min(error.errors(), key=lambda problem: problem["type"] != "extra_forbidden")
        key = ".".join(map(str, first["loc"]))
        raise ConfigError(
            f"{key} is wrong for the kind {kind} ({first['msg']}): its options are {', '.join(options.model_fields)}."
        ) from error
    return {"kind": kind, **checked.model_dump(mode="json", exclude_unset=True)}


def _nested(given: Mapping[str, str], options: type[BaseModel]) -> dict[str, Any]:
    """`{"a.b": "1"}` as `{"a": {"b": "1"}}`; commas divide what is a list."""
    nested: dict[str, Any] = {}
    for key, value in given.items():
        *tables, last = key.split(".")
        place = nested
        for table in tables:
            place = place.setdefault(table, {})
        field = options.model_fields.get(key)
        place[last] = value.split(",") if field and get_origin(field.annotation) is list else value
    return nested
