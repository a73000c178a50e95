"""Names of uploaded files: they become sources of documents, never paths on this machine."""

from __future__ import annotations

import re
import unicodedata
from pathlib import PurePosixPath

from ingest.errors import ConfigError
from ingest.files import is_skipped

NAME_CHARS = 200
SOURCE_CHARS = 800

_DRIVE = re.compile(r"[A-Za-z]:")
_RESERVED = re.compile(r"(con|prn|aux|nul|com[0-9]|lpt[0-9])(\..*)?", re.I)
_UNSEEN = ("Cc", "Cs", "Co", "Cn", "Zl", "Zp")
"""Categories of control characters, of what is no character, and of separators of lines."""
_BIDI = frozenset("\u061c\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")


def source_of(name: str) -> str:
    """The source for a name as a browser or client gives it, a path relative to the folder that was chosen.

    Backslashes separate folders too, and letters are composed (macOS sends them decomposed). Raises ConfigError.
    """
    shown = shortened(name)
    if any(unicodedata.category(char) in _UNSEEN or char in _BIDI for char in name):
        raise ConfigError(f"The name {shown} has control characters: rename the file.")
    path = re.sub(r"\s", " ", unicodedata.normalize("NFC", name).replace("\\", "/"))
    if path.startswith("/") or _DRIVE.match(path):
        raise ConfigError(f"The name {shown} is an absolute path: give one relative to the folder that is uploaded.")
    parts = [part.strip() for part in path.split("/") if part.strip() not in ("", ".")]
    if not parts:
        raise ConfigError("A file has no name: give it one.")
    if ".." in parts:
        raise ConfigError(f"The name {shown} leads out of the folder that is uploaded: give it without '..'.")
    if reserved := next((part for part in parts if _RESERVED.fullmatch(part)), None):
        raise ConfigError(f"The name {reserved} is reserved by Windows: rename the file.")
    source = "/".join(parts)
    if len(source) > SOURCE_CHARS or max(map(len, parts)) > NAME_CHARS:
        raise ConfigError(
            f"The name {shown} is too long: shorten it to {NAME_CHARS} characters, {SOURCE_CHARS} with its folders."
        )
    return source


def is_hidden(source: str) -> bool:
    """Hidden and temporary files, and those in hidden folders, are left out, as when a folder of the server is read."""
    return any(map(is_skipped, PurePosixPath(source).parts))


def suffix_of(source: str) -> str:
    """`.pdf` of `Informe.PDF`."""
    return PurePosixPath(source).suffix.lower()


def shortened(name: str) -> str:
    """A name fit to be shown in a sentence."""
    text = "".join(char if char.isprintable() else "\ufffd" for char in name)
    return repr(text if len(text) <= 80 else f"{text[:60]}…{text[-19:]}")
