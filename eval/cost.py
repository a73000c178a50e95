"""What an answer costs: one's own machines, rented ones, and models that others run, at measured speed and length.

A way of running a model has a tariff: what a month costs before anybody asks (`people_eur` once, `fixed_eur` for each
machine), and what one more answer costs (`answer_eur`). With V answers a month it costs

    people + machines x fixed + V x answer,   machines = ceil(V / capacity)

    own machine:   fixed  = price / (life x 12) + price x maintenance / 12 + idle power x 730.5 h x PUE x electricity
                            + people for a further machine
                   answer = (power - idle power) x seconds of work x PUE x electricity
    rented card:   fixed  = hours x price of an hour + people for a further machine;   answer = 0
    people         = hours for the first machine less those for a further one
    API:           fixed  = 0;   answer = tokens read x price + tokens cached x price + tokens written x price
    capacity       = answers per second x seconds of the month x utilisation; unlimited for an API

Answers per second are those of the back end's last load test (the fastest level), else one after the other as in the run. What
both need (the server with the documents, the search) is left out. An answer that is correct and faithful is one that the metric
`good` counts; the others are paid for, too.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from math import ceil, inf
from pathlib import Path
from statistics import fmean
from typing import TYPE_CHECKING, Literal

from eval.prices import MILLION, CloudGpu, Figure, Hardware, Plan, Prices, Title, entries, replaced
from eval.rows import AnswerRow
from eval.statistics import Estimate, wilson
from ingest.errors import ConfigError

if TYPE_CHECKING:
    from assistant.hardware import Machine
    from eval.manifest import BackendManifest
    from eval.runs import Run

Place = Literal["hardware", "cloud_gpu", "api"]
SpeedFrom = Literal["load_test", "run", "yours"]
Unplaced = Literal["no_answers", "no_hardware", "no_price"]

MONTH_HOURS = 730.5
MONTH_S = MONTH_HOURS * 3600
SPEED = ("measured", "answers_per_s")
VOLUMES = tuple(round(10 ** (2 + step / 12)) for step in range(61))
"""Answers a month at which curves are drawn: from 100 to 10 million."""


@dataclass(frozen=True, slots=True)
class Work:
    """What one answer of a back end takes: tokens on average (questions that no model was asked count as none), and how many
    answers a second the machine gives at most. `good` is the share that is correct and faithful, None where no rule tells."""

    backend: str
    model: str
    answers: int
    prompt_tokens: float
    cached_tokens: float
    completion_tokens: float
    answers_per_s: float
    speed_from: SpeedFrom
    good: Estimate | None

    @property
    def tokens(self) -> float:
        """Read and written, cached ones included."""
        return self.prompt_tokens + self.completion_tokens


@dataclass(frozen=True, slots=True)
class Tariff:
    """Euros a month and per answer; see the head of this module. `capacity` is in answers a month and machine."""

    people_eur: float
    fixed_eur: float
    answer_eur: float
    capacity: float

    def machines(self, volume: float) -> int:
        return 0 if self.capacity == inf else max(1, ceil(volume / self.capacity))

    def month_eur(self, volume: float) -> float:
        return self.people_eur + self.machines(volume) * self.fixed_eur + volume * self.answer_eur

    @property
    def least_eur(self) -> float:
        """Per answer, with machines that are always as busy as they may be, and without the people."""
        return self.answer_eur + (0.0 if self.capacity == inf else self.fixed_eur / self.capacity)


@dataclass(frozen=True, slots=True)
class BreakEven:
    """From how many answers a month one's own (or rented) machines cost no more than an API that would write the same.

    None: never, because even busy machines cost more per answer. Just after a further machine is bought the API may be cheaper
    again for a while. `machines` are those needed there.
    """

    api: str
    title: Title
    api_answer_eur: float
    answers_per_month: float | None
    machines: int


@dataclass(frozen=True, slots=True)
class Swing:
    """How a figure moves the cost of an answer: `low` and `high` are its values, the euros those of an answer with them.

    `path` is where it stands in the table; `("measured", "answers_per_s")` is the speed, half and one and a half times it.
    """

    path: tuple[str, ...]
    low: float
    high: float
    eur_at_low: float
    eur_at_high: float


@dataclass(frozen=True, slots=True)
class CostResult:
    """What one back end costs at `volume` answers a month.

    `eur_per_good_answer` has the interval of the share of good answers; None where that is unknown or zero.
    `eur_per_million_tokens`, read and written, is None where no tokens were counted. `sensitivity` begins with the figure that
    matters most.
    """

    work: Work
    place: Place
    name: str
    title: Title
    volume: float
    tariff: Tariff
    machines: int
    eur_per_month: float
    eur_per_answer: float
    eur_per_million_tokens: float | None
    eur_per_good_answer: Estimate | None
    break_even: tuple[BreakEven, ...]
    sensitivity: tuple[Swing, ...]


@dataclass(frozen=True, slots=True)
class MachineClass:
    """A class of machine, own or rented, that nobody measured: what it costs if one of them is enough, and how many answers a
    second it must then give."""

    place: Place
    name: str
    title: Title
    memory_gb: float
    price_eur: float | None
    eur_per_hour: float
    eur_per_month: float
    eur_per_answer: float
    needed_answers_per_s: float


@dataclass(frozen=True, slots=True)
class Tuning:
    """Adapting a model: once, and spread over the answers of the months until it is done again."""

    name: str
    title: Title
    once_eur: float
    eur_per_answer: float


@dataclass(frozen=True, slots=True)
class Curve:
    """Euros a month over answers a month, for a plot; `title` is the name of a back end, or of an API in English."""

    title: str
    place: Place
    volumes: tuple[float, ...]
    eur_per_month: tuple[float, ...]


@dataclass(frozen=True, slots=True)
class CostReport:
    """All of it. `unplaced` are back ends that nothing can be said of, and why."""

    prices: Prices
    volume: float
    results: tuple[CostResult, ...]
    unplaced: tuple[tuple[str, Unplaced], ...]
    classes: tuple[MachineClass, ...]
    tunings: tuple[Tuning, ...]
    curves: tuple[Curve, ...]


def cost_of_run(run: Run, prices: Prices, home: Path) -> CostReport:
    """What the back ends of a run cost. Raises ConfigError for no answers a month."""
    return _report(prices, *_placed(run, prices, _throughputs(home, run)))


def cost_of_nothing(prices: Prices) -> CostReport:
    """What can be said before anything was measured: classes of machines and fine-tuning. Raises ConfigError as above."""
    return _report(prices, [], ())


# What was measured


def _placed(
    run: Run, prices: Prices, throughputs: Mapping[str, float]
) -> tuple[list[tuple[Work, Plan]], tuple[tuple[str, Unplaced], ...]]:
    placed, unplaced = [], list[tuple[str, Unplaced]]()
    for name, backend in run.manifest.backends.items():
        plan = prices.backends.get(name) or _plan(backend, run.manifest.hardware, prices)
        work = measured(run, name, throughputs.get(name), plan.answers_per_s if isinstance(plan, Plan) else None)
        if isinstance(plan, Plan) and work is not None:
            placed.append((work, plan))
        else:
            unplaced.append((name, plan if isinstance(plan, str) else "no_answers"))
    return placed, tuple(unplaced)


def measured(run: Run, backend: str, throughput: float | None, given: Figure | None = None) -> Work | None:
    """The work of a back end's answers to questions about documents, or, where there are none, to all; None without answers."""
    plain = {question.id for question in run.questions() if question.plain}
    own = [row for row in run.answers() if row.key.backend == backend and row.status != "error"]
    rows = [row for row in own if row.key.question not in plain] or own
    seconds = [spent / 1000 for row in rows if (spent := _work_ms(row)) is not None]
    if not seconds:
        return None
    per_s, source = _answers_per_s(len(rows), sum(seconds), throughput, given)
    asked = [row for row in rows if row.asked_model]
    return Work(
        backend=backend,
        model=asked[0].model if asked else "",
        answers=len(rows),
        prompt_tokens=_mean(rows, [row.usage.prompt_tokens for row in asked]),
        cached_tokens=_mean(rows, [row.usage.cached_tokens for row in asked]),
        completion_tokens=_mean(rows, [row.usage.completion_tokens for row in asked]),
        answers_per_s=per_s,
        speed_from=source,
        good=_good(run, backend, {row.key.question for row in rows}),
    )


