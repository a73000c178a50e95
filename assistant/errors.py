"""What can go wrong with a back end, as one sentence that names it and the remedy.

BackendError
├── BackendUnreachable   nothing answers at its address, or it went away in the middle of an answer
├── BackendTimeout       no first token, or no next one, in time
├── BackendRefused       it answered with an error (wrong key, unknown model, rate limit, internal error)
└── PromptTooLong        prompt and answer don't fit the model's context window; nothing was cut
"""

from __future__ import annotations

from ingest.errors import MidasError


class BackendError(MidasError):
    """A back end failed."""


class BackendUnreachable(BackendError):
    """Nothing answers at the back end's address, or the connection broke."""


class BackendTimeout(BackendError):
    """The back end took too long."""


class BackendRefused(BackendError):
    """The back end answered with an error."""


class PromptTooLong(BackendError):
    """Prompt and answer don't fit the context window."""
