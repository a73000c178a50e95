"""What a question costs besides embedding and the model, at 20,000 chunks: `python -m benchmarks.overhead`.

Text is made of Spanish-looking words as frequent as real ones; vectors lie in narrow clusters around a common direction.
Prints p50 and p95 of each stage in milliseconds (`cpu_ms` is processor time, little changed by other load), and the dense leg's
recall@10 against comparing all vectors.
"""

from __future__ import annotations

import argparse
import hashlib
import random
import tempfile
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from assistant.config import RetrievalSettings
from assistant.context import select_evidence
from assistant.retriever import HybridRetriever
from ingest.config import ChunkingSettings, IngestSettings
from ingest.store import IndexedDocument, Store
from ingest.types import Block, Chunk, Document, Vectors

COLLECTION = "overhead"
CHUNKS_A_DOCUMENT = 20
DIMENSION = 384
_STOP = ("de", "la", "que", "el", "en", "los", "se", "del", "las", "por", "un", "para", "con", "una", "su", "al")
_SYLLABLES = "ba be bi bo ca ce ci co cu da de di do du fa fe ga go la le li lo lu ma me mi mo na ne no pa pe po ra re ri ro sa se si so ta te ti to tu va ve vi".split()  # noqa: E501


@dataclass
class SyntheticEmbedder:
    """Gives out vectors made beforehand."""

    queries: dict[str, Vectors]
    name: str = "synthetic"
    dimension: int = DIMENSION
    max_tokens: int = 512

    def embed_passages(self, texts: Sequence[str]) -> Vectors:
        raise NotImplementedError

    def embed_query(self, text: str) -> Vectors:
        return self.queries[text]

    def count_tokens(self, texts: Sequence[str]) -> list[int]:
        return [len(text.split()) for text in texts]


def vocabulary(chance: random.Random, size: int = 30_000) -> list[str]:
    return ["".join(chance.choices(_SYLLABLES, k=chance.randint(2, 5))) for _ in range(size)]


def passages(chance: random.Random, words: Sequence[str], count: int) -> Iterator[str]:
    """Eight sentences of sixteen words: half of them stop words, the others as frequent as Zipf-Mandelbrot's law says.

    The most frequent content word then stands in every fourth passage.
    """
    weights = 1 / (np.arange(len(words)) + 30.0)
    state = np.random.default_rng(chance.randrange(2**32))
    numbers = state.choice(len(words), (count, 8, 8), p=weights / weights.sum())
    for passage in numbers:
        pairs = ((f"{chance.choice(_STOP)} {words[number]}" for number in sentence) for sentence in passage)
        yield " ".join(f"{' '.join(sentence).capitalize()}." for sentence in pairs)


def vectors(count: int, seed: int = 0) -> Vectors:
    """Unit vectors: 500 clusters in a subspace of 64 dimensions around a common direction, a little noise in all dimensions."""
    random_state = np.random.default_rng(seed)
    basis = random_state.normal(size=(64, DIMENSION)) / 8
    centres = random_state.normal(size=(500, 64))
    inner = centres[random_state.integers(0, 500, count)] + 0.7 * random_state.normal(size=(count, 64))
    common = random_state.normal(size=DIMENSION)
    rows = 6.5 * common / np.linalg.norm(common) * 2 + inner @ basis / 2 + 0.05 * random_state.normal(size=(count, DIMENSION))
    return np.asarray(rows / np.linalg.norm(rows, axis=1, keepdims=True), dtype=np.float32)


def documents(texts: Sequence[str], embedded: Vectors) -> Iterator[IndexedDocument]:
    for first in range(0, len(texts), CHUNKS_A_DOCUMENT):
        part = texts[first : first + CHUNKS_A_DOCUMENT]
        blocks = tuple(Block(text) for text in part)
        sha256 = hashlib.sha256(part[0].encode()).hexdigest()
        document = Document(f"{first:06}.txt", sha256, "text/plain", part[0][:40], blocks)
        chunks = [Chunk(ordinal, text, 0, len(text), headings=(text[:30],)) for ordinal, text in enumerate(part)]
        yield IndexedDocument(document, chunks, embedded[first : first + len(part)])


def fill(store: Store, embedder: SyntheticEmbedder, texts: Sequence[str], embedded: Vectors) -> None:
    store.ensure_collection(COLLECTION, embedder, ChunkingSettings())
    if store.collection(COLLECTION).chunks == len(texts):
        return
    items = list(documents(texts, embedded))
    for first in range(0, len(items), 50):
        store.replace_many(COLLECTION, items[first : first + 50])


def recall_at_10(store: Store, embedded: Vectors, queries: Vectors) -> float:
    """Share of the ten nearest chunks that the dense leg finds."""
    found = 0
    for query in queries:
        nearest = set(np.argsort(-(embedded @ query))[:10].tolist())
        stored = store.chunks([hit.chunk_id for hit in store.dense([COLLECTION], query, 10)])
        found += len(nearest & {int(hit.source[:6]) + hit.chunk.ordinal for hit in stored})
    return found / (10 * len(queries))


def measure(home: Path, chunks: int, questions: int) -> None:
    chance = random.Random(0)
    words = vocabulary(chance)
    texts, embedded = list(passages(chance, words, chunks)), vectors(chunks)
    asked = chance.sample(range(chunks), questions)
    noise = np.random.default_rng(1).normal(size=(questions, DIMENSION)).astype(np.float32) * 0.01
    queries = embedded[asked] + noise
    queries /= np.linalg.norm(queries, axis=1, keepdims=True)
    texts_asked = [" ".join(chance.sample(texts[number].split(), 9)) for number in asked]
    embedder = SyntheticEmbedder(dict(zip(texts_asked, queries, strict=True)))
    with Store.open(IngestSettings(home=home), embedder) as store:
        began = time.perf_counter()
        fill(store, embedder, texts, embedded)
        print(f"{chunks} chunks stored in {time.perf_counter() - began:.0f} s")
        print(f"recall@10 of the dense leg {recall_at_10(store, embedded, queries):.3f}")
        retriever = HybridRetriever(store, embedder, [COLLECTION], settings=RetrievalSettings())
        report([_question(retriever, text) for text in [*texts_asked[:5], *texts_asked]][5:])


def _question(retriever: HybridRetriever, text: str) -> dict[str, float]:
    began, cpu_began = time.perf_counter(), time.process_time()
    result = retriever.search(text)
    retrieved = time.perf_counter()
    select_evidence(text, result.hits, 450, lambda piece: len(piece) // 4)
    done = time.perf_counter()
    timings = {stage: value for stage, value in result.timings.items() if stage != "embed_ms"}
    cpu_ms = (time.process_time() - cpu_began) * 1e3
    return {**timings, "context_ms": (done - retrieved) * 1e3, "overhead_ms": (done - began) * 1e3, "cpu_ms": cpu_ms}


def report(rows: Sequence[dict[str, float]]) -> None:
    for stage in rows[0]:
        p50, p95 = np.percentile([row[stage] for row in rows], [50, 95])
        print(f"{stage:12} p50 {p50:6.1f}  p95 {p95:6.1f}")


def main(arguments: Sequence[str] = ()) -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--chunks", type=int, default=20_000)
    parser.add_argument("--questions", type=int, default=200)
    parser.add_argument("--home", type=Path, help="keep the index here; default: a temporary folder")
    arguments = parser.parse_args(list(arguments))
    with tempfile.TemporaryDirectory() as folder:
        measure(arguments.home or Path(folder), arguments.chunks, arguments.questions)


if __name__ == "__main__":
    main()
