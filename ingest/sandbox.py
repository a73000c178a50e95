"""`ParserPool`: documents are parsed in processes of their own, with a time and memory limit per file.

A parser that hangs or crashes costs one file one clear error, never the program.
"""

from __future__ import annotations

import os
import socket
import subprocess
import sys
from concurrent.futures import Future
from dataclasses import dataclass
from multiprocessing.connection import Connection
from pathlib import Path
from queue import SimpleQueue
from threading import Lock, Thread
from typing import Any, Self, TypeVar

import ingest
from ingest.config import IngestLimits
from ingest.errors import LoadError
from ingest.parse_worker import READY, PageRequest, Reply, Request
from ingest.types import Document

T = TypeVar("T")

_MOST_WORKERS = 4
_START_SECONDS = 120.0
_STOP_SECONDS = 5.0
_PROGRAM = "from ingest.parse_worker import main; main()"


@dataclass(frozen=True, slots=True)
class _Task:
    request: Request | PageRequest
    future: Future[Any]


class ParserPool:
    """Loads files in worker processes. Each thread of the pool owns one process and replaces it when it dies."""

    def __init__(self, limits: IngestLimits) -> None:
        self._limits = limits
        self._tasks: SimpleQueue[_Task | None] = SimpleQueue()
        self._workers: set[_Worker] = set()
        self._lock = Lock()
        self._closed = False
        count = limits.workers or min(os.cpu_count() or 1, _MOST_WORKERS)
        self._threads = [Thread(target=self._serve, name=f"parser-{index}", daemon=True) for index in range(count)]
        for thread in self._threads:
            thread.start()

    def submit(self, path: Path, source: str) -> Future[Document]:
        """A future of the document, or of a LoadError. Raises RuntimeError when the pool is closed."""
        return self._put(Request(path, source), Future())

    def draw(self, request: PageRequest) -> Future[bytes]:
        """A future of the page as PNG, or of a LoadError. Raises RuntimeError when the pool is closed."""
        return self._put(request, Future())

    def _put(self, request: Request | PageRequest, future: Future[T]) -> Future[T]:
        if self._closed:
            raise RuntimeError("the parser pool is closed")
        self._tasks.put(_Task(request, future))
        return future

    def close(self) -> None:
        """Ends all processes at once; files that wait are cancelled, one being read fails with reason `cancelled`."""
        with self._lock:
            self._closed = True
            workers = list(self._workers)
        for worker in workers:
            worker.kill()
        for _ in self._threads:
            self._tasks.put(None)
        for thread in self._threads:
            thread.join()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _serve(self) -> None:
        """A thread's life. Its process is started from this very thread: Linux ends it when the thread ends."""
        worker: _Worker | None = None
        while task := self._tasks.get():
            if self._closed or not task.future.set_running_or_notify_cancel():
                task.future.cancel()
                continue
            try:
                worker = worker or self._start()
                worker = self._answer(worker, task)
            except Exception as error:  # a worker that can't even start must not leave the caller waiting
                task.future.set_exception(error)
        if worker:
            self._forget(worker)

    def _answer(self, worker: _Worker, task: _Task) -> _Worker | None:
        """Settles the task; returns the worker if it can take another one."""
        reply = worker.ask(task.request, self._limits.parse_seconds)
        if reply.retiring:
            self._forget(worker)
        if isinstance(reply.result, LoadError):
            task.future.set_exception(self._cancelled() if self._closed else reply.result)
        else:
            task.future.set_result(reply.result)
        return None if reply.retiring else worker

    def _start(self) -> _Worker:
        with self._lock:
            if self._closed:
                raise self._cancelled()
            worker = _Worker(self._limits)
            self._workers.add(worker)
            return worker

    def _forget(self, worker: _Worker) -> None:
        worker.stop()
        with self._lock:
            self._workers.discard(worker)

    @staticmethod
    def _cancelled() -> LoadError:
        return LoadError("cancelled", "Reading was stopped before the file was done: load it again.")


class _Worker:
    """One parsing process and the pipe to it."""

    def __init__(self, limits: IngestLimits) -> None:
        self._limits = limits
        ours, theirs = socket.socketpair()
        with theirs:
            self._process = subprocess.Popen(
                [sys.executable, "-c", _PROGRAM, str(theirs.fileno()), str(os.getpid())],
                env=os.environ | {"PYTHONPATH": _import_path()},
                pass_fds=[theirs.fileno()],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
            )
        self._pipe = Connection(ours.detach())
        self._ready = False

    def ask(self, request: Request | PageRequest, seconds: float) -> Reply:
        """Never raises for what the file does to the process."""
        try:
            self._await_start()
            self._pipe.send(request)
            if self._pipe.poll(seconds):
                reply: Reply = self._pipe.recv()
                return reply
        except (EOFError, OSError):
            return Reply(self._crash(), retiring=True)
        self.kill()
        message = f"The file took longer than {seconds:g} seconds to read: split it, or raise ingest.parse_seconds."
        return Reply(LoadError("timeout", message), retiring=True)

    def _await_start(self) -> None:
        """The file's time begins when the process is up. Raises EOFError when it never is."""
        if self._ready:
            return
        self._pipe.send(self._limits)
        if not self._pipe.poll(_START_SECONDS):
            self.kill()
        self._ready = self._pipe.recv() == READY

    def kill(self) -> None:
        self._process.kill()

    def stop(self) -> None:
        """Closes the pipe, which ends the process; kills it if that does not help."""
        self._pipe.close()
        try:
            self._process.wait(_STOP_SECONDS)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()

    def _crash(self) -> LoadError:
        code = self._process.wait()
        message = f"The file crashed its parser (exit code {code}): open it in its own program, save it and load it again."
        return LoadError("crashed", message)


def _import_path() -> str:
    """Where the process finds this package, however the parent found it."""
    root = str(Path(ingest.__path__[0]).resolve().parent)
    return os.pathsep.join(filter(None, [root, os.environ.get("PYTHONPATH")]))
