"""`midas eval`: ask back ends a set of questions, and look at what came of it."""

from __future__ import annotations

import shlex
import sys
from typing import Annotated

import typer

from ui.arena_cli import arena_app, form_app
from ui.command import Json, leave, load_settings
from ui.compare_cli import diff, gate
from ui.cost_cli import cost
from ui.judge_cli import judge_app
from ui.load_cli import load
from ui.questions_cli import questions_app
from ui.report_cli import report

eval_app = typer.Typer(help="Measure back ends: answers, speed, memory, cost.", no_args_is_help=True)

RunId = Annotated[str, typer.Argument(metavar="RUN", help="Id of a run, how it begins, or latest.")]
Judge = Annotated[
    str | None,
    typer.Option(
        "--judge",
        metavar="NAME",
        help="Back end that judges the answers, too; auto takes the one that has least to do with the judged. Default: none.",
    ),
]
Metrics = Annotated[
    str | None,
    typer.Option("--metrics", metavar="NAMES", help="Metrics of the judge, with commas between them. Default: all it can."),
]


@eval_app.command("run")
def run(
    questions: Annotated[
        str,
        typer.Option("--questions", "-q", metavar="FILE", help="Question set: a JSONL file, or the name of a built-in set."),
    ],
    backends: Annotated[
        str | None,
        typer.Option(
            "--backends",
            "-b",
            metavar="NAMES",
            help="Back ends or pulled models, with commas between them. Default: default_backend of midas.toml.",
        ),
    ] = None,
    collection: Annotated[
        list[str] | None,
        typer.Option("--collection", "-c", metavar="NAME", help="Search this collection; repeat for several. Default: all."),
    ] = None,
    repeat: Annotated[int, typer.Option("--repeat", metavar="NUMBER", min=1, help="Ask every question so many times.")] = 1,
    limit: Annotated[
        int | None, typer.Option("--limit", metavar="NUMBER", min=1, help="Ask only the first questions, to try things out.")
    ] = None,
    live: Annotated[
        bool, typer.Option("--live", help="Search anew for every answer. Default: once per question, for all back ends.")
    ] = False,
    judge: Judge = None,
    metrics: Metrics = None,
    new: Annotated[bool, typer.Option("--new", help="Begin anew, even where an unfinished run could be gone on with.")] = False,
    retry: Annotated[
        bool, typer.Option("--retry", help="Ask again what failed in the latest run of this command, and nothing else.")
    ] = False,
    cold: Annotated[
        bool,
        typer.Option("--cold-start/--no-cold-start", help="Also measure how each back end starts (nine short prompts)."),
    ] = True,
    json: Json = False,
) -> None:
    """Ask back ends a set of questions, and score the answers.

    One back end after the other, each alone on the computer. Every answer is written down as it comes: after an interruption,
    the same command goes on where it stopped. An answer that fails is a row, too. The exit code is 1 when a back end gave no
    answer at all.
    """
    from ui import eval_run, eval_text, terminal

    asked = eval_run.Asked(
        questions, _names(backends), collection, repeat, limit, live, judge, _names(metrics), new, retry, cold,
        shlex.join(["midas", *sys.argv[1:]]),
    )  # fmt: skip
    with terminal.interruptible("answer") as stopped:
        done = eval_run.run(load_settings(), asked, stopped)
    eval_text.print_run(done, json)
    leave(130 if stopped() else int(eval_text.is_failure(done)))


@eval_app.command("list")
def list_runs(json: Json = False) -> None:
    """List the runs."""
    from eval.runs import list_runs as all_runs
    from ui import eval_text, terminal

    runs = all_runs(load_settings().home)
    if json:
        terminal.print_json([eval_text.outline(run) for run in runs])
    elif runs:
        eval_text.print_runs(runs)
    else:
        terminal.err.print("There are no runs yet: `midas eval run` makes one.")


@eval_app.command("show")
def show_run(id: RunId, json: Json = False) -> None:
    """Tell what a run asked, of whom, and what came of it."""
    from eval.runs import open_run
    from ui import eval_text

    eval_text.print_run(open_run(load_settings().home, id), json)


@eval_app.command("score")
def score_run(id: RunId, judge: Judge = None, metrics: Metrics = None, json: Json = False) -> None:
    """Score the answers of a run, which are not asked for again.

    Without --judge only by rules, which takes seconds. What a judge has scored is not judged again.
    """
    from eval.runs import open_run
    from ui import eval_run, eval_text, terminal

    settings = load_settings()
    with terminal.interruptible("answer") as stopped:
        scored = eval_run.score(open_run(settings.home, id), settings, judge, _names(metrics), stopped)
    eval_text.print_run(scored, json)
    leave(130 if stopped() else 0)


eval_app.command("report")(report)
eval_app.command("diff")(diff)
eval_app.command("gate")(gate)
eval_app.command("load")(load)
eval_app.command("cost")(cost)
eval_app.add_typer(questions_app, name="questions")
eval_app.add_typer(judge_app, name="judge")
eval_app.add_typer(arena_app, name="arena")
eval_app.add_typer(form_app, name="form")


def _names(text: str | None) -> list[str] | None:
    """`a, b` -> `["a", "b"]`."""
    return None if text is None else [name.strip() for name in text.split(",") if name.strip()]