def _answers_per_s(answers: int, seconds: float, throughput: float | None, given: Figure | None) -> tuple[float, SpeedFrom]:
    if given is not None:
        return given.value, "yours"
    alone = answers / seconds
    return (throughput, "load_test") if throughput is not None and throughput > alone else (alone, "run")


def _work_ms(row: AnswerRow) -> float | None:
    """How long the model was busy with an answer: also with one that it gave up at its first token, and with the check after
    it. None where no model was asked."""
    return row.speed.e2e_ms if row.timings.generation_ms is None else row.timings.generation_ms


def _mean(rows: Sequence[AnswerRow], tokens: Sequence[int]) -> float:
    return sum(tokens) / len(rows)


def _good(run: Run, backend: str, questions: set[str]) -> Estimate | None:
    """Repetitions of a question are averaged; an answer that failed is not good."""
    by_question: dict[str, list[float]] = {}
    for score in run.scores():
        if score.metric == "good" and score.key.backend == backend and score.status != "not_applicable":
            by_question.setdefault(score.key.question, []).append(score.value or 0.0)
    shares = [fmean(values) for question, values in by_question.items() if question in questions]
    return wilson(sum(shares), len(shares)) if shares else None


def _throughputs(home: Path, run: Run) -> dict[str, float]:
    """Answers a second of the fastest level of each back end's last load test with the model of the run."""
    from eval.load import loads_of

    models = {name: backend.reached.model for name, backend in run.manifest.backends.items() if backend.reached}
    found = loads_of(home, models)
    return {result.backend: max(level.throughput_per_s for level in (result.alone, *result.levels)) for result in found}


