"""E-mail -> its headers, its text, its attachments."""

from __future__ import annotations

import email
import email.policy
import re
from collections.abc import Iterator
from email.message import EmailMessage, Message
from email.utils import parsedate_to_datetime

from ingest.errors import LoadError
from ingest.loaders import html, load_bytes, plain
from ingest.loaders.draft import Draft, one_line
from ingest.loaders.encoding import decode

_LABELS = {"From": "De", "To": "Para", "Cc": "Cc", "Date": "Fecha"}
_SPANISH = re.compile(r"\b(de|la|el|que|los|para|una|por)\b", re.I)
_ENGLISH = re.compile(r"\b(the|of|and|to|for|is|with|you)\b", re.I)
_ATTACHMENTS = 50


def load(data: bytes, draft: Draft) -> None:
    message = email.message_from_bytes(data, policy=email.policy.default)
    body = _body(message)
    subject = _header(message, "Subject")
    draft.title = subject
    draft.date = _day(message)
    draft.heading(1, subject)
    draft.base_level = 1
    draft.text("\n".join(_headers(message, body)))
    if body is not None:
        _write_body(body, draft)
    for part in list(_attachments(message))[:_ATTACHMENTS]:
        _write_attachment(part, draft)


def _headers(message: EmailMessage, body: EmailMessage | None) -> Iterator[str]:
    text = _text(body) if body is not None else ""
    english = len(_ENGLISH.findall(text)) > len(_SPANISH.findall(text))
    for name, spanish in _LABELS.items():
        if value := _moment(message) if name == "Date" else _header(message, name):
            yield f"{name if english else spanish}: {value}"


def _header(message: EmailMessage, name: str) -> str:
    """The header's value as text; a malformed one gives ''."""
    try:
        return one_line(str(message.get(name, "")))
    except Exception:  # the standard library's header parser raises many kinds of errors on malformed values
        return ""


def _moment(message: EmailMessage) -> str:
    """`2025-03-31 09:15`, in the sender's time zone; as written when it can't be read."""
    written = _header(message, "Date")
    try:
        return f"{parsedate_to_datetime(written):%Y-%m-%d %H:%M}"
    except ValueError:
        return written


def _day(message: EmailMessage) -> str | None:
    moment = _moment(message)
    return moment[:10] if re.match(r"\d{4}-\d{2}-\d{2}", moment) else None


def _body(message: EmailMessage) -> EmailMessage | None:
    """The plain text when it has any, else the HTML."""
    parts = [part for part in _leaves(message) if not _is_attachment(part)]
    for kind in ("text/plain", "text/html"):
        for part in parts:
            if part.get_content_type() == kind and _text(part).strip():
                return part
    return None


def _leaves(message: EmailMessage) -> Iterator[EmailMessage]:
    """The parts that hold something. A forwarded message counts as one part."""
    waiting: list[Message] = [message]
    while waiting:
        part = waiting.pop(0)
        if part.get_content_maintype() == "multipart" and part.is_multipart():
            waiting[:0] = [inner for inner in part.get_payload() if isinstance(inner, Message)]
        elif isinstance(part, EmailMessage):
            yield part


def _is_attachment(part: EmailMessage) -> bool:
    return (
        part.get_content_disposition() == "attachment" or bool(part.get_filename()) or part.get_content_maintype() == "message"
    )


def _text(part: EmailMessage) -> str:
    data = _bytes(part)
    charset = part.get_content_charset() or ""
    try:
        return data.decode(charset or "utf-8")
    except (LookupError, UnicodeDecodeError):
        return decode(data) or ""


def _bytes(part: EmailMessage) -> bytes:
    if part.get_content_maintype() == "message":
        inner = part.get_payload()
        return b"".join(bytes(message) for message in inner if isinstance(message, Message)) if isinstance(inner, list) else b""
    payload = part.get_payload(decode=True)
    return payload if isinstance(payload, bytes) else b""


def _write_body(body: EmailMessage, draft: Draft) -> None:
    if body.get_content_type() == "text/html":
        html.load(_text(body), draft)
    else:
        plain.write_text(_text(body), draft)


def _attachments(message: EmailMessage) -> Iterator[EmailMessage]:
    return (part for part in _leaves(message) if _is_attachment(part))


def _write_attachment(part: EmailMessage, draft: Draft) -> None:
    """Attachments of a message that is itself attached are only named."""
    name = one_line(part.get_filename() or _forwarded_name(part))
    if draft.nested:
        draft.warn(f"The attachment {name} of an attached message was not read: load it by itself.")
        return
    try:
        attached = load_bytes(_bytes(part), name, draft.limits, nested=True)
    except LoadError as error:
        if error.reason == "too_much_text":
            raise
        draft.warn(f"The attachment {name} was not read. {error}")
        return
    draft.heading(1, name)
    draft.insert(attached.blocks)
    draft.warnings.extend(attached.warnings)


def _forwarded_name(part: EmailMessage) -> str:
    return "message.eml" if part.get_content_maintype() == "message" else "attachment"
