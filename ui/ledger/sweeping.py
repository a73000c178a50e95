"""What is kept only for some days goes by itself."""

from __future__ import annotations

import logging
import threading
from datetime import UTC, datetime, timedelta

from assistant.config import Settings
from ingest.errors import MidasError
from ui.ledger.books import Books
from ui.memory.memory import Memory

DAY_SECONDS = 24 * 3600
_log = logging.getLogger("midas")


class Sweeper:
    """A thread that deletes once a day what is older than the settings allow, for the first time at once."""

    def __init__(self, settings: Settings, memory: Memory, books: Books) -> None:
        self._settings = settings
        self._memory = memory
        self._books = books
        self._closed = threading.Event()
        self._thread = threading.Thread(target=self._run, name="midas-sweep", daemon=True)
        self._thread.start()

    def close(self) -> None:
        self._closed.set()
        self._thread.join()

    def sweep(self) -> None:
        """Deletes what is too old now."""
        retention = self._settings.retention
        if before := _days_ago(retention.conversations_days):
            self._memory.sweep(before)
        audit, usage = _days_ago(retention.audit_days), _days_ago(retention.usage_days)
        if audit or usage:
            self._books.sweep(audit_before=audit, usage_before=usage)

    def _run(self) -> None:
        while not self._closed.is_set():
            try:
                self.sweep()
            except MidasError as error:
                _log.error("What is too old was not deleted: %s", error.message)
            self._closed.wait(DAY_SECONDS)


def _days_ago(days: int | None) -> str | None:
    """As times are stored; None where everything is kept."""
    return None if days is None else (datetime.now(UTC) - timedelta(days=days)).isoformat(timespec="seconds")
