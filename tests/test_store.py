"""The store: what a search sees, filters, replacement, deletion, generations, recovery."""

from __future__ import annotations

import hashlib
import sqlite3
import threading
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from ingest.config import ChunkingSettings, IngestSettings
from ingest.database import MIGRATIONS
from ingest.errors import CollectionMismatch, CollectionNotFound, ConfigError, DocumentNotFound, StoreError
from ingest.store import IndexedDocument, Store
from ingest.text import query_terms
from ingest.types import Block, Chunk, Document, Filter, Hit, Vectors
from tests.embedders import HashingEmbedder

EMBEDDER = HashingEmbedder()
CHUNKING = ChunkingSettings()
UNFILTERED = Filter()


@pytest.fixture
def settings(tmp_path: Path) -> IngestSettings:
    return IngestSettings(home=tmp_path / "home")


@pytest.fixture
def store(settings: IngestSettings) -> Iterator[Store]:
    with Store.open(settings, EMBEDDER) as opened:
        opened.ensure_collection("docs", EMBEDDER, CHUNKING)
        yield opened


def indexed(source: str, *texts: str, language: str = "es", date: str | None = None) -> IndexedDocument:
    """A document of one block and one chunk a text."""
    blocks = tuple(Block(text, page=number + 1, headings=("Normas",)) for number, text in enumerate(texts))
    sha256 = hashlib.sha256("".join(texts).encode()).hexdigest()
    document = Document(source, sha256, "text/plain", f"Título de {source}", blocks, "page", date, ("Aviso.",))
    chunks, start = [], 0
    for ordinal, text in enumerate(texts):
        chunks.append(
            Chunk(
                ordinal,
                text,
                start,
                start + len(text),
                page=ordinal + 1,
                page_end=ordinal + 1,
                headings=("Normas",),
                language=language,
            )
        )
        start += len(text) + 2
    vectors = EMBEDDER.embed_passages([chunk.text for chunk in chunks])
    return IndexedDocument(document, chunks, vectors)


def put(store: Store, item: IndexedDocument, collection: str = "docs") -> str:
    store.replace(collection, item.document, item.chunks, item.vectors)
    return item.document.id


def dense_texts(
    store: Store, query: str, n: int = 3, filter: Filter = UNFILTERED, collections: tuple[str, ...] = ("docs",)
) -> list[str]:
    hits = store.dense(collections, EMBEDDER.embed_query(query), n, filter)
    return [stored.chunk.text for stored in store.chunks([hit.chunk_id for hit in hits])]


def lexical_texts(
    store: Store, query: str, n: int = 3, filter: Filter = UNFILTERED, collections: tuple[str, ...] = ("docs",)
) -> list[str]:
    hits = store.lexical(collections, query_terms(query), n, filter)
    return [stored.chunk.text for stored in store.chunks([hit.chunk_id for hit in hits])]


def leftover_rows(store: Store) -> int:
    with store.database.read() as connection:
        count: int = connection.execute("SELECT count(*) FROM leftovers").fetchone()[0]
    return count


def vector_count(store: Store, collection: str = "docs") -> int:
    return store.vectors.count(store.collection(collection).generation)


def test_both_legs_find_the_chunk_and_give_it_back_whole(store: Store) -> None:
    put(store, indexed("viajes/dietas.txt", "La dieta nacional es de 45 euros.", "El kilometraje se paga a 0,26 euros."))
    put(store, indexed("ti.txt", "Las contraseñas caducan a los 90 días."))
    dense = store.dense(["docs"], EMBEDDER.embed_query("la dieta nacional"), 1)
    lexical = store.lexical(["docs"], query_terms("¿Cuánto es la DIETA?"), 5)
    assert dense[0].chunk_id == lexical[0].chunk_id
    assert -1 <= dense[0].score <= 1 and lexical[0].score > 0
    stored = store.chunks([dense[0].chunk_id])[0]
    assert (stored.collection, stored.source, stored.title) == ("docs", "viajes/dietas.txt", "Título de viajes/dietas.txt")
    assert stored.page_unit == "page"
    assert stored.chunk == indexed("viajes/dietas.txt", "La dieta nacional es de 45 euros.").chunks[0]


