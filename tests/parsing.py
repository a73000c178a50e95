"""Files are parsed in the test's own process where the sandbox is not the point: starting its process takes a second."""

from __future__ import annotations

from concurrent.futures import Future
from pathlib import Path

import pytest

from ingest import ingestion
from ingest.config import IngestLimits
from ingest.errors import LoadError
from ingest.loaders import load_file
from ingest.types import Document


class ParserHere:
    """As `ingest.sandbox.ParserPool`."""

    def __init__(self, limits: IngestLimits) -> None:
        self._limits = limits

    def submit(self, path: Path, source: str) -> Future[Document]:
        future: Future[Document] = Future()
        try:
            future.set_result(load_file(path, source, self._limits))
        except LoadError as error:
            future.set_exception(error)
        return future

    def close(self) -> None:
        return None


def parse_here(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(ingestion, "ParserPool", ParserHere)
