"""An office that works with Midas: a server where people sign in, documents, people of each role, a browser for the pages."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from tests.browser import PATIENCE_MS
from tests.fake_openai import FakeOpenAI
from tests.people import add_person, signed_in_browser
from tests.serving import Midas, Server, make_midas, write_documents
from ui.person import Role

PASSWORD = "Una-frase-para-entrar-7-veces"
PEOPLE: dict[str, tuple[Role, tuple[str, ...]]] = {
    "rosa": ("admin", ()),
    "ana": ("employee", ("ventas",)),
    "eva": ("evaluator", ("ventas",)),
}
SIZES = {"desktop": (1280, 850), "phone": (375, 740)}
LOCALES = {"es": "es-ES", "en": "en-GB"}


@dataclass
class Office:
    """A running server, its data directory, and what it printed."""

    midas: Midas
    server: Server
    fake: FakeOpenAI
    log: Path

    @property
    def url(self) -> str:
        return self.server.url

    @property
    def home(self) -> Path:
        return self.midas.home


@contextmanager
def office(folder: Path, fake: FakeOpenAI, more: str = "") -> Iterator[Office]:
    """The collection `empresa` is for the group `ventas`."""
    midas = make_midas(folder / "home", fake, more)
    midas.run("ingest", str(write_documents(folder / "documents")), "--collection", "empresa")
    for name, (role, groups) in PEOPLE.items():
        add_person(midas.home, name, role, groups, PASSWORD)
    midas.run("collections", "share", "empresa", "ventas")
    log = folder / "server.log"
    with midas.serving(log=log) as server:
        yield Office(midas, server, fake, log)


class Visit:
    """A page in a browser, and what went wrong or elsewhere meanwhile."""

    def __init__(self, page: Any, url: str, language: str) -> None:
        self.page, self.url, self.language = page, url, language
        self.problems: list[str] = []
        page.set_default_timeout(PATIENCE_MS)
        page.on("request", lambda request: self._request(request.url))
        page.on("pageerror", lambda error: self.problems.append(f"error: {error}"))
        page.on("dialog", self._dialog)

    def _request(self, address: str) -> None:
        here = ("127.0.0.1", "localhost", None)
        if not address.startswith(("data:", "blob:")) and urlsplit(address).hostname not in here:
            self.problems.append(f"request: {address}")

    def _dialog(self, dialog: Any) -> None:
        self.problems.append(f"dialog: {dialog.message}")
        dialog.dismiss()

    def open(self, area: str) -> None:
        """One of the three areas, when what it begins with is there."""
        self.page.goto(f"{self.url}/{self.language}/{area}/")
        begun = {"chat": ".welcome, .turn", "manage": "#manage [role=tab]", "evaluate": "#evaluate [role=tab]"}[area]
        self.page.locator(begun).first.wait_for()

    @property
    def tabs(self) -> list[str]:
        """The names of the area's tabs."""
        return [str(tab.get_attribute("id")).removeprefix("tab-") for tab in self.page.locator("[role=tab][id^=tab-]").all()]

    def tab(self, name: str) -> None:
        """A tab of the area, when nothing is on its way any more."""
        self.page.locator(f"#tab-{name}").click()
        self.settle()

    def settle(self) -> None:
        self.page.wait_for_function("document.readyState === 'complete'")
        self.page.wait_for_timeout(50)
        self.page.wait_for_function("!document.querySelector('#manage [aria-busy=true], #evaluate [aria-busy=true]')")

    def ask(self, question: str) -> Any:
        """The turn of the answer, when it is whole."""
        before = self.page.locator(".turn").count()
        self.page.locator("#question").fill(question)
        self.page.keyboard.press("Enter")
        turn = self.page.locator(".turn").nth(before)
        turn.and_(self.page.locator("[data-state=done]")).wait_for()
        return turn

    @property
    def too_wide(self) -> bool:
        """Whether one must scroll sideways."""
        return bool(self.page.evaluate("document.documentElement.scrollWidth > window.innerWidth"))


@contextmanager
def visiting(
    browser: Any, office: Office, name: str | None, language: str = "es", size: str = "desktop", *, dark: bool = False
) -> Iterator[Visit]:
    """A person (None: nobody) with a browser of their own. In the end nothing may have gone wrong, nor left the machine."""
    width, height = SIZES[size]
    context = browser.new_context(
        locale=LOCALES[language],
        viewport={"width": width, "height": height},
        color_scheme="dark" if dark else "light",
        reduced_motion="reduce",
    )
    if name:
        signed_in_browser(context, office.url, office.home, name)
    visit = Visit(context.new_page(), office.url, language)
    yield visit
    context.close()
    assert visit.problems == []