def test_lexical_ignores_accents_inflection_and_query_syntax(store: Store) -> None:
    put(store, indexed("a.txt", "Política de contraseñas: caducan cada año."))
    for query in ("politicas", "CONTRASEÑA", 'contrasena" OR "*', "body:contraseñas NEAR(x"):
        assert lexical_texts(store, query), query
    assert store.lexical(["docs"], ['"', ""], 3) == []
    assert store.lexical(["docs"], [], 3) == []


def test_dense_scores_are_cosines_and_sorted(store: Store) -> None:
    texts = [f"norma {number} sobre tema {number % 7}" for number in range(40)]
    put(store, indexed("a.txt", *texts))
    query = EMBEDDER.embed_query("norma 3 tema 3")
    hits = store.dense(["docs"], query, 10)
    expected = np.sort(EMBEDDER.embed_passages(texts) @ query)[::-1][:10]
    assert np.allclose([hit.score for hit in hits], expected, atol=1e-5)


@pytest.mark.parametrize("n", [1, 7, 300, 1000])
def test_dense_returns_exactly_n_when_n_exist(store: Store, n: int) -> None:
    put(store, indexed("a.txt", *(f"texto {number}" for number in range(400))))
    put(store, indexed("a.txt", *(f"nuevo {number}" for number in range(400))))
    assert len(store.dense(["docs"], EMBEDDER.embed_query("texto 5"), n)) == min(n, 400)


def test_dense_returns_exactly_n_past_vectors_that_are_not_visible(store: Store) -> None:
    put(store, indexed("a.txt", *(f"visible {number}" for number in range(20))))
    query = EMBEDDER.embed_query("oculto")
    generation = store.collection("docs").generation
    hidden = [f"docs/{'0' * 20}/999/{number}" for number in range(600)]
    store.vectors.upsert(generation, hidden, np.tile(query, (600, 1)))
    hits = store.dense(["docs"], query, 10)
    assert len(hits) == 10
    assert not {hit.chunk_id for hit in hits} & set(hidden)


def test_replace_hides_the_old_version_everywhere(store: Store) -> None:
    document = put(store, indexed("a.txt", "La dieta es de 40 euros.", "Segundo párrafo."))
    old = store.lexical(["docs"], query_terms("dieta"), 1)[0].chunk_id
    put(store, indexed("a.txt", "La dieta es de 45 euros."))
    assert dense_texts(store, "dieta") == lexical_texts(store, "dieta") == ["La dieta es de 45 euros."]
    assert store.chunks([old]) == []
    assert store.document_text("docs", document) == "La dieta es de 45 euros."
    assert vector_count(store) == 1 and leftover_rows(store) == 0
    info = store.collection("docs")
    assert (info.documents, info.chunks) == (1, 1)


def test_filters_restrict_both_legs(store: Store) -> None:
    first = put(store, indexed("a.txt", "dieta alfa", date="2024-05-01"))
    put(store, indexed("b.txt", "dieta beta", date="2025-05-01T10:00:00"))
    put(store, indexed("c.txt", "dieta gamma", language="en"))
    cases = {
        Filter(documents=(first,)): {"dieta alfa"},
        Filter(languages=("en",)): {"dieta gamma"},
        Filter(date_from="2025-01-01"): {"dieta beta"},
        Filter(date_to="2025-05-01"): {"dieta alfa", "dieta beta"},
        Filter(date_from="2024-05-01", date_to="2024-12-31", languages=("es",)): {"dieta alfa"},
        Filter(documents=("unknown",)): set(),
    }
    for filter, expected in cases.items():
        assert set(dense_texts(store, "dieta", filter=filter)) == expected
        assert set(lexical_texts(store, "dieta", filter=filter)) == expected


def test_dense_filter_over_many_chunks_returns_exactly_n(store: Store) -> None:
    put(store, indexed("es.txt", *(f"dieta {number}" for number in range(900))))
    put(store, indexed("en.txt", *(f"allowance {number}" for number in range(300)), language="en"))
    hits = store.dense(["docs"], EMBEDDER.embed_query("dieta 7"), 20, Filter(languages=("en",)))
    assert len(hits) == 20
    assert {stored.source for stored in store.chunks([hit.chunk_id for hit in hits])} == {"en.txt"}


