"""The chat in a real browser, served by a real `midas serve`."""

from __future__ import annotations

import re
import shutil
import socket
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import pytest

playwright = pytest.importorskip("playwright.sync_api", reason="playwright is not installed")

from playwright.sync_api import Browser, BrowserContext, Locator, Page, expect  # noqa: E402

from assistant.errors import CollectionIsPrivate  # noqa: E402
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
from ui.web.chat_texts import ENGLISH, SPANISH, ChatTexts  # noqa: E402
from ui.web.spanish import spanish  # noqa: E402

SIZES = {"desktop": (1280, 800), "phone": (375, 740)}
UNANSWERABLE = "¿Quién ganó la final de waterpolo de Montevideo?"


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
    midas.run("collections", "describe", "empresa", "Normas internas: pregunte en Recursos Humanos.")
    shutil.copytree(midas.home, folder / "spare")
    return midas


@pytest.fixture(scope="module")
def server(midas: Midas) -> Iterator[Server]:
    with midas.serving() as server:
        yield server


class Visit:
    """A page that was opened, and what went wrong or elsewhere meanwhile."""

    def __init__(self, page: Page, url: str) -> None:
        self.page = page
        self.url = url
        self.requests: list[str] = []
        self.problems: list[str] = []
        page.on("request", lambda request: self.requests.append(request.url))
        page.on("pageerror", lambda error: self.problems.append(str(error)))
        page.on("dialog", lambda dialog: (self.problems.append(dialog.message), dialog.dismiss()))
        page.goto(url)
        expect(page.locator(".welcome, .turn").first).to_be_visible()

    def ask(self, question: str) -> None:
        self.page.locator("#question").fill(question)
        self.page.keyboard.press("Enter")

    def answered(self, question: str) -> Locator:
        """Asks, and waits until it is answered."""
        before = self.page.locator(".turn").count()
        self.ask(question)
        expect(self.page.locator(".turn:not([data-state=writing])")).to_have_count(before + 1)
        return self.page.locator(".turn").last

    @property
    def foreign(self) -> list[str]:
        """Requests that left the machine."""
        here = ("127.0.0.1", "localhost", None)
        return [url for url in self.requests if not url.startswith(("data:", "blob:")) and urlsplit(url).hostname not in here]

    @property
    def too_wide(self) -> bool:
        assert self.page.viewport_size
        return bool(self.page.evaluate("document.documentElement.scrollWidth") > self.page.viewport_size["width"])


def opened(browser: Browser, locale: str, size: str) -> BrowserContext:
    width, height = SIZES[size]
    context = browser.new_context(locale=locale, viewport={"width": width, "height": height})
    context.set_default_timeout(60_000)
    return context


@pytest.fixture
def visit(browser: Browser, server: Server, fake: FakeOpenAI, request: pytest.FixtureRequest) -> Iterator[Visit]:
    """Parameter: (locale, size)."""
    locale, size = getattr(request, "param", ("es-ES", "desktop"))
    fake.token_s, fake.error = 0.0, None
    context = opened(browser, locale, size)
    seen = Visit(context.new_page(), server.url)
    yield seen
    context.close()
    assert seen.foreign == []
    assert seen.problems == []


CASES = [
    pytest.param(("es-ES", "desktop"), (SPANISH, QUESTION_ES, ANSWER_ES), id="es-desktop"),
    pytest.param(("en-GB", "phone"), (ENGLISH, QUESTION_EN, ANSWER_EN), id="en-phone"),
]


