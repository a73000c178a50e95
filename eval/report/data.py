"""All that a report tells: the runs with their summary and verdicts, and what was measured beside them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from eval.arena import FILE, open_arena
from eval.calibration import Calibration, read_calibration, trusted_judges
from eval.cost import CostReport, cost_of_run
from eval.diff import Diff, compare
from eval.judge import JudgeFacts, read_facts
from eval.load import LoadResult, load_results, loads_of
from eval.preference import Preference, preference
from eval.prices import Prices, load_prices
from eval.questions import Question
from eval.rows import AnswerRow, Key, Measurement, ScoreRow
from eval.runs import Run, open_run
from eval.summary import RunSummary, summarise
from eval.verdict import Evidence, Verdict, decide, gather, judges_of
from ingest.errors import ConfigError


@dataclass(frozen=True, slots=True)
class Joined(Run):
    """Several runs as one. A back end that has rows in more than one of them (`shared`) is called `name #2` in the second."""

    parts: tuple[Run, ...]
    shared: frozenset[str]

    @property
    def id(self) -> str:
        return " + ".join(part.id for part in self.parts)

    def questions(self) -> list[Question]:
        return list({question.id: question for part in self.parts for question in part.questions()}.values())

    def answers(self) -> list[AnswerRow]:
        return [replace(row, key=self._key(part, row.key)) for part in self.parts for row in part.answers()]

    def scores(self) -> list[ScoreRow]:
        return [replace(row, key=self._key(part, row.key)) for part in self.parts for row in part.scores()]

    def measurements(self) -> list[Measurement]:
        return [replace(row, backend=self.name(part, row.backend)) for part in self.parts for row in part.measurements()]

    def name(self, part: Run, backend: str) -> str:
        """What a back end of one of the runs is called here."""
        return f"{backend} #{self.parts.index(part) + 1}" if backend in self.shared else backend

    def _key(self, part: Run, key: Key) -> Key:
        return replace(key, backend=self.name(part, key.backend))


@dataclass(frozen=True, slots=True)
class JudgeRecord:
    """A judge of the runs, by the name of its back end; None what nobody wrote down. `trusted`: its scores may rank."""

    fingerprint: str
    backend: str
    facts: JudgeFacts | None
    calibration: Calibration | None
    trusted: bool

    @property
    def name(self) -> str:
        return self.facts.model if self.facts else self.fingerprint


@dataclass(frozen=True, slots=True)
class ReportData:
    """`loads` are of the runs' back ends, the latest of each and kind of arrival. `costs` are those of each run. `diff` is of
    the first run against the baseline. `judges` scored these runs. None and empty: not measured."""

    run: Joined
    questions: tuple[Question, ...]
    answers: tuple[AnswerRow, ...]
    scores: tuple[ScoreRow, ...]
    measurements: tuple[Measurement, ...]
    summary: RunSummary
    evidence: Evidence
    verdicts: tuple[Verdict, ...]
    loads: tuple[LoadResult, ...] = ()
    votes: Preference | None = None
    costs: tuple[CostReport, ...] = ()
    diff: Diff | None = None
    judges: tuple[JudgeRecord, ...] = ()

    @property
    def eur_per_answer(self) -> dict[str, float]:
        """By back end."""
        return eur_per_answer(self.costs)

    @property
    def backends(self) -> tuple[str, ...]:
        return self.summary.backends


def open_runs(home: Path, ids: Sequence[str]) -> Joined:
    """The runs of these ids. Raises ConfigError when one is no run, is named twice, or asked other words by the same id."""
    runs = [open_run(home, id) for id in ids]
    if len({run.id for run in runs}) < len(runs):
        raise ConfigError("The same run is named twice: name each once.")
    asked: dict[str, tuple[str, Question]] = {}
    for run in runs:
        for question in run.questions():
            other, known = asked.setdefault(question.id, (run.id, question))
            if known != question:
                raise ConfigError(
                    f"The runs {other} and {run.id} ask different questions as {question.id!r}: report them apart."
                )
    asked_in = Counter(name for run in runs for name in {row.key.backend for row in run.answers()})
    shared = frozenset(name for name, times in asked_in.items() if times > 1)
    return Joined(runs[0].directory, runs[0].manifest, tuple(runs), shared)


def collect(home: Path, ids: Sequence[str], load: str | None = None, baseline: str | None = None) -> ReportData:
    """Reads everything. `load` names the only load test that is told, `baseline` an earlier run.

    Raises ConfigError, StoreError, and MissingExtra without the extra `eval`.
    """
    run = open_runs(home, ids)
    questions, answers, scores = run.questions(), run.answers(), run.scores()
    if not answers:
        raise ConfigError(f"The run {run.id} has no answers yet: `midas eval run` goes on with it.")
    summary = summarise(run)
    trusted, prices = trusted_judges(home), load_prices(home)
    costs = tuple(_costs(home, run, part, prices) for part in run.parts)
    evidence = gather(questions, answers, scores, eur_per_answer(costs), trusted)
    return ReportData(
        run=run,
        questions=tuple(questions),
        answers=tuple(answers),
        scores=tuple(scores),
        measurements=tuple(run.measurements()),
        summary=summary,
        evidence=evidence,
        verdicts=decide(evidence),
        loads=_loads(home, run, load),
        votes=_votes(home, run),
        costs=costs,
        judges=tuple(_judge(home, run, fingerprint, trusted) for fingerprint in judges_of(scores)),
        diff=compare(open_run(home, baseline), run.parts[0]) if baseline else None,
    )


def eur_per_answer(costs: Sequence[CostReport]) -> dict[str, float]:
    """By back end."""
    return {result.work.backend: result.eur_per_answer for report in costs for result in report.results}


def _costs(home: Path, run: Joined, part: Run, prices: Prices) -> CostReport:
    """Of one run, its back ends called as in the report."""
    found = cost_of_run(part, prices, home)
    names = {name: run.name(part, name) for name in part.manifest.backends}
    return replace(
        found,
        results=tuple(replace(each, work=replace(each.work, backend=names[each.work.backend])) for each in found.results),
        unplaced=tuple((names[name], why) for name, why in found.unplaced),
        curves=tuple(replace(curve, title=names.get(curve.title, curve.title)) for curve in found.curves),
    )


def _judge(home: Path, run: Joined, fingerprint: str, trusted: Collection[str]) -> JudgeRecord:
    facts, calibration = read_facts(home, fingerprint), read_calibration(home, fingerprint)
    names = (part.manifest.judge for part in run.parts if part.manifest.judge_fingerprint == fingerprint)
    return JudgeRecord(fingerprint, next(names, None) or "", facts, calibration, fingerprint in trusted)


def _loads(home: Path, run: Joined, only: str | None) -> tuple[LoadResult, ...]:
    """The latest of each back end and kind of arrival, with the model of the run."""
    if only is not None:
        every = load_results(home)
        if found := tuple(result for result in every if result.id == only):
            return found
        raise ConfigError(f"{only!r} is no load test: there are {', '.join(result.id for result in every) or 'none'}.")
    reached = ((part, name, backend.reached) for part in run.parts for name, backend in part.manifest.backends.items())
    models = {run.name(part, name): known.model for part, name, known in reached if known}
    return tuple({(result.backend, result.arrival): result for result in loads_of(home, models)}.values())


def _votes(home: Path, run: Joined) -> Preference | None:
    """Those of all runs, in the arena of this data directory."""
    if not (home / FILE).exists():
        return None
    with open_arena(home) as arena:
        votes = [vote for part in run.parts for vote in arena.votes(part.id)]
    return preference(votes) if votes else None
