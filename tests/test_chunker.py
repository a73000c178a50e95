"""Chunks: invariants on random documents, and the structure they keep."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ingest.chunker import chunk_document
from ingest.config import ChunkingSettings
from ingest.types import Block, BlockKind, Chunk, Document, PageUnit
from tests.embedders import HashingEmbedder

EMBEDDER = HashingEmbedder()
SENTENCE = "La persona responsable aprueba cada solicitud en la aplicación antes del viaje."


def _document(*blocks: Block, title: str = "", page_unit: PageUnit | None = None) -> Document:
    return Document("a.txt", "0" * 64, "text/plain", title, blocks, page_unit)


def _chunks(document: Document, tokens: int = 60) -> list[Chunk]:
    return chunk_document(document, EMBEDDER, ChunkingSettings(tokens=tokens))


def _table(rows: int) -> str:
    return "\n".join(
        ["| Concepto | Importe |", "|---|---|", *(f"| Dieta del país número {n} | {n} euros al día |" for n in range(rows))]
    )


_texts = st.lists(
    st.sampled_from(["La", "casa", "Sr.", "fin.", "¿Qué?", "a:", "x" * 30, "1.250,5", "\n", "- uno", ";"]),
    min_size=1,
    max_size=150,
)
_paths = st.sampled_from([(), ("A",), ("A", "B"), ("A", "C"), ("D",), ("E " * 90,)])


@st.composite
def _blocks(draw: st.DrawFn) -> Block:
    kind: BlockKind = draw(st.sampled_from(["text", "list", "table"]))
    text = _table(draw(st.integers(0, 40))) if kind == "table" else " ".join(draw(_texts))
    return Block(text, kind, draw(st.sampled_from([None, 1, 2])), draw(_paths))


@settings(max_examples=60, deadline=None)
@given(st.lists(_blocks(), max_size=8), st.integers(40, 200), st.sampled_from(["", "Un título"]))
def test_chunks_hold_all_the_text_once_and_fit(blocks: list[Block], tokens: int, title: str) -> None:
    document = _document(*blocks, title=title)
    chunks = _chunks(document, tokens)
    assert [chunk.ordinal for chunk in chunks] == list(range(len(chunks)))
    for chunk in chunks:
        assert chunk.text == chunk.prefix + document.text[chunk.start : chunk.end]
        assert chunk.tokens == EMBEDDER.count_tokens([chunk.embedding_text])[0] <= tokens
        assert chunk.text.strip()
    assert all(first.end <= second.start for first, second in zip(chunks, chunks[1:], strict=False))
    held = "".join(document.text[chunk.start : chunk.end] for chunk in chunks)
    assert "".join(held.split()) == "".join(document.text.split())


def test_no_sentence_is_cut_and_pieces_are_even() -> None:
    chunks = _chunks(_document(Block(" ".join([SENTENCE] * 13))), 60)
    assert len(chunks) == 3
    assert all(chunk.text.endswith("viaje.") and chunk.text.startswith("La persona") for chunk in chunks)
    assert min(chunk.tokens for chunk in chunks) > 40


def test_a_long_table_repeats_its_header() -> None:
    document = _document(Block(_table(30), "table", headings=("Viajes",)))
    first, *others = _chunks(document)
    assert first.prefix == "" and len(others) > 2
    for chunk in others:
        assert chunk.prefix == "| Concepto | Importe |\n|---|---|\n" and chunk.kind == "table"
        assert all(line.startswith("|") and line.endswith("|") for line in chunk.text.splitlines())


def test_a_header_of_many_columns_is_repeated_too() -> None:
    columns = [f"Columna {number}" for number in range(8)]
    header = f"| {' | '.join(columns)} |\n|{'---|' * 8}\n"
    rows = "\n".join(f"| {' | '.join(f'{row}-{n}' for n in range(8))} |" for row in range(20))
    first, *others = _chunks(_document(Block(header + rows, "table")), 120)
    assert others and all(chunk.prefix == header for chunk in others)


def test_a_table_has_the_sentence_that_leads_to_it_in_its_path() -> None:
    document = _document(Block("Estas son las dietas:", headings=("Viajes",)), Block(_table(2), "table", headings=("Viajes",)))
    assert _chunks(document)[-1].headings == ("Viajes", "Estas son las dietas")


def test_top_level_headings_are_never_joined_and_small_siblings_are() -> None:
    flat = _document(
        Block("Uno", "heading"), Block(SENTENCE, headings=("Uno",)), Block("Dos", "heading"), Block(SENTENCE, headings=("Dos",))
    )
    assert [chunk.headings for chunk in _chunks(flat)] == [("Uno",), ("Dos",)]
    nested = _document(
        Block("T", "heading"),
        Block("Uno", "heading", headings=("T",)),
        Block(SENTENCE, headings=("T", "Uno")),
        Block("Dos", "heading", headings=("T",)),
        Block(SENTENCE, headings=("T", "Dos")),
    )
    (chunk,) = _chunks(nested)
    assert chunk.headings == ("T",) and chunk.text == f"Uno\n\n{SENTENCE}\n\nDos\n\n{SENTENCE}"


def test_a_heading_in_the_path_is_not_repeated_and_one_without_text_stays() -> None:
    document = _document(Block("Viajes", "heading"), Block(SENTENCE, headings=("Viajes",)), Block("Anexo", "heading"))
    assert [(chunk.headings, chunk.text) for chunk in _chunks(document)] == [(("Viajes",), SENTENCE), (("Anexo",), "Anexo")]


def test_the_title_leads_the_path_where_no_heading_says_it() -> None:
    assert _chunks(_document(Block(SENTENCE), title="Política"))[0].headings == ("Política",)
    document = _document(Block("Política", "heading"), Block(SENTENCE, headings=("Política",)), title="política")
    assert _chunks(document)[0].headings == ("Política",)


def test_a_list_stays_with_its_lead() -> None:
    items = "\n".join(f"- {SENTENCE}" for _ in range(3))
    chunks = _chunks(_document(Block(" ".join([SENTENCE] * 3)), Block("Hace falta:"), Block(items, "list")), 55)
    assert any("Hace falta:\n\n- La persona" in chunk.text for chunk in chunks)


def test_slides_are_not_joined_and_pages_are() -> None:
    blocks = Block(SENTENCE, page=1), Block(SENTENCE, page=2)
    assert [chunk.page for chunk in _chunks(_document(*blocks, page_unit="slide"))] == [1, 2]
    (chunk,) = _chunks(_document(*blocks, page_unit="page"))
    assert (chunk.page, chunk.page_end) == (1, 2)


def test_languages_of_chunks() -> None:
    english = "The manager approves every request in the application before the journey starts."
    document = _document(Block(" ".join([SENTENCE] * 4), headings=("A",)), Block(" ".join([english] * 4), headings=("B",)))
    assert [chunk.language for chunk in _chunks(document, 80)] == ["es", "en"]


@pytest.mark.parametrize("text", ["", "  \n "])
def test_no_text_no_chunks(text: str) -> None:
    assert _chunks(_document(Block(text))) == []


def test_one_endless_word_is_cut_to_fit() -> None:
    text = "palabra;" * 30_000
    chunks = _chunks(_document(Block(text)))
    assert "".join(chunk.text for chunk in chunks) == text
    assert all(chunk.tokens <= 60 for chunk in chunks)
