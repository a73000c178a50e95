"""Whole days of an employee, an admin and an evaluator: sign-in, real pages in a real browser, a real server. Each in both
languages, on a desktop and on a phone."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Any

import pytest

playwright = pytest.importorskip("playwright.sync_api", reason="playwright is not installed")

from tests.fake_openai import FakeOpenAI, running  # noqa: E402
from tests.finished_runs import finished_run  # noqa: E402
from tests.office import PASSWORD, Office, Visit, office, visiting  # noqa: E402
from tests.serving import QUESTION_EN, QUESTION_ES, scripted  # noqa: E402
from ui.web.chat_texts import CHAT_TEXTS  # noqa: E402
from ui.web.evaluate_texts import EvaluateTexts  # noqa: E402
from ui.web.manage_texts import TEXTS as MANAGE_TEXTS  # noqa: E402

SECRET = "sk-a-key-that-nobody-may-see-73519"
PLACES = [("es", "desktop"), ("en", "phone"), ("es", "phone"), ("en", "desktop")]
RUNS = ("20261120-100000-viajes", "20261121-100000-viajes")
BACKEND = 'api_key_env = "OFFICE_KEY"\n'


@pytest.fixture(scope="module")
def at_work(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Office]:
    folder = tmp_path_factory.mktemp("days")
    with pytest.MonkeyPatch.context() as patch, running(FakeOpenAI(reply=scripted)) as fake:
        patch.setenv("OFFICE_KEY", SECRET)
        keyed = f'[backends.keyed]\nkind = "openai-compatible"\nmodel = "{fake.model}"\nbase_url = "{fake.url}"\n{BACKEND}'
        with office(folder, fake, keyed) as made:
            for run in RUNS:
                finished_run(made.home, {"grande": "Son **{}** días [1].", "chico": "No lo sé: {}."}, 4, id=run)
            yield made


def sign_in(visit: Visit, name: str, area: str) -> None:
    """By hand, after a wrong password; one comes to where one wanted to go."""
    page = visit.page
    page.goto(f"{visit.url}/{visit.language}/{area}/")
    for password in ("wrong-password", PASSWORD):
        page.locator("#name").fill(name)
        page.locator("#password").fill(password)
        page.keyboard.press("Enter")
        if password != PASSWORD:
            page.locator("#error").wait_for()
    page.wait_for_url(f"**/{visit.language}/{area}/**")


def manage(visit: Visit, tab: str, name: str, **values: object) -> str:
    """A text of the admins' page, as it is shown."""
    text = getattr(MANAGE_TEXTS[tab][name], visit.language)
    return str(text).format(**values) if values else str(text)


@pytest.mark.parametrize(("language", "size"), PLACES)
def test_an_employees_day(browser: Any, at_work: Office, language: str, size: str) -> None:
    texts = CHAT_TEXTS[language]
    with visiting(browser, at_work, None, language, size) as visit:
        page = visit.page
        sign_in(visit, "ana", "chat")
        page.locator(".welcome").wait_for()
        turn = visit.ask(QUESTION_ES if language == "es" else QUESTION_EN)
        turn.locator(".cite").first.click()
        assert page.locator("#panel .passage mark").first.inner_text()
        page.keyboard.press("Escape")
        turn.get_by_role("button", name=texts.helpful, exact=True).click()
        turn.locator("[data-do=up][aria-pressed=true]").wait_for()

        if size == "phone":
            page.locator("#show-side").click()
        here = page.locator("#list li.here")

        def choose(name: str) -> None:
            """The list may just be drawn anew, which closes its menu."""
            for _ in range(5):
                here.hover()
                here.locator(".tool").click()
                try:
                    return page.locator(".popup").get_by_text(name).click(timeout=5_000)
                except playwright.TimeoutError:
                    page.keyboard.press("Escape")
            raise AssertionError(f"the menu has no {name}")

        title = f"Mis vacaciones {language} {size}"
        choose(texts.rename)
        page.locator("#list input").fill(title)
        page.keyboard.press("Enter")
        here.filter(has_text=title).wait_for()
        page.locator("#search").fill(title)
        here.filter(has_text=title).wait_for()
        with page.expect_download() as loading:
            choose(texts.export_markdown)
        exported = Path(loading.value.path()).read_text(encoding="utf-8")
        assert title in exported and "[1]" in exported
        assert not visit.too_wide
        choose(texts.delete)
        page.locator("#delete-dialog .danger").click()
        here.wait_for(state="detached")
        for area in ("manage", "evaluate"):
            assert page.goto(f"{visit.url}/{language}/{area}/").status == 403


