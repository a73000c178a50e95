"""Every route, page, desk and way to a document, for everybody: anonymous, employees of two groups, evaluator, admin, keys.

`tests/rights.py` says who may do what. What one may not read is compared with what never was: the answers are the same to the
letter, but for the name that was asked for.
"""

from __future__ import annotations

import asyncio
import importlib
import inspect
import pkgutil
import re
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

import pytest
from fastapi.routing import iter_route_contexts
from starlette.routing import Mount

import ui.desks
from assistant.types import Answer, Message
from ingest.errors import MidasError
from ingest.types import Filter
from tests.rights import AREAS, DESKS, FOR_ASKING, LEVELS, ROUTES, Route
from tests.worlds import PLAIN_QUESTION, QUESTION, SECRETS, World, worlds
from ui.desks.asking import Asking
from ui.desks.conversations import Conversations
from ui.desks.desk import Desk
from ui.desks.marking import Marks
from ui.desks.reading import Reading
from ui.desks.runs import Wanted
from ui.memory.conversation import Vote
from ui.person import NotAllowed
from ui.service import Question

REACH: dict[str, str | None] = {
    "anonymous": None, "wrong key": None, "revoked": None, "luis, asking": "asking", "luis, key": "employee",
    "luis": "employee", "ana": "employee", "eva": "evaluator", "jefa": "admin",
}  # fmt: skip
"""How far people come; `ana` is of the group that reads the secret, `luis` and `eva` are of another."""
INSIDERS = ("ana", "jefa")
OUTSIDERS = ("luis, asking", "luis", "eva")


def may(who: str, level: str) -> bool:
    if level == "oneself":
        return who in ("luis", "ana", "eva", "jefa")
    reach = REACH[who]
    return level == "open" or (reach is not None and LEVELS.index(reach) >= LEVELS.index(level))


@pytest.fixture(scope="module")
def both(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[World, World]]:
    with worlds(tmp_path_factory.mktemp("matrix")) as (full, bare):
        yield full, bare


@pytest.fixture(scope="module")
def full(both: tuple[World, World]) -> World:
    return both[0]


def clean(text: str) -> bool:
    return not any(secret in text for secret in SECRETS)


# Routes


def walked(full: World) -> set[Route]:
    found = set()
    for route in iter_route_contexts(full.app.routes):
        if not isinstance(route.original_route, Mount):
            methods = set(route.methods or ()) - {"HEAD"}
            found |= {Route.of(method, str(route.path)) for method in (methods if len(methods) < 5 else {"*"})}
    return found


def test_every_route_has_its_line(full: World) -> None:
    assert walked(full) == set(ROUTES)


PARAMETERS = {"language": "es", "number": "1", "version": "1", "watch_id": "1", "tab": "runs", "document_id": "0" * 20}
READY = ("GET /readyz",)
"""Tells by its status whether the models are loaded."""


@pytest.mark.parametrize("route", sorted(ROUTES), ids=str)
def test_a_route_is_open_to_those_who_may_and_to_nobody_else(full: World, route: Route) -> None:
    path = re.sub(r"\{(\w+)\}", lambda found: PARAMETERS.get(found[1], "neverwas"), route.path)
    options: dict[str, Any] = {"json": {}} if route.method in ("POST", "PUT", "PATCH") else {}
    for who in REACH:
        response = full.request(who, route.method.replace("*", "GET"), path, **options)
        refused = response.status_code == 401 or response.headers.get("location", "").startswith("/es/sign-in?next=")
        told = f"{who}: {response.status_code} {response.text[:200]}"
        if REACH[who] is None and ROUTES[route] != "open":
            assert refused, told
        elif not may(who, ROUTES[route]):
            assert response.status_code == 403 or (ROUTES[route] == "oneself" and response.status_code in (303, 400)), told
        else:
            assert not refused and response.status_code != 403, told
            assert response.status_code < 500 or str(route) in READY, told
        assert who in INSIDERS or clean(response.text), told
        if route.path.endswith("/sign-out") and who in full.people:
            full.sign_in(who)


# Pages


