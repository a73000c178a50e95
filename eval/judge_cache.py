"""What a judge answered before: a database for each judge, because another one would have answered otherwise."""

from __future__ import annotations

import sqlite3
from pathlib import Path

from ingest.errors import StoreError


class JudgeCache:
    """Answers by the SHA-256 of what was asked. An answer is there whole once `put` returns."""

    def __init__(self, path: Path) -> None:
        """Raises StoreError."""
        self._path = path
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            self._database = sqlite3.connect(path, isolation_level=None)
            self._database.execute("CREATE TABLE IF NOT EXISTS answers (asked TEXT PRIMARY KEY, answer TEXT NOT NULL)")
        except (OSError, sqlite3.Error) as error:
            raise self._broken(error) from error

    def get(self, asked: str) -> str | None:
        try:
            row = self._database.execute("SELECT answer FROM answers WHERE asked = ?", (asked,)).fetchone()
        except sqlite3.Error as error:
            raise self._broken(error) from error
        return str(row[0]) if row else None

    def put(self, asked: str, answer: str) -> None:
        try:
            self._database.execute("INSERT OR REPLACE INTO answers VALUES (?, ?)", (asked, answer))
        except sqlite3.Error as error:
            raise self._broken(error) from error

    def close(self) -> None:
        self._database.close()

    def _broken(self, error: Exception) -> StoreError:
        return StoreError(f"{self._path} can't be used ({error}): check free space and permissions, or delete it.")
