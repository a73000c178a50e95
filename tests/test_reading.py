"""Sources as their readers see them: in their surroundings, as drawn pages, as files; for others they do not exist."""

from __future__ import annotations

import asyncio
import io
from collections.abc import Iterator

import pytest
from fastapi.testclient import TestClient
from PIL import Image
from reportlab.pdfgen import canvas

from ingest.errors import CollectionNotFound, ConfigError, DocumentNotFound, MidasError
from ingest.files import SourceFile
from ingest.surroundings import AROUND_CHARS, surroundings
from ingest.types import Block, Chunk, Document, document_id
from tests.fake_openai import FakeOpenAI, running
from tests.housing import ADMIN, ANA, LUIS, asked, housed
from tests.parsing import parse_here
from ui.api.app import make_api
from ui.desks.reading import Reading
from ui.house import House
from ui.ledger.audit import AuditFilter
from ui.person import Person

VIAJES = (
    """# Viajes

El tren de segunda clase es lo normal.

## Dietas

Las dietas se cobran por día.

| País | Media | Completa |
|---|---|---|
"""
    + "\n".join(f"| País número {number} | {number} € | {2 * number} € |" for number in range(60))
    + """

Lo demás se paga contra factura.
"""
)
KEY = document_id("viajes.md")
FIRST_PAGE = "El visado de trabajo se pide en el consulado con tres meses."
SECOND_PAGE = "La vacuna contra la fiebre amarilla se pone diez días antes."


@pytest.fixture(scope="module")
def fake() -> Iterator[FakeOpenAI]:
    with running(FakeOpenAI()) as fake:
        yield fake


