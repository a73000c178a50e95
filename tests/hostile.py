"""Broken and hostile files, the same on every run: `write_all(folder)` makes more than two hundred."""

from __future__ import annotations

import io
import json
import os
import random
import struct
import zipfile
import zlib
from collections.abc import Callable, Iterator
from email.message import EmailMessage
from functools import cache
from pathlib import Path

import docx
import openpyxl
import pptx
from pypdf import PdfReader, PdfWriter
from reportlab.pdfgen import canvas

Named = tuple[str, bytes]
MIB = 2**20


def write_all(folder: Path) -> list[Path]:
    """Writes every file below `folder`; returns their paths, those of special files too."""
    paths = []
    for number, (name, data) in enumerate(_all_files()):
        path = folder / f"{number:03}-{name}"
        path.write_bytes(data)
        paths.append(path)
    return paths + _special_files(folder)


def _all_files() -> Iterator[Named]:
    for family in (
        _truncated,
        _renamed,
        _flipped,
        _encrypted,
        _zips,
        _xml_attacks,
        _nested,
        _encodings,
        _pdfs,
        _sheets,
        _mails,
        _texts,
    ):
        yield from family()


@cache
def sound_files() -> dict[str, bytes]:
    """One sound file per format: what the broken ones are made from."""
    mail = EmailMessage()
    mail["From"], mail["To"], mail["Subject"] = "a@midas.example", "b@midas.example", "Aviso"
    mail.set_content("La reunión se aplaza al jueves.\n")
    mail.add_attachment(b"a;b\n1;2\n3;4\n", maintype="text", subtype="csv", filename="datos.csv")
    records = [{"id": number, "nombre": f"Pieza {number}"} for number in range(50)]
    return {
        "pdf": sound_pdf(),
        "docx": _saved(_sound_docx()),
        "pptx": _saved(_sound_pptx()),
        "xlsx": _saved(_sound_xlsx()),
        "eml": mail.as_bytes(),
        "html": "<html><body><h1>Título</h1><p>Un párrafo.</p><table><tr><td>a</td><td>b</td></tr></table></body>".encode(),
        "md": "# Título\n\nUn párrafo con **énfasis**.\n\n| a | b |\n|---|---|\n| 1 | 2 |\n".encode(),
        "csv": b"pieza;precio\ntuerca;0,10\ntornillo;0,12\n",
        "txt": "AVISO\n\nLa fábrica cierra en agosto.\n".encode(),
        "json": json.dumps(records).encode(),
        "jsonl": "\n".join(map(json.dumps, records)).encode(),
    }


def sound_pdf(pages: int = 3) -> bytes:
    out = io.BytesIO()
    page = canvas.Canvas(out, invariant=1)
    for number in range(pages):
        page.drawString(72, 700, f"Página de prueba {number + 1} con algo de texto.")
        page.rect(72, 600, 200, 40)
        page.line(172, 600, 172, 640)
        page.showPage()
    page.save()
    return out.getvalue()


def _saved(document: object) -> bytes:
    out = io.BytesIO()
    document.save(out)  # type: ignore[attr-defined]
    return out.getvalue()


def _sound_docx() -> object:
    document = docx.Document()
    document.add_heading("Título", 1)
    document.add_paragraph("Un párrafo cualquiera.")
    document.add_table(2, 2).cell(0, 0).text = "celda"
    return document


def _sound_pptx() -> object:
    presentation = pptx.Presentation()
    slide = presentation.slides.add_slide(presentation.slide_layouts[1])
    slide.shapes.title.text, slide.placeholders[1].text = "Título", "Uno\nDos"
    return presentation


def _sound_xlsx() -> openpyxl.Workbook:
    book = openpyxl.Workbook()
    for row in (["pieza", "precio"], ["tuerca", 0.1], ["tornillo", 0.12]):
        book.active.append(row)
    return book


