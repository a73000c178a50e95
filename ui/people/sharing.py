"""What becomes of collections when a group goes."""

from __future__ import annotations

from ui.service import Service


def unshare(service: Service, group: str) -> list[str]:
    """Takes the group from all collections, so that a later group of the same name gets nothing; the collections' names."""
    shared = [info for info in service.collections() if group in info.groups]
    for info in shared:
        service.set_groups(info.name, [name for name in info.groups if name != group])
    return [info.name for info in shared]