def _plan(backend: BackendManifest, machine: Machine, prices: Prices) -> Plan | Unplaced:
    """Where a back end ran: in the cloud by its model's name, else on the class of machine that this one is."""
    if backend.reached is None:
        return "no_answers"
    if backend.reached.cloud:
        name = next((name for name in (backend.reached.model, backend.model) if name in prices.api), None)
        return Plan(api=name) if name else "no_price"
    name = _class_of(machine, prices) if backend.reached.address_is_local else None
    return Plan(hardware=name) if name else "no_hardware"


def _class_of(machine: Machine, prices: Prices) -> str | None:
    """The class with this machine's cards, or the smallest one with as many cores."""
    if machine.gpus:
        return next((name for name, hardware in prices.hardware.items() if _has_cards(machine, hardware)), None)
    bare = [(hardware.cores, name) for name, hardware in prices.hardware.items() if hardware.cores is not None]
    return next((name for cores, name in sorted(bare) if machine.cores <= cores), None)


def _has_cards(machine: Machine, hardware: Hardware) -> bool:
    if hardware.gpu is None or len(machine.gpus) != hardware.cards:
        return False
    return all(re.search(rf"\b{re.escape(hardware.gpu)}\b", gpu.name) for gpu in machine.gpus)


# Tariffs


def tariff(prices: Prices, plan: Plan, work: Work) -> Tariff:
    """Of a back end at its place."""
    if plan.hardware is not None:
        return _own(prices, plan.hardware, work.answers_per_s)
    if plan.cloud_gpu is not None:
        return _rented(prices, plan.cloud_gpu, work.answers_per_s)
    assert plan.api is not None  # a plan names one place
    return api_tariff(prices, plan.api, work)


def _own(prices: Prices, name: str, answers_per_s: float) -> Tariff:
    assumed, hardware = prices.assumptions, prices.hardware[name]
    power_w, idle_w = hardware.power_w.value, hardware.idle_w.value
    price = price_eur(prices, name)
    capital = price / (assumed.life_years.value * 12) + price * assumed.maintenance_share_per_year.value / 12
    return Tariff(
        people_eur=_people_eur(prices, assumed.people_hours_per_month),
        fixed_eur=capital + _energy_eur(prices, idle_w, MONTH_HOURS) + _further_eur(prices),
        answer_eur=_energy_eur(prices, max(0.0, power_w - idle_w), 1 / answers_per_s / 3600),
        capacity=answers_per_s * MONTH_S * assumed.utilisation.value,
    )


def price_eur(prices: Prices, hardware: str) -> float:
    """Of a machine with its cards."""
    machine = prices.hardware[hardware]
    cards = machine.cards * machine.card_usd.value / prices.assumptions.usd_per_eur.value if machine.card_usd else 0.0
    return machine.host_eur.value + cards


def _people_eur(prices: Prices, hours: Figure) -> float:
    """What the first machine takes beyond what every further one does."""
    return max(0.0, hours.value * prices.assumptions.people_eur_per_hour.value - _further_eur(prices))


