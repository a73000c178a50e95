"""Groups of people; collections are shared with them."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from assistant.access import EVERYONE
from ingest.database import Database
from ui.people.errors import BadName, GroupNotFound, NameTaken
from ui.people.names import folded, group_name


@dataclass(frozen=True, slots=True)
class Group:
    name: str
    description: str
    members: tuple[str, ...]
    """Names of the accounts, in alphabetical order."""


class Groups:
    """`everyone` is not kept here: whoever is signed in is in it."""

    def __init__(self, database: Database, now: Callable[[], float] = time.time) -> None:
        self._database = database
        self._now = now

    def all(self) -> list[Group]:
        """By name."""
        with self._database.read() as rows:
            found = rows.execute("SELECT name, description FROM groups ORDER BY folded").fetchall()
            members: dict[str, list[str]] = {row["name"]: [] for row in found}
            for row in rows.execute(
                'SELECT "group", name FROM members JOIN accounts ON accounts.id = members.account ORDER BY folded'
            ):
                members[row["group"]].append(row["name"])
        return [Group(row["name"], row["description"], tuple(members[row["name"]])) for row in found]

    def names(self) -> list[str]:
        with self._database.read() as rows:
            return [row[0] for row in rows.execute("SELECT name FROM groups ORDER BY folded")]

    def add(self, name: str, description: str = "") -> str:
        """The name as it is kept. Raises NameTaken, BadName."""
        name = group_name(name)
        if folded(name) == EVERYONE:
            raise BadName(f"{EVERYONE!r} is the group of all who are signed in: choose another name.")
        with self._database.write() as rows:
            if rows.execute("SELECT 1 FROM groups WHERE folded = ?", (folded(name),)).fetchone():
                raise NameTaken(f"There is already a group {name!r}: choose another name.")
            rows.execute("INSERT INTO groups VALUES (?, ?, ?, ?)", (name, folded(name), description, self._now()))
        return name

    def describe(self, name: str, description: str) -> str:
        """The name as it is kept. Raises GroupNotFound."""
        name = self.resolve([name])[0]
        with self._database.write() as rows:
            rows.execute("UPDATE groups SET description = ? WHERE name = ?", (description, name))
        return name

    def delete(self, name: str) -> str:
        """Its members lose what was shared with it. Raises GroupNotFound."""
        name = self.resolve([name])[0]
        with self._database.write() as rows:
            rows.execute("DELETE FROM groups WHERE name = ?", (name,))
        return name

    def known(self, names: Iterable[str]) -> tuple[str, ...]:
        """Those of these names that are groups here, as they are kept, sorted."""
        wanted = {folded(name) for name in names}
        return tuple(sorted(name for name in self.names() if folded(name) in wanted))

    def resolve(self, names: Sequence[str]) -> tuple[str, ...]:
        """These groups' names as they are kept, sorted. Raises GroupNotFound, which lists them all."""
        return _found(names, self.names())

    def readers(self, names: Sequence[str]) -> tuple[str, ...]:
        """As `resolve`, for those who may read a collection: `everyone` is one of them."""
        return _found(names, [EVERYONE, *self.names()])


def _found(names: Sequence[str], there: Sequence[str]) -> tuple[str, ...]:
    known = {folded(name): name for name in there}
    for name in names:
        if folded(name) not in known:
            others = ", ".join(there) or "none yet"
            raise GroupNotFound(f"There is no group {name!r} (there are: {others}): make it with `midas groups add NAME`.")
    return tuple(sorted({known[folded(name)] for name in names}))
