"""Real files of every format, built with the usual libraries: exact blocks, pages, headings and tables."""

from __future__ import annotations

import io
import json
from datetime import date, datetime
from email.message import EmailMessage

import docx
import openpyxl
import pptx
import pytest
from pptx.util import Inches
from reportlab.lib import colors
from reportlab.lib.styles import getSampleStyleSheet
from reportlab.platypus import ListFlowable, ListItem, PageBreak, Paragraph, SimpleDocTemplate, Table

from ingest.config import IngestLimits
from ingest.errors import LoadError
from ingest.loaders import load_bytes
from ingest.loaders.detect import detect
from ingest.loaders.encoding import decode
from ingest.loaders.tables import markdown_table, split_table
from ingest.types import Document
from tests import hostile

LIMITS = IngestLimits()


def load(data: bytes | str, source: str) -> Document:
    return load_bytes(data.encode() if isinstance(data, str) else data, source, LIMITS)


def rows(document: Document) -> list[tuple[str, int | None, str]]:
    return [(block.kind, block.page, block.text) for block in document.blocks]


def saved(document: object) -> bytes:
    out = io.BytesIO()
    document.save(out)  # type: ignore[attr-defined]
    return out.getvalue()


# --- every loader ---------------------------------------------------------------------------------------------------

FORMATS = sorted(hostile.sound_files())


@pytest.mark.parametrize("extension", FORMATS)
def test_a_sound_file_keeps_the_contract(extension: str) -> None:
    document = load(hostile.sound_files()[extension], f"carpeta/muestra.{extension}")
    assert document.source == f"carpeta/muestra.{extension}" and len(document.sha256) == 64
    assert document.title and document.blocks
    pages = [block.page for block in document.blocks]
    assert all(page is None for page in pages) if document.page_unit is None else pages == sorted(page or 0 for page in pages)
    for block in document.blocks:
        assert block.text == block.text.strip() and "\n\n" not in block.text
        assert block.kind != "table" or block.text.splitlines()[1].startswith("| ---")


@pytest.mark.parametrize("extension", FORMATS)
@pytest.mark.parametrize("wrong", ["pdf", "docx", "bin", ""])
def test_the_content_decides_not_the_extension(extension: str, wrong: str) -> None:
    data = hostile.sound_files()[extension]
    expected = {"md": "markdown", "csv": "delimited", "txt": "plain", "json": "records", "jsonl": "records"}.get(
        extension, extension
    )
    assert detect(data, f"muestra.{wrong}", LIMITS.expanded_bytes).format == expected


def test_errors_are_one_sentence_with_a_cure() -> None:
    with pytest.raises(LoadError) as caught:
        load(b"", "vacio.pdf")
    assert (caught.value.reason, caught.value.message) == ("empty", "The file is empty: replace it with one that has text.")


def test_text_beyond_the_limit_is_refused() -> None:
    with pytest.raises(LoadError) as caught:
        load_bytes(b"palabra " * 100, "largo.txt", IngestLimits(text_chars=100))
    assert caught.value.message == "The file has more than 100 characters of text: split it, or raise ingest.text_chars."


# --- PDF ------------------------------------------------------------------------------------------------------------


def pdf() -> bytes:
    styles = getSampleStyleSheet()
    sentence = "Los empleados solicitan la devolución de los gastos de alojamiento conforme a este procedimiento. "
    story = [
        Paragraph("Política de viajes", styles["Title"]),
        Paragraph("1. Objeto", styles["Heading2"]),
        Paragraph(sentence * 3, styles["BodyText"]),
        ListFlowable([ListItem(Paragraph(text, styles["BodyText"])) for text in ("Hotel", "Dieta")], bulletType="bullet"),
        PageBreak(),
        Paragraph("2. Límites", styles["Heading2"]),
        Table(
            [["Concepto", "Límite (€)"], ["Hotel nacional", "120,50"], ["Dieta", "45"]],
            style=[("GRID", (0, 0), (-1, -1), 1, colors.black)],
        ),
        Paragraph("Fin del apartado.", styles["BodyText"]),
        PageBreak(),
        Paragraph("3. Vigencia", styles["Heading2"]),
        Paragraph("Desde enero.", styles["BodyText"]),
    ]
    out = io.BytesIO()

    def furniture(page: object, document: object) -> None:
        page.drawString(72, 30, f"Confidencial. Página {document.page}")  # type: ignore[attr-defined]

    SimpleDocTemplate(out, title="Política de viajes 2026").build(story, onFirstPage=furniture, onLaterPages=furniture)
    return out.getvalue()


