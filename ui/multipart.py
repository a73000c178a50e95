"""The files of a multipart request, streamed to disk."""

from __future__ import annotations

import asyncio
import os
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from python_multipart.exceptions import FormParserError
from python_multipart.multipart import Field, File, FormParser, parse_options_header

from assistant.config import UploadSettings
from ingest.errors import ConfigError

BUFFER_BYTES = 2**20
SLACK_BYTES = 2**20
"""Of a request, beside its files: boundaries and headers of its parts."""
FIELD_BYTES = 4096


@dataclass(frozen=True, slots=True)
class SavedFile:
    """A file as the client names it, written and synced to `path`."""

    name: str
    path: Path


async def save_files(content_type: str, body: AsyncIterator[bytes], folder: Path, limits: UploadSettings) -> list[SavedFile]:
    """Writes every file of a `multipart/form-data` body into the folder, under names of its own.

    Raises ConfigError when the body is malformed, cut off or more than is allowed, OSError when it can't be written.
    """
    reader = _Reader(content_type, folder, limits)
    received = 0
    async for piece in buffered(body):
        received += len(piece)
        if received > limits.total_bytes + SLACK_BYTES:
            raise too_much(limits)
        await asyncio.to_thread(reader.read, piece)
    return reader.result()


async def buffered(pieces: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
    """The same bytes in larger pieces: each is worth a switch of threads."""
    buffer = bytearray()
    async for piece in pieces:
        buffer += piece
        if len(buffer) >= BUFFER_BYTES:
            yield bytes(buffer)
            buffer.clear()
    yield bytes(buffer)


def too_many(limits: UploadSettings) -> ConfigError:
    return ConfigError(f"These are more than {limits.files} files: upload them in several parts, or raise uploads.files.")


def too_much(limits: UploadSettings) -> ConfigError:
    most = f"{limits.total_bytes / 2**20:,.0f} MiB"
    return ConfigError(f"The files have more than {most} together: upload them in several parts, or raise uploads.total_bytes.")


class _Reader:
    """Takes the body piece by piece."""

    def __init__(self, content_type: str, folder: Path, limits: UploadSettings) -> None:
        self._folder, self._limits = folder, limits
        self._saved: list[SavedFile] = []
        self._ended = False
        kind, options = parse_options_header(content_type)
        if kind != b"multipart/form-data" or not options.get(b"boundary"):
            raise ConfigError("An upload is a multipart/form-data request with one part for each file: send it so.")
        config = {
            "UPLOAD_DIR": str(folder),
            "UPLOAD_DELETE_TMP": False,
            "MAX_MEMORY_FILE_SIZE": 0,
            "MAX_FIELD_SIZE": FIELD_BYTES,
        }
        with _sound():
            self._parser = FormParser(
                "multipart/form-data", _ignore, self._take, self._end, boundary=options[b"boundary"], config=config
            )

    def read(self, piece: bytes) -> None:
        with _sound():
            self._parser.write(piece)

    def result(self) -> list[SavedFile]:
        if not self._ended:
            raise ConfigError("The upload was cut off: send it again.")
        return self._saved

    def _end(self) -> None:
        self._ended = True

    def _take(self, file: File) -> None:
        if len(self._saved) >= self._limits.files:
            raise too_many(self._limits)
        path = self._folder / f"{len(self._saved)}.part"
        if file.actual_file_name is None:
            path.touch()
        else:
            written = file.file_object
            written.flush()
            os.fsync(written.fileno())
            Path(os.fsdecode(file.actual_file_name)).replace(path)
        file.close()
        self._saved.append(SavedFile((file.file_name or b"").decode("utf-8", "replace"), path))


@contextmanager
def _sound() -> Iterator[None]:
    try:
        yield
    except (FormParserError, AssertionError, ValueError) as error:
        raise ConfigError(f"The request is no sound multipart/form-data ({error}): send it again.") from error


def _ignore(field: Field) -> None:
    """Nothing but files is asked for."""
