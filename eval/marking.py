"""What the judge-free scores share: a mark out of a figure, or why there is none."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from eval.rows import AnswerRow, ScoreRow


@dataclass(frozen=True, slots=True)
class Absent:
    """No figure, and that is as it should be: it does not count against coverage."""

    why: str


Mark = float | Absent


def score_row(row: AnswerRow, metric: str, mark: Mark) -> ScoreRow:
    """An answer that ended in an error has no figure where it should have one: `failed`."""
    if isinstance(mark, Absent):
        return ScoreRow(row.key, metric, None, "not_applicable", mark.why)
    if row.status == "error":
        return ScoreRow(row.key, metric, None, "failed", row.error_kind)
    return ScoreRow(row.key, metric, float(mark))


def score_rows(row: AnswerRow, metrics: Sequence[str], marks: Sequence[Mark]) -> list[ScoreRow]:
    return [score_row(row, metric, mark) for metric, mark in zip(metrics, marks, strict=True)]


def share(flags: Sequence[bool]) -> float:
    return sum(flags) / len(flags)
