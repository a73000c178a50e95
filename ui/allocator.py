"""How the C library hands out memory in the server."""

from __future__ import annotations

import ctypes
import sys
from contextlib import suppress

ARENAS = 2
_M_ARENA_MAX = -8
"""From glibc's malloc.h."""


def limit_arenas() -> None:
    """To be called before threads begin: glibc gives them eight pools of memory a core otherwise, and what is free in one
    serves no other, so that the server grows with every burst of questions. Other C libraries have no such pools."""
    if sys.platform == "linux":
        with suppress(OSError, AttributeError):
            ctypes.CDLL(None).mallopt(_M_ARENA_MAX, ARENAS)
