"""`midas eval arena` and `midas eval form`: what people say of the answers of a run."""

from __future__ import annotations

from getpass import getuser
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from ingest.errors import ConfigError
from ui.command import Json, done, load_settings

if TYPE_CHECKING:
    from eval.arena import Arena

arena_app = typer.Typer(help="Let people compare answers without knowing whose they are.", no_args_is_help=True)
form_app = typer.Typer(help="Let people judge answers in a spreadsheet.", no_args_is_help=True)

RunId = Annotated[str, typer.Argument(metavar="RUN", help="Id of a run, how it begins, or latest.")]
PreparedRun = Annotated[
    str | None,
    typer.Option("--run", metavar="RUN", help="Id of a prepared run, or how it begins. Default: the last one prepared."),
]
File = Annotated[Path, typer.Argument(metavar="FILE", help="The CSV file.")]


@arena_app.command("prepare")
def prepare(run: RunId, json: Json = False) -> None:
    """Make the pairs of answers that people will vote on.

    Every two back ends, for every question that both answered from the same evidence. Run again, it adds what is new.
    """
    from eval.arena import open_arena
    from eval.runs import open_run
    from ui import preference_text, terminal

    home = load_settings().home
    with open_arena(home) as arena:
        prepared = arena.prepare(open_run(home, run))
    if json:
        terminal.print_json(prepared)
    else:
        preference_text.print_prepared(prepared)


@arena_app.command("vote")
def vote(
    run: PreparedRun = None,
    voter: Annotated[
        str | None, typer.Option("--voter", metavar="NAME", help="Who votes. Default: the user of this computer.")
    ] = None,
    json: Json = False,
) -> None:
    """Compare answers side by side, with one key each.

    1 left, 2 right, 3 equal, 4 both bad, e the evidence, q stop. Every vote is kept at once; the same command goes on where it
    stopped. Names are told after the vote. Without a terminal, or with --json, verdicts are read from standard input, one a
    line, with the reason behind the key: `1 says when`.
    """
    from eval.arena import open_arena, voter_name
    from ui import terminal
    from ui.voting import vote as vote_on

    with open_arena(load_settings().home) as arena:
        chosen, name = _prepared(arena, run), voter_name(voter or _user())
        count = vote_on(arena, chosen, name, json=json)
        left = arena.next(chosen, name) is not None
    if not json:
        rest = "The same command goes on with the rest." if left else "There is nothing left for you to compare."
        terminal.out.print(terminal.plain(f"Votes of {name} that are kept: {count}. {rest}"))


@arena_app.command("results")
def results(run: PreparedRun = None, json: Json = False) -> None:
    """Tell which answers people prefer, and how sure that is."""
    from eval.arena import open_arena
    from eval.preference import preference
    from ui import preference_text, terminal

    with open_arena(load_settings().home) as arena:
        chosen = _prepared(arena, run)
        found = preference(arena.votes(chosen))
    if json:
        terminal.print_json(found)
    else:
        preference_text.print_preference(chosen, found)


@form_app.command("export")
def export(
    run: RunId,
    file: File,
    language: Annotated[Literal["es", "en"], typer.Option("--language", "-l", help="Language of the titles.")] = "es",
    json: Json = False,
) -> None:
    """Write a form in which people mark each answer's precision, clarity and completeness from 1 to 5.

    Back ends have no names in it.
    """
    from eval.quality_form import export_form
    from eval.runs import open_run

    count = export_form(open_run(load_settings().home, run), file, language)
    done(json, f"{file} holds {count} answers to judge.", file=str(file), answers=count)


@form_app.command("import")
def import_(
    run: RunId,
    file: File,
    rater: Annotated[
        str | None, typer.Option("--rater", metavar="NAME", help="Who filled it in. Default: the user of this computer.")
    ] = None,
    json: Json = False,
) -> None:
    """Read a filled form into the scores of its run.

    A form that is read again takes the place of the same person's earlier marks.
    """
    from eval.quality_form import import_form
    from eval.runs import open_run

    of = open_run(load_settings().home, run)
    filled = import_form(of, file, rater or _user())
    for score in filled.scores:
        of.append(score)
    told = f"{len(filled.scores)} marks of {filled.answers - filled.empty} answers are read; {filled.empty} answers have none."
    done(json, told, marks=len(filled.scores), answers=filled.answers, empty=filled.empty)


def _prepared(arena: Arena, run: str | None) -> str:
    """The id of a prepared run. Raises ConfigError that names those there are."""
    runs = arena.runs()
    if not runs:
        raise ConfigError("There is nothing to vote on yet: `midas eval arena prepare` makes pairs from a run.")
    named = runs[-1:] if run is None else [name for name in runs if name == run] or [n for n in runs if n.startswith(run)]
    if len(named) != 1:
        told = "more than one prepared run" if named else "no prepared run"
        raise ConfigError(f"{run!r} is {told}: there are {', '.join(named or runs)}.")
    return named[0]


def _user() -> str:
    try:
        return getuser()
    except (OSError, KeyError) as error:
        raise ConfigError("This computer has no user name: say who you are.") from error
