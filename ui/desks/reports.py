"""What came of runs: their figures, two of them compared, and the whole report to take away."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from eval.diff import Diff, compare
from eval.summary import RunSummary
from ui.desks.evaluating import Evaluating
from ui.desks.loads import Loads

if TYPE_CHECKING:
    from eval.report.blocks import Document
    from eval.report.data import ReportData
    from eval.report.numbers import ReportLanguage

ReportFormat = Literal["html", "markdown"]
KEPT = 16
"""Reports that are kept until their files change."""


class Reports(Evaluating):
    """For evaluators: reports of runs that they may see. All raise MissingExtra without the extra `eval`."""

    def summary(self, run: str) -> RunSummary:
        """Every figure of a run with its interval. Raises EvaluationNotFound."""
        from eval.summary import summarise

        return summarise(self._run(run))

    def data(self, runs: Sequence[str], baseline: str | None = None) -> ReportData:
        """Raises EvaluationNotFound, and ConfigError when a run has no answers yet."""
        ids = tuple(self._run(id).id for id in runs)
        base = self._run(baseline).id if baseline else None
        data = _collected(self.home, ids, base, _state(self.home, (*ids, *([base] if base else []))))
        loads = Loads(self.house, self.person)
        return replace(data, loads=tuple(load for load in data.loads if loads.shows(load)))

    def document(self, runs: Sequence[str], language: ReportLanguage, baseline: str | None = None) -> Document:
        """The report, before it becomes HTML or Markdown."""
        from eval.report.texts import Texts
        from eval.report.writing import tell

        return tell(self.data(runs, baseline), Texts(language))

    def file(self, runs: Sequence[str], language: ReportLanguage, format: ReportFormat, baseline: str | None = None) -> str:
        """The report as a file that needs nothing else."""
        from eval.report.html import write_html
        from eval.report.markdown import write_markdown
        from eval.report.texts import Texts

        document = self.document(runs, language, baseline)
        return write_html(document, Texts(language)) if format == "html" else write_markdown(document, Texts(language))

    def diff(self, before: str, after: str) -> Diff:
        """Two runs question by question. Raises ConfigError when there is nothing to pair."""
        return compare(self._run(before), self._run(after))


def _state(home: Path, runs: Sequence[str]) -> tuple[int, ...]:
    """Changes when anything does that a report tells of."""
    files = [path for id in runs for path in sorted((home / "runs" / id).glob("*.json*"))]
    shared = [home / name for name in ("arena.db", "arena.db-wal", "costs.toml", "loads", "judges")]
    return tuple(path.stat().st_mtime_ns for path in (*files, *shared) if path.exists())


@lru_cache(maxsize=KEPT)
def _collected(home: Path, runs: tuple[str, ...], baseline: str | None, state: tuple[int, ...]) -> ReportData:
    from eval.report.data import collect

    return collect(home, runs, baseline=baseline)