@pytest.mark.parametrize(("visit", "told"), CASES, indirect=["visit"])
def test_a_question_streams_and_its_citation_opens_the_source(
    visit: Visit, told: tuple[ChatTexts, str, str], fake: FakeOpenAI
) -> None:
    texts, question, answer = told
    page = visit.page
    expect(page.locator(".welcome h2")).to_have_text(texts.welcome)
    expect(page.locator("html")).to_have_attribute("lang", "es" if texts is SPANISH else "en")

    fake.token_s = 2
    visit.ask(question)
    writing = page.locator(".turn[data-state=writing]")
    expect(writing.locator(".question")).to_contain_text(question)
    expect(writing.locator(".text")).to_contain_text(answer.split()[0])
    assert answer.split()[-2] not in writing.locator(".text").inner_text()
    expect(page.locator("#stop")).to_be_visible()
    fake.token_s = 0

    cite = page.locator(".cite")
    expect(cite).to_have_count(1)
    expect(page.locator(".turn")).to_have_count(1)
    expect(page.locator(".turn .text")).to_contain_text(answer.removesuffix(" [1]."))
    cite.focus()
    expect(page.locator("#preview")).to_contain_text("25 días laborables" if texts is SPANISH else "within 4 hours")
    page.keyboard.press("Enter")
    passage = page.locator("#panel .passage")
    expect(passage.locator("header")).to_contain_text("vacaciones.txt" if texts is SPANISH else "laptops.md")
    expect(passage.locator(".original")).to_have_attribute("href", re.compile(r"/v1/collections/empresa/documents/.+/original"))
    expect(passage.locator("mark").first).to_contain_text("25 días laborables" if texts is SPANISH else "within 4 hours")
    expect(passage.locator("mark").first).to_be_in_viewport()
    assert not visit.too_wide

    page.keyboard.press("Escape")
    expect(passage).to_have_count(0)
    expect(cite).to_be_focused()


def test_a_passage_is_shown_as_text_never_run(visit: Visit) -> None:
    turn = visit.answered("¿Cuándo se pierden las vacaciones no disfrutadas antes del 31 de marzo?")
    turn.locator(".source").first.click()
    shown = visit.page.locator("#panel .passage")
    expect(shown).to_contain_text("${alert(1)}")
    expect(shown).to_contain_text("<img src=x onerror=")
    assert visit.page.locator("#thread img, #panel img").count() == 0


def test_stop_keeps_what_was_written_and_the_question_can_be_asked_again(visit: Visit, fake: FakeOpenAI) -> None:
    page, before = visit.page, fake.disconnects
    fake.token_s = 0.4
    visit.ask(QUESTION_ES)
    expect(page.locator(".turn .text")).to_contain_text("Los")
    page.locator("#stop").click()
    expect(page.locator(".turn .notice")).to_have_text(SPANISH.stopped)
    expect(page.locator(".turn .text")).to_contain_text("Los")
    expect(page.locator("#send")).to_be_visible()
    for _ in range(200):
        if fake.disconnects > before:
            break
        page.wait_for_timeout(50)
    assert fake.disconnects == before + 1

    fake.token_s = 0
    page.get_by_role("button", name=SPANISH.ask_again).click()
    expect(page.locator(".turn .cite")).to_have_count(1)
    expect(page.locator(".turn")).to_have_count(1)


def test_an_answer_is_written_on_while_nobody_looks(visit: Visit, fake: FakeOpenAI) -> None:
    """A new conversation begins meanwhile, and the page is loaded anew."""
    page = visit.page
    fake.token_s = 0.4
    visit.ask(QUESTION_ES)
    expect(page.locator(".turn .text")).to_contain_text("Los")
    page.locator("#new").click()
    expect(page.locator(".welcome")).to_be_visible()
    expect(page.locator(".turn")).to_have_count(0)
    expect(page.locator("#send")).to_be_visible()
    page.locator("#list a").first.click()
    expect(page.locator(".turn[data-state=writing] .text")).to_contain_text("Los")
    expect(page.locator("#stop")).to_be_visible()
    page.reload()
    expect(page.locator(".turn[data-state=writing] .text")).to_contain_text("Los")
    fake.token_s = 0
    expect(page.locator(".turn .cite")).to_have_count(1)
    assert page.locator(".turn").count() == 1


