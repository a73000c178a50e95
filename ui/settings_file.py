"""`midas.toml` as a text that people keep: its back ends are added, changed and removed, everything else stays as it was,
comments too."""

from __future__ import annotations

import os
import tempfile
import tomllib
from collections.abc import Callable, Mapping, MutableMapping
from pathlib import Path
from threading import Lock
from typing import Any

import tomlkit
from tomlkit.exceptions import TOMLKitError
from tomlkit.items import Comment, Table, Whitespace

from assistant.config import embedded_backend
from ingest.errors import ConfigError

Value = str | int | float | bool | list[str] | Mapping[str, "Value"]
Section = Mapping[str, Value]

_CHANGING = Lock()
_Toml = MutableMapping[str, Any]


def add_backend(path: Path, name: str, section: Section) -> None:
    """Writes `[backends.NAME]`. Raises ConfigError when the file is wrong or has the name already."""

    def add(backends: _Toml) -> None:
        if name in backends:
            raise ConfigError(f"{path} has a back end {name!r} already: choose another name, or change its section there.")
        backends[name] = dict(section)

    _edit(path, lambda settings: add(_backends(settings)))


def change_backend(path: Path, name: str, section: Section) -> None:
    """Makes `[backends.NAME]` say this; lines that said it already stay. Raises ConfigError."""
    _edit(path, lambda settings: _become(_known(_backends(settings), name, path), section))


def remove_backend(path: Path, name: str) -> None:
    """Takes `[backends.NAME]` out. Raises ConfigError."""

    def remove(backends: _Toml) -> None:
        _known(backends, name, path)
        del backends[name]

    _edit(path, lambda settings: remove(_backends(settings)))


def set_default(path: Path, name: str) -> None:
    """Who answers when nobody is named. Raises ConfigError."""
    _edit(path, lambda settings: _put(settings, "default_backend", name))


def read(path: Path) -> dict[str, Any]:
    """What the file says; nothing when there is none. Raises ConfigError."""
    return _parsed(_read(path), path)


def _backends(settings: _Toml) -> _Toml:
    """The table of them. The back end that works without a section gets its own first, because it is only there as long as
    the file has none."""
    if not settings.get("backends"):
        settings["backends"] = embedded_backend()
    backends: _Toml = settings["backends"]
    return backends


def _known(backends: _Toml, name: str, path: Path) -> _Toml:
    if name not in backends:
        raise ConfigError(f"{path} has no back end {name!r}: look at the sections [backends.NAME] there.")
    section: _Toml = backends[name]
    return section


def _become(table: _Toml, wanted: Section) -> None:
    for key in [key for key in table if key not in wanted]:
        del table[key]
    for key, value in wanted.items():
        if isinstance(value, Mapping) and isinstance(table.get(key), MutableMapping):
            _become(table[key], value)
        elif table.get(key) != value:
            _put(table, key, value)


def _put(table: _Toml, key: str, value: object) -> None:
    """A new line goes below the last one that says something: what follows belongs to the next section."""
    if key in table or not isinstance(table, Table):
        table[key] = value
        return
    body, behind = table.value.body, []
    while body and body[-1][0] is None:
        behind.append(body.pop()[1])
    table[key] = value
    for item in reversed(behind):
        if isinstance(item, Comment | Whitespace):
            table.add(item)


def _edit(path: Path, change: Callable[[_Toml], None]) -> None:
    """The same change to the text and to what it says, which must agree afterwards. Written whole or not at all."""
    with _CHANGING:
        path = path.resolve()
        before = _read(path)
        _write(path, _changed(before, path, change))


def _changed(before: str, path: Path, change: Callable[[_Toml], None]) -> str:
    wanted = _parsed(before, path)
    try:
        change(wanted)
        document = tomlkit.parse(before)
        change(document)
        after = tomlkit.dumps(document)
    except (TOMLKitError, TypeError, AttributeError) as error:
        raise _too_unusual(path) from error
    if _parsed(after, path) != wanted:
        raise _too_unusual(path)
    return after


def _too_unusual(path: Path) -> ConfigError:
    return ConfigError(f"{path} defines its back ends in a way that can't be changed from here: change the file by hand.")


def _read(path: Path) -> str:
    try:
        return path.read_bytes().decode("utf-8")
    except FileNotFoundError:
        return ""
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError(f"{path} can't be read ({error}): correct the file.") from error


def _parsed(text: str, path: Path) -> dict[str, Any]:
    try:
        return tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise ConfigError(f"{path} can't be read ({error}): correct the file.") from error


def _write(path: Path, text: str) -> None:
    """In the place of the old file, in one step."""
    partial = None
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        mode = path.stat().st_mode & 0o777 if path.exists() else 0o644
        descriptor, partial = tempfile.mkstemp(dir=path.parent, prefix=f"{path.name}.")
        with os.fdopen(descriptor, "w", encoding="utf-8", newline="") as file:
            file.write(text)
            file.flush()
            os.fsync(descriptor)
        Path(partial).chmod(mode)
        Path(partial).replace(path)
    except OSError as error:
        if partial:
            Path(partial).unlink(missing_ok=True)
        raise ConfigError(f"{path} can't be written ({error.strerror}): check free space and permissions.") from error
