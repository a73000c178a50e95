"""Retrieval on XQuAD, Spanish and English, through the real store: `python -m benchmarks retrieval`.

Every paragraph is a document; its rank is that of its best chunk. `benchmarks.xquad` says where the data set is looked for.
"""

from __future__ import annotations

import hashlib
import json
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from assistant.config import Settings
from assistant.retriever import HybridRetriever
from benchmarks.xquad import LANGUAGES, xquad_folder
from ingest.chunker import chunk_document
from ingest.embedder import make_embedder
from ingest.store import IndexedDocument, Store
from ingest.text import query_terms
from ingest.types import Block, Document, Embedder, Hit

METHODS = ("full text", "dense", "reciprocal rank fusion", "min-max, half each", "hybrid (the product)")
RRF_CONSTANT = 60
"""Cormack, Clarke and Büttcher 2009."""


@dataclass(frozen=True, slots=True)
class Ask:
    """A question and the source of the paragraph that answers it."""

    text: str
    source: str


@dataclass(frozen=True, slots=True)
class Scores:
    """Shares of questions whose paragraph came first or among the first five, and the mean reciprocal rank among ten."""

    recall_1: float
    recall_5: float
    mrr: float


def load(folder: Path, language: str) -> tuple[list[Document], list[Ask]]:
    data = json.loads((folder / f"xquad.{language}.json").read_text(encoding="utf-8"))["data"]
    paragraphs = [paragraph for article in data for paragraph in article["paragraphs"]]
    documents = [_document(number, paragraph["context"]) for number, paragraph in enumerate(paragraphs)]
    asks = [Ask(qa["question"], str(number)) for number, paragraph in enumerate(paragraphs) for qa in paragraph["qas"]]
    return documents, asks


def _document(number: int, text: str) -> Document:
    return Document(str(number), hashlib.sha256(text.encode()).hexdigest(), "text/plain", "", (Block(text),))


def index(store: Store, embedder: Embedder, settings: Settings, collection: str, documents: Sequence[Document]) -> None:
    """Chunks, embeds and publishes the documents as an ingest would."""
    store.ensure_collection(collection, embedder, settings.chunking)
    chunks = [chunk_document(document, embedder, settings.chunking) for document in documents]
    vectors = embedder.embed_passages([chunk.embedding_text for own in chunks for chunk in own])
    items, first = [], 0
    for document, own in zip(documents, chunks, strict=True):
        items.append(IndexedDocument(document, own, vectors[first : first + len(own)]))
        first += len(own)
    store.replace_many(collection, items)


def evaluate(store: Store, embedder: Embedder, settings: Settings, collection: str, asks: Sequence[Ask]) -> Scores:
    """The product's own retriever."""
    retriever = HybridRetriever(store, embedder, [collection], settings.retrieval, top_k=20)
    return _scores([_rank([hit.stored.source for hit in retriever.search(ask.text).hits], ask) for ask in asks])


def evaluate_others(store: Store, embedder: Embedder, settings: Settings, collection: str, asks: Sequence[Ask]) -> list[Scores]:
    """Each leg alone, and two other fusions, in the order of METHODS."""
    n = settings.retrieval.candidates
    ranks: list[list[int | None]] = []
    for ask in asks:
        lexical = store.lexical([collection], query_terms(ask.text), n)
        dense = store.dense([collection], embedder.embed_query(ask.text), n)
        rankings = (_order(lexical), _order(dense), _rrf(dense, lexical), _half_each(dense, lexical))
        ranks.append([_rank(_sources(store, ids[:20]), ask) for ids in rankings])
    return [_scores(list(column)) for column in zip(*ranks, strict=True)]


def _order(hits: Sequence[Hit]) -> list[str]:
    return [hit.chunk_id for hit in hits]


def _sources(store: Store, ids: Sequence[str]) -> list[str]:
    return [chunk.source for chunk in store.chunks(ids)]


def _rrf(*legs: Sequence[Hit]) -> list[str]:
    scores: dict[str, float] = {}
    for leg in legs:
        for rank, hit in enumerate(leg, 1):
            scores[hit.chunk_id] = scores.get(hit.chunk_id, 0.0) + 1 / (RRF_CONSTANT + rank)
    return sorted(scores, key=lambda key: -scores[key])


def _half_each(*legs: Sequence[Hit]) -> list[str]:
    scores: dict[str, float] = {}
    for leg in legs:
        low, high = min((h.score for h in leg), default=0.0), max((h.score for h in leg), default=0.0)
        for hit in leg:
            scores[hit.chunk_id] = scores.get(hit.chunk_id, 0.0) + (hit.score - low) / ((high - low) or 1.0)
    return sorted(scores, key=lambda key: -scores[key])


def _rank(sources: Sequence[str], ask: Ask) -> int | None:
    unique = list(dict.fromkeys(sources))
    return unique.index(ask.source) + 1 if ask.source in unique else None


def _scores(ranks: Sequence[int | None]) -> Scores:
    found = [rank for rank in ranks if rank is not None]
    first, five = (sum(rank <= most for rank in found) / len(ranks) for most in (1, 5))
    return Scores(first, five, sum(1 / rank for rank in found if rank <= 10) / len(ranks))


def main(arguments: Sequence[str] = ()) -> None:
    folder = xquad_folder()
    if folder is None:
        print("XQuAD is not here: put xquad.es.json and xquad.en.json into a folder and name it with MIDAS_XQUAD.")
        return
    settings = Settings.load()
    embedder = make_embedder(settings)
    print(f"{embedder.name}, recall@1 / recall@5 / MRR\n\n| language | {' | '.join(METHODS)} |\n|---|{'---|' * len(METHODS)}")
    for language in LANGUAGES:
        with tempfile.TemporaryDirectory() as home, _store(settings, Path(home), embedder) as store:
            print(_row(store, embedder, settings, folder, language), flush=True)


def _store(settings: Settings, home: Path, embedder: Embedder) -> Store:
    return Store.open(settings.model_copy(update={"home": home}), embedder)


def _row(store: Store, embedder: Embedder, settings: Settings, folder: Path, language: str) -> str:
    documents, asks = load(folder, language)
    index(store, embedder, settings, f"xquad-{language}", documents)
    others = evaluate_others(store, embedder, settings, f"xquad-{language}", asks)
    cells = [*others, evaluate(store, embedder, settings, f"xquad-{language}", asks)]
    return f"| {language} | " + " | ".join(f"{s.recall_1:.3f} / {s.recall_5:.3f} / {s.mrr:.3f}" for s in cells) + " |"
