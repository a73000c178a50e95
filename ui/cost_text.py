"""What `midas eval cost` prints."""

from __future__ import annotations

from collections.abc import Sequence
from math import floor, log10

from eval.cost import BreakEven, CostReport, CostResult, MachineClass, SpeedFrom, Swing, Tuning, Unplaced
from eval.prices import Entry, Figure, entries
from eval.report.numbers import Numbers
from eval.statistics import Estimate
from ui.terminal import out, plain, table

STRONGEST = 8
SPEED: dict[SpeedFrom, str] = {"load_test": "under load", "run": "one by one", "yours": "your figure"}
UNPLACED: dict[Unplaced, str] = {
    "no_answers": "it gave no answers in this run",
    "no_hardware": "no class of machine fits where it runs: name one in costs.toml, [backends.{name}] hardware = ...",
    "no_price": "its model has no price: add one to costs.toml, [api.MODEL], and name it under [backends.{name}] api = ...",
}


def print_costs(report: CostReport, run: str | None, figures: bool) -> None:
    head = f"Run {run}: costs" if run else "Costs"
    out.print(
        plain(f"{head} at {report.volume:,.0f} answers a month, in EUR without VAT; prices of {report.prices.as_of}.", "bold")
    )
    _section("Back ends", RESULTS, [_result(result) for result in report.results])
    for backend, why in report.unplaced:
        out.print(plain(f"{backend} is left out: {UNPLACED[why].format(name=backend)}."))
    for result in report.results:
        _section(f"{result.work.backend} against APIs", BREAK_EVEN, [_break_even(row) for row in result.break_even])
        strongest = [_swing(swing) for swing in result.sensitivity[:STRONGEST]]
        _section(f"What moves the cost of an answer of {result.work.backend}", SWINGS, strongest)
    _section("Machines, if one is enough and fast enough", CLASSES, [_class(row) for row in report.classes])
    _section("Fine-tuning", TUNINGS, [_tuning(row) for row in report.tunings])
    _print_figures(list(entries(report.prices)), figures)


RESULTS = ("back end", "on", "answer", "good answer", "1M tokens", "month", "machines", "answers/s")
BREAK_EVEN = ("API", "answer there", "pays off from, a month", "machines")
SWINGS = ("figure", "low", "high", "answer at low", "answer at high")
CLASSES = ("machine", "GB", "price", "hour", "month", "answer", "answers/s needed")
TUNINGS = ("way", "once", "answer")


def money(eur: float | None) -> str:
    """Three significant digits under 100: `0.00010`, `0.0182`, `7.50`, `1,336`."""
    if eur is None:
        return "-"
    if eur == 0 or eur >= 100:
        return f"{eur:,.0f}"
    return f"{eur:.{max(2, 2 - floor(log10(eur)))}f}"


def _section(title: str, titles: Sequence[str], rows: Sequence[Sequence[object]]) -> None:
    if rows:
        out.print()
        out.print(plain(title, "bold"))
        out.print(table(titles, rows))


def _result(result: CostResult) -> tuple[str, ...]:
    return (
        result.work.backend, result.name, money(result.eur_per_answer), _with_limits(result.eur_per_good_answer),
        money(result.eur_per_million_tokens), money(result.eur_per_month), str(result.machines or "-"),
        f"{result.work.answers_per_s:.2g} ({SPEED[result.work.speed_from]})",
    )  # fmt: skip


def _with_limits(estimate: Estimate | None) -> str:
    if estimate is None:
        return "-"
    return f"{money(estimate.value)} ({money(estimate.low)} to {money(estimate.high)})"


def _break_even(row: BreakEven) -> tuple[str, ...]:
    volume = "never" if row.answers_per_month is None else Numbers("en").about(row.answers_per_month)
    return row.title.en, money(row.api_answer_eur), volume, str(row.machines or "-")


def _swing(swing: Swing) -> tuple[str, ...]:
    return _name(swing.path), _number(swing.low), _number(swing.high), money(swing.eur_at_low), money(swing.eur_at_high)


def _number(value: float) -> str:
    return f"{value:,.0f}" if value >= 1000 else f"{value:.4g}"


def _class(row: MachineClass) -> tuple[str, ...]:
    title = f"rented: {row.title.en}" if row.place == "cloud_gpu" else row.title.en
    return (
        title, f"{row.memory_gb:g}", money(row.price_eur), money(row.eur_per_hour), money(row.eur_per_month),
        money(row.eur_per_answer), f"{row.needed_answers_per_s:.2g}",
    )  # fmt: skip


def _tuning(row: Tuning) -> tuple[str, ...]:
    return row.title.en, money(row.once_eur), money(row.eur_per_answer)


def _print_figures(found: Sequence[Entry], listed: bool) -> None:
    """Lines, not a table: addresses are long, and should be whole. Else how many there are."""
    out.print()
    if not listed:
        guessed = sum(entry.figure.basis == "estimate" for entry in found)
        out.print(plain(f"All this rests on {len(found)} figures, {guessed} of them estimates: --figures lists them."))
        return
    out.print(plain("Figures and where they come from", "bold"))
    for entry in found:
        out.print(plain(_figure(entry)))
        out.print(plain(f"    {' '.join(part for part in (entry.figure.source, entry.figure.note) if part)}", "dim"))


def _figure(entry: Entry) -> str:
    """`electricity_eur_per_kwh: 0.15 (0.1 to 0.25), 2024-06-30, secondary`."""
    figure = entry.figure
    told = (f"{_name(entry.path)}: {_number(figure.value)}{_range(figure)}", str(figure.as_of or ""), figure.basis)
    return ", ".join(part for part in told if part)


def _range(figure: Figure) -> str:
    return "" if figure.low is None and figure.high is None else f" ({' to '.join(map(_number, figure.range))})"


def _name(path: tuple[str, ...]) -> str:
    return " ".join(path[1:] if path[0] in ("assumptions", "measured") else path)
