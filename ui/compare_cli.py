"""`midas eval diff` and `midas eval gate`: two runs question by question."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Annotated

import typer

from ingest.errors import ConfigError
from ui.command import Json, leave, load_settings

if TYPE_CHECKING:
    from eval.runs import Run

Before = Annotated[str, typer.Argument(metavar="BEFORE", help="Id of a run, how it begins, or latest.")]
After = Annotated[str, typer.Argument(metavar="AFTER", help="The run to compare with it.")]
Backends = Annotated[
    list[str] | None,
    typer.Option(
        "--backend",
        "-b",
        metavar="NAME[=OTHER]",
        help="Compare this back end, or NAME of the first run with OTHER of the second; repeat for several. Default: all.",
    ),
]


def diff(
    before: Before,
    after: After,
    backend: Backends = None,
    metric: Annotated[
        list[str] | None,
        typer.Option("--metric", "-m", metavar="NAME", help="Compare this metric, and name its questions; repeat for several."),
    ] = None,
    json: Json = False,
) -> None:
    """Compare two runs question by question.

    For every metric: the change with its 95 % interval, the chance of such a change without a cause (adjusted for the number
    of metrics), and on how many questions it got better and worse.
    """
    from eval.diff import compare
    from eval.metrics import metric as known
    from ui import compare_text, terminal

    for name in metric or ():
        known(name)
    found = compare(*_runs(before, after), _pairs(backend), metric)
    if json:
        terminal.print_json(found)
    else:
        compare_text.print_diff(found, metric or ())


def gate(
    before: Before,
    after: Annotated[str, typer.Argument(metavar="AFTER", help="The run that must not be worse.")] = "latest",
    max_drop: Annotated[
        list[str] | None,
        typer.Option(
            "--max-drop",
            metavar="[METRIC=]DROP",
            help="How much worse it may get: for all metrics that are looked at, or for one, in its unit. Default: 0.02.",
        ),
    ] = None,
    backend: Backends = None,
    significant: Annotated[
        bool, typer.Option("--significant", help="Let a drop pass that may be chance, for back ends that answer at random.")
    ] = False,
    json: Json = False,
) -> None:
    """Exit with 1 when a run got worse than another.

    For continuous integration. Looks at what needs no judge: right answers, abstention, citations, retrieval, language, errors.
    METRIC=DROP adds others.
    """
    from eval.gate import MAX_DROP
    from eval.gate import gate as check
    from ui import compare_text, terminal

    general, limits = _limits(max_drop or (), MAX_DROP)
    result = check(*_runs(before, after), general, limits, backends=_pairs(backend), significant=significant)
    if json:
        terminal.print_json({"passed": result.passed, "checks": result.checks, "diff": result.diff})
    else:
        compare_text.print_gate(result)
    leave(int(not result.passed))


def _runs(before: str, after: str) -> tuple[Run, Run]:
    from eval.runs import open_run

    home = load_settings().home
    return open_run(home, before), open_run(home, after)


def _pairs(backends: Sequence[str] | None) -> dict[str, str] | None:
    """`a=b` -> {"a": "b"}; `a` is short for `a=a`."""
    if not backends:
        return None
    halves = [name.partition("=") for name in backends]
    return {before: after or before for before, _, after in halves}


def _limits(drops: Sequence[str], default: float) -> tuple[float, dict[str, float]]:
    """The drop for all metrics, and those for single ones."""
    limits = {}
    for drop in drops:
        name, _, amount = drop.rpartition("=")
        limits[name] = _amount(amount, drop)
    return limits.pop("", default), limits


def _amount(text: str, option: str) -> float:
    try:
        amount = float(text)
    except ValueError:
        amount = -1.0
    if not 0 <= amount < float("inf"):
        raise ConfigError(
            f"--max-drop {option} is no drop: give a number from 0, like 0.02, or a metric with one, correct=0.02."
        )
    return amount
