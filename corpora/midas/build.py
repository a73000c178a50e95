"""Builds the binary documents of the sample corpus from the texts in `content/`.

    python corpora/midas/build.py

`content/<area>/<name>.<format>.md` becomes `documents/<area>/<name>.<format>` (pdf, docx, pptx, xlsx, eml, txt). The same
texts always give the same bytes: every date comes from the text's own front matter. Documents whose format is text
(Markdown, HTML, CSV, JSON, ...) are kept in `documents/` directly. Needs reportlab besides the default dependencies.
"""

from __future__ import annotations

import html
import io
import os
import re
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime
from pathlib import Path

import openpyxl
from docx import Document as DocxDocument
from docx.document import Document as DocxType
from docx.text.paragraph import Paragraph as DocxParagraph
from openpyxl.styles import Font, PatternFill
from openpyxl.utils import get_column_letter
from openpyxl.worksheet.worksheet import Worksheet
from pptx import Presentation
from pptx.slide import Slide
from pptx.text.text import TextFrame
from pptx.util import Emu, Inches, Pt
from reportlab.lib import colors
from reportlab.lib.pagesizes import A4
from reportlab.lib.styles import ParagraphStyle
from reportlab.lib.units import cm
from reportlab.pdfgen.canvas import Canvas
from reportlab.platypus import Flowable, ListFlowable, ListItem, PageBreak, Paragraph, SimpleDocTemplate, Spacer, Table

HERE = Path(__file__).resolve().parent
PAGE_MARK = "<!-- page -->"
NOTES = "Notas: "
GOLD = "#8A6A12"
ZIP_DATE = (2026, 1, 1, 0, 0, 0)


@dataclass(frozen=True)
class Part:
    """One piece of a text: `kind` is heading, paragraph, list, ordered, table or page."""

    kind: str
    text: str = ""
    level: int = 0
    items: tuple[str, ...] = ()
    rows: tuple[tuple[str, ...], ...] = ()


@dataclass(frozen=True)
class Text:
    """A content file: the front matter and the parts of the body."""

    meta: dict[str, str]
    parts: tuple[Part, ...]
    body: str = field(repr=False)

    @property
    def date(self) -> datetime:
        return datetime.fromisoformat(self.meta["date"]).replace(tzinfo=UTC)


def read_text(path: Path) -> Text:
    """Reads a content file: front matter between `---` lines, then the body."""
    _, front, body = path.read_text(encoding="utf-8").split("---\n", 2)
    meta = dict(line.split(": ", 1) for line in front.strip().splitlines())
    return Text(meta, tuple(parse(body)), body.strip() + "\n")


def parse(body: str) -> Iterator[Part]:
    """Splits a body at blank lines into parts."""
    for block in re.split(r"\n\s*\n", body.strip()):
        yield parse_block(block.strip("\n"))


def parse_block(block: str) -> Part:
    lines = block.splitlines()
    if block == PAGE_MARK:
        return Part("page")
    if lines[0].startswith("#"):
        marks, text = lines[0].split(" ", 1)
        return Part("heading", text, len(marks))
    if lines[0].startswith("|"):
        return Part("table", rows=tuple(row(line) for line in lines if not line.startswith("|---")))
    if lines[0].startswith("- "):
        return Part("list", items=tuple(line[2:] for line in lines))
    if re.match(r"\d+\. ", lines[0]):
        return Part("ordered", items=tuple(line.split(". ", 1)[1] for line in lines))
    return Part("paragraph", block)


def row(line: str) -> tuple[str, ...]:
    return tuple(cell.strip() for cell in line.strip().strip("|").split("|"))


def plain(text: str) -> str:
    return text.replace("**", "")


def runs(text: str) -> list[tuple[str, bool]]:
    """`a **b** c` as (text, bold) pieces."""
    return [(piece, index % 2 == 1) for index, piece in enumerate(text.split("**")) if piece]


def markup(text: str) -> str:
    """Inline HTML, as reportlab's paragraphs and e-mail programs read it."""
    return "".join(f"<b>{html.escape(piece)}</b>" if bold else html.escape(piece) for piece, bold in runs(text))


# --- PDF

