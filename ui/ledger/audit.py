"""The audit log: who did what, when and from where. Never what was asked, nor any secret."""

from __future__ import annotations

import csv
import io
import sqlite3
from collections.abc import Iterable
from dataclasses import astuple, dataclass, fields
from datetime import date
from typing import Literal, get_args

Action = Literal[
    "signed_in", "sign_in_failed", "signed_out", "session_ended", "password_changed", "link_made",
    "key_made", "key_revoked",
    "user_added", "user_changed", "user_disabled", "user_forgotten", "group_changed",
    "source_read", "original_read",
    "uploaded", "ingested", "document_deleted", "folder_watched", "folder_unwatched",
    "collection_made", "collection_changed", "collection_shared", "collection_reindexed", "collection_deleted",
    "setting_changed", "backend_checked", "repaired",
    "conversation_deleted", "conversation_exported", "feedback_handled", "suggestions_changed",
    "audit_exported",
    "questions_changed", "run_started", "votes_changed",
]  # fmt: skip
"""What is written down. New ones are added here."""
ACTIONS: tuple[Action, ...] = get_args(Action)


@dataclass(frozen=True, slots=True)
class AuditRow:
    """A line of the log. `person` is an id, empty where nobody was signed in; `name` what they signed in with then."""

    id: int
    at: str
    person: str
    name: str
    action: Action
    subject: str
    detail: str
    address: str


@dataclass(frozen=True, slots=True)
class AuditFilter:
    """Absent means any; days are inclusive. `person` is an id or a name."""

    person: str | None = None
    action: Action | None = None
    first: date | None = None
    last: date | None = None

    def condition(self) -> tuple[str, list[str]]:
        """SQL over `audit` with its values."""
        parts: list[tuple[str, list[str]]] = [("TRUE", [])]
        if self.person:
            parts.append(("(person = ? OR name = ?)", [self.person, self.person]))
        if self.action:
            parts.append(("action = ?", [self.action]))
        if self.first:
            parts.append(("at >= ?", [self.first.isoformat()]))
        if self.last:
            parts.append(("substr(at, 1, 10) <= ?", [self.last.isoformat()]))
        return " AND ".join(part[0] for part in parts), [value for part in parts for value in part[1]]


def audit_row(row: sqlite3.Row) -> AuditRow:
    return AuditRow(**dict(row))


def audit_csv(rows: Iterable[AuditRow]) -> str:
    """With a heading. A cell that a spreadsheet would take for a formula gets an apostrophe."""
    text = io.StringIO()
    writer = csv.writer(text)
    writer.writerow([field.name for field in fields(AuditRow)])
    for row in rows:
        writer.writerow([_harmless(value) for value in astuple(row)])
    return text.getvalue()


def _harmless(value: str | int) -> str:
    text = str(value)
    return f"'{text}" if text[:1] in ("=", "+", "-", "@", "\t", "\r", "\n") else text
