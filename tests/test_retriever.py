"""Hybrid retrieval through a real store."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Any

import pytest

from assistant.config import RetrievalSettings, Settings
from assistant.fusion import fuse, with_letters, without_near_duplicates
from assistant.reranker import cross_encoder
from assistant.retriever import HybridRetriever, RetrievedChunk, foreign, hit_of
from ingest.chunker import chunk_document
from ingest.errors import CollectionNotFound, MissingExtra
from ingest.store import Store
from ingest.types import Block, Chunk, Document, Filter, Hit, StoredChunk, document_id
from tests.embedders import HashingEmbedder

EMBEDDER = HashingEmbedder(dimension=512)
FILLERS = {
    f"acta-{n}.txt": f"Acta número {n}: la dirección revisa el presupuesto y aprueba la partida {7 * n}." for n in range(30)
}
TEXTS = FILLERS | {
    "vacaciones.txt": "La plantilla tiene 25 días de vacaciones al año y los disfruta antes de enero.",
    "vacaciones-copia.txt": "La plantilla tiene 25 días de vacaciones al año y los disfruta antes de enero.",
    "vacaciones-2022.txt": "La plantilla tiene 23 días de vacaciones al año y los disfruta antes de enero.",
    "viajes.txt": "El kilometraje en vehículo propio se paga a 0,26 euros por kilómetro.",
    "caudal.txt": "El caudalímetro MX-200 mide hasta 1.250,50 litros por minuto.",
    "canteen.txt": "The canteen is open on working days and lunch is served in the main building.",
}


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Store]:
    settings = Settings(home=tmp_path_factory.mktemp("home"))
    with Store.open(settings, EMBEDDER) as opened:
        opened.ensure_collection("docs", EMBEDDER, settings.chunking)
        opened.ensure_collection("empty", EMBEDDER, settings.chunking)
        for source, text in TEXTS.items():
            document = Document(
                source, source, "text/plain", "", (Block(text),), date="2024-01-01" if "2022" in source else None
            )
            chunks = chunk_document(document, EMBEDDER, settings.chunking)
            opened.replace("docs", document, chunks, EMBEDDER.embed_passages([chunk.embedding_text for chunk in chunks]))
        yield opened


def _sources(hits: Sequence[RetrievedChunk]) -> list[str]:
    return [hit.stored.source for hit in hits]


def test_search_gives_scores_of_both_legs_and_timings(store: Store) -> None:
    result = HybridRetriever(store, EMBEDDER, ["docs"]).search("¿Cuántos días de vacaciones tengo?")
    assert result.hits[0].stored.source.startswith("vacaciones")
    assert all(0 <= hit.score <= 1 for hit in result.hits)
    assert [hit.score for hit in result.hits] == sorted((hit.score for hit in result.hits), reverse=True)
    assert result.hits[0].lexical is not None and result.hits[0].dense is not None
    assert set(result.timings) == {"embed_ms", "dense_ms", "lexical_ms", "fuse_ms"}


@pytest.mark.parametrize("query", ["mx200", "caudalimetro", "1250,5 litros", "¿hasta cuánto mide el MX 200?"])
def test_codes_accents_and_numbers_are_found(store: Store, query: str) -> None:
    assert HybridRetriever(store, EMBEDDER, ["docs"]).search(query).hits[0].stored.source == "caudal.txt"


def test_copies_appear_once_and_versions_with_other_figures_stay(store: Store) -> None:
    found = _sources(HybridRetriever(store, EMBEDDER, ["docs"]).search("días de vacaciones").hits)
    assert len({"vacaciones.txt", "vacaciones-copia.txt"} & set(found)) == 1
    assert "vacaciones-2022.txt" in found


def test_filters_and_limits_pass_through(store: Store) -> None:
    only = Filter(documents=(document_id("viajes.txt"),))
    assert _sources(HybridRetriever(store, EMBEDDER, ["docs"], filter=only).search("vacaciones").hits) == ["viajes.txt"]
    english = HybridRetriever(store, EMBEDDER, ["docs"], filter=Filter(languages=("en",))).search("vacaciones").hits
    assert _sources(english) == ["canteen.txt"]
    assert len(HybridRetriever(store, EMBEDDER, ["docs"], top_k=2).search("vacaciones").hits) == 2


def test_a_document_replaced_during_the_search_is_found_in_its_new_version(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    def publish(text: str) -> None:
        document = Document("tren.txt", text, "text/plain", "", (Block(text),))
        chunks = chunk_document(document, EMBEDDER, Settings().chunking)
        store.replace("moving", document, chunks, EMBEDDER.embed_passages([chunk.embedding_text for chunk in chunks]))

    def overtaken(*arguments: Any) -> dict[str, float]:
        monkeypatch.undo()
        publish("El tren sale a las nueve.")
        return store.bm25(*arguments)

    store.ensure_collection("moving", EMBEDDER, Settings().chunking)
    publish("El tren sale a las ocho.")
    monkeypatch.setattr(store, "bm25", overtaken)
    hits = HybridRetriever(store, EMBEDDER, ["moving"]).search("¿A qué hora sale el tren?").hits
    assert [hit.stored.chunk.text for hit in hits] == ["El tren sale a las nueve."]


@pytest.mark.parametrize("query", ["", "¿?", "zzzz"])
def test_questions_without_known_words_do_not_fail(store: Store, query: str) -> None:
    assert all(hit.lexical is None for hit in HybridRetriever(store, EMBEDDER, ["docs"]).search(query).hits)


def test_an_empty_collection_gives_nothing_and_a_missing_one_an_error(store: Store) -> None:
    result = HybridRetriever(store, EMBEDDER, ["empty"]).search("vacaciones")
    assert result.hits == ()
    with pytest.raises(CollectionNotFound):
        HybridRetriever(store, EMBEDDER, ["nothing"]).search("vacaciones")


def test_nodes_carry_their_hits(store: Store) -> None:
    retriever = HybridRetriever(store, EMBEDDER, ["docs"])
    nodes = retriever.retrieve("kilometraje")
    again = asyncio.run(retriever.aretrieve("kilometraje"))
    assert [node.node_id for node in nodes] == [node.node_id for node in again]
    assert hit_of(nodes[0]).stored.source == nodes[0].metadata["document"] == "viajes.txt"
    assert set(retriever.timings) == {"embed_ms", "dense_ms", "lexical_ms", "fuse_ms"}


class ShortestFirst:
    def rerank(self, query: str, hits: Sequence[RetrievedChunk]) -> list[RetrievedChunk]:
        ranked = sorted(hits, key=lambda hit: len(hit.stored.chunk.text))
        return [replace(hit, score=1 / rank) for rank, hit in enumerate(ranked, 1)]


def test_a_reranker_decides_the_order(store: Store) -> None:
    result = HybridRetriever(store, EMBEDDER, ["docs"], top_k=1, reranker=ShortestFirst()).search("vacaciones")
    assert _sources(result.hits) == ["caudal.txt"] and "rerank_ms" in result.timings


def test_a_reranker_without_its_package_says_what_to_install(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "sentence_transformers", None)
    with pytest.raises(MissingExtra) as error:
        HybridRetriever(store, EMBEDDER, ["docs"], RetrievalSettings(reranker="no-such-model"))
    assert error.value.message == (
        "Reranking needs the package sentence-transformers, which is not installed: run pip install 'midas-assistant[hf]'."
    )
    cross_encoder.cache_clear()


def test_fusion_standardises_both_legs() -> None:
    scores = fuse({"a": 0.9, "b": 0.8, "c": 0.8}, {"b": 30.0, "a": 10.0}, alpha=0.5)
    assert max(scores.values()) == 1 and min(scores.values()) == scores["c"] == 0
    assert list(fuse({"a": 0.9, "b": 0.8}, {}, 0.7)) == ["a", "b"]
    assert fuse({}, {}, 0.5) == {}
    assert fuse({"a": 0.5}, {}, 0.5) == {"a": 1.0}


def test_fusion_does_not_hold_another_language_against_a_passage() -> None:
    dense, lexical = {"es": 0.86, "en": 0.85, "other": 0.80}, {"es": 12.0}
    assert max(fuse(dense, lexical, 0.7).items(), key=lambda item: item[1])[0] == "es"
    foreign = fuse(dense, lexical, 0.7, {"en"})
    assert foreign["en"] > foreign["other"] and foreign["en"] > fuse(dense, lexical, 0.7)["en"]


@pytest.mark.parametrize(
    ("query", "others"),
    [
        ("How many days of holidays do I have?", {"es"}),
        ("¿Cuántos días de vacaciones tengo al año?", {"en"}),
        ("vacaciones 2026", set()),
        ("Wie viele Tage Urlaub habe ich im Jahr, bitte sehr?", set()),
    ],
)
def test_only_passages_beside_some_in_the_language_of_the_question_are_foreign(query: str, others: set[str]) -> None:
    assert foreign(query, [Hit("es", 0.9, "es"), Hit("en", 0.8, "en")]) == others


def test_hits_know_their_language(store: Store) -> None:
    [vector] = EMBEDDER.embed_passages(["The canteen is open on working days"])
    by_language = {hit.language for hit in store.dense(["docs"], vector, 50)}
    assert by_language == {"es", "en"} == {hit.language for hit in store.lexical(["docs"], ["open", "vacacion"], 50)} | {"es"}


def _stored(name: str, text: str) -> StoredChunk:
    return StoredChunk(name, "docs", name, name, "", None, None, Chunk(0, text, 0, len(text)))


def test_letters_reach_forms_that_stems_miss() -> None:
    chunks = [_stored("a", "Normas sobre el aparcamiento"), _stored("b", "Normas sobre la teleasistencia")]
    scores = with_letters("asistencia", chunks, {"a": 0.5, "b": 0.5})
    assert scores["b"] > scores["a"] and 0 <= scores["a"] <= scores["b"] <= 1


def test_near_duplicates_keep_the_first() -> None:
    chunks = [_stored("a", "uno dos tres"), _stored("b", "Uno  dos tres"), _stored("c", "uno dos tres 4"), _stored("d", "otro")]
    assert [chunk.id for chunk in without_near_duplicates(chunks, 3)] == ["a", "c", "d"]
