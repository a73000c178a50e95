"""Passwords: which are good enough, how they are kept, how they are compared."""

from __future__ import annotations

from base64 import b64encode
from threading import BoundedSemaphore

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

from ui.people.errors import TooMany, WeakPassword

SHORTEST = 10
LONGEST = 200
AT_ONCE = 2
"""Hashes computed at the same time: each takes 64 MiB."""
WAITING = 20
"""Who may wait for them: whoever does holds a thread of the server, which has forty."""

_hasher = PasswordHasher()
_turn = BoundedSemaphore(AT_ONCE)
_waiting = BoundedSemaphore(WAITING)


def check_strength(password: str, name: str) -> None:
    """Length is what counts; nobody is made to use signs. Raises WeakPassword."""
    if not SHORTEST <= len(password) <= LONGEST:
        raise WeakPassword(f"A password has {SHORTEST} to {LONGEST} characters: choose another.")
    if len(set(password)) < 5 or name.casefold() in password.casefold():
        raise WeakPassword("This password is easy to guess: choose one without your name and with more different characters.")


def hashed(password: str) -> str:
    """argon2id with argon2-cffi's parameters, as RFC 9106 recommends them."""
    with _turn:
        return _hasher.hash(password)


def matches(kept: str | None, password: str) -> bool:
    """Takes as long for an account without a password, or for none at all, as for a wrong password. Raises TooMany when more
    are being compared than people sign in at once."""
    if not _waiting.acquire(blocking=False):
        raise TooMany("Many sign in at this moment: wait a second and try again.", 1)
    try:
        with _turn:
            return _hasher.verify(kept or _decoy(), password[: LONGEST + 1]) and kept is not None
    except (VerificationError, InvalidHashError):
        return False
    finally:
        _waiting.release()


def outdated(kept: str) -> bool:
    """Whether it was hashed with other parameters than today's."""
    return _hasher.check_needs_rehash(kept)


def _decoy() -> str:
    """A hash that nothing matches."""
    salt, value = (b64encode(bytes(length)).decode().rstrip("=") for length in (_hasher.salt_len, _hasher.hash_len))
    costs = f"m={_hasher.memory_cost},t={_hasher.time_cost},p={_hasher.parallelism}"
    return f"$argon2id$v=19${costs}${salt}${value}"
