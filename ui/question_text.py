"""What the commands of `midas eval questions` do with files and stores, and what they print."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import aclosing, contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from rich.progress import BarColumn, MofNCompleteColumn, Progress, TimeRemainingColumn

from assistant.backends import Backend, make_backend
from assistant.config import Settings
from assistant.trial import with_models
from eval.question_checks import Finding
from eval.question_generator import Outcome, generate, passages
from eval.question_import import Imported
from eval.questions import Question, built_in_sets, load_questions, save_questions
from eval.quotes import stored_documents
from ingest.errors import ConfigError
from ingest.store import Store
from ingest.types import Document
from ui import terminal
from ui.command import done

ATTEMPTS = 4
"""Passages asked about for each candidate that is wanted, before the rest is given up."""


@dataclass
class Candidates:
    """The candidates of a file. Passages `asked` about, candidates `added` and replies `dropped` are those of this call."""

    path: Path
    questions: list[Question]
    wanted: int
    asked: int = 0
    added: int = 0
    dropped: Counter[str] = field(default_factory=Counter)

    @property
    def held(self) -> int:
        return sum("generated" in question.tags for question in self.questions)

    @property
    def missing(self) -> int:
        return max(0, self.wanted - self.held)

    def take(self, outcome: Outcome) -> None:
        """A candidate is written down at once."""
        self.asked += 1
        if outcome.question is None:
            self.dropped[outcome.why or ""] += 1
            return
        self.added += 1
        self.questions.append(outcome.question)
        save_questions(self.path, self.questions)


def documents_of(settings: Settings, collections: Sequence[str]) -> dict[str, Document]:
    """The documents of these collections, by source. Raises CollectionNotFound, StoreLocked."""
    with Store.open(settings) as store:
        return stored_documents(store, collections)


def refuse_existing(path: Path) -> None:
    """Raises ConfigError: an import never overwrites what a file holds."""
    if path.exists():
        raise ConfigError(f"{path} is there already: choose another name for the question set.")


def write_candidates(
    settings: Settings,
    candidates: Candidates,
    collections: Sequence[str],
    name: str | None,
    seed: int,
    stopped: Callable[[], bool],
) -> None:
    """Asks passage after passage until the file holds what is wanted, or too many replies were dropped. Raises MidasError."""
    chosen = name or settings.default_backend
    settings = with_models([chosen], settings)
    with Store.open(settings) as store:
        names = [store.collection(collection).name for collection in collections]
        backend = make_backend(chosen, settings)
        try:
            asyncio.run(_collect(backend, store, names, seed, candidates, stopped))
        finally:
            backend.close()


async def _collect(
    backend: Backend, store: Store, collections: Sequence[str], seed: int, candidates: Candidates, stopped: Callable[[], bool]
) -> None:
    limit = ATTEMPTS * candidates.missing
    outcomes = generate(backend, store, passages(store, collections, seed), candidates.questions.copy())
    with _progress(candidates) as show:
        async with aclosing(outcomes):
            while candidates.missing and candidates.asked < limit and not stopped():
                outcome = await anext(outcomes, None)
                if outcome is None:
                    break
                candidates.take(outcome)
                show()


@contextmanager
def _progress(candidates: Candidates) -> Iterator[Callable[[], None]]:
    """A bar on standard error, where that is a terminal."""
    columns = (BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(*columns, console=terminal.err, disable=not terminal.err.is_terminal, transient=True) as bar:
        task = bar.add_task("candidates", completed=candidates.held, total=candidates.wanted)
        yield lambda: bar.update(task, completed=candidates.held)


def accept_candidates(path: Path, ids: Sequence[str], every: bool, json: bool) -> None:
    """Raises ConfigError for ids that are no candidates of the file, and where it is not said which ones are meant."""
    questions = load_questions(path)
    candidates = [question.id for question in questions if question.generated]
    if every == bool(ids):
        raise ConfigError("Say which candidates you accept: either their ids or --all.")
    if unknown := [id for id in ids if id not in candidates]:
        raise ConfigError(f"{unknown[0]!r} is no candidate of {path}: `midas eval questions validate {path}` lists them.")
    accepted = set(candidates if every else ids)
    save_questions(path, (question.accepted if question.id in accepted else question for question in questions))
    left = len(candidates) - len(accepted)
    told = f"{len(accepted)} candidates are questions now; {left} are left."
    done(json, told, file=str(path), accepted=len(accepted), candidates=left)


# What is printed


def print_sets(json: bool) -> None:
    sets = {name: (path, load_questions(path)) for name, path in built_in_sets().items()}
    if json:
        facts = [{"name": name, "questions": len(asked), "path": str(path)} for name, (path, asked) in sets.items()]
        terminal.print_json(facts)
        return
    rows = [(name, asked[0].language, len(asked), _scored(asked)) for name, (_, asked) in sets.items()]
    terminal.out.print(terminal.table(("name", "language", "prompts", "scored by"), rows))


def _scored(questions: Sequence[Question]) -> str:
    kinds = {"facts": any(question.facts for question in questions), "people": any(question.criteria for question in questions)}
    return " and ".join(name for name, there in kinds.items() if there)


def print_findings(questions: int, findings: Sequence[Finding], json: bool) -> None:
    counts = Counter(finding.severity for finding in findings)
    if json:
        facts = {"questions": questions, "errors": counts["error"], "warnings": counts["warning"], "findings": findings}
        terminal.print_json(facts)
        return
    for finding in findings:
        place = f"{finding.question}: " if finding.question else ""
        terminal.out.print(terminal.plain(f"{finding.severity}: {place}{finding.message}"))
    terminal.out.print(f"{questions} questions: {counts['error']} errors, {counts['warning']} warnings.")


def print_imported(path: Path, imported: Imported, documents: int, json: bool) -> None:
    for rejected in imported.rejected:
        terminal.err.print(terminal.plain(f"{rejected.place}: {rejected.reason}"))
    questions = imported.questions.values()
    answerable = sum(question.answerable for question in questions)
    if json:
        facts = {
            "file": str(path), "questions": len(questions), "answerable": answerable, "documents": documents,
            "rejected": imported.rejected,
        }  # fmt: skip
        terminal.print_json(facts)
        return
    told = f"{len(questions)} questions ({len(questions) - answerable} unanswerable) are in {path}"
    more = f", {documents} documents are written" if documents else ""
    left = f"; {len(imported.rejected)} rows could not be imported" if imported.rejected else ""
    terminal.out.print(terminal.plain(f"{told}{more}{left}."))


def print_candidates(candidates: Candidates, json: bool) -> None:
    if json:
        facts = {
            "file": str(candidates.path), "candidates": candidates.held, "added": candidates.added, "asked": candidates.asked,
            "dropped": dict(candidates.dropped),
        }  # fmt: skip
        terminal.print_json(facts)
        return
    dropped = "".join(f"\n  {number} dropped: {why}" for why, number in candidates.dropped.most_common())
    where = f"are in {candidates.path}, {candidates.added} of them new" if candidates.held else "came of it"
    told = f"{candidates.held} candidates {where}.{dropped}"
    terminal.out.print(terminal.plain(told))
    if candidates.held:
        terminal.err.print("Read them, then accept the good ones: `midas eval questions accept`.")


def print_split(path: Path, questions: Sequence[Question], json: bool) -> None:
    counts = Counter((question.split or "", question.language, question.answerable) for question in questions)
    rows = [(*key, number) for key, number in sorted(counts.items())]
    if json:
        strata = [{"split": a, "language": b, "answerable": c, "questions": number} for a, b, c, number in rows]
        terminal.print_json({"file": str(path), "questions": len(questions), "strata": strata})
        return
    shown = [(name, language, "yes" if answerable else "no", number) for name, language, answerable, number in rows]
    terminal.out.print(terminal.table(("split", "language", "answerable", "questions"), shown))
