"""From the data to the two files."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from eval.report import changes, decision, drill, money, origin, people, performance, quality
from eval.report.blocks import Document
from eval.report.data import ReportData
from eval.report.html import write_html
from eval.report.markdown import write_markdown
from eval.report.numbers import Numbers, ReportLanguage
from eval.report.plots import Plots
from eval.report.teller import Teller
from eval.report.texts import Texts
from ingest.assets import write_atomically
from ingest.errors import StoreError


@dataclass(frozen=True, slots=True)
class Written:
    """Where the report is, and what it says first."""

    html: Path
    markdown: Path
    headline: str


def write_report(data: ReportData, language: ReportLanguage, folder: Path) -> Written:
    """Writes `report.html` and `report.md` into the folder. Raises StoreError, and MissingExtra without the extra `eval`."""
    texts = Texts(language)
    document = tell(data, texts)
    html, markdown = folder / "report.html", folder / "report.md"
    try:
        folder.mkdir(parents=True, exist_ok=True)
        write_atomically(html, write_html(document, texts).encode("utf-8"))
        write_atomically(markdown, write_markdown(document, texts).encode("utf-8"))
    except OSError as error:
        raise StoreError(f"{folder} can't be written ({error.strerror}): check free space and permissions.") from error
    return Written(html, markdown, document.headline)


def teller_of(data: ReportData, texts: Texts) -> Teller:
    numbers = Numbers(texts.language)
    return Teller(texts, numbers, Plots(data.backends, numbers), data)


def tell(data: ReportData, texts: Texts) -> Document:
    """The verdict first, then quality against waiting and cost, phases 0 to 5, all questions, changes, manifest."""
    teller = teller_of(data, texts)
    sections = (
        decision.verdict_section(teller),
        decision.tradeoff_section(teller),
        origin.preparation_section(teller),
        quality.search_section(teller),
        quality.quality_section(teller),
        performance.performance_section(teller),
        people.people_section(teller),
        money.money_section(teller),
        drill.drill_section(teller),
        changes.changes_section(teller),
        origin.manifest_section(teller),
    )
    return Document(texts("report"), decision.headline(teller), origin.facts(teller), data.backends, sections)
