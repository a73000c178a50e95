"""What can go wrong with a back end, as one sentence that names it and the remedy.

BackendError
├── BackendUnreachable   nothing answers at its address, or it went away in the middle of an answer
├── BackendTimeout       no first token, or no next one, in time
├── BackendRefused       it answered with an error (wrong key, unknown model, wrong request)
│   ├── BackendBusy      it has too much to do, or this key asked too often (429, 503)
│   └── BackendFailed    the fault is its own (500, an error or garbage in the middle of an answer)
├── BackendEmpty         it answered, with no text
├── BackendUnavailable   it failed several times and is left alone for a while; nothing was sent
├── CollectionIsPrivate  it is in the cloud and was to answer from a private collection; nothing was sent
└── PromptTooLong        prompt and answer don't fit the model's context window; nothing was cut silently
"""

from __future__ import annotations

from ingest.errors import MidasError


class BackendError(MidasError):
    """A back end failed.

    `retry_after_s` tells that it did no work for this request, and after how many seconds the request may be sent again;
    None means that sending it again is not safe or makes no sense.
    """

    def __init__(self, message: str, retry_after_s: float | None = None) -> None:
        super().__init__(message)
        self.retry_after_s = retry_after_s


class BackendUnreachable(BackendError):
    """Nothing answers at the back end's address, or the connection broke."""


class BackendTimeout(BackendError):
    """The back end took too long."""


class BackendRefused(BackendError):
    """The back end answered with an error."""


class BackendBusy(BackendRefused):
    """The back end has too much to do, or was asked too often."""


class BackendFailed(BackendRefused):
    """The back end failed by its own fault."""


class BackendEmpty(BackendError):
    """The back end answered with no text."""


class BackendUnavailable(BackendError):
    """The back end failed several times and is left alone for a while."""


class CollectionIsPrivate(BackendError):
    """A back end in the cloud was to answer from a private collection."""

    def __init__(self, collection: str, backend: str) -> None:
        super().__init__(
            f"Collection {collection} is private and back end {backend!r} is in the cloud: "
            "choose a local back end, or other collections."
        )
        self.collection = collection
        self.backend = backend


class PromptTooLong(BackendError):
    """Prompt and answer don't fit the context window."""
