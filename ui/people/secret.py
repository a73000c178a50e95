"""Random secrets: what their holder gets, and the digest that is kept."""

from __future__ import annotations

import hashlib
import os
import secrets
from pathlib import Path


def new_secret() -> str:
    """256 random bits, in letters that need no quoting."""
    return secrets.token_urlsafe(32)


def new_id() -> str:
    return secrets.token_hex(8)


def digest(secret: str) -> str:
    """What is kept of a random secret: it can't be guessed, so that a fast hash is enough."""
    return hashlib.sha256(secret.encode()).hexdigest()


def signing_key(home: Path) -> str:
    """The key that cookies are signed with, made at the first use; only the owner of the data directory can read it."""
    path = home / "session.key"
    try:
        with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", encoding="ascii") as file:
            file.write(new_secret())
    except FileExistsError:
        pass
    return path.read_text(encoding="ascii")
