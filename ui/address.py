"""Where the running server is: `$MIDAS_HOME/server.json`, readable by its owner only, because it holds the admin token."""

from __future__ import annotations

import json
import os
import secrets
import socket
import ssl
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass
from pathlib import Path

import psutil

from assistant.config import ServerSettings


@dataclass(frozen=True, slots=True)
class Address:
    """`url` has no slash at its end; `token` goes into `Authorization: Bearer`; `certificate` is the server's, where it
    speaks TLS: this very one is to be expected, whatever its names. `people_url` is what people type."""

    pid: int
    url: str
    token: str
    people_url: str
    certificate: str | None = None

    def verify(self) -> ssl.SSLContext | bool:
        """What httpx takes as `verify`."""
        if self.certificate is None:
            return True
        context = ssl.create_default_context(cafile=self.certificate)
        context.check_hostname = False
        context.verify_flags |= ssl.VERIFY_X509_PARTIAL_CHAIN
        return context


def read_address(home: Path) -> Address | None:
    """The running server's address; None when there is no server or the file is left from one that died."""
    try:
        address = Address(**json.loads(_file(home).read_text(encoding="utf-8")))
    except (OSError, ValueError, TypeError):
        return None
    return address if _alive(home, address.pid) else None


@contextmanager
def published(home: Path, url: str, server: ServerSettings) -> Iterator[Address]:
    """Writes the file for as long as the server runs."""
    certificate = str(server.tls_certificate.absolute()) if server.tls_certificate else None
    address = Address(os.getpid(), url, secrets.token_urlsafe(32), server_url(server), certificate)
    partial = _file(home).with_suffix(".new")
    partial.unlink(missing_ok=True)
    with os.fdopen(os.open(partial, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", encoding="utf-8") as file:
        json.dump(asdict(address), file)
    partial.replace(_file(home))
    try:
        yield address
    finally:
        with suppress(OSError):
            _file(home).unlink()


def server_url(server: ServerSettings, *, own: bool = False) -> str:
    """Where people reach a server with these settings: by the machine's name where it listens on all addresses. With `own`,
    where programs on its own machine do."""
    if server.public_url and not own:
        return server.public_url
    everywhere = server.host in ("0.0.0.0", "::")
    host = ("127.0.0.1" if own else socket.getfqdn()) if everywhere else server.host
    name = f"[{host}]" if ":" in host else host
    return f"{'https' if server.tls_certificate else 'http'}://{name}:{server.port}"


def _file(home: Path) -> Path:
    return home / "server.json"


def _alive(home: Path, pid: int) -> bool:
    """Whether that process still runs: one that started after the file was written has merely got the same number."""
    try:
        return bool(psutil.Process(pid).create_time() <= _file(home).stat().st_mtime)
    except (psutil.Error, OSError, ValueError):
        return False
