"""The doctor finds damage, names it, and repairs it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from ingest import doctor
from ingest.config import ChunkingSettings, IngestSettings
from ingest.store import Store
from ingest.text import query_terms
from tests.embedders import HashingEmbedder
from tests.test_store import indexed, put

EMBEDDER = HashingEmbedder()


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    with Store.open(IngestSettings(home=tmp_path / "home"), EMBEDDER) as opened:
        opened.ensure_collection("docs", EMBEDDER, ChunkingSettings())
        put(opened, indexed("a.txt", "casa grande", "perro pequeño"))
        put(opened, indexed("b.txt", "gato negro"))
        yield opened


def ids(store: Store) -> list[str]:
    return [hit.chunk_id for hit in store.dense(["docs"], EMBEDDER.embed_query("casa"), 10)]


def repaired(store: Store) -> list[tuple[str, str]]:
    """What the repair reports; the store must be sound afterwards, and no search may miss anything."""
    findings = doctor.repair_store(store, EMBEDDER)
    assert all(finding.repaired for finding in findings)
    assert sound(store)
    assert len(ids(store)) == 3
    for words in ("casa", "perro", "gato"):
        assert len(store.lexical(["docs"], query_terms(words), 9)) == 1
    return [(finding.severity, finding.message) for finding in findings]


def sound(store: Store) -> bool:
    return doctor.check_store(store) == [doctor.Finding("ok", "1 collections with 2 documents and 3 chunks are sound.")]


def test_a_sound_store(store: Store) -> None:
    assert sound(store)


def test_missing_vectors_are_made_anew(store: Store) -> None:
    store.vectors.delete(store.collection("docs").generation, ids(store)[:2])
    message = "docs lacks the vectors of 2 chunks, which only full text finds"
    cure = ": run `midas doctor --repair` with the embedder hashing."
    assert doctor.check_store(store) == [doctor.Finding("error", message + cure)]
    assert doctor.repair_store(store, HashingEmbedder(name="other")) == [doctor.Finding("error", message + cure)]
    assert repaired(store) == [("error", message + ".")]


def test_an_index_that_is_gone_is_made_anew(store: Store) -> None:
    store.vectors.drop(store.collection("docs").generation)
    assert repaired(store) == [("error", "docs lacks the vectors of 3 chunks, which only full text finds.")]


def test_vectors_nobody_knows_are_deleted(store: Store) -> None:
    generation = store.collection("docs").generation
    store.vectors.upsert(generation, ["docs/unknown/9/0"], EMBEDDER.embed_passages(["casa"]))
    store.vectors.create(77)
    assert repaired(store) == [
        ("warning", "Vectors of 0 versions and 1 indexes that nothing uses take space."),
        ("warning", "docs has 1 vectors without a chunk, which take space."),
    ]
    assert store.vectors.generations() == {generation}


def test_full_text_rows_are_made_anew(store: Store) -> None:
    with store.database.write() as connection:
        connection.execute("DELETE FROM fulltext_1 WHERE rowid = (SELECT min(rowid) FROM fulltext_1)")
        connection.execute("INSERT INTO fulltext_1 (rowid, body) VALUES (999, 'casa')")
    assert repaired(store) == [("error", "The full-text index lacks 1 chunks and has 1 too many.")]


def test_a_full_text_table_that_is_gone_is_made_anew(store: Store) -> None:
    with store.database.write() as connection:
        connection.execute("DROP TABLE fulltext_1")
    assert repaired(store) == [("error", "The full-text index lacks 3 chunks and has 0 too many.")]


def test_a_full_text_index_that_lies_is_rebuilt(store: Store) -> None:
    with store.database.write() as connection:
        connection.execute("UPDATE fulltext_1_content SET c1 = 'cas' WHERE id = (SELECT min(id) FROM fulltext_1_content)")
        connection.execute("UPDATE fulltext_1_content SET c1 = 'gat' WHERE id = (SELECT min(id) FROM fulltext_1_content)")
    findings = doctor.repair_store(store, EMBEDDER)
    assert findings == [doctor.Finding("error", "The full-text index doesn't match its rows.", True)]
    assert sound(store)


def test_lost_chunks_are_named(store: Store) -> None:
    with store.database.write() as connection:
        connection.execute("DELETE FROM chunks WHERE text = 'gato negro'")
    messages = [finding.message for finding in doctor.check_store(store)]
    assert "b.txt in docs has lost chunks or text: run `midas documents delete` and ingest it again." in messages


def test_the_doctor_says_that_the_directory_is_in_use(store: Store) -> None:
    findings = doctor.check(store.settings)
    assert "is in use by process" in findings[-1].message and findings[-1].severity == "error"
    assert "models pull" in findings[0].message
