"""Bytes of text in any common encoding -> str."""

from __future__ import annotations

import codecs
import re

_BOMS = [
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
]
_WESTERN = frozenset("áéíóúüñçàèìòùâêîôûäëïößÁÉÍÓÚÜÑÇÀÈÂÊÎÔÄËÏÖ¿¡ºª€£©®°§±·«»–—“”‘’…•²³½¼¾×¬´\xa0\xad™‰")
_CONTROLS = re.compile(r"[\x00-\x08\x0e-\x1a\x1c-\x1f]")
_SAMPLE = 200_000


def decode(data: bytes) -> str | None:
    """The text, or None when the bytes are not text. Tries byte order marks, UTF-8, UTF-16, then single-byte encodings."""
    for bom, name in _BOMS:
        if data.startswith(bom):
            return data.decode(name, "replace")
    text = _utf16_without_bom(data) or _utf8(data) or _single_byte(data)
    return text if _is_text(text) else None


def _utf16_without_bom(data: bytes) -> str | None:
    """Latin text in UTF-16 has a zero in nearly every other byte."""
    sample = data[:4096]
    even, odd = sample[::2].count(0), sample[1::2].count(0)
    if max(even, odd) * 2 < len(sample) * 0.7 or min(even, odd) * 20 > len(sample):
        return None
    return data.decode("utf-16-le" if odd > even else "utf-16-be", "replace")


def _utf8(data: bytes) -> str | None:
    """UTF-8, forgiving the odd broken byte (a cut file) as long as real multi-byte characters outnumber it."""
    try:
        return data.decode("utf-8")
    except UnicodeDecodeError:
        text = data.decode("utf-8", "replace")
    sample = text[:_SAMPLE]
    broken, good = sample.count("\ufffd"), sum(char > "\x7f" for char in sample)
    return text if text.isascii() or good - broken > 8 * broken else None


def _single_byte(data: bytes) -> str:
    """Windows-1252 where it yields West European letters, else what charset-normalizer believes, else Latin-1."""
    sample = data[:_SAMPLE]
    high = [char for char in sample.decode("cp1252", "replace") if char > "\x7f"]
    if sum(char in _WESTERN for char in high) >= 0.9 * len(high):
        return data.decode("cp1252", "replace")
    from charset_normalizer import from_bytes

    best = from_bytes(sample[:20_000]).best()
    return data.decode(best.encoding if best else "latin-1", "replace")


def _is_text(text: str) -> bool:
    sample = text[:_SAMPLE]
    return len(_CONTROLS.findall(sample)) + sample.count("\ufffd") <= len(sample) * 0.01
