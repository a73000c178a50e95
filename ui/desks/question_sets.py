"""Question sets: files of one question a line in `$MIDAS_HOME/question-sets/`, and those that come with the product."""

from __future__ import annotations

import re
import stat
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from tempfile import TemporaryDirectory
from zipfile import BadZipFile, ZipFile

from pydantic import BaseModel, ConfigDict, ValidationError

from eval.progress import Cancelled, Progress
from eval.question_checks import Finding, check_questions
from eval.question_import import Options, Rejected, import_questions
from eval.question_split import split_questions
from eval.questions import Question, built_in_sets, load_questions, save_questions
from eval.runs import utc_now
from ingest.assets import write_atomically
from ingest.errors import ConfigError, MidasError
from ui.desks.evaluating import Evaluating, not_found
from ui.evaluations import EvaluationJob
from ui.people.names import folded
from ui.views import BackendView

FOLDER = "question-sets"
NAME = r"[a-z0-9][a-z0-9._-]{0,62}"
ENDINGS = (".jsonl", ".json", ".csv", ".tsv", ".xlsx")
FILE_BYTES = 20_000_000
UNPACKED_BYTES = 200_000_000
MOST = 20_000
"""Questions that a set may hold."""
MOST_CANDIDATES = 500
"""That are asked for at once: somebody has to read them."""


class About(BaseModel):
    """What stands beside a set (`NAME.about.json`): the collections that its questions are about, and who brought it in."""

    model_config = ConfigDict(frozen=True)

    collections: tuple[str, ...] = ()
    by: str = ""
    at: str = ""


@dataclass(frozen=True, slots=True)
class SetView:
    """A question set. `collections` are those it is about: who may not read them all does not see it. `problem` says why its
    file can't be read. `packaged` ones come with the product and can't be changed. `job` is the work on its candidates since
    the server started."""

    name: str
    packaged: bool
    questions: int
    candidates: int
    unanswerable: int
    plain: int
    languages: tuple[str, ...]
    calibration: int
    report: int
    collections: tuple[str, ...]
    by: str
    at: str
    problem: str | None = None
    job: EvaluationJob | None = None


@dataclass(frozen=True, slots=True)
class Import:
    """What came of an imported file."""

    name: str
    questions: int
    rejected: tuple[Rejected, ...]


@dataclass(frozen=True, slots=True)
class _File:
    name: str
    path: Path
    packaged: bool
    about: About