def mixed_files(folder: Path, of: str) -> list[Path]:
    """Twenty: good ones, a broken one, one twice, an empty one, one with a hostile name, one that only pretends."""
    folder.mkdir()
    for number in range(14):
        (folder / f"norma {number:02}.md").write_text(
            f"# Norma {number} de {of}\n\nEl plazo de la norma {number} es de {number + 3} días en {of}.\n"
        )
    (folder / "copia.md").write_bytes((folder / "norma 03.md").read_bytes())
    (folder / "tarifas.csv").write_text("Ciudad,Tarifa\nSoria,30 €\nLugo,40 €\n", encoding="utf-8")
    (folder / "roto.pdf").write_bytes(b"%PDF-1.7\nbroken")
    (folder / "vacío.txt").write_bytes(b"")
    (folder / "<img src=x onerror=hacked=1>.txt").write_text("El nombre de este archivo no es de fiar.")
    (folder / "programa.docx").write_bytes(b"MZ\x90\x00 no document")
    return sorted(folder.iterdir())


@pytest.mark.parametrize(("language", "size"), PLACES)
def test_an_admins_day(browser: Any, at_work: Office, tmp_path: Path, language: str, size: str) -> None:
    name = f"normas-{language}-{size}"
    files = mixed_files(tmp_path / "files", name)
    assert len(files) == 20
    with visiting(browser, at_work, None, language, size) as visit:
        page = visit.page
        told = partial(manage, visit)
        sign_in(visit, "rosa", "manage")
        visit.tab("collections")
        page.get_by_role("button", name=told("collections", "add")).click()
        dialog = page.locator("dialog[open]")
        dialog.get_by_label(told("collections", "name"), exact=True).fill(name)
        dialog.get_by_label(told("collections", "description"), exact=True).fill("Normas internas")
        dialog.get_by_label("ventas", exact=True).check()
        dialog.locator("button[type=submit]").click()
        dialog.wait_for(state="detached")
        page.get_by_role("link", name=name).click()

        page.locator("#manage input[type=file]:not([webkitdirectory])").set_input_files([str(path) for path in files])
        page.locator("#manage .badge").filter(has_text=re.compile(r"\b3\b")).first.wait_for()
        table = page.get_by_role("table", name=told("documents", "documents"), exact=True)
        found = table.locator("tbody th.main")
        search = page.get_by_label(told("documents", "search"), exact=True)
        search.fill("norma 07")
        found.filter(has_text="norma 07.md").wait_for()
        row = table.locator("tbody tr").filter(has_text="norma 07.md")
        row.get_by_role("button", name=told("documents", "look")).click()
        dialog.locator("pre.chunk").filter(has_text="El plazo de la norma 7 es de 10 días").wait_for()
        assert dialog.locator("tbody tr").count() == 1, "its history has one version"
        page.keyboard.press("Escape")
        search.fill("")
        page.locator("#panel-documents").get_by_label(told("documents", "state"), exact=True).select_option("failed")
        found.filter(has_text="roto.pdf").wait_for()
        assert not visit.too_wide

        visit.tab("playground")
        page.locator("#manage textarea").fill("¿Cuál es el plazo de la norma 7?")
        page.keyboard.press("Enter")
        page.locator("#manage .evidence pre").filter(has_text="norma 7").first.wait_for()
        visit.tab("audit")
        page.locator("#manage tbody tr").filter(has_text=name).first.wait_for()
    with visiting(browser, at_work, "ana", language, size) as visit:
        visit.open("chat")
        turn = visit.ask(f"¿Cuál es el plazo de la norma 7 de {name}?")
        assert f"Norma 7 de {name}" in turn.inner_text()


