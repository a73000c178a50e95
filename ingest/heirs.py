"""What becomes of a served version when its document goes or changes: a duplicate of the document inherits it.

A duplicate has no text of its own, and the copy of an uploaded file is not kept: the version is all that is left of it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace

from ingest.catalog import Catalog, DocumentRow
from ingest.types import Document, title_from


@dataclass(frozen=True, slots=True)
class Heir:
    """`row` has the bytes of `original`, whose served version goes. It is a duplicate, or serves them already."""

    row: DocumentRow
    original: DocumentRow

    def document(self, original: Document) -> Document:
        """The original's document under the heir's source; a title made from one source is made from the other."""
        title = title_from(self.row.source) if original.title == title_from(original.source) else original.title
        return replace(original, source=self.row.source, title=title)


def find_heirs(catalog: Catalog, incoming: Mapping[str, str]) -> Iterator[Heir]:
    """An heir of each version that goes and has one.

    `incoming` maps the sources of documents that change to the SHA-256 of what they hold next, empty for nothing.
    """
    for source, sha256 in incoming.items():
        original = catalog.by_source(source)
        if original and original.served and original.sha256 != sha256:
            rows = (row for row in catalog.with_bytes_of(original) if row.source not in incoming)
            if row := next(rows, None):
                yield Heir(row, original)


def follow(catalog: Catalog, heir: Heir) -> None:
    """The other duplicates of the original become the heir's."""
    for row in catalog.with_bytes_of(heir.original):
        if row.duplicate_of == heir.original.source and row.source != heir.row.source:
            catalog.put_duplicate(row.source, row.sha256, heir.row.source, row.file)
