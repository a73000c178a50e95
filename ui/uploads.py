"""Uploads: files arrive one by one on the disk, are read into a collection as one job, and survive a restart of the server."""

from __future__ import annotations

import shutil
import time
from collections import Counter
from collections.abc import AsyncIterator, Iterator, Sequence
from dataclasses import dataclass, replace

from assistant.config import Settings
from ingest.catalog import now
from ingest.collection import CollectionInfo
from ingest.errors import CollectionNotFound, ConfigError, StoreError
from ingest.files import SourceFile
from ingest.home import open_home
from ingest.loaders import too_large
from ingest.progress import FileOutcome, IngestReport
from ui.jobs import Jobs, new_id
from ui.multipart import save_files, too_many, too_much
from ui.service import Cancelled, LocalService, Progress
from ui.spool import Manifest, Spool
from ui.upload_names import is_hidden, shortened, source_of, suffix_of
from ui.views import FileView, JobView

KEPT_SECONDS = 7 * 86400.0
"""How long files that came to nothing wait for somebody to try them again."""

_GONE = "collection_not_found"
_MISSING = "The file has not arrived: upload it again."


@dataclass(frozen=True, slots=True)
class Announced:
    """A file that is about to be uploaded. `name` may have folders in front, as a browser gives it for a chosen folder."""

    name: str
    size_bytes: int