def question_file(folder: Path) -> Path:
    path = folder / "preguntas.csv"
    lines = [
        "pregunta;respuesta;documento;cita",
        f"{QUESTION_ES};25 días laborables;vacaciones.txt;25 días laborables de vacaciones",
    ]
    lines += ["¿Con cuánta antelación se solicitan las vacaciones?;Con quince días;vacaciones.txt;quince días de antelación"]
    path.write_text("\n".join(lines), encoding="utf-8")
    return path


@pytest.mark.parametrize(("language", "size"), PLACES)
def test_an_evaluators_day(browser: Any, at_work: Office, tmp_path: Path, language: str, size: str) -> None:
    say, name = EvaluateTexts(language), f"viajes-{language}-{size}"
    with visiting(browser, at_work, None, language, size) as visit:
        page = visit.page
        sign_in(visit, "eva", "evaluate")
        panel = page.locator("#ev-panel")
        visit.tab("questions")
        fold = panel.locator("details").filter(has=page.locator("input[type=file]"))
        fold.evaluate("each => each.open = true")
        fold.locator("input[type=file]").set_input_files(str(question_file(tmp_path)))
        fold.locator("[name=name]").fill(name)
        if fold.locator("[name=language]").count():
            fold.locator("[name=language]").select_option("es")
        fold.locator("button").last.click()
        panel.get_by_role("link", name=say("questions.run")).click()

        panel.locator("[name=backends][value=cloudy]").check()
        panel.get_by_role("button", name=say("runs.start"), exact=True).click()
        newest = panel.locator(".ev-run").first
        newest.filter(has_text=name).get_by_text(say("state.finished"), exact=True).wait_for()
        newest.get_by_role("link", name=say("runs.results")).click()
        panel.locator("table").first.wait_for(state="attached")
        page.goto(f"{visit.url}/{language}/evaluate/#compare?after={RUNS[1]}")
        panel.locator("[name=before]").select_option(RUNS[0])
        panel.locator(".ev-section, .ev-card").first.wait_for()

        visit.page.goto(f"{visit.url}/{language}/evaluate/#votes?run={RUNS[1]}")
        prepare, pair = panel.get_by_role("button", name=say("arena.prepare")), panel.locator(".ev-pair, .ev-empty.done")
        prepare.or_(panel.locator(".ev-progress")).first.wait_for()
        if prepare.count():
            prepare.click()
        panel.locator(".ev-progress").wait_for()
        if pair.count():
            assert "grande" not in pair.inner_text() and "chico" not in pair.inner_text(), "the votes are blind"
            before = panel.locator(".ev-progress").inner_text()
            page.keyboard.press("1")
            page.wait_for_function("before => document.querySelector('.ev-progress').innerText !== before", arg=before)
        visit.tab("report")
        with page.expect_download() as loading:
            panel.get_by_role("link", name=say("report.html")).click()
        report = Path(loading.value.path()).read_text(encoding="utf-8")
        assert report.startswith("<!doctype html>") and name in report
        assert not visit.too_wide
        assert page.goto(f"{visit.url}/{language}/manage/").status == 403


def test_nobodys_secrets_are_in_what_the_server_kept_or_printed(browser: Any, at_work: Office) -> None:
    """Neither passwords nor sessions, keys, and what the environment holds for back ends."""
    with visiting(browser, at_work, "rosa") as visit:
        made = visit.page.request.post(
            f"{at_work.url}/v1/account/keys", data={"name": "informe", "scope": "everything"}, headers={"Origin": at_work.url}
        )
        assert made.ok, made.text()
        key = next(value for value in json.loads(made.text()).values() if str(value).startswith("midas_"))
        session = next(cookie["value"] for cookie in visit.page.context.cookies() if cookie["name"] == "midas_session")
        visit.page.request.get(f"{at_work.url}/v1/models", headers={"Authorization": f"Bearer {key}"})
    kept = {path: path.read_bytes() for path in [at_work.log, *at_work.home.rglob("*")] if path.is_file()}
    assert any(b"rosa" in content for content in kept.values())
    for secret in (PASSWORD, "wrong-password", SECRET, key, session):
        assert [str(path) for path, content in kept.items() if secret.encode() in content] == [], secret[:12]
