"""The history of a document as it is shown: what happened, which version is served, which files can still be had."""

from __future__ import annotations

import re
from collections.abc import Callable
from contextlib import suppress
from pathlib import PurePosixPath
from typing import TYPE_CHECKING

from ingest.catalog import DocumentRow
from ingest.errors import DocumentNotFound
from ingest.history import VersionRow
from ingest.types import document_id
from ui.document_views import Original, VersionView

if TYPE_CHECKING:
    from ingest.store import Store

_DOCUMENT_ID = re.compile(r"[0-9a-f]{20}")


def versions(store: Store, collection: str, document: str, name: Callable[[str], str]) -> list[VersionView]:
    """What happened to a document, newest first; by its source, or by its id. `name` tells how a person with an id is called.

    Raises DocumentNotFound, CollectionNotFound.
    """
    key = id_of(document)
    rows, row = store.history(collection, key), _existing(store, collection, key)
    served = next((seen for seen in rows if seen.event == "published"), None) if row and row.served else None
    return [_view(store, seen, name(seen.by), exists=row is not None, served=seen is served) for seen in rows]


def version_original(store: Store, collection: str, document: str, version: int) -> Original:
    """The file of a version of an upload. Raises DocumentNotFound, CollectionNotFound."""
    key = id_of(document)
    for seen in store.history(collection, key) if _existing(store, collection, key) else ():
        path = store.originals.path(seen.sha256) if seen.uploaded and seen.version == version else None
        if path:
            return Original(path, PurePosixPath(seen.source).name, "application/octet-stream")
    raise DocumentNotFound(f"There is no file of version {version} of this document: look at its history.")


def id_of(document: str) -> str:
    """Of an id or a source, be the document deleted."""
    return document if _DOCUMENT_ID.fullmatch(document) else document_id(document)


def _existing(store: Store, collection: str, key: str) -> DocumentRow | None:
    with suppress(DocumentNotFound):
        return store.document(collection, key)
    return None


def _view(store: Store, seen: VersionRow, by: str, *, exists: bool, served: bool) -> VersionView:
    return VersionView(
        number=seen.version, event=seen.event, at=seen.at, by=by, source=seen.source, title=seen.title, sha256=seen.sha256,
        reason=seen.reason, message=seen.message, pages=seen.pages, chunks=seen.chunks, served=served,
        original=exists and seen.uploaded and store.originals.path(seen.sha256) is not None,
    )  # fmt: skip
