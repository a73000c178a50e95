"""Evaluations: question sets, runs, votes, marks, load tests, costs and reports."""

from __future__ import annotations

from typing import Annotated, Literal

from fastapi import APIRouter, Depends, File, Form, Path, Query, Response, UploadFile
from pydantic import BaseModel, ConfigDict, Field
from pydantic_core import to_json

from eval.arena import Choice, Prepared, Shown
from eval.diff import Diff
from eval.load import LoadResult
from eval.preference import Preference
from eval.prices import Entry
from eval.question_checks import Finding
from eval.questions import Question
from eval.rows import AnswerRow, ScoreRow
from eval.summary import RunSummary
from ui.api.context import REFUSALS, SECURED, at
from ui.desks.arena import ArenaView, Voting
from ui.desks.costs import Costs
from ui.desks.loads import Loads
from ui.desks.marking import Marking, Marks, SheetView
from ui.desks.question_sets import FILE_BYTES, MOST_CANDIDATES, NAME, Import, QuestionSets, SetView
from ui.desks.reports import ReportFormat, Reports
from ui.desks.runs import Runs, RunView, Wanted

evaluation = APIRouter(prefix="/v1/evaluation", dependencies=SECURED, responses=REFUSALS, tags=["evaluation"])
AtSets = Annotated[QuestionSets, Depends(at(QuestionSets))]
AtRuns = Annotated[Runs, Depends(at(Runs))]
AtReports = Annotated[Reports, Depends(at(Reports))]
AtVoting = Annotated[Voting, Depends(at(Voting))]
AtMarking = Annotated[Marking, Depends(at(Marking))]
AtLoads = Annotated[Loads, Depends(at(Loads))]
AtCosts = Annotated[Costs, Depends(at(Costs))]

Id = Annotated[str, Path(min_length=1, max_length=200)]
Name = Annotated[str, Field(min_length=1, max_length=200)]
SetName = Annotated[str, Field(pattern=f"^{NAME}$")]
Language = Literal["es", "en"]
MEDIA: dict[ReportFormat, tuple[str, str]] = {"html": ("text/html", "html"), "markdown": ("text/markdown", "md")}
"""Media type and ending."""


class Body(BaseModel):
    model_config = ConfigDict(extra="forbid")


class CopyRequest(Body):
    """The name of the copy."""

    to: SetName


class IdsRequest(Body):
    """Ids of questions."""

    ids: list[Name] = Field(min_length=1, max_length=20_000)


class CandidatesRequest(Body):
    """About which collections, by which back end (by default the default one), and how many; another seed begins with other
    passages."""

    collections: list[Name] = Field(min_length=1, max_length=200)
    backend: Name | None = None
    count: int = Field(20, ge=1, le=MOST_CANDIDATES)
    seed: int = Field(0, ge=0, le=2**31)


class SplitRequest(Body):
    """`calibration` is the share of the part to set thresholds on; another seed gives another split."""

    calibration: float = Field(0.5, ge=0, le=1)
    seed: int = Field(0, ge=0, le=2**31)


class RunRequest(Body):
    """What is to be asked, and of whom. No collections: all that you may read. `judge` is a back end, or `auto`.

    `new` begins anew even where an unfinished run could be gone on with."""

    questions: SetName
    backends: list[Name] = Field(min_length=1, max_length=20)
    collections: list[Name] = Field(default_factory=list, max_length=200)
    repeats: int = Field(1, ge=1, le=20)
    limit: int | None = Field(None, ge=1, le=20_000)
    live: bool = False
    judge: Name | None = None
    new: bool = False


class ResumeRequest(Body):
    """`retry` asks again what failed."""

    retry: bool = False


class ScoreRequest(Body):
    """`judge` is a back end, or `auto`; without one, by rules only."""

    judge: Name | None = None


class VoteRequest(Body):
    """`response_ms` is from showing the pair until the choice."""

    pair: int = Field(ge=1, le=2**53)
    choice: Choice
    response_ms: float = Field(0, ge=0, le=86_400_000)
    reason: str | None = Field(None, max_length=2_000)


class MarksRequest(Body):
    """From 1 to 5; what is left out is not marked."""

    precision: int | None = Field(None, ge=1, le=5)
    clarity: int | None = Field(None, ge=1, le=5)
    completeness: int | None = Field(None, ge=1, le=5)
    note: str = Field("", max_length=2_000)


class CostRequest(Body):
    """Costs of a run, or what can be said without one; `figures` are other values by name, like `assumptions.pue`."""

    run: Name | None = None
    figures: dict[str, float] = Field(default_factory=dict, max_length=500)