def test_a_search_stays_in_its_collections(store: Store) -> None:
    store.ensure_collection("secret", EMBEDDER, CHUNKING)
    put(store, indexed("a.txt", "dieta pública"))
    put(store, indexed("a.txt", "dieta secreta"), "secret")
    assert dense_texts(store, "dieta") == lexical_texts(store, "dieta") == ["dieta pública"]
    both = ("docs", "secret")
    assert set(dense_texts(store, "dieta", collections=both)) == {"dieta pública", "dieta secreta"}
    assert set(lexical_texts(store, "dieta", collections=both)) == {"dieta pública", "dieta secreta"}
    assert store.dense([], EMBEDDER.embed_query("dieta"), 3) == store.lexical([], ["diet"], 3) == []


def test_chunks_keeps_the_order_asked_for_and_leaves_out_the_unknown(store: Store) -> None:
    put(store, indexed("a.txt", "uno", "dos"))
    ids = [hit.chunk_id for hit in store.dense(["docs"], EMBEDDER.embed_query("uno dos"), 2)]
    wanted = [ids[1], "docs/x/1/0", "a/b", ids[0], "docs/x/9223372036854775808/0"]
    assert [stored.id for stored in store.chunks(wanted)] == [ids[1], ids[0]]


def test_stored_document_is_the_document(store: Store) -> None:
    item = indexed("a.txt", "uno", "dos\n\ncon línea en blanco", "")
    put(store, item)
    assert store.stored_document("docs", item.document.id).document == item.document


def test_delete_document_leaves_nothing(store: Store) -> None:
    document = put(store, indexed("a.txt", "uno"))
    store.delete_document("docs", document)
    assert store.documents("docs") == [] and dense_texts(store, "uno") == lexical_texts(store, "uno") == []
    assert vector_count(store) == 0 and leftover_rows(store) == 0
    with pytest.raises(DocumentNotFound):
        store.delete_document("docs", document)
    with pytest.raises(DocumentNotFound):
        store.document_text("docs", document)


def test_a_document_without_chunks_is_kept(store: Store) -> None:
    document = Document("a.txt", "0" * 64, "text/plain", "A", ())
    store.replace("docs", document, [], np.zeros((0, EMBEDDER.dimension), np.float32))
    assert store.document("docs", document.id).chunks == 0
    assert store.document_text("docs", document.id) == ""


def test_delete_collection_leaves_nothing(store: Store) -> None:
    put(store, indexed("a.txt", "uno"))
    store.delete_collection("docs")
    assert store.collections() == [] and store.vectors.generations() == set()
    with store.database.read() as connection:
        for table in ("collections", "generations", "documents", "texts", "chunks", "leftovers", "staged", "readers"):
            assert connection.execute(f"SELECT count(*) FROM {table}").fetchone()[0] == 0, table
        assert not connection.execute("SELECT name FROM sqlite_schema WHERE name LIKE 'fulltext%'").fetchall()


def test_unknown_collection_lists_the_valid_ones(store: Store) -> None:
    with pytest.raises(CollectionNotFound) as caught:
        store.dense(["dosc"], EMBEDDER.embed_query("x"), 1)
    assert str(caught.value) == "There is no collection 'dosc': did you mean 'docs'? The collections are docs."
    store.delete_collection("docs")
    with pytest.raises(CollectionNotFound) as caught:
        store.collection("docs")
    assert str(caught.value) == "There is no collection 'docs', nor any other: run `midas ingest PATH --collection docs`."


@pytest.mark.parametrize("name", ["", "a b", "a/b", "-x", "x" * 64, "../x"])
def test_a_name_that_cannot_name_a_collection(store: Store, name: str) -> None:
    with pytest.raises(ConfigError, match="can't name a collection"):
        store.ensure_collection(name, EMBEDDER, CHUNKING)


