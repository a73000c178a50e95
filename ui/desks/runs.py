"""Runs: start, follow, stop and go on; what came of them is told by `ui.desks.reports`."""

from __future__ import annotations

import shlex
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING

from eval.runs import Run
from ingest.errors import ConfigError
from ui.desks.evaluating import Evaluating, not_found
from ui.desks.question_sets import QuestionSets
from ui.evaluations import EvaluationJob, What, Work

if TYPE_CHECKING:
    from assistant.config import Settings
    from eval.plan import Plan
    from eval.rows import AnswerRow, ScoreRow
    from eval.scorer import Judging


@dataclass(frozen=True, slots=True)
class Wanted:
    """A run to be started. No `collections` means all that the person may read; `judge` is a back end, `auto`, or None."""

    questions: str
    backends: tuple[str, ...]
    collections: tuple[str, ...] = ()
    repeats: int = 1
    limit: int | None = None
    live: bool = False
    judge: str | None = None
    new: bool = False


@dataclass(frozen=True, slots=True)
class Tally:
    """How many answers one back end has, by status."""

    backend: str
    ok: int
    declined: int
    error: int


@dataclass(frozen=True, slots=True)
class RunView:
    """A run in a few facts. `answers` of `expected` are there. `job` is the work on it since the server started."""

    id: str
    started: str
    finished: str | None
    questions_file: str
    questions: int
    repeats: int
    evidence: str
    collections: tuple[str, ...]
    judge: str | None
    serving: bool
    answers: int
    expected: int
    tally: tuple[Tally, ...]
    job: EvaluationJob | None


class Runs(Evaluating):
    """For evaluators: runs over collections that they may read."""

    def runs(self) -> list[RunView]:
        """The latest first."""
        return [self._view(run) for run in reversed(self._runs())]

    def run(self, id: str) -> RunView:
        """Raises EvaluationNotFound."""
        return self._view(self._run(id))

    def start(self, wanted: Wanted) -> RunView:
        """Begins a run, or goes on with the unfinished one that is the same, in the background.

        Raises ConfigError, CollectionNotFound, EvaluationNotFound.
        """
        from assistant.trial import with_models
        from eval.evaluation import begin

        plan = self._plan(wanted)
        settings = with_models(list(plan.backends), self.house.service.settings)
        judging = self._judging(settings, plan.backends, wanted.judge)
        store, _ = self.house.service.parts()
        run = begin(plan, settings, store, new=wanted.new)
        return self._carry_out(run, settings, judging)

    def resume(self, id: str, *, retry: bool = False) -> RunView:
        """Goes on with a run; `retry` asks again what failed. Raises ConfigError when what decides about answers changed."""
        from assistant.trial import with_models
        from eval.provenance import describe

        run = self._run(id)
        settings = with_models(list(run.manifest.backends), self.house.service.settings)
        store, _ = self.house.service.parts()
        now = describe(_plan_of(run), settings, store)
        if changed := run.manifest.differing(now):
            raise ConfigError(f"Run {id} can't go on, as these have changed since: {', '.join(changed)}. Start a new one.")
        judging = self._judging(settings, tuple(run.manifest.backends), run.manifest.judge)
        return self._carry_out(run, settings, judging, retry=retry)

    def score(self, id: str, judge: str | None) -> RunView:
        """Scores the answers of a run anew, in the background: by rules, and by a judge where one is named."""
        from eval.scorer import score

        run = self._run(id)
        settings = self.house.service.settings
        judging = self._judging(settings, tuple(run.manifest.backends), judge, run)
        return self._start(run, "score", judging, lambda progress, cancelled: score(run, judging, progress, cancelled))

    def cancel(self, id: str) -> RunView:
        """Stops after the answer in hand; the run can go on later."""
        run = self._run(id)
        self.house.evaluations.cancel(run.id)
        return self._view(run)

    def answers(self, id: str, question: str) -> tuple[list[AnswerRow], list[ScoreRow]]:
        """What the back ends answered to one question, with sources and scores. Raises EvaluationNotFound."""
        run = self._run(id)
        if not any(asked.id == question for asked in run.questions()):
            raise not_found("question", question, [asked.id for asked in run.questions()])
        rows = [row for row in run.answers() if row.key.question == question]
        return rows, [score for score in run.scores() if score.key.question == question]

    # Parts

    def _plan(self, wanted: Wanted) -> Plan:
        from eval.plan import make_plan
        from ui.backends import require

        sets = QuestionSets(self.house, self.person)
        view, readable = sets.set_view(wanted.questions), self.readable()
        for name in wanted.collections:
            if name not in readable:
                raise not_found("collection", name, readable)
        for name in wanted.backends:
            require(name, self.house.service.settings)
        chosen = wanted.collections or tuple(readable)
        if not chosen and view.plain < view.questions:
            raise ConfigError("There is no collection that you may read: ask an admin to share one with you.")
        if left := [name for name in view.collections if name not in chosen]:
            raise ConfigError(f"{view.name} asks about the collection {left[0]}: choose it, too.")
        return make_plan(
            str(sets.path(wanted.questions)), wanted.backends, chosen, repeats=wanted.repeats, limit=wanted.limit,
            live=wanted.live, command=_command(wanted, chosen),
        )  # fmt: skip

    def _judging(self, settings: Settings, judged: Sequence[str], judge: str | None, run: Run | None = None) -> Judging | None:
        if judge is None:
            return None
        from eval.scorer import hidden, make_judging

        store, embedder = self.house.service.parts()
        private = {info.name: info.private for info in store.collections()}
        kept = [name for name, is_private in private.items() if is_private] if run is None else hidden(run, private)
        return make_judging(settings, judged, judge, None, embedder, kept)

    def _carry_out(self, run: Run, settings: Settings, judging: Judging | None, *, retry: bool = False) -> RunView:
        from eval.evaluation import carry_out

        store, embedder = self.house.service.parts()
        shared = run.with_manifest(run.manifest.model_copy(update={"serving": True}))
        return self._start(
            shared, "run", judging,
            lambda progress, cancelled: carry_out(
                shared, settings, store, embedder, judging, progress, cancelled, retry=retry
            ),
        )  # fmt: skip

    def _start(self, run: Run, what: What, judging: Judging | None, work: Work) -> RunView:
        job = EvaluationJob(run.id, what, self.person.name, "queued", warning=_warning(run, judging))
        self.house.evaluations.start(job, work)
        self.house.ledger.audit(self.person, "run_started", run.id, what)
        return self._view(run)

    def _view(self, run: Run) -> RunView:
        manifest, tally = run.manifest, _tally(run)
        return RunView(
            id=run.id,
            started=manifest.started,
            finished=manifest.finished,
            questions_file=manifest.questions_file,
            questions=manifest.n_questions,
            repeats=manifest.repeats,
            evidence=manifest.evidence,
            collections=tuple(each.name for each in manifest.collections),
            judge=manifest.judge,
            serving=manifest.serving,
            answers=sum(each.ok + each.declined + each.error for each in tally),
            expected=manifest.n_questions * manifest.repeats * len(manifest.backends),
            tally=tally,
            job=self.house.evaluations.of(run.id),
        )


