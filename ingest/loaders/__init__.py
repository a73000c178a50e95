"""One file per format: bytes -> `Document`. The content decides which, see `detect`."""

from __future__ import annotations

import hashlib
import importlib
import os
import stat
from pathlib import Path

from ingest.config import IngestLimits
from ingest.errors import LoadError
from ingest.loaders.detect import MEDIA_TYPES, Detected, detect
from ingest.loaders.draft import Draft
from ingest.types import Document, title_from

_BINARY = frozenset({"pdf", "docx", "pptx", "xlsx", "eml"})


def load_bytes(data: bytes, source: str, limits: IngestLimits, *, nested: bool = False) -> Document:
    """The document in the bytes. `nested` marks an attachment, whose own attachments are only named.

    Raises LoadError, whose reason is one of: too_large, empty, no_text, encrypted, corrupt, unsupported, too_much_text,
    zip_bomb, too_deep, out_of_memory.
    """
    if len(data) > limits.file_bytes:
        raise too_large(len(data), limits)
    draft = Draft(limits, nested)
    try:
        detected = detect(data, source, limits.expanded_bytes)
        _read(detected, data, draft)
        return _document(detected, data, source, draft)
    except LoadError:
        raise
    except MemoryError as error:
        raise LoadError(
            "out_of_memory", "The file needs too much memory: split it, or raise ingest.parse_memory_bytes."
        ) from error
    except RecursionError as error:
        raise LoadError("too_deep", "The file is nested too deeply to be read: simplify it and load it again.") from error
    except Exception as error:  # parsers raise all kinds of errors on damaged files
        raise _corrupt(error) from error


def load_file(path: Path, source: str, limits: IngestLimits) -> Document:
    """`load_bytes` of a regular file. Raises LoadError, also with the reasons unreadable and not_a_file."""
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK)
    except OSError as error:
        message = f"The file can't be opened ({error.strerror}): check that it is there and who may read it."
        raise LoadError("unreadable", message) from error
    try:
        return load_bytes(_read_all(descriptor, limits), source, limits)
    finally:
        os.close(descriptor)


def _read_all(descriptor: int, limits: IngestLimits) -> bytes:
    info = os.fstat(descriptor)
    if not stat.S_ISREG(info.st_mode):
        raise LoadError("not_a_file", "This is no regular file (a folder, pipe or device): copy its content to a file.")
    if info.st_size > limits.file_bytes:
        raise too_large(info.st_size, limits)
    with os.fdopen(descriptor, "rb", closefd=False) as file:
        return file.read(info.st_size + 1)


def out_of_memory() -> LoadError:
    return LoadError("out_of_memory", "The file needs too much memory: split it, or raise ingest.parse_memory_bytes.")


def too_large(size: int, limits: IngestLimits) -> LoadError:
    sizes = f"{size / 2**20:,.0f} MiB, more than {limits.file_bytes / 2**20:,.0f} MiB"
    return LoadError("too_large", f"The file has {sizes}: split it, or raise ingest.file_bytes.")


def _read(detected: Detected, data: bytes, draft: Draft) -> None:
    loader = importlib.import_module(f"ingest.loaders.{detected.format}")
    draft.refuse_text(len(detected.text))
    loader.load(data if detected.format in _BINARY else detected.text, draft)


def _corrupt(error: Exception) -> LoadError:
    why = " ".join(f"{type(error).__name__}: {error}".split())[:120].rstrip(" .:")
    return LoadError("corrupt", f"The file is damaged ({why}): open it in its own program, save it and load it again.")


def _document(detected: Detected, data: bytes, source: str, draft: Draft) -> Document:
    blocks = draft.finish()
    if not blocks:
        raise LoadError("no_text", "The file has no text that can be read: check its content.")
    headings = (block.text for block in blocks if block.kind == "heading" and not block.headings)
    return Document(
        source=source,
        sha256=hashlib.sha256(data).hexdigest(),
        media_type=MEDIA_TYPES[detected.format],
        title=draft.title or next(headings, "") or title_from(source),
        blocks=blocks,
        page_unit=draft.page_unit,
        date=draft.date,
        warnings=tuple(draft.warnings),
    )
