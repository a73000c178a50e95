"""`midas eval report`: one report of runs, for those who decide."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

import typer

from ui.command import Json, load_settings


def report(
    runs: Annotated[list[str], typer.Argument(metavar="RUN", help="Ids of runs, how they begin, or latest.")],
    language: Annotated[Literal["es", "en"], typer.Option("--language", "-l", help="Language of the report, es or en.")] = "es",
    load: Annotated[
        str | None,
        typer.Option("--load", metavar="ID", help="Tell only this load test. Default: the latest of each back end."),
    ] = None,
    baseline: Annotated[
        str | None, typer.Option("--baseline", metavar="RUN", help="Compare the first run with this earlier one.")
    ] = None,
    output: Annotated[
        Path | None, typer.Option("--output", "-o", metavar="DIR", help="Folder to write into. Default: that of the first run.")
    ] = None,
    json: Json = False,
) -> None:
    """Write report.html and report.md: the verdict first, then all it rests on.

    The page holds everything and works without a network. What was not measured is named, with the command that would.
    """
    from eval.report.data import collect
    from eval.report.writing import write_report
    from ui import terminal

    with terminal.waiting("Summing up"):
        data = collect(load_settings().home, runs, load, baseline)
        written = write_report(data, language, output or data.run.directory)
    if json:
        terminal.print_json(written)
    else:
        terminal.out.print(terminal.plain(written.headline, "bold"))
        terminal.out.print(terminal.plain(f"{written.html}\n{written.markdown}"), soft_wrap=True)