def _further_eur(prices: Prices) -> float:
    assumed = prices.assumptions
    return assumed.people_hours_per_further_machine.value * assumed.people_eur_per_hour.value


def _energy_eur(prices: Prices, watts: float, hours: float) -> float:
    assumed = prices.assumptions
    return watts / 1000 * hours * assumed.pue.value * assumed.electricity_eur_per_kwh.value


def _rented(prices: Prices, name: str, answers_per_s: float) -> Tariff:
    assumed = prices.assumptions
    hours = assumed.cloud_gpu_hours_per_month.value
    return Tariff(
        people_eur=_people_eur(prices, assumed.people_hours_cloud_gpu_per_month),
        fixed_eur=hours * _eur(prices, prices.cloud_gpu[name].usd_per_hour) + _further_eur(prices),
        answer_eur=0.0,
        capacity=answers_per_s * min(MONTH_S * assumed.utilisation.value, hours * 3600),
    )


def api_tariff(prices: Prices, name: str, work: Work) -> Tariff:
    """Of a model that others run, for answers as long as these; tokens of other tokenizers differ by some per cent."""
    assumed, api = prices.assumptions, prices.api[name]
    usd = api.usd(work.prompt_tokens, work.cached_tokens, work.completion_tokens)
    people = assumed.people_hours_api_per_month.value * assumed.people_eur_per_hour.value
    return Tariff(people, 0.0, usd / assumed.usd_per_eur.value, inf)


def _eur(prices: Prices, usd: Figure) -> float:
    return usd.value / prices.assumptions.usd_per_eur.value


# Results


def _report(prices: Prices, placed: Sequence[tuple[Work, Plan]], unplaced: tuple[tuple[str, Unplaced], ...]) -> CostReport:
    volume = prices.assumptions.answers_per_month.value
    if volume <= 0:
        raise ConfigError("Costs are told for a number of answers a month above zero: correct answers_per_month.")
    results = tuple(_result(prices, work, plan) for work, plan in placed)
    return CostReport(
        prices, volume, results, unplaced, _classes(prices, volume), _tunings(prices, volume), _curves(prices, results)
    )


def _result(prices: Prices, work: Work, plan: Plan) -> CostResult:
    own, volume = tariff(prices, plan, work), prices.assumptions.answers_per_month.value
    place, name, title = _where(prices, plan)
    per_answer = own.month_eur(volume) / volume
    return CostResult(
        work=work,
        place=place,
        name=name,
        title=title,
        volume=volume,
        tariff=own,
        machines=own.machines(volume),
        eur_per_month=own.month_eur(volume),
        eur_per_answer=per_answer,
        eur_per_million_tokens=per_answer / work.tokens * MILLION if work.tokens else None,
        eur_per_good_answer=_per_good(per_answer, work.good),
        break_even=() if place == "api" else tuple(break_even(prices, own, api, work) for api in prices.api),
        sensitivity=tuple(_sensitivity(prices, work, plan)),
    )


def _where(prices: Prices, plan: Plan) -> tuple[Place, str, Title]:
    if plan.hardware is not None:
        return "hardware", plan.hardware, prices.hardware[plan.hardware].title
    if plan.cloud_gpu is not None:
        return "cloud_gpu", plan.cloud_gpu, prices.cloud_gpu[plan.cloud_gpu].title
    assert plan.api is not None  # a plan names one place
    return "api", plan.api, prices.api[plan.api].title


def _per_good(per_answer: float, good: Estimate | None) -> Estimate | None:
    """The price is known, the share of good answers is an estimate."""
    if good is None or not good.value:
        return None
    high = per_answer / good.low if good.low else None
    low = per_answer / good.high if good.high else None
    return Estimate(per_answer / good.value, low, high, good.n, good.coverage, good.method)


def break_even(prices: Prices, own: Tariff, api: str, work: Work) -> BreakEven:
    """The fewest answers a month from which `own` costs no more than the API."""
    other = api_tariff(prices, api, work)
    found = _crossing(own, other)
    title = prices.api[api].title
    return BreakEven(api, title, other.answer_eur, found, 0 if found is None else own.machines(found))


