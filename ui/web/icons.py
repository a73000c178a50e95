"""The icons of the pages: one sprite, `icons.svg`, that marks point into."""

from __future__ import annotations

from functools import cache
from pathlib import Path


def icon(name: str) -> str:
    """Decoration: what it stands beside, or the label of its button, says it in words."""
    return f'<svg class="icon" aria-hidden="true" focusable="false"><use href="#icon-{name}"></use></svg>'


@cache
def sprite() -> str:
    """Goes once into each page that shows icons."""
    return Path(__file__).with_name("icons.svg").read_text(encoding="utf-8")
