"""`midas eval questions`: check, import, generate and split question sets."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from ui.command import Json, leave, load_settings

questions_app = typer.Typer(help="Check, import, generate and split question sets.", no_args_is_help=True)

SetFile = Annotated[str, typer.Argument(metavar="SET", help="Question set: a JSONL file, or the name of a built-in set.")]
OwnFile = Annotated[Path, typer.Argument(metavar="FILE", help="Question set: a JSONL file.")]
Out = Annotated[Path, typer.Option("--out", "-o", metavar="FILE", help="Question set that is written.")]


@questions_app.command("list")
def list_sets(json: Json = False) -> None:
    """List the question sets that come with the product.

    They are asked of the bare model, without documents.
    """
    from ui import question_text

    question_text.print_sets(json)


@questions_app.command("validate")
def validate(
    questions: SetFile,
    collection: Annotated[
        list[str] | None,
        typer.Option(
            "--collection", "-c", metavar="NAME", help="Look the sources up in the documents of this collection; repeatable."
        ),
    ] = None,
    json: Json = False,
) -> None:
    """Tell what is wrong with a question set.

    An error would make scores wrong, a warning means that something can't be scored or should be looked at. With --collection,
    documents, pages and quotes are looked up. The exit code is 1 when there are errors.
    """
    from eval.question_checks import check_questions
    from eval.questions import load_questions, question_file
    from ui import question_text

    asked = load_questions(question_file(questions))
    documents = question_text.documents_of(load_settings(), collection) if collection else None
    findings = check_questions(asked, documents)
    question_text.print_findings(len(asked), findings, json)
    leave(int(any(finding.severity == "error" for finding in findings)))


@questions_app.command("import")
def import_file(
    path: Annotated[
        Path, typer.Argument(metavar="FILE", help="SQuAD (version 1 or 2) in .json, or a table in .csv, .tsv, .xlsx.")
    ],
    out: Out,
    documents: Annotated[
        Path | None,
        typer.Option("--documents", metavar="FOLDER", help="Write the paragraphs of a SQuAD file here, to be ingested."),
    ] = None,
    language: Annotated[
        str | None,
        typer.Option("--language", "-l", metavar="CODE", help="Language of all questions. Default: that of the text."),
    ] = None,
    sheet: Annotated[str | None, typer.Option("--sheet", metavar="NAME", help="Sheet of a workbook that has several.")] = None,
    tag: Annotated[
        list[str] | None, typer.Option("--tag", "-t", metavar="TAG", help="Tag that every question gets; repeat for several.")
    ] = None,
    json: Json = False,
) -> None:
    """Make a question set of a SQuAD file or a table.

    The first row of a table names its columns: question, and any of id, language, answerable, reference, document, page,
    quote, facts, tags, split, plain, or their Spanish names. A row that can't be imported gets one line that says why; the
    others are written, and the exit code is 1.
    """
    from eval.question_import import Options, import_questions, write_passages
    from eval.questions import save_questions
    from ui import question_text

    question_text.refuse_existing(out)
    imported = import_questions(path, Options(language, sheet, tuple(tag or ())))
    written = write_passages(documents, imported) if documents else 0
    save_questions(out, imported.questions.values())
    question_text.print_imported(out, imported, written, json)
    leave(int(bool(imported.rejected)))


@questions_app.command("generate")
def generate(
    out: Out,
    collection: Annotated[
        list[str], typer.Option("--collection", "-c", metavar="NAME", help="Ask about its documents; repeat for several.")
    ],
    backend: Annotated[
        str | None,
        typer.Option(
            "--backend", "-b", metavar="NAME", help="Back end or pulled model that writes them. Default: the default one."
        ),
    ] = None,
    count: Annotated[int, typer.Option("--count", "-n", metavar="NUMBER", min=1, help="Candidates the file should hold.")] = 20,
    seed: Annotated[int, typer.Option("--seed", metavar="NUMBER", help="Decides which passages come first.")] = 0,
    json: Json = False,
) -> None:
    """Let a back end write candidate questions about documents.

    A candidate is kept when its quote stands in the passage and holds its answer. It stays a candidate, which runs leave out,
    until `midas eval questions accept`. The same command goes on where it was interrupted. The exit code is 1 when the file
    holds fewer candidates than asked for.
    """
    from ui import terminal
    from ui.question_candidates import candidates_of, print_candidates, write_candidates

    candidates = candidates_of(out, count)
    with terminal.interruptible("passage") as stopped:
        write_candidates(load_settings(), candidates, collection, backend, seed, stopped)
    print_candidates(out, candidates, json)
    leave(130 if stopped() else int(candidates.missing > 0))


@questions_app.command("accept")
def accept_candidates(
    path: OwnFile,
    ids: Annotated[list[str] | None, typer.Argument(metavar="ID", help="Ids of candidates that you have read.")] = None,
    every: Annotated[bool, typer.Option("--all", help="Accept all candidates of the file.")] = False,
    json: Json = False,
) -> None:
    """Make questions of candidates that a person has read."""
    from ui import question_text

    question_text.accept_candidates(path, ids or [], every, json)


@questions_app.command("split")
def split(
    questions: SetFile,
    out: Annotated[Path, typer.Option("--out", "-o", metavar="FILE", help="Where the set is written; may be the same file.")],
    share: Annotated[
        float, typer.Option("--calibration", metavar="SHARE", min=0, max=1, help="Share to set thresholds on.")
    ] = 0.5,
    seed: Annotated[int, typer.Option("--seed", metavar="NUMBER", help="Another seed gives another split.")] = 0,
    json: Json = False,
) -> None:
    """Divide a question set into two parts that are alike.

    One is to set thresholds on (calibration), the other to report on. Both have the same shares of languages, answerable
    questions and tags. The same seed gives the same split.
    """
    from eval.question_split import split_questions
    from eval.questions import load_questions, question_file, save_questions
    from ui import question_text

    divided = split_questions(load_questions(question_file(questions)), share, seed)
    save_questions(out, divided)
    question_text.print_split(out, divided, json)