BODY = ParagraphStyle("body", fontName="Helvetica", fontSize=11, leading=16, spaceAfter=8)
CELL = ParagraphStyle("cell", parent=BODY, fontSize=9.5, leading=13, spaceAfter=0)
HEAD_CELL = ParagraphStyle("head", parent=CELL, fontName="Helvetica-Bold", textColor=colors.white)
HEADINGS = {
    1: ParagraphStyle("h1", parent=BODY, fontName="Helvetica-Bold", fontSize=17, leading=22, spaceAfter=10, textColor=GOLD),
    2: ParagraphStyle("h2", parent=BODY, fontName="Helvetica-Bold", fontSize=14, leading=19, spaceBefore=12),
    3: ParagraphStyle("h3", parent=BODY, fontName="Helvetica-Bold", fontSize=12, leading=16, spaceBefore=8),
}
GRID = [
    ("GRID", (0, 0), (-1, -1), 0.5, colors.HexColor("#777777")),
    ("BACKGROUND", (0, 0), (-1, 0), colors.HexColor(GOLD)),
    ("VALIGN", (0, 0), (-1, -1), "MIDDLE"),
]


def build_pdf(text: Text) -> bytes:
    os.environ["SOURCE_DATE_EPOCH"] = str(int(text.date.timestamp()))
    buffer = io.BytesIO()
    template = SimpleDocTemplate(
        buffer, pagesize=A4, topMargin=2.4 * cm, bottomMargin=2.2 * cm, leftMargin=2.2 * cm, rightMargin=2.2 * cm,
        title=text.meta["title"], author=text.meta["author"], lang=text.meta["lang"], invariant=1,
    )  # fmt: skip

    def decorate(canvas: Canvas, _: object) -> None:
        draw_margins(canvas, text.meta)

    template.build(list(pdf_flow(text)), onFirstPage=decorate, onLaterPages=decorate)
    return buffer.getvalue()


def draw_margins(canvas: Canvas, meta: dict[str, str]) -> None:
    """The running header and footer of every page."""
    word = "Page" if meta["lang"] == "en" else "Página"
    canvas.setFont("Helvetica", 8)
    canvas.setFillColor(colors.HexColor("#666666"))
    canvas.drawString(2.2 * cm, A4[1] - 1.5 * cm, f"MIDAS · {meta.get('code', meta['title'])}")
    canvas.drawRightString(A4[0] - 2.2 * cm, 1.2 * cm, f"{word} {canvas.getPageNumber()}")
    canvas.line(2.2 * cm, A4[1] - 1.7 * cm, A4[0] - 2.2 * cm, A4[1] - 1.7 * cm)


def pdf_flow(text: Text) -> Iterator[Flowable]:
    for part in text.parts:
        yield from pdf_part(part)


def pdf_part(part: Part) -> list[Flowable]:
    if part.kind == "page":
        return [PageBreak()]
    if part.kind == "heading":
        return [Paragraph(markup(part.text), HEADINGS[part.level])]
    if part.kind == "table":
        return [pdf_table(part.rows), Spacer(1, 8)]
    if part.items:
        return [pdf_list(part)]
    return [Paragraph(markup(part.text), BODY)]


def pdf_list(part: Part) -> ListFlowable:
    items = [ListItem(Paragraph(markup(item), BODY)) for item in part.items]
    if part.kind == "ordered":
        return ListFlowable(items, bulletType="1", bulletFormat="%s.", leftIndent=18)
    return ListFlowable(items, bulletType="bullet", start="•", leftIndent=14)


def pdf_table(rows: tuple[tuple[str, ...], ...]) -> Table:
    cells = [[Paragraph(markup(cell), HEAD_CELL if index == 0 else CELL) for cell in line] for index, line in enumerate(rows)]
    table = Table(cells, colWidths=column_widths(rows, A4[0] - 4.4 * cm), repeatRows=1)
    table.setStyle(GRID)
    return table


def column_widths(rows: tuple[tuple[str, ...], ...], total: float) -> list[float]:
    """Widths in proportion to the longest cell of each column, none much narrower than the others."""
    longest = [min(40, max(10, *(len(line[column]) for line in rows))) for column in range(len(rows[0]))]
    return [total * length / sum(longest) for length in longest]


# --- DOCX


def build_docx(text: Text) -> bytes:
    document = DocxDocument()
    properties = document.core_properties
    properties.title, properties.author, properties.language = text.meta["title"], text.meta["author"], text.meta["lang"]
    properties.created = properties.modified = text.date.replace(tzinfo=None)
    properties.comments = ""
    for part in text.parts:
        docx_part(document, part)
    return saved(document)


