"""`midas.toml` as a text that people keep: a section is added at its end, everything else stays as it was, comments too."""

from __future__ import annotations

import json
import os
import re
import tempfile
import tomllib
from collections.abc import Mapping
from pathlib import Path

from assistant.config import embedded_backend
from ingest.errors import ConfigError

Value = str | int | float | bool | list[str] | Mapping[str, "Value"]
Section = Mapping[str, Value]

_BARE = re.compile(r"[A-Za-z0-9_-]+")


def add_backend(path: Path, name: str, section: Section) -> None:
    """Writes `[backends.NAME]`, whole or not at all. The back end that works without a section gets its own first, because
    it is only there as long as the file has none. Raises ConfigError when the file is wrong or has the name already."""
    path = path.resolve()
    before = _read(path)
    known = _backends(before, path)
    if name in known:
        raise ConfigError(f"{path} has a back end {name!r} already: choose another name, or change its section there.")
    sections = {name: section} if known else {**embedded_backend(), name: section}
    after = before + ("" if not before or before.endswith("\n") else "\n")
    for title, values in sections.items():
        after += ("\n" if after else "") + _section(f"backends.{_key(title)}", values)
    if _backends(after, path) != {**known, **{title: dict(values) for title, values in sections.items()}}:
        raise ConfigError(f"{path} defines its back ends in a way that can't be added to: add the section by hand.")
    _write(path, after)


def _read(path: Path) -> str:
    try:
        return path.read_bytes().decode("utf-8")
    except FileNotFoundError:
        return ""
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError(f"{path} can't be read ({error}): correct the file.") from error


def _backends(text: str, path: Path) -> dict[str, object]:
    try:
        found: dict[str, object] = tomllib.loads(text).get("backends", {})
    except tomllib.TOMLDecodeError as error:
        raise ConfigError(f"{path} can't be read ({error}): correct the file.") from error
    return found


def _section(title: str, values: Section) -> str:
    """The section and, below it, those of its tables."""
    flat = {key: value for key, value in values.items() if not isinstance(value, Mapping)}
    tables = {key: value for key, value in values.items() if isinstance(value, Mapping)}
    lines = [f"[{title}]", *(f"{_key(key)} = {_value(value)}" for key, value in flat.items())]
    return "\n".join(lines) + "\n" + "".join(f"\n{_section(f'{title}.{_key(key)}', value)}" for key, value in tables.items())


def _key(name: str) -> str:
    return name if _BARE.fullmatch(name) else json.dumps(name)


def _value(value: Value) -> str:
    """JSON writes these as TOML does."""
    return json.dumps(value, ensure_ascii=False)


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
