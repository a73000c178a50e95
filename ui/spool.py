"""The folder of one upload: its files as they arrive, and what has become of them. It outlives the server."""

from __future__ import annotations

import asyncio
import os
import shutil
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path
from secrets import token_hex

from pydantic import TypeAdapter, ValidationError

from ingest.errors import ConfigError
from ingest.originals import sync_folder
from ingest.progress import FileOutcome
from ui.jobs import settled
from ui.multipart import buffered
from ui.views import FileView, JobView

_MANIFEST = "manifest.json"
_OUTCOMES = "outcomes.jsonl"
_UNSETTLED = ("waiting", "reading")


@dataclass(frozen=True, slots=True)
class Manifest:
    """`begun`: all files that will come have come."""

    view: JobView
    begun: bool


_AS_MANIFEST = TypeAdapter(Manifest)
_AS_OUTCOME = TypeAdapter(FileOutcome)


class Spool:
    """One upload on the disk. A file is there when it is there as a whole: it is renamed once it is written and synced."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def make_folder(self) -> None:
        """Nobody else on this machine may look into it."""
        self.folder.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        self.folder.mkdir(exist_ok=True)

    def write(self, manifest: Manifest) -> None:
        """At once or not at all; what was noted of the files before is in it."""
        self.make_folder()
        beside = self.folder / f"{_MANIFEST}.part"
        with beside.open("wb") as file:
            file.write(_AS_MANIFEST.dump_json(manifest))
            file.flush()
            os.fsync(file.fileno())
        beside.replace(self.folder / _MANIFEST)
        (self.folder / _OUTCOMES).unlink(missing_ok=True)
        sync_folder(self.folder)

    def read(self) -> Manifest | None:
        """With what has become of the files so far; None when the upload never got as far as a manifest."""
        try:
            manifest = _AS_MANIFEST.validate_json((self.folder / _MANIFEST).read_bytes())
        except (OSError, ValidationError):
            return None
        files = tuple(replace(file, received=self.path(file.number).is_file()) for file in manifest.view.files)
        for outcome in self._outcomes():
            files = settled(files, outcome)
        return replace(manifest, view=replace(manifest.view, files=files))

    def note(self, outcome: FileOutcome) -> None:
        """Remembers what has become of a file. If a crash cuts the line off, the file is read once more and found unchanged."""
        if outcome.state not in _UNSETTLED:
            with (self.folder / _OUTCOMES).open("ab") as file:
                file.write(_AS_OUTCOME.dump_json(outcome) + b"\n")

    def path(self, number: int) -> Path:
        return self.folder / str(number)

    async def receive(self, file: FileView, pieces: AsyncIterator[bytes]) -> None:
        """Writes a file's bytes. Raises ConfigError when there are more or fewer than were announced, OSError."""
        beside = self.folder / f"{file.number}.{token_hex(4)}.part"
        try:
            with beside.open("xb") as target:
                async for buffer in buffered(pieces):
                    if target.tell() + len(buffer) > file.size_bytes:
                        raise _otherwise(file)
                    await asyncio.to_thread(target.write, buffer)
                if target.tell() != file.size_bytes:
                    raise _otherwise(file)
                target.flush()
                await asyncio.to_thread(os.fsync, target.fileno())
            self.take(beside, file.number)
        finally:
            beside.unlink(missing_ok=True)

    def take(self, written: Path, number: int) -> None:
        """Makes a written and synced file the upload's."""
        written.replace(self.path(number))
        sync_folder(self.folder)

    def keep_only(self, files: Sequence[FileView]) -> None:
        """Deletes the bytes of the other files."""
        wanted = {str(file.number) for file in files}
        for path in self.folder.iterdir():
            if path.suffix not in (".json", ".jsonl") and path.name not in wanted:
                path.unlink(missing_ok=True)

    def delete(self) -> None:
        """The manifest goes first: what a crash leaves then is no upload any more."""
        with suppress(OSError):
            (self.folder / _MANIFEST).unlink(missing_ok=True)
        shutil.rmtree(self.folder, ignore_errors=True)

    def _outcomes(self) -> Iterator[FileOutcome]:
        with suppress(OSError):
            for line in (self.folder / _OUTCOMES).read_bytes().splitlines():
                with suppress(ValidationError):
                    yield _AS_OUTCOME.validate_json(line)


def _otherwise(file: FileView) -> ConfigError:
    return ConfigError(f"{file.source} did not arrive with the {file.size_bytes} bytes that were announced: send it again.")
