"""The page in a real browser, served by a real `midas serve`."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from urllib.parse import urlsplit

import pytest

playwright = pytest.importorskip("playwright.sync_api", reason="playwright is not installed")

from playwright.sync_api import Browser, Page, expect  # noqa: E402

from assistant.types import Answer, Citation, Message, Source, StatusEvent, TokenEvent  # noqa: E402
from tests.fake_openai import FakeOpenAI, running  # noqa: E402
from tests.fake_servers.llama_server import LlamaServer  # noqa: E402
from tests.fake_servers.script import Script  # noqa: E402
from tests.fake_servers.server import FakeServer  # noqa: E402
from tests.fake_servers.server import running as serving  # noqa: E402
from tests.fake_servers.wire import MODEL  # noqa: E402
from tests.serving import (  # noqa: E402
    ANSWER_EN,
    ANSWER_ES,
    QUESTION_EN,
    QUESTION_ES,
    Midas,
    Server,
    make_midas,
    scripted,
    write_documents,
)
from ui.web.chat import after, history  # noqa: E402
from ui.web.render import Turn, markdown, passage_html, turn_html  # noqa: E402
from ui.web.texts import ENGLISH, SPANISH, TEXTS, Texts  # noqa: E402

CHROMIUM = next((path for name in ("chromium", "chromium-browser", "google-chrome") if (path := shutil.which(name))), None)
FLAGS = [
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]

SIZES = {"desktop": (1280, 800), "phone": (375, 740)}


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    if CHROMIUM is None:
        pytest.skip("no Chromium on this machine: the page is not tested in a browser")
    with playwright.sync_playwright() as driver:
        browser = driver.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        yield browser
        browser.close()


@pytest.fixture(scope="module")
def fake() -> Iterator[FakeOpenAI]:
    with running(FakeOpenAI(reply=scripted)) as fake:
        yield fake


@pytest.fixture(scope="module")
def shaky() -> Iterator[FakeServer]:
    """The server of the back end `shaky`, which falls back to the scripted one."""
    with serving(FakeServer(LlamaServer())) as server:
        yield server


@pytest.fixture(scope="module")
def midas(fake: FakeOpenAI, shaky: FakeServer, tmp_path_factory: pytest.TempPathFactory) -> Midas:
    folder = tmp_path_factory.mktemp("page")
    section = f'kind = "openai-compatible"\nmodel = "{MODEL}"\nbase_url = "{shaky.base_url}"\nfallback = ["scripted"]\n'
    midas = make_midas(folder / "home", fake, f"[backends.shaky]\n{section}")
    midas.run("ingest", str(write_documents(folder / "documents")), "--collection", "empresa")
    return midas


@pytest.fixture(scope="module")
def server(midas: Midas) -> Iterator[Server]:
    with midas.serving() as server:
        yield server


class Visit:
    """A page that was opened, and what went wrong or elsewhere meanwhile."""

    def __init__(self, page: Page, url: str) -> None:
        self.page = page
        self.requests: list[str] = []
        self.problems: list[str] = []
        page.on("request", lambda request: self.requests.append(request.url))
        page.on("pageerror", lambda error: self.problems.append(str(error)))
        page.on("dialog", lambda dialog: (self.problems.append(dialog.message), dialog.dismiss()))
        page.goto(url)
        expect(page.locator("#question textarea")).to_be_visible()

    def ask(self, question: str) -> None:
        self.page.locator("#question textarea").fill(question)
        self.page.keyboard.press("Enter")

    @property
    def foreign(self) -> list[str]:
        """Requests that left the machine."""
        here = ("127.0.0.1", "localhost", None)
        return [url for url in self.requests if not url.startswith(("data:", "blob:")) and urlsplit(url).hostname not in here]


@pytest.fixture
def visit(browser: Browser, server: Server, fake: FakeOpenAI, request: pytest.FixtureRequest) -> Iterator[Visit]:
    """Parameter: (locale, size)."""
    locale, size = getattr(request, "param", ("es-ES", "desktop"))
    width, height = SIZES[size]
    fake.token_s = 0.0
    context = browser.new_context(locale=locale, viewport={"width": width, "height": height})
    context.set_default_timeout(60_000)
    expect.set_options(timeout=60_000)
    seen = Visit(context.new_page(), server.url)
    yield seen
    context.close()
    assert seen.foreign == []
    assert seen.problems == []


CASES = [
    pytest.param((locale, size), (texts, question, answer), id=f"{locale[:2]}-{size}")
    for locale, texts, question, answer in (
        ("es-ES", SPANISH, QUESTION_ES, ANSWER_ES),
        ("en-GB", ENGLISH, QUESTION_EN, ANSWER_EN),
    )
    for size in SIZES
]


@pytest.mark.parametrize(("visit", "told"), CASES, indirect=["visit"])
def test_a_question_streams_and_its_citation_opens_the_passage(
    visit: Visit, told: tuple[object, str, str], fake: FakeOpenAI
) -> None:
    texts, question, answer = told
    page = visit.page
    expect(page.locator("#past h2")).to_have_text(texts.welcome)  # type: ignore[attr-defined]
    expect(page.locator("#past h2")).to_be_visible()
    expect(page.locator("html")).to_have_attribute("lang", "es" if texts is SPANISH else "en")

    fake.token_s = 0.25
    visit.ask(question)
    expect(page.locator("#live .asked")).to_contain_text(question)
    expect(page.locator("#live .text")).to_contain_text(answer.split()[0])
    assert answer.split()[-2] not in page.locator("#live .text").inner_text()

    cite = page.locator("#past .cite")
    expect(cite).to_have_count(1)
    expect(page.locator("#live .turn")).to_have_count(0)
    expect(page.locator("#past .text")).to_contain_text(answer.removesuffix(" [1]."))
    cite.focus()
    page.keyboard.press("Enter")
    passage = page.locator("#panel .passage")
    expect(passage).to_be_visible()
    expect(passage).to_be_in_viewport()
    expect(passage.locator("header")).to_contain_text("vacaciones.txt" if texts is SPANISH else "laptops.md")
    expect(passage.locator("mark").first).to_contain_text("25 días laborables" if texts is SPANISH else "within 4 hours")
    assert page.evaluate("document.documentElement.scrollWidth") <= page.viewport_size["width"]  # type: ignore[index]

    page.locator("#panel .panel-close").click()
    expect(passage).to_have_count(0)


def test_a_passage_is_shown_as_text_never_run(visit: Visit) -> None:
    page = visit.page
    visit.ask("¿Cuándo se pierden las vacaciones no disfrutadas antes del 31 de marzo?")
    expect(page.locator("#past .turn")).to_have_count(1)
    card = page.locator('#past .passage:has-text("${alert(1)}")')
    expect(card).to_have_count(1)
    assert "<img src=x onerror=" in card.inner_text() or "<img src=x onerror=" in (card.text_content() or "")
    assert page.locator("#past img, #panel img").count() == 0


def test_stop_keeps_what_was_written_and_stops_the_model(visit: Visit, fake: FakeOpenAI) -> None:
    page, before = visit.page, fake.disconnects
    fake.token_s = 0.4
    visit.ask(QUESTION_ES)
    expect(page.locator("#live .text")).to_contain_text("Los")
    page.locator("#stop").click()
    expect(page.locator("#past .notice")).to_have_text(SPANISH.stopped)
    expect(page.locator("#past .text")).to_contain_text("Los")
    expect(page.locator("#send")).to_be_visible()
    page.wait_for_function("() => !document.querySelector('#live .turn')")
    for _ in range(200):
        if fake.disconnects > before:
            break
        page.wait_for_timeout(50)
    assert fake.disconnects == before + 1


def test_a_new_conversation_ends_the_answer_that_is_written(visit: Visit, fake: FakeOpenAI) -> None:
    page = visit.page
    fake.token_s = 0.4
    visit.ask(QUESTION_ES)
    expect(page.locator("#live .text")).to_contain_text("Los")
    page.locator("#clear").click()
    expect(page.locator("#past .welcome")).to_be_visible()
    expect(page.locator("#live .turn")).to_have_count(0)
    fake.token_s = 0
    visit.ask(QUESTION_ES)
    expect(page.locator("#past .cite")).to_have_count(1)


def test_a_failing_model_is_told_and_the_next_question_is_answered(visit: Visit, fake: FakeOpenAI) -> None:
    page = visit.page
    fake.error = (500, "out of memory")
    visit.ask(QUESTION_ES)
    expect(page.locator("#past .notice")).to_contain_text("out of memory")
    fake.error = None
    visit.ask(QUESTION_ES)
    expect(page.locator("#past .cite")).to_have_count(1)


def test_what_is_not_in_the_documents_is_declined(visit: Visit) -> None:
    page = visit.page
    visit.ask("¿Quién ganó la final de waterpolo de Montevideo?")
    expect(page.locator("#past .sources summary").first).to_contain_text(SPANISH.nearest)
    page.locator("#past .source").first.click()
    expect(page.locator("#panel .passage")).to_be_visible()


def test_the_language_can_be_changed_and_is_remembered(visit: Visit, server: Server) -> None:
    page = visit.page
    expect(page.locator("#send")).to_have_text(SPANISH.send)
    visit.ask(QUESTION_ES)
    expect(page.locator("#past .cite")).to_have_count(1)
    page.locator("#language").get_by_text("English").click()
    expect(page.locator("#send")).to_have_text(ENGLISH.send)
    expect(page.locator("#past .sources summary").first).to_contain_text(ENGLISH.cited)
    expect(page.get_by_role("tab", name=ENGLISH.documents_tab)).to_be_visible()
    page.goto(server.url)
    expect(page.locator("#past h2")).to_have_text(ENGLISH.welcome)


def test_files_are_added_with_a_result_each_and_can_be_asked_about(visit: Visit, midas: Midas, tmp_path: Path) -> None:
    page = visit.page
    good, bad = tmp_path / "añadido-teletrabajo.txt", tmp_path / "roto.pdf"
    good.write_text("El teletrabajo se permite tres días por semana con autorización del responsable.", encoding="utf-8")
    bad.write_bytes(b"%PDF-1.7\nbroken")
    page.get_by_role("tab", name=SPANISH.documents_tab).click()
    page.locator("#files input[type=file]").set_input_files([str(good), str(bad)])
    expect(page.locator("#files")).to_contain_text("roto .pdf")
    page.locator("#add").click()
    expect(page.locator("#result")).to_contain_text(SPANISH.no_collection)
    into = page.locator("#into input")
    into.fill("subidos")
    into.press("Enter")
    page.locator("#add").click()
    expect(page.locator("#result .results")).to_be_visible()
    rows = page.locator("#result .results tr")
    expect(rows).to_have_count(3)
    expect(rows.nth(1)).to_contain_text("añadido-teletrabajo.txt")
    expect(rows.nth(1)).to_contain_text(SPANISH.added)
    expect(rows.nth(2).locator(".bad")).not_to_be_empty()
    expect(page.locator("#collections-table")).to_contain_text("subidos")
    assert not [path for path in (midas.home / "uploads").rglob("*") if path.is_file() and path.stat().st_size]

    page.get_by_role("tab", name=SPANISH.chat_tab).click()
    page.locator("#collections input").click()
    page.get_by_role("option", name="subidos").click()
    visit.ask("¿Cuántos días por semana se permite el teletrabajo?")
    expect(page.locator("#past .source").first).to_contain_text("añadido-teletrabajo")


def choose(page: Page, backend: str) -> None:
    page.locator("#backend input").click()
    page.get_by_role("option").filter(has_text=f"{backend} ·").click()


@pytest.mark.parametrize(
    ("visit", "texts"), [(("es-ES", "desktop"), SPANISH), (("en-GB", "phone"), ENGLISH)], indirect=["visit"]
)
def test_the_menu_says_where_each_model_is_and_the_answer_where_it_was_made(visit: Visit, texts: Texts) -> None:
    page = visit.page
    expect(page.locator("#backend")).to_contain_text(texts.stays)
    page.locator("#backend input").click()
    options = page.get_by_role("option")
    expect(options).to_contain_text([f"scripted · ⌂ {texts.local} · scripted", f"cloudy · ☁ {texts.in_cloud} · scripted"])
    page.keyboard.press("Escape")
    visit.ask(QUESTION_ES)
    expect(page.locator("#past .made .badge.local")).to_have_text(texts.local)
    expect(page.locator("#past .made")).to_contain_text(texts.made_by.format(model="scripted", backend="scripted"))

    choose(page, "cloudy")
    expect(page.locator("#backend")).to_contain_text(texts.leaves)
    visit.ask(QUESTION_ES)
    expect(page.locator("#past .made .badge.cloud")).to_have_text(texts.in_cloud)
    visit.ask("¿Quién ganó la final de waterpolo de Montevideo?")
    expect(page.locator("#past .made").last).to_have_text(texts.no_model)

    page.locator("#language").get_by_text("English" if texts is SPANISH else "Español").click()
    other = ENGLISH if texts is SPANISH else SPANISH
    expect(page.locator("#backend")).to_contain_text(other.leaves)
    expect(page.locator("#past .made .badge.cloud")).to_have_text(other.in_cloud)
    assert page.evaluate("document.documentElement.scrollWidth") <= page.viewport_size["width"]  # type: ignore[index]


def test_a_fallback_is_announced_and_takes_the_place_of_what_broke_off(visit: Visit, shaky: FakeServer) -> None:
    page = visit.page
    shaky.script = Script(pieces=lambda messages: ["Los ", "empleados ", "ganan ", "poco "], token_s=1.0, cut_after=4)
    choose(page, "shaky")
    visit.ask(QUESTION_ES)
    expect(page.locator("#live .text")).to_contain_text("ganan")
    notice = page.locator("#past .notice")
    expect(notice).to_have_text("La respuesta de «shaky» se interrumpió; en su lugar responde «scripted».")
    expect(page.locator("#past .text")).to_contain_text(ANSWER_ES.removesuffix(" [1]."))
    expect(page.locator("#past .text")).not_to_contain_text("ganan")
    expect(page.locator("#past .made")).to_contain_text("scripted")


def test_a_private_collection_is_marked_and_kept_from_the_cloud(visit: Visit, midas: Midas) -> None:
    page = visit.page
    midas.run("collections", "private", "empresa", "on")
    try:
        page.reload()
        page.locator("#collections input").click()
        expect(page.get_by_role("option").first).to_contain_text(f"empresa ({SPANISH.private})")
        page.keyboard.press("Escape")
        choose(page, "cloudy")
        visit.ask(QUESTION_ES)
        refused = SPANISH.private_refused.format(collection="empresa", backend="cloudy")
        expect(page.locator("#past .notice")).to_contain_text(refused)
        page.get_by_role("tab", name=SPANISH.documents_tab).click()
        expect(page.locator("#collections-table .badge")).to_have_text(SPANISH.private)
    finally:
        midas.run("collections", "private", "empresa", "off")


# Rendering


def test_both_languages_have_every_text() -> None:
    for field in SPANISH.__slots__:
        spanish, english = getattr(TEXTS["es"], field), getattr(TEXTS["en"], field)
        assert spanish and english
        if isinstance(spanish, str):
            assert sorted(part.split("}")[0] for part in spanish.split("{")[1:]) == sorted(
                part.split("}")[0] for part in english.split("{")[1:]
            )


@pytest.mark.parametrize(
    "text",
    [
        "<script>alert(1)</script>",
        "![x](http://evil.example/x.png)",
        "[here](javascript:alert(1))",
        "<http://evil.example>",
        "[1]: http://evil.example\n\n[1]",
        '```"><img src=x>\ncode\n```',
        "&lt;b&gt; <b>",
        "<div>\nblock\n</div>",
    ],
)
def test_answers_cannot_bring_markup_links_or_images(text: str) -> None:
    html = markdown(text, {1: ('x"y', '"><img src=x>')})
    for forbidden in ("<script", "<img", "<a ", "href", 'src="', "<div", "<b>"):
        assert forbidden not in html.replace("&lt;", "").replace("&quot;", "")


def test_only_known_numbers_become_buttons() -> None:
    html = markdown("Uno [1] y dos [2].", {1: ("passage-0-1", "Fuente 1")})
    assert html.count("<button") == 1 and "[2]" in html


def test_a_quoted_table_row_is_marked() -> None:
    html = passage_html(
        "Dietas:\n\n| País | Dieta |\n|---|---|\n| España | 53 € |\n| Francia | 70 € |\n\nFin", ["| Francia | 70 € |"]
    )
    assert html.count('<tr class="marked">') == 1
    assert '<tr class="marked"><td>Francia</td><td>70 €</td></tr>' in html and "<th>País</th>" in html


def test_a_quote_is_marked_whatever_its_white_space() -> None:
    assert "<mark>dos\ntres</mark>" in passage_html("uno dos\ntres cuatro", ["dos  tres"])


def test_an_answer_that_is_not_grounded_or_from_a_cloud_says_so() -> None:
    source = Source(1, "c/d/1/0", "c", "d", "<d>.md", "<t>", 2, "page", ("H",), None, "x", "x", 0.5)
    answer = Answer("Sí [1].", "¿Sí?", "es", (Citation(1, 0, 7, "x", False),), (source,), cloud=True, backend="<b>")
    html = turn_html(Turn("¿Sí?", answer.text, answer), 0, SPANISH)
    assert f'<span class="badge cloud">{SPANISH.in_cloud}</span>' in html
    assert SPANISH.not_grounded in html and "&lt;b&gt;" in html and "página 2 · H" in html and "<d>" not in html


def test_the_history_names_collections_so_that_private_ones_stay_out_of_the_cloud() -> None:
    answered = Turn("¿Sí?", "Sí.", Answer("Sí.", "¿Sí?", "es", collections=("rrhh",)))
    failed = Turn("¿No?", error="No.")
    assert history([answered, failed]) == (Message("user", "¿Sí?", ("rrhh",)), Message("assistant", "Sí.", ("rrhh",)))


def test_a_draft_shows_why_another_model_begins_anew() -> None:
    broken = replace(Turn("¿Sí?", "Empieza así"), status=StatusEvent("writing"))
    turn = after(broken, StatusEvent("fallback", backend="dos", notice="<Se> interrumpió."))
    html = turn_html(turn, 0, SPANISH)
    assert "Empieza" not in html and "&lt;Se&gt; interrumpió." in html
    assert "Nuevo" in turn_html(after(turn, TokenEvent("Nuevo")), 0, SPANISH)
