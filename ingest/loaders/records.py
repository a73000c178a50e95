"""JSON and JSON Lines -> one block of `key: value` lines per record."""

from __future__ import annotations

import json
from collections.abc import Iterator
from itertools import chain

from ingest.errors import LoadError
from ingest.loaders.draft import Draft

Json = dict[str, "Json"] | list["Json"] | str | float | bool | None


def load(text: str, draft: Draft) -> None:
    about, records = _records(_parse(text))
    draft.text("\n".join(_lines(about)))
    draft.page_unit = "record"
    for number, record in enumerate(records, start=1):
        draft.page = number
        draft.text("\n".join(_lines(record)))


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


def _records(value: Json) -> tuple[dict[str, Json], list[Json]]:
    """(what is said about all records, the records): a list, or an object around one list of objects."""
    if isinstance(value, list):
        return {}, value
    if isinstance(value, dict):
        lists = [key for key, inner in value.items() if isinstance(inner, list) and inner and isinstance(inner[0], dict)]
        if len(lists) == 1:
            records = value[lists[0]]
            assert isinstance(records, list)
            return {key: inner for key, inner in value.items() if key != lists[0]}, records
    return {}, [value]


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
