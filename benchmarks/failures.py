"""Kills, hangs and overloads the server of a back end, five hundred times: `python -m benchmarks failures`.

The servers are fakes in processes of their own; counted are the threads, sockets, files and child processes of this one.
"""

from __future__ import annotations

import argparse
import tempfile
from collections.abc import Sequence
from pathlib import Path

from tests.failing import Campaign


def main(arguments: Sequence[str] = ()) -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--cycles", type=int, default=500)
    options = parser.parse_args(list(arguments))
    with tempfile.TemporaryDirectory() as folder:
        print(Campaign(options.cycles).run(Path(folder)))


if __name__ == "__main__":
    main()
