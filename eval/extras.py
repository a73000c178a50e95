"""What the base installation lacks: an import that fails says which extra brings it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Literal

from ingest.errors import MissingExtra


@contextmanager
def extra(name: Literal["eval", "judge"], purpose: str) -> Iterator[None]:
    """Around the imports of packages of an extra. Raises MissingExtra: what `purpose`, the subject of its sentence, needs."""
    try:
        yield
    except ImportError as error:
        raise MissingExtra((error.name or "").partition(".")[0], name, purpose) from error