class Answers(Body):
    """What the back ends answered to one question."""

    answers: list[AnswerRow]
    scores: list[ScoreRow]


# Question sets


@evaluation.get("/question-sets")
def question_sets(desk: AtSets) -> list[SetView]:
    """Question sets about collections that you may read, and those that come with Midas."""
    return desk.sets()


@evaluation.post("/question-sets", status_code=201)
def import_set(
    desk: AtSets,
    file: Annotated[UploadFile, File(description="JSONL, SQuAD in .json, or a table in .csv, .tsv, .xlsx")],
    name: Annotated[str, Form(pattern=f"^{NAME}$")],
    language: Annotated[str | None, Form(pattern="^[a-z]{2}$")] = None,
    collections: Annotated[list[str] | None, Form(max_length=200)] = None,
) -> Import:
    """Makes a question set of a file. `collections` are those it is about: who may not read them does not see it."""
    data = file.file.read(FILE_BYTES + 1)
    return desk.import_file(name, file.filename or "", data, language, collections or [])


@evaluation.get("/question-sets/{name}")
def questions(name: Id, desk: AtSets) -> list[Question]:
    """The questions of a set."""
    return desk.questions(name)


@evaluation.delete("/question-sets/{name}", status_code=204)
def delete_set(name: Id, desk: AtSets) -> None:
    """Deletes a set; runs keep their own copy of its questions."""
    desk.delete_set(name)


@evaluation.get("/question-sets/{name}/findings")
def findings(name: Id, desk: AtSets) -> list[Finding]:
    """What is wrong, or doubtful, in a set."""
    return desk.findings(name)


@evaluation.post("/question-sets/{name}/copy", status_code=204)
def copy_set(name: Id, body: CopyRequest, desk: AtSets) -> None:
    """Copies a set, so that it can be changed."""
    desk.copy(name, body.to)


@evaluation.put("/question-sets/{name}/questions/{id:path}", status_code=204)
def save_question(name: Id, id: Id, body: Question, desk: AtSets) -> None:
    """Puts a question in the place of the one with this id."""
    desk.save(name, id, body)


@evaluation.post("/question-sets/{name}/candidates", status_code=202)
def generate(name: Id, body: CandidatesRequest, desk: AtSets) -> SetView:
    """Lets a back end write candidates about passages of collections, in the background, into this set or a new one of this
    name. `job` of the set tells how far that is; runs leave candidates out until somebody accepts them."""
    return desk.generate(name, body.collections, body.backend, body.count, body.seed)


@evaluation.post("/question-sets/{name}/candidates/cancel", status_code=202)
def cancel_candidates(name: Id, desk: AtSets) -> SetView:
    """Stops after the passage in hand; the candidates that are there stay."""
    return desk.stop(name)


@evaluation.post("/question-sets/{name}/accept", status_code=204)
def accept(name: Id, body: IdsRequest, desk: AtSets) -> None:
    """Makes questions of candidates that a model wrote and you have read."""
    desk.accept(name, body.ids)


@evaluation.post("/question-sets/{name}/delete", status_code=204)
def delete_questions(name: Id, body: IdsRequest, desk: AtSets) -> None:
    """Takes questions, or candidates that are no good, out of a set."""
    desk.delete(name, body.ids)


@evaluation.post("/question-sets/{name}/split", status_code=204)
def split(name: Id, body: SplitRequest, desk: AtSets) -> None:
    """Divides a set into two parts that are alike: one to set thresholds on, one to report on."""
    desk.split(name, body.calibration, body.seed)


# Runs


@evaluation.get("/runs")
def runs(desk: AtRuns) -> list[RunView]:
    """Runs over collections that you may read, the latest first."""
    return desk.runs()


@evaluation.post("/runs", status_code=202)
def start_run(body: RunRequest, desk: AtRuns) -> RunView:
    """Starts a run in the background; `GET /v1/evaluation/runs/{id}` tells how far it is, in `job`."""
    return desk.start(
        Wanted(
            body.questions, tuple(body.backends), tuple(body.collections), body.repeats, body.limit, body.live, body.judge,
            body.new,
        )
    )  # fmt: skip


@evaluation.get("/runs/{id}")
def run(id: Id, desk: AtRuns) -> RunView:
    """A run, and the work that goes on on it."""
    return desk.run(id)


@evaluation.post("/runs/{id}/resume", status_code=202)
def resume_run(id: Id, body: ResumeRequest, desk: AtRuns) -> RunView:
    """Goes on with a run that was interrupted."""
    return desk.resume(id, retry=body.retry)


