"""What answers cost, with assumptions that can be tried out on the spot."""

from __future__ import annotations

import re
from dataclasses import replace

from eval.prices import Entry
from ingest.errors import ConfigError
from ui.desks.costs import Costs
from ui.desks.reports import Reports
from ui.web.evaluate.choosing import answered, chosen, no_runs, options
from ui.web.evaluate.markup import button, chooser, e, field, fold, head, join, notice, select, text_input, to
from ui.web.evaluate.visit import Visit, link

TAB = "cost"
FIRST = (
    "answers_per_month", "utilisation", "electricity_eur_per_kwh", "life_years", "people_hours_per_month",
    "people_eur_per_hour", "usd_per_eur", "cloud_gpu_hours_per_month",
)  # fmt: skip
"""Assumptions that stand open; the others are folded."""
PREFIX = "f."
"""Of the names under which figures stand in the page's address."""


def show(visit: Visit) -> str:
    from eval.report.html import write_part
    from eval.report.money import cost_blocks
    from eval.report.texts import Texts
    from eval.report.writing import teller_of

    say, runs = visit.texts, answered(visit)
    title = head(say("tab.cost"), say("cost.intro"))
    if not (run := chosen(visit, runs)):
        return title + no_runs(visit)
    changes = _changes(visit)
    report = visit.at(Costs).costs(run, changes)
    data = replace(visit.at(Reports).data([run]), costs=(report,))
    blocks = cost_blocks(teller_of(data, Texts(visit.language)))
    choice = field(say("run"), select("run", options(visit, runs), run, "data-auto"))
    tried = notice(say("cost.tried", n=len(changes)), "accent") if changes else ""
    return (
        title
        + chooser(TAB, f"{choice}{_figures(visit, run, changes)}")
        + tried
        + write_part(blocks, data.backends, Texts(visit.language))
    )


def _changes(visit: Visit) -> dict[str, float]:
    """The figures of the address that differ from the table's."""
    known = {".".join(entry.path): entry.figure.value for entry in visit.at(Costs).figures()}
    given = {name.removeprefix(PREFIX): visit.get(name) for name in visit.query if name.startswith(PREFIX)}
    found = {name: _number(visit, text) for name, text in given.items() if text}
    return {name: value for name, value in found.items() if known.get(name) != value}


def _number(visit: Visit, text: str) -> float:
    """As people of the page's language write numbers: `20.000` is twenty thousand in Spanish. Raises ConfigError."""
    decimal, thousand = (",", ".") if visit.language == "es" else (".", ",")
    if re.fullmatch(rf"[1-9]\d{{0,2}}({re.escape(thousand)}\d{{3}})+({decimal}\d+)?", text):
        text = text.replace(thousand, "")
    try:
        return float(text.replace(",", "."))
    except ValueError as error:
        raise ConfigError(visit.texts("cost.no_number", text=text)) from error


def _written(visit: Visit, value: float) -> str:
    """For a field: without thousands."""
    text = f"{value:g}" if abs(value) < 1e6 else f"{value:.0f}"
    return text.replace(".", ",") if visit.language == "es" else text


def _figures(visit: Visit, run: str, changes: dict[str, float]) -> str:
    """A field for each figure; only those that were changed go into the address."""
    say = visit.texts
    entries = visit.at(Costs).figures()
    first = [entry for entry in entries if entry.path[0] == "assumptions" and entry.path[1] in FIRST]
    more = [entry for entry in entries if entry not in first and entry.path[0] != "backends"]
    reset = to(link(TAB, run=run), say("cost.reset"), "ev-button") if changes else ""
    return (
        f'<div class="ev-grid figures">{join(_figure(visit, entry, changes) for entry in first)}</div>'
        + fold(
            say("cost.more", n=len(more)),
            f'<div class="ev-grid figures">{join(_figure(visit, entry, changes) for entry in more)}</div>',
            open=any(".".join(entry.path) in changes for entry in more),
        )
        + f'<div class="ev-actions">{button(say("cost.do"), "primary")}{reset}</div>'
        + f'<p class="ev-keys">{e(say("cost.kept"))}</p>'
    )


def _figure(visit: Visit, entry: Entry, changes: dict[str, float]) -> str:
    from eval.report.texts import Texts

    name, plain = ".".join(entry.path), visit.numbers.plain
    title = Texts(visit.language).get(f"figure.{entry.path[-1]}") or entry.path[-1].replace("_", " ")
    low, high = entry.figure.range
    value = changes.get(name, entry.figure.value)
    control = text_input(
        f"{PREFIX}{name}", _written(visit, value),
        more=f'inputmode="decimal" data-default="{entry.figure.value:g}"{" class=changed" if name in changes else ""}',
    )  # fmt: skip
    label = ", ".join((title, *entry.path[1:-1]))
    return field(label, control, visit.texts("cost.range", low=plain(low), high=plain(high)))
