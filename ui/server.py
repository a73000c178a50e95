"""`midas serve`: page and API in one process that owns the data directory."""

from __future__ import annotations

import errno
import logging
import os
import signal
import socket
import ssl
from collections.abc import Iterator
from contextlib import closing, contextmanager
from types import FrameType

os.environ.setdefault("GRADIO_ANALYTICS_ENABLED", "False")

import uvicorn
from fastapi import FastAPI

from assistant.config import ServerSettings, Settings
from ingest.errors import ConfigError, StoreError
from ui import terminal
from ui.address import published, server_url
from ui.api.app import make_api
from ui.backends import require
from ui.connections import Connection, allow_many
from ui.entrance import is_loopback
from ui.house import House
from ui.jobs import Jobs
from ui.people.oidc import check_oidc
from ui.process_memory import building, limit_arenas
from ui.service import LocalService
from ui.web.site import AREAS, mount_site

GRACE_SECONDS = 5
"""How long answers that are being written may go on once the server is told to stop."""


def serve(settings: Settings, host: str, port: int, *, json: bool = False) -> None:
    """Until SIGTERM or SIGINT.

    Raises ConfigError for an address that others reach while nobody must sign in, an unknown default back end or a wrong
    certificate; StoreError for a used port or data directory.
    """
    limit_arenas()
    allow_many()
    settings.server.host = host
    check_access(settings)
    require(settings.default_backend, settings)
    listener = _listen(host, port)
    service, jobs = LocalService(settings), Jobs()
    try:
        service.open()
        settings.server.port = listener.getsockname()[1]
        url = server_url(settings.server, own=True)
        with (
            published(settings.home, url, settings.server) as address,
            _orderly_stop(),
            closing(House(settings, service, jobs, address.token)) as house,
        ):
            with building():
                app = make_app(house)
            house.begin()
            service.warm()
            _announce(url, house, json=json)
            _run(app, listener, settings.server)
    finally:
        jobs.close()
        service.close()
        listener.close()


def make_app(house: House) -> FastAPI:
    """API and pages."""
    app = make_api(house, {area.name: area.least for area in AREAS})
    mount_site(app, house)
    return app


def _run(app: FastAPI, listener: socket.socket, server: ServerSettings) -> None:
    """`Forwarded` sees to the headers of proxies."""
    config = uvicorn.Config(
        app, http=Connection, log_level=logging.WARNING, access_log=False, timeout_graceful_shutdown=GRACE_SECONDS,
        server_header=False, proxy_headers=False, ssl_certfile=server.tls_certificate, ssl_keyfile=server.tls_key,
    )  # fmt: skip
    uvicorn.Server(config).run(sockets=[listener])


def check_access(settings: Settings) -> None:
    """Raises ConfigError where everybody could come in, or the certificate or the sign-in service can't be used."""
    server = settings.server
    if settings.access.sign_in == "off" and not is_loopback(server.host):
        raise ConfigError(
            f"Other machines reach {server.host} and access.sign_in is off: use --host 127.0.0.1, or let people sign in."
        )
    if settings.access.oidc is not None:
        check_oidc(settings.access.oidc)
    if server.tls_certificate is not None and server.tls_key is not None:
        try:
            ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER).load_cert_chain(server.tls_certificate, server.tls_key, password="")
        except OSError as error:
            raise ConfigError(
                f"{server.tls_certificate} and {server.tls_key} can't be used ({error.strerror or error}):"
                " name a certificate and its key in PEM files."
            ) from error


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


def _announce(url: str, house: House, *, json: bool) -> None:
    """Where the server is, and, while nobody can administer, the link that makes the first admin."""
    server = house.settings.server
    people_url = server_url(server)
    link = _first_link(house, people_url)
    if json:
        print(terminal.json_line({"url": url, "pid": os.getpid(), **({"link": link} if link else {})}), flush=True)
    else:
        terminal.out.print(f"Midas is at {people_url} (API: {people_url}/docs). Ctrl-C stops it.", soft_wrap=True)
        if link:
            told = "Nobody can administer it yet. This link makes the first admin, once, within an hour:"
            terminal.out.print(f"{told}\n{link}", soft_wrap=True)
    if not is_loopback(server.host) and server.tls_certificate is None and house.settings.access.proxy is None:
        terminal.err.print(
            "Without TLS passwords can be read on the way: set server.tls_certificate and server.tls_key, or put a proxy with"
            " TLS before Midas and name it in [access.proxy].",
            soft_wrap=True,
        )


def _first_link(house: House, base: str) -> str | None:
    if not house.entrance.sign_in or house.accounts.any_admin():
        return None
    return f"{base}/es/link?code={house.register.invitations.make(None)}"


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
