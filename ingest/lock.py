"""The lock that makes one process the owner of a data directory.

The operating system releases it when the owner dies, however it dies; the process id beside it is for the message only.
"""

from __future__ import annotations

import os
from contextlib import suppress
from pathlib import Path

from filelock import FileLock, Timeout

from ingest.errors import StoreError, StoreLocked
from ingest.home import open_home


class DirectoryLock:
    """Held from `acquire` to `release`."""

    def __init__(self, home: Path) -> None:
        self.home = home
        self._lock = FileLock(home / "midas.lock", thread_local=False)
        self._owner = home / "midas.pid"

    def acquire(self) -> None:
        """Raises StoreLocked at once when another owner has the directory."""
        try:
            open_home(self.home)
            self._lock.acquire(timeout=0)
            self._owner.write_text(f"{os.getpid()}\n", encoding="ascii")
        except Timeout:
            raise StoreLocked(
                f"{self.home} is in use by {self._owner_name()}: stop it, go through its address, or set another MIDAS_HOME."
            ) from None
        except OSError as error:
            self._lock.release()
            raise StoreError(f"{self.home} can't be used as the data directory ({error}): set another MIDAS_HOME.") from error

    def release(self) -> None:
        if self._lock.is_locked:
            with suppress(OSError):
                self._owner.unlink()
            self._lock.release()

    def _owner_name(self) -> str:
        pid = self.owner_pid()
        return f"process {pid}" if pid else "another process"

    def owner_pid(self) -> int | None:
        """The process that wrote its id last; None when nobody did or the owner left in good order."""
        try:
            return int(self._owner.read_text(encoding="ascii"))
        except (OSError, ValueError):
            return None