def test_what_is_typed_while_an_answer_is_written_stays(visit: Visit, fake: FakeOpenAI) -> None:
    page = visit.page
    fake.token_s = 0.2
    visit.ask(QUESTION_ES)
    expect(page.locator(".turn .text")).to_contain_text("Los")
    page.locator("#question").fill("¿Y en Francia?")
    page.keyboard.press("Enter")
    expect(page.locator(".turn .cite")).to_have_count(1)
    expect(page.locator("#question")).to_have_value("¿Y en Francia?")
    assert page.locator(".turn").count() == 1

    too_long = "¿Y en Francia? " * 400
    page.locator("#question").fill(too_long)
    page.keyboard.press("Enter")
    expect(page.locator("#question")).to_have_js_property("validity.customError", True)
    expect(page.locator("#question")).to_have_value(too_long)
    assert page.locator(".turn").count() == 1


def test_a_title_that_is_being_typed_waits_for_no_answer(visit: Visit, fake: FakeOpenAI) -> None:
    page = visit.page
    fake.token_s = 0.4
    visit.ask(QUESTION_ES)
    here = page.locator("#list li.here")
    here.hover()
    here.locator(".tool").click()
    page.locator(".popup").get_by_text(SPANISH.rename).click()
    page.locator("#list input").fill("Mis va")
    fake.token_s = 0
    with page.expect_response(re.compile("/v1/conversations")):
        expect(page.locator(".turn .cite")).to_have_count(1)
    page.keyboard.type("caciones")
    page.keyboard.press("Enter")
    expect(here).to_have_text("Mis vacaciones")
    expect(here.locator(".tool")).to_be_focused()


def test_a_failing_model_is_told_and_the_next_question_is_answered(visit: Visit, fake: FakeOpenAI) -> None:
    fake.error = (500, "out of memory")
    expect(visit.answered(QUESTION_ES).locator(".notice")).to_contain_text("out of memory")
    fake.error = None
    expect(visit.answered(QUESTION_ES).locator(".cite")).to_have_count(1)


def test_why_a_sentence_is_doubted_stays_told_when_the_mouse_goes_elsewhere(visit: Visit, fake: FakeOpenAI) -> None:
    """A tap tells the same way: the browser then moves the mouse back to where it was."""
    page = visit.page
    fake.reply = lambda messages: f"{ANSWER_ES} Además, cobran 99.999 euros."
    try:
        turn = visit.answered(QUESTION_ES)
    finally:
        fake.reply = scripted
    turn.locator(".doubt").click()
    page.locator("#question").hover()
    expect(page.locator("#preview")).to_be_visible()
    expect(page.locator("#preview")).to_contain_text("las fuentes no contienen 99.999")
    page.locator("#question").click()
    expect(page.locator("#preview")).to_be_hidden()


def test_what_is_not_in_the_documents_is_declined_with_leads(visit: Visit) -> None:
    turn = visit.answered(UNANSWERABLE)
    expect(turn.locator(".sources summary")).to_contain_text(SPANISH.nearest)
    expect(turn.locator(".owners")).to_contain_text("pregunte en Recursos Humanos")
    expect(turn.locator(".made")).to_contain_text(SPANISH.no_model)
    turn.locator(".source").first.click()
    expect(visit.page.locator("#panel .passage .original")).to_be_visible()


def test_the_other_language_shows_the_same_conversation_and_is_remembered(visit: Visit, server: Server) -> None:
    page = visit.page
    visit.answered(QUESTION_ES)
    page.get_by_role("link", name="English").click()
    expect(page.locator(".sources summary").first).to_contain_text(ENGLISH.cited)
    expect(page.locator(".question")).to_contain_text(QUESTION_ES)
    page.goto(server.url)
    expect(page.locator(".welcome h2")).to_have_text(ENGLISH.welcome)


def test_a_question_is_corrected_in_its_place(visit: Visit) -> None:
    page = visit.page
    visit.answered(UNANSWERABLE)
    page.locator(".asked").hover()
    page.get_by_role("button", name=SPANISH.edit).click()
    page.locator(".edit textarea").fill(QUESTION_ES)
    page.keyboard.press("Enter")
    expect(page.locator(".turn .cite")).to_have_count(1)
    page.reload()
    expect(page.locator(".question")).to_have_count(1)
    expect(page.locator(".question")).to_contain_text(QUESTION_ES)

    [here] = parse_qs(urlsplit(page.url).query)["c"]
    assert page.request.delete(f"{visit.url}/v1/conversations/{here}").ok
    visit.ask(QUESTION_EN)
    expect(page.locator("#thread")).to_contain_text("Esta conversación no existe")
    expect(page.locator("#question")).to_have_value(QUESTION_EN)