def gradio_routes(full: World, area: str) -> list[tuple[str, str]]:
    [mount] = [route for route in full.app.routes if isinstance(route, Mount) and route.path == f"/es/{area}"]
    routes = [route for route in iter_route_contexts(mount.app.routes) if route.path]  # type: ignore[attr-defined]
    return [(method, re.sub(r"\{[^}]+\}", "x", str(route.path))) for route in routes for method in route.methods or ()]


def test_pages_are_the_known_ones(full: World) -> None:
    mounted = {route.path for route in full.app.routes if isinstance(route, Mount)}
    assert mounted == {f"/{language}/{area}" for language in ("es", "en") for area in AREAS}


@pytest.mark.parametrize("area", AREAS)
def test_a_page_and_all_that_gradio_serves_for_it_is_for_those_who_may_open_it(full: World, area: str) -> None:
    routes = gradio_routes(full, area)
    assert len(routes) > 50
    for who in REACH:
        if not may(who, AREAS[area]):
            for method, path in routes:
                status = full.request(who, method, f"/es/{area}{path}").status_code
                assert status in ((401, 303) if REACH[who] is None else (403,)), (who, method, path, status)
            continue
        for path in ("/", "/config"):
            shown = [full.request(who, "GET", f"/{language}/{area}{path}") for language in ("es", "en")]
            assert all(page.status_code == 200 and clean(page.text) for page in shown), (who, path)
        for path in ("/monitoring", "/gradio_api/runs", "/gradio_api/queue/status", "/gradio_api/api/x", "/gradio_api/proxy=x"):
            assert full.request(who, "GET", f"/es/{area}{path}").status_code in (404, 405), path


# What is hidden and what never was


NAMED = {
    "/v1/collections/{name}": "collection", "/v1/evaluation/question-sets/{name}": "set", "/v1/evaluation/runs/{id}": "run",
    "/v1/evaluation/arenas/{run}": "run",
}  # fmt: skip
"""What a parameter that is called differently names, by the beginning of the path."""
SEARCH = {"query": PLAIN_QUESTION, "collections": ["{collection}"]}
ASKED = {"role": "user", "content": PLAIN_QUESTION}
CHAT: dict[str, Any] = {"messages": [ASKED], "collections": ["{collection}"]}
EARLIER = [
    {"role": "user", "content": "¿Y?", "collections": ["{collection}"]},
    {"role": "assistant", "content": "Sí.", "collections": ["{collection}"]},
]
SENT: dict[str, list[dict[str, Any]]] = {
    "POST /v1/search": [
        {"json": SEARCH},
        {"json": {**SEARCH, "collections": ["taller", "{collection}"]}},
        {"json": {"query": PLAIN_QUESTION, "documents": ["{document_id}"]}},
        {"json": {"query": QUESTION, "collections": ["taller"]}},
    ],
    "POST /v1/chat/completions": [
        {"json": CHAT},
        {"json": {**CHAT, "stream": True}},
        {"json": {"messages": [*EARLIER, ASKED]}},
    ],
    "POST /v1/conversations/{conversation}/turns": [{"json": {"question": PLAIN_QUESTION}}],
    "POST /page/{language}/chat/ask": [
        {"json": {"question": PLAIN_QUESTION, "collections": ["{collection}"]}},
        {"json": {"question": PLAIN_QUESTION, "conversation": "{conversation}"}},
        {"json": {"question": PLAIN_QUESTION, "conversation": "{conversation}", "replacing": "{turn}"}},
    ],
    "POST /page/{language}/chat/source": [{"json": {"chunk_id": "{chunk_id}", "number": 1}}],
    "PATCH /v1/conversations/{conversation}": [{"json": {"title": "otro"}}],
    "PUT /v1/turns/{turn}/vote": [{"json": {"thumb": "up"}}],
    "GET /v1/suggestions": [{"params": {"collection": "{collection}"}}],
    "GET /page/{language}/chat/start": [{"params": {"collections": "{collection}"}}],
    "GET /v1/conversations": [{"params": {"search": "zafiro"}}],
    "POST /v1/evaluation/runs": [
        {"json": {"questions": "{set}", "backends": ["scripted"]}},
        {"json": {"questions": "plain.es", "backends": ["scripted"], "collections": ["{collection}"]}},
    ],
    "POST /v1/evaluation/question-sets/{name}/copy": [{"json": {"to": "copia"}}],
    "POST /v1/evaluation/question-sets/{name}/candidates": [{"json": {"collections": ["{collection}"]}}],
    "POST /v1/evaluation/question-sets/{name}/accept": [{"json": {"ids": ["q0"]}}],
    "POST /v1/evaluation/question-sets/{name}/delete": [{"json": {"ids": ["q0"]}}],
    "GET /v1/evaluation/runs/{id}/answers": [{"params": {"question": "q0"}}],
    "PUT /v1/evaluation/runs/{id}/sheets/{sheet}": [{"json": {"clarity": 3}}],
    "GET /v1/evaluation/diff": [{"params": {"before": "{run}", "after": "{run}"}}],
    "GET /v1/evaluation/report": [{"params": {"runs": "{run}"}}],
    "POST /v1/evaluation/arenas/{run}/votes": [{"json": {"pair": 1, "choice": "left"}}],
    "POST /v1/evaluation/costs": [{"json": {"run": "{run}"}}],
    "GET /page/{language}/evaluate/{tab}": [{"params": {"run": "{run}", "runs": "{run}", "set": "{set}", "name": "{set}"}}],
    "POST /{language}/account/revoke": [{"data": {"key": "{key_id}", "id": "{key_id}"}}],
}
"""What is sent to a route, where its path does not say all."""
TABS = ("questions", "runs", "results", "compare", "marks", "votes", "load", "cost", "report")


