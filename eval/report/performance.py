"""Phase 3: how long people wait, what a start costs, how much memory it takes, and how many can ask at once."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence

from assistant.types import Usage
from eval.latency import percentile, samples_for
from eval.load import Level, LoadResult
from eval.metrics import METRICS
from eval.report.blocks import Block, Cell, Figure, Missing, Paragraph, Section, Table
from eval.report.numbers import NONE
from eval.report.plots import Axis, Line, distribution
from eval.report.teller import Hand, Teller

STARTS = (
    "start_ready_ms", "start_first_token_ms", "server_load_ms",
    "cache_cold_ttft_ms", "cache_shared_ttft_ms", "cache_warm_ttft_ms",
)  # fmt: skip
MEMORIES = ("memory_idle", "memory_peak", "gpu_memory_idle", "gpu_memory_peak")
SERVER = Usage().counted_by
GAPS = 0.5, 0.95
"""Quantiles of the gaps between pieces."""


def performance_section(teller: Teller) -> Section:
    blocks = [*_waits(teller), *_start(teller), *_memory(teller), *_load(teller)]
    return Section("phase-3", teller.texts("speed"), blocks, 3, teller.texts("speed.intro"))


# Waiting


def _waits(teller: Teller) -> Iterator[Block]:
    texts = teller.texts
    waits = {name: _totals(teller, name) for name in teller.data.backends}
    lines = [Line(name, name, *distribution(values), style) for style, (name, values) in enumerate(waits.items()) if values]
    if not lines:
        yield Missing(texts("speed.none"), "midas eval run --questions FILE --new")
        return
    plot = teller.plots.lines(lines, Axis(texts("axis.wait"), "duration"), Axis(texts("axis.answers"), "share"), steps=True)
    table = _speed_table(teller)
    yield Figure("waits", texts("waits.title"), plot, _quantile_table(teller, waits), texts("waits.caption"), tuple(waits))
    if table:
        yield table
        yield Paragraph(texts("percentiles", p95=samples_for(0.95), p99=samples_for(0.99)), "note")
        yield from (Paragraph(told, "note") for name in waits for told in _estimated(teller, name))


def _estimated(teller: Teller, backend: str) -> Iterator[str]:
    """How many answers have tokens that a tokenizer counted in the place of the server, and which."""
    rows = [row for row in teller.data.answers if row.key.backend == backend and row.asked_model and row.status != "error"]
    for name, count in Counter(row.usage.counted_by for row in rows if row.usage.counted_by != SERVER).items():
        number = teller.numbers.number
        yield teller.texts("tokens.estimated", backend=backend, n=number(count), all=number(len(rows)), by=name)


def _totals(teller: Teller, backend: str) -> list[float]:
    """Of answers that a model wrote."""
    rows = (row for row in teller.data.answers if row.key.backend == backend and row.asked_model)
    return [row.speed.total_ms for row in rows if row.speed.total_ms is not None]


def _quantile_table(teller: Teller, waits: dict[str, list[float]]) -> Table:
    texts = teller.texts
    rows = tuple(
        (
            Cell(texts(f"quantile.{name}")),
            *(Cell(_told(teller, percentile(values, q)), f"n = {len(values)}") for values in waits.values()),
        )
        for name, q in (("p50", 0.5), ("p95", 0.95), ("p99", 0.99))
    )
    return Table(teller.heads(texts("waits.title"), waits), rows)


def _told(teller: Hand, milliseconds: float | None) -> str:
    return NONE if milliseconds is None else teller.numbers.duration(milliseconds)


def _speed_table(teller: Teller) -> Table | None:
    rows = [teller.metric_row(metric) for metric in METRICS.values() if metric.group == "speed"]
    return teller.metric_table([*rows, _gaps(teller)], teller.texts("speed.table"))


def _gaps(teller: Teller) -> tuple[Cell, ...] | None:
    by_backend = [
        [gap for row in teller.data.answers if row.key.backend == name for gap in row.speed.chunk_gaps_ms]
        for name in teller.data.backends
    ]
    if not any(by_backend):
        return None
    cells = (
        Cell(_told(teller, percentile(gaps, GAPS[0])), teller.texts("gaps.p95", value=_told(teller, percentile(gaps, GAPS[1]))))
        for gaps in by_backend
    )
    return (Cell(teller.texts("gaps")), *cells)


# Start and memory


def _medians(teller: Teller, metric: str) -> dict[str, float]:
    """A measured figure by back end."""
    found = ((name, teller.estimate(metric, name)) for name in teller.data.backends)
    return {name: estimate.value for name, estimate in found if estimate and estimate.value is not None}


def _start(teller: Teller) -> Iterator[Block]:
    texts, duration = teller.texts, teller.numbers.duration
    cold, warm = _medians(teller, "cache_cold_ttft_ms"), _medians(teller, "cache_warm_ttft_ms")
    rows = [
        (name, name, warm[name], cold[name], f"{duration(warm[name])} → {duration(cold[name])}")
        for name in cold
        if name in warm
    ]
    table = _figures_table(teller, STARTS)
    if table is None:
        yield Missing(texts("start.none"), "midas eval run --questions FILE --new")
    elif rows:
        plot = teller.plots.spans(rows, Axis(texts("axis.first"), "duration"))
        yield Figure("start", texts("start.title"), plot, table, texts("start.caption"))
    else:
        yield table
    for backend, start in {result.backend: result.start for result in teller.data.loads}.items():
        if start:
            told = {"listening": duration(start.listening_ms), "ready": duration(start.ready_ms)}
            yield Paragraph(texts("start.server", backend=backend, **told))


def _figures_table(teller: Teller, names: Sequence[str]) -> Table | None:
    """Figures of back ends, by metric; None when there are none."""
    figures = [(name, _medians(teller, name)) for name in names]
    rows = tuple(
        (
            Cell(teller.title(name)),
            *(Cell(teller.numbers.of(values.get(each), METRICS[name].unit)) for each in teller.data.backends),
        )
        for name, values in figures
        if values and name in METRICS
    )
    return Table(teller.heads(teller.texts("what")), rows) if rows else None


def _memory(teller: Teller) -> Iterator[Block]:
    texts, size = teller.texts, teller.numbers.size
    idle, peak = _medians(teller, "memory_idle"), _medians(teller, "memory_peak")
    table = _figures_table(teller, MEMORIES)
    if table is None:
        yield Missing(texts("memory.none"), "midas eval run --questions FILE --new")
        return
    rows = [
        (
            name,
            name,
            idle.get(name, peak[name]) / 1e9,
            peak[name] / 1e9,
            f"{size(idle.get(name, peak[name]))} → {size(peak[name])}",
        )
        for name in peak
    ]
    plot = teller.plots.spans(rows, Axis(texts("axis.gigabytes"), "amount"))
    methods = sorted({row.note for row in teller.data.measurements if row.metric == "memory_peak" and row.note})
    caption = texts("memory.caption", method=", ".join(methods).upper() or NONE)
    yield Figure("memory", texts("memory.title"), plot, table, caption)


# Load


def _load(teller: Teller) -> Iterator[Block]:
    texts = teller.texts
    if not teller.data.loads:
        yield Missing(texts("load.none"), f"midas eval load --backend {teller.data.backends[0]} --users 1,2,4,8")
    yield from load_blocks(teller, teller.data.loads)


def load_blocks(teller: Hand, loads: Sequence[LoadResult]) -> Iterator[Block]:
    """Load tests, by kind of arrival."""
    for arrival in ("closed", "poisson"):
        results = [result for result in loads if result.arrival == arrival]
        if results:
            yield _load_waits(teller, results, arrival)
            yield _load_answers(teller, results, arrival)
            yield from (Paragraph(_load_told(teller, result)) for result in results)


def _load_waits(teller: Hand, results: Sequence[LoadResult], arrival: str) -> Figure:
    texts = teller.texts
    lines = [line for result in results for line in _wait_lines(teller, result)]
    plot = teller.plots.lines(lines, Axis(texts(f"axis.{arrival}"), "levels"), Axis(texts("axis.wait"), "duration"))
    title = texts("load.waits", kind=texts(f"load.{arrival}"))
    names = tuple(result.backend for result in results)
    return Figure(f"load-waits-{arrival}", title, plot, _levels_table(teller, results), texts("load.waits.caption"), names)


def _wait_lines(teller: Hand, result: LoadResult) -> Iterator[Line]:
    """Until the whole answer, solid with its interval; until the first text, dashed."""
    whole = [(level.load, level.e2e_ms) for level in result.levels if level.e2e_ms]
    first = [(level.load, level.ttft_ms) for level in result.levels if level.ttft_ms]
    for style, (name, spreads) in enumerate((("load.whole", whole), ("load.first", first))):
        medians = tuple(spread.median for _, spread in spreads)
        known = style == 0 and all(spread.low is not None and spread.high is not None for _, spread in spreads)
        lows = tuple(spread.low or 0 for _, spread in spreads) if known else ()
        highs = tuple(spread.high or 0 for _, spread in spreads) if known else ()
        loads, told = tuple(load for load, _ in spreads), f"{result.backend}: {teller.texts(name)}"
        yield Line(result.backend, told, loads, medians, style, result.knee if style == 0 else None, lows=lows, highs=highs)


def _load_answers(teller: Hand, results: Sequence[LoadResult], arrival: str) -> Figure:
    texts = teller.texts
    lines = [line for result in results for line in _answer_lines(teller, result)]
    plot = teller.plots.lines(lines, Axis(texts(f"axis.{arrival}"), "levels"), Axis(texts("axis.per_minute"), "amount"))
    title = texts("load.answers", kind=texts(f"load.{arrival}"))
    names = tuple(result.backend for result in results)
    return Figure(f"load-answers-{arrival}", title, plot, _answers_table(teller, results), texts("load.answers.caption"), names)


def _answer_lines(teller: Hand, result: LoadResult) -> Iterator[Line]:
    loads = tuple(level.load for level in result.levels)
    rates = tuple(60 * level.throughput_per_s for level in result.levels)
    yield Line(result.backend, f"{result.backend}: {teller.texts('load.throughput')}", loads, rates, 0, result.knee)
    good = [(level.load, 60 * level.goodput_per_s) for level in result.levels if level.goodput_per_s is not None]
    if good:
        loads, rates = tuple(load for load, _ in good), tuple(rate for _, rate in good)
        yield Line(result.backend, f"{result.backend}: {teller.texts('load.goodput')}", loads, rates, 1)


def _levels_table(teller: Hand, results: Sequence[LoadResult]) -> Table:
    names = ("load.level", "load.asked", "load.failed", "load.first", "load.whole", "load.p95")
    rows = tuple(
        (
            Cell(f"{result.backend} · {teller.numbers.plain(level.load)}",
                 backend=result.backend),
            Cell(teller.numbers.number(level.requests)),
            Cell(teller.numbers.number(level.requests - level.ok), _causes(teller, level)),
            Cell(_told(teller, level.ttft_ms.median if level.ttft_ms else None)),
            Cell(_told(teller, level.e2e_ms.median if level.e2e_ms else None)),
            Cell(_told(teller, level.e2e_ms.p95 if level.e2e_ms else None)),
        )
        for result in results
        for level in result.levels
    )  # fmt: skip
    return Table(tuple(Cell(teller.texts(name)) for name in names), rows)


def _causes(teller: Hand, level: Level) -> str:
    """A cause without a text is the stable name of an error."""
    return ", ".join(f"{teller.texts.get(f'cause.{each.cause}') or each.cause} {each.count}" for each in level.errors)


def _answers_table(teller: Hand, results: Sequence[LoadResult]) -> Table:
    numbers = teller.numbers
    names = ("load.level", "load.throughput", "load.goodput", "load.within", "load.truncated", "load.lost", "load.changed")
    rows = tuple(
        (
            Cell(f"{result.backend} · {teller.numbers.plain(level.load)}",
                 backend=result.backend),
            Cell(numbers.number(60 * level.throughput_per_s, 1)),
            Cell(numbers.number(60 * level.goodput_per_s if level.goodput_per_s is not None else None, 1)),
            Cell(numbers.percent(level.within_slo)),
            Cell(numbers.number(level.truncated)),
            Cell(numbers.number(level.lost_citations)),
            Cell(numbers.number(level.changed)),
        )
        for result in results
        for level in result.levels
    )  # fmt: skip
    return Table(tuple(Cell(teller.texts(name)) for name in names), rows)


def _load_told(teller: Hand, result: LoadResult) -> str:
    """The knee, what was carried, and whether answers got worse."""
    texts = teller.texts
    objective = ", ".join(
        texts(name, limit=teller.numbers.duration(1000 * limit))
        for name, limit in (("slo.ttft", result.slo.ttft_s), ("slo.e2e", result.slo.e2e_s))
        if limit is not None
    )
    parts = (
        [texts("load.knee", backend=result.backend, load=_load_name(teller, result, result.knee))]
        if result.knee is not None
        else []
    )
    if objective:
        told = "load.carried" if result.carried is not None else "load.not_carried"
        parts.append(
            texts(told, backend=result.backend, load=_load_name(teller, result, result.carried or 0), objective=objective)
        )
    worse = sum(level.truncated + level.lost_citations + level.changed for level in result.levels)
    asked = sum(level.requests for level in result.levels)
    failed = sum(level.requests - level.ok for level in result.levels)
    counts = {name: teller.numbers.number(count) for name, count in (("asked", asked), ("failed", failed), ("worse", worse))}
    if any(level.generator_busy for level in result.levels):
        parts.append(texts("load.busy"))
    return " ".join([*parts, texts("load.quality", **counts)])


def _load_name(teller: Hand, result: LoadResult, load: float) -> str:
    """`4 people`."""
    return teller.texts(f"load.of_{result.arrival}", load=teller.numbers.plain(load))