def test_conversations_are_searched_renamed_exported_and_deleted(visit: Visit) -> None:
    page = visit.page
    visit.answered(QUESTION_ES)
    here = page.locator("#list li.here")

    def choose(name: str) -> None:
        here.hover()
        here.locator(".tool").click()
        page.locator(".popup").get_by_text(name).click()

    choose(SPANISH.rename)
    page.locator("#list input").fill("Vacaciones <b>2026</b>")
    page.keyboard.press("Enter")
    expect(here).to_have_text("Vacaciones <b>2026</b>")
    expect(page).to_have_title("Vacaciones <b>2026</b> · Midas")
    with page.expect_download() as loading:
        choose(SPANISH.export_markdown)
    assert QUESTION_ES in Path(loading.value.path()).read_text(encoding="utf-8")

    page.locator("#search").fill("laborables zzz")
    expect(page.locator("#list .empty")).to_have_text(SPANISH.none_found)
    page.locator("#search").fill("laborables empleados")
    expect(here.locator("small")).to_contain_text("laborables")
    choose(SPANISH.delete)
    page.locator("#delete-dialog .quiet").click()
    expect(here).to_have_count(1)
    choose(SPANISH.delete)
    page.locator("#delete-dialog .danger").click()
    expect(page.locator(".welcome")).to_be_visible()
    expect(here).to_have_count(0)
    assert "c=" not in page.url


def test_a_thumb_down_asks_for_the_reason_and_can_be_withdrawn(visit: Visit) -> None:
    page = visit.page
    turn = visit.answered(QUESTION_ES)
    thumb = turn.get_by_role("button", name=SPANISH.not_helpful)
    thumb.click()
    page.keyboard.press("Escape")
    expect(thumb).to_have_attribute("aria-pressed", "false")
    thumb.click()
    page.get_by_text(SPANISH.reasons["incomplete"]).click()
    page.get_by_label(SPANISH.comment).fill("Falta el plazo.")
    page.locator("#vote-dialog .primary").click()
    expect(thumb).to_have_attribute("aria-pressed", "true")
    page.reload()
    expect(thumb).to_have_attribute("aria-pressed", "true")
    thumb.click()
    expect(thumb).to_have_attribute("aria-pressed", "false")


def choose(page: Page, backend: str) -> None:
    page.locator("#models summary").click()
    page.locator("#models label").filter(has_text=backend).first.click()
    page.keyboard.press("Escape")


@pytest.mark.parametrize(
    ("visit", "texts"), [(("es-ES", "desktop"), SPANISH), (("en-GB", "phone"), ENGLISH)], indirect=["visit"]
)
def test_the_menu_says_where_each_model_is_and_the_answer_where_it_was_made(visit: Visit, texts: ChatTexts) -> None:
    page = visit.page
    expect(page.locator("#whereabouts")).to_have_text(texts.stays)
    page.locator("#models summary").click()
    expect(page.locator("#models label")).to_contain_text([texts.local, texts.in_cloud, texts.local])
    expect(page.locator("#models label").first).to_contain_text(texts.default)
    page.keyboard.press("Escape")
    expect(visit.answered(QUESTION_ES).locator(".made .badge")).to_have_text(texts.local)
    choose(page, "cloudy")
    expect(page.locator("#whereabouts")).to_have_text(texts.leaves)
    expect(visit.answered(QUESTION_ES).locator(".made .badge.cloud")).to_have_text(texts.in_cloud)
    assert not visit.too_wide

    page.reload()
    expect(page.locator(".turn")).to_have_count(2)
    expect(page.locator("#whereabouts")).to_have_text(texts.leaves)
    expect(visit.answered(QUESTION_ES).locator(".made .badge.cloud")).to_have_text(texts.in_cloud)


