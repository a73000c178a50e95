"""The program of one parsing process: reads requests from a pipe, answers with a `Document`, the picture of a page, or a
`LoadError`.

Started by `ingest.sandbox`, which gives it the pipe's descriptor and its own process id. It imports parsers only when a file
needs them, ignores Ctrl-C (its parent decides) and dies with its parent.
"""

from __future__ import annotations

import ctypes
import os
import resource
import signal
import sys
from dataclasses import dataclass
from multiprocessing.connection import Connection
from pathlib import Path

from ingest.config import IngestLimits
from ingest.errors import LoadError
from ingest.loaders import load_file, out_of_memory
from ingest.types import Document

READY = "ready"
_DIE_WITH_PARENT = 1  # PR_SET_PDEATHSIG of <sys/prctl.h>
_RETIRING_SHARE = 0.25


@dataclass(frozen=True, slots=True)
class Request:
    path: Path
    source: str


@dataclass(frozen=True, slots=True)
class PageRequest:
    """A page (from 1) of the PDF with this SHA-256, to be drawn with these quotes marked."""

    path: Path
    sha256: str
    page: int
    quotes: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Reply:
    """`retiring`: the process has grown and ends now, as the next file must not find its memory used up."""

    result: Document | bytes | LoadError
    retiring: bool


def main() -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    _die_with(int(sys.argv[2]))
    with Connection(int(sys.argv[1])) as pipe:
        limits: IngestLimits = pipe.recv()
        baseline = _address_space_bytes()
        _limit_memory(baseline, limits)
        pipe.send(READY)
        retiring = False
        while not retiring and (request := _next(pipe)):
            result = _answer(request, limits)
            retiring = _grown(baseline, limits) or getattr(result, "reason", "") == "out_of_memory"
            pipe.send(Reply(result, retiring))


def _next(pipe: Connection) -> Request | PageRequest | None:
    """None when the parent has closed its end or is gone."""
    try:
        request: Request | PageRequest = pipe.recv()
        return request
    except (EOFError, ConnectionError):
        return None


def _answer(request: Request | PageRequest, limits: IngestLimits) -> Document | bytes | LoadError:
    try:
        return _draw(request) if isinstance(request, PageRequest) else load_file(request.path, request.source, limits)
    except LoadError as error:
        return LoadError(error.reason, error.message)
    except MemoryError:
        return out_of_memory()


def _draw(request: PageRequest) -> bytes:
    from ingest.page_image import draw_page

    try:
        return draw_page(request.path, request.sha256, request.page, request.quotes)
    except (LoadError, MemoryError):
        raise
    except Exception as error:  # PDFium raises all kinds of errors on damaged pages
        raise LoadError("undrawable", "This page can't be drawn: open the original file instead.") from error


def _die_with(parent: int) -> None:
    """Linux ends this process when the parent does; elsewhere the closed pipe ends it after the current file."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_DIE_WITH_PARENT, signal.SIGKILL)
    if os.getppid() != parent:
        sys.exit()


def _limit_memory(baseline: int, limits: IngestLimits) -> None:
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    if sys.platform == "linux":
        most = baseline + limits.parse_memory_bytes
        resource.setrlimit(resource.RLIMIT_AS, (most, most))


def _grown(baseline: int, limits: IngestLimits) -> bool:
    return _address_space_bytes() - baseline > _RETIRING_SHARE * limits.parse_memory_bytes


def _address_space_bytes() -> int:
    """0 where the system does not tell."""
    try:
        return int(Path("/proc/self/statm").read_text().split()[0]) * resource.getpagesize()
    except OSError:
        return 0
