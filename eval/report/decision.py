"""The verdict, what it rests on, and how it holds up."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Literal

from eval.calibration import KAPPA_TO_RANK, LEAST_COVERAGE, LEAST_STATEMENTS
from eval.report.blocks import Block, Bullets, Cell, Chance, Choice, Choices, Figure, Missing, Paragraph, Section, Table
from eval.report.data import JudgeRecord
from eval.report.numbers import NONE
from eval.report.plots import Spot
from eval.report.teller import Teller
from eval.verdict import (
    BEST_EUR,
    BEST_MS,
    CLEAR,
    LEAST_QUESTIONS,
    WORST_EUR,
    WORST_MS,
    CriterionName,
    Improvement,
    Verdict,
    WeightChange,
    eur_of_utility,
    frontier,
    ms_of_utility,
)

MOST = 20
"""Times as many questions as there were, beyond which their number is not told."""
SHOWN = 3
"""How many changes of each kind are told."""
COMMANDS: Mapping[CriterionName, str] = {
    "correctness": "midas eval run --questions FILE",
    "faithfulness": "midas eval score {run}",
    "abstention": "midas eval run --questions FILE",
    "speed": "midas eval run --questions FILE --new",
    "cost": "midas eval cost {run}",
}
"""What measures a criterion."""


def headline(teller: Teller) -> str:
    """One sentence: the choice for everyday use."""
    texts, verdicts = teller.texts, teller.data.verdicts
    if not verdicts:
        return texts("headline.nothing")
    verdict = verdicts[0]
    if len(verdict.standings) == 1:
        return texts("headline.alone", backend=verdict.best.backend)
    if few(teller):
        return texts("headline.few", n=len(teller.data.evidence.questions))
    return texts(f"headline.{verdict.outcome}", backend=verdict.best.backend, others=_listed(teller, verdict))


def few(teller: Teller) -> bool:
    """Whether there are too few questions to decide on."""
    return len(teller.data.evidence.questions) < LEAST_QUESTIONS


def verdict_section(teller: Teller) -> Section:
    texts, verdicts = teller.texts, teller.data.verdicts
    if not verdicts:
        blocks: tuple[Block, ...] = (Missing(texts("verdict.nothing"), COMMANDS["correctness"]),)
    else:
        told = verdicts if len(verdicts[0].standings) > 1 else verdicts[:1]
        choices = Choices(tuple(_choice(teller, verdict) for verdict in told))
        blocks = (choices, *_doubts(teller), *_changes(teller, verdicts[0]))
    return Section("verdict", texts("verdict"), blocks, intro=texts("verdict.intro"))


def _choice(teller: Teller, verdict: Verdict) -> Choice:
    texts = teller.texts
    use = texts(f"use.{verdict.use.name}")
    if len(verdict.standings) == 1:
        return Choice(
            use, verdict.best.backend, verdict.best.backend, "open", texts("alone.badge"), texts("alone.sentence"), ()
        )
    chances = tuple(
        Chance(standing.backend, standing.p_best, teller.numbers.chance(standing.p_best)) for standing in verdict.standings
    )
    badge, sentence = texts(f"outcome.{verdict.outcome}"), _sentence(teller, verdict)
    if few(teller):
        return Choice(use, texts("few"), None, "open", badge, sentence, chances)
    if verdict.outcome == "open":
        return Choice(use, _listed(teller, verdict, "or"), None, "open", badge, sentence, chances)
    return Choice(use, verdict.best.backend, verdict.best.backend, verdict.outcome, badge, sentence, chances)


def _sentence(teller: Teller, verdict: Verdict) -> str:
    if few(teller):
        return teller.texts("sentence.few", n=len(teller.data.evidence.questions), least=LEAST_QUESTIONS)
    share = teller.numbers.chance(verdict.best.p_best)
    told = teller.texts(f"sentence.{verdict.outcome}", share=share, others=_listed(teller, verdict))
    if verdict.outcome == "clear" or verdict.questions_needed is None:
        return told
    asked = len(teller.data.evidence.questions)
    return f"{told} {_more_questions(teller, verdict.questions_needed, asked)}"


def _more_questions(teller: Teller, needed: int, asked: int) -> str:
    if needed > MOST * asked:
        return teller.texts("sentence.same", most=teller.numbers.number(MOST * asked))
    return teller.texts("sentence.more", needed=teller.numbers.about(needed), asked=teller.numbers.number(asked))


def _listed(teller: Teller, verdict: Verdict, joint: Literal["and", "or"] = "and") -> str:
    """Those that may be the best: `a, b and c`."""
    names = [standing.backend for standing in verdict.contenders]
    return f"{', '.join(names[:-1])} {teller.texts(joint)} {names[-1]}" if len(names) > 1 else names[0]


def _doubts(teller: Teller) -> Iterator[Block]:
    """Which judges do not count, and which criteria are missing."""
    texts, evidence = teller.texts, teller.data.evidence
    yield from (judge_worth(teller, judge) for judge in teller.data.judges if not judge.trusted)
    for criterion in evidence.missing:
        yield Missing(texts("criterion.missing", criterion=texts(f"criterion.{criterion}")), _command(teller, criterion))


def _command(teller: Teller, criterion: CriterionName) -> str:
    return COMMANDS[criterion].format(run=teller.data.run.parts[0].id)


def judge_worth(teller: Teller, judge: JudgeRecord) -> Block:
    """Why a judge's scores do not rank."""
    texts, found = teller.texts, judge.calibration
    if found is None:
        name = judge.backend or (judge.facts.model if judge.facts else "NAME")
        return Missing(texts("judge.unknown", judge=judge.name), f"midas eval judge calibrate {name}")
    kappa, needed = (teller.numbers.number(value, 2) for value in (found.kappa.value, KAPPA_TO_RANK))
    return Paragraph(
        texts(
            "judge.weak",
            judge=judge.name,
            kappa=kappa,
            needed=needed,
            n=found.kappa.n,
            least=LEAST_STATEMENTS,
            coverage=teller.numbers.percent(found.coverage),
            covered=teller.numbers.percent(LEAST_COVERAGE),
        ),
        "warning",
    )


