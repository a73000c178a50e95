"""Whether the documents bear out what a question says of them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from eval.questions import Reference
from eval.words import says
from ingest.types import Document

if TYPE_CHECKING:
    from ingest.store import Store


def pages_with(document: Document, quote: str) -> list[int]:
    """The pages that say the quote, in order; none where the format has no pages."""
    pages = sorted({block.page for block in document.blocks if block.page is not None})
    return [page for page in pages if says(_page_text(document, page), quote)]


def stored_documents(store: Store, collections: Sequence[str]) -> dict[str, Document]:
    """The documents that are served, by source. Raises CollectionNotFound."""
    return {
        row.source: store.stored_document(name, row.document_id).document
        for name in collections
        for row in store.documents(name)
        if row.served
    }


def wrong_reference(reference: Reference, documents: Mapping[str, Document]) -> str | None:
    """What is wrong with a reference, as a sentence; None when the documents bear it out."""
    from assistant.backends.common.kinds import choices

    document = documents.get(reference.document)
    if document is None:
        return f"There is no document {reference.document!r}: {choices(reference.document, documents)}"
    pages = {block.page for block in document.blocks}
    if reference.page is not None and reference.page not in pages:
        return f"{reference.document} has no page {reference.page}: correct the page."
    return _wrong_quote(reference, document) if reference.quote else None


def _wrong_quote(reference: Reference, document: Document) -> str | None:
    quote = reference.quote or ""
    text = document.text if reference.page is None else _page_text(document, reference.page)
    if says(text, quote):
        return None
    if elsewhere := pages_with(document, quote):
        return (
            f"The quote is not on page {reference.page} of {reference.document} but on page {elsewhere[0]}: correct the page."
        )
    return f"{reference.document} does not say “{quote}”: copy the words as they stand there."


def _page_text(document: Document, page: int) -> str:
    return " ".join(block.text for block in document.blocks if block.page == page)