def filled(value: Any, names: dict[str, str]) -> Any:
    if isinstance(value, str):
        return re.sub(r"\{(\w+)\}", lambda found: names.get(found[1], found[0]), value)
    if isinstance(value, list):
        return [filled(item, names) for item in value]
    return {key: filled(item, names) for key, item in value.items()} if isinstance(value, dict) else value


def paths(route: Route, names: dict[str, str]) -> list[str]:
    beginning = next((start for start in NAMED if route.path.startswith(start)), None)
    named = {**PARAMETERS, **names, **({"name": "scripted"} if beginning is None else {})}
    if beginning:
        named[re.findall(r"\{(\w+)\}", beginning)[-1]] = names[NAMED[beginning]]
    tabs = TABS if "{tab}" in route.path else ("",)
    return [filled(route.path, {**named, "tab": tab, "id": named.get("id", "q0")}) for tab in tabs]


ON_ONESELF = (
    "POST /{language}/sign-out",
    "DELETE /v1/account/sessions",
    "OwnAccount.end_other_sessions",
    "OwnAccount.sign_out",
)
"""These sign the caller out. They name nothing, nor do the pages of one's own account and what is the same for all."""
SAME_FOR_ALL = ("/docs", "/openapi.json", "/favicon.ico", "/page/assets/")
COMPARED = [
    route
    for route, level in sorted(ROUTES.items())
    if level not in ("open", "admin") and str(route) not in ON_ONESELF
    if route.method != "*" and not route.path.startswith(("/{language}/account", *SAME_FOR_ALL))
]


@pytest.mark.parametrize("route", COMPARED, ids=str)
def test_what_is_hidden_is_told_of_as_if_it_had_never_been(full: World, route: Route) -> None:
    for who in OUTSIDERS:
        if not may(who, ROUTES[route]):
            continue
        for sent in SENT.get(str(route), [{}]):
            told = []
            for really in (True, False):
                names = full.hidden(really=really)
                answers = [full.request(who, route.method, path, **filled(sent, names)) for path in paths(route, names)]
                told.append([(answer.status_code, full.plain(answer.text)) for answer in answers])
                echoed = [name for name in names.values() if name in str(sent) or "{" in str(sent) + route.path]
                for answer in answers:
                    assert clean(_without(answer.text, echoed)), (who, sent, answer.text[:500])
            assert told[0] == told[1], (who, sent)