def _plan_of(run: Run) -> Plan:
    """The plan that a run was begun with."""
    from eval.plan import Plan

    manifest = run.manifest
    return Plan(
        questions_file=Path(manifest.questions_file),
        questions=run.questions(),
        left_out=manifest.left_out,
        backends=tuple(manifest.backends),
        collections=tuple(each.name for each in manifest.collections),
        repeats=manifest.repeats,
        live=manifest.evidence == "live",
        command=manifest.command,
    )


def _command(wanted: Wanted, collections: Sequence[str]) -> str:
    """What would do the same on a quiet machine."""
    words = ["midas", "eval", "run", "--questions", wanted.questions, "--backends", ",".join(wanted.backends)]
    words += [word for name in collections for word in ("--collection", name)]
    words += ["--repeat", str(wanted.repeats)] if wanted.repeats > 1 else []
    words += ["--limit", str(wanted.limit)] if wanted.limit else []
    words += ["--live"] if wanted.live else []
    words += ["--judge", wanted.judge] if wanted.judge else []
    return shlex.join(words)


def _warning(run: Run, judging: Judging | None) -> dict[str, str] | None:
    """In each language."""
    if judging is None:
        return None
    from eval.scorer import bias_warning

    told = {language: bias_warning(judging, list(run.manifest.backends), language) for language in ("es", "en")}
    return {language: sentence for language, sentence in told.items() if sentence} or None


def _tally(run: Run) -> tuple[Tally, ...]:
    """Read anew only when the file has changed: a list of runs is looked at often."""
    try:
        changed = (run.directory / "answers.jsonl").stat()
    except FileNotFoundError:
        return tuple(Tally(name, 0, 0, 0) for name in run.manifest.backends)
    return _counted(run.directory, tuple(run.manifest.backends), changed.st_mtime_ns, changed.st_size)


@lru_cache(maxsize=256)
def _counted(directory: Path, backends: tuple[str, ...], changed: int, size: int) -> tuple[Tally, ...]:
    from eval.lines import read
    from eval.rows import AnswerRow

    rows = {row.key: row for row in read(directory / "answers.jsonl", AnswerRow)}
    counts = Counter((row.key.backend, row.status) for row in rows.values())
    return tuple(Tally(name, counts[name, "ok"], counts[name, "declined"], counts[name, "error"]) for name in backends)
