"""The command line in processes that are forked from one that has imported everything: many can be started, and killed.

To a test they are what `subprocess.Popen` starts, except that an import that fails, or that something else made first, shows
in another test: a few tests start `python -m ui.cli` itself.
"""

from __future__ import annotations

import multiprocessing
import os
import signal
import subprocess
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from multiprocessing.reduction import DupFd
from typing import Any

from ui.cli import main

FORKING = multiprocessing.get_context("forkserver")
FORKING.set_forkserver_preload(["tests.forked", "tests.fake_servers.process"])
"""For all tests: Python keeps one server to fork from in a process, and the last list of what it imports first."""


class Forked:
    """`midas WORDS`, or `work` with them as its arguments, over these files. Methods as `subprocess.Popen`'s."""

    def __init__(
        self,
        words: Sequence[str],
        environment: Mapping[str, str],
        *,
        stdin: Any,
        stdout: Any,
        stderr: Any,
        work: Callable[[], None] = main,
    ) -> None:
        self.args = ["midas", *words]
        standard = [_Descriptor(file.fileno()) for file in (stdin, stdout, stderr)]
        self._process = FORKING.Process(target=_call, args=(dict(environment), standard, self.args, work))
        self._process.start()
        assert self._process.pid
        self.pid = self._process.pid

    @property
    def returncode(self) -> int | None:
        return self._process.exitcode

    def poll(self) -> int | None:
        return self._process.exitcode

    def wait(self, timeout: float | None = None) -> int:
        self._process.join(timeout)
        if self._process.exitcode is None:
            raise subprocess.TimeoutExpired(self.args, timeout or 0)
        return self._process.exitcode

    def send_signal(self, number: int) -> None:
        if self.poll() is None:
            os.kill(self.pid, number)

    def kill(self) -> None:
        self.send_signal(signal.SIGKILL)


@dataclass
class _Descriptor:
    """Of a file of this process; the other process gets one of its own."""

    number: int

    def __reduce__(self) -> tuple[Any, ...]:
        return _descriptor, (DupFd(self.number),)


def _descriptor(passed: Any) -> _Descriptor:
    return _Descriptor(passed.detach())


def _call(environment: dict[str, str], standard: list[_Descriptor], words: list[str], work: Callable[[], None]) -> None:
    from tests.forked import call

    call(environment, [each.number for each in standard], words, work)
