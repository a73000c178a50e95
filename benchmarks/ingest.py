"""End-to-end ingest rate against the embedder's raw rate on the same chunks: `python -m benchmarks.ingest [FOLDER]`.

The documents (default: the sample corpus) are ingested into a new data directory: parsing, chunking, embedding, both indexes.
Then the same chunks are embedded in one call. Prints both rates and their ratio.
"""

from __future__ import annotations

import argparse
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from ingest.config import IngestSettings
from ingest.embedder import make_embedder
from ingest.pipeline import IngestReport, ingest
from ingest.store import Store
from ingest.types import Embedder

CORPUS = Path(__file__).parent.parent / "corpora" / "midas" / "documents"


@dataclass(frozen=True, slots=True)
class IngestRate:
    """Chunks a second, end to end and of the embedder alone."""

    report: IngestReport
    chunks_per_s: float
    raw_chunks_per_s: float

    @property
    def ratio(self) -> float:
        return self.chunks_per_s / self.raw_chunks_per_s


def measure(folder: Path, embedder: Embedder) -> IngestRate:
    """The embedder runs once before, so that neither rate pays for its start."""
    embedder.embed_passages(["calentamiento"])
    with tempfile.TemporaryDirectory() as home:
        settings = IngestSettings.load(home=Path(home))
        with Store.open(settings, embedder) as store:
            report = ingest(store, embedder, settings, [folder], "rate")
            texts = embedding_texts(store)
    began = time.perf_counter()
    embedder.embed_passages(texts)
    return IngestRate(report, report.chunks / report.seconds, len(texts) / (time.perf_counter() - began))


def embedding_texts(store: Store) -> Sequence[str]:
    keys = [
        f"rate/{row.document_id}/{row.version}/{ordinal}" for row in store.documents("rate") for ordinal in range(row.chunks)
    ]
    return [stored.chunk.embedding_text for stored in store.chunks(keys)]


def main(arguments: Sequence[str] = ()) -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path, nargs="?", default=CORPUS)
    folder = parser.parse_args(list(arguments)).folder
    rate = measure(folder, make_embedder(IngestSettings.load()))
    report = rate.report
    print(
        f"{report.added} documents, {report.chunks} chunks, {report.failed} failed, {report.seconds:.1f} s"
        f" (embedding {report.embedding_s:.1f} s)\n"
        f"ingest {rate.chunks_per_s:.1f} chunks/s, embedder alone {rate.raw_chunks_per_s:.1f} chunks/s: {rate.ratio:.0%}"
    )


if __name__ == "__main__":
    main()