class QuestionSets(Evaluating):
    """For evaluators: they see the sets that are about collections which they may read."""

    def sets(self) -> list[SetView]:
        """One's own first, then the packaged ones, by name."""
        return [self._view(file) for file in self._files()]

    def set_view(self, name: str) -> SetView:
        """Raises EvaluationNotFound."""
        return self._view(self._file(name))

    def questions(self, name: str) -> list[Question]:
        """Raises EvaluationNotFound, and ConfigError that names the line that is wrong."""
        return load_questions(self._file(name).path)

    def path(self, name: str) -> Path:
        """Raises EvaluationNotFound."""
        return self._file(name).path

    def findings(self, name: str) -> list[Finding]:
        """What is wrong, or doubtful, in it."""
        return check_questions(self.questions(name))

    def save(self, name: str, id: str, question: Question) -> None:
        """Puts a question in the place of the one with this id. Raises ConfigError when its new id is another's."""

        def replaced(questions: list[Question]) -> list[Question]:
            _required([id], questions)
            if question.id != id and any(other.id == question.id for other in questions):
                raise ConfigError(f"The id {question.id!r} is another question's: give each question one of its own.")
            return [question if other.id == id else other for other in questions]

        self._change(name, replaced)

    def delete(self, name: str, ids: Sequence[str]) -> None:
        """Takes questions, or rejected candidates, out of a set."""

        def left(questions: list[Question]) -> list[Question]:
            gone = _required(ids, questions)
            return [question for question in questions if question.id not in gone]

        self._change(name, left)

    def accept(self, name: str, ids: Sequence[str]) -> None:
        """Makes questions of candidates that this person has read."""

        def accepted(questions: list[Question]) -> list[Question]:
            read = _required(ids, [question for question in questions if question.generated])
            return [question.accepted if question.id in read else question for question in questions]

        self._change(name, accepted)

    def split(self, name: str, calibration: float, seed: int = 0) -> None:
        """Divides the set into two parts that are alike; `calibration` is the share of the one to set thresholds on."""
        self._change(name, lambda questions: split_questions(questions, calibration, seed))

    def copy(self, name: str, to: str) -> None:
        """A set of one's own with the same questions. Raises ConfigError for a name that is taken."""
        source = self._file(name)
        questions = load_questions(source.path)
        with self.house.evaluations.writing:
            self._write(to, questions, source.about.collections)

    def delete_set(self, name: str) -> None:
        """Runs keep their own copy of the questions. Raises ConfigError while candidates are written into it."""
        file = self._own(name)
        self.house.evaluations.forget(_subject(name))
        file.path.unlink(missing_ok=True)
        _about_path(file.path).unlink(missing_ok=True)
        self.house.ledger.audit(self.person, "questions_changed", name, "deleted")

    def import_file(self, name: str, file_name: str, data: bytes, language: str | None, collections: Sequence[str]) -> Import:
        """Makes a set of a file in JSONL, SQuAD, CSV or XLSX. `collections` are those it is about.

        Raises ConfigError when nothing in it can be read, and for a name that is taken.
        """
        questions, rejected = _read(name, file_name, data, language)
        if not questions:
            told = f" ({rejected[0].place}: {rejected[0].reason})" if rejected else ""
            raise ConfigError(f"The file has no question that can be imported{told}: correct it.")
        if len(questions) > MOST:
            raise ConfigError(f"The file has {len(questions)} questions, and a set holds {MOST}: divide it.")
        self._require_readable(collections)
        with self.house.evaluations.writing:
            self._write(name, questions, collections)
        return Import(name, len(questions), tuple(rejected))

    def generate(self, name: str, collections: Sequence[str], backend: str | None, count: int, seed: int = 0) -> SetView:
        """Lets a back end write candidates about passages of collections, in the background: into the set of this name, which
        is about them, or into a new one. `count` are wanted beside those that are there. `backend` None means the default one.

        Raises ConfigError, EvaluationNotFound, CollectionIsPrivate, and what is wrong with the back end.
        """
        from eval.candidates import Candidates, collect
        from eval.candidates import count as count_candidates
        from eval.question_generator import check_private

        collections = tuple(dict.fromkeys(collections))
        self._require_readable(collections)
        service = self.house.service
        writer = self._writer(backend or service.settings.default_backend)
        store, _ = service.parts()
        check_private(writer.name, writer.cloud, store, collections)
        known = load_questions(self._about_all(name, collections).path)
        candidates = Candidates(known, count_candidates(known) + count, lambda question: self._add(name, question))

        async def work(progress: Progress, cancelled: Cancelled) -> None:
            await collect(candidates, service.settings, store, collections, writer.name, seed, progress, cancelled)
            if candidates.missing and not cancelled():
                raise ConfigError(candidates.shortfall)

        self.house.evaluations.start(EvaluationJob(_subject(name), "candidates", self.person.name, "queued"), work)
        self.house.ledger.audit(self.person, "questions_changed", name, "candidates")
        return self.set_view(name)

    def stop(self, name: str) -> SetView:
        """Asks for no more candidates after the passage in hand; those that are there stay."""
        self.house.evaluations.cancel(_subject(self._own(name).name))
        return self.set_view(name)

    # Candidates

    def _writer(self, name: str) -> BackendView:
        from ui.backends import require

        require(name, self.house.service.settings)
        view = next(view for view in self.house.service.backends() if view.name == name)
        if view.problem:
            raise ConfigError(view.problem)
        return view

    def _about_all(self, name: str, collections: Sequence[str]) -> _File:
        """The set of this name, made if there is none, to which questions about these collections may be added: nobody sees
        them there who may not read what they quote."""
        if not collections:
            raise ConfigError("Choose at least one collection.")
        if name not in [file.name for file in self._files()]:
            with self.house.evaluations.writing:
                self._write(name, (), collections)
        file = self._own(name)
        if other := [each for each in collections if each not in file.about.collections]:
            raise ConfigError(f"{name} is not about the collection {other[0]}: choose one that it is about, or a new name.")
        return file

    def _add(self, name: str, question: Question) -> None:
        """Raises EvaluationNotFound once this person does not see the set any more."""
        with self.house.evaluations.writing:
            path = self._own(name).path
            save_questions(path, [*load_questions(path), question])

    # Files

    @property
    def _folder(self) -> Path:
        return self.home / FOLDER

    def _files(self) -> list[_File]:
        reads = self._reader()
        own = [_File(path.stem, path, False, _about(path)) for path in sorted(self._folder.glob("*.jsonl"))]
        packaged = [_File(name, path, True, About()) for name, path in built_in_sets().items()]
        mine = [file for file in own if re.fullmatch(NAME, file.name)]
        return [file for file in (*mine, *packaged) if reads(file.about.collections, file.about.at)]

    def _file(self, name: str) -> _File:
        files = {file.name: file for file in reversed(self._files())}
        if name not in files:
            raise not_found("question set", name, list(files)[::-1])
        return files[name]

    def _view(self, file: _File) -> SetView:
        return _view(file, None if file.packaged else self.house.evaluations.of(_subject(file.name)))

    def _own(self, name: str) -> _File:
        file = self._file(name)
        if file.packaged:
            raise ConfigError(f"{name} comes with Midas and stays as it is: copy it, and change the copy.")
        return file

    def _change(self, name: str, changed: Callable[[list[Question]], list[Question]]) -> None:
        with self.house.evaluations.writing:
            path = self._own(name).path
            save_questions(path, changed(load_questions(path)))
        self.house.ledger.audit(self.person, "questions_changed", name)

    def _write(self, name: str, questions: Sequence[Question], collections: Sequence[str]) -> None:
        """A new set. The name is taken, too, when the set of that name is not for this person: they only learn that much."""
        if not re.fullmatch(NAME, name):
            raise ConfigError("A question set's name is small letters, digits, dots and dashes, at most 63: choose another.")
        path = self._folder / f"{name}.jsonl"
        if path.exists() or name in built_in_sets():
            raise ConfigError(f"The name {name!r} can't be used: choose another for the question set.")
        self._folder.mkdir(mode=stat.S_IRWXU, parents=True, exist_ok=True)
        about = About(collections=tuple(collections), by=self.person.name, at=utc_now())
        write_atomically(_about_path(path), about.model_dump_json().encode())
        save_questions(path, questions)
        self.house.ledger.audit(self.person, "questions_changed", name, "added")

    def _require_readable(self, collections: Sequence[str]) -> None:
        readable = self.readable()
        for name in collections:
            if name not in readable:
                raise not_found("collection", name, readable)


