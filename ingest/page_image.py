"""Draws one page of a PDF and marks quotes on it. Runs in the sandbox's process (`ingest.parse_worker`)."""

from __future__ import annotations

import hashlib
import io
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pypdfium2 as pdfium
from numpy.typing import NDArray
from pypdfium2 import raw

from ingest.errors import LoadError
from ingest.quotes import find_quote, letters

SCALE = 1.5
"""Pixels a point: an A4 page becomes 893 x 1263 pixels."""
LONGEST_PX = 2400
"""Posters and plans are drawn smaller, stamps no larger than `SCALE` makes them."""
TINT = np.array([0.45, 0.92, 1.0])
"""What marked paper keeps of blue, green and red: yellow, under letters that stay black."""
MARGIN = 1.0
"""Points around the letters."""
MOST_CHARS = 100_000
"""Characters of a page that quotes are looked for in."""


def draw_page(path: Path, sha256: str, number: int, quotes: Sequence[str]) -> bytes:
    """PNG. Raises LoadError when there is no such page, the file has changed or is no PDF that can be drawn."""
    data = _read(path)
    if hashlib.sha256(data).hexdigest() != sha256:
        raise LoadError("changed", "The file has changed since it was read: ask an admin to load it again.")
    document = pdfium.PdfDocument(data)
    try:
        if not 1 <= number <= len(document):
            raise LoadError("no_page", f"The document has {len(document)} pages, there is no page {number}.")
        return _draw(document[number - 1], quotes)
    finally:
        document.close()


def _read(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise LoadError(
            "unreadable", "The file is not where it was read from any more: ask an admin to load it again."
        ) from error


def _draw(page: pdfium.PdfPage, quotes: Sequence[str]) -> bytes:
    longest = max(page.get_size())
    bitmap = page.render(scale=min(SCALE, LONGEST_PX / max(longest, 1.0)))
    for box in _boxes(page, quotes):
        _mark(bitmap, page, box)
    file = io.BytesIO()
    bitmap.to_pil().save(file, "PNG", compress_level=6)
    return file.getvalue()


Box = tuple[float, float, float, float]


def _boxes(page: pdfium.PdfPage, quotes: Sequence[str]) -> list[Box]:
    """Left, bottom, right, top in points, a box for each line or part of a line."""
    if not quotes:
        return []
    text = page.get_textpage()
    chars = (chr(raw.FPDFText_GetUnicode(text, index)) for index in range(min(text.count_chars(), MOST_CHARS)))
    page_letters, places = letters("".join(chars))
    boxes: list[Box] = []
    for quote in quotes:
        for start, end in find_quote(quote, page_letters, places):
            boxes += [text.get_rect(index) for index in range(text.count_rects(start, end - start))]
    return boxes


def _mark(bitmap: pdfium.PdfBitmap, page: pdfium.PdfPage, box: Box) -> None:
    place = bitmap.get_posconv(page)
    corners = [place.to_bitmap(x, y) for x, y in ((box[0] - MARGIN, box[1] - MARGIN), (box[2] + MARGIN, box[3] + MARGIN))]
    (left, right), (top, bottom) = (sorted(values) for values in zip(*corners, strict=True))
    pixels: NDArray[np.uint8] = bitmap.to_numpy()[max(top, 0) : max(bottom, 0), max(left, 0) : max(right, 0), :3]
    np.minimum(pixels, (TINT * 255).astype(np.uint8), out=pixels)
