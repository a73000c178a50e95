"""Names of people and groups: what they may consist of, and when two are the same."""

from __future__ import annotations

import re
import unicodedata

from ui.people.errors import BadName

LONGEST = 100
_PERSON = re.compile(r"\w[\w.@+-]*")
_GROUP = re.compile(r"\w[\w .&@+-]*")


def person_name(name: str) -> str:
    """The name in its one form. Raises BadName for what is none."""
    return _checked(name, _PERSON, "a letter or digit, then letters, digits and . @ + - _")


def group_name(name: str) -> str:
    """The name in its one form. Raises BadName for what is none."""
    return _checked(name, _GROUP, "a letter or digit, then letters, digits, spaces and . & @ + - _")


def folded(name: str) -> str:
    """Two names are the same when this is: capitals and ways to write an accent don't tell people apart."""
    return unicodedata.normalize("NFKC", name.strip()).casefold()


def _checked(name: str, pattern: re.Pattern[str], rule: str) -> str:
    name = unicodedata.normalize("NFKC", name.strip())
    if len(name) > LONGEST or not pattern.fullmatch(name):
        raise BadName(f"{name[:LONGEST]!r} can't be a name: use {rule}, {LONGEST} at most.")
    return name
