"""PDF -> headings, paragraphs, lists and tables, page by page.

PDFium reads the text (fast); pdfplumber looks for tables, only on pages that have ruling lines.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

import pypdfium2 as pdfium
from pypdfium2 import raw

from ingest.errors import LoadError
from ingest.loaders.draft import Draft, one_line
from ingest.loaders.pdf_layout import Page, write_pages
from ingest.loaders.pdf_lines import read_lines
from ingest.loaders.pdf_tables import RuledTables

_PDF_DATE = re.compile(r"D?:?(\d{4})(\d{2})(\d{2})")
_POOR_TITLES = re.compile(
    r"untitled|sin t[ií]tulo|\(?anonymous\)?|microsoft (word|powerpoint|excel) - |.*\.(docx?|pptx?|xlsx?|pdf|indd|tmp)$", re.I
)
_PAGES = 20_000
_FORM_DEPTH = 3
_LISTED = 10


def load(data: bytes, draft: Draft) -> None:
    draft.page_unit = "page"
    document = _open(data)
    try:
        _read_metadata(document.get_metadata_dict(), draft)
        pages = _read_pages(document, RuledTables(data), draft)
    finally:
        document.close()
    if not any(page.lines or page.tables for page in pages):
        raise LoadError("no_text", "The file has no text layer (a scan?): run OCR and load it again.")
    _warn_of_scans(pages, draft)
    write_pages(pages, draft)


def _open(data: bytes) -> pdfium.PdfDocument:
    try:
        return pdfium.PdfDocument(data)
    except pdfium.PdfiumError as error:
        if "password" in str(error).lower() or "security" in str(error).lower():
            raise LoadError("encrypted", "The file is encrypted: save it without a password and load it again.") from error
        raise


def _read_metadata(metadata: dict[str, str], draft: Draft) -> None:
    title = one_line(metadata.get("Title", ""))
    draft.title = "" if _POOR_TITLES.match(title) else title
    day = _PDF_DATE.match(metadata.get("ModDate") or metadata.get("CreationDate") or "")
    draft.date = "-".join(day.groups()) if day else None


def _read_pages(document: pdfium.PdfDocument, tables: RuledTables, draft: Draft) -> list[Page]:
    pages: list[Page] = []
    unread: list[int] = []
    chars = 0
    for index in range(min(len(document), _PAGES)):
        try:
            pages.append(_read_page(document[index], index, tables))
        except pdfium.PdfiumError:
            unread.append(index + 1)
            continue
        chars += sum(len(line.text) for line in pages[-1].lines)
        draft.refuse_text(chars)
    if unread and not pages:
        raise LoadError("corrupt", "The file is damaged, none of its pages can be read: get a whole copy and load it again.")
    _warn_of_pages(unread, "Damaged pages that can't be read", "get a whole copy and load it again", draft)
    return pages


def _read_page(page: pdfium.PdfPage, index: int, tables: RuledTables) -> Page:
    try:
        objects = list(page.get_objects(max_depth=_FORM_DEPTH))
        return Page(
            number=index + 1,
            height=page.get_height(),
            lines=read_lines(page),
            tables=tables.find(index, objects),
            has_image=any(item.type == raw.FPDF_PAGEOBJ_IMAGE for item in objects),
        )
    finally:
        page.close()


def _warn_of_scans(pages: Sequence[Page], draft: Draft) -> None:
    scans = [page.number for page in pages if page.has_image and not page.lines and not page.tables]
    _warn_of_pages(scans, "Pages without a text layer (scans?)", "run OCR and load the file again", draft)


def _warn_of_pages(numbers: Sequence[int], what: str, cure: str, draft: Draft) -> None:
    if numbers:
        more = " and others" if len(numbers) > _LISTED else ""
        draft.warn(f"{what}, {', '.join(map(str, numbers[:_LISTED]))}{more}: {cure}.")
