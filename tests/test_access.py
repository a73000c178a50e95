"""What a person may not read does not exist for them: not in results, scores, errors, notices, nor in the work that is done."""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from assistant.access import ALL, EVERYONE, Access
from assistant.assistant import Assistant
from assistant.backends import Backends
from assistant.config import Settings
from assistant.errors import CollectionIsPrivate
from assistant.retriever import HybridRetriever
from assistant.types import Answer, Message
from ingest.chunker import chunk_document
from ingest.config import ChunkingSettings
from ingest.database import MIGRATIONS
from ingest.errors import CollectionNotFound
from ingest.store import IndexedDocument, Store
from ingest.text import query_terms
from ingest.types import Block, Document, Filter, document_id
from tests.embedders import HashingEmbedder
from tests.fake_openai import FakeOpenAI, running
from tests.work import least_steps

EMBEDDER = HashingEmbedder(dimension=256)
HIDDEN = {f"nomina-{n}.txt": f"La nómina secreta {n} suma {1000 + n} euros de dieta y sueldo." for n in range(40)}
OWN = {f"acta-{n}.txt": f"Acta {n}: la dieta del taller suma {n} euros." for n in range(12)} | {
    "dieta.txt": "La dieta completa en España es de 53,34 euros por día."
}
SHARED = {f"norma-{n}.txt": f"Norma {n}: el taller abre a las ocho y la dieta no cambia." for n in range(6)}
QUESTION = "¿Cuánto es la dieta completa en España?"
B = Access(frozenset({"taller", EVERYONE}))
A = Access(frozenset({"nóminas", EVERYONE}))


def publish(store: Store, collection: str, texts: dict[str, str], groups: Sequence[str] = ()) -> None:
    store.ensure_collection(collection, EMBEDDER, ChunkingSettings())
    store.set_groups(collection, groups)
    items = []
    for source, text in texts.items():
        document = Document(source, source, "text/plain", source, (Block(text),))
        chunks = chunk_document(document, EMBEDDER, ChunkingSettings())
        vectors = EMBEDDER.embed_passages([chunk.embedding_text for chunk in chunks])
        items.append(IndexedDocument(document, chunks, vectors))
    store.replace_many(collection, items)


def opened(home: Path, *, hidden: bool) -> Store:
    """The collections of B and of everyone, with or without that of A, whose documents come first, between and last."""
    store = Store.open(Settings(home=home), EMBEDDER)
    halves = list(HIDDEN.items())
    if hidden:
        publish(store, "finanzas", dict(halves[:20]), ["nóminas"])
    publish(store, "taller", OWN, ["taller"])
    if hidden:
        publish(store, "finanzas", dict(halves[20:]), ["nóminas"])
        store.set_private("finanzas", True)
    publish(store, "normas", SHARED, [EVERYONE])
    return store


@pytest.fixture(scope="module")
def worlds(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Store, Store]]:
    """With the collection that B may not read, and without it."""
    home = tmp_path_factory.mktemp("worlds")
    with opened(home / "with", hidden=True) as full, opened(home / "without", hidden=False) as bare:
        yield full, bare


def retriever(store: Store, access: Access, names: Sequence[str] | None = None, **options: Any) -> HybridRetriever:
    return HybridRetriever(store, EMBEDDER, store.names(names, access.readers), access=access, **options)


@pytest.mark.parametrize("names", [["taller"], None], ids=["one collection", "all that B reads"])
def test_hits_and_scores_are_the_same_to_the_bit_whatever_others_have(
    worlds: tuple[Store, Store], names: list[str] | None
) -> None:
    for query in (QUESTION, "dieta", "nómina secreta sueldo", "acta 3 taller", "norma"):
        found, alone = (retriever(store, B, names).search(query).hits for store in worlds)
        assert found == alone
        assert all(hit.stored.collection in ("taller", "normas") for hit in found)
    assert any(hit.lexical for hit in retriever(worlds[0], B, names).search("dieta").hits)


