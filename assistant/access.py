"""What a person may read. Whoever asks the assistant says so, and nothing else is searched, cited or remembered."""

from __future__ import annotations

from dataclasses import dataclass

EVERYONE = "everyone"
"""The group that every signed-in person is in."""


@dataclass(frozen=True, slots=True)
class Access:
    """The collections that may be read: those that name one of `groups`, or all of them with `everything`."""

    groups: frozenset[str] = frozenset()
    everything: bool = False

    @property
    def readers(self) -> frozenset[str] | None:
        """As the store takes it: None where everything may be read."""
        return None if self.everything else self.groups

    def reads(self, groups: frozenset[str] | tuple[str, ...]) -> bool:
        """Whether a collection that is shared with these groups may be read."""
        return self.everything or not self.groups.isdisjoint(groups)


ALL = Access(everything=True)
