"""The command line in processes that are forked from one that has imported everything: many can be started, and killed."""

from __future__ import annotations

import multiprocessing
from collections.abc import Mapping
from multiprocessing.context import ForkServerProcess
from pathlib import Path

_context = multiprocessing.get_context("forkserver")
_context.set_forkserver_preload(["tests.forked"])


def start(environment: Mapping[str, str], output: Path, *words: str) -> ForkServerProcess:
    """`midas WORDS`; what it prints goes into the file `output`."""
    process = _context.Process(target=_call, args=(dict(environment), output, words))
    process.start()
    return process


def _call(environment: dict[str, str], output: Path, words: tuple[str, ...]) -> None:
    from tests.forked import call

    call(environment, output, words)