def test_mismatch_names_both_and_the_cure(store: Store) -> None:
    with pytest.raises(CollectionMismatch) as caught:
        store.ensure_collection("docs", HashingEmbedder(32, "other"), ChunkingSettings(tokens=100))
    assert str(caught.value) == (
        "Collection docs was built with hashing (64 dimensions, chunks of 220 tokens), the settings ask for"
        " other (32 dimensions, chunks of 100 tokens): run `midas reindex docs` or set them back."
    )
    with pytest.raises(CollectionMismatch, match="midas reindex docs"):
        store.dense(["docs"], HashingEmbedder(32).embed_query("x"), 1)
    store.embedder = HashingEmbedder(64, "other")
    with pytest.raises(CollectionMismatch, match="hashing .* other"):
        store.dense(["docs"], EMBEDDER.embed_query("x"), 1)


def test_a_collection_is_private_from_when_it_is_marked_until_it_is_deleted(settings: IngestSettings) -> None:
    with Store.open(settings, EMBEDDER) as store:
        for name in ("docs", "rrhh"):
            store.ensure_collection(name, EMBEDDER, CHUNKING)
        assert [info.private for info in store.collections()] == [False, False]
        store.set_private("rrhh", True)
    with Store.open(settings, EMBEDDER) as store:
        assert {info.name: info.private for info in store.collections()} == {"docs": False, "rrhh": True}
        generation = store.begin_generation(EMBEDDER, CHUNKING)
        assert store.switch("rrhh", generation)
        assert store.collection("rrhh").private, "building it anew changes nothing about it"
        store.set_private("rrhh", False)
        assert not store.collection("rrhh").private
        store.set_private("rrhh", True)
        store.delete_collection("rrhh")
        assert not store.ensure_collection("rrhh", EMBEDDER, CHUNKING).private
        with pytest.raises(CollectionNotFound, match="The collections are docs, rrhh"):
            store.set_private("nobody", True)


def test_collections_of_an_older_database_are_not_private(settings: IngestSettings) -> None:
    settings.home.mkdir(parents=True)
    with sqlite3.connect(settings.home / "midas.db") as connection:
        connection.executescript(f"{MIGRATIONS[0]}; {MIGRATIONS[1]}; PRAGMA user_version=2")
        connection.execute(
            "INSERT INTO generations (id, embedder, dimension, chunk_tokens) VALUES (1, ?, ?, ?)",
            (EMBEDDER.name, EMBEDDER.dimension, CHUNKING.tokens),
        )
        connection.execute("INSERT INTO collections (name, created_at, generation) VALUES ('old', '2026-01-01', 1)")
    connection.close()
    with Store.open(settings, EMBEDDER) as store:
        assert not store.collection("old").private


def test_vectors_that_do_not_fit_are_refused(store: Store) -> None:
    item = indexed("a.txt", "uno")
    with pytest.raises(StoreError, match="don't fit"):
        store.replace("docs", item.document, item.chunks, np.zeros((2, EMBEDDER.dimension), np.float32))
    assert store.documents("docs") == []


def test_a_full_disk_is_one_sentence_and_undoes_the_transaction(store: Store) -> None:
    put(store, indexed("a.txt", "viejo"))
    with store.database.write() as connection:
        pages = connection.execute("PRAGMA page_count").fetchone()[0]
        connection.execute(f"PRAGMA max_page_count = {pages}")
    with pytest.raises(StoreError, match="midas.db can't be used .*full.*: check free disk space"):
        put(store, indexed("a.txt", *(f"nuevo {number} {'palabra ' * 200}" for number in range(50))))
    assert dense_texts(store, "viejo") == lexical_texts(store, "viejo") == ["viejo"]
    with store.database.write() as connection:
        connection.execute("PRAGMA max_page_count = 1000000")
    put(store, indexed("a.txt", "nuevo"))
    assert lexical_texts(store, "nuevo") == ["nuevo"]


def test_a_statement_that_fails_while_reading_is_one_sentence(store: Store) -> None:
    with pytest.raises(StoreError, match="midas.db can't be used"), store.database.read() as connection:
        connection.execute("SELECT * FROM nowhere")


def test_everything_is_there_after_opening_again(settings: IngestSettings) -> None:
    with Store.open(settings, EMBEDDER) as store:
        store.ensure_collection("docs", EMBEDDER, CHUNKING)
        put(store, indexed("a.txt", "uno", "dos"))
        before = (store.collections(), store.documents("docs"), dense_texts(store, "uno"), lexical_texts(store, "dos"))
    with Store.open(settings, EMBEDDER) as store:
        assert (store.collections(), store.documents("docs"), dense_texts(store, "uno"), lexical_texts(store, "dos")) == before