@pytest.fixture(scope="module")
def house(fake: FakeOpenAI, tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    """The collection `ventas` for ana's group, `compras` for luis's."""
    folder = tmp_path_factory.mktemp("reading")
    with pytest.MonkeyPatch.context() as patch:
        parse_here(patch)
        with housed(folder / "home", fake) as house:
            (folder / "viajes.md").write_text(VIAJES, encoding="utf-8")
            page = canvas.Canvas(str(folder / "plan.pdf"), invariant=1)
            page.drawString(70, 700, "El plan de emergencia se revisa cada tres años.")
            page.save()
            long = canvas.Canvas(str(folder / "largo.pdf"), invariant=1)
            for sentence in (FIRST_PAGE, SECOND_PAGE):
                long.drawString(70, 700, sentence)
                long.showPage()
            long.save()
            for collection, group in (("ventas", "ventas"), ("compras", "compras")):
                house.service.create(collection)
                house.service.set_groups(collection, [group])
                files = [SourceFile(name, folder / name, on_disk=False) for name in ("viajes.md", "plan.pdf", "largo.pdf")]
                house.service.load(files, collection, progress=lambda _: None, cancelled=lambda: False)
            yield house


def chunk_ids(house: House, collection: str, source: str) -> list[str]:
    return [stored.id for stored in house.service.store().version_chunks(collection, document_id(source))]


# Surroundings


def test_a_passage_stands_in_its_surroundings(house: House) -> None:
    first, *_, last = chunk_ids(house, "ventas", "viajes.md")
    source = Reading(house, ANA).source(first)
    assert (source.document, source.collection, source.before, source.cut_before) == (
        "viajes.md", "ventas", "Viajes\n\n", False,
    )  # fmt: skip
    assert (source.drawable, source.downloadable, source.obstacle) == (False, True, None)
    assert source.published_at == house.service.store().history("ventas", KEY)[0].at
    assert "Las dietas se cobran por día." in source.passage + source.after
    end = Reading(house, ANA).source(last)
    assert (end.after, end.cut_after) == ("", False) and "contra factura" in end.passage


def test_every_part_of_a_cut_table_has_its_header(house: House) -> None:
    """Before, in, and after a passage of some rows."""
    middle = next(
        source
        for key in chunk_ids(house, "ventas", "viajes.md")
        if (source := Reading(house, ANA).source(key)).kind == "table" and "número 30 " in source.passage
    )
    header = "| País | Media | Completa |"
    for part in (middle.before, middle.passage, middle.after):
        assert part.count(header) == 1 and part.index(header) < part.index("| País número")
    rows = [line for part in (middle.before, middle.passage, middle.after) for line in part.splitlines() if "número" in line]
    assert rows == [
        f"| País número {number} | {number} € | {2 * number} € |"
        for number in range(first_of(rows), first_of(rows) + len(rows))
    ]


def first_of(rows: list[str]) -> int:
    return int(rows[0].split()[3])


def test_long_surroundings_are_cut_between_words() -> None:
    text = " ".join(f"palabra{number}" for number in range(1000))
    document = Document("a.txt", "0" * 64, "text/plain", "A", (Block(text),))
    start = text.index("palabra500")
    around = surroundings(document, Chunk(0, "palabra500", start, start + len("palabra500")))
    assert around.cut_before and around.cut_after and f"{around.before}{around.passage}{around.after}" in text
    for part in (around.before, around.after):
        assert 0.9 * AROUND_CHARS < len(part) <= AROUND_CHARS and set(part.split()) <= set(text.split())


# Pages and files


def test_a_passage_over_two_pages_is_shown_where_its_quote_is(house: House, fake: FakeOpenAI) -> None:
    """Also in the answer that cites it."""
    [key] = chunk_ids(house, "ventas", "largo.pdf")
    pages = [Reading(house, ANA).source(key, quotes).page for quotes in ((), [FIRST_PAGE], [SECOND_PAGE], ["nowhere"])]
    assert pages == [1, 1, 2, 1]
    for sentence, page in ((FIRST_PAGE, 1), (SECOND_PAGE, 2)):
        fake.reply = lambda messages, sentence=sentence: f"{sentence[:-1]} [1]."
        turn = asyncio.run(asked(house, ANA, f"¿Es verdad que {sentence[:-1].lower()}?"))
        assert turn.answer and [citation.quote for citation in turn.answer.citations] == [sentence]
        assert [source.page for source in turn.answer.sources if source.document == "largo.pdf"] == [page]


def test_pages_of_a_pdf_are_drawn_and_files_handed_out(house: House) -> None:
    desk, key = Reading(house, ANA), document_id("plan.pdf")
    source = desk.source(chunk_ids(house, "ventas", "plan.pdf")[0])
    assert (source.drawable, source.page, source.pages, source.page_unit, source.media_type) == (
        True, 1, 1, "page", "application/pdf",
    )  # fmt: skip
    picture = Image.open(io.BytesIO(desk.page_image("ventas", key, 1, ["se revisa cada tres años"])))
    assert (picture.format, picture.width) == ("PNG", 893)
    file = desk.original("ventas", key)
    assert (file.name, file.media_type, file.path.read_bytes()[:5]) == ("plan.pdf", "application/pdf", b"%PDF-")
    with pytest.raises(ConfigError, match="no PDF"):
        desk.page_image("ventas", KEY, 1)
    with pytest.raises(ConfigError, match="no page 2"):
        desk.page_image("ventas", key, 2)


def test_reading_is_written_down(house: House) -> None:
    desk = Reading(house, ANA)
    desk.source(chunk_ids(house, "ventas", "plan.pdf")[0])
    desk.original("ventas", document_id("plan.pdf"))
    rows = house.ledger.audited(AuditFilter(person=ANA.id), 2)
    assert [(row.action, row.subject, row.detail) for row in rows] == [
        ("original_read", "ventas/plan.pdf", ""), ("source_read", "ventas/plan.pdf", "page 1"),
    ]  # fmt: skip


def test_a_file_goes_out_as_something_to_save(house: House) -> None:
    http = TestClient(make_api(house), base_url="http://127.0.0.1", headers={"Authorization": "Bearer token"})
    answer = http.get(f"/v1/collections/ventas/documents/{KEY}/original")
    assert answer.text == VIAJES and answer.headers["content-disposition"] == 'attachment; filename="viajes.md"'
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert answer.headers["content-security-policy"].startswith("sandbox")
    assert answer.headers["cache-control"] == "private, no-store"
    page = http.get(f"/v1/collections/ventas/documents/{document_id('plan.pdf')}/pages/1", params={"quote": ["plan", "años"]})
    assert (page.headers["content-type"], page.content[:4]) == ("image/png", b"\x89PNG")
    source = http.get(f"/v1/sources/{chunk_ids(house, 'ventas', 'plan.pdf')[0]}").json()
    assert (source["document"], source["drawable"], source["downloadable"]) == ("plan.pdf", True, True)
    assert http.get("/v1/sources/ventas/x/1/0").status_code == 404


# Rights


@pytest.mark.parametrize(("person", "own", "other"), [(ANA, "ventas", "compras"), (LUIS, "compras", "ventas")])
def test_what_others_read_does_not_exist(house: House, person: Person, own: str, other: str) -> None:
    """The same error as for what never was, word for word."""
    desk = Reading(house, person)

    def told(collection: str) -> str:
        errors = []
        for work in (
            lambda: desk.original(collection, KEY),
            lambda: desk.page_image(collection, KEY, 1),
            lambda: desk.original(collection, "0" * 20),
        ):
            with pytest.raises(MidasError) as refused:
                work()
            errors.append(f"{type(refused.value).__name__}: {refused.value.message}".replace(collection, "X"))
        return " ".join(errors)

    assert told(other) == told("nunca")
    existing, never = chunk_ids(house, other, "viajes.md")[0], "nunca/abc/1/0"
    sentences = set()
    for chunk in (existing, never, "", "x/y/z", f"{own}/{KEY}/99999999/0"):
        with pytest.raises(DocumentNotFound) as refused:
            desk.source(chunk)
        with pytest.raises(DocumentNotFound) as quoted:
            desk.source(chunk, ["esto no está en ningún documento"])
        sentences |= {refused.value.message, quoted.value.message}
    assert len(sentences) == 1
    assert Reading(house, ADMIN).source(existing).collection == other


def test_a_quote_opens_nothing_that_may_not_be_read(house: House) -> None:
    with pytest.raises(DocumentNotFound):
        Reading(house, LUIS).source(f"ventas/{KEY}/99999999/0", ["Las dietas se cobran por día."])
    found = Reading(house, ANA).source(f"ventas/{KEY}/99999999/0", ["Las dietas se cobran por día."])
    assert "Las dietas se cobran por día." in found.passage


def test_a_collection_that_is_shared_no_longer_closes_at_once(house: House) -> None:
    key = chunk_ids(house, "ventas", "viajes.md")[0]
    house.service.set_groups("ventas", [])
    try:
        with pytest.raises(DocumentNotFound):
            Reading(house, ANA).source(key)
        with pytest.raises(CollectionNotFound):
            Reading(house, ANA).original("ventas", KEY)
    finally:
        house.service.set_groups("ventas", ["ventas"])
