"""A run on the disk, `$MIDAS_HOME/runs/<id>/`: manifest, questions, what was found for them, answers, scores, figures."""

from __future__ import annotations

import logging
import re
import stat
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from eval import lines
from eval.manifest import Manifest, read_manifest, write_manifest
from eval.questions import Question, load_questions, save_questions
from eval.rows import AnswerRow, Key, Measurement, ScoreRow
from ingest.errors import ConfigError, StoreError

if TYPE_CHECKING:
    from eval.frozen import EvidenceRow

LATEST = "latest"
_log = logging.getLogger("midas")


@dataclass(frozen=True, slots=True)
class Run:
    """One run. Rows are only ever added; of rows with the same key, the last one holds."""

    directory: Path
    manifest: Manifest

    @property
    def id(self) -> str:
        return self.manifest.id

    def questions(self) -> list[Question]:
        return load_questions(self.directory / "questions.jsonl")

    def evidence(self) -> list[EvidenceRow]:
        """What was found; rows of answers name it by its digest."""
        from eval.frozen import EvidenceRow

        return lines.read(self.directory / "evidence.jsonl", EvidenceRow)

    def answers(self) -> list[AnswerRow]:
        """One for each question, back end and repetition that is done, in the order they were first asked."""
        rows = lines.read(self.directory / "answers.jsonl", AnswerRow)
        return list({row.key: row for row in rows}.values())

    def scores(self) -> list[ScoreRow]:
        """One for each answer, metric and scorer."""
        rows = lines.read(self.directory / "scores.jsonl", ScoreRow)
        return list({(row.key, row.metric, row.scorer): row for row in rows}.values())

    def measurements(self) -> list[Measurement]:
        return lines.read(self.directory / "measurements.jsonl", Measurement)

    def append(self, *rows: AnswerRow | ScoreRow | Measurement | EvidenceRow) -> None:
        """Writes rows of one type; when this returns, no kill loses them. Raises StoreError."""
        for name in {type(row).__name__ for row in rows}:
            lines.append(self.directory / _FILES[name], *rows)

    def with_manifest(self, manifest: Manifest) -> Run:
        """The run with this manifest, which is written."""
        write_manifest(self.directory, manifest)
        return Run(self.directory, manifest)

    def keys(self, questions: Iterable[Question]) -> list[Key]:
        """All answers that a whole run has, in the order they are asked: back end, repetition, question."""
        asked = list(questions)
        return [
            Key(question.id, backend, repeat)
            for backend in self.manifest.backends
            for repeat in range(self.manifest.repeats)
            for question in asked
        ]


_FILES = {
    "AnswerRow": "answers.jsonl",
    "ScoreRow": "scores.jsonl",
    "Measurement": "measurements.jsonl",
    "EvidenceRow": "evidence.jsonl",
}


def create_run(home: Path, manifest: Manifest, questions: Sequence[Question]) -> Run:
    """A new run with the copy of its questions. The manifest, written last, makes it one. Raises StoreError."""
    directory = runs_folder(home) / manifest.id
    try:
        runs_folder(home).mkdir(mode=stat.S_IRWXU, parents=True, exist_ok=True)
        directory.mkdir()
        save_questions(directory / "questions.jsonl", questions)
        write_manifest(directory, manifest)
    except OSError as error:
        raise StoreError(f"{directory} can't be written ({error.strerror}): check free space and permissions.") from error
    return Run(directory, manifest)


def open_run(home: Path, id: str) -> Run:
    """The run of this id, of which it is the beginning, or the latest one. Raises ConfigError that names those there are."""
    ids = _ids(home)
    exact = ids[-1:] if id == LATEST else [name for name in ids if name == id]
    named = exact or [name for name in ids if name.startswith(id)]
    if not ids:
        raise ConfigError("There are no runs yet: `midas eval run` makes one.")
    if len(named) != 1:
        raise ConfigError(f"{id!r} is {'more than one run' if named else 'no run'}: there are {', '.join(named or ids)}.")
    directory = runs_folder(home) / named[0]
    return Run(directory, read_manifest(directory))


def list_runs(home: Path) -> list[Run]:
    """All runs, the oldest first; of one that can't be read a warning is logged: it must not stand in the way of others."""
    return [run for name in _ids(home) if (run := _readable(runs_folder(home) / name))]


def latest_like(home: Path, fingerprint: str) -> Run | None:
    """The latest run of this fingerprint."""
    return next((run for run in reversed(list_runs(home)) if run.manifest.fingerprint == fingerprint), None)


def new_id(home: Path, questions: Path) -> str:
    """The time in UTC and the name of the question set: `20261121-143005-viajes`; ids sort by time."""
    name = re.sub(r"[^\w-]+", "-", questions.stem).strip("-").lower()
    wanted = id = f"{datetime.now(UTC):%Y%m%d-%H%M%S}-{name}"
    number = 2
    while (runs_folder(home) / id).exists():
        id, number = f"{wanted}-{number}", number + 1
    return id


def runs_folder(home: Path) -> Path:
    return home / "runs"


def utc_now() -> str:
    """ISO 8601."""
    return datetime.now(UTC).isoformat(timespec="milliseconds")


def _readable(directory: Path) -> Run | None:
    try:
        return Run(directory, read_manifest(directory))
    except StoreError as error:
        _log.warning("%s", error.message)
        return None


def _ids(home: Path) -> list[str]:
    """Folders without a manifest were left by a kill before anything was asked."""
    return sorted(path.parent.name for path in runs_folder(home).glob("*/manifest.json"))