Look = Callable[[Store], object]
LOOKS: dict[str, Look] = {
    "search": lambda store: retriever(store, B).search(QUESTION).hits,
    "search of the hidden words": lambda store: retriever(store, B).search("nómina secreta sueldo").hits,
    "filter by a hidden document": lambda store: (
        retriever(store, B, filter=Filter(documents=(document_id("nomina-1.txt"),))).search("nómina").hits
    ),
    "collections": lambda store: [replace(info, id=0, generation=0, created_at="") for info in store.collections(B.readers)],
    "a hidden collection": lambda store: refusal(store, "finanzas"),
    "a hidden collection, misspelt": lambda store: refusal(store, "finanzs"),
    "a hidden chunk": lambda store: store.chunks([f"finanzas/{document_id('nomina-1.txt')}/2/0"], B.readers),
    "cosines of a hidden chunk": lambda store: store.cosines(
        ["taller"], EMBEDDER.embed_query("nómina"), [f"finanzas/{document_id('nomina-1.txt')}/2/0"]
    ),
    "bm25 of a hidden chunk": lambda store: store.bm25(
        ["taller"], query_terms("nómina"), [f"finanzas/{document_id('nomina-1.txt')}/2/0"]
    ),
}


def refusal(store: Store, name: str) -> str:
    with pytest.raises(CollectionNotFound) as error:
        retriever(store, B, [name])
    return error.value.message


@pytest.mark.parametrize("name", LOOKS)
def test_looking_at_what_is_hidden_gives_and_costs_the_same_as_if_it_were_not_there(
    worlds: tuple[Store, Store], name: str
) -> None:
    look = LOOKS[name]
    found, alone = (look(store) for store in worlds)
    assert found == alone and "secreta" not in str(found)
    there, nowhere = (least_steps(store.database, partial(look, store)) for store in worlds)
    assert there == nowhere > 0


def test_a_hidden_name_and_one_that_never_was_are_told_and_cost_alike(worlds: tuple[Store, Store]) -> None:
    told = []
    for name in ("finanzas", "finanzzz"):
        steps = least_steps(worlds[0].database, partial(refusal, worlds[0], name))
        told.append((refusal(worlds[0], name).replace(name, "…"), steps))
    assert told[0] == told[1]
    assert told[0][0] == "There is no collection '…': The collections are normas, taller."


def test_who_reads_nothing_is_told_whom_to_ask(worlds: tuple[Store, Store]) -> None:
    nobody = Access(frozenset({"visitas"}))
    assert worlds[0].collections(nobody.readers) == [] and retriever(worlds[0], nobody).search("dieta").hits == ()
    with pytest.raises(CollectionNotFound, match="'taller', nor any other: ask an admin to share one with you."):
        retriever(worlds[0], nobody, ["taller"])


def test_chunks_are_given_to_those_who_may_read_them(worlds: tuple[Store, Store]) -> None:
    store = worlds[0]
    [hit, *_] = retriever(store, ALL, ["finanzas"]).search("nómina").hits
    assert store.chunks([hit.stored.id], A.readers) == store.chunks([hit.stored.id]) != []
    assert store.chunks([hit.stored.id], B.readers) == []


def test_groups_of_others_are_not_told(worlds: tuple[Store, Store]) -> None:
    store = worlds[0]
    store.set_groups("normas", [EVERYONE, "nóminas", "taller"])
    assert store.collection("normas").groups == (EVERYONE, "nóminas", "taller")
    assert store.collection("normas", B.readers).groups == (EVERYONE, "taller")
    store.set_groups("normas", [EVERYONE])


def test_a_collection_that_is_taken_away_is_out_of_reach_of_a_search_that_was_prepared(worlds: tuple[Store, Store]) -> None:
    store = worlds[0]
    prepared = retriever(store, B)
    store.set_groups("taller", [])
    with pytest.raises(CollectionNotFound):
        prepared.search("dieta")
    store.set_groups("taller", ["taller"])
    assert prepared.search("dieta").hits


def test_copies_in_a_hidden_collection_replace_nothing(worlds: tuple[Store, Store]) -> None:
    store = worlds[0]
    publish(store, "espejo", {"dieta.txt": OWN["dieta.txt"]}, ["nóminas"])
    [first, *_] = retriever(store, B).search(QUESTION).hits
    assert (first.stored.collection, first.stored.source) == ("taller", "dieta.txt")
    store.delete_collection("espejo")


