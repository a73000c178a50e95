"""A hub of models on loopback: it answers as huggingface.co does when the address of a file is resolved.

The bytes of files come from another host, if `elsewhere` names one. `cut_after` bytes of the first download the connection
breaks, `stall_after` bytes it falls silent; `damaged` sends other bytes than the tag promises; `status` refuses all. `ranges`
are the Range headers of downloads, `keys` the Authorization headers that came.
"""

from __future__ import annotations

import os
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from hashlib import sha256
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path


@dataclass
class FakeHub:
    """`files` by their address in the hub: `OWNER/REPO/FILE`."""

    files: dict[str, bytes]
    cut_after: int | None = None
    stall_after: int | None = None
    damaged: bool = False
    status: int | None = None
    elsewhere: str | None = None
    ranges: list[str | None] = field(default_factory=list)
    keys: set[str | None] = field(default_factory=set)
    address: str = ""
    closing: threading.Event = field(default_factory=threading.Event)

    def pull(self, source: str, home: Path) -> subprocess.CompletedProcess[str]:
        """`models.pull` in another process; it prints `done/total` for each progress."""
        with self.pulling(source, home) as process:
            out, err = process.communicate()
        return subprocess.CompletedProcess(process.args, process.returncode, out, err)

    @contextmanager
    def pulling(self, source: str, home: Path) -> Iterator[subprocess.Popen[str]]:
        """The same while it runs."""
        code = (
            "from pathlib import Path; from assistant import models\n"
            f"models.pull({source!r}, Path({str(home)!r}), lambda done, total: print(f'{{done}}/{{total}}', flush=True))"
        )
        environment = {key: value for key, value in os.environ.items() if not key.lower().endswith("_proxy")}
        environment["HF_ENDPOINT"] = self.address
        pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE}
        with subprocess.Popen([sys.executable, "-c", code], env=environment, text=True, **pipes) as process:
            yield process

    @contextmanager
    def running(self) -> Iterator[FakeHub]:
        server = ThreadingHTTPServer(("127.0.0.1", 0), type("Handler", (_Handler,), {"hub": self}))
        threading.Thread(target=server.serve_forever, daemon=True).start()
        self.address = f"http://127.0.0.1:{server.server_port}"
        try:
            yield self
        finally:
            self.closing.set()
            server.shutdown()
            server.server_close()


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    hub: FakeHub

    def do_HEAD(self) -> None:
        self._answer(with_body=False)

    def do_GET(self) -> None:
        self.hub.ranges.append(self.headers.get("Range"))
        self._answer(with_body=True)

    def _answer(self, with_body: bool) -> None:
        self.hub.keys.add(self.headers.get("Authorization"))
        content = self.hub.files.get(self.path.strip("/").replace("/resolve/main/", "/"))
        if content is None or self.hub.status:
            self._refuse(self.hub.status or 404)
        elif self.hub.elsewhere:
            self._refer(content, self.hub.elsewhere)
        else:
            self._give(content, with_body)

    def _refer(self, content: bytes, host: str) -> None:
        self.send_response(302)
        self.send_header("Location", f"{host}{self.path}")
        self.send_header("X-Linked-Etag", f'"{sha256(content).hexdigest()}"')
        self.send_header("X-Linked-Size", str(len(content)))
        self.send_header("Content-Length", "0")
        self.end_headers()

    def _give(self, content: bytes, with_body: bool) -> None:
        asked = self.headers.get("Range")
        start = int(asked.removeprefix("bytes=").partition("-")[0]) if asked else 0
        sent = bytes(len(content) - start) if self.hub.damaged else content[start:]
        self.send_response(206 if asked else 200)
        self.send_header("Content-Length", str(len(sent)))
        self.send_header("ETag", f'"{sha256(content).hexdigest()}"')
        if asked:
            self.send_header("Content-Range", f"bytes {start}-{len(content) - 1}/{len(content)}")
        self.end_headers()
        if with_body:
            self._send(sent)

    def _send(self, content: bytes) -> None:
        cut, self.hub.cut_after = self.hub.cut_after, None
        stop = cut or self.hub.stall_after
        self.wfile.write(content[:stop])
        self.wfile.flush()
        if self.hub.stall_after:
            self.hub.closing.wait()
        self.close_connection = stop is not None

    def _refuse(self, status: int) -> None:
        self.send_response(status)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *_: object) -> None:
        """Quiet."""