class Uploads:
    """The folder `uploads` of the data directory, with a folder for each upload."""

    def __init__(self, settings: Settings, service: LocalService, jobs: Jobs) -> None:
        self._settings = settings
        self._service = service
        self._jobs = jobs
        self._folder = settings.home / "uploads"

    def open(self, collection: str, announced: Sequence[Announced], owner: str) -> JobView:
        """A job that waits for the files (`receive`), then for `begin`. Files that can't be taken have failed at once.

        Raises CollectionNotFound, ConfigError when the whole is too much, StoreError when the disk is full.
        """
        view = self._announce(new_id(), self._service.store().collection(collection), announced, owner)
        self._write(view, begun=False)
        return self._jobs.show(view)

    async def receive(self, job_id: str, number: int, pieces: AsyncIterator[bytes]) -> JobView:
        """Takes the bytes of one file. Raises CollectionNotFound, ConfigError when the job doesn't wait for it, or they are not
        those announced."""
        file = next((file for file in self._receiving(job_id).files if file.number == number), None)
        if file is None or file.state != "waiting":
            raise ConfigError(f"This upload waits for no file with the number {number}: look at the files of the job.")
        try:
            await self._spool(job_id).receive(file, pieces)
        except OSError as error:
            self._receiving(job_id)
            raise self._unwritten(error) from error
        return self._jobs.arrived(job_id, number)

    async def take(self, collection: str, content_type: str, body: AsyncIterator[bytes], owner: str) -> JobView:
        """A whole upload in one multipart request; it is read once all of it has arrived. Raises as `open`."""
        into, job_id = self._service.store().collection(collection), new_id()
        spool = self._spool(job_id)
        try:
            spool.make_folder()
            saved = await save_files(content_type, body, spool.folder, self._settings.uploads)
            announced = [Announced(file.name, file.path.stat().st_size) for file in saved]
            view = self._announce(job_id, into, announced, owner)
            files = tuple(replace(file, received=file.state == "waiting") for file in view.files)
            for file in files:
                if file.received:
                    spool.take(saved[file.number - 1].path, file.number)
            spool.keep_only(files)
            return self._begin(replace(view, files=files))
        except OSError as error:
            spool.delete()
            raise self._unwritten(error) from error
        except BaseException:
            spool.delete()
            raise

    def begin(self, job_id: str) -> JobView:
        """Reads what has arrived into the collection; a file that has not arrived has failed. Raises CollectionNotFound."""
        view = self._receiving(job_id)
        return self._begin(replace(view, files=tuple(map(_missing, view.files))))

    def retry(self, job_id: str) -> JobView:
        """Reads once more what failed and is still here. Raises ConfigError when there is nothing, CollectionNotFound."""
        view = self._jobs.get(job_id)
        if not view.retryable:
            raise ConfigError("Nothing of this job can be tried again: upload the files anew.")
        self._end_if_gone(view)
        again = (replace(file, state="waiting", reason=None, message=None) if _is_here(file) else file for file in view.files)
        return self._begin(replace(view, files=tuple(again), report=None, progress=None, error=None, error_code=None))

    def cancel(self, job_id: str) -> JobView:
        """Ends an upload, wherever it is; documents that are in the collection already stay. What is finished is forgotten."""
        view = self._jobs.get(job_id)
        if view.state in ("queued", "running"):
            return self._jobs.cancel(job_id)
        self._spool(job_id).delete()
        if view.finished:
            self._jobs.forget(job_id)
            return view
        return self._jobs.show(replace(view, state="cancelled"))

    def resume(self) -> None:
        """Takes up what a stop or a crash of the server interrupted."""
        for folder in sorted(self._folder.glob("*")):
            spool = Spool(folder)
            manifest = spool.read()
            if manifest and manifest.begun and any(file.state == "waiting" and file.received for file in manifest.view.files):
                self._queue(replace(manifest.view, error=None, error_code=None))
            elif manifest is None or folder.stat().st_mtime < time.time() - KEPT_SECONDS:
                spool.delete()
            else:
                self._jobs.show(replace(manifest.view, state="done") if manifest.begun else manifest.view)

    # Announcing

    def _announce(self, job_id: str, into: CollectionInfo, announced: Sequence[Announced], owner: str) -> JobView:
        limits = self._settings.uploads
        if len(announced) > limits.files:
            raise too_many(limits)
        if (total := sum(file.size_bytes for file in announced)) > limits.total_bytes:
            raise too_much(limits)
        open_home(self._settings.home)
        if total > (free := shutil.disk_usage(self._settings.home).free):
            raise StoreError(f"The disk has room for {free / 2**20:,.0f} MiB only: free some space, or upload fewer files.")
        files = tuple(self._files(announced))
        if not files:
            raise ConfigError("There are no files to upload; hidden and temporary ones are left out: choose others.")
        return JobView(
            job_id, "upload", into.name, "receiving", owner=owner, started_at=now(), files=files, collection_id=into.id
        )

    def _files(self, announced: Sequence[Announced]) -> Iterator[FileView]:
        """Numbered from 1, without hidden files; those that can't be taken have failed."""
        taken: Counter[str] = Counter()
        for number, file in enumerate(announced, 1):
            try:
                source = source_of(file.name)
            except ConfigError as error:
                shown = shortened(file.name).strip("'\"")
                yield FileView(number, shown, file.size_bytes, "failed", "bad_name", error.message, received=False)
                continue
            if not is_hidden(source):
                taken[source] += 1
                yield self._checked(FileView(number, source, file.size_bytes, received=False), taken[source] > 1)

    def _checked(self, file: FileView, twice: bool) -> FileView:
        limits, types = self._settings.ingest, self._settings.uploads.types
        if twice:
            return _refused(file, "same_name", f"Another file of this upload is called {file.source} too: rename one of them.")
        if suffix_of(file.source) not in types:
            return _refused(file, "type", f"Files of this type are not taken, only {', '.join(types)}: save it as one of them.")
        if file.size_bytes > limits.file_bytes:
            return _refused(file, "too_large", too_large(file.size_bytes, limits).message)
        return file

    # Working

    def _begin(self, view: JobView) -> JobView:
        self._write(replace(view, state="queued"), begun=True)
        return self._queue(view)

    def _queue(self, view: JobView) -> JobView:
        spool = self._spool(view.id)

        def settle(outcome: FileOutcome) -> None:
            spool.note(outcome)
            self._jobs.settle(view.id, outcome)

        def work(progress: Progress, cancelled: Cancelled) -> IngestReport:
            into = self._collection(view)
            files = [
                SourceFile(file.source, spool.path(file.number), on_disk=False)
                for file in view.files
                if file.state == "waiting" and file.received
            ]
            return self._service.load(files, into.id, progress=progress, cancelled=cancelled, settled=settle, by=view.owner)

        return self._jobs.run(view, work, self._ended)

    def _ended(self, view: JobView) -> None:
        """Keeps only what can be tried again."""
        spool = self._spool(view.id)
        left = [file for file in view.files if file.state in ("waiting", "reading", "failed") and file.received]
        if view.state == "cancelled" or view.error_code == _GONE or not left:
            spool.delete()
        else:
            files = tuple(replace(file, state="waiting") if file.state == "reading" else file for file in view.files)
            self._write(replace(view, files=files, progress=None, report=None), begun=True)
            spool.keep_only(left)
        if view.error_code == _GONE:
            self._service.store().sweep_originals()

    def _collection(self, view: JobView) -> CollectionInfo:
        """Raises CollectionNotFound when the collection is gone, whatever has its name now: others may read that one."""
        return self._service.store().collection(view.collection if view.collection_id is None else view.collection_id)

    def _end_if_gone(self, view: JobView) -> None:
        """An upload whose collection is gone ends. Raises CollectionNotFound."""
        try:
            self._collection(view)
        except CollectionNotFound as error:
            self._spool(view.id).delete()
            files = tuple(replace(file, received=False) for file in view.files)
            self._jobs.show(replace(view, state="failed", error=error.message, error_code=_GONE, files=files))
            raise

    def _receiving(self, job_id: str) -> JobView:
        view = self._jobs.get(job_id)
        if view.state != "receiving":
            raise ConfigError("This upload takes no more files, it has begun or was cancelled: start another one.")
        self._end_if_gone(view)
        return view

    def _write(self, view: JobView, *, begun: bool) -> None:
        try:
            self._spool(view.id).write(Manifest(view, begun))
        except OSError as error:
            raise self._unwritten(error) from error

    def _spool(self, job_id: str) -> Spool:
        return Spool(self._folder / job_id)

    def _unwritten(self, error: OSError) -> StoreError:
        return StoreError(f"{self._folder} can't be written ({error.strerror or error}): free disk space and upload again.")


def _refused(file: FileView, reason: str, message: str) -> FileView:
    return replace(file, state="failed", reason=reason, message=message)


def _missing(file: FileView) -> FileView:
    return file if file.received or file.state == "failed" else _refused(file, "missing", _MISSING)


def _is_here(file: FileView) -> bool:
    return file.received and file.state in ("failed", "waiting", "reading")
