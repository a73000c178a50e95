"""`midas serve`: page and API in one process that owns the data directory."""

from __future__ import annotations

import errno
import ipaddress
import logging
import os
import signal
import socket
from collections.abc import Iterator
from contextlib import closing, contextmanager
from types import FrameType

os.environ.setdefault("GRADIO_ANALYTICS_ENABLED", "False")

import uvicorn
from fastapi import FastAPI

from assistant.config import Settings
from ingest.errors import ConfigError, StoreError
from ui import terminal
from ui.address import published
from ui.api.app import make_api
from ui.backends import require
from ui.house import House
from ui.jobs import Jobs
from ui.service import LocalService
from ui.web.site import AREAS, mount_site

GRACE_SECONDS = 5
"""How long answers that are being written may go on once the server is told to stop."""


def serve(settings: Settings, host: str, port: int, *, json: bool = False) -> None:
    """Until SIGTERM or SIGINT.

    Raises ConfigError for a foreign address or an unknown default back end, StoreError for a used port or data directory.
    """
    _refuse_foreign(host)
    settings.server.host = host
    require(settings.default_backend, settings)
    listener = _listen(host, port)
    service, jobs = LocalService(settings), Jobs()
    try:
        service.open()
        url = _url(listener)
        with (
            published(settings.home, url) as address,
            _orderly_stop(),
            closing(House(settings, service, jobs, address.token)) as house,
        ):
            app = make_app(house)
            house.begin()
            service.warm()
            _announce(url, json=json)
            _run(app, listener)
    finally:
        jobs.close()
        service.close()
        listener.close()


def make_app(house: House) -> FastAPI:
    """API and pages."""
    app = make_api(house, {area.name: area.least for area in AREAS})
    mount_site(app, house)
    return app


def _run(app: FastAPI, listener: socket.socket) -> None:
    config = uvicorn.Config(
        app, log_level=logging.WARNING, access_log=False, timeout_graceful_shutdown=GRACE_SECONDS, server_header=False
    )
    uvicorn.Server(config).run(sockets=[listener])


def _refuse_foreign(host: str) -> None:
    if host == "localhost":
        return
    try:
        local = ipaddress.ip_address(host).is_loopback
    except ValueError:
        local = False
    if not local:
        raise ConfigError(f"Midas has no sign-in yet and serves this machine only: use --host 127.0.0.1 instead of {host}.")


def _listen(host: str, port: int) -> socket.socket:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    listener = socket.socket(family, socket.SOCK_STREAM)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((host, port))
        listener.listen(128)
    except OSError as error:
        listener.close()
        if error.errno == errno.EADDRINUSE:
            raise StoreError(f"Port {port} of {host} is in use: stop what uses it, or choose another with --port.") from error
        raise ConfigError(
            f"Midas can't listen on {host}, port {port} ({error.strerror}): choose others with --host and --port."
        ) from error
    return listener


def _url(listener: socket.socket) -> str:
    host, port = listener.getsockname()[:2]
    return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"


def _announce(url: str, *, json: bool) -> None:
    if json:
        print(terminal.json_line({"url": url, "pid": os.getpid()}), flush=True)
    else:
        terminal.out.print(f"Midas is at {url} (API: {url}/docs). Ctrl-C stops it.")


@contextmanager
def _orderly_stop() -> Iterator[None]:
    """Turns the signal that stopped the server into a normal end, so that what follows is cleaned up."""

    def stop(number: int, frame: FrameType | None) -> None:
        raise SystemExit(0)

    before = {number: signal.signal(number, stop) for number in (signal.SIGTERM, signal.SIGINT)}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
