"""Memory of real processes, and who listens at an address."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from types import SimpleNamespace

import psutil
import pytest

from eval.resources import Memory, MemoryWatch, measurements, process_tree, server_pid

MEGABYTES = 64
GREEDY = f"""
import sys
sys.stdin.readline()
held = bytearray(b"x" * {MEGABYTES << 20})
print("ready", flush=True)
sys.stdin.readline()
"""
PARENT = f"""
import subprocess, sys
child = subprocess.Popen([sys.executable, "-c", {GREEDY!r}], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
print("started", flush=True)
sys.stdin.readline()
child.stdin.write("\\n")
child.stdin.flush()
print(child.stdout.readline(), flush=True)
sys.stdin.readline()
"""
LISTENER = """
import socket, sys
listener = socket.create_server(("127.0.0.1", 0))
print(listener.getsockname()[1], flush=True)
sys.stdin.readline()
"""


@contextmanager
def child(program: str) -> Iterator[subprocess.Popen[str]]:
    """A process that runs until the end of the block."""
    with subprocess.Popen([sys.executable, "-c", program], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        try:
            yield process
        finally:
            for descendant in psutil.Process(process.pid).children(recursive=True):
                descendant.kill()
            process.kill()


def line(process: subprocess.Popen[str]) -> str:
    assert process.stdout
    return process.stdout.readline().strip()


def go_on(process: subprocess.Popen[str]) -> None:
    assert process.stdin
    process.stdin.write("\n")
    process.stdin.flush()


def test_the_peak_counts_what_a_child_of_the_server_holds() -> None:
    with child(PARENT) as process:
        line(process)
        with MemoryWatch(process.pid) as watch:
            go_on(process)
            assert line(process) == "ready"
        memory = watch.memory
    assert memory and memory.method in ("pss", "uss")
    assert memory.peak_bytes - memory.idle_bytes > 0.9 * (MEGABYTES << 20)
    assert memory.gpu_peak_bytes is None


def test_a_process_and_its_ancestor_are_counted_once() -> None:
    with child(PARENT) as process:
        line(process)
        tree = process_tree([process.pid])
        assert len(tree) == 2
        assert len(process_tree([each.pid for each in tree])) == 2


def test_a_process_that_is_gone_has_no_memory() -> None:
    with child(LISTENER) as process:
        line(process)
    with MemoryWatch(process.pid) as watch:
        pass
    assert watch.memory is None


def test_no_process_has_no_memory() -> None:
    with MemoryWatch() as watch:
        pass
    assert watch.memory is None


def test_who_listens() -> None:
    with child(LISTENER) as process:
        port = line(process)
        assert server_pid(f"http://127.0.0.1:{port}/v1") == process.pid
        assert server_pid(f"http://localhost:{port}") == process.pid
        assert server_pid(f"http://192.0.2.1:{port}/v1") is None, "another computer's"
    assert server_pid(f"http://127.0.0.1:{port}/v1") is None


class FakeNvml:
    """NVIDIA's library with two cards, which this process and another one use."""

    NVMLError = type("NVMLError", (Exception,), {})

    def __init__(self, *, driver: bool = True, tells: bool = True) -> None:
        self.driver = driver
        self.open = 0
        mine = SimpleNamespace(pid=os.getpid(), usedGpuMemory=3000 if tells else None)
        self._users = [[mine, SimpleNamespace(pid=1, usedGpuMemory=7)], [SimpleNamespace(pid=os.getpid(), usedGpuMemory=500)]]
        if not tells:
            self._users[1].clear()

    def nvmlInit(self) -> None:
        if not self.driver:
            raise self.NVMLError
        self.open += 1

    def nvmlShutdown(self) -> None:
        self.open -= 1

    def nvmlDeviceGetCount(self) -> int:
        return len(self._users)

    def nvmlDeviceGetHandleByIndex(self, number: int) -> int:
        return number

    def nvmlDeviceGetComputeRunningProcesses(self, card: int) -> list[SimpleNamespace]:
        return self._users[card]


@pytest.mark.parametrize(
    ("library", "held"), [(FakeNvml(), 3500), (FakeNvml(driver=False), None), (FakeNvml(tells=False), None), (None, None)]
)
def test_the_cards_memory(library: FakeNvml | None, held: int | None, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "pynvml", library)
    with MemoryWatch(os.getpid()) as watch:
        pass
    assert watch.memory
    assert (watch.memory.gpu_idle_bytes, watch.memory.gpu_peak_bytes) == (held, held)
    assert library is None or library.open == 0


def test_as_rows_of_a_run() -> None:
    rows = measurements("b", Memory(1, 2, "uss", None, 4), "now")
    assert [(row.metric, row.value, row.unit, row.note) for row in rows] == [
        ("memory_idle", 1, "bytes", "uss"),
        ("memory_peak", 2, "bytes", "uss"),
        ("gpu_memory_peak", 4, "bytes", "nvml"),
    ]
