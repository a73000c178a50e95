"""Pages drawn with quotes marked: wherever the quote's letters stand on the page, however the page writes them."""

from __future__ import annotations

import hashlib
import io
import os
import signal
import time
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import closing
from pathlib import Path
from threading import Event
from types import SimpleNamespace

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image
from pypdf import PdfReader, PdfWriter
from reportlab.lib.pagesizes import A4
from reportlab.pdfgen import canvas

from ingest import pages as module
from ingest.config import IngestLimits
from ingest.errors import ConfigError
from ingest.page_image import draw_page
from ingest.pages import Pages
from ingest.parse_worker import PageRequest
from ingest.quotes import find_quote, letters

QUOTE = "Los empleados tienen derecho a 25 días laborables de vacaciones al año."
LINES = ("Los empleados tienen derecho a 25 días labo-", "rables de vacaciones al año.", "Se piden en el portal.")


@pytest.mark.parametrize(
    "page",
    [
        QUOTE,
        "LOS  EMPLEADOS tienen\nderecho a 25 días labo-\r\nrables de vacaciones al año.",
        "Los empleados tienen derecho a 25 di\u0301as laborables de vacaciones al an\u0303o",
        "Otra cosa. Los empleados tienen derecho a 25 días labo\u00adrables de vacaciones al año. Y más.",
    ],
)
def test_a_quote_is_found_whatever_its_spaces_hyphens_and_accents(page: str) -> None:
    (span,) = find_quote(QUOTE, *letters(page))
    assert letters(page[slice(*span)])[0] == letters(QUOTE)[0]


def test_ligatures_are_their_letters() -> None:
    page = "La oﬁcina certiﬁca el ﬂujo."
    assert [page[slice(*span)] for span in find_quote("oficina certifica el flujo", *letters(page))] == [
        "oﬁcina certiﬁca el ﬂujo"
    ]


def test_a_row_of_a_table_is_found_cell_by_cell() -> None:
    page = "País Media Completa\nEspaña 26,67 € 53,34 €\nFrancia 35,00 € 70,00 €"
    assert [page[slice(*span)] for span in find_quote("| Francia | 35,00 € | 70,00 € |", *letters(page))] == [
        "Francia 35,00 € 70,00 €"
    ]


def test_of_a_quote_that_goes_on_elsewhere_the_part_here_is_found() -> None:
    page = "y así se hizo siempre. Los empleados tienen derecho a 25 días"
    assert [page[slice(*span)] for span in find_quote(QUOTE, *letters(page))] == ["Los empleados tienen derecho a 25 días"]


@pytest.mark.parametrize("quote", ["", "  ", "|---|---|", "Esta frase no está en esta página", "de la en el y un"])
def test_what_is_not_there_is_not_found(quote: str) -> None:
    assert find_quote(quote, *letters("Los empleados viajan en tren de segunda clase.")) == []


def write_pdf(path: Path, draw: Callable[[canvas.Canvas], object], size: tuple[float, float] = A4) -> Path:
    page = canvas.Canvas(str(path), pagesize=size, invariant=1)
    draw(page)
    page.showPage()
    page.drawString(70, 700, "La segunda.")
    page.save()
    return path


def write_lines(page: canvas.Canvas) -> None:
    for number, line in enumerate(LINES):
        page.drawString(70, 700 - 20 * number, line)


