"""Which groups collections are shared with, while groups come and go."""

from __future__ import annotations

from collections.abc import Sequence

from assistant.access import EVERYONE
from ui.people.groups import Groups
from ui.service import Service


def share(service: Service, groups: Groups, collection: str, names: Sequence[str]) -> tuple[str, ...]:
    """Shares the collection with these groups and no other; their names as they are kept. Groups of a sign-in service or a
    proxy count only where a group here has their name, so that others would be shared with nobody.

    Raises GroupNotFound, CollectionNotFound.
    """
    readers = groups.readers(names)
    service.set_groups(collection, readers)
    return readers


def unshare(service: Service, groups: Groups, group: str) -> list[str]:
    """Takes the group from all collections, so that a later group of the same name gets nothing; the collections' names."""
    left = {EVERYONE, *groups.names()} - {group}
    shared = [info for info in service.collections() if group in info.groups]
    for info in shared:
        service.set_groups(info.name, [name for name in info.groups if name in left])
    return [info.name for info in shared]
