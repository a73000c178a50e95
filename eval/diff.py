"""Two runs question by question: what changed, and whether it is more than chance."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass

from eval import statistics
from eval.metrics import METRICS
from eval.questions import Question
from eval.runs import Run
from eval.statistics import ALPHA, Difference, Estimate
from eval.summary import Series, difference_of, estimate_of, matched, series_of
from ingest.errors import ConfigError

Kept = Mapping[tuple[str, str, str], Series]
"""By back end, metric and scorer."""
CONDITIONS = (
    "code_sha256", "prompts_sha256", "questions_sha256", "collections", "retrieval", "sampling", "evidence", "repeats",
    "backends", "judge_fingerprint", "dependencies", "hardware", "serving",
)  # fmt: skip
"""Fields of the manifest that may be why two runs differ."""


@dataclass(frozen=True, slots=True)
class Change:
    """One metric of one back end `before` and `after`, each over all questions that the runs share.

    `difference` is after less before, over the questions that have a value in both. `better` and `worse` are ids of questions,
    whichever way is better for the metric. `p_holm` is adjusted for all changes of the diff.
    """

    backend: str
    metric: str
    scorer: str
    before: Estimate
    after: Estimate
    difference: Difference
    p_holm: float
    better: tuple[str, ...]
    worse: tuple[str, ...]

    @property
    def drop(self) -> float:
        """How much worse it got, in the metric's unit; negative when it got better."""
        effect = self.difference.effect.value or 0.0
        return 0.0 - effect if METRICS[self.metric].higher_is_better else effect

    @property
    def distinguishable(self) -> bool:
        """Whether the change is more than chance, at 5 % over all changes of the diff."""
        return self.p_holm < ALPHA


@dataclass(frozen=True, slots=True)
class Diff:
    """`backends` are pairs of names, before and after. `questions` counts those that both runs asked alike; `altered` have the
    same id and another content, `dropped` are only in the first run and `added` only in the second. `unanswered` are back ends
    (by their names before) that have no answer in the second run to that many of the shared questions. `gone` are back ends
    and metrics with a value before, and none after. `conditions` are the fields of the manifest in
    which the runs differ."""

    before: str
    after: str
    backends: tuple[tuple[str, str], ...]
    questions: int
    altered: tuple[str, ...]
    dropped: tuple[str, ...]
    added: tuple[str, ...]
    unanswered: Mapping[str, int]
    gone: tuple[tuple[str, str], ...]
    conditions: tuple[str, ...]
    changes: tuple[Change, ...]

    def of(self, backend: str, metric: str) -> Change | None:
        """The change of a metric; `backend` is the name before."""
        return next((change for change in self.changes if (change.backend, change.metric) == (backend, metric)), None)


def compare(before: Run, after: Run, backends: Mapping[str, str] | None = None, metrics: Collection[str] | None = None) -> Diff:
    """Pairs the answers of two runs question by question.

    `backends` maps names before to names after; by default, back ends of the same name, or the only one of each run. `metrics`
    None means all. Raises ConfigError when there is nothing to pair, MissingExtra without the extra `eval`.
    """
    pairs = _paired_backends(before, after, backends)
    old, new = ({question.id: question for question in run.questions()} for run in (before, after))
    shared = [id for id, question in old.items() if id in new and _asks_the_same(question, new[id])]
    if not shared:
        raise ConfigError(f"The runs {before.id} and {after.id} have no question in common: compare runs over the same set.")
    first, second = (_kept(run, shared, metrics) for run in (before, after))
    return Diff(
        before.id,
        after.id,
        tuple(pairs.items()),
        len(shared),
        altered=tuple(id for id in old if id in new and id not in shared),
        dropped=tuple(id for id in old if id not in new),
        added=tuple(id for id in new if id not in old),
        unanswered=_unanswered(after, pairs, shared),
        gone=tuple(_gone(first, second, pairs)),
        conditions=tuple(name for name in CONDITIONS if _condition(before, name) != _condition(after, name)),
        changes=tuple(_changes(first, second, pairs)),
    )


def _condition(run: Run, name: str) -> object:
    """A field of the manifest; of the hardware only what does not change by the minute, as free memory does."""
    found = getattr(run.manifest, name)
    if name != "hardware":
        return found
    return found.system, found.cpu, found.cores, found.ram_bytes, tuple((gpu.name, gpu.memory_bytes) for gpu in found.gpus)


def _paired_backends(before: Run, after: Run, wanted: Mapping[str, str] | None) -> dict[str, str]:
    old, new = list(before.manifest.backends), list(after.manifest.backends)
    pairs = dict(wanted or {name: name for name in old if name in new})
    if not pairs and len(old) == len(new) == 1:
        pairs = {old[0]: new[0]}
    if not pairs:
        raise ConfigError(
            f"The runs have no back end in common ({', '.join(old)}; {', '.join(new)}): say which to pair, with --backend "
            f"{old[0]}={new[0]}."
        )
    for names, known, run in ((pairs.keys(), old, before), (pairs.values(), new, after)):
        for name in names:
            if name not in known:
                raise ConfigError(f"Run {run.id} has no back end {name!r}: there are {', '.join(known)}.")
    return pairs


def _asks_the_same(first: Question, second: Question) -> bool:
    """Tags and split may change."""
    ignored = {"tags", "split", "generated"}
    return first.model_dump(exclude=ignored) == second.model_dump(exclude=ignored)


def _unanswered(run: Run, pairs: Mapping[str, str], shared: Sequence[str]) -> dict[str, int]:
    """Back ends with a gap only."""
    answered = {(row.key.backend, row.key.question) for row in run.answers()}
    missing = {before: sum((after, id) not in answered for id in shared) for before, after in pairs.items()}
    return {backend: count for backend, count in missing.items() if count}


def _kept(run: Run, shared: Sequence[str], metrics: Collection[str] | None) -> Kept:
    wanted = METRICS.keys() if metrics is None else metrics
    return {
        (series.backend, series.metric, series.scorer): series.at(shared)
        for series in series_of(run)
        if series.metric in wanted
    }


def _gone(old: Kept, new: Kept, pairs: Mapping[str, str]) -> Iterator[tuple[str, str]]:
    for (backend, name, scorer), before in old.items():
        after = new.get((pairs.get(backend, ""), name, scorer))
        if backend in pairs and before.values and not (after and after.values):
            yield backend, name


def _changes(old: Kept, new: Kept, pairs: Mapping[str, str]) -> Iterator[Change]:
    found = []
    for (backend, name, scorer), before in old.items():
        after = new.get((pairs.get(backend, ""), name, scorer))
        if after is not None and (difference := difference_of(before, after)) is not None:
            found.append((before, after, difference))
    adjusted = statistics.holm([difference.p for _, _, difference in found])
    for (before, after, difference), p in zip(found, adjusted, strict=True):
        yield _change(before, after, difference, p)


def _change(before: Series, after: Series, difference: Difference, p_holm: float) -> Change:
    questions, old, new = matched(before, after)
    gains = statistics.cluster_means([b - a for a, b in zip(old, new, strict=True)], questions)
    ids = list(dict.fromkeys(questions))
    up, down = (tuple(id for id, gain in zip(ids, gains, strict=True) if gain * sign > 0) for sign in (1, -1))
    better, worse = (up, down) if METRICS[before.metric].higher_is_better else (down, up)
    return Change(
        before.backend,
        before.metric,
        before.scorer,
        estimate_of(before),
        estimate_of(after),
        difference,
        p_holm,
        better,
        worse,
    )