def test_open_removes_vectors_that_were_written_and_never_published(
    settings: IngestSettings, monkeypatch: pytest.MonkeyPatch
) -> None:
    with Store.open(settings, EMBEDDER) as store:
        store.ensure_collection("docs", EMBEDDER, CHUNKING)
        put(store, indexed("a.txt", "viejo"))
        with monkeypatch.context() as patch:
            patch.setattr("ingest.store._publish", _power_cut)
            with pytest.raises(KeyboardInterrupt):
                put(store, indexed("a.txt", "nuevo", "más"))
        assert vector_count(store) == 3 and leftover_rows(store) == 1
        assert dense_texts(store, "nuevo más") == ["viejo"]
    with Store.open(settings, EMBEDDER) as store:
        assert vector_count(store) == 1 and leftover_rows(store) == 0
        assert dense_texts(store, "nuevo") == lexical_texts(store, "viejo") == ["viejo"]


def test_open_removes_old_vectors_that_a_crash_left(settings: IngestSettings, monkeypatch: pytest.MonkeyPatch) -> None:
    with Store.open(settings, EMBEDDER) as store:
        store.ensure_collection("docs", EMBEDDER, CHUNKING)
        put(store, indexed("a.txt", "viejo", "más"))
        with monkeypatch.context() as patch:
            patch.setattr(store, "_sweep", _power_cut)
            with pytest.raises(KeyboardInterrupt):
                put(store, indexed("a.txt", "nuevo"))
        assert vector_count(store) == 3
        assert dense_texts(store, "viejo más") == ["nuevo"]
    with Store.open(settings, EMBEDDER) as store:
        assert vector_count(store) == 1 and leftover_rows(store) == 0
        assert dense_texts(store, "viejo") == ["nuevo"]


def _power_cut(*args: object) -> None:
    raise KeyboardInterrupt


def test_a_crash_while_a_duplicate_inherits_loses_nothing(settings: IngestSettings, monkeypatch: pytest.MonkeyPatch) -> None:
    with Store.open(settings, EMBEDDER) as store:
        store.ensure_collection("docs", EMBEDDER, CHUNKING)
        original = indexed("a.txt", "casa", "perro")
        put(store, original)
        assert store.record_duplicate("docs", "b.txt", original.document.sha256, "a.txt", None)
        assert not store.record_duplicate("docs", "c.txt", "0", "a.txt", None)
        with monkeypatch.context() as patch:
            patch.setattr("ingest.store.follow", _power_cut)
            with pytest.raises(KeyboardInterrupt):
                store.delete_document("docs", original.document.id)
        assert vector_count(store) == 4
    with Store.open(settings, EMBEDDER) as store:
        assert vector_count(store) == 2 and leftover_rows(store) == 0
        store.delete_document("docs", original.document.id)
        assert vector_count(store) == 2 and leftover_rows(store) == 0
        (row,) = store.documents("docs")
        assert (row.source, row.state, row.title) == ("b.txt", "ready", "Título de a.txt")
        assert store.stored_document("docs", row.document_id).document.blocks == original.document.blocks
        hits = store.dense(["docs"], EMBEDDER.embed_query("casa"), 2)
        assert [found.chunk for found in store.chunks([hit.chunk_id for hit in hits])] == list(original.chunks)
        assert hits[0].score == pytest.approx(1, abs=1e-5)


