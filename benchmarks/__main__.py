"""`make bench` runs all benchmarks; `python -m benchmarks NAME [ARGUMENT ...]` runs one. Figures are ratios from one run."""

from __future__ import annotations

import importlib
import sys
import time

QUICK = ("embedder", "retrieval", "ingest", "overhead", "context")
"""Run by `make bench`. When named: `answers` (half an hour), `crash` (a quarter), `failures` (ten minutes) and `measurements`
(six minutes of a quiet machine); `many_users` (half an hour); `injections` (ten minutes)."""
NAMED = ("answers", "crash", "failures", "measurements", "many_users", "injections")


def main(arguments: list[str]) -> int:
    names = arguments[:1] or list(QUICK)
    if names[0] not in (*QUICK, *NAMED):
        print(f"No benchmark {names[0]!r}: there are {', '.join((*QUICK, *NAMED))}.", file=sys.stderr)
        return 2
    for name in names:
        started = time.perf_counter()
        print(f"## {name}\n", flush=True)
        importlib.import_module(f"benchmarks.{name}").main(arguments[1:])
        print(f"\n({time.perf_counter() - started:.0f} s)\n", flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
