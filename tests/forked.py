"""What runs in the processes of `tests.forking`. Importing it imports all that the commands need, once for all of them."""

from __future__ import annotations

import gc
import os
import sys
from collections.abc import Callable, Mapping, Sequence

import assistant.backends.openai_compatible  # noqa: F401
import eval.evaluation  # noqa: F401
import ingest.embedder  # noqa: F401
import ui.cli
import ui.eval_run
import ui.server
import ui.service  # noqa: F401
from ingest.text import detect_language

detect_language("The first text takes a second.")
gc.freeze()


def call(environment: Mapping[str, str], standard: Sequence[int], words: Sequence[str], work: Callable[[], None]) -> None:
    """Does the work as if the process had just been started, over these descriptors of input, output and errors."""
    os.environ.clear()
    os.environ.update(environment)
    for number, descriptor in enumerate(standard):
        os.dup2(descriptor, number)
        os.close(descriptor)
    sys.stdin = os.fdopen(0, encoding="utf-8", closefd=False)
    sys.stdout, sys.stderr = (os.fdopen(number, "w", buffering=1, encoding="utf-8", closefd=False) for number in (1, 2))
    sys.argv = list(words)
    work()