def _without(text: str, names: list[str]) -> str:
    """Names that were sent may come back."""
    for name in names:
        text = text.replace(name, "…")
    return text


def test_nothing_hidden_was_changed(full: World) -> None:
    names = full.hidden(really=True)
    kept = full.request("ana", "GET", f"/v1/conversations/{names['conversation']}")
    assert kept.status_code == 200 and "4321 euros" in kept.text and kept.json()["title"] != "otro"
    assert full.request("ana", "GET", f"/v1/sources/{names['chunk_id']}").status_code == 200
    assert names["run"] in full.request("jefa", "GET", "/v1/evaluation/runs").text
    assert len(full.request("jefa", "GET", "/v1/evaluation/question-sets/secretas").json()) == 2


LISTS = [
    route
    for route in COMPARED
    if route.method == "GET" and re.fullmatch(r"/v1(/evaluation)?/[\w-]+|/page/\{language\}/\w+/(start|\{tab\})", route.path)
]


ONE_S_OWN = ("GET /v1/conversations", "GET /v1/account")


@pytest.mark.parametrize("who", OUTSIDERS)
def test_lists_counts_and_scores_are_those_of_a_server_without_it(both: tuple[World, World], who: str) -> None:
    for route in LISTS:
        if may(who, ROUTES[route]) and str(route) not in ONE_S_OWN:
            for path in paths(route, both[0].hidden(really=False)):
                told = [each.request(who, "GET", path) for each in both]
                assert both[0].plain(told[0].text) == both[0].plain(told[1].text), path
    for query in (QUESTION, "bono", "zafiro"):
        found = [each.request(who, "POST", "/v1/search", json={"query": query}).json()["passages"] for each in both]
        assert found[0] == found[1], query


# Desks


def desks() -> dict[str, type[Desk]]:
    for module in pkgutil.iter_modules(ui.desks.__path__):
        importlib.import_module(f"ui.desks.{module.name}")
    found, new = dict[str, type[Desk]](), [Desk]
    while new:
        new = [sub for desk in new for sub in desk.__subclasses__() if sub.__module__.startswith("ui.desks.")]
        found |= {desk.__name__: desk for desk in new}
    return found


def test_every_desk_has_its_line() -> None:
    assert {name: desk.least for name, desk in desks().items()} == DESKS
    assert {name for name, desk in desks().items() if desk.for_asking} == FOR_ASKING


@pytest.mark.parametrize("name", DESKS)
def test_a_desk_opens_for_those_who_may(full: World, name: str) -> None:
    for who, person in full.people.items():
        for scope in ("everything", "ask"):
            caller = replace(person, scope=scope)
            if may(who, DESKS[name]) and (scope == "everything" or name in FOR_ASKING):
                assert desks()[name](full.house, caller).person is caller
            else:
                with pytest.raises(NotAllowed):
                    desks()[name](full.house, caller)


def arguments(full: World, names: dict[str, str], place: str) -> dict[str, Any]:
    """A value for every parameter of a desk's method, by name; a new name needs a line."""
    assert full.turn and full.turn.answer
    collection, run = names["collection"], names["run"]
    answer: Answer = replace(full.turn.answer, collections=(collection,))
    own = {"name": names["set"] if place.startswith("QuestionSets") else "taller"}
    return names | own | {
        "question": "q0" if place.startswith("Runs") else Question(PLAIN_QUESTION, collections=(collection,)),
        "collections": [collection], "query": PLAIN_QUESTION, "top_k": None, "filter": Filter(), "answer": answer,
        "language": "es", "page": 1, "quotes": ("bono",), "title": "otro", "search": "bono", "limit": 50, "offset": 0,
        "replacing": names["turn"], "vote": Vote("up"), "current": "x", "new": "y", "scope": "ask", "days": 1.0,
        "ids": ["q0"], "id": run if place.startswith("Runs") else "q0", "to": "copia", "file_name": "a.jsonl", "data": b"{}",
        "calibration": 0.5, "seed": 0, "wanted": Wanted(names["set"], ("scripted",), (collection,)), "retry": False,
        "judge": None, "before": run, "after": run, "runs": [run], "baseline": None, "format": "html", "pair": 1,
        "choice": "left", "response_ms": 1.0, "reason": None, "marks": Marks(), "number": 1, "changes": {},
        "backend": None, "count": 1,
    }  # fmt: skip


