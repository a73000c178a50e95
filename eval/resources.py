"""Memory of a model server, or of this process when the model is in it: `MemoryWatch` looks at it while something else runs.

A process tree's memory is the sum of its processes' PSS (Linux: a page that n processes share counts 1/n in each) or USS
(elsewhere: pages that nobody shares). RSS would count shared pages in every process; it is used only where the operating system
tells nothing better, and `Memory.method` says so. Pages of a model file that is mapped count as soon as they were read.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from threading import Event, Thread
from types import TracebackType
from typing import Any, Literal
from urllib.parse import urlsplit

import psutil

from eval.rows import Measurement

Method = Literal["pss", "uss", "rss"]
GpuReader = Callable[[set[int]], int | None]
EVERY_SECONDS = 0.5
"""Between two looks. Each walks the page tables of the tree: a few milliseconds for a gigabyte."""


@dataclass(frozen=True, slots=True)
class Memory:
    """`idle_bytes` as the watch began, `peak_bytes` the most it saw. `gpu_*` are what NVML tells of these processes, None where
    there is no card, or where the driver does not tell which process holds what (as in most containers)."""

    idle_bytes: int
    peak_bytes: int
    method: Method
    gpu_idle_bytes: int | None = None
    gpu_peak_bytes: int | None = None


class MemoryWatch:
    """Watches processes and all their descendants while its block runs; `memory` afterwards (or meanwhile) tells.

    Begin it when the model is loaded and nothing was asked yet: that is what `idle` means. A process that ends is no error.
    """

    def __init__(self, *pids: int, every_s: float = EVERY_SECONDS) -> None:
        self._pids = pids
        self._every_s = every_s
        self._over = Event()
        self._thread = Thread(target=self._watch, name="midas-memory", daemon=True)
        self._open = ExitStack()
        self._seen: list[Memory] = []

    def __enter__(self) -> MemoryWatch:
        self._gpu = self._open.enter_context(_cards())
        self._look()
        self._thread.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self._over.set()
        self._thread.join()
        self._look()
        self._open.close()

    @property
    def memory(self) -> Memory | None:
        """None when there never was such a process."""
        return _together(self._seen)

    def _watch(self) -> None:
        while not self._over.wait(self._every_s):
            self._look()

    def _look(self) -> None:
        tree = process_tree(self._pids)
        if tree and (held := held_by(tree)):
            size, method = held
            gpu = self._gpu({process.pid for process in tree})
            self._seen.append(Memory(size, size, method, gpu, gpu))


def process_tree(pids: Sequence[int]) -> list[psutil.Process]:
    """The processes and their descendants, each once, without those that are gone."""
    found: dict[int, psutil.Process] = {}
    for pid in pids:
        try:
            top = psutil.Process(pid)
            found |= {process.pid: process for process in (top, *top.children(recursive=True))}
        except psutil.Error:
            continue
    return list(found.values())


def held_by(processes: Sequence[psutil.Process]) -> tuple[int, Method] | None:
    """Bytes of these processes together, and how they were counted; None when none of them runs any more."""
    try:
        infos = [info for process in processes if (info := _living(process.memory_full_info))]
        method: Method = "pss" if all(hasattr(info, "pss") for info in infos) else "uss"
    except psutil.AccessDenied:
        infos, method = [info for process in processes if (info := _living(process.memory_info))], "rss"
    return (sum(int(getattr(info, method)) for info in infos), method) if infos else None


def server_pid(address: str) -> int | None:
    """The process of this computer that listens at a URL; None for another computer's, and for one that belongs to somebody
    else (the operating system does not tell then)."""
    parts = urlsplit(address)
    port = parts.port or {"https": 443}.get(parts.scheme, 80)
    try:
        listening = psutil.net_connections(kind="tcp") if is_loopback(parts.hostname or "") else []
    except psutil.AccessDenied:
        return None
    return _topmost({link.pid for link in listening if _listens(link, port) and link.pid})


def measurements(backend: str, memory: Memory, at: str) -> list[Measurement]:
    """As rows of a run."""
    sizes = {
        "memory_idle": memory.idle_bytes,
        "memory_peak": memory.peak_bytes,
        "gpu_memory_idle": memory.gpu_idle_bytes,
        "gpu_memory_peak": memory.gpu_peak_bytes,
    }
    return [
        Measurement(backend, name, size, "bytes", at, "nvml" if name.startswith("gpu") else memory.method)
        for name, size in sizes.items()
        if size is not None
    ]


def _together(seen: Sequence[Memory]) -> Memory | None:
    if not seen:
        return None
    first, cards = seen[0], [look.gpu_peak_bytes for look in seen if look.gpu_peak_bytes is not None]
    worst = max((look.method for look in seen), key=("pss", "uss", "rss").index)
    peak = max(look.peak_bytes for look in seen)
    return Memory(first.idle_bytes, peak, worst, first.gpu_idle_bytes, max(cards, default=None))


def _living(tell: Callable[[], Any]) -> Any:
    """What a process tells of itself; None when it has ended."""
    try:
        return tell()
    except psutil.NoSuchProcess:
        return None


def is_loopback(host: str) -> bool:
    """Whether a host name or address is this computer's own."""
    try:
        return host == "localhost" or ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def _listens(link: Any, port: int) -> bool:
    return bool(link.status == psutil.CONN_LISTEN and link.laddr.port == port)


def _topmost(pids: set[int]) -> int | None:
    """Of processes that listen together, the one that started the others."""
    parents = {pid: {parent.pid for parent in psutil.Process(pid).parents()} for pid in pids if psutil.pid_exists(pid)}
    return next((pid for pid, above in parents.items() if not above & pids), None)


# Graphics cards


@contextmanager
def _cards() -> Iterator[GpuReader]:
    """What reads the cards' memory by process: NVIDIA's management library where it is installed and finds a driver."""
    try:
        import pynvml
    except ImportError:
        yield lambda pids: None
        return
    try:
        pynvml.nvmlInit()
    except pynvml.NVMLError:
        yield lambda pids: None
        return
    try:
        yield lambda pids: _on_cards(pynvml, pids)
    finally:
        pynvml.nvmlShutdown()


def _on_cards(pynvml: Any, pids: set[int]) -> int | None:
    try:
        cards = [pynvml.nvmlDeviceGetHandleByIndex(number) for number in range(pynvml.nvmlDeviceGetCount())]
        users = [user for card in cards for user in pynvml.nvmlDeviceGetComputeRunningProcesses(card)]
    except pynvml.NVMLError:
        return None
    sizes = [user.usedGpuMemory for user in users if user.pid in pids and user.usedGpuMemory is not None]
    return sum(sizes) if sizes else None
