"""`measurements.csv`: every figure of a run that was measured, one a line, for spreadsheets and statistics programs."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator
from dataclasses import fields

from eval.rows import AnswerRow
from eval.runs import Run
from ingest.assets import write_atomically

COLUMNS = ("backend", "question", "repeat", "metric", "value", "unit", "at")
_UNITS = {"_ms": "ms", "tokens_per_s": "tokens/s", "characters_per_s": "characters/s", "_tokens": "tokens"}
Line = tuple[str, str, int | str, str, float, str, str]


def write_figures(run: Run) -> None:
    """Those of answers have a question and a repetition; those of a back end, like memory, have neither."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(COLUMNS)
    for row in run.answers():
        writer.writerows(_of_answer(row))
    for figure in run.measurements():
        writer.writerow((figure.backend, "", "", figure.metric, figure.value, figure.unit, figure.at))
    write_atomically(run.directory / "measurements.csv", text.getvalue().encode("utf-8"))


def _of_answer(row: AnswerRow) -> Iterator[Line]:
    for part in (row.speed, row.timings, row.usage):
        prefix = "stage_" if part is row.timings else ""
        for field in fields(part):
            value = getattr(part, field.name)
            for number in value if isinstance(value, tuple) else (value,):
                if isinstance(number, int | float):
                    name = f"{prefix}{field.name}"
                    yield row.key.backend, row.key.question, row.key.repeat, name, number, _unit(name), row.at


def _unit(name: str) -> str:
    return next(unit for ending, unit in _UNITS.items() if name.endswith(ending))
