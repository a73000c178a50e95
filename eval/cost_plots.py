"""Costs as plots: euros a month over answers a month, and what moves the cost of an answer."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from eval.cost import CostReport, CostResult
from eval.extras import extra
from ingest.assets import write_atomically
from ingest.errors import ConfigError

if TYPE_CHECKING:
    from plotly.graph_objects import Figure

DASHES = {"hardware": "solid", "cloud_gpu": "dash", "api": "dot"}
STRONGEST = 10
"""Figures of the table that a plot of the sensitivity shows."""
PURPOSE = "A plot"


def month_figure(report: CostReport) -> Figure:
    """Lines of euros a month, both axes logarithmic; where a machine's line falls under an API's, it breaks even."""
    with extra("eval", PURPOSE):
        from plotly import graph_objects as go
    figure = go.Figure()
    for curve in report.curves:
        line = {"dash": DASHES[curve.place]}
        figure.add_scatter(x=curve.volumes, y=curve.eur_per_month, name=curve.title, mode="lines", line=line)
    figure.add_vline(report.volume, line_dash="dot", opacity=0.4)
    figure.update_xaxes(type="log", title="answers a month")
    figure.update_yaxes(type="log", title="EUR a month")
    return figure.update_layout(title="What a month costs", template="plotly_white")


def sensitivity_figure(result: CostResult) -> Figure:
    """Bars from the cost of an answer at a figure's low end to that at its high end, the strongest at the top."""
    with extra("eval", PURPOSE):
        from plotly import graph_objects as go
    swings = result.sensitivity[:STRONGEST][::-1]
    names = [" ".join(swing.path[1:]).replace("_", " ") for swing in swings]
    figure = go.Figure()
    for title, ends in (("low", [s.eur_at_low for s in swings]), ("high", [s.eur_at_high for s in swings])):
        lengths = [end - result.eur_per_answer for end in ends]
        figure.add_bar(y=names, x=lengths, base=result.eur_per_answer, orientation="h", name=f"at the {title} end")
    figure.update_xaxes(title="EUR an answer")
    title = f"What moves the cost of an answer: {result.work.backend}"
    return figure.update_layout(title=title, barmode="overlay", template="plotly_white")


def write_html(report: CostReport, path: Path) -> None:
    """All plots on one page that needs nothing from outside. Raises ConfigError, MissingExtra."""
    with extra("eval", PURPOSE):
        from plotly import io
    figures = [month_figure(report), *(sensitivity_figure(result) for result in report.results)]
    parts = [
        io.to_html(figure, full_html=False, include_plotlyjs=not number, default_height="36rem")
        for number, figure in enumerate(figures)
    ]
    page = f'<!doctype html><html lang="en"><meta charset="utf-8"><title>Costs</title><body>{"".join(parts)}</body></html>'
    try:
        write_atomically(path, page.encode())
    except OSError as error:
        raise ConfigError(f"{path} can't be written ({error.strerror}): choose another place.") from error