def _changes(teller: Teller, verdict: Verdict) -> Iterator[Block]:
    """What would change the choice for everyday use."""
    if len(verdict.standings) == 1 or few(teller):
        return
    told = [
        *(_weight_told(teller, change) for change in verdict.weight_changes[:SHOWN]),
        *(_improvement_told(teller, need, verdict.best.backend) for need in verdict.improvements[:SHOWN]),
    ]
    if verdict.best.p_best < CLEAR and verdict.questions_needed is not None:
        told.append(_more_questions(teller, verdict.questions_needed, len(teller.data.evidence.questions)))
    yield Paragraph(teller.texts("changes", use=teller.texts("use.everyday").lower()))
    yield Bullets(tuple(told) or (teller.texts("changes.none"),))


def _weight_told(teller: Teller, change: WeightChange) -> str:
    way = "above" if change.at > change.now else "below"
    return teller.texts(
        f"change.{way}",
        criterion=teller.texts(f"criterion.{change.criterion}").lower(),
        at=teller.numbers.percent(change.at, 1),
        now=teller.numbers.percent(change.now, 1),
        winner=change.winner,
    )


def _improvement_told(teller: Teller, need: Improvement, best: str) -> str:
    write = _natural(teller, need.criterion)
    return teller.texts(
        "change.improve",
        backend=need.backend,
        best=best,
        criterion=teller.texts(f"criterion.{need.criterion}").lower(),
        now=write(need.now),
        needed=write(need.needed),
    )


def _natural(teller: Teller, criterion: CriterionName) -> Callable[[float], str]:
    """A utility in the unit it comes from."""
    numbers = teller.numbers
    writers: Mapping[CriterionName, Callable[[float], str]] = {
        "speed": lambda utility: numbers.duration(ms_of_utility(utility)),
        "cost": lambda utility: numbers.eur(eur_of_utility(utility)),
    }
    return writers.get(criterion, lambda share: numbers.percent(share, 1))


# Quality, waiting, cost


def tradeoff_section(teller: Teller) -> Section:
    texts = teller.texts
    spots = _spots(teller)
    if not spots:
        return Section("tradeoff", texts("tradeoff"), (Missing(texts("tradeoff.nothing"), COMMANDS["speed"]),))
    plot = teller.plots.tradeoff(spots, teller.title("total_ms"), teller.title(_quality(teller)))
    caption = texts("tradeoff.caption" if teller.data.eur_per_answer else "tradeoff.caption_no_cost")
    blocks: list[Block] = [Figure("tradeoff", texts("tradeoff.title"), plot, _tradeoff_table(teller, spots), caption)]
    if not teller.data.eur_per_answer:
        blocks.append(Missing(texts("criterion.missing", criterion=texts("criterion.cost")), _command(teller, "cost")))
    return Section("tradeoff", texts("tradeoff"), blocks, intro=texts("tradeoff.intro"))


def _quality(teller: Teller) -> str:
    """The metric that stands for quality: correct and faithful where that was scored."""
    return "good" if any(teller.estimate("good", name) for name in teller.data.backends) else "fact_recall"


