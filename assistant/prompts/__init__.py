"""Prompt texts: `<language>.<purpose>.txt`, one file per language and purpose, read once."""

from __future__ import annotations

from functools import cache
from importlib.resources import files
from typing import Literal

Language = Literal["es", "en"]
LANGUAGES: tuple[Language, ...] = ("es", "en")


@cache
def prompt(language: Language, purpose: str) -> str:
    """The text of one prompt, without the line break at its end."""
    return files(__name__).joinpath(f"{language}.{purpose}.txt").read_text(encoding="utf-8").rstrip("\n")
