"""How often somebody may try and ask, counted in this process."""

from __future__ import annotations

import math
import time
from ipaddress import ip_address, ip_network

from limits import RateLimitItem, RateLimitItemPerMinute
from limits.storage import MemoryStorage
from limits.strategies import MovingWindowRateLimiter

from assistant.config import AccessSettings
from ui.people.errors import TooMany
from ui.people.names import LONGEST, folded
from ui.person import Person

SIGN_IN_MINUTES = 15
ADDRESS_TIMES = 5
"""Several people may come from one address."""


class Limits:
    """Moving windows: nobody gains by waiting for the full minute."""

    def __init__(self, access: AccessSettings) -> None:
        self._limiter = MovingWindowRateLimiter(MemoryStorage())
        self._name = RateLimitItemPerMinute(access.sign_in_failures, SIGN_IN_MINUTES)
        self._name_anywhere = RateLimitItemPerMinute(access.sign_in_failures * ADDRESS_TIMES, SIGN_IN_MINUTES)
        self._address = RateLimitItemPerMinute(access.sign_in_failures * ADDRESS_TIMES, SIGN_IN_MINUTES)
        self._questions = RateLimitItemPerMinute(access.questions_per_minute)

    def trying(self, name: str, address: str) -> None:
        """To be called before a password is looked at. Who fails from one address keeps nobody out who comes from another.

        Raises TooMany."""
        if not self._limiter.test(self._address, "address", _network(address)):
            raise self._too_many(self._address, "address", _network(address))
        self._hit(self._name, "name", _key(name), _network(address))
        self._hit(self._name_anywhere, "name anywhere", _key(name))

    def failed(self, address: str) -> None:
        """The password was wrong."""
        self._limiter.hit(self._address, "address", _network(address))

    def succeeded(self, name: str, address: str) -> None:
        """The password was right: what was tried for this name from here is forgotten."""
        self._limiter.clear(self._name, "name", _key(name), _network(address))
        self._limiter.clear(self._name_anywhere, "name anywhere", _key(name))

    def question(self, person: Person) -> None:
        """The server's own commands, and whoever needs no sign-in, ask as often as they like. Raises TooMany."""
        if person.entry not in ("local", "server"):
            self._hit(self._questions, "question", person.id)

    def _hit(self, item: RateLimitItem, *identifiers: str) -> None:
        if not self._limiter.hit(item, *identifiers):
            raise self._too_many(item, *identifiers)

    def _too_many(self, item: RateLimitItem, *identifiers: str) -> TooMany:
        wait_s = max(1, math.ceil(self._limiter.get_window_stats(item, *identifiers).reset_time - time.time()))
        return TooMany(f"That was too often: wait {wait_s} seconds and try again.", wait_s)


def _key(name: str) -> str:
    return folded(name[: 2 * LONGEST])


def _network(address: str) -> str:
    """Who has one IPv6 address has 2**64 of them."""
    try:
        known = ip_address(address)
    except ValueError:
        return address
    return address if known.version == 4 else str(ip_network((address, 64), strict=False))
