"""The data directory itself. Whoever reads its files reads all documents and conversations: no other user of the machine."""

from __future__ import annotations

import os
import stat
from contextlib import suppress
from pathlib import Path


def open_home(home: Path) -> None:
    """Makes it, for its owner alone, when it is absent."""
    home.mkdir(mode=stat.S_IRWXU, parents=True, exist_ok=True)


def keep_out_others(file: Path) -> None:
    """Makes a database's file for its owner alone when it is absent; SQLite gives those beside it the same rights. Of one that
    is there its group keeps what somebody may have given it."""
    with suppress(OSError):  # whoever opens it is told
        os.close(os.open(file, os.O_RDWR | os.O_CREAT, stat.S_IRUSR | stat.S_IWUSR))
        file.chmod(stat.S_IMODE(file.stat().st_mode) & ~stat.S_IRWXO)