def test_pdf_keeps_pages_headings_lists_and_ruled_tables() -> None:
    document = load(pdf(), "viajes.pdf")
    sentence = "Los empleados solicitan la devolución de los gastos de alojamiento conforme a este procedimiento."
    assert rows(document) == [
        ("heading", 1, "Política de viajes"),
        ("heading", 1, "1. Objeto"),
        ("text", 1, " ".join([sentence] * 3)),
        ("list", 1, "- Hotel\n- Dieta"),
        ("heading", 2, "2. Límites"),
        ("table", 2, "| Concepto | Límite (€) |\n| --- | --- |\n| Hotel nacional | 120,50 |\n| Dieta | 45 |"),
        ("text", 2, "Fin del apartado."),
        ("heading", 3, "3. Vigencia"),
        ("text", 3, "Desde enero."),
    ]
    assert document.blocks[5].headings == ("Política de viajes", "2. Límites")
    assert (document.title, document.page_unit) == ("Política de viajes 2026", "page")


# --- DOCX -----------------------------------------------------------------------------------------------------------


def test_docx_keeps_headings_lists_and_merged_cells() -> None:
    source = docx.Document()
    source.core_properties.title, source.core_properties.modified = "Manual", datetime(2025, 3, 1)
    source.core_properties.last_modified_by = "Ana"
    source.sections[0].header.paragraphs[0].text = "Cabecera que no es texto"
    source.add_heading("Manual", 0)
    source.add_heading("Uso", 1)
    source.add_paragraph("Primero esto.")
    for text in ("uno", "dos"):
        source.add_paragraph(text, style="List Number")
    source.add_paragraph("suelto", style="List Bullet")
    table = source.add_table(3, 3)
    for index, text in enumerate(["Zona", "Hotel", "Precio", "Norte", "A", "80", "", "B", "90"]):
        table.cell(index // 3, index % 3).text = text
    table.cell(1, 0).merge(table.cell(2, 0))
    document = load(saved(source), "manual.docx")
    assert rows(document) == [
        ("heading", None, "Manual"),
        ("heading", None, "Uso"),
        ("text", None, "Primero esto."),
        ("list", None, "1. uno\n2. dos"),
        ("list", None, "- suelto"),
        ("table", None, "| Zona | Hotel | Precio |\n| --- | --- | --- |\n| Norte | A | 80 |\n| Norte | B | 90 |"),
    ]
    assert (document.title, document.date, document.page_unit) == ("Manual", "2025-03-01", None)


# --- PPTX -----------------------------------------------------------------------------------------------------------


def test_pptx_keeps_slides_titles_lists_tables_and_notes() -> None:
    source = pptx.Presentation()
    first = source.slides.add_slide(source.slide_layouts[1])
    first.shapes.title.text, first.placeholders[1].text = "Objetivos", "Crecer\nAhorrar"
    first.notes_slide.notes_text_frame.text = "Sin prisa."
    second = source.slides.add_slide(source.slide_layouts[5])
    second.shapes.title.text = "Cifras"
    table = second.shapes.add_table(2, 2, Inches(1), Inches(2), Inches(4), Inches(1)).table
    for index, text in enumerate(["Año", "Ventas", "2025", "58,7"]):
        table.cell(index // 2, index % 2).text = text
    document = load(saved(source), "plan.pptx")
    assert rows(document) == [
        ("heading", 1, "Objetivos"),
        ("list", 1, "- Crecer\n- Ahorrar"),
        ("text", 1, "Notas: Sin prisa."),
        ("heading", 2, "Cifras"),
        ("table", 2, "| Año | Ventas |\n| --- | --- |\n| 2025 | 58,7 |"),
    ]
    assert (document.page_unit, document.blocks[4].headings) == ("slide", ("Cifras",))


# --- XLSX -----------------------------------------------------------------------------------------------------------


def test_xlsx_keeps_sheets_and_shows_values_as_the_program_does() -> None:
    book = openpyxl.Workbook()
    sheet = book.active
    sheet.title = "Tarifa"
    sheet["B2"] = "Precios de 2026"
    for row in (["Pieza", "Precio", "IVA", "Desde", "Total"], ["Tuerca", 12.0, 0.21, date(2026, 2, 1), "=C5*2"]):
        sheet.append([None, *row])
    sheet["D4"].number_format, sheet["C4"].number_format = "0%", "#,##0.00 €"
    other = book.create_sheet("Zonas")
    for row in (["Zona", "Hotel"], ["Norte", "A"], [None, "B"]):
        other.append(row)
    other.merge_cells("A2:A3")
    document = load(saved(book), "tarifa.xlsx")
    assert rows(document) == [
        ("heading", 1, "Tarifa"),
        ("text", 1, "Precios de 2026"),
        (
            "table",
            1,
            "| Pieza | Precio | IVA | Desde | Total |\n| --- | --- | --- | --- | --- |\n"
            "| Tuerca | 12.00 € | 21 % | 2026-02-01 |  |",
        ),
        ("heading", 2, "Zonas"),
        ("table", 2, "| Zona | Hotel |\n| --- | --- |\n| Norte | A |\n| Norte | B |"),
    ]
    assert document.warnings == (
        "Sheet Tarifa: 1 formula cell has no stored value: open the file in a spreadsheet program and save it.",
    )


# --- text formats ---------------------------------------------------------------------------------------------------


def test_html_keeps_the_main_content_only() -> None:
    page = """<html><head><title>Normas · Intranet</title><meta name="date" content="2026-01-30"></head><body>
    <nav><a>Inicio</a></nav><header>Logotipo</header><div class="cookie-banner">Acepte las cookies</div>
    <main><h1>Normas</h1><p>Use <b>casco</b>.<br>Siempre.</p><h2>Pasos</h2>
    <ol><li>Entre<ul><li>despacio</li></ul></li><li>Salga</li></ol>
    <table><tr><th rowspan=2>Zona</th><th colspan=2>Horas</th></tr>
    <tr><th>De</th><th>A</th></tr><tr><td>B</td><td>8</td><td>9</td></tr></table>
    <script>var x = 1;</script></main><footer>Aviso legal</footer></body></html>"""
    document = load(page, "normas.html")
    assert rows(document) == [
        ("heading", None, "Normas"),
        ("text", None, "Use casco.\nSiempre."),
        ("heading", None, "Pasos"),
        ("list", None, "1. Entre\n  - despacio\n2. Salga"),
        ("table", None, "| Zona | Horas De | Horas A |\n| --- | --- | --- |\n| B | 8 | 9 |"),
    ]
    assert (document.title, document.date, document.blocks[3].headings) == ("Normas", "2026-01-30", ("Normas", "Pasos"))


def test_markdown_loses_its_marks_but_not_its_structure() -> None:
    text = (
        "---\ntitle: Guía\ndate: 2025-06-30\n---\n# Uno\n\nTexto **con** [enlace](x)\nseguido.\n\n"
        "## Dos\n\n- a\n- b\n\n3. c\n\n| x | y |\n|---|---|\n| 1\\|2 | |\n"
    )
    document = load(text, "guia.md")
    assert rows(document) == [
        ("heading", None, "Uno"),
        ("text", None, "Texto con enlace seguido."),
        ("heading", None, "Dos"),
        ("list", None, "- a\n- b"),
        ("list", None, "3. c"),
        ("table", None, "| x | y |\n| --- | --- |\n| 1\\|2 |  |"),
    ]
    assert (document.title, document.date, document.blocks[5].headings) == ("Guía", "2025-06-30", ("Uno", "Dos"))


def test_plain_text_has_a_title_sections_and_joined_lines() -> None:
    text = (
        "NORMA DE CLAVES\nEdición 2\n\n1. LONGITUD\n\n"
        "La clave de red tiene un mínimo de ocho caracteres y no\nrepite el nombre.\n\n- uno\n- dos\n"
    )
    document = load(text, "norma.txt")
    assert rows(document) == [
        ("heading", None, "NORMA DE CLAVES"),
        ("text", None, "Edición 2"),
        ("heading", None, "1. LONGITUD"),
        ("text", None, "La clave de red tiene un mínimo de ocho caracteres y no repite el nombre."),
        ("list", None, "- uno\n- dos"),
    ]
    assert document.blocks[3].headings == ("NORMA DE CLAVES", "1. LONGITUD")


@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
def test_delimited_text_is_one_table_whatever_the_delimiter(delimiter: str) -> None:
    lines = [["Pieza", "Precio", "Nota"], ["Tuerca", "0,10" if delimiter != "," else "0.10", ""]]
    document = load("\n".join(delimiter.join(line) for line in lines), "lista_de-precios.csv")
    assert [block.kind for block in document.blocks] == ["table"]
    assert document.blocks[0].text == f"| Pieza | Precio | Nota |\n| --- | --- | --- |\n| Tuerca | {lines[1][1]} | |".replace(
        "| |", "|  |"
    )
    assert document.title == "Lista de precios"


@pytest.mark.parametrize("layout", ["array", "lines", "object"])
def test_records_are_key_value_blocks_numbered_from_one(layout: str) -> None:
    records = [{"id": 1, "dueño": {"nombre": "Ana"}, "usos": ["a", "b"], "nada": None}, {"id": 2, "dueño": {"nombre": "Luis"}}]
    data = {
        "array": json.dumps(records),
        "lines": "\n".join(map(json.dumps, records)),
        "object": json.dumps({"piezas": records}),
    }
    document = load(data[layout], "piezas.json")
    assert rows(document) == [("text", 1, "id: 1\ndueño.nombre: Ana\nusos: a, b"), ("text", 2, "id: 2\ndueño.nombre: Luis")]
    assert document.page_unit == "record"


def test_mail_keeps_headers_text_and_attachments() -> None:
    message = EmailMessage()
    message["From"], message["To"], message["Subject"] = "Ana <ana@midas.example>", "luis@midas.example", "Corte de luz"
    message["Date"] = "Thu, 19 Feb 2026 08:45:00 +0100"
    message.set_content("Hola:\n\nEl sábado no habrá luz en la fábrica de 7 a 15.\n")
    message.add_alternative("<p>Versión HTML</p>", subtype="html")
    message.add_attachment(b"hora;zona\n7;A\n8;B\n", maintype="text", subtype="csv", filename="zonas.csv")
    message.add_attachment(b"\x89PNG....", maintype="image", subtype="png", filename="plano.png")
    document = load(message.as_bytes(), "corte.eml")
    assert rows(document) == [
        ("heading", None, "Corte de luz"),
        ("text", None, "De: Ana <ana@midas.example>\nPara: luis@midas.example\nFecha: 2026-02-19 08:45"),
        ("text", None, "Hola:"),
        ("text", None, "El sábado no habrá luz en la fábrica de 7 a 15."),
        ("heading", None, "zonas.csv"),
        ("table", None, "| hora | zona |\n| --- | --- |\n| 7 | A |\n| 8 | B |"),
    ]
    assert (document.title, document.date, document.blocks[5].headings) == (
        "Corte de luz",
        "2026-02-19",
        ("Corte de luz", "zonas.csv"),
    )
    assert document.warnings == (
        "The attachment plano.png was not read. The file is an image and has no text layer: run OCR and load the result.",
    )


# --- parts ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "utf-32", "cp1252"])
def test_spanish_text_is_read_in_any_common_encoding(encoding: str) -> None:
    text = "El año pasado, la señora Núñez pagó 12 € por un café «corto» en León.\n"
    assert (decode(text.encode(encoding)) or "").lstrip("\ufeff") == text


def test_a_cut_utf8_file_is_still_utf8() -> None:
    data = ("La contraseña caducó el año pasado. " * 20 + "ñ").encode()
    assert (decode(data[:-1]) or "").startswith("La contraseña caducó")


def test_cells_are_never_fused() -> None:
    assert markdown_table([["a|b", "c"], ["d\ne", ""]]) == "| a\\|b | c |\n| --- | --- |\n| d e |  |"


def test_titles_empty_columns_and_short_rows_are_sorted_out() -> None:
    found = [["Tarifa", "", ""], ["", "", ""], ["Pieza", "", "Precio"], ["Tuerca"]]
    assert split_table(found) == (["Tarifa"], [["Pieza", "Precio"], ["Tuerca", ""]])
