"""The command line in processes that are forked from one that has imported everything: many can be started, and killed."""

from __future__ import annotations

import multiprocessing
import os
import sys
from collections.abc import Mapping
from multiprocessing.context import ForkServerProcess
from pathlib import Path

_context = multiprocessing.get_context("forkserver")
_context.set_forkserver_preload(
    ["ui.cli", "ui.eval_run", "eval.evaluation", "ingest.embedder", "ingest.pipeline", "assistant.backends.openai_compatible"]
)


def start(environment: Mapping[str, str], output: Path, *words: str) -> ForkServerProcess:
    """`midas WORDS`; what it prints goes into the file `output`."""
    process = _context.Process(target=_call, args=(dict(environment), output, words))
    process.start()
    return process


def _call(environment: dict[str, str], output: Path, words: tuple[str, ...]) -> None:
    os.environ.clear()
    os.environ.update(environment)
    descriptor = os.open(output, os.O_WRONLY | os.O_CREAT | os.O_TRUNC)
    os.dup2(descriptor, 1)
    os.dup2(descriptor, 2)
    sys.argv = ["midas", *words]
    from ui.cli import main

    main()
