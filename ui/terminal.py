"""What the commands print: JSON or text on standard output, progress and errors on standard error."""

from __future__ import annotations

import signal
import sys
import unicodedata
from collections.abc import AsyncGenerator, Callable, Iterator, Sequence
from contextlib import aclosing, contextmanager
from datetime import timedelta
from threading import Event
from types import FrameType
from typing import TYPE_CHECKING, Any

from rich.cells import cell_len
from rich.console import Console
from rich.live import Live
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn
from rich.table import Table
from rich.text import Text

from assistant.types import Answer, AnswerEvent, Citation, Source, StatusEvent, TokenEvent
from assistant.types import Event as AnswerStep
from ingest.errors import MidasError

if TYPE_CHECKING:
    from ingest.doctor import Finding
    from ingest.progress import IngestProgress, IngestReport
    from ui.views import DocumentView, Passage

WHOLE = 30
"""Columns of the terminal up to which the name of a row, and every word, is kept on one line."""
out = Console(highlight=False, soft_wrap=True)
err = Console(stderr=True, highlight=False)


def printable(text: str) -> str:
    """Without control characters: text of a document must not steer the terminal."""
    return "".join(char for char in text if char in "\n\t" or unicodedata.category(char) != "Cc")


def plain(text: str, style: str = "") -> Text:
    """Text that is shown as it stands, never read as markup."""
    return Text(printable(text), style=style)


def print_json(value: object) -> None:
    """One JSON value on standard output."""
    sys.stdout.write(json_line(value, indent=2) + "\n")


def json_line(value: object, indent: int | None = None) -> str:
    from pydantic_core import to_json

    return to_json(value, indent=indent).decode("utf-8")


def table(titles: Sequence[str], rows: Sequence[Sequence[object]]) -> Table:
    """Columns without lines between them; numbers to the right. The id of a row is never split, long as it may be."""
    grid = Table(box=None, pad_edge=False, header_style="bold")
    for index, title in enumerate(titles):
        numbers = bool(rows) and all(isinstance(row[index], int | float) for row in rows)
        cells = [str(row[index]) for row in rows]
        least = _least(cells, names=index == 0)
        whole = index == 0 and least >= max(map(cell_len, cells), default=0)
        grid.add_column(title, justify="right" if numbers else "left", overflow="fold", min_width=least, no_wrap=whole)
    for row in rows:
        grid.add_row(*(plain("" if cell is None else str(cell)) for cell in row))
    return grid


def _least(cells: Sequence[str], names: bool) -> int:
    """How wide a column must be: for every word up to a length, and where the cells are names, for all their words."""
    word = max((cell_len(word) for cell in cells for word in cell.split()), default=0)
    whole = max(map(cell_len, cells), default=0)
    return max(word, min(WHOLE, whole)) if names else min(WHOLE, word)


# Answers


async def show_answer(events: AsyncGenerator[AnswerStep, None]) -> Answer:
    """Prints the text as it is written, then the verified text with its sources. Returns the answer."""
    if not out.is_terminal:
        answer = await _last(events)
        out.print(plain(answer.text))
    else:
        answer = await _live(events)
    _print_sources(answer)
    out.print()
    for sentence in (*answer.notices, made_by(answer)):
        out.print(plain(sentence, "dim"))
    return answer


async def _last(events: AsyncGenerator[AnswerStep, None]) -> Answer:
    async with aclosing(events):
        async for event in events:
            if isinstance(event, AnswerEvent):
                return event.answer
    raise MidasError("The answer was cut off: ask again.")


async def _live(events: AsyncGenerator[AnswerStep, None]) -> Answer:
    """The verified text takes the place of what the model wrote."""
    text = ""
    with Live(console=out, auto_refresh=False, vertical_overflow="visible") as live:
        async with aclosing(events):
            async for event in events:
                if isinstance(event, AnswerEvent):
                    live.update(plain(event.answer.text), refresh=True)
                    return event.answer
                text = "" if _begins_anew(event) else text + (event.text if isinstance(event, TokenEvent) else "")
                live.update(plain(text) if text else plain(_state(event), "dim"), refresh=True)
    raise MidasError("The answer was cut off: ask again.")


def _begins_anew(event: AnswerStep) -> bool:
    return isinstance(event, StatusEvent) and event.state == "fallback"


def _state(event: AnswerStep) -> str:
    if not isinstance(event, StatusEvent):
        return ""
    states = {
        "fallback": event.notice or "",
        "searching": "Searching the documents…",
        "queued": f"Waiting: {event.position} ahead…",
        "reading": f"Reading passages: {event.passages}…",
        "writing": "Writing…",
    }
    return states[event.state]


def made_by(answer: Answer) -> str:
    """Where the answer was made."""
    if not answer.asked_model:
        return "No model was asked."
    return f"Model: {answer.model} (back end {answer.backend}, {answer_place(answer.cloud)})."


def answer_place(cloud: bool) -> str:
    """`in the cloud` or `local`: whether questions and evidence leave the company."""
    return "in the cloud" if cloud else "local"