@pytest.fixture(scope="module")
def pdf(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_pdf(tmp_path_factory.mktemp("pages") / "a.pdf", write_lines)


@pytest.fixture(scope="module")
def pages() -> Iterator[Pages]:
    pages = Pages(IngestLimits())
    yield pages
    pages.close()


def sha256(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


def drawn(path: Path, *quotes: str, page: int = 1) -> NDArray[np.uint8]:
    return pixels(draw_page(path, sha256(path), page, quotes))


def pixels(png: bytes) -> NDArray[np.uint8]:
    return np.asarray(Image.open(io.BytesIO(png)).convert("RGB"))


def marked(image: NDArray[np.uint8]) -> tuple[slice, slice] | None:
    """The rectangle around everything yellow."""
    rows, columns = np.nonzero((image[..., 2] < 160) & (image[..., 0] > 200))
    return (slice(rows.min(), rows.max() + 1), slice(columns.min(), columns.max() + 1)) if len(rows) else None


def inked(image: NDArray[np.uint8]) -> int:
    return int((image.max(axis=2) < 100).sum())


def test_the_quote_is_marked_and_stays_readable(pdf: Path) -> None:
    plain, image = drawn(pdf), drawn(pdf, QUOTE)
    assert image.shape == (1263, 893, 3) and marked(plain) is None
    around = marked(image)
    assert around is not None and inked(plain[around]) == inked(image[around]) > 500
    rest = plain.copy()
    rest[around] = 255
    assert 0 < inked(rest) < inked(plain) / 2


def test_marks_lie_where_a_turned_and_cropped_page_shows_the_words(pdf: Path, tmp_path: Path) -> None:
    writer = PdfWriter()
    page = PdfReader(pdf).pages[0]
    page.cropbox.lower_left, page.cropbox.upper_right = (50, 400), (500, 800)
    writer.add_page(page.rotate(90))
    turned = tmp_path / "turned.pdf"
    writer.write(turned)
    plain, image = drawn(turned), drawn(turned, LINES[2])
    around = marked(image)
    assert image.shape[0] > image.shape[1] and around is not None
    assert inked(plain[around]) > 200
    height, width = (axis.stop - axis.start for axis in around)
    assert height > 3 * width


def test_what_can_not_be_found_is_not_marked(pdf: Path) -> None:
    assert marked(drawn(pdf, "Esta frase no está en ninguna página.")) is None


def test_scans_are_drawn_without_marks(tmp_path: Path) -> None:
    scan = tmp_path / "scan.png"
    Image.new("RGB", (100, 100), "black").save(scan)
    path = write_pdf(tmp_path / "scan.pdf", lambda page: page.drawImage(str(scan), 100, 100, 300, 300))
    image = drawn(path, QUOTE)
    assert marked(image) is None and inked(image) > 10_000


@pytest.mark.parametrize(("size", "shape"), [((8000, 4000), (1200, 2400)), ((20, 30), (45, 30))])
def test_posters_are_drawn_smaller(tmp_path: Path, size: tuple[float, float], shape: tuple[int, int]) -> None:
    assert drawn(write_pdf(tmp_path / "a.pdf", lambda page: None, size)).shape[:2] == shape


def test_pages_come_from_the_sandbox_and_are_remembered(
    pages: Pages, pdf: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "CACHED", 2)
    copy = tmp_path / "copy.pdf"
    copy.write_bytes(pdf.read_bytes())
    first = pages.draw(copy, sha256(pdf), 1, [QUOTE])
    assert marked(pixels(first)) and marked(pixels(pages.draw(copy, sha256(pdf), 2))) is None
    copy.unlink()
    assert pages.draw(copy, sha256(pdf), 1, [QUOTE]) == first
    for number in range(2):
        pages.draw(pdf, sha256(pdf), 1, [f"nada {number}"])
    with pytest.raises(ConfigError, match="not where it was"):
        pages.draw(copy, sha256(pdf), 1, [QUOTE])


@pytest.mark.parametrize(
    ("page", "digest", "sentence"), [(0, "", "2 pages"), (3, "", "no page 3"), (1, "0" * 64, "has changed since")]
)
def test_what_can_not_be_drawn_says_why(pages: Pages, pdf: Path, page: int, digest: str, sentence: str) -> None:
    with pytest.raises(ConfigError, match=sentence):
        pages.draw(pdf, digest or sha256(pdf), page)


def test_damaged_files_and_dead_processes_cost_one_picture(pages: Pages, pdf: Path, tmp_path: Path) -> None:
    broken = tmp_path / "broken.pdf"
    broken.write_bytes(pdf.read_bytes()[:300])
    with pytest.raises(ConfigError, match="open the original"):
        pages.draw(broken, sha256(broken), 1)
    fifo = tmp_path / "fifo"
    os.mkfifo(fifo)
    assert pages._pool is not None
    drawing = pages._pool.draw(PageRequest(fifo, "", 1, ()))
    while not drawing.running():
        time.sleep(0.01)
    (worker,) = pages._pool._workers
    os.kill(worker._process.pid, signal.SIGKILL)
    assert "crashed" in str(drawing.exception())
    assert pages.draw(pdf, sha256(pdf), 1, ["otra"])


def test_pages_that_nobody_could_wait_for_are_refused_at_once(pdf: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever waits for a page holds a thread of the server."""
    monkeypatch.setattr(module, "WAITING", 1)
    asked, drawing = Event(), Future[bytes]()

    def draw(request: PageRequest) -> Future[bytes]:
        asked.set()
        return drawing

    monkeypatch.setattr(module, "ParserPool", lambda limits: SimpleNamespace(draw=draw, close=lambda: None))
    with closing(Pages(IngestLimits())) as pages, ThreadPoolExecutor(1) as pool:
        first = pool.submit(pages.draw, pdf, "", 1)
        asked.wait()
        with pytest.raises(ConfigError, match="Too many pages"):
            pages.draw(pdf, "", 2)
        drawing.set_result(b"png")
        assert first.result() == pages.draw(pdf, "", 2) == b"png"