def rename_author(home: Path, name: str, other: str) -> None:
    """The sets that one person brought in are another's from then on."""
    for path in (home / FOLDER).glob("*.about.json"):
        about = _about_of(path)
        if folded(about.by) == folded(name):
            write_atomically(path, about.model_copy(update={"by": other}).model_dump_json().encode())


def _required(ids: Sequence[str], questions: Sequence[Question]) -> frozenset[str]:
    """The ids, which are all of these questions. Raises EvaluationNotFound."""
    there = dict.fromkeys(question.id for question in questions)
    if missing := [id for id in ids if id not in there]:
        raise not_found("question", missing[0], list(there))
    return frozenset(ids)


def _subject(name: str) -> str:
    """What work on its candidates is known by; no run has such an id."""
    return f"{FOLDER}/{name}"


def _about_path(path: Path) -> Path:
    return path.with_name(f"{path.stem}.about.json")


def _about(path: Path) -> About:
    """Of a file that somebody put into the folder, nothing is known but its day."""
    beside = _about_path(path)
    if not beside.exists():
        return About(at=datetime.fromtimestamp(path.stat().st_mtime, UTC).isoformat(timespec="seconds"))
    return _about_of(beside)


def _about_of(path: Path) -> About:
    """Raises ConfigError."""
    try:
        return About.model_validate_json(path.read_bytes())
    except (OSError, ValidationError) as error:
        raise ConfigError(f"{path} can't be read: correct it, or delete it with its set.") from error


def _view(file: _File, job: EvaluationJob | None) -> SetView:
    problem = None
    questions: list[Question] = []
    try:
        questions = load_questions(file.path)
    except MidasError as error:
        problem = error.message
    return SetView(
        name=file.name,
        packaged=file.packaged,
        questions=len(questions),
        candidates=sum(question.generated for question in questions),
        unanswerable=sum(not question.answerable for question in questions),
        plain=sum(question.plain for question in questions),
        languages=tuple(sorted({question.language for question in questions})),
        calibration=sum(question.split == "calibration" for question in questions),
        report=sum(question.split == "report" for question in questions),
        collections=file.about.collections,
        by=file.about.by,
        at=file.about.at,
        problem=problem,
        job=job,
    )


# Importing


def _read(name: str, file_name: str, data: bytes, language: str | None) -> tuple[list[Question], list[Rejected]]:
    """In a folder of its own under a name of ours: nothing of the uploaded file's name reaches the disk."""
    ending = Path(file_name).suffix.lower()
    if ending not in ENDINGS:
        raise ConfigError(f"The file ends in {ending or 'nothing'!r}: give one that ends in {', '.join(ENDINGS)}.")
    if len(data) > FILE_BYTES:
        raise ConfigError(f"The file is larger than {FILE_BYTES // 1_000_000} MB: divide it.")
    with TemporaryDirectory(prefix="midas-questions-") as folder:
        path = Path(folder) / f"{name if re.fullmatch(NAME, name) else 'questions'}{ending}"
        path.write_bytes(data)
        _refuse_bomb(path)
        try:
            if ending == ".jsonl":
                return list(_unique(load_questions(path))), []
            imported = import_questions(path, Options(language))
        except ConfigError as error:
            raise ConfigError(error.message.replace(str(path), path.name)) from error
        return list(imported.questions.values()), imported.rejected


def _refuse_bomb(path: Path) -> None:
    """A workbook is an archive, which can hold much more than it weighs."""
    if path.suffix != ".xlsx":
        return
    try:
        with ZipFile(path) as archive:
            unpacked = sum(entry.file_size for entry in archive.infolist())
    except (BadZipFile, OSError) as error:
        raise ConfigError("The file is no workbook: save it as .xlsx, or as CSV.") from error
    if unpacked > UNPACKED_BYTES:
        raise ConfigError("The workbook unpacks to more than 200 MB: divide it, or save the sheet as CSV.")


def _unique(questions: Sequence[Question]) -> Iterator[Question]:
    """Raises ConfigError for the second of an id."""
    ids: set[str] = set()
    for question in questions:
        if question.id in ids:
            raise ConfigError(f"The id {question.id!r} stands twice in the file: give each question one of its own.")
        ids.add(question.id)
        yield question
