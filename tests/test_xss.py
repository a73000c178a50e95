"""Nothing that people, documents or models write ever runs, loads or becomes an element in a page, wherever it is shown."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any
from urllib.parse import quote

import httpx
import pytest

from tests.fake_openai import FakeOpenAI, Messages, running
from tests.office import Office, Visit, office, visiting
from tests.people import signed_in
from tests.reporting import add_load, add_votes, make_run

ATTACK = (
    """<b class="injected" onclick="hacked=1">mark</b><img class=injected src="http://192.0.2.1/a.png" onerror="hacked=1">"""
    """<script class=injected>hacked=1</script><svg class=injected onload=hacked=1></svg>"""
    """<a class=injected href="javascript:hacked=1">go</a><iframe class=injected srcdoc="<script>parent.hacked=1</script>">"""
    """</iframe>'"><i class=injected>${hacked=1}{{hacked=1}}</i> ![i](http://192.0.2.1/b.png) [l](javascript:hacked=1)"""
    """ </script><style class=injected>*{display:none}</style><!-- </textarea></title>"""
)
SIGN = "class=injected"
"""What is seen of an attack where it is shown as text."""
QUESTION = "¿Cuántos días laborables de vacaciones al año tienen los empleados?"
FACT = "Los empleados tienen derecho a 25 días laborables de vacaciones al año"
FILE = """vacaciones <img src=x onerror=hacked=1 class=injected>'"`${hacked=1}`.md"""
COUNT = 'document.querySelectorAll(\'.injected, img[src*="192.0.2.1"], img[src="x"], a[href^="javascript"]\').length'


def says(messages: Messages) -> str:
    return f"{FACT} [1]. {ATTACK}"


@pytest.fixture(scope="module")
def attacked(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Office]:
    """The attack is in everything that can be written: by an admin, by an evaluator, by somebody who asks, and by the model."""
    folder = tmp_path_factory.mktemp("xss")
    with running(FakeOpenAI(reply=says)) as fake, office(folder, fake) as made:
        run = make_run(made.home)
        add_votes(made.home, run, 1)
        add_load(made.home, "grande")
        with signed_in(httpx.Client(base_url=made.url, timeout=60, trust_env=False), made.home, "rosa") as http:
            _plant(http)
        yield made


def _plant(http: httpx.Client) -> None:
    def send(method: str, path: str, *wanted: int, **more: Any) -> Any:
        answer = http.request(method, path, **more)
        assert answer.status_code in (wanted or (200, 201, 202, 204)), (method, path, answer.status_code, answer.text)
        return answer.json() if answer.content else None

    send("PATCH", "/v1/collections/empresa", json={"description": ATTACK[:1000]})
    send("PUT", "/v1/collections/empresa/contact", json={"contact": ATTACK[:300]})
    send("PUT", "/v1/collections/empresa/suggestions", json={"language": "es", "questions": [ATTACK[:200]]})
    document = (
        f"# Título {ATTACK}\n\n{FACT}. {ATTACK}\n\n## {ATTACK}\n\n| a | b |\n|---|---|\n| {ATTACK.replace('|', '')} | 2 |\n"
    )
    files = [("files", (FILE, document.encode())), ("files", (FILE.replace(".md", ".pdf"), b"%PDF-1.7 broken"))]
    job = send("POST", "/v1/collections/empresa/uploads", files=files)
    while send("GET", f"/v1/jobs/{job['id']}")["state"] in ("queued", "running"):
        pass
    begun = send("POST", "/v1/conversations", json={"title": ATTACK[:200]})
    send("PATCH", f"/v1/conversations/{begun['id']}", json={"title": ATTACK[:200]})
    turn = http.post("/page/es/chat/ask", json={"question": f"{QUESTION} {ATTACK}", "conversation": begun["id"]})
    lines = [json.loads(line) for line in turn.text.splitlines()]
    vote = {"thumb": "down", "reason": "wrong", "comment": ATTACK}
    send("PUT", f"/v1/turns/{lines[0]['begun']['turn']}/vote", json=vote)
    http.post("/page/es/chat/ask", json={"question": f"¿Quién ganó la final de waterpolo? {ATTACK}"})
    asked = {"id": "a<b class=injected>", "question": f"{QUESTION} {ATTACK}", "language": "es", "answerable": True,
             "reference": ATTACK, "facts": [[ATTACK]], "tags": [ATTACK[:60]], "generated": True,
             "sources": [{"document": FILE, "quote": ATTACK}]}  # fmt: skip
    send(
        "POST", "/v1/evaluation/question-sets", data={"name": "preguntas"}, files={"file": (FILE + ".jsonl", json.dumps(asked))}
    )