def _crossing(own: Tariff, api: Tariff) -> float | None:
    """People and n machines are paid for by what n machines' answers save; n is the fewest for which that is enough."""
    saved = api.answer_eur - own.answer_eur
    surplus = saved * own.capacity - own.fixed_eur  # of one more machine, when it is busy
    people = own.people_eur - api.people_eur
    if people + own.fixed_eur <= 0:
        return 0.0
    if surplus <= 0:
        return None
    machines = max(1, ceil(people / surplus))
    return max((people + machines * own.fixed_eur) / saved, (machines - 1) * own.capacity)


def _sensitivity(prices: Prices, work: Work, plan: Plan) -> list[Swing]:
    """Every figure that moves the cost of an answer, the strongest first."""

    def per_answer(path: tuple[str, ...], value: float) -> float:
        if path == SPEED:
            return _per_answer(prices, replace(work, answers_per_s=value), plan)
        return _per_answer(replaced(prices, path, value), work, plan)

    ranges = {entry.path: entry.figure.range for entry in entries(prices)}
    ranges[SPEED] = work.answers_per_s / 2, work.answers_per_s * 1.5
    swings = (Swing(path, *limits, *(per_answer(path, value) for value in limits)) for path, limits in ranges.items())
    moving = (swing for swing in swings if swing.eur_at_low != swing.eur_at_high)
    return sorted(moving, key=lambda swing: -abs(swing.eur_at_high - swing.eur_at_low))


def _per_answer(prices: Prices, work: Work, plan: Plan) -> float:
    volume = prices.assumptions.answers_per_month.value
    return tariff(prices, plan, work).month_eur(volume) / volume


# Rows that need no measurement


def _classes(prices: Prices, volume: float) -> tuple[MachineClass, ...]:
    """Machines and rented cards, as if one of them were enough and were as busy as it may be."""
    assumed = prices.assumptions
    busy_s = MONTH_S * assumed.utilisation.value
    rented_s = min(busy_s, assumed.cloud_gpu_hours_per_month.value * 3600)
    own = (
        _class("hardware", name, machine, _own(prices, name, volume / busy_s), volume, volume / busy_s, price_eur(prices, name))
        for name, machine in prices.hardware.items()
    )
    rented = (
        _class("cloud_gpu", name, gpu, _rented(prices, name, volume / rented_s), volume, volume / rented_s, None)
        for name, gpu in prices.cloud_gpu.items()
    )
    return (*own, *rented)


def _class(
    place: Place, name: str, of: Hardware | CloudGpu, costs: Tariff, volume: float, per_s: float, price: float | None
) -> MachineClass:
    month = costs.people_eur + costs.fixed_eur + volume * costs.answer_eur
    return MachineClass(place, name, of.title, of.memory_gb, price, month / MONTH_HOURS, month, month / volume, per_s)


def _tunings(prices: Prices, volume: float) -> tuple[Tuning, ...]:
    return tuple(_tuning(prices, name, volume) for name in prices.fine_tuning)


def _tuning(prices: Prices, name: str, volume: float) -> Tuning:
    assumed, tuning = prices.assumptions, prices.fine_tuning[name]
    once = assumed.tuning_people_hours.value * assumed.people_eur_per_hour.value
    if tuning.cloud_gpu is not None and tuning.gpu_hours is not None:
        once += tuning.gpu_hours.value * _eur(prices, prices.cloud_gpu[tuning.cloud_gpu].usd_per_hour)
    if tuning.usd_per_million is not None:
        once += assumed.tuning_tokens_millions.value * assumed.tuning_epochs.value * _eur(prices, tuning.usd_per_million)
    return Tuning(name, tuning.title, once, once * assumed.tunings_per_year.value / 12 / volume)


def _curves(prices: Prices, results: Sequence[CostResult]) -> tuple[Curve, ...]:
    """Each back end, and each API as if it wrote what the first back end wrote."""
    curves = [_curve(result.work.backend, result.place, result.tariff) for result in results]
    if results:
        taken = {result.name for result in results if result.place == "api"}
        others = (name for name in prices.api if name not in taken)
        curves += [_curve(prices.api[name].title.en, "api", api_tariff(prices, name, results[0].work)) for name in others]
    return tuple(curves)


def _curve(title: str, place: Place, costs: Tariff) -> Curve:
    volumes = tuple(float(volume) for volume in VOLUMES)
    return Curve(title, place, volumes, tuple(costs.month_eur(volume) for volume in volumes))
