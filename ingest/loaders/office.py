"""What DOCX, PPTX and XLSX share: the document's properties."""

from __future__ import annotations

from datetime import datetime
from typing import Protocol

from ingest.loaders.draft import Draft, one_line

_TEMPLATE_TITLES = frozenset({"powerpoint presentation", "presentación de powerpoint", "word document", "documento de word"})
_LIBRARIES = frozenset({"python-docx", "python-pptx"})


class Properties(Protocol):
    """Core properties, as python-docx, python-pptx and openpyxl give them."""

    title: str | None
    created: datetime | None
    modified: datetime | None


def read_properties(properties: Properties, draft: Draft) -> None:
    """Title and date. A file without properties gets the library's own, dated today: those are no date."""
    title = one_line(properties.title or "")
    draft.title = "" if title.lower() in _TEMPLATE_TITLES else title
    moment = properties.modified or properties.created
    invented = getattr(properties, "last_modified_by", None) in _LIBRARIES
    if isinstance(moment, datetime) and not invented:
        draft.date = moment.date().isoformat()