@pytest.fixture
def visit(browser: Any, attacked: Office) -> Iterator[Visit]:
    with visiting(browser, attacked, "rosa") as visit:
        yield visit


def harmless(visit: Visit, where: str, *, shown: bool = False) -> None:
    """Nothing of the attack ran or is an element; with `shown` it is there to be read."""
    assert visit.page.evaluate("typeof hacked") == "undefined", where
    assert visit.page.evaluate(COUNT) == 0 and visit.page.title() != "1", where
    if shown:
        assert SIGN in visit.page.locator("body").inner_text() or visit.page.locator("textarea, input").evaluate_all(
            f"fields => fields.some((each) => each.value.includes('{SIGN}'))"
        ), where


def test_the_chat(visit: Visit) -> None:
    page = visit.page
    visit.open("chat")
    harmless(visit, "a new conversation", shown=True)
    for menu in ("#models", "#collections"):
        page.locator(f"{menu} summary").click()
        harmless(visit, menu, shown=True)
        page.keyboard.press("Escape")
    turn = visit.ask(f"{QUESTION} {ATTACK}")
    harmless(visit, "an answer", shown=True)
    unfold(visit)
    for cite in turn.locator(".cite, .source").all():
        cite.hover()
        cite.click()
        page.locator("#panel .passage").wait_for()
        visit.page.wait_for_timeout(300)
        harmless(visit, "a source", shown=True)
        page.keyboard.press("Escape")
    page.locator("#search").fill("injected")
    page.locator("#list small").first.wait_for()
    harmless(visit, "what was found", shown=True)
    page.locator("#list a").first.click()
    page.locator(".turn .text").first.wait_for()
    harmless(visit, "a kept conversation", shown=True)


def unfold(visit: Visit) -> None:
    visit.page.locator("#manage details, #evaluate details, .turn details").evaluate_all(
        "all => all.forEach((each) => each.open = true)"
    )
    visit.settle()


SHOWN = {"collections", "documents", "inbox"}


@pytest.mark.parametrize("area", ["manage", "evaluate"])
def test_every_tab(visit: Visit, area: str) -> None:
    visit.open(area)
    for tab in visit.tabs:
        visit.tab(tab)
        unfold(visit)
        harmless(visit, f"{area} {tab}", shown=tab in SHOWN)


def test_what_opens_in_the_tabs(visit: Visit) -> None:
    """Dialogs of a collection and of a document, a search, a set of questions, and one of them for editing."""
    page = visit.page
    visit.open("manage")
    visit.tab("collections")
    page.locator("#manage tbody .acts button").first.click()
    page.locator("dialog[open] textarea").first.wait_for()
    harmless(visit, "a collection", shown=True)
    page.keyboard.press("Escape")
    visit.tab("documents")
    for row in page.locator("#manage tbody tr").filter(has_text="injected").all():
        row.locator("button").first.click()
        page.locator("dialog[open] table").first.wait_for()
        visit.settle()
        harmless(visit, "a document", shown=True)
        page.keyboard.press("Escape")
    visit.tab("playground")
    page.locator("#manage input[type=search], #manage textarea").first.fill(QUESTION)
    page.keyboard.press("Enter")
    page.locator("#manage pre").first.wait_for(state="attached")
    unfold(visit)
    harmless(visit, "a search", shown=True)
    visit.open("evaluate")
    page.goto(f"{visit.url}/es/evaluate/#questions?set=preguntas")
    page.locator("#evaluate .ev-item").first.wait_for()
    harmless(visit, "a set of questions", shown=True)
    page.goto(f"{visit.url}/es/evaluate/#questions?set=preguntas&edit={quote('a<b class=injected>')}")
    page.locator("#evaluate .ev-edit").wait_for()
    harmless(visit, "a question", shown=True)
