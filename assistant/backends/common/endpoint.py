"""A server's address and how to get in."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property
from ssl import SSLContext, create_default_context

import certifi
import httpx

LONGEST_PAGE_S = 10.0
"""Longest wait for a small page; a server that is busy answering may take seconds."""


def tls_of(address: str) -> SSLContext | bool:
    """What tells whether to trust a server, False where nothing is encrypted. Keep it: it takes 50 ms to make.

    It knows the authorities that this computer trusts, a company's own among them, and those that come with httpx.
    """
    if not address.startswith("https:"):
        return False
    context = create_default_context()
    context.load_verify_locations(certifi.where())
    return context


@dataclass(frozen=True)
class Endpoint:
    """`base_url` has `/v1` where the server has that. The representation has no key."""

    base_url: str
    connect_s: float
    key: str | None = field(default=None, repr=False)

    @property
    def root(self) -> str:
        """The address without `/v1`, where servers have their own pages."""
        return self.base_url.rstrip("/").removesuffix("/v1")

    @cached_property
    def _tls(self) -> SSLContext | bool:
        return tls_of(self.base_url)

    @property
    def headers(self) -> dict[str, str]:
        return {"Authorization": f"Bearer {self.key}"} if self.key else {}

    def client(self) -> httpx.AsyncClient:
        """A client for one call: none is shared between event loops, and leaving it closes its connections. It asks no proxy.

        It waits for bytes without limit: a guard watches.
        """
        timeout = httpx.Timeout(None, connect=self.connect_s)
        return httpx.AsyncClient(verify=self._tls, headers=self.headers, timeout=timeout, trust_env=False)

    def page(self, url: str) -> httpx.Response:
        """What the server has at an address. Raises httpx's errors for transport, none for a status."""
        timeout = httpx.Timeout(LONGEST_PAGE_S, connect=self.connect_s)
        with httpx.Client(verify=self._tls, headers=self.headers, timeout=timeout, trust_env=False) as client:
            return client.get(url)