def _spots(teller: Teller) -> list[Spot]:
    waits, goods = teller.points("total_ms", "ms"), teller.points(_quality(teller), "share")
    eur = teller.data.eur_per_answer
    names = [name for name in teller.data.backends if name in waits and name in goods]
    best = frontier({name: (-goods[name].value, waits[name].value, eur.get(name, 0.0)) for name in names})
    return [Spot(name, waits[name], goods[name], eur.get(name), _spot_label(teller, name), name in best) for name in names]


def _spot_label(teller: Teller, backend: str) -> str:
    eur = teller.data.eur_per_answer
    return f"{backend} · {teller.numbers.eur(eur[backend])}" if backend in eur else backend


def _tradeoff_table(teller: Teller, spots: list[Spot]) -> Table:
    texts = teller.texts
    columns = (
        texts("backend"),
        teller.title(_quality(teller)),
        teller.title("total_ms"),
        texts("cost.answer"),
        texts("frontier"),
    )
    rows = tuple(
        (
            Cell(spot.backend, backend=spot.backend),
            teller.cell(teller.estimate(_quality(teller), spot.backend), "share"),
            teller.cell(teller.estimate("total_ms", spot.backend), "ms"),
            Cell(teller.numbers.eur(spot.cost)),
            Cell(texts("frontier.yes" if spot.frontier else "frontier.no")),
        )
        for spot in spots
    )
    return Table(tuple(map(Cell, columns)), rows)


# Weights


def weights_blocks(teller: Teller) -> Iterator[Block]:
    """The weights of every use, and whether the choice stands when they change."""
    texts, verdicts = teller.texts, teller.data.verdicts
    if not verdicts:
        return
    yield Paragraph(_basis(teller))
    yield _weights_table(teller)
    if len(verdicts[0].standings) == 1:
        return
    strips = verdicts[0].stability.strips
    rows = [(texts(f"criterion.{name}"), verdicts[0].weights[name], strip) for name, strip in strips.items()]
    plot = teller.plots.strips(rows, texts("weight.now"))
    yield Figure(
        "stability",
        texts("stability.title"),
        plot,
        _strips_table(teller, verdicts[0]),
        texts("stability.caption"),
        teller.data.backends,
    )
    yield _shares_table(teller)


def _basis(teller: Teller) -> str:
    texts, evidence = teller.texts, teller.data.evidence
    parts = "; ".join(
        f"{texts(f'criterion.{basis.criterion}').lower()}: {_measure(teller, basis.metric)}" for basis in evidence.bases
    )
    numbers = teller.numbers
    return texts(
        "basis",
        n=numbers.number(len(evidence.questions)),
        parts=parts,
        fast=numbers.duration(BEST_MS),
        slow=numbers.duration(WORST_MS),
        cheap=numbers.eur(BEST_EUR),
        dear=numbers.eur(WORST_EUR),
    )


def _measure(teller: Teller, metric: str) -> str:
    return teller.texts("measure.abstention") if metric == "abstention" else teller.texts("measure", title=teller.title(metric))


def _weights_table(teller: Teller) -> Table:
    texts, verdicts = teller.texts, teller.data.verdicts
    criteria = list(verdicts[0].weights)
    columns = (Cell(texts("use")), *(Cell(texts(f"criterion.{name}")) for name in criteria))
    rows = tuple(
        (
            Cell(texts(f"use.{verdict.use.name}")),
            *(Cell(teller.numbers.percent(verdict.weights[name])) for name in criteria),
        )
        for verdict in verdicts
    )
    return Table(columns, rows, texts("weights.caption"))


def _strips_table(teller: Teller, verdict: Verdict) -> Table:
    texts, percent = teller.texts, teller.numbers.percent
    rows = tuple(
        (
            Cell(texts(f"criterion.{name}")),
            Cell(percent(verdict.weights[name])),
            Cell("; ".join(f"{percent(part.start)}–{percent(part.end)}: {part.winner}" for part in strip)),
        )
        for name, strip in verdict.stability.strips.items()
    )
    return Table((Cell(texts("criterion")), Cell(texts("weight.now")), Cell(texts("weight.winners"))), rows, numeric=False)


def _shares_table(teller: Teller) -> Table:
    """How often each back end is best when weights change."""
    texts, verdicts = teller.texts, teller.data.verdicts
    names = [standing.backend for standing in verdicts[0].standings]
    rows = [(texts(f"use.{verdict.use.name}"), verdict.stability.nearly) for verdict in verdicts]
    rows.append((texts("weights.any"), verdicts[0].stability.any_weights))
    told = tuple(
        (Cell(title), *(Cell(teller.numbers.chance(shares[name]) if name in shares else NONE) for name in names))
        for title, shares in rows
    )
    return Table(teller.heads(texts("use"), names), told, texts("shares.caption"))