def _truncated() -> Iterator[Named]:
    for extension, data in sound_files().items():
        for percent in (1, 10, 30, 50, 70, 90, 99):
            yield f"cut-{percent}.{extension}", data[: len(data) * percent // 100]


def _renamed() -> Iterator[Named]:
    wrong = {
        "pdf": "docx",
        "docx": "pdf",
        "pptx": "xlsx",
        "xlsx": "txt",
        "eml": "csv",
        "html": "pdf",
        "md": "xlsx",
        "csv": "json",
    }
    for extension, other in wrong.items():
        yield f"really-{extension}.{other}", sound_files()[extension]
    for extension in ("pdf", "docx", "xlsx", "pptx", "eml", "html", "csv", "json", "md", "txt"):
        yield f"random.{extension}", random.Random(extension).randbytes(50_000)
        yield f"empty.{extension}", b""


def _flipped() -> Iterator[Named]:
    """Sound files with random bytes changed, and with a hole in the middle."""
    for extension in ("pdf", "docx", "pptx", "xlsx", "eml", "html", "json"):
        for seed in range(5):
            chance = random.Random(seed)
            data = bytearray(sound_files()[extension])
            for _ in range(20):
                data[chance.randrange(len(data))] = chance.randrange(256)
            yield f"flipped-{seed}.{extension}", bytes(data)
        data = bytearray(sound_files()[extension])
        data[len(data) // 3 : len(data) // 2] = bytes(len(data) // 2 - len(data) // 3)
        yield f"hole.{extension}", bytes(data)


def _encrypted() -> Iterator[Named]:
    for algorithm in ("RC4-40", "RC4-128", "AES-128", "AES-256"):
        writer = PdfWriter(clone_from=PdfReader(io.BytesIO(sound_pdf())))
        writer.encrypt("secreta", algorithm=algorithm)
        yield f"encrypted-{algorithm}.pdf", _written(writer)
    ole = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(504)
    for name, part in (
        ("new.docx", "EncryptedPackage"),
        ("old.doc", "WordDocument"),
        ("old.xls", "Workbook"),
        ("old.ppt", "PowerPoint Document"),
    ):
        yield f"ole-{name}", ole + part.encode("utf-16-le") + bytes(4096)
    yield "ole-unknown.doc", ole
    packed = bytearray(_zip({"[Content_Types].xml": b"<Types/>", "word/document.xml": b"x"}))
    for mark, offset in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        place = packed.find(mark)
        while place >= 0:
            packed[place + offset] |= 1
            place = packed.find(mark, place + 4)
    yield "zip-encrypted.docx", bytes(packed)


def _written(writer: PdfWriter) -> bytes:
    out = io.BytesIO()
    writer.write(out)
    return out.getvalue()


def _zip(parts: dict[str, bytes], method: int = zipfile.ZIP_DEFLATED) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", method) as archive:
        for name, data in parts.items():
            archive.writestr(zipfile.ZipInfo(name), data, method)
    return out.getvalue()


def _parts(extension: str) -> dict[str, bytes]:
    with zipfile.ZipFile(io.BytesIO(sound_files()[extension])) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


_MAIN_PART = {"docx": "word/document.xml", "pptx": "ppt/slides/slide1.xml", "xlsx": "xl/worksheets/sheet1.xml"}


def _zips() -> Iterator[Named]:
    zeros = _zip({"zeros": bytes(120 * MIB)})
    for extension, main in _MAIN_PART.items():
        parts = _parts(extension)
        yield f"bomb.{extension}", _zip(parts | {"bomb.bin": bytes(120 * MIB)})
        yield f"bomb-inside.{extension}", _zip(parts | {"word/embeddings/inner.zip": zeros})
        yield f"lying-size.{extension}", _lying(_zip(parts | {main: parts[main] + b" " * 20 * MIB}), main)
        yield f"no-main-part.{extension}", _zip({name: data for name, data in parts.items() if name != main})
        yield f"many-members.{extension}", _zip(parts | {f"junk/{number}": b"" for number in range(21_000)}, zipfile.ZIP_STORED)
        yield f"garbage-part.{extension}", _zip(parts | {main: b"\x00\xff" * 500})
        yield f"only-types.{extension}", _zip({"[Content_Types].xml": parts["[Content_Types].xml"]})
        yield f"path-escape.{extension}", _zip(parts | {"../../../../tmp/escaped.xml": b"<x/>"})
    yield "plain.zip", _zip({"nota.txt": b"hola"})
    yield "nested.zip", _zip({"inner.zip": zeros})
    yield "zip-without-members.docx", _zip({})
    yield "opendocument.odt", _zip({"mimetype": b"application/vnd.oasis.opendocument.text", "content.xml": b"<x/>"})


def _lying(data: bytes, name: str) -> bytes:
    """The central directory says that the member is ten bytes long."""
    changed = bytearray(data)
    directory = changed.rfind(name.encode())
    struct.pack_into("<I", changed, directory - 46 + 24, 10)
    return bytes(changed)


def _xml_attacks() -> Iterator[Named]:
    laughs = (
        '<!DOCTYPE x [<!ENTITY a "ja">'
        + "".join(f'<!ENTITY {b} "{("&" + a + ";") * 10}">' for a, b in zip("abcdefgh", "bcdefghi", strict=True))
        + "]>"
    )
    external = '<!DOCTYPE x [<!ENTITY i SYSTEM "file:///etc/passwd">]>'
    for extension, main in _MAIN_PART.items():
        parts = _parts(extension)
        for name, head in (("laughs", laughs), ("external", external)):
            body = parts[main].decode().split("?>", 1)[-1]
            yield f"{name}.{extension}", _zip(parts | {main: (head + body.replace("tulo", "&i;tulo")).encode()})
        deep = parts[main].decode()
        yield f"deep-xml.{extension}", _zip(parts | {main: (deep[: deep.rfind("</")] + "<a>" * 100_000).encode()})
    yield "laughs.html", (laughs + "<html><body>&i;</body></html>").encode()
    yield "laughs.xml", ("<?xml version='1.0'?>" + laughs + "<x>&i;</x>").encode()


def _nested() -> Iterator[Named]:
    for depth in (1_000, 200_000):
        yield f"deep-{depth}.json", b"[" * depth + b"]" * depth
        yield f"deep-objects-{depth}.json", b'{"a":' * depth + b"1" + b"}" * depth
        yield f"deep-div-{depth}.html", b"<html><body>" + b"<div>" * depth + b"hola"
        yield f"deep-list-{depth}.html", b"<html><body>" + b"<ul><li>" * depth + b"hola"
        yield f"deep-table-{depth}.html", b"<html><body>" + b"<table><tr><td>" * depth + b"hola"
        yield f"deep-span-{depth}.html", b"<html><body>" + b"<b>" * depth + b"hola"
        yield f"deep-quote-{depth}.md", b">" * depth + b" hola"
        yield f"deep-brackets-{depth}.md", b"# t\n\n" + b"[" * depth
        yield f"deep-emphasis-{depth}.md", b"# t\n\n" + b"*a **b " * depth
    yield "half-deep.jsonl", b'{"a": 1}\n{"a": ' + b"[" * 5_000 + b"\n"


def _encodings() -> Iterator[Named]:
    text = "Año nuevo: la señora Núñez pagó 12 € por el café.\n" * 20
    for name in ("utf-16", "utf-16-le", "utf-16-be", "utf-32", "cp1252", "latin-1", "cp850", "mac-roman", "utf-7", "utf-8-sig"):
        yield f"{name}.txt", text.encode(name, "replace")
    yield "mixed.txt", text.encode() + text.encode("cp1252", "replace")
    yield "overlong.txt", b"\xc0\xaf\xc0\xae" * 400
    yield "surrogates.json", b'{"texto": "\\ud800 medio par \\udfff"}'
    yield "nulls.txt", b"hola\x00mundo\n" * 200
    yield "only-nulls.txt", bytes(10_000)
    yield "only-blanks.txt", b" \n\t\r\n" * 10_000
    yield "controls.txt", bytes(range(32)) * 300
    yield "odd-utf16.txt", text.encode("utf-16")[:-1]
    yield "bom-only.txt", b"\xef\xbb\xbf"
    yield "nulls.csv", b"a;b\x00;c\n1;2;3\n" * 50


def _pdfs() -> Iterator[Named]:
    loop = (
        b"%PDF-1.4\n1 0 obj<</Type/Catalog/Pages 2 0 R>>endobj\n"
        b"2 0 obj<</Type/Pages/Kids[2 0 R 2 0 R]/Count 999999>>endobj\ntrailer<</Root 1 0 R>>\n"
    )
    yield "page-loop.pdf", loop
    yield "huge-count.pdf", loop.replace(b"[2 0 R 2 0 R]", b"[]").replace(b"999999", b"2147483647")
    yield "self-root.pdf", b"%PDF-1.4\n1 0 obj 1 0 R endobj\ntrailer<</Root 1 0 R>>\n"
    yield "parents.pdf", loop.replace(b"/Count", b"/Parent 2 0 R/Count")
    yield "header-only.pdf", b"%PDF-1.7\n"
    yield "deep-arrays.pdf", b"%PDF-1.4\n1 0 obj " + b"[" * 200_000 + b" endobj\ntrailer<</Root 1 0 R>>\n"
    yield "deep-dicts.pdf", b"%PDF-1.4\n1 0 obj " + b"<</A " * 200_000 + b" endobj\ntrailer<</Root 1 0 R>>\n"
    yield "no-text.pdf", _drawn(lambda page: page.rect(10, 10, 100, 100))
    yield "vectors.pdf", _drawn(lambda page: [page.line(n % 500, n % 700, n % 300, n % 600) for n in range(30_000)])
    yield "many-boxes.pdf", _drawn(_many_boxes)
    yield "many-pages.pdf", sound_pdf(300)
    yield "slanted.pdf", _drawn(_slanted)
    yield "stream-bomb.pdf", _stream_pdf(zlib.compress(b"0 0 m " * 20_000_000, 9))
    yield "text-bomb.pdf", _stream_pdf(zlib.compress(b"BT /F1 9 Tf 9 9 Td " + b"(hola que tal) Tj " * 300_000 + b"ET", 9))
    yield "form-loop.pdf", _form_loop()
    yield "prefixed.pdf", b"junk\n" * 100 + sound_pdf()
    yield "trailing.pdf", sound_pdf() + b"\x00" * 100_000
    yield "twice.pdf", sound_pdf() * 2


def _drawn(draw: Callable[[canvas.Canvas], object]) -> bytes:
    out = io.BytesIO()
    page = canvas.Canvas(out, invariant=1)
    draw(page)
    page.save()
    return out.getvalue()


def _many_boxes(page: canvas.Canvas) -> None:
    page.drawString(10, 800, "Cuadros")
    for number in range(1_900):
        page.rect(10 + number % 50 * 11, 10 + number // 50 * 19, 11, 19)


def _slanted(page: canvas.Canvas) -> None:
    page.rotate(45)
    page.drawString(300, 100, "BORRADOR")


def _stream_pdf(packed: bytes, resources: bytes = b"<</Font<</F1<</Type/Font/Subtype/Type1/BaseFont/Helvetica>>>>>>") -> bytes:
    head = b"%PDF-1.4\n1 0 obj<</Type/Catalog/Pages 2 0 R>>endobj\n2 0 obj<</Type/Pages/Kids[3 0 R]/Count 1>>endobj\n"
    page = b"3 0 obj<</Type/Page/Parent 2 0 R/MediaBox[0 0 600 800]/Resources" + resources + b"/Contents 4 0 R>>endobj\n"
    stream = b"4 0 obj<</Filter/FlateDecode/Length %d>>stream\n%b\nendstream endobj\n" % (len(packed), packed)
    return head + page + stream + b"trailer<</Root 1 0 R>>\n"


def _form_loop() -> bytes:
    form = (
        b"5 0 obj<</Type/XObject/Subtype/Form/BBox[0 0 9 9]/Resources<</XObject<</X 5 0 R>>>>/Length 5>>"
        b"stream\n/X Do\nendstream endobj\n"
    )
    page = _stream_pdf(zlib.compress(b"/X Do"), b"<</XObject<</X 5 0 R>>>>")
    return page.replace(b"trailer", form + b"trailer")


def _sheets() -> Iterator[Named]:
    main = _MAIN_PART["xlsx"]
    parts = _parts("xlsx")
    xml = parts[main].decode()
    far = '<row r="1048576"><c r="XFD1048576"><v>1</v></c></row>'
    merges = '<mergeCells count="1"><mergeCell ref="A1:XFD1048576"/></mergeCells>'
    wide = "".join(f'<row r="{n}"><c r="XFD{n}"><v>1</v></c></row>' for n in range(10, 400))
    yield "dimension.xlsx", _zip(parts | {main: _replace_dimension(xml).encode()})
    yield "far-cell.xlsx", _zip(parts | {main: xml.replace("</sheetData>", far + "</sheetData>").encode()})
    yield "wide-rows.xlsx", _zip(parts | {main: xml.replace("</sheetData>", wide + "</sheetData>").encode()})
    yield "merged-all.xlsx", _zip(parts | {main: xml.replace("</sheetData>", "</sheetData>" + merges).encode()})
    yield "bad-reference.xlsx", _zip(parts | {main: xml.replace('r="B2"', 'r="ZZZZZZ99999999999"').encode()})
    yield "bad-number.xlsx", _zip(parts | {main: xml.replace("<v>0.1</v>", "<v>1e999</v>").encode()})
    yield "bad-string.xlsx", _zip(parts | {main: xml.replace("<v>0</v>", "<v>99999999</v>").encode()})
    yield "bad-date.xlsx", _zip(parts | {main: xml.replace("<v>0.1</v>", "<v>-99999999999</v>").encode()})
    yield (
        "repeated-rows.xlsx",
        _zip(
            parts
            | {
                main: (
                    xml.split("<row")[0] + '<row r="1"><c r="A1"><v>1</v></c></row>' * 50_000 + "</sheetData></worksheet>"
                ).encode()
            }
        ),
    )


def _replace_dimension(xml: str) -> str:
    start = xml.index('<dimension ref="') + len('<dimension ref="')
    return xml[:start] + "A1:XFD1048576" + xml[xml.index('"', start) :]


def _mails() -> Iterator[Named]:
    head = b"From: a@midas.example\nTo: b@midas.example\nSubject: Prueba\nMIME-Version: 1.0\n"
    nested = b"".join(b'Content-Type: multipart/mixed; boundary="b%d"\n\n--b%d\n' % (n, n) for n in range(2_000))
    yield "deep-multipart.eml", head + nested + b"\nhola\n"
    yield "no-boundary.eml", head + b"Content-Type: multipart/mixed\n\nhola\n"
    yield "bad-base64.eml", head + b"Content-Transfer-Encoding: base64\n\n!!!!no base64!!!!\n"
    yield "bad-charset.eml", head + b"Content-Type: text/plain; charset=no-existe\n\nhola \xe1\n"
    yield "bad-date.eml", head + b"Date: anteayer a las 25:61\n\nhola\n"
    yield "bad-header.eml", b"From: \xff\xfe<<<>>>\nTo: (((((\nSubject: =?utf-8?q?=ff=?=\n\nhola\n"
    yield "long-header.eml", head + b"X-Largo: " + b"a" * 5 * MIB + b"\n\nhola\n"
    yield "many-headers.eml", head + b"".join(b"X-%d: y\n" % n for n in range(50_000)) + b"\nhola\n"
    message = EmailMessage()
    message["From"], message["Subject"] = "a@midas.example", "Con bomba"
    message.set_content("Mire el adjunto.")
    message.add_attachment(
        _zip(_parts("docx") | {"bomb.bin": bytes(120 * MIB)}), maintype="application", subtype="zip", filename="bomba.docx"
    )
    yield "bomb-attached.eml", message.as_bytes()
    for _ in range(30):
        outer = EmailMessage()
        outer["From"], outer["Subject"] = "a@midas.example", "Reenviado"
        outer.set_content("Abajo.")
        outer.add_attachment(message)
        message = outer
    yield "forwarded-30-times.eml", message.as_bytes()


def _texts() -> Iterator[Named]:
    yield "one-line-50-mib.txt", b"palabra " * (50 * MIB // 8)
    yield "one-word-50-mib.txt", b"a" * 50 * MIB
    yield "one-line-50-mib.csv", b"a;" * (25 * MIB)
    yield "one-line-15-mib.txt", b"palabra " * (15 * MIB // 8)
    yield "one-line-5-mib.md", b"# t\n\n" + b"_a_ [b](c) `d` " * (5 * MIB // 15)
    yield "one-line-4-mib.html", b"<html><body><p>" + b"palabra <b>b</b> " * (4 * MIB // 17)
    yield "one-string-10-mib.json", b'{"a": "' + b"palabra " * (10 * MIB // 8) + b'"}'
    yield "quote-never-closed.csv", b'a;b\n"' + b"palabra;\n" * 200_000
    yield "wide.csv", b";".join(b"c%d" % n for n in range(20_000)) + b"\n" + b";" * 20_000 + b"\n"
    yield "uneven.csv", b"\n".join(b"x;" * (n % 40) for n in range(20_000))
    yield "many-blank-lines.txt", b"\n" * 5_000_000 + b"hola"
    yield "many-headings.md", b"# a\n## b\n### c\n" * 30_000
    yield (
        "huge-span.html",
        b"<html><table><tr><td colspan=99999999 rowspan=99999999>a</td><td>b</td></tr><tr><td>c</td></tr></table>",
    )
    yield "unclosed.html", b"<html><body><p>hola<table><tr><td>a<td>b<tr><td>c<td>d<script>alert("
    yield "image.pdf", b"\x89PNG\r\n\x1a\n" + bytes(5_000)
    yield "photo.jpg", b"\xff\xd8\xff\xe0" + bytes(5_000)
    yield "program.txt", b"\x7fELF" + random.Random(1).randbytes(20_000)
    yield "note.rtf", rb"{\rtf1\ansi hola}"
    yield "packed.gz", b"\x1f\x8b\x08" + bytes(500)
    yield "numbers.json", b"[" + b"1" * 6_000 + b"]"
    yield "not-a-number.json", b'{"a": NaN, "b": Infinity, "c": -1e999}'
    yield "duplicate-keys.json", b'{"a": 1, "a": 2, "a": {"a": 3}}'
    yield "scalar.json", b"42"


def _special_files(folder: Path) -> list[Path]:
    """A link to itself, a dangling link, a pipe, a folder, a device, a file of 300 MiB of zeros, and one that is not there."""
    loop, dangling, pipe, directory, device, missing = (
        folder / f"special-{name}" for name in ("loop", "dangling", "pipe", "folder", "zero", "missing")
    )
    loop.symlink_to(loop)
    dangling.symlink_to(folder / "nowhere")
    os.mkfifo(pipe)
    directory.mkdir()
    device.symlink_to("/dev/zero")
    sparse = folder / "special-sparse.txt"
    with sparse.open("wb") as file:
        file.truncate(300 * MIB)
    return [loop, dangling, pipe, directory, device, sparse, missing]