def _print_sources(answer: Answer) -> None:
    cited = {citation.number for citation in answer.citations}
    sources = [source for source in answer.sources if source.number in cited or answer.declined]
    if sources:
        out.print()
        out.print("The nearest passages:" if answer.declined else "Sources:", style="bold")
    for source in sources:
        out.print(plain(f"[{source.number}] {place(source)}"))
        for quote in _quotes(source, answer.citations):
            out.print(plain(f"    “{quote}”", "dim"))


def _quotes(source: Source, citations: Sequence[Citation]) -> list[str]:
    found = [" ".join(citation.quote.split()) for citation in citations if citation.number == source.number]
    return list(dict.fromkeys(found)) or [shortened(source.text)]


def place(found: Source | Passage) -> str:
    """Document and page: `viajes.pdf, page 3`."""
    return found.document if found.page is None else f"{found.document}, {found.page_unit or 'page'} {found.page}"


def shortened(text: str, length: int = 200) -> str:
    """The beginning of the text on one line."""
    line = " ".join(text.split())
    return line if len(line) <= length else line[: length - 1].rstrip() + "…"


# Reports


def print_report(report: IngestReport) -> None:
    """One line for each file that failed, then the counts."""
    for failure in report.failures:
        err.print(plain(f"{failure.source}: {failure.message}"))
    counts = (
        ("added", report.added), ("replaced", report.replaced), ("unchanged", report.skipped), ("failed", report.failed),
        ("with the content of another", len(report.duplicates)),
        ("removed", report.removed),
    )  # fmt: skip
    told = ", ".join(f"{number} {word}" for word, number in counts if number) or "nothing to do"
    out.print(plain(f"Documents: {told}. {report.chunks} chunks in {report.seconds:.1f} s."))


def print_document(view: DocumentView) -> None:
    """What the catalog knows, then the text."""
    row = view.row
    facts = (
        ("id", row.document_id), ("source", row.source), ("title", row.title), ("state", row.state), ("reason", row.message),
        ("type", row.media_type), ("pages", row.pages), ("chunks", row.chunks), ("date", row.date), ("updated", row.updated_at),
    )  # fmt: skip
    out.print(table(("", ""), [fact for fact in facts if fact[1] is not None]))
    for warning in row.warnings:
        out.print(plain(f"Note: {warning}"))
    if view.text is not None:
        out.print(plain(f"\n{view.text}"))


def print_findings(findings: Sequence[Finding]) -> None:
    """One line for each finding."""
    for finding in findings:
        state = "repaired" if finding.repaired else finding.severity
        out.print(plain(f"{state}: {finding.message}"))


# Long work


@contextmanager
def interruptible(in_hand: str = "documents") -> Iterator[Callable[[], bool]]:
    """Ctrl-C asks the work to stop after what it has in hand; a second one stops at once. Leaves with exit code 130."""
    stop = Event()
    before = signal.getsignal(signal.SIGINT)

    def on_interrupt(number: int, frame: FrameType | None) -> None:
        if stop.is_set():
            raise KeyboardInterrupt
        stop.set()
        err.print(f"Stopping after the {in_hand} in hand…")

    signal.signal(signal.SIGINT, on_interrupt)
    try:
        yield stop.is_set
    finally:
        signal.signal(signal.SIGINT, before)


@contextmanager
def ingest_progress() -> Iterator[Callable[[IngestProgress], None]]:
    """A bar on standard error, where that is a terminal."""
    columns = (BarColumn(), MofNCompleteColumn(), TextColumn("{task.fields[told]}"))
    with Progress(*columns, console=err, disable=not err.is_terminal, transient=True) as bar:
        task = bar.add_task("documents", total=None, told="")

        def show(progress: IngestProgress) -> None:
            bar.update(task, completed=progress.done, total=progress.total, told=_told(progress))

        yield show


def _told(progress: IngestProgress) -> str:
    """`12.3 chunks/s, 0:01:20 left, viajes.pdf`, safe to be read as markup."""
    left = f"{timedelta(seconds=round(progress.eta_s))} left" if progress.eta_s is not None else ""
    rate = f"{progress.chunks_per_s:.1f} chunks/s" if progress.chunks else ""
    parts = (rate, left, shortened(printable(progress.current), 40))
    return ", ".join(part for part in parts if part).replace("[", r"\[")


@contextmanager
def pull_progress(name: str) -> Iterator[Callable[[str, int, int | None], None]]:
    """What a pull does and a bar of bytes on standard error, where that is a terminal."""
    from rich.progress import DownloadColumn, TransferSpeedColumn

    told: tuple[Any, ...] = (TextColumn(name), TextColumn("{task.fields[told]}"))
    columns = (*told, BarColumn(), DownloadColumn(), TransferSpeedColumn(), TimeRemainingColumn())
    with Progress(*columns, console=err, disable=not err.is_terminal, transient=True) as bar:
        task = bar.add_task(name, total=None, told="")

        def show(step: str, held: int, total: int | None) -> None:
            bar.update(task, completed=held, total=total, told="" if step == name else printable(step).replace("[", r"\["))

        yield show


@contextmanager
def waiting(told: str) -> Iterator[None]:
    """A sign of work on standard error, where that is a terminal."""
    if not err.is_terminal:
        yield
        return
    with err.status(plain(told)):
        yield
