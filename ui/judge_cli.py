"""`midas eval judge`: how far a judge can be trusted."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from ui.command import Json, leave, load_settings

judge_app = typer.Typer(help="Find out how far judges can be trusted.", no_args_is_help=True)


@judge_app.command("calibrate")
def calibrate(
    judge: Annotated[str, typer.Argument(metavar="NAME", help="Back end or pulled model that judges.")],
    statements: Annotated[
        Path | None,
        typer.Option(
            "--statements", "-s", metavar="FILE", help="JSONL file of statements with their truth. Default: the built-in set."
        ),
    ] = None,
    limit: Annotated[
        int | None,
        typer.Option("--limit", metavar="NUMBER", min=1, help="Only the first contexts, to try things out; too few to rank."),
    ] = None,
    json: Json = False,
) -> None:
    """Let a judge judge statements whose truth is known.

    Tells how often it is right (agreement, Cohen's kappa), whether the place of a statement in the prompt or its length sways
    it, and whether its scores may rank back ends. A large model takes minutes, a small one on this computer an hour. What was
    judged before is not judged again. The exit code is 1 when it gave no verdict at all.
    """
    from ui import judge_text

    found = judge_text.run_calibration(judge, load_settings(), statements, limit)
    judge_text.print_calibration(found, json)
    leave(int(found.kappa.value is None))


@judge_app.command("list")
def list_judges(json: Json = False) -> None:
    """List the judges that were calibrated here, and what came of it."""
    from ui import judge_text

    judge_text.print_judges(load_settings().home, json)