def test_a_new_generation_serves_only_after_the_switch(store: Store) -> None:
    document = put(store, indexed("a.txt", "casa", "perro"))
    gone = put(store, indexed("b.txt", "gato"))
    other = HashingEmbedder(32, "other")
    generation = store.begin_generation(other, ChunkingSettings(tokens=100))
    assert store.unstaged("docs", generation) == sorted([document, gone])
    for key in (document, gone):
        stored = store.stored_document("docs", key)
        chunk = Chunk(0, stored.document.text, 0, len(stored.document.text))
        item = IndexedDocument(stored.document, [chunk], other.embed_passages([chunk.text]))
        store.stage("docs", generation, [item], [stored.version])
    assert sorted(lexical_texts(store, "casa perro gato")) == ["casa", "gato", "perro"]
    store.delete_document("docs", gone)
    assert store.switch("docs", generation)
    store.embedder = other
    assert lexical_texts(store, "casa gato") == ["casa\n\nperro"]
    assert len(store.dense(["docs"], other.embed_query("casa"), 3)) == 1
    assert store.vectors.generations() == {generation} and leftover_rows(store) == 0
    assert vector_count(store) == 1
    assert store.ensure_collection("docs", other, ChunkingSettings(tokens=100)).chunks == 1


@pytest.mark.parametrize("moment", ["before", "after"])
def test_a_search_that_a_switch_overtakes_starts_again(store: Store, monkeypatch: pytest.MonkeyPatch, moment: str) -> None:
    document = put(store, indexed("a.txt", "casa", "perro"))
    generation = store.begin_generation(EMBEDDER, CHUNKING)
    store.stage("docs", generation, [indexed("a.txt", "casa", "perro")], [store.stored_document("docs", document).version])
    query = store.vectors.query

    def overtaken(index: int, vector: Vectors, n: int) -> list[Hit]:
        monkeypatch.undo()
        found = query(index, vector, n) if moment == "after" else None
        assert store.switch("docs", generation)
        return query(index, vector, n) if found is None else found

    monkeypatch.setattr(store.vectors, "query", overtaken)
    assert dense_texts(store, "casa", 2) == ["casa", "perro"]
    assert store.collection("docs").generation == generation


def test_the_switch_waits_for_documents_published_meanwhile(store: Store) -> None:
    document = put(store, indexed("a.txt", "viejo"))
    generation = store.begin_generation(EMBEDDER, CHUNKING)
    old = store.stored_document("docs", document)
    store.stage("docs", generation, [indexed("a.txt", "viejo")], [old.version])
    put(store, indexed("a.txt", "nuevo"))
    assert not store.switch("docs", generation)
    assert store.unstaged("docs", generation) == [document]
    store.stage("docs", generation, [indexed("a.txt", "nuevo")], [store.stored_document("docs", document).version])
    assert store.switch("docs", generation)
    assert dense_texts(store, "viejo") == lexical_texts(store, "nuevo") == ["nuevo"]
    assert vector_count(store) == 1


def test_open_deletes_a_generation_that_was_never_switched_to(settings: IngestSettings) -> None:
    with Store.open(settings, EMBEDDER) as store:
        store.ensure_collection("docs", EMBEDDER, CHUNKING)
        document = put(store, indexed("a.txt", "casa"))
        generation = store.begin_generation(EMBEDDER, CHUNKING)
        store.stage("docs", generation, [indexed("a.txt", "casa")], [store.stored_document("docs", document).version])
        assert len(store.vectors.generations()) == 2
    with Store.open(settings, EMBEDDER) as store:
        assert store.vectors.generations() == {store.collection("docs").generation}
        assert dense_texts(store, "casa") == lexical_texts(store, "casa") == ["casa"]


def test_a_search_never_sees_half_a_document_or_two_versions(store: Store) -> None:
    """Each version has ten chunks that name it; whatever one look-up returns must be of one version."""
    stop, seen = threading.Event(), []

    def search() -> None:
        query = EMBEDDER.embed_query("versión palabra")
        while not stop.is_set():
            hits = store.dense(["docs"], query, 50)
            versions = {hit.chunk_id.split("/")[2] for hit in hits}
            seen.append((len(hits), len(versions)))
            lexical = store.lexical(["docs"], query_terms("palabra"), 50)
            seen.append((len(lexical), len({hit.chunk_id.split("/")[2] for hit in lexical})))

    put(store, indexed("a.txt", *(f"versión 0 palabra {number}" for number in range(10))))
    thread = threading.Thread(target=search)
    thread.start()
    for version in range(1, 30):
        put(store, indexed("a.txt", *(f"versión {version} palabra {number}" for number in range(10))))
    stop.set()
    thread.join()
    assert len(seen) > 10
    assert set(seen) == {(10, 1)}
