"""What somebody is told who can't mend a back end: no addresses, no logs to look at."""

from __future__ import annotations

from assistant.errors import (
    BackendBusy,
    BackendEmpty,
    BackendError,
    BackendFailed,
    BackendRefused,
    BackendTimeout,
    BackendUnavailable,
    BackendUnreachable,
)
from ui.person import Person

_SENTENCES: tuple[tuple[type[BackendError], str], ...] = (
    (
        BackendUnavailable,
        "The model failed several times and rests for a while: try again later, choose another one, or tell an admin of Midas.",
    ),
    (BackendUnreachable, "The model can't be reached: try again later, choose another one, or tell an admin of Midas."),
    (BackendTimeout, "The model takes too long: try again later, choose another one, or tell an admin of Midas."),
    (BackendEmpty, "The model sent an empty answer: try again later, choose another one, or tell an admin of Midas."),
    (BackendBusy, "The model has too much to do: try again later, choose another one, or tell an admin of Midas."),
    (BackendFailed, "The model failed: try again later, choose another one, or tell an admin of Midas."),
    (BackendRefused, "The model refused the question: ask in other words, choose another one, or tell an admin of Midas."),
)
"""From the special to the general."""


def plain(error: BackendError, person: Person) -> BackendError:
    """Of the same kind. Admins are told what the back end said, which the page of back ends also has."""
    if person.may("admin"):
        return error
    return next((kind(sentence, error.retry_after_s) for kind, sentence in _SENTENCES if isinstance(error, kind)), error)
