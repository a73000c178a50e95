"""JSON and JSON Lines -> one block of `key: value` lines per record."""

from __future__ import annotations

import json
from collections.abc import Iterator
from itertools import chain

from ingest.errors import LoadError
from ingest.loaders.draft import Draft

Json = dict[str, "Json"] | list["Json"] | str | float | bool | None


def load(text: str, draft: Draft) -> None:
    draft.page_unit = "record"
    about, lists = _split(_parse(text))
    draft.text("\n".join(_lines(about)))
    done = 0
    for name, records in lists:
        draft.page = done + 1
        draft.heading(1, name.replace("_", " ") if len(lists) > 1 else "")
        for number, record in enumerate(records, start=done + 1):
            draft.page = number
            draft.text("\n".join(_lines(record)))
        done += len(records)


def _parse(text: str) -> Json:
    """One JSON value, or the list of the values of JSON Lines."""
    text = text.strip("\ufeff \t\r\n")
    try:
        value: Json = json.loads(text)
        return value
    except ValueError as error:
        whole = error
    lines = [line for line in text.split("\n") if line.strip()]
    if len(lines) < 2:
        raise _invalid(f"{whole}")
    return [_parse_line(number, line) for number, line in enumerate(lines, start=1)]


def _parse_line(number: int, line: str) -> Json:
    try:
        value: Json = json.loads(line)
        return value
    except ValueError as error:
        raise _invalid(f"line {number}: {error}") from error


def _invalid(why: str) -> LoadError:
    return LoadError("corrupt", f"The file is not valid JSON ({why}): correct it and load it again.")


def _split(value: Json) -> tuple[dict[str, Json], list[tuple[str, list[Json]]]]:
    """(what is said about all records, (name, records) of each list): a list, or an object around lists of objects."""
    if isinstance(value, list):
        return {}, [("", value)]
    if not isinstance(value, dict):
        return {}, [("", [value])]
    lists = [(name, inner) for name, inner in value.items() if isinstance(inner, list) and inner and isinstance(inner[0], dict)]
    if not lists:
        return {}, [("", [value])]
    names = {name for name, _ in lists}
    return {name: inner for name, inner in value.items() if name not in names}, lists


def _lines(value: Json, key: str = "") -> Iterator[str]:
    """`key: value` lines; nested keys are joined by dots, lists of plain values by commas."""
    if isinstance(value, dict):
        yield from chain.from_iterable(_lines(inner, f"{key}.{name}" if key else name) for name, inner in value.items())
    elif isinstance(value, list) and any(isinstance(inner, (dict, list)) for inner in value):
        yield from chain.from_iterable(_lines(inner, f"{key}[{index}]") for index, inner in enumerate(value, start=1))
    elif text := ", ".join(map(_scalar, value)) if isinstance(value, list) else _scalar(value):
        yield f"{key}: {text}" if key else text


def _scalar(value: Json) -> str:
    if value is None:
        return ""
    return value if isinstance(value, str) else json.dumps(value)
