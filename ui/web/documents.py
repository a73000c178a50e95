"""The tab where documents are added: files into a collection, with what became of each file."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Sequence
from contextlib import aclosing, suppress
from dataclasses import dataclass
from html import escape
from pathlib import Path
from typing import Any

import gradio as gr

from ingest.collection import CollectionInfo
from ingest.progress import IngestReport
from ui.jobs import Jobs
from ui.service import Cancelled, LocalService, Progress
from ui.views import JobView
from ui.web.language import PageLanguage
from ui.web.texts import TEXTS, Texts

POLL_SECONDS = 0.3


@dataclass(frozen=True, slots=True)
class DocumentsTab:
    """The components of the tab that other parts of the page change."""

    files: gr.File
    into: gr.Dropdown
    add: gr.Button
    result: gr.HTML
    table: gr.HTML

    @property
    def translated(self) -> list[Any]:
        """What `translate` returns a change for, in this order."""
        return [self.files, self.into, self.add, self.table]

    def translate(self, texts: Texts, collections: Sequence[CollectionInfo]) -> list[Any]:
        return [
            gr.update(label=texts.files),
            gr.update(label=texts.into, info=texts.into_hint, choices=[info.name for info in collections]),
            gr.update(value=texts.add),
            collections_html(collections, texts),
        ]


def documents_tab(service: LocalService, jobs: Jobs, language: gr.State) -> DocumentsTab:
    """Builds the tab inside the open `gr.Blocks`."""
    texts = TEXTS[language.value]
    with gr.Row(elem_id="documents-area"):
        with gr.Column(scale=1, min_width=280):
            files = gr.File(file_count="multiple", label=texts.files, elem_id="files", height=180)
            into = gr.Dropdown([], label=texts.into, info=texts.into_hint, allow_custom_value=True, value=None, elem_id="into")
            add = gr.Button(texts.add, variant="primary", elem_id="add")
            result = gr.HTML("", elem_id="result")
        with gr.Column(scale=1, min_width=280):
            table = gr.HTML("", elem_id="collections-table")
    tab = DocumentsTab(files, into, add, result, table)

    async def upload(paths: list[str] | None, collection: str | None, code: PageLanguage) -> AsyncGenerator[list[Any], None]:
        given = [Path(path) for path in paths or ()]
        async with aclosing(_upload(service, jobs, given, (collection or "").strip(), TEXTS[code])) as updates:
            async for update in updates:
                yield update

    add.click(
        upload, [files, into, language], [result, files, table], show_progress="hidden", concurrency_limit=None,
        api_visibility="private",
    )  # fmt: skip
    return tab


def collections_html(collections: Sequence[CollectionInfo], texts: Texts) -> str:
    """The collections with their counts."""
    if not collections:
        return f'<p class="panel-hint">{escape(texts.no_collections)}</p>'
    head = "".join(f"<th>{escape(title)}</th>" for title in (texts.name, texts.documents, texts.chunks))
    rows = "".join(
        f"<tr><td>{_name(info, texts)}</td><td>{info.documents}</td><td>{info.chunks}</td></tr>" for info in collections
    )
    return f'<h3>{escape(texts.collections_table)}</h3><table class="results"><tr>{head}</tr>{rows}</table>'


def _name(info: CollectionInfo, texts: Texts) -> str:
    badge = f' <span class="badge">{escape(texts.private)}</span>' if info.private else ""
    return escape(info.name) + badge


async def _upload(
    service: LocalService, jobs: Jobs, paths: Sequence[Path], collection: str, texts: Texts
) -> AsyncGenerator[list[Any], None]:
    if problem := _missing(paths, collection, texts):
        yield [_line(problem), gr.skip(), gr.skip()]
        return

    def work(progress: Progress, cancelled: Cancelled) -> IngestReport:
        try:
            return service.upload(paths, collection, progress=progress, cancelled=cancelled)
        finally:
            _discard(paths)

    job = jobs.start("ingest", collection, work)
    while not job.finished:
        yield [_state(job, texts), gr.skip(), gr.skip()]
        await asyncio.sleep(POLL_SECONDS)
        job = jobs.get(job.id)
    yield [_result(job, paths, texts), None, collections_html(await asyncio.to_thread(service.collections), texts)]


def _missing(paths: Sequence[Path], collection: str, texts: Texts) -> str | None:
    if not paths:
        return texts.no_files
    return None if collection else texts.no_collection


def _discard(paths: Sequence[Path]) -> None:
    """The uploaded copies, each in a folder of its own, are not needed any more: the store has their text."""
    for path in paths:
        path.unlink(missing_ok=True)
        with suppress(OSError):
            path.parent.rmdir()


def _line(sentence: str) -> str:
    return f'<p class="notice" role="status">{escape(sentence)}</p>'


def _state(job: JobView, texts: Texts) -> str:
    progress = job.progress
    sentence = (
        texts.loading.format(done=progress.done, total=progress.total, source=progress.current) if progress else texts.waiting
    )
    return f'<p class="state" role="status">{escape(sentence)}</p>'


def _result(job: JobView, paths: Sequence[Path], texts: Texts) -> str:
    if job.report is None:
        return _line(job.error or "")
    return _line(_summary(job.report, texts)) + _files(job.report, paths, texts)


def _summary(report: IngestReport, texts: Texts) -> str:
    return texts.upload_summary.format(
        added=report.added, replaced=report.replaced, skipped=report.skipped, failed=report.failed
    )


def _files(report: IngestReport, paths: Sequence[Path], texts: Texts) -> str:
    reasons = {failure.source: failure.message for failure in report.failures}
    reasons.update({source: texts.duplicate.format(source=other) for source, other in report.duplicates})
    rows = "".join(_file(path.name, reasons.get(path.name), texts) for path in paths)
    return f'<table class="results"><tr><th>{escape(texts.file)}</th><th>{escape(texts.result)}</th></tr>{rows}</table>'


def _file(name: str, reason: str | None, texts: Texts) -> str:
    result = f'<td class="bad">{escape(reason)}</td>' if reason else f"<td>{escape(texts.added)}</td>"
    return f"<tr><td>{escape(name)}</td>{result}</tr>"
