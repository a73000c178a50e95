"""Requests that come through a reverse proxy: what it says is believed of the proxies in `[access.proxy]` alone."""

from __future__ import annotations

from ipaddress import ip_address, ip_network

from starlette.types import ASGIApp, Receive, Scope, Send
from uvicorn.middleware.proxy_headers import ProxyHeadersMiddleware

from assistant.config import ProxySettings

SIGNS = (b"forwarded", b"via", b"x-real-ip")
"""Headers, beside all that begin with `x-forwarded-`, by which a proxy is known."""
THROUGH_PROXY = "midas.through_proxy"
"""In the ASGI scope: whether some proxy passed the request on."""
PROXY_HEADERS = "midas.proxy_headers"
"""In the ASGI scope: headers of a request from a trusted proxy, by lower-case name; a header that came twice is none."""


class Forwarded:
    """ASGI middleware, before all others: takes headers that only a proxy may set from everybody else."""

    def __init__(self, app: ASGIApp, proxy: ProxySettings | None) -> None:
        self._app = app
        self._networks = [ip_network(address) for address in proxy.addresses] if proxy else []
        self._named = {name.lower().encode() for name in (proxy.header, proxy.groups_header) if name} if proxy else set()
        self._believing = ProxyHeadersMiddleware(app, [str(network) for network in self._networks])  # type: ignore[arg-type]

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] not in ("http", "websocket"):
            return await self._app(scope, receive, send)
        headers: list[tuple[bytes, bytes]] = scope["headers"]
        scope[THROUGH_PROXY] = any(_is_sign(name) for name, _ in headers)
        if self._trusts(scope):
            scope[PROXY_HEADERS] = self._said(headers)
            return await self._believing(scope, receive, send)  # type: ignore[arg-type]
        kept = [(name, value) for name, value in headers if name not in self._named and not name.startswith(b"x-forwarded-")]
        await self._app({**scope, "headers": kept}, receive, send)

    def _trusts(self, scope: Scope) -> bool:
        client = scope.get("client")
        try:
            return client is not None and any(ip_address(client[0]) in network for network in self._networks)
        except ValueError:
            return False

    def _said(self, headers: list[tuple[bytes, bytes]]) -> dict[str, str]:
        names = [name for name, _ in headers]
        return {
            name.decode(): value.decode("utf-8", "replace").strip()
            for name, value in headers
            if name in self._named and names.count(name) == 1
        }


def _is_sign(name: bytes) -> bool:
    return name in SIGNS or name.startswith(b"x-forwarded-")