def test_a_collection_made_anew_is_shared_with_nobody(worlds: tuple[Store, Store]) -> None:
    store = worlds[0]
    publish(store, "efímera", {"a.txt": "Una nota."}, ["taller", EVERYONE])
    store.describe("efímera", " Notas sueltas. ")
    before = store.collection("efímera", B.readers)
    assert (before.description, before.documents) == ("Notas sueltas.", 1)
    store.delete_collection("efímera")
    publish(store, "efímera", {"b.txt": "Otra nota."})
    again = store.collection("efímera")
    assert again.id != before.id and (again.groups, again.description) == ((), "")
    with pytest.raises(CollectionNotFound):
        store.collection("efímera", B.readers)
    store.delete_collection("efímera")


def test_versions_tell_nothing_about_other_collections(worlds: tuple[Store, Store]) -> None:
    versions = [[row.version for row in store.documents("taller")] for store in worlds]
    assert versions[0] == versions[1] and sorted(version or 0 for version in versions[0]) == list(range(1, len(OWN) + 1))


def test_small_and_large_collections_compare(worlds: tuple[Store, Store]) -> None:
    """Of words that are as rare in each, none is worth more for being in the larger collection."""
    store = worlds[0]
    publish(store, "pequeña", {"x.txt": "El zarzal azul."})
    publish(store, "grande", {f"{n}.txt": f"Papel {n} sin más." for n in range(50)} | {"y.txt": "El zarzal rojo."})
    hits = {hit.chunk_id.split("/")[0]: hit.score for hit in store.lexical(["pequeña", "grande"], query_terms("zarzal"), 5)}
    assert hits["pequeña"] == pytest.approx(hits["grande"], rel=0.15)
    ids = [hit.chunk_id for hit in store.lexical(["pequeña", "grande"], query_terms("zarzal azul"), 5)]
    listed = {hit.chunk_id: hit.score for hit in store.lexical(["pequeña", "grande"], query_terms("zarzal azul"), 5)}
    assert store.bm25(["pequeña", "grande"], query_terms("zarzal azul"), ids) == pytest.approx(listed)
    for name in ("pequeña", "grande"):
        store.delete_collection(name)


# Answers


@pytest.fixture(scope="module")
def assistant(worlds: tuple[Store, Store]) -> Iterator[tuple[Assistant, FakeOpenAI]]:
    with running(FakeOpenAI()) as fake:
        section = {"kind": "openai-compatible", "model": fake.model, "base_url": fake.url}
        named = {"scripted": section, "cloudy": {**section, "cloud": True}}
        settings = Settings(home=worlds[0].settings.home, backends=named, default_backend="scripted")
        backends = Backends(settings)
        fake.reply = lambda messages: "La dieta completa en España es de 53,34 euros por día."
        yield Assistant(settings, worlds[0], EMBEDDER, backends), fake
        backends.close()


def ask(assistant: Assistant, question: str, **options: Any) -> Answer:
    return asyncio.run(assistant.ask(question, **options))


def test_an_answer_draws_on_nothing_else(assistant: tuple[Assistant, FakeOpenAI]) -> None:
    answer = ask(assistant[0], QUESTION, access=B)
    assert answer.collections == ("normas", "taller") and answer.citations
    assert {source.collection for source in answer.sources} <= {"normas", "taller"}
    assert "nómina" not in str(assistant[1].requests[-1])
    declined = ask(assistant[0], "¿Cuánto suma la nómina secreta 7?", access=B)
    assert "nomina" not in str(declined) and {source.collection for source in declined.sources} <= {"normas", "taller"}
    assert [passage.stored.collection for passage in assistant[0].search("nómina", access=A).hits][0] == "finanzas"


def test_asking_for_a_hidden_collection_is_refused_as_for_one_that_never_was(assistant: tuple[Assistant, FakeOpenAI]) -> None:
    works: list[Callable[[str], object]] = [
        lambda name: ask(assistant[0], QUESTION, collections=[name], access=B),
        lambda name: asyncio.run(assistant[0].find(QUESTION, collections=[name], access=B)),
        lambda name: assistant[0].search(QUESTION, [name], access=B),
        lambda name: ask(assistant[0], QUESTION, collections=["taller", name], backend="cloudy", access=B),
    ]
    for work in works:
        told = []
        for name in ("finanzas", "finanzzz"):
            with pytest.raises(CollectionNotFound) as error:
                work(name)
            told.append(error.value.message.replace(name, "…"))
        assert told[0] == told[1]


