"""Which folders of the server may be loaded and watched, and by whom."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

from ingest.errors import ConfigError
from ui.person import Person

Admits = Callable[[Path], bool]


class Roots:
    """The folders of the setting `watch.roots`."""

    def __init__(self, roots: Sequence[Path]) -> None:
        self._roots = tuple(root.expanduser().resolve() for root in roots)

    def admits(self, person: Person, paths: Sequence[Path]) -> Admits | None:
        """Which of the files in these paths the person may have read; None where they may have everything read: whoever sits
        at this machine, or has its command line.

        Raises ConfigError for a path that is not absolute or lies outside the folders.
        """
        if wrong := next((path for path in paths if not path.is_absolute()), None):
            raise ConfigError(f"{wrong} is not an absolute path of the server: give it from its root.")
        if person.entry in ("local", "server"):
            return None
        return self.within(paths)

    def within(self, paths: Sequence[Path]) -> Admits:
        """Which of the files in these paths lie in the folders. Raises ConfigError for a path outside them."""
        if not self._roots:
            raise ConfigError("Folders of the server can't be loaded from here: an admin of the server sets watch.roots.")
        if outside := next((path for path in paths if not self._within(path)), None):
            allowed = ", ".join(map(str, self._roots))
            raise ConfigError(f"{outside} lies outside the folders that may be loaded: choose one in {allowed}.")
        return self._within

    def beside(self, folder: Path) -> Admits:
        """Which of the files in a watched folder may be read: links lead within it, or to the folders."""
        return lambda path: _is_within(path, (folder, *self._roots))

    def _within(self, path: Path) -> bool:
        return _is_within(path, self._roots)


def _is_within(path: Path, folders: Sequence[Path]) -> bool:
    """Where the path really leads to."""
    try:
        real = path.resolve()
    except (OSError, ValueError, RuntimeError):
        return False
    return any(real.is_relative_to(folder) for folder in folders)
