"""The plots. They come from Plotly; here stands which figure shows what. Colours are variables of the page's style.

Every text that is not ours is escaped, because Plotly reads some markup. Labels of rows stand above the rows, so that a plot is
readable on a phone, too.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from html import escape
from math import log10, sqrt
from typing import TYPE_CHECKING, Any, Literal

from eval.extras import extra
from eval.report.numbers import Numbers
from eval.verdict import Segment

if TYPE_CHECKING:
    from plotly.graph_objects import Figure

Scale = Literal["amount", "share", "duration", "levels", "log"]
COLOURS = 8
INK, MUTED, GRID, PAPER, NEUTRAL = "var(--ink)", "var(--muted)", "var(--grid)", "var(--paper)", "var(--line)"
_DASHES = ("solid", "dash", "dot", "dashdot", "longdash")
_SYMBOLS = ("circle", "square", "diamond", "triangle-up", "triangle-down", "pentagon", "hexagon", "star")
"""As in report.css."""
_SMALLEST, _LARGEST = 13.0, 30.0
"""Diameters of bubbles in pixels."""
_LABEL = 12
"""Size of labels in pixels."""
_LABELLED = {"above": 0.85, "below": 0.5}
"""Where on a line its name stands."""
_POWERS = [10.0**power for power in range(-3, 9)]
_QUARTERS = [0, 0.25, 0.5, 0.75, 1]
MARKED = 12
"""Points of a line, up to which each is marked."""
LONGEST = 60
"""Characters of a label."""
_ROUND_MS = [step * power for power in (10, 100, 1e3, 1e4, 1e5, 1e6) for step in (1, 2, 5)]


@dataclass(frozen=True, slots=True)
class Point:
    """A figure with its interval; `told` is how it reads."""

    value: float
    low: float | None
    high: float | None
    told: str


@dataclass(frozen=True, slots=True)
class Spot:
    """A back end between speed and quality. `cost` decides about its size; `frontier`: nobody is better in everything."""

    backend: str
    x: Point
    y: Point
    cost: float | None
    label: str
    frontier: bool


@dataclass(frozen=True, slots=True)
class Bar:
    """A piece of a row of a stacked bar. `colour` is a CSS variable."""

    share: float
    colour: str
    name: str
    told: str
    ink: str = PAPER


@dataclass(frozen=True, slots=True)
class Line:
    """`ring` marks one x. `label` writes the name at the line. `style` tells lines of the same back end apart."""

    backend: str
    name: str
    xs: tuple[float, ...]
    ys: tuple[float, ...]
    style: int = 0
    ring: float | None = None
    label: Literal["", "above", "below"] = ""
    lows: tuple[float, ...] = ()
    highs: tuple[float, ...] = ()


@dataclass(frozen=True, slots=True)
class Axis:
    """`duration`: milliseconds, logarithmic. `levels`: the values that there are, evenly where each doubles the one before."""

    title: str
    scale: Scale


class Plots:
    """Draws for a report; `backends` in the order of their colours."""

    def __init__(self, backends: Sequence[str], numbers: Numbers) -> None:
        with extra("eval", "A report"):
            import plotly.graph_objects
        self._go: Any = plotly.graph_objects
        self._backends = backends
        self._numbers = numbers

    def colour(self, backend: str) -> str:
        """Its variable; the neutral colour for who is not in the report."""
        return f"var(--s{self._backends.index(backend) % COLOURS + 1})" if backend in self._backends else MUTED

    def tradeoff(self, spots: Sequence[Spot], x_title: str, y_title: str) -> Figure:
        """Waiting (logarithmic) against quality, bubbles as large as an answer costs; hollow when another is better in all.

        Names are in the colour of their bubble, every other one below it: of two that are near, each keeps its own."""
        figure = self._figure(420)
        dearest = max((spot.cost or 0 for spot in spots), default=0)
        middle = sqrt(min(spot.x.value for spot in spots) * max(spot.x.value for spot in spots))
        for at, spot in enumerate(sorted(spots, key=lambda spot: (spot.y.value, spot.x.value))):
            colour, side = self.colour(spot.backend), "left" if spot.x.value > middle else "right"
            size = _LARGEST * sqrt((spot.cost or 0) / dearest) if dearest else 18.0
            figure.add_trace(
                self._go.Scatter(
                    x=[spot.x.value],
                    y=[spot.y.value],
                    mode="markers+text",
                    text=[_text(spot.label)],
                    textposition=f"{'bottom' if at % 2 else 'top'} {side}",
                    cliponaxis=False,
                    textfont={"color": colour, "size": _LABEL},
                    error_x=self._error(spot.x, colour),
                    error_y=self._error(spot.y, colour),
                    marker={
                        "size": max(_SMALLEST, size),
                        "color": colour if spot.frontier else PAPER,
                        "line": {"color": colour, "width": 2.5},
                        "opacity": 1,
                    },
                    hovertemplate=f"{_text(spot.backend)}<br>{_text(spot.y.told)}<br>{_text(spot.x.told)}<extra></extra>",
                )
            )
        reach = [edge for spot in spots for edge in (spot.x.low, spot.x.value, spot.x.high) if edge is not None]
        figure.update_xaxes(title_text=x_title, **self._log_ticks(min(reach), max(reach)))
        low = min((spot.y.low if spot.y.low is not None else spot.y.value for spot in spots), default=0.0)
        figure.update_yaxes(title_text=y_title, tickformat=".0%", range=[max(-0.02, low - 0.1), 1.05])
        return figure

    def intervals(self, rows: Sequence[tuple[str, Mapping[str, Point]]], range: tuple[float, float] | None = (0, 1)) -> Figure:
        """A row of points with intervals for each label; `range` None is chosen by the values, with a line at 0."""
        shown = [backend for backend in self._backends if any(backend in points for _, points in rows)]
        figure = self._rows([label for label, _ in rows], 30 + 15 * len(shown))
        for at, backend in enumerate(shown):
            there = [(row, points[backend]) for row, (_, points) in enumerate(rows) if backend in points]
            figure.add_trace(
                self._go.Scatter(
                    x=[point.value for _, point in there],
                    y=[row + 0.12 + 0.62 * (at + 0.5) / len(shown) - 0.25 for row, _ in there],
                    mode="markers",
                    marker={"color": self.colour(backend), "size": 9, "symbol": _SYMBOLS[at % len(_SYMBOLS)]},
                    error_x=self._errors([point for _, point in there], self.colour(backend)),
                    customdata=[_text(point.told) for _, point in there],
                    hovertemplate=f"{_text(backend)}: %{{customdata}}<extra></extra>",
                )
            )
        if range is None:
            figure.update_xaxes(zeroline=True, zerolinecolor=MUTED, zerolinewidth=1.5)
        else:
            figure.update_xaxes(range=[range[0] - 0.01, range[1] + 0.01], tickvals=_QUARTERS)
        figure.update_xaxes(tickformat=".0%")
        return figure

    def stacked(self, rows: Sequence[tuple[str, Sequence[Bar]]]) -> Figure:
        """Shares of a whole, a row for each label; labels in the bars where they fit."""
        figure = self._rows([label for label, _ in rows], 58)
        for row, (_, bars) in enumerate(rows):
            start = 0.0
            for bar in bars:
                figure.add_trace(self._bar(row, start, bar))
                start += bar.share
        figure.update_layout(barmode="overlay")
        figure.update_xaxes(range=[-0.005, 1.005], tickvals=_QUARTERS, tickformat=".0%")
        return figure

    def strips(self, rows: Sequence[tuple[str, float, Sequence[Segment]]], now: str) -> Figure:
        """Who wins as the weight of a criterion goes from 0 to 1; the tick is the present weight."""
        figure = self._rows([label for label, _, _ in rows], 58)
        for row, (_, weight, segments) in enumerate(rows):
            for part in segments:
                share = part.end - part.start
                told = f"{self._numbers.percent(part.start)} – {self._numbers.percent(part.end)}"
                figure.add_trace(self._bar(row, part.start, Bar(share, self.colour(part.winner), part.winner, told)))
            figure.add_trace(
                self._go.Scatter(
                    x=[weight],
                    y=[row + 0.15],
                    mode="markers",
                    marker={"symbol": "line-ns", "size": 30, "line": {"color": INK, "width": 3}},
                    hovertemplate=f"{_text(now)}: {self._numbers.percent(weight)}<extra></extra>",
                )
            )
        figure.update_layout(barmode="overlay")
        figure.update_xaxes(range=[-0.005, 1.005], tickvals=_QUARTERS, tickformat=".0%")
        return figure

    def lines(self, lines: Sequence[Line], x: Axis, y: Axis, *, steps: bool = False, at: float | None = None) -> Figure:
        """Lines over x; `steps` draws a distribution, `at` a vertical line."""
        figure = self._figure(360)
        for line in lines:
            if line.lows:
                figure.add_trace(self._band(line))
            figure.add_trace(self._line(line, steps))
        for line in lines:
            if line.ring in line.xs:
                figure.add_trace(self._ring(line))
        if at is not None:
            figure.add_vline(at, line={"color": MUTED, "width": 1.5})
        figure.update_xaxes(title_text=x.title, **self._scale(x, [value for line in lines for value in line.xs]))
        figure.update_yaxes(title_text=y.title, **self._scale(y, [value for line in lines for value in line.ys]))
        return figure

    def spans(self, rows: Sequence[tuple[str, str, float, float, str]], x: Axis) -> Figure:
        """From a smaller to a larger figure, a row each: label, back end, both figures, how they read. Hollow is the first."""
        figure = self._rows([label for label, *_ in rows], 50)
        for row, (_, backend, first, second, told) in enumerate(rows):
            colour = self.colour(backend)
            figure.add_trace(
                self._go.Scatter(
                    x=[first, second],
                    y=[row + 0.15, row + 0.15],
                    mode="lines+markers",
                    line={"color": colour, "width": 3},
                    marker={"size": 12, "color": [PAPER, colour], "line": {"color": colour, "width": 2.5}},
                    hovertemplate=f"{_text(backend)}: {_text(told)}<extra></extra>",
                )
            )
        edges = [edge for _, _, first, second, _ in rows for edge in (first, second)]
        figure.update_xaxes(title_text=x.title, **self._scale(x, edges))
        return figure

    # Parts

    def _figure(self, height: int) -> Figure:
        axis = {"gridcolor": GRID, "zeroline": False, "linecolor": NEUTRAL, "tickcolor": NEUTRAL, "automargin": True,
                "tickfont": {"color": MUTED, "size": _LABEL}, "title": {"font": {"color": MUTED, "size": 13}, "standoff": 12},
                "fixedrange": True}  # fmt: skip
        layout = self._go.Layout(
            template="none",
            height=height,
            margin={"l": 8, "r": 14, "t": 12, "b": 44},
            paper_bgcolor="rgba(0,0,0,0)",
            plot_bgcolor="rgba(0,0,0,0)",
            font={"color": INK, "size": 13},
            separators=self._numbers.separators,
            showlegend=False,
            hovermode="closest",
            hoverlabel={"bgcolor": PAPER, "bordercolor": MUTED, "font": {"color": INK}},
            xaxis=axis,
            yaxis=axis,
        )
        figure: Figure = self._go.Figure(layout=layout)
        return figure

    def _rows(self, labels: Sequence[str], row_height: int) -> Figure:
        """Empty rows, the first above, their labels over them."""
        figure = self._figure(row_height * len(labels) + 56)
        figure.update_yaxes(visible=False, range=[len(labels) - 0.45, -0.55], automargin=False)
        for row, label in enumerate(labels):
            figure.add_annotation(
                x=0, xref="paper", xanchor="left", y=row - 0.46, yanchor="top", text=_text(label), showarrow=False,
                font={"size": 13, "color": INK}, align="left",
            )  # fmt: skip
        return figure

    def _bar(self, row: int, start: float, bar: Bar) -> Any:
        fits = bar.share * 300 > 7.5 * len(bar.name)  # pixels of a narrow plot against those of the text
        return self._go.Bar(
            orientation="h",
            x=[bar.share],
            base=[start],
            y=[row + 0.15],
            width=[0.44],
            text=[_text(bar.name) if fits else ""],
            textposition="inside",
            insidetextanchor="middle",
            textangle=0,
            textfont={"color": bar.ink, "size": _LABEL},
            marker={"color": bar.colour, "line": {"color": PAPER, "width": 1.5}},
            hovertemplate=f"{_text(bar.name)}: {_text(bar.told)}<extra></extra>",
        )

    def _line(self, line: Line, steps: bool) -> Any:
        return self._go.Scatter(
            x=list(line.xs),
            y=list(line.ys),
            mode=f"lines{'+markers' if len(line.xs) <= MARKED and not steps else ''}{'+text' if line.label else ''}",
            text=_named(line),
            textposition="top left" if line.label == "above" else "bottom right",
            textfont={"color": MUTED, "size": _LABEL},
            name=_text(line.name),
            line={"color": self.colour(line.backend), "width": 2.5, "shape": "hv" if steps else "linear",
                  "dash": _DASHES[line.style % len(_DASHES)]},
            marker={"size": 8, "symbol": _SYMBOLS[line.style % len(_SYMBOLS)]},
            hovertemplate=f"{_text(line.name)}<br>%{{x:,.4~g}} · %{{y:,.3~g}}<extra></extra>",
        )  # fmt: skip

    def _band(self, line: Line) -> Any:
        return self._go.Scatter(
            x=[*line.xs, *reversed(line.xs)],
            y=[*line.lows, *reversed(line.highs)],
            fill="toself",
            mode="lines",
            line={"width": 0},
            fillcolor=self.colour(line.backend),
            opacity=0.15,
            hoverinfo="skip",
        )

    def _ring(self, line: Line) -> Any:
        return self._go.Scatter(
            x=[line.ring],
            y=[y for x, y in zip(line.xs, line.ys, strict=True) if x == line.ring],
            mode="markers",
            marker={"size": 19, "symbol": "circle-open", "color": INK, "line": {"width": 2}},
            hoverinfo="skip",
        )

    def _error(self, point: Point, colour: str) -> dict[str, object]:
        return self._errors([point], colour)

    def _errors(self, points: Sequence[Point], colour: str) -> dict[str, object]:
        return {
            "type": "data",
            "symmetric": False,
            "array": [0 if point.high is None else point.high - point.value for point in points],
            "arrayminus": [0 if point.low is None else point.value - point.low for point in points],
            "color": colour,
            "thickness": 2,
            "width": 0,
        }

    def _scale(self, axis: Axis, values: Sequence[float]) -> dict[str, object]:
        scales: dict[Scale, Callable[[], dict[str, object]]] = {
            "amount": lambda: {"rangemode": "tozero"},
            "share": lambda: {"tickformat": ".0%", "range": [0, 1.02]},
            "duration": lambda: self._log_ticks(min(values), max(values)),
            "levels": lambda: {
                "type": "log",
                "tickvals": (seen := sorted(set(values))),
                "ticktext": [f"{each:g}" for each in seen],
            },
            "log": lambda: {"type": "log", "tickvals": _POWERS, "ticktext": [self._numbers.short(each) for each in _POWERS]},
        }
        return scales[axis.scale]()

    def _log_ticks(self, low: float, high: float) -> dict[str, object]:
        """A logarithmic axis of milliseconds: at most six times that read well, and room for labels at both ends."""
        shown = [step for step in _ROUND_MS if low / 1.5 <= step <= high * 1.5]
        shown = shown[:: -(-len(shown) // 6)] if shown else []
        ends = [log10(low / 1.5), log10(high * 1.5)]
        return {"type": "log", "tickvals": shown, "ticktext": [self._numbers.duration(step) for step in shown], "range": ends}


def _named(line: Line) -> list[str]:
    """The line's name at one of its points."""
    place = int(_LABELLED.get(line.label, -1) * len(line.xs))
    return [_text(line.name) if at == place else "" for at in range(len(line.xs))]


def _text(text: str) -> str:
    """What Plotly shows as it is, not too long for a phone."""
    return escape(text if len(text) <= LONGEST else f"{text[: LONGEST - 1]}…", quote=False)


def distribution(values: Sequence[float]) -> tuple[tuple[float, ...], tuple[float, ...]]:
    """The empirical distribution: each value with the share of values up to it."""
    ordered = sorted(values)
    return tuple(ordered), tuple((at + 1) / len(ordered) for at in range(len(ordered)))