def docx_part(document: DocxType, part: Part) -> None:
    if part.kind == "page":
        document.add_page_break()
    elif part.kind == "heading":
        document.add_heading(part.text, part.level)
    elif part.kind == "table":
        docx_table(document, part.rows)
    elif part.items:
        style = "List Number" if part.kind == "ordered" else "List Bullet"
        for item in part.items:
            docx_runs(document.add_paragraph(style=style), item)
    else:
        docx_runs(document.add_paragraph(), part.text)


def docx_runs(paragraph: DocxParagraph, text: str) -> None:
    for piece, bold in runs(text):
        paragraph.add_run(piece).bold = bold or None


def docx_table(document: DocxType, rows: tuple[tuple[str, ...], ...]) -> None:
    table = document.add_table(len(rows), len(rows[0]), style="Table Grid")
    for index, line in enumerate(rows):
        for column, cell in enumerate(line):
            paragraph = table.cell(index, column).paragraphs[0]
            docx_runs(paragraph, f"**{cell}**" if index == 0 else cell)
    document.add_paragraph()


# --- PPTX


def build_pptx(text: Text) -> bytes:
    deck = Presentation()
    properties = deck.core_properties
    properties.title, properties.author, properties.language = text.meta["title"], text.meta["author"], text.meta["lang"]
    properties.created = properties.modified = text.date.replace(tzinfo=None)
    properties.last_modified_by = text.meta["author"]
    for parts in sections(text.parts):
        add_slide(deck.slides.add_slide(deck.slide_layouts[5 if has_table(parts) else 1]), parts)
    return saved(deck)


def sections(parts: tuple[Part, ...]) -> list[list[Part]]:
    """The parts grouped under their first-level headings."""
    groups: list[list[Part]] = []
    for part in parts:
        if part.kind == "heading" and part.level == 1:
            groups.append([])
        groups[-1].append(part)
    return groups


def has_table(parts: list[Part]) -> bool:
    return any(part.kind == "table" for part in parts)


def add_slide(slide: Slide, parts: list[Part]) -> None:
    slide.shapes.title.text = parts[0].text
    notes = [part.text.removeprefix(NOTES) for part in parts if part.text.startswith(NOTES)]
    if notes:
        slide.notes_slide.notes_text_frame.text = "\n".join(notes)
    shown = [part for part in parts[1:] if not part.text.startswith(NOTES)]
    lines = [line for part in shown for line in part.items or (part.text,) if line]
    if has_table(parts):
        add_table_slide(slide, next(part.rows for part in parts if part.rows), lines)
    else:
        write_lines(slide.placeholders[1].text_frame, lines)


def write_lines(frame: TextFrame, lines: list[str]) -> None:
    """One paragraph a line in a text frame; the first one already exists."""
    for index, line in enumerate(lines):
        paragraph = frame.paragraphs[0] if index == 0 else frame.add_paragraph()
        paragraph.text = plain(line)
        paragraph.font.size = Pt(18)


def add_table_slide(slide: Slide, rows: tuple[tuple[str, ...], ...], lines: list[str]) -> None:
    shape = slide.shapes.add_table(len(rows), len(rows[0]), Inches(0.5), Inches(1.5), Inches(9), Inches(0.4) * len(rows))
    for index, line in enumerate(rows):
        for column, cell in enumerate(line):
            frame = shape.table.cell(index, column).text_frame
            frame.text = plain(cell)
            frame.paragraphs[0].font.size = Pt(13)
    if lines:
        top = Emu(shape.top + shape.height + Inches(0.2))
        box = slide.shapes.add_textbox(Inches(0.5), top, Inches(9), Inches(1.2))
        box.text_frame.word_wrap = True
        write_lines(box.text_frame, lines)


# --- XLSX


def build_xlsx(text: Text) -> bytes:
    book = openpyxl.Workbook()
    book.remove(book.active)
    book.properties.title, book.properties.creator = text.meta["title"], text.meta["author"]
    book.properties.created = text.date.replace(tzinfo=None)
    for parts in sections(text.parts):
        fill_sheet(book.create_sheet(parts[0].text), parts[1:])
    stamp = text.date.strftime("%Y-%m-%dT%H:%M:%SZ").encode()
    return re_zip(saved(book, fixed=False), modified=stamp)


def fill_sheet(sheet: Worksheet, parts: list[Part]) -> None:
    for part in parts:
        lines = part.rows or tuple((line,) for line in part.items or (part.text,))
        for index, line in enumerate(lines):
            sheet.append([cell_value(cell) for cell in line])
            if part.rows and index == 0:
                mark_header(sheet)
        sheet.append([])
    for column in range(1, sheet.max_column + 1):
        sheet.column_dimensions[get_column_letter(column)].width = 24