def test_what_was_found_for_one_person_answers_no_other(assistant: tuple[Assistant, FakeOpenAI]) -> None:
    async def answered(access: Access) -> None:
        found = await assistant[0].find("¿Cuánto suma la nómina secreta 7?", access=A)
        async for _ in assistant[0].stream("¿Cuánto suma la nómina secreta 7?", found=found, access=access):
            pass

    asyncio.run(answered(A))
    with pytest.raises(CollectionNotFound):
        asyncio.run(answered(B))


def test_earlier_turns_about_what_is_hidden_are_dropped_without_a_word(assistant: tuple[Assistant, FakeOpenAI]) -> None:
    for name in ("finanzas", "never-was"):
        history = [
            Message("user", "¿Cuánto suma la nómina secreta 7?", (name,)),
            Message("assistant", "La nómina secreta 7 suma 1007 euros.", (name,)),
        ]
        answer = ask(assistant[0], "¿Y la dieta completa en España?", history=history, access=B)
        assert "1007" not in str(assistant[1].requests[-1]) and answer.notices == ()
        assert answer.question == "¿Y la dieta completa en España?"


def test_turns_of_unknown_origin_do_not_tell_that_others_have_private_collections(
    assistant: tuple[Assistant, FakeOpenAI],
) -> None:
    history = [Message("user", "¿Qué es una dieta?"), Message("assistant", "Lo que se paga por día.")]
    options = {"history": history, "backend": "cloudy"}
    assert ask(assistant[0], "¿Y la completa en España?", access=B, **options).notices == ()
    with pytest.raises(CollectionIsPrivate):
        ask(assistant[0], "¿Y la completa en España?", access=ALL, **options)
    told = ask(assistant[0], "¿Y la completa en España?", collections=["taller"], access=ALL, **options).notices
    assert len(told) == 1


# Older data directories


def test_the_shared_full_text_of_an_older_directory_is_divided(tmp_path: Path) -> None:
    """As Midas wrote it before: one table, a row's scope its generation. Nothing but the database is read."""
    settings = Settings(home=tmp_path / "home")
    expected = _written_as_before(settings)
    with Store.open(settings, EMBEDDER) as store:
        for name in ("uno", "dos"):
            assert store.lexical([name], query_terms("casa perro"), 5) == expected[name]
            assert store.collection(name).groups == ()
        with store.database.read() as connection:
            assert not connection.execute("SELECT 1 FROM sqlite_schema WHERE name = 'fulltext'").fetchall()
        publish(store, "uno", {"c.txt": "Un perro nuevo."})
        versions = [row.version or 0 for row in store.documents("uno")]
        assert len(set(versions)) == len(versions) and max(versions) > 9


def _written_as_before(settings: Settings) -> dict[str, list[Any]]:
    """Puts a database in the old form in the place of that of a new directory. Returns what searches find in it."""
    with Store.open(settings, EMBEDDER) as store:
        publish(store, "uno", {"a.txt": "La casa roja.", "b.txt": "El perro y la casa."})
        publish(store, "dos", {"a.txt": "Una casa de madera."})
        expected = {name: store.lexical([name], query_terms("casa perro"), 5) for name in ("uno", "dos")}
    settings.home.joinpath("midas.db").rename(settings.home / "new.db")
    with sqlite3.connect(settings.home / "midas.db", isolation_level=None) as connection:
        connection.executescript("; ".join(MIGRATIONS[:3]) + "; PRAGMA user_version = 3; DELETE FROM installation")  # type: ignore[arg-type]
        connection.execute("ATTACH ? AS new", (str(settings.home / "new.db"),))
        for table in ("installation", "generations", "collections", "documents", "texts", "chunks"):
            columns = ", ".join(f'"{row[1]}"' for row in connection.execute(f"PRAGMA main.table_info({table})").fetchall())
            connection.execute(f"INSERT INTO main.{table} ({columns}) SELECT {columns} FROM new.{table}")
        connection.execute("INSERT INTO leftovers VALUES (9, 'uno', 1, 'gone', 0)")
        for (generation,) in connection.execute("SELECT id FROM generations").fetchall():
            connection.execute(
                "INSERT INTO main.fulltext (rowid, scope, headings, body)"
                f" SELECT rowid, 'g{generation}', headings, body FROM new.fulltext_{generation}"
            )
    connection.close()
    return expected
