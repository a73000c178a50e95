"""Zip archives that lie about their size or hide expanding XML are refused before a parser sees them."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Iterator

from ingest.errors import LoadError

_MEMBERS = 20_000
_RATIO = 200
_RATIO_FREE_BYTES = 100 * 2**20
_PIECE = 2**18
_DTD = tuple(mark.encode(code) for mark in ("<!DOCTYPE", "<!ENTITY") for code in ("utf-8", "utf-16-le", "utf-16-be"))
_ENCRYPTED = 0x1


def open_archive(data: bytes, expanded_bytes: int) -> zipfile.ZipFile:
    """Raises LoadError: corrupt, encrypted or zip_bomb (unpacked larger than `expanded_bytes`, or absurdly compressed)."""
    try:
        archive = zipfile.ZipFile(io.BytesIO(data))
    except (zipfile.BadZipFile, ValueError, NotImplementedError, EOFError) as error:
        raise LoadError("corrupt", "The file is a damaged or cut zip container: get a whole copy and load it again.") from error
    _refuse_encrypted(archive)
    _refuse_bomb(archive, len(data), expanded_bytes)
    return archive


def refuse_dtd(archive: zipfile.ZipFile) -> None:
    """Office XML has no DTD; one that is there is an attack (expanding or external entities). Raises LoadError('corrupt')."""
    for member in archive.infolist():
        if member.filename.endswith((".xml", ".rels")) and any(_has_dtd(piece) for piece in _pieces(archive, member)):
            raise LoadError("corrupt", "The file hides XML entities, which office programs never write: do not trust it.")


def _has_dtd(piece: bytes) -> bool:
    return any(mark in piece for mark in _DTD)


def _pieces(archive: zipfile.ZipFile, member: zipfile.ZipInfo) -> Iterator[bytes]:
    """The member's bytes, each piece starting with the end of the one before."""
    tail = b""
    with archive.open(member) as stream:
        while piece := stream.read(_PIECE):
            yield tail + piece
            tail = piece[-32:]


def _refuse_encrypted(archive: zipfile.ZipFile) -> None:
    if any(member.flag_bits & _ENCRYPTED for member in archive.infolist()):
        raise LoadError("encrypted", "The file is encrypted: save it without a password and load it again.")


def _refuse_bomb(archive: zipfile.ZipFile, packed: int, expanded_bytes: int) -> None:
    members = archive.infolist()
    unpacked = sum(member.file_size for member in members)
    absurd = unpacked > _RATIO_FREE_BYTES and unpacked > _RATIO * packed
    if len(members) > _MEMBERS or unpacked > expanded_bytes or absurd:
        size = f"{len(members):,} parts and {unpacked / 2**20:,.0f} MiB"
        raise LoadError("zip_bomb", f"The file unpacks to {size}, too much for a document: split it and load the parts.")