def test_a_fallback_is_announced_and_takes_the_place_of_what_broke_off(visit: Visit, shaky: FakeServer) -> None:
    page = visit.page
    shaky.script = Script(pieces=lambda messages: ["Los ", "empleados ", "ganan ", "poco "], token_s=0.5, cut_after=4)
    choose(page, "shaky")
    visit.ask(QUESTION_ES)
    expect(page.locator(".turn .text")).to_contain_text("ganan")
    notice = page.locator(".turn .notice:visible")
    expect(notice).to_have_text("La respuesta de «shaky» se interrumpió; en su lugar responde «scripted».")
    expect(page.locator(".turn .text")).to_contain_text(ANSWER_ES.removesuffix(" [1]."))
    expect(page.locator(".turn .text")).not_to_contain_text("ganan")
    expect(page.locator(".turn .made")).to_contain_text("scripted")


def test_a_private_collection_is_marked_and_kept_from_the_cloud(visit: Visit, midas: Midas) -> None:
    page = visit.page
    midas.run("collections", "private", "empresa", "on")
    try:
        page.reload()
        page.locator("#collections summary").click()
        expect(page.locator("#collections label").first).to_contain_text(SPANISH.private)
        page.keyboard.press("Escape")
        choose(page, "cloudy")
        refused = spanish(CollectionIsPrivate("empresa", "cloudy").message)
        expect(visit.answered(QUESTION_ES).locator(".notice")).to_contain_text(refused)
    finally:
        midas.run("collections", "private", "empresa", "off")


def test_two_tabs_of_one_person_talk_apart(visit: Visit, fake: FakeOpenAI) -> None:
    fake.token_s = 0.1
    other = Visit(visit.page.context.new_page(), visit.url)
    visit.ask(QUESTION_ES)
    other.ask(QUESTION_EN)
    for tab, question, answer in ((visit, QUESTION_ES, ANSWER_ES), (other, QUESTION_EN, ANSWER_EN)):
        expect(tab.page.locator(".turn .cite")).to_have_count(1)
        expect(tab.page.locator(".question")).to_contain_text(question)
        expect(tab.page.locator(".turn .text")).to_contain_text(answer.removesuffix(" [1]."))
        assert tab.page.locator(".turn").count() == 1
    assert visit.page.url != other.page.url
    assert other.problems == []

    conversation = visit.page.url.partition("c=")[2]
    visit.page.request.delete(f"{visit.url}/v1/conversations/{conversation}", headers={"Origin": visit.url})
    visit.ask("¿Y después?")
    expect(visit.page.locator("#thread .notice")).to_have_text(SPANISH.not_here)
    expect(visit.page.locator("#question")).to_have_value("¿Y después?")
    visit.page.keyboard.press("Enter")
    expect(visit.page.locator(".turn:not([data-state=writing]) .question")).to_contain_text("¿Y después?")


def test_a_page_that_lost_its_server_says_so_and_goes_on(browser: Browser, midas: Midas, fake: FakeOpenAI) -> None:
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = str(free.getsockname()[1])
    spare = make_midas(midas.home.with_name("spare"), fake)
    context = opened(browser, "es-ES", "desktop")
    fake.token_s, fake.error = 0.4, None
    with spare.serving("--port", port) as server:
        visit = Visit(context.new_page(), server.url)
        visit.ask(QUESTION_ES)
        expect(visit.page.locator(".turn .text")).to_contain_text("Los")
        server.process.kill()
        expect(visit.page.locator("#trouble")).to_have_text(SPANISH.lost)
        visit.page.locator("#question").fill("¿Y ahora?")
    fake.token_s = 0
    with spare.serving("--port", port):
        expect(visit.page.locator("#trouble.good")).to_have_text(SPANISH.back)
        expect(visit.page.locator(".turn .notice").filter(visible=True)).to_have_text(SPANISH.stopped)
        expect(visit.page.locator("#question")).to_have_value("¿Y ahora?")
        visit.page.get_by_role("button", name=SPANISH.ask_again).click()
        expect(visit.page.locator(".turn .cite")).to_have_count(1)
        assert visit.page.locator(".turn").count() == 1
    context.close()
