"""People as text on the terminal."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from rich.table import Table

from ui import terminal

if TYPE_CHECKING:
    from ui.people.groups import Group
    from ui.people.views import KeyView, UserView


def users_table(users: Sequence[UserView]) -> Table:
    rows = [
        (user.name, user.role, ", ".join(user.groups), _state(user), user.created_at[:10], (user.signed_in_at or "")[:10])
        for user in users
    ]
    return terminal.table(("name", "role", "groups", "state", "added", "last sign-in"), rows)


def groups_table(groups: Sequence[Group]) -> Table:
    rows = [(group.name, group.description, ", ".join(group.members)) for group in groups]
    return terminal.table(("name", "description", "members"), rows)


def keys_table(keys: Sequence[KeyView]) -> Table:
    rows = [
        (key.id, key.owner, key.name, key.scope, (key.expires_at or "never")[:10], (key.used_at or "never")[:10])
        for key in keys
    ]
    return terminal.table(("id", "owner", "for", "scope", "expires", "used"), rows)


def _state(user: UserView) -> str:
    if user.disabled:
        return "disabled"
    if user.issuer:
        return f"by {user.issuer}"
    return "" if user.has_password else "no password yet"
