"""axe-core finds nothing serious on any page or tab, in both languages, on a desktop and on a phone, light and dark."""

from __future__ import annotations

from collections.abc import Iterator
from importlib.resources import files
from typing import Any

import pytest

pytest.importorskip("axe_playwright_python", reason="axe-core is not installed")

from tests.fake_openai import FakeOpenAI, running
from tests.finished_runs import finished_run
from tests.office import Office, Visit, office, visiting
from tests.serving import QUESTION_ES, scripted

AXE = files("axe_playwright_python").joinpath("axe.min.js").read_text(encoding="utf-8")
RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa"]
RUN = """async (rules) => {
  const found = await axe.run(document, {resultTypes: ["violations"], runOnly: rules});
  const told = (node) => `${node.html.slice(0, 160)} ${node.any[0]?.message ?? ""}`;
  return found.violations.filter((each) => ["serious", "critical"].includes(each.impact))
    .map((each) => `${each.id} (${each.help}): ${each.nodes.slice(0, 4).map(told).join(" | ")}`);
}"""
VISITS = [
    pytest.param(("es", "desktop", False), id="es-desktop-light"),
    pytest.param(("en", "phone", True), id="en-phone-dark"),
]
TEXTS = {"grande": "Son **{}** días [1].", "chico": "No lo sé: {}."}


@pytest.fixture(scope="module")
def at_work(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Office]:
    with running(FakeOpenAI(reply=scripted)) as fake, office(tmp_path_factory.mktemp("axe"), fake) as made:
        finished_run(made.home, TEXTS, 4)
        yield made


class Checks:
    """Runs axe-core in what is shown, and keeps what it finds."""

    def __init__(self, visit: Visit) -> None:
        self.visit = visit
        self.found: list[str] = []

    def look(self, where: str) -> None:
        page = self.visit.page
        if not page.evaluate("typeof axe === 'object'"):
            page.evaluate(AXE)
        self.found += [f"{where}: {told}" for told in page.evaluate(RUN, RULES)]
        if self.visit.too_wide:
            self.found.append(f"{where}: wider than the window")


@pytest.fixture
def checks(browser: Any, at_work: Office, request: pytest.FixtureRequest) -> Iterator[Checks]:
    """Parameter: language, size, dark. What was found fails the test in the end, all at once."""
    language, size, dark = request.param
    name = None if "signed_out" in request.node.name else "rosa"
    with visiting(browser, at_work, name, language, size, dark=dark) as visit:
        yield (made := Checks(visit))
    assert made.found == [], "\n".join(made.found)


@pytest.mark.parametrize("checks", VISITS, indirect=True)
def test_the_doors(checks: Checks) -> None:
    visit = checks.visit
    visit.page.context.clear_cookies()
    visit.page.goto(f"{visit.url}/{visit.language}/sign-in")
    checks.look("sign-in")


@pytest.mark.parametrize("checks", VISITS, indirect=True)
def test_the_chat(checks: Checks) -> None:
    visit = checks.visit
    visit.open("chat")
    checks.look("a new conversation")
    turn = visit.ask(QUESTION_ES)
    checks.look("an answer")
    turn.locator(".cite").first.click()
    visit.page.locator("#panel .passage mark").first.wait_for()
    checks.look("a source")
    visit.page.goto(f"{visit.url}/{visit.language}/account")
    checks.look("the account")


@pytest.mark.parametrize("checks", VISITS, indirect=True)
@pytest.mark.parametrize("area", ["manage", "evaluate"])
def test_every_tab(checks: Checks, area: str) -> None:
    visit = checks.visit
    visit.open(area)
    assert len(visit.tabs) > 8
    for tab in visit.tabs:
        visit.tab(tab)
        checks.look(f"{area} {tab}")
