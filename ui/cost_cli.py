"""`midas eval cost`: what the answers of a run cost, on one's own machines and elsewhere."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from ui.command import Json, load_settings

if TYPE_CHECKING:
    from eval.cost import CostReport


def cost(
    run: Annotated[
        str | None, typer.Argument(metavar="RUN", help="Id of a run, or how it begins. Default: the latest, if there is one.")
    ] = None,
    costs: Annotated[
        Path | None,
        typer.Option("--costs", metavar="FILE", help="Figures of your own, beside costs.toml in the data directory."),
    ] = None,
    volume: Annotated[
        float | None,
        typer.Option(
            "--answers-per-month", metavar="NUMBER", min=1, help="How much people will ask. Default: see the figures."
        ),
    ] = None,
    html: Annotated[Path | None, typer.Option("--html", metavar="FILE", help="Also draw it on a page of its own.")] = None,
    figures: Annotated[
        bool, typer.Option("--figures", help="Also list every figure it rests on, with its day, source and worth.")
    ] = False,
    json: Json = False,
) -> None:
    """Tell what answers cost: own machines, rented ones, APIs.

    Per answer, per correct and faithful answer, per million tokens and month, at the speed that the run or a load test
    measured; from how many answers a machine pays off; and what moves the result. --figures shows what it rests on;
    costs.toml in the data directory, or --costs, replaces any of these figures.
    """
    from ui import cost_text, terminal

    report, name = _report(run, costs, volume)
    if html is not None:
        from eval.cost_plots import write_html

        write_html(report, html)
    if json:
        terminal.print_json(report)
    else:
        cost_text.print_costs(report, name, figures)


def _report(run: str | None, costs: Path | None, volume: float | None) -> tuple[CostReport, str | None]:
    """With the id of its run; without a run, what can be said before anything is measured."""
    from eval.cost import cost_of_nothing, cost_of_run
    from eval.prices import asked_per_month, load_prices
    from eval.runs import LATEST, list_runs, open_run

    home = load_settings().home
    prices = load_prices(home, costs)
    if volume is not None:
        prices = asked_per_month(prices, volume)
    if run is None and not list_runs(home):
        return cost_of_nothing(prices), None
    opened = open_run(home, run or LATEST)
    return cost_of_run(opened, prices, home), opened.id
