"""Who does something: a person with a role and groups, however they came in."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

from assistant.access import ALL, EVERYONE, Access
from ingest.errors import MidasError

Role = Literal["employee", "evaluator", "admin"]
Entry = Literal["local", "server", "session", "key", "proxy"]
Scope = Literal["ask", "everything"]
"""What a key is for: only to ask and to read the sources of answers, or for all that its owner may do."""

ROLES: tuple[Role, ...] = ("employee", "evaluator", "admin")
"""Each may do what those before it may."""


class NotAllowed(MidasError):
    """The person's role does not reach."""


@dataclass(frozen=True, slots=True)
class Person:
    """`id` never changes, `name` is what one signs in with. `groups` are those of the account, without `everyone`.

    `entry` tells how they came in: `local` is whoever sits at a server without sign-in, `server` the command line with the
    server's own token; `credential` is the id of the session or key, `scope` that of the key, `address` that of their machine.
    """

    id: str
    name: str
    role: Role
    groups: frozenset[str] = frozenset()
    entry: Entry = "session"
    credential: str | None = None
    scope: Scope = "everything"
    address: str = field(default="", compare=False)

    @property
    def access(self) -> Access:
        """Admins read everything: they load it."""
        return ALL if self.role == "admin" else Access(self.groups | {EVERYONE})

    def may(self, least: Role) -> bool:
        return ROLES.index(self.role) >= ROLES.index(least)

    def require(self, least: Role) -> None:
        """Raises NotAllowed."""
        if not self.may(least):
            raise NotAllowed(f"This is for the role {least}, yours is {self.role}: ask an admin of Midas for it.")


LOCAL = Person("local", "local", "admin", entry="local")
SERVER = Person("server", "server", "admin", entry="server")
