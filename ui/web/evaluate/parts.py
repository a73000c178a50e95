"""The routes from which the page fetches its tabs, and to which its forms are sent."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Annotated

from fastapi import APIRouter, Depends, HTTPException, Request
from fastapi.responses import FileResponse, HTMLResponse, Response
from starlette.datastructures import FormData, UploadFile

from eval.extras import extra
from ui.api.context import TheHouse, ThePerson
from ui.desks.evaluating import Evaluating
from ui.web.evaluate import compare, cost, load, marks, questions, report, results, runs, votes
from ui.web.evaluate.visit import Done, Visit
from ui.web.language import PageLanguage

parts = APIRouter(prefix="/page", include_in_schema=False)
Show = Callable[[Visit], str]
Action = Callable[[Visit, UploadFile | None], Done]
DAY_S = 86_400


@dataclass(frozen=True, slots=True)
class Tab:
    """`show` writes it, `actions` are what its forms do."""

    show: Show
    actions: Mapping[str, Action]


TABS: Mapping[str, Tab] = {
    questions.TAB: Tab(questions.show, questions.ACTIONS),
    runs.TAB: Tab(runs.show, runs.ACTIONS),
    results.TAB: Tab(results.show, {}),
    compare.TAB: Tab(compare.show, {}),
    marks.TAB: Tab(marks.show, marks.ACTIONS),
    votes.TAB: Tab(votes.show, votes.ACTIONS),
    load.TAB: Tab(load.show, {}),
    cost.TAB: Tab(cost.show, {}),
    report.TAB: Tab(report.show, {}),
}
"""In the order in which they stand in the page."""


@parts.get("/{language}/evaluate/{tab}", response_class=HTMLResponse)
def show(language: PageLanguage, tab: str, request: Request, house: TheHouse, person: ThePerson) -> str:
    """A tab for the person who looks."""
    query = request.query_params
    visit = _visit(house, person, language, {name: query.getlist(name) for name in query})
    return _tab(tab).show(visit)


async def _form(request: Request) -> FormData:
    """Read here, because what follows runs in a thread of its own."""
    return await request.form(max_fields=2_000)


@parts.post("/{language}/evaluate/{tab}/{action}")
def act(
    language: PageLanguage,
    tab: str,
    action: str,
    sent: Annotated[FormData, Depends(_form)],
    house: TheHouse,
    person: ThePerson,
) -> Done:
    """What a form of a tab does."""
    values = {name: [each for each in sent.getlist(name) if isinstance(each, str)] for name in sent}
    visit = _visit(house, person, language, values)
    file = next((each for each in sent.values() if isinstance(each, UploadFile)), None)
    work = _tab(tab).actions.get(action)
    if work is None:
        raise HTTPException(404, f"There is no form {tab}/{action}.")
    return work(visit, file)


@parts.get("/assets/plotly.js", response_class=FileResponse)
def plotly_script(person: ThePerson) -> FileResponse:
    """Plotly as it was installed: nothing is fetched from elsewhere. Raises MissingExtra."""
    with extra("eval", "A plot"):
        import plotly
    path = files(plotly).joinpath("package_data/plotly.min.js")
    return FileResponse(str(path), media_type="text/javascript", headers={"Cache-Control": f"private, max-age={DAY_S}"})


@parts.get("/assets/report.css")
def report_style(person: ThePerson) -> Response:
    """The style of reports, for the pieces of them that the page shows."""
    return Response(_style(), media_type="text/css", headers={"Cache-Control": f"private, max-age={DAY_S}"})


@cache
def _style() -> str:
    css = files("eval.report").joinpath("report.css").read_text(encoding="utf-8")
    return f"#evaluate .report {{\n{css.replace(':root', '&')}\n}}\n"


def _tab(name: str) -> Tab:
    if name not in TABS:
        raise HTTPException(404, f"There is no tab {name}.")
    return TABS[name]


def _visit(house: TheHouse, person: ThePerson, language: PageLanguage, query: Mapping[str, list[str]]) -> Visit:
    """Raises NotAllowed for who is no evaluator, whatever the tab."""
    Evaluating(house, person)
    return Visit(house, person, language, query)
