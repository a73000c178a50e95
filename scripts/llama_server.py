"""Serves a GGUF model over HTTP with xllamacpp: `python scripts/llama_server.py MODEL.gguf PORT WINDOW`.

It needs nothing but the wheel `xllamacpp`, and ends on a signal.
"""

from __future__ import annotations

import os
import signal
import sys

# llama.cpp's threads would otherwise spin at every barrier, and take the time of whatever else this machine does.
os.environ.setdefault("OMP_WAIT_POLICY", "passive")

import xllamacpp  # type: ignore[import-untyped]

HOST = "127.0.0.1"


def main(model: str, port: str, window: str) -> None:
    params = xllamacpp.CommonParams()
    params.model.path = model
    params.hostnames = [HOST]
    params.port = int(port)
    params.n_ctx = int(window)
    params.n_parallel = 1
    params.cache_ram_mib = 0
    params.endpoint_metrics = True
    params.cpuparams.n_threads = params.cpuparams_batch.n_threads = os.cpu_count() or 1
    server = xllamacpp.Server(params)
    print(server.listening_address, flush=True)
    signal.sigwait({signal.SIGINT, signal.SIGTERM})


if __name__ == "__main__":
    main(*sys.argv[1:])
