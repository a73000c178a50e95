"""The evaluators' page in a real browser, served by a real `midas serve`: a whole day, by keyboard, desktop and phone."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest

playwright = pytest.importorskip("playwright.sync_api", reason="playwright is not installed")

from playwright.sync_api import Browser, Page, expect  # noqa: E402

from eval.runs import open_run  # noqa: E402
from ingest.catalog import now  # noqa: E402
from tests.fake_openai import FakeOpenAI, running  # noqa: E402
from tests.people import add_person, signed_in_browser  # noqa: E402
from tests.reporting import HOSTILE, add_load, make_run  # noqa: E402
from tests.serving import QUESTION_ES, Midas, Server, make_midas, scripted, write_documents  # noqa: E402
from ui.web.evaluate.parts import TABS  # noqa: E402
from ui.web.evaluate_texts import TEXTS, EvaluateTexts  # noqa: E402

SIZES = {"desktop": (1280, 860), "phone": (375, 780)}
PAGE = Path(__file__).parent.parent / "ui" / "web"
TABLE = f"""pregunta;respuesta;documento;cita
{QUESTION_ES};25 días laborables;vacaciones.txt;25 días laborables de vacaciones al año
¿Cuál es la dieta completa en Francia?;70,00 €;dietas.csv;70,00 €
"""
WRITTEN = {
    "quote": "A lost laptop must be reported to the IT desk within 4 hours",
    "question": "How soon do I have to report that I lost my laptop?",
    "answer": "4 hours",
}
RUN, BASE = "20261121-100000-dietas", "20261120-100000-dietas"


def answered(messages: list[dict[str, Any]]) -> str:
    """A candidate question where one is wanted."""
    return json.dumps(WRITTEN) if "exam questions" in str(messages[-1]["content"]) else scripted(messages)


@pytest.fixture(scope="module")
def midas(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Midas]:
    """With two runs of three back ends whose texts are hostile, and a load test. Eva is an evaluator."""
    folder = tmp_path_factory.mktemp("evaluate")
    with running(FakeOpenAI(reply=answered)) as fake:
        midas = make_midas(folder / "home", fake)
        midas.run("ingest", str(write_documents(folder / "documents")), "--collection", "empresa")
        midas.run("collections", "share", "empresa", "everyone")
        for id, worse in ((RUN, 0.0), (BASE, 0.4)):
            run = make_run(midas.home, id, worse=worse)
            only = [each.model_copy(update={"name": "empresa"}) for each in run.manifest.collections[:1]]
            run.with_manifest(run.manifest.model_copy(update={"collections": tuple(only), "started": now()}))
        add_load(midas.home, "mediano")
        add_person(midas.home, "eva", "evaluator")
        yield midas


@pytest.fixture(scope="module")
def server(midas: Midas) -> Iterator[Server]:
    with midas.serving() as server:
        yield server


class Visit:
    """The page as Eva sees it, and what went wrong or elsewhere meanwhile."""

    def __init__(self, page: Page, server: Server, language: str) -> None:
        self.page = page
        self.say = EvaluateTexts("en" if language == "en" else "es")
        self.problems: list[str] = []
        self.foreign: list[str] = []
        page.on("request", lambda request: self._see(request.url))
        page.on("pageerror", lambda error: self.problems.append(str(error)))
        page.on("dialog", lambda dialog: (self.problems.append(dialog.message), dialog.dismiss()))
        page.goto(f"{server.url}/{language}/evaluate/")
        self.settle()

    def _see(self, url: str) -> None:
        if not url.startswith(("data:", "blob:")) and urlsplit(url).hostname not in ("127.0.0.1", "localhost"):
            self.foreign.append(url)

    def settle(self) -> None:
        expect(self.page.locator("#ev-panel")).to_have_attribute("aria-busy", "false")

    def open(self, address: str) -> None:
        self.page.evaluate("address => { location.hash = address }", address)
        self.page.wait_for_function("address => location.hash === address", arg=address)
        self.page.wait_for_timeout(50)
        self.settle()

    def drawn(self) -> None:
        """All plots that can be seen."""
        self.page.wait_for_function(
            "() => [...document.querySelectorAll('.plot')].every(plot => plot.dataset.drawn || plot.offsetParent === null)"
        )

    def fits(self) -> bool:
        return bool(self.page.evaluate("document.documentElement.scrollWidth <= window.innerWidth"))


@pytest.fixture
def visit(browser: Browser, server: Server, midas: Midas, request: pytest.FixtureRequest) -> Iterator[Visit]:
    """Parameter: (language, size)."""
    language, size = getattr(request, "param", ("es", "desktop"))
    width, height = SIZES[size]
    context = browser.new_context(viewport={"width": width, "height": height}, accept_downloads=True)
    context.set_default_timeout(60_000)
    expect.set_options(timeout=60_000)
    signed_in_browser(context, server.url, midas.home, "eva")
    seen = Visit(context.new_page(), server, language)
    yield seen
    assert (seen.problems, seen.foreign) == ([], [])
    context.close()


@pytest.mark.parametrize("visit", [("es", "desktop"), ("en", "phone")], indirect=True)
def test_an_evaluators_day(visit: Visit, midas: Midas, tmp_path: Path) -> None:
    page, say = visit.page, visit.say
    name = f"viajes-{say.language}"
    table = tmp_path / "Mis viajes.csv"
    table.write_text(TABLE, encoding="utf-8")

    page.get_by_role("tab", name=say("tab.questions")).click()
    expect(page.locator("h2")).to_have_text(say("tab.questions"))
    imports = page.locator("details.card").first
    if imports.get_attribute("open") is None:
        imports.locator("summary").first.click()
    page.locator("input[type=file]").set_input_files(str(table))
    page.locator("[name=name]").fill(name)
    page.locator("form[data-do='questions/import'] [name=collections]").check()
    page.get_by_role("button", name=say("questions.do_import")).click()
    expect(page.locator("h2")).to_have_text(name)
    expect(page.locator(".ev-item")).to_have_count(2)

    page.get_by_text(say("questions.generate_more"), exact=True).click()
    page.locator("form[data-do='questions/generate'] [name=count]").fill("1")
    page.get_by_role("button", name=say("questions.do_generate"), exact=True).click()
    page.get_by_role("link", name=say("questions.read_them")).click()
    expect(page.locator(".ev-item .q")).to_have_text([WRITTEN["question"]])
    page.get_by_role("button", name=say("questions.reject")).click()
    expect(page.locator(".ev-item")).to_have_count(0)
    visit.open(f"#questions?set={name}")

    page.get_by_role("link", name=say("questions.run")).click()
    page.locator("[name=backends][value=cloudy]").check()
    page.get_by_role("button", name=say("runs.start")).click()
    mine = page.locator(".ev-run").filter(has_text=name)
    expect(mine.locator(".tag").first).to_have_text(say("state.finished"))
    expect(mine).to_contain_text(say("runs.answers", n=4, all=4))
    mine.get_by_role("link", name=say("runs.results")).click()
    expect(page.locator(".ev-verdict")).to_be_visible()
    visit.drawn()

    visit.open(f"#results?run={RUN}&part=verdict")
    expect(page.locator(".plot[data-plot=tradeoff] .main-svg").first).to_be_visible()
    visit.open("#compare")
    own = page.get_by_label(say("compare.after")).locator("option").first.get_attribute("value")
    visit.open(f"#compare?before={own}&after={RUN}")
    expect(page.locator(".ev-empty h3")).to_have_text(say("compare.no_backend"))
    expect(page.get_by_label(say("compare.before"))).to_have_value(own or "")
    visit.open(f"#compare?before={BASE}&after={RUN}")
    expect(page.locator(".ev-flips a").first).to_be_visible()
    question = page.locator(".ev-flips a").first.inner_text()
    page.locator(".ev-flips a").first.click()
    expect(page.locator(".drill:not([hidden])")).to_have_count(1)
    expect(page.locator(".drill[open] .id")).to_have_text(question)
    expect(page.locator(".drill[open] .reply")).to_have_count(3)

    with page.expect_download() as download:
        visit.open(f"#report?runs={RUN}")
        page.get_by_role("link", name=say("report.html")).click()
    report = Path(download.value.path()).read_text(encoding="utf-8")
    assert f'<html lang="{say.language}">' in report and "default-src 'none'" in report


@pytest.mark.parametrize("visit", [("en", "phone")], indirect=True)
def test_every_tab_fits_and_runs_nothing_that_documents_or_models_wrote(visit: Visit) -> None:
    for tab in TABS:
        visit.open(f"#{tab}?run={RUN}&runs={RUN}")
        visit.drawn()
        assert visit.fits(), tab
    for part in ("search", "quality", "speed", "people", "cost", "questions", "origin"):
        visit.open(f"#results?run={RUN}&part={part}")
        visit.drawn()
        assert visit.fits(), part
    visit.open(f"#results?run={RUN}&part=questions&q=q-000")
    expect(visit.page.locator(".drill[open] .q")).to_have_text(HOSTILE)
    assert visit.page.locator("#ev-panel img, #ev-panel a[href^=javascript]").count() == 0
    assert visit.page.title() != "1"


def test_votes_by_keyboard(visit: Visit) -> None:
    page, say = visit.page, visit.say
    visit.open(f"#votes?run={RUN}")
    page.get_by_role("button", name=say("arena.prepare")).click()
    question = page.locator(".ev-pair h3")
    expect(question).to_be_visible()
    assert not set(page.locator("#ev-panel").inner_text().split()) & {"grande", "mediano", "pequeño"}
    progress = page.locator(".ev-progress progress")
    first = question.inner_text()
    page.keyboard.press("1")
    expect(progress).to_have_attribute("value", "1")
    page.keyboard.press("u")
    expect(progress).to_have_attribute("value", "0")
    expect(question).to_have_text(first)
    for key in ("2", "0", "x"):
        pair = page.locator("[name=pair]").get_attribute("value") or ""
        page.keyboard.press(key)
        expect(page.locator("[name=pair]")).not_to_have_attribute("value", pair)
    page.keyboard.press("e")
    expect(page.locator(".ev-pair details.evidence")).to_have_attribute("open", "")
    visit.open(f"#votes?run={RUN}&view=results")
    visit.drawn()
    expect(page.locator(".ev-table tbody tr")).to_contain_text("eva")


def test_marks_by_keyboard(visit: Visit, midas: Midas) -> None:
    page = visit.page
    visit.open(f"#marks?run={RUN}")
    assert not set(page.locator("#ev-panel").inner_text().split()) & {"grande", "mediano", "pequeño"}
    for key in ("4", "5", "3"):
        page.keyboard.press(key)
    page.keyboard.press("Enter")
    expect(page.locator(".ev-progress progress")).to_have_attribute("value", "1")
    expect(page.locator(".ev-count")).to_contain_text("2")
    scores = [score for score in open_run(midas.home, RUN).scores() if score.scorer == "human:eva"]
    assert {score.metric: score.value for score in scores} == {
        "human_precision": 4.0, "human_clarity": 5.0, "human_completeness": 3.0,
    }  # fmt: skip


def test_figures_are_tried_and_a_wrong_one_is_told(visit: Visit) -> None:
    page = visit.page
    visit.open(f"#cost?run={RUN}")
    volume = page.locator('[name="f.assumptions.answers_per_month"]')
    volume.fill("40.000")
    volume.press("Enter")
    expect(page.locator(".ev-notice.accent")).to_contain_text("1")
    assert "answers_per_month=40.000" in page.url and "electricity" not in page.url
    expect(page.locator(".report").first).to_contain_text("40.000 respuestas al mes")
    page.locator('[name="f.assumptions.pue"]').evaluate("field => { field.value = 'mucho' }")
    volume = page.locator('[name="f.assumptions.answers_per_month"]')
    volume.press("Enter")
    expect(page.get_by_role("alert")).to_contain_text("«mucho»")


def test_a_set_is_only_deleted_by_who_says_yes_and_tabs_are_walked_by_arrow(visit: Visit) -> None:
    page, say = visit.page, visit.say
    visit.open("#questions?set=coding.es")
    expect(page.locator(".ev-item")).to_have_count(10)
    page.get_by_text(say("questions.copy"), exact=True).first.click()
    page.locator("[name=to]").fill("mi-copia")
    page.locator("[name=to]").press("Enter")
    expect(page.locator("h2")).to_have_text("mi-copia")
    remove = page.locator("form[data-do='questions/delete_set'] button")
    remove.click()
    page.locator("#ev-dialog").get_by_role("button", name=say("cancel")).click()
    expect(page.locator("h2")).to_have_text("mi-copia")
    remove.click()
    page.locator("#ev-dialog").get_by_role("button", name=say("delete")).click()
    expect(page.locator("h2")).to_have_text(say("tab.questions"))
    page.get_by_role("tab", name=say("tab.questions")).focus()
    page.keyboard.press("ArrowRight")
    expect(page.get_by_role("tab", name=say("tab.runs"))).to_be_focused()
    expect(page.locator("h2")).to_have_text(say("tab.runs"))


# Texts


def fields(text: str) -> set[str]:
    return set(re.findall(r"\{(\w+)\}", text))


def test_both_languages_have_every_text_with_the_same_fields() -> None:
    for key, (spanish, english) in TEXTS.items():
        assert spanish and english and fields(spanish) == fields(english), key


def test_every_text_that_is_asked_for_is_there() -> None:
    sources = [path.read_text(encoding="utf-8") for path in (*(PAGE / "evaluate").glob("*.py"), PAGE / "evaluate_page.py")]
    asked = {key for source in sources for key in re.findall(r"""(?:say|texts)\(["']([\w.]+)["']""", source)}
    assert len(asked) > 150 and asked <= TEXTS.keys()
