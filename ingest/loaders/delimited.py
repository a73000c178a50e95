"""CSV and TSV -> one table."""

from __future__ import annotations

import csv
import io
from collections import Counter
from collections.abc import Iterator
from itertools import islice

from ingest.loaders.draft import Draft

_DELIMITERS = "\t;,|"
_SAMPLE_ROWS = 20


def load(text: str, draft: Draft) -> None:
    csv.field_size_limit(draft.limits.text_chars)
    draft.table(list(_rows(text, sniff_delimiter(text[:8192]) or ",")))


def sniff_delimiter(head: str, *, sure: bool = False) -> str:
    """The delimiter that splits the first rows most evenly, '' if none does.

    `sure` asks for three rows and the same width in all of them, as nothing else says that this is a table.
    """
    lines = head.splitlines()
    sample = "\n".join(lines[:-1] if len(lines) > _SAMPLE_ROWS else lines)
    best = max(_DELIMITERS, key=lambda delimiter: _evenness(sample, delimiter))
    share, width, rows = _evenness(sample, best)
    if sure and (share < 1 or rows < 3 or (best == "," and width < 3)):
        return ""
    return best if share >= 0.5 else ""


def _evenness(sample: str, delimiter: str) -> tuple[float, int, int]:
    """(share of the rows that have the usual width, that width, number of rows); a width of one counts as none."""
    try:
        widths = [len(row) for row in islice(_rows(sample, delimiter), _SAMPLE_ROWS) if row]
    except csv.Error:
        return 0.0, 0, 0
    if not widths:
        return 0.0, 0, 0
    width, count = Counter(widths).most_common(1)[0]
    return (count / len(widths) if width > 1 else 0.0), width, len(widths)


def _rows(text: str, delimiter: str) -> Iterator[list[str]]:
    return csv.reader(io.StringIO(text.replace("\x00", ""), newline=""), delimiter=delimiter)
