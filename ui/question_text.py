"""What the commands of `midas eval questions` do with files and stores, and what they print."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from pathlib import Path

from assistant.config import Settings
from eval.question_checks import Finding
from eval.question_import import Imported
from eval.questions import Question, built_in_sets, load_questions, save_questions
from eval.quotes import stored_documents
from ingest.errors import ConfigError
from ingest.types import Document
from ui import terminal
from ui.command import done


def documents_of(settings: Settings, collections: Sequence[str]) -> dict[str, Document]:
    """The documents of these collections, by source. Raises CollectionNotFound, StoreLocked."""
    from ingest.store import Store

    with Store.open(settings) as store:
        return stored_documents(store, collections)


def refuse_existing(path: Path) -> None:
    """Raises ConfigError: an import never overwrites what a file holds."""
    if path.exists():
        raise ConfigError(f"{path} is there already: choose another name for the question set.")


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
    done(json, f"Candidates accepted: {len(accepted)}; left: {left}.", file=str(path), accepted=len(accepted), candidates=left)


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
    terminal.out.print(f"Questions: {questions}; errors: {counts['error']}; warnings: {counts['warning']}.")


def print_imported(path: Path, imported: Imported, documents: int, json: bool) -> None:
    for rejected in imported.rejected:
        terminal.err.print(terminal.plain(f"{rejected.place}: {rejected.reason}"))
    questions = imported.questions.values()
    answerable = sum(question.answerable for question in questions)
    if json:
        counts = {"questions": len(questions), "answerable": answerable, "documents": documents}
        terminal.print_json({"file": str(path), **counts, "rejected": imported.rejected})
        return
    facts = (
        (f"Questions in {path}", len(questions)), ("of them unanswerable", len(questions) - answerable),
        ("documents written", documents), ("rows that could not be imported", len(imported.rejected)),
    )  # fmt: skip
    told = "; ".join(f"{name}: {number}" for name, number in facts)
    terminal.out.print(terminal.plain(f"{told}."))


def print_split(path: Path, questions: Sequence[Question], json: bool) -> None:
    counts = Counter((question.split or "", question.language, question.answerable) for question in questions)
    rows = [(*key, number) for key, number in sorted(counts.items())]
    if json:
        strata = [{"split": a, "language": b, "answerable": c, "questions": number} for a, b, c, number in rows]
        terminal.print_json({"file": str(path), "questions": len(questions), "strata": strata})
        return
    shown = [(name, language, "yes" if answerable else "no", number) for name, language, answerable, number in rows]
    terminal.out.print(terminal.table(("split", "language", "answerable", "questions"), shown))