OPEN_TO_OUTSIDERS = [
    (name, method)
    for name, desk in desks().items()
    if DESKS.get(name) in ("employee", "evaluator")
    for method, _ in inspect.getmembers(desk, inspect.isfunction)
    if not method.startswith("_") and f"{name}.{method}" not in (*ON_ONESELF, "Loads.shows", "QuestionSets.save")
]
"""Without those that take what another has given."""


@pytest.mark.parametrize(("name", "method"), OPEN_TO_OUTSIDERS)
def test_a_desk_tells_of_what_is_hidden_as_if_it_had_never_been(full: World, name: str, method: str) -> None:
    for who in ("luis", "eva"):
        if not may(who, DESKS[name]):
            continue
        told = []
        for really in (True, False):
            names = full.hidden(really=really)
            desk = desks()[name](full.house, full.people[who])
            outcome = full.runner.run(outcome_of(getattr(desk, method), arguments(full, names, f"{name}.{method}")))
            told.append(full.plain(outcome))
            assert clean(told[-1]), (who, told[-1][:500])
        assert told[0] == told[1], who


async def outcome_of(method: Callable[..., Any], values: dict[str, Any]) -> str:
    given = {name: values[name] for name in inspect.signature(method).parameters}
    try:
        result = await _called(method, given)
    except MidasError as error:
        return f"{type(error).__name__}: {error.message}"
    return repr(result)


async def _called(method: Callable[..., Any], given: dict[str, Any]) -> Any:
    if inspect.isasyncgenfunction(method):
        return [event async for event in method(**given)]
    result = await asyncio.to_thread(method, **given)
    return await result if inspect.isawaitable(result) else result


# Ways to a document


async def _answer(full: World, who: str, **question: Any) -> str:
    desk = Asking(full.house, full.people[who])
    return str([event async for event in desk.stream(Question(**question))])


PATHS: dict[str, Callable[[World, str], Any]] = {
    "search": lambda full, who: Asking(full.house, full.people[who]).search(QUESTION, None, None, Filter()),
    "answer": lambda full, who: full.runner.run(_answer(full, who, text=QUESTION)),
    "follow-up": lambda full, who: full.runner.run(
        _answer(full, who, text="¿Y el zafiro?", history=(Message("user", QUESTION, ()), Message("assistant", "Sí.", ())))
    ),
    "suggestions": lambda full, who: Asking(full.house, full.people[who]).suggestions("es"),
    "collections": lambda full, who: Asking(full.house, full.people[who]).collections(),
    "source": lambda full, who: Reading(full.house, full.people[who]).source(full.hidden(really=True)["chunk_id"]),
    "original": lambda full, who: Reading(full.house, full.people[who]).original(
        "finanzas", full.hidden(really=True)["document_id"]
    ),
    "conversation": lambda full, who: Conversations(full.house, full.people[who]).get(full.hidden(really=True)["conversation"]),
    "frozen evidence": lambda full, who: full.runner.run(_found(full, who)),
}


async def _found(full: World, who: str) -> str:
    from assistant.assistant import Assistant

    service = full.house.service
    store, embedder = service.parts()
    assistant: Assistant = service._assistant.get()
    return str(await assistant.find(QUESTION, access=full.people[who].access))


@pytest.mark.parametrize("path", PATHS)
@pytest.mark.parametrize("who", ["ana", "luis", "eva", "jefa"])
def test_the_secret_comes_by_no_way_to_those_who_may_not_read_it(full: World, path: str, who: str) -> None:
    try:
        told = str(PATHS[path](full, who))
    except MidasError as error:
        told = error.message
    told = told.replace(QUESTION, "").replace("¿Y el zafiro?", "")
    if who == "ana" or (who == "jefa" and path != "conversation"):
        assert not clean(told)
    else:
        assert clean(told.replace("finanzas", "…") if path == "original" else told)
