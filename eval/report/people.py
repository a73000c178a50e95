"""Phase 4: what people prefer when they do not know whose answer it is, and the marks they give."""

from __future__ import annotations

from collections.abc import Iterator

from eval.metrics import METRICS
from eval.preference import Duel, Preference
from eval.report.blocks import Block, Cell, Figure, Missing, Paragraph, Section, Table
from eval.report.plots import INK, PAPER, Bar
from eval.report.teller import Teller

TIE, BOTH_BAD = "var(--tie)", "var(--muted)"
CAREFUL = 0.8
"""Hidden repeats that were judged as the first time, under which votes are said to be careless."""


def people_section(teller: Teller) -> Section:
    return Section("phase-4", teller.texts("people"), [*_votes(teller), *_form(teller)], 4, teller.texts("people.intro"))


def _votes(teller: Teller) -> Iterator[Block]:
    texts, votes = teller.texts, teller.data.votes
    if votes is None or not votes.votes:
        yield Missing(texts("votes.none"), f"midas eval arena prepare {teller.data.run.parts[0].id}")
        return
    plot = teller.plots.stacked([(_duel_name(teller, duel), _duel_bars(teller, duel)) for duel in votes.duels])
    yield Figure("votes", texts("votes.title"), plot, _duels_table(teller, votes), texts("votes.caption"), teller.data.backends)
    yield _strengths_table(teller, votes)
    consistent = votes.attention.consistent.value
    careless = consistent is not None and consistent < CAREFUL
    yield Paragraph(_attention(teller, votes), "note")
    if careless:
        yield Paragraph(texts("votes.careless"), "warning")


def _duel_name(teller: Teller, duel: Duel) -> str:
    return teller.texts("votes.pair", first=duel.first, second=duel.second, n=_total(duel))


def _total(duel: Duel) -> int:
    return duel.wins_first + duel.ties + duel.both_bad + duel.wins_second


def _duel_bars(teller: Teller, duel: Duel) -> list[Bar]:
    colour, texts, total = teller.plots.colour, teller.texts, _total(duel)
    pieces = (
        (duel.wins_first, colour(duel.first), duel.first, PAPER),
        (duel.ties, TIE, texts("votes.tie"), INK),
        (duel.both_bad, BOTH_BAD, texts("votes.both_bad"), PAPER),
        (duel.wins_second, colour(duel.second), duel.second, PAPER),
    )
    return [Bar(count / total, shade, name, f"{count} / {total}", ink) for count, shade, name, ink in pieces if count]


def _duels_table(teller: Teller, votes: Preference) -> Table:
    texts, number = teller.texts, teller.numbers.number
    names = ("votes.duel", "votes.first", "votes.tie", "votes.both_bad", "votes.second", "votes.share", "votes.needed")
    rows = tuple(
        (
            Cell(f"{duel.first} – {duel.second}"),
            Cell(number(duel.wins_first)),
            Cell(number(duel.ties)),
            Cell(number(duel.both_bad)),
            Cell(number(duel.wins_second)),
            teller.cell(duel.share, "share"),
            Cell(_needed(teller, duel)),
        )
        for duel in votes.duels
    )
    return Table(tuple(Cell(texts(name)) for name in names), rows)


def _needed(teller: Teller, duel: Duel) -> str:
    if duel.votes_needed is None:
        return teller.texts("votes.level")
    return teller.numbers.about(duel.votes_needed) if duel.votes_needed else teller.texts("votes.decided")


def _strengths_table(teller: Teller, votes: Preference) -> Table:
    texts = teller.texts
    rows = tuple(
        (
            Cell(strength.backend, backend=strength.backend),
            teller.cell(strength.share, "share"),
            Cell(teller.numbers.percent(strength.p_best)),
        )
        for strength in votes.strengths
    )
    return Table(tuple(Cell(texts(name)) for name in ("backend", "votes.preferred", "p_best")), rows, texts("votes.strengths"))


def _attention(teller: Teller, votes: Preference) -> str:
    texts, numbers, attention = teller.texts, teller.numbers, votes.attention
    parts = [texts("votes.count", votes=votes.votes, voters=votes.voters, questions=votes.questions)]
    checks = (
        ("votes.consistent", attention.consistent),
        ("votes.identical", attention.identical_tied),
        ("votes.left", attention.left),
    )
    parts += [texts(name, share=numbers.percent(check.value)) for name, check in checks if check.value is not None]
    if votes.median_response_ms is not None:
        parts.append(texts("votes.time", time=numbers.duration(votes.median_response_ms)))
    return " ".join([*parts, texts(f"votes.by_{votes.clustered_by}")])


def _form(teller: Teller) -> Iterator[Block]:
    """Marks from 1 to 5."""
    texts = teller.texts
    scorers = sorted({cell.scorer for cell in teller.data.summary.cells if _is_human(cell.metric)})
    rows = [teller.metric_row(metric, scorer) for metric in METRICS.values() if metric.group == "human" for scorer in scorers]
    table = teller.metric_table(rows, texts("form.title"))
    yield table or Missing(texts("form.none"), f"midas eval form export {teller.data.run.parts[0].id} FILE.csv")


def _is_human(metric: str) -> bool:
    return metric in METRICS and METRICS[metric].group == "human"
