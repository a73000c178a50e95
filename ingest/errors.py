"""Errors a person may see. The message is one sentence: what is wrong and what to do.

MidasError
├── ConfigError          wrong settings or wrong use of a command (exit code 2)
├── LoadError            one file can't become a document (`reason` is a stable code)
├── StoreError           the data directory or an index can't be used
│   ├── StoreLocked      another process owns the data directory
│   ├── CollectionNotFound
│   ├── DocumentNotFound
│   └── CollectionMismatch  embedder, dimension or chunking differ from the collection's
├── ModelError           a model file is missing, cut or wrong
├── MissingExtra         an optional package is not installed
└── BackendError         a back end failed (see assistant.errors)
"""

from __future__ import annotations


class MidasError(Exception):
    """Base of every expected error."""

    @property
    def message(self) -> str:
        return str(self)


class ConfigError(MidasError):
    """Wrong settings or wrong use."""


class LoadError(MidasError):
    """A file that can't be read as a document."""

    def __init__(self, reason: str, message: str) -> None:
        super().__init__(message)
        self.reason = reason

    def __reduce__(self) -> tuple[type[LoadError], tuple[str, str]]:
        return LoadError, (self.reason, str(self))


class StoreError(MidasError):
    """The data directory or an index can't be used."""


class StoreLocked(StoreError):
    """Another process owns the data directory."""


class CollectionNotFound(StoreError):
    """No collection of that name."""


class DocumentNotFound(StoreError):
    """No document of that id in the collection."""


class CollectionMismatch(StoreError):
    """The collection was built with another embedder, dimension or chunking."""


class ModelError(MidasError):
    """A model file is missing, cut or wrong."""


class MissingExtra(MidasError):
    """An optional package is not installed."""

    def __init__(self, package: str, extra: str, purpose: str) -> None:
        super().__init__(
            f"{purpose} needs the package {package}, which is not installed: run pip install 'midas-assistant[{extra}]'."
        )