@evaluation.post("/runs/{id}/cancel", status_code=202)
def cancel_run(id: Id, desk: AtRuns) -> RunView:
    """Stops after the answer in hand; the run can go on later."""
    return desk.cancel(id)


@evaluation.post("/runs/{id}/score", status_code=202)
def score_run(id: Id, body: ScoreRequest, desk: AtRuns) -> RunView:
    """Scores the answers anew in the background, which are not asked for again."""
    return desk.score(id, body.judge)


@evaluation.get("/runs/{id}/answers")
def answers(id: Id, question: Annotated[str, Query(max_length=200)], desk: AtRuns) -> Answers:
    """Answers to one question, with sources and scores."""
    rows, scores = desk.answers(id, question)
    return Answers(answers=rows, scores=scores)


@evaluation.get("/runs/{id}/summary")
def summary(id: Id, desk: AtReports) -> RunSummary:
    """Every figure with its interval."""
    return desk.summary(id)


@evaluation.get("/diff")
def diff(before: Annotated[str, Query(max_length=200)], after: Annotated[str, Query(max_length=200)], desk: AtReports) -> Diff:
    """Two runs question by question."""
    return desk.diff(before, after)


@evaluation.get("/report", response_class=Response, responses={200: {"content": {"text/html": {}, "text/markdown": {}}}})
def report(
    runs: Annotated[list[str], Query(min_length=1, max_length=5)],
    desk: AtReports,
    language: Language = "es",
    format: ReportFormat = "html",
    baseline: Annotated[str | None, Query(max_length=200)] = None,
) -> Response:
    """One report of runs, as a file that needs nothing else."""
    media, ending = MEDIA[format]
    text = desk.file(runs, language, format, baseline)
    headers = {"Content-Disposition": f'attachment; filename="midas-{language}.{ending}"', "Cache-Control": "no-store"}
    return Response(text, media_type=media, headers=headers)


# People


@evaluation.get("/arenas")
def arenas(desk: AtVoting) -> list[ArenaView]:
    """Runs that can be voted on."""
    return desk.arenas()


@evaluation.post("/arenas/{run}", status_code=201)
def prepare(run: Id, desk: AtVoting) -> Prepared:
    """Makes the pairs of a run; those that are there stay."""
    return desk.prepare(run)


@evaluation.get("/arenas/{run}/next")
def next_pair(run: Id, desk: AtVoting) -> Shown | None:
    """The next two answers for you, without names; null when you have voted on all."""
    return desk.next(run)


@evaluation.post("/arenas/{run}/votes", status_code=201)
def vote(run: Id, body: VoteRequest, desk: AtVoting) -> Shown | None:
    """Keeps your vote on the pair that `next` gave, and gives the one after it."""
    return desk.vote(run, body.pair, body.choice, body.response_ms, body.reason)


@evaluation.delete("/arenas/{run}/votes/last")
def undo(run: Id, desk: AtVoting) -> Shown | None:
    """Takes your last vote back, and gives its pair again."""
    return desk.undo(run)


@evaluation.get("/arenas/{run}/results")
def results(run: Id, desk: AtVoting) -> Preference:
    """Which answers people prefer, and how sure that is."""
    return desk.results(run)


@evaluation.get("/runs/{id}/sheet")
def sheet(id: Id, desk: AtMarking, number: Annotated[int | None, Query(ge=1, le=2**31)] = None) -> SheetView:
    """An answer to be marked from 1 to 5, without names; by default the first that you have not marked."""
    return desk.sheet(id, number)


@evaluation.put("/runs/{id}/sheets/{sheet}", status_code=204)
def mark(id: Id, sheet: Id, body: MarksRequest, desk: AtMarking) -> None:
    """Keeps your marks of an answer in the place of your earlier ones."""
    desk.mark(id, sheet, Marks(body.precision, body.clarity, body.completeness, body.note))


# Load and costs


@evaluation.get("/loads")
def loads(desk: AtLoads) -> list[LoadResult]:
    """Results of load tests, the latest first. `midas eval load` starts them."""
    return desk.loads()


@evaluation.get("/figures")
def figures(desk: AtCosts) -> list[Entry]:
    """Every figure that costs rest on, with its day and source."""
    return desk.figures()


@evaluation.post("/costs", response_class=Response, responses={200: {"content": {"application/json": {}}}})
def costs(body: CostRequest, desk: AtCosts) -> Response:
    """What answers cost, on one's own machines and elsewhere; what has no limit is null."""
    found = desk.costs(body.run, body.figures)
    return Response(to_json(found, inf_nan_mode="null"), media_type="application/json")
