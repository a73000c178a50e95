"""Errors as they travel: a MidasError becomes OpenAI's error format and, on the other side, the same MidasError."""

from __future__ import annotations

import logging
import re

from pydantic import BaseModel

from assistant.errors import CollectionIsPrivate, PromptTooLong
from eval.errors import EvaluationNotFound
from ingest.errors import (
    CollectionMismatch,
    CollectionNotFound,
    ConfigError,
    DocumentNotFound,
    MidasError,
    ModelError,
    StoreError,
    StoreLocked,
)
from ui.memory.errors import ConversationNotFound, FeedbackNotFound
from ui.people.errors import (
    AccountNotFound,
    GroupNotFound,
    KeyNotFound,
    LastAdmin,
    LinkExpired,
    NameTaken,
    SignedOut,
    SignInFailed,
    TooMany,
    WrongPassword,
)
from ui.person import NotAllowed


class Unexpected(MidasError):
    """A mistake of the program; its traceback is on standard error."""

    def __init__(self) -> None:
        super().__init__("Midas failed unexpectedly; the terminal of `midas serve` has the details: try again.")


_log = logging.getLogger("midas")
_TRAVELLERS: tuple[type[MidasError], ...] = (
    ConfigError, StoreError, StoreLocked, CollectionNotFound, DocumentNotFound, CollectionMismatch, ModelError, NotAllowed,
)  # fmt: skip
_WRONG_USE = ("invalid_request", "model_not_found")
"""Codes of the API for what is a ConfigError without a server."""
_STATUS: dict[type[MidasError], int] = {
    AccountNotFound: 404,
    GroupNotFound: 404,
    KeyNotFound: 404,
    NameTaken: 409,
    LastAdmin: 409,
    LinkExpired: 410,
    WrongPassword: 403,
    SignedOut: 401,
    SignInFailed: 403,
    TooMany: 429,
    ConfigError: 400,
    PromptTooLong: 400,
    CollectionIsPrivate: 403,
    Unexpected: 500,
    CollectionNotFound: 404,
    DocumentNotFound: 404,
    EvaluationNotFound: 404,
    ConversationNotFound: 404,
    FeedbackNotFound: 404,
    CollectionMismatch: 409,
    NotAllowed: 403,
}


class ErrorDetail(BaseModel):
    """OpenAI's error object. `code` is a stable name, `param` the request's field that is wrong."""

    message: str
    type: str
    param: str | None = None
    code: str | None = None


class ErrorBody(BaseModel):
    error: ErrorDetail


def told(error: Exception) -> MidasError:
    """What a person is told of an error; one that was not expected is logged with its traceback."""
    if isinstance(error, MidasError):
        return error
    _log.error("Unexpected error", exc_info=error)
    return Unexpected()


def status_of(error: MidasError) -> int:
    """HTTP status: 4xx when the caller can mend it, 500 for a mistake of the program, else 503."""
    return next((status for kind, status in _STATUS.items() if isinstance(error, kind)), 503)


def code_of(error: MidasError) -> str:
    """`CollectionNotFound` -> `collection_not_found`."""
    return _code(type(error))


def body_of(error: MidasError) -> ErrorBody:
    kind = "invalid_request_error" if status_of(error) < 500 else "server_error"
    return ErrorBody(error=ErrorDetail(message=error.message, type=kind, code=code_of(error)))


def from_code(code: str | None, message: str) -> MidasError:
    """The error that the server met; a plain MidasError when its kind is unknown here."""
    if code in _WRONG_USE:
        return ConfigError(message)
    kind = next((kind for kind in _TRAVELLERS if _code(kind) == code), MidasError)
    return kind(message)


def _code(kind: type[MidasError]) -> str:
    return re.sub(r"(?<!^)(?=[A-Z])", "_", kind.__name__).lower()
