"""What runs in the processes of `tests.forking`. Importing it imports all that an evaluation needs, once for all of them."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import assistant.backends.openai_compatible  # noqa: F401
import eval.evaluation  # noqa: F401
import ingest.embedder  # noqa: F401
import ui.eval_run
import ui.service  # noqa: F401
from ingest.text import detect_language
from ui.cli import main

detect_language("The first text takes a second.")


def call(environment: dict[str, str], output: Path, words: tuple[str, ...]) -> None:
    """The command line, as if the process had just been started."""
    os.environ.clear()
    os.environ.update(environment)
    descriptor = os.open(output, os.O_WRONLY | os.O_CREAT | os.O_TRUNC)
    os.dup2(descriptor, 1)
    os.dup2(descriptor, 2)
    sys.argv = ["midas", *words]
    main()