def mark_header(sheet: Worksheet) -> None:
    for cell in sheet[sheet.max_row]:
        cell.font = Font(bold=True)
        cell.fill = PatternFill("solid", fgColor="F3E3B3")


def cell_value(cell: str) -> str | int | float | datetime:
    """Numbers and ISO dates become real cells of that type."""
    if re.fullmatch(r"\d{4}-\d\d-\d\d", cell):
        return datetime.fromisoformat(cell)
    if re.fullmatch(r"\d+(\.\d+)?", cell):
        return float(cell) if "." in cell else int(cell)
    return plain(cell)


# --- EML and plain text


def build_eml(text: Text) -> bytes:
    """A multipart/alternative message; the HTML part says the same as the plain one."""
    message = EmailMessage(policy=SMTP)
    for name in ("From", "To", "Cc", "Subject"):
        if name.lower() in text.meta:
            message[name] = text.meta[name.lower()]
    message["Date"] = format_datetime(text.date)
    message["Message-ID"] = f"<{text.date:%Y%m%d%H%M%S}@midas.example>"
    message.set_content("\n\n".join(map(plain_part, text.parts)) + "\n", cte="quoted-printable")
    message.add_alternative(html_body(text), subtype="html", cte="quoted-printable")
    message.set_boundary(f"=_midas_{text.date:%Y%m%d%H%M%S}")
    return message.as_bytes()


def plain_part(part: Part) -> str:
    """A part as people type it in an e-mail; a table row becomes `first cell: header value; header value`."""
    if part.rows:
        header, *lines = part.rows
        return "\n".join(f"- {line[0]}: {'; '.join(map(' '.join, zip(header[1:], line[1:], strict=True)))}." for line in lines)
    marks = (f"{number}." if part.kind == "ordered" else "-" for number in range(1, len(part.items) + 1))
    return "\n".join(f"{mark} {plain(item)}" for mark, item in zip(marks, part.items, strict=True)) or plain(part.text)


def html_body(text: Text) -> str:
    return f"<html><body style='font-family:sans-serif'>\n{''.join(map(html_part, text.parts))}</body></html>\n"


def html_part(part: Part) -> str:
    if part.kind == "table":
        lines = ("".join(f"<td>{markup(cell)}</td>" for cell in line) for line in part.rows)
        return f"<table border='1'>{''.join(f'<tr>{line}</tr>' for line in lines)}</table>\n"
    if part.items:
        tag = "ol" if part.kind == "ordered" else "ul"
        return f"<{tag}>{''.join(f'<li>{markup(item)}</li>' for item in part.items)}</{tag}>\n"
    lines_broken = markup(part.text).replace("\n", "<br>\n")
    return f"<p>{lines_broken}</p>\n"


def build_txt(text: Text) -> bytes:
    return text.body.replace("\n", "\r\n").encode(text.meta["encoding"])


# --- files


def saved(document: object, fixed: bool = True) -> bytes:
    """The bytes of an Office document; `fixed` gives its zip entries a fixed date."""
    buffer = io.BytesIO()
    document.save(buffer)  # type: ignore[attr-defined]
    return re_zip(buffer.getvalue()) if fixed else buffer.getvalue()


def re_zip(data: bytes, modified: bytes | None = None) -> bytes:
    """The same zip with fixed entry dates, and `modified` as the document's own date of change."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(data)) as source, zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as target:
        for info in source.infolist():
            content = source.read(info)
            if modified and info.filename == "docProps/core.xml":
                content = re.sub(rb"(<dcterms:modified[^>]*>)[^<]*", rb"\g<1>" + modified, content)
            entry = zipfile.ZipInfo(info.filename, ZIP_DATE)
            entry.compress_type = zipfile.ZIP_DEFLATED
            target.writestr(entry, content)
    return buffer.getvalue()


BUILDERS = {
    ".pdf": build_pdf, ".docx": build_docx, ".pptx": build_pptx, ".xlsx": build_xlsx, ".eml": build_eml, ".txt": build_txt,
}  # fmt: skip


def build(content: Path = HERE / "content", documents: Path = HERE / "documents") -> list[Path]:
    """Builds every document that has a text; returns the files written."""
    written = []
    for source in sorted(content.rglob("*.md")):
        target = documents / source.relative_to(content).with_suffix("")
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(BUILDERS[target.suffix](read_text(source)))
        written.append(target)
    return written


if __name__ == "__main__":
    for path in build():
        print(path.relative_to(HERE))
