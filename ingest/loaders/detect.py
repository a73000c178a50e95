"""Which format is it? Bytes decide; the file name's extension only breaks ties between text formats."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import Literal

from ingest.errors import LoadError
from ingest.loaders.archive import open_archive
from ingest.loaders.delimited import sniff_delimiter
from ingest.loaders.encoding import decode

Format = Literal["pdf", "docx", "pptx", "xlsx", "delimited", "html", "markdown", "plain", "eml", "records"]

MEDIA_TYPES: dict[Format, str] = {
    "pdf": "application/pdf",
    "docx": "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
    "pptx": "application/vnd.openxmlformats-officedocument.presentationml.presentation",
    "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    "delimited": "text/csv",
    "html": "text/html",
    "markdown": "text/markdown",
    "plain": "text/plain",
    "eml": "message/rfc822",
    "records": "application/json",
}
_OFFICE: dict[str, Format] = {
    "wordprocessingml.document.main+xml": "docx",
    "presentationml.presentation.main+xml": "pptx",
    "presentationml.slideshow.main+xml": "pptx",
    "spreadsheetml.sheet.main+xml": "xlsx",
    "ms-excel.sheet.macroEnabled.main+xml": "xlsx",
}
_BY_EXTENSION: dict[str, Format] = {
    ".md": "markdown", ".markdown": "markdown", ".txt": "plain", ".text": "plain", ".log": "plain",
    ".csv": "delimited", ".tsv": "delimited", ".tab": "delimited",
    ".html": "html", ".htm": "html", ".json": "records", ".jsonl": "records", ".ndjson": "records", ".eml": "eml",
}  # fmt: skip
_IMAGES = (b"\x89PNG", b"\xff\xd8\xff", b"GIF8", b"II*\x00", b"MM\x00*", b"BM", b"RIFF")
_OLE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
_OLE_PARTS = {"WordDocument": ".docx", "Workbook": ".xlsx", "Book": ".xlsx", "PowerPoint Document": ".pptx"}
_HTML = re.compile(r"<!doctype html|<html[\s>]|<(body|head|div|table|p|h[1-6]|ul|article|main)[\s>]", re.I)
_MAIL_HEADER = re.compile(
    r"^(from|to|cc|subject|date|received|mime-version|message-id|return-path|delivered-to|content-type):", re.I | re.M
)
_MARKDOWN = re.compile(r"^(#{1,6} +\S|```|\|? *:?-{3,}:? *\|)", re.M)
_HEAD = 4096


@dataclass(frozen=True, slots=True)
class Detected:
    """The format, and the decoded text where it is a text format (empty otherwise)."""

    format: Format
    text: str = ""


def detect(data: bytes, source: str, expanded_bytes: int) -> Detected:
    """Raises LoadError: empty, encrypted, corrupt, zip_bomb, no_text (images) or unsupported."""
    if not data.strip(b"\x00 \t\r\n\xef\xbb\xbf\xff\xfe"):
        raise LoadError("empty", "The file is empty: replace it with one that has text.")
    if b"%PDF-" in data[:1024]:
        return Detected("pdf")
    if data.startswith((b"PK\x03\x04", b"PK\x05\x06")):
        return Detected(_office_format(data, expanded_bytes))
    _refuse_known_binaries(data)
    text = decode(data)
    if text is None:
        raise LoadError(
            "unsupported", "The file is of an unknown binary format: save it as PDF, DOCX or text and load it again."
        )
    return Detected(_text_format(text, PurePosixPath(source.lower()).suffix), text)


def _office_format(data: bytes, expanded_bytes: int) -> Format:
    with open_archive(data, expanded_bytes) as archive:
        names = set(archive.namelist())
        if "[Content_Types].xml" not in names:
            raise _unsupported_zip(names)
        types = archive.read("[Content_Types].xml").decode("utf-8", "replace")
    for mark, name in _OFFICE.items():
        if mark in types:
            return name
    raise _unsupported("an office file with macros or a template", "save it as .docx, .xlsx or .pptx and load it again")


def _unsupported_zip(names: set[str]) -> LoadError:
    if "mimetype" in names and "content.xml" in names:
        return _unsupported("an OpenDocument file", "save it as .docx, .xlsx or .pptx and load it again")
    return _unsupported("a zip archive", "unpack it and load the files")


def _unsupported(what: str, cure: str) -> LoadError:
    return LoadError("unsupported", f"The file is {what}, which is not read: {cure}.")


def _refuse_known_binaries(data: bytes) -> None:
    if data.startswith(_OLE):
        raise _ole_error(data)
    if data.startswith(_IMAGES):
        raise LoadError("no_text", "The file is an image and has no text layer: run OCR and load the result.")
    if data.startswith(b"{\\rtf"):
        raise _unsupported("in RTF", "save it as .docx and load it again")
    if data.startswith((b"\x1f\x8b", b"7z\xbc\xaf", b"Rar!", b"BZh", b"\xfd7zXZ")):
        raise _unsupported("a compressed archive", "unpack it and load the files")


def _ole_error(data: bytes) -> LoadError:
    """Old office files and encrypted new ones share a container; its directory names its parts in UTF-16."""
    if "EncryptedPackage".encode("utf-16-le") in data:
        return LoadError("encrypted", "The file is encrypted: save it without a password and load it again.")
    for part, extension in _OLE_PARTS.items():
        if part.encode("utf-16-le") in data:
            return _unsupported("in an old office format", f"save it as {extension} and load it again")
    return _unsupported("in an old binary format", "save it as .docx, .xlsx, .pptx or PDF and load it again")


def _text_format(text: str, extension: str) -> Format:
    """Sure signs first (HTML, mail, JSON), then the extension, then likelihood."""
    head = text[:_HEAD].lstrip("\ufeff \t\r\n")
    if _is_html(head, extension):
        return "html"
    if _is_mail(head):
        return "eml"
    if _is_records(text, extension):
        return "records"
    hint = _BY_EXTENSION.get(extension)
    if hint in ("markdown", "plain", "delimited"):
        return hint if hint != "delimited" or sniff_delimiter(head) else "plain"
    return _likely_format(head)


def _is_html(head: str, extension: str) -> bool:
    if extension in (".md", ".markdown"):
        return head[:15].lower().startswith(("<!doctype html", "<html"))
    return head.startswith("<") and bool(_HTML.search(head))


def _is_mail(head: str) -> bool:
    headers = re.split(r"\r?\n\r?\n", head, maxsplit=1)[0]
    first = headers.split("\n", 1)[0]
    names = {match.lower() for match in _MAIL_HEADER.findall(headers)}
    return (
        len(names) >= 2
        and bool(re.match(r"[A-Za-z-]+:", first))
        and bool(names - {"subject", "to", "cc", "date", "content-type"})
    )


def _is_records(text: str, extension: str) -> bool:
    """JSON that parses, JSON Lines whose first lines do, or what is named .json and looks like it."""
    stripped = text.strip()
    if not stripped or stripped[0] not in "{[":
        return False
    if extension in (".json", ".jsonl", ".ndjson"):
        return True
    lines = [line for line in text[:_HEAD].splitlines() if line.strip()]
    whole = lines if len(text) <= _HEAD else lines[:-1]
    if len(whole) > 1 and all(map(_parses, whole)):
        return True
    return stripped[-1] in "}]" and _parses(stripped)


def _parses(text: str) -> bool:
    try:
        return isinstance(json.loads(text), (dict, list))
    except (ValueError, RecursionError):
        return False


def _likely_format(head: str) -> Format:
    if _MARKDOWN.search(head):
        return "markdown"
    return "delimited" if sniff_delimiter(head, sure=True) else "plain"
