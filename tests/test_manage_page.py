"""The page of admins in a real browser, served by a real `midas serve`: each tab does its work, and shows what others wrote as
text."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any, get_args

import pytest

from ingest.types import PageUnit
from tests.fake_openai import FakeOpenAI, running
from tests.office import PASSWORD, Office, Visit, office, visiting
from tests.people import add_person, session_of
from tests.serving import QUESTION_ES, scripted
from ui.web import kit, manage_texts
from ui.web.kit import KIT
from ui.web.manage_texts import TEXTS

WEB = Path(kit.__file__).parent
HOSTILE = '<img src=x onerror="alert(1)"> ${alert(1)}'
MANY = 30
"""Documents of the collection `archivo`: more than one page of the list."""


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Office]:
    """With the group `obra`, and the collection `archivo` that has many documents."""
    folder = tmp_path_factory.mktemp("manage")
    with running(FakeOpenAI(reply=scripted)) as fake, office(folder, fake, f'[watch]\nroots = ["{folder}"]\n') as made:
        add_person(made.home, "obrero", groups=["obra"])
        made.midas.run("ingest", str(write_archive(folder / "archivo")), "--collection", "archivo")
        yield made


def write_archive(folder: Path) -> Path:
    """Many notes, one whose title is hostile, and a broken file."""
    folder.mkdir()
    for number in range(MANY):
        (folder / f"nota-{number:02}.txt").write_text(f"Nota {number}: el expediente {number} está en el armario.", "utf-8")
    (folder / "horario.md").write_text(f"# {HOSTILE}\n\nEl archivo cierra los viernes.", encoding="utf-8")
    (folder / "roto.pdf").write_bytes(b"%PDF-1.7\nbroken")
    return folder


@pytest.fixture(scope="module")
def visit(browser: Any, place: Office) -> Iterator[Visit]:
    with visiting(browser, place, "rosa") as visit:
        visit.open("manage")
        yield visit


@pytest.fixture
def page(visit: Visit) -> Iterator[Any]:
    """Without the dialogs that a failing test leaves open."""
    yield visit.page
    visit.page.evaluate("document.querySelectorAll('dialog[open]').forEach((each) => each.close())")


def t(tab: str, name: str, /, **values: object) -> str:
    """The Spanish text."""
    return TEXTS[tab][name].es.format(**values)


def press(place: Any, label: str) -> None:
    place.get_by_role("button", name=label, exact=True).click()


def tab_of(page: Any) -> Any:
    """The tab that is shown; hidden ones have names, too."""
    return page.locator("[role=tabpanel]:not([hidden])")


def expect(found: Any) -> Any:
    from playwright.sync_api import expect

    return expect(found)


def ask_the_api(page: Any, method: str, path: str, body: object = None) -> None:
    """What a test needs to be there, or gone."""
    address = page.url.partition("/es/")[0]
    assert page.request.fetch(f"{address}/v1/{path}", method=method, data=body, headers={"Origin": address}).ok


def open_documents(visit: Visit, collection: str) -> Any:
    """The tab of the documents of a collection; its table."""
    visit.tab("health")
    visit.page.goto(f"{visit.page.url.partition('#')[0]}#documents/{collection}")
    visit.settle()
    return visit.page.get_by_role("table", name=t("documents", "documents"))


# Collections and documents


def test_a_collection_is_created_shared_and_deleted(visit: Visit, page: Any) -> None:
    visit.tab("collections")
    press(page, t("collections", "add"))
    dialog = page.get_by_role("dialog")
    dialog.get_by_label(t("collections", "name"), exact=True).fill("planos")
    dialog.get_by_label(t("collections", "description")).fill(HOSTILE)
    dialog.get_by_label("obra").check()
    dialog.get_by_label(t("collections", "keep_private")).check()
    press(dialog, t("collections", "save"))
    row = page.get_by_role("row").filter(has_text="planos")
    for shown in ("obra", t("collections", "private"), HOSTILE):
        expect(row).to_contain_text(shown)
    press(row, t("collections", "remove"))
    expect(dialog).to_contain_text("Se eliminan 0 documentos.")
    press(dialog, t("collections", "remove"))
    expect(row).to_have_count(0)


def test_a_folder_is_uploaded_with_a_state_for_each_file_found_again_after_a_reload(
    visit: Visit, page: Any, tmp_path: Path
) -> None:
    ask_the_api(page, "POST", "collections", {"name": "subidos"})
    open_documents(visit, "subidos")
    folder = tmp_path / "carpeta"
    folder.mkdir()
    (folder / "nota.txt").write_text("El expediente está en el armario.", encoding="utf-8")
    (folder / "roto.pdf").write_bytes(b"%PDF-1.7\nbroken")
    with page.expect_file_chooser() as chooser:
        press(page, t("documents", "choose_folder"))
    chooser.value.set_files(folder)
    job = page.locator(".job")
    expect(job.locator(".badge").first).to_have_text("1 archivo falló")
    page.reload()
    expect(job.locator(".badge").first).to_have_text("1 archivo falló")
    job.locator("summary").click()
    expect(job.get_by_role("row").nth(1)).to_contain_text("carpeta/roto.pdf")
    expect(job.get_by_role("row").nth(1)).to_contain_text(TEXTS["reasons"]["corrupt"].es)
    expect(page.get_by_role("button", name=t("jobs", "retry"))).to_be_visible()
    ask_the_api(page, "DELETE", "collections/subidos")


def test_the_list_is_paged_searched_and_filtered(visit: Visit, page: Any) -> None:
    table = open_documents(visit, "archivo")
    expect(table.get_by_role("row")).to_have_count(26)
    expect(page.locator(".pager")).to_contain_text(f"1–25 de {MANY + 2}")
    press(page, KIT["next"].es)
    expect(page.locator(".pager")).to_contain_text(f"26–{MANY + 2} de {MANY + 2}")
    tab_of(page).get_by_label(t("documents", "search"), exact=True).fill("nota-07")
    expect(table.get_by_role("row")).to_have_count(2)
    tab_of(page).get_by_label(t("documents", "search"), exact=True).fill("")
    tab_of(page).get_by_label(t("documents", "state"), exact=True).select_option("failed")
    expect(table.get_by_role("row")).to_have_count(2)
    expect(table).to_contain_text("roto.pdf")


def test_a_document_shows_its_versions_and_its_chunks(visit: Visit, page: Any) -> None:
    row = open_documents(visit, "archivo").get_by_role("row").filter(has_text="horario.md")
    expect(row).to_contain_text("${alert(1)}")
    press(row, t("documents", "look"))
    dialog = page.get_by_role("dialog")
    expect(dialog.get_by_role("table", name=t("documents", "history"))).to_contain_text(t("documents", "served"))
    expect(dialog.locator(".chunk").first).to_contain_text("El archivo cierra los viernes.")
    with page.expect_response(lambda response: "/documents?" in response.url):
        tab_of(page).get_by_label(t("documents", "state"), exact=True).dispatch_event("change")
    page.keyboard.press("Escape")
    expect(dialog).to_have_count(0)
    expect(row.get_by_role("button", name=t("documents", "look"))).to_be_focused()


def test_deleting_asks_first_and_says_how_much_goes(visit: Visit, page: Any) -> None:
    table = open_documents(visit, "archivo")
    row = table.get_by_role("row").filter(has_text="nota-03.txt")
    press(row, t("documents", "remove"))
    dialog = page.get_by_role("dialog")
    expect(dialog).to_contain_text("Se elimina con 1 fragmento.")
    press(dialog, KIT["cancel"].es)
    expect(row).to_have_count(1)
    press(row, t("documents", "remove"))
    press(dialog, t("documents", "remove"))
    expect(row).to_have_count(0)


def test_a_folder_of_the_server_is_watched_and_let_go(visit: Visit, page: Any, place: Office) -> None:
    folder = place.home.parent / "vigilada"
    folder.mkdir()
    (folder / "portero.txt").write_text("El portero abre a las ocho.", encoding="utf-8")
    os.utime(folder / "portero.txt", (0, 0))
    open_documents(visit, "empresa")
    page.get_by_text(t("documents", "add_folder")).click()
    tab_of(page).get_by_label(t("documents", "folder"), exact=True).fill(str(folder / "no"))
    press(page, t("documents", "watch"))
    expect(page.locator(".toast.bad")).to_be_visible()
    tab_of(page).get_by_label(t("documents", "folder"), exact=True).fill(str(folder))
    press(page, t("documents", "watch"))
    table = page.get_by_role("table", name=t("documents", "folders"))
    expect(table).to_contain_text(str(folder))
    expect(page.locator(".toast.bad")).to_have_count(0)
    expect(page.get_by_role("table", name=t("documents", "documents"))).to_contain_text("portero.txt")
    press(table, t("documents", "pause"))
    expect(table).to_contain_text(t("documents", "paused"))
    press(table, t("documents", "unwatch"))
    press(page.get_by_role("dialog"), t("documents", "unwatch"))
    expect(page.get_by_text(t("documents", "no_folders"))).to_be_visible()
    ask_the_api(page, "DELETE", "collections/empresa/documents/portero.txt")


# Searches


def test_the_playground_shows_scores_and_what_the_model_would_read(visit: Visit, page: Any) -> None:
    visit.tab("playground")
    tab_of(page).get_by_label(t("playground", "query")).fill(QUESTION_ES)
    page.keyboard.press("Enter")
    first = page.get_by_role("table", name=t("playground", "results")).get_by_role("row").nth(1)
    expect(first).to_contain_text("vacaciones.txt")
    scores = [cell.inner_text() for cell in first.locator("td.num").all()][1:]
    assert all(re.match(r"-?\d+,\d{3}", score) for score in scores) and len(scores) == 3
    expect(page.locator(".evidence .chunk").first).to_contain_text("25 días laborables")
    bar = page.get_by_role("progressbar", name=t("playground", "budget_label"))
    assert 0 < int(bar.get_attribute("aria-valuenow")) <= int(bar.get_attribute("aria-valuemax"))
    expect(page.locator(".times").first).to_contain_text(t("playground", "dense_ms"))
    assert page.locator("#manage img").count() == 0


# People, models and the server


def test_somebody_new_gets_a_link_a_role_and_is_forgotten(visit: Visit, page: Any) -> None:
    visit.tab("people")
    press(page, t("people", "add"))
    dialog = page.get_by_role("dialog")
    dialog.get_by_label(t("people", "name"), exact=True).fill("nuria")
    dialog.get_by_label("obra").check()
    press(dialog, t("people", "add"))
    assert page.request.get(page.locator(".secret").input_value()).ok
    page.keyboard.press("Escape")
    row = page.get_by_role("table", name=t("people", "users")).get_by_role("row").filter(has_text="nuria")
    for shown in ("obra", t("people", "invited"), t("people", "role_employee")):
        expect(row).to_contain_text(shown)
    press(row, t("people", "edit"))
    dialog.get_by_label(t("people", "role")).select_option("evaluator")
    press(dialog, t("people", "save"))
    expect(row).to_contain_text(t("people", "role_evaluator"))
    press(row, t("people", "edit"))
    press(dialog, t("people", "forget"))
    press(dialog.last, t("people", "forget"))
    expect(row).to_have_count(0)


def test_a_key_is_shown_once_works_and_is_revoked(visit: Visit, page: Any, place: Office) -> None:
    visit.tab("people")
    press(page, t("people", "add_key"))
    dialog = page.get_by_role("dialog")
    dialog.get_by_label(t("people", "key"), exact=True).fill("intranet")
    dialog.get_by_label(t("people", "owner"), exact=True).select_option("ana")
    press(dialog, t("people", "add_key"))
    secret = page.locator(".secret").input_value()
    headers = {"Authorization": f"Bearer {secret}", "Cookie": ""}
    assert page.request.get(f"{place.url}/v1/models", headers=headers).ok
    page.keyboard.press("Escape")
    row = page.get_by_role("table", name=t("people", "keys")).get_by_role("row").filter(has_text="intranet")
    expect(row).to_contain_text("ana")
    assert secret not in page.content()
    press(row, t("people", "revoke"))
    press(dialog, t("people", "revoke"))
    expect(row).to_have_count(0)
    assert page.request.get(f"{place.url}/v1/models", headers=headers).status == 401


def test_a_model_is_added_ordered_made_the_default_and_removed(visit: Visit, page: Any, place: Office) -> None:
    visit.tab("backends")
    press(page, t("backends", "add"))
    dialog = page.get_by_role("dialog")
    dialog.get_by_label(t("backends", "name"), exact=True).fill("nueva")
    dialog.get_by_label(t("backends", "option_model"), exact=True).fill("nada")
    dialog.get_by_label(t("backends", "option_base_url"), exact=True).fill("http://127.0.0.1:9/v1")
    press(dialog, t("backends", "save"))
    expect(dialog.get_by_role("alert")).to_contain_text(t("backends", "not_written"))
    dialog.get_by_label(t("backends", "option_model"), exact=True).fill(place.fake.model)
    dialog.get_by_label(t("backends", "option_base_url"), exact=True).fill(place.fake.url)
    for name in ("cloudy", "scripted"):
        dialog.get_by_label(t("backends", "add_fallback")).select_option(name)
    press(dialog, t("backends", "move_up", name="scripted"))
    press(dialog, t("backends", "save"))
    card = page.get_by_role("article", name="nueva")
    expect(card).to_contain_text(t("backends", "falls_back", names="scripted → cloudy"))
    press(card, t("backends", "check"))
    expect(card).to_contain_text(t("backends", "works"))
    press(card, t("backends", "make_default"))
    expect(page.get_by_role("article").first).to_contain_text(t("backends", "default"))
    expect(page.get_by_role("article").first).to_contain_text("nueva")
    press(page.get_by_role("article", name="scripted"), t("backends", "make_default"))
    press(card, t("backends", "remove"))
    press(dialog, t("backends", "remove"))
    expect(card).to_have_count(0)


def test_a_collection_is_kept_from_the_cloud(visit: Visit, page: Any, place: Office) -> None:
    visit.tab("backends")
    box = page.get_by_role("checkbox", name=f"{t('backends', 'keep_away')}: empresa")
    with page.expect_response(lambda response: response.request.method == "PATCH"):
        box.check()
    assert next(each for each in page.request.get(f"{place.url}/v1/collections").json() if each["name"] == "empresa")["private"]
    ask_the_api(page, "PATCH", "collections/empresa", {"private": False})


def test_votes_and_unanswered_questions_get_a_state_and_a_note(visit: Visit, page: Any, place: Office) -> None:
    headers = {"Cookie": f"midas_session={session_of(place.home, 'ana')}", "Origin": place.url}
    conversation = page.request.post(f"{place.url}/v1/conversations", headers=headers, data={}).json()["id"]
    stream = page.request.post(
        f"{place.url}/v1/conversations/{conversation}/turns", headers=headers, data={"question": QUESTION_ES}
    ).text()
    turn = re.search(r'"turn": "(\w+)"', stream)
    assert turn
    vote = {"thumb": "down", "reason": "incomplete", "comment": HOSTILE}
    assert page.request.put(f"{place.url}/v1/turns/{turn[1]}/vote", headers=headers, data=vote).ok

    visit.tab("inbox")
    card = page.get_by_role("article").filter(has_text=HOSTILE)
    for shown in (QUESTION_ES, "ana", t("inbox", "reason_incomplete")):
        expect(card).to_contain_text(shown)
    card.get_by_label(t("inbox", "state"), exact=True).select_option("done")
    card.get_by_label(t("inbox", "note"), exact=True).fill("Se añade la norma.")
    press(card, t("inbox", "save"))
    expect(card).to_have_count(0)
    page.locator(".filters").get_by_label(t("inbox", "state"), exact=True).select_option("done")
    expect(card.get_by_label(t("inbox", "note"), exact=True)).to_have_value("Se añade la norma.")
    page.locator(".filters").get_by_label(t("inbox", "kind"), exact=True).select_option("unanswered")
    expect(page.locator(".filters").get_by_label(t("inbox", "vote"), exact=True)).to_be_hidden()


def test_usage_and_audit_tell_who_did_what(visit: Visit, page: Any) -> None:
    ask_the_api(page, "POST", "chat/completions", {"messages": [{"role": "user", "content": QUESTION_ES}]})
    ask_the_api(page, "POST", "collections", {"name": "breve"})
    ask_the_api(page, "DELETE", "collections/breve")
    visit.tab("usage")
    expect(page.locator(".totals")).to_contain_text(t("usage", "questions"))
    tab_of(page).get_by_label(t("usage", "by")).select_option("person")
    expect(page.get_by_role("table", name=t("usage", "table"))).to_contain_text("rosa")
    visit.tab("audit")
    tab_of(page).get_by_label(t("audit", "what"), exact=True).select_option("collection_deleted")
    row = page.get_by_role("table", name=t("audit", "table")).get_by_role("row").nth(1)
    for shown in ("rosa", t("audit", "action_collection_deleted"), "breve"):
        expect(row).to_contain_text(shown)
    with page.expect_download() as download:
        page.get_by_role("link", name=t("audit", "csv")).click()
    assert "collection_deleted" in Path(download.value.path()).read_text(encoding="utf-8")


def test_health_is_told_in_plain_words(visit: Visit, page: Any) -> None:
    visit.tab("health")
    expect(page.get_by_role("article", name=t("health", "answers"))).to_contain_text(t("health", "ready"))
    press(page, t("health", "check_data"))
    expect(page.locator(".findings")).to_contain_text("Todo está bien")


def test_tabs_are_reached_with_arrows_and_by_their_address(visit: Visit, page: Any) -> None:
    page.locator("#tab-health").focus()
    page.keyboard.press("ArrowUp")
    expect(page.locator("#tab-audit")).to_be_focused()
    expect(page.locator("#panel-audit")).to_be_visible()
    page.keyboard.press("Home")
    expect(page.locator("#panel-collections")).to_be_visible()
    page.goto(page.url.partition("#")[0] + "#usage")
    expect(page.locator("#panel-usage h2")).to_have_text(TEXTS["tabs"]["usage"].es)


def test_a_session_that_ended_is_told_on_every_page_with_the_way_back(browser: Any, place: Office) -> None:
    clicks = {"manage": "#tab-people", "evaluate": "#tab-cost", "chat": "#new"}
    for area, click in clicks.items():
        with visiting(browser, place, "rosa") as visit:
            visit.open(area)
            visit.page.locator(".heading .name").wait_for()
            visit.page.context.clear_cookies(name="midas_session")
            visit.page.locator(click).click()
            expect(visit.page.locator("#ended")).to_have_text("Su sesión ha terminado.Entrar de nuevo")
            expect(visit.page.locator("body")).not_to_contain_text("clave de la API")
            if area == "manage":
                visit.page.get_by_role("link", name="Entrar de nuevo").click()
                visit.page.locator("#name").fill("rosa")
                visit.page.locator("#password").fill(PASSWORD)
                visit.page.keyboard.press("Enter")
                visit.page.wait_for_url(f"{place.url}/es/manage/#people")
                expect(visit.page.get_by_role("table").first).to_contain_text("rosa")


def test_a_page_from_before_a_restart_leaves_no_traceback(page: Any, place: Office) -> None:
    before = len(place.log.read_text(encoding="utf-8"))
    told = page.request.get(f"{place.url}/es/manage/gradio_api/queue/data?session_hash=from-before")
    assert told.ok and '"session_not_found":true' in told.text()
    assert place.log.read_text(encoding="utf-8")[before:] == ""


def test_errors_are_told_in_spanish(visit: Visit, page: Any) -> None:
    visit.tab("people")
    press(page, t("people", "add"))
    dialog = page.get_by_role("dialog")
    dialog.get_by_label(t("people", "name"), exact=True).fill("rosa")
    press(dialog, t("people", "add"))
    expect(dialog).to_contain_text("Ya hay una cuenta «rosa»: elija otro nombre.")


def test_every_tab_fits_a_phone_in_english(browser: Any, place: Office) -> None:
    with visiting(browser, place, "rosa", "en", "phone", dark=True) as visit:
        visit.open("manage")
        for name in visit.tabs:
            visit.tab(name)
            expect(visit.page.locator(f"#panel-{name} h2")).to_have_text(TEXTS["tabs"][name].en)
            assert visit.page.locator(".notice.bad").count() == 0 and not visit.too_wide


# Texts and scripts


def scripts() -> dict[str, str]:
    return {path.name: path.read_text(encoding="utf-8") for path in (WEB / "kit.js", *(WEB / "manage").glob("*.js"))}


def test_every_text_is_there_in_both_languages_with_the_same_fields() -> None:
    for part, named in {"kit": KIT, **TEXTS}.items():
        for name, text in named.items():
            assert text.es and text.en, (part, name)
            fields = [set(re.findall(r"\{(\w+)\}", each)) for each in text]
            assert fields[0] == fields[1] and text.es.count("|") == text.en.count("|"), (part, name)


@pytest.mark.parametrize("part", [part for part in TEXTS if part not in ("tabs", "reasons")])
def test_scripts_use_the_texts_there_are_and_no_others(part: str) -> None:
    source = scripts()[f"{part}.js"]
    used = set(re.findall(r"\bt\.(\w+)", source))
    built = tuple(re.findall(r"\bt\[`(\w+_)\$", source))
    assert used - set(TEXTS[part]) == set()
    listed = {*re.findall(r'"(\w+)"', source), *get_args(PageUnit)}
    assert [name for name in TEXTS[part] if name not in used | listed and not name.startswith(built)] == []


def test_scripts_make_no_markup_from_text() -> None:
    for name, source in scripts().items():
        assert not re.search(r"innerHTML|outerHTML|insertAdjacentHTML|document\.write|eval\(", source), name


def test_a_line_of_the_log_has_a_name_for_every_action() -> None:
    from ui.ledger.audit import ACTIONS

    assert {f"action_{action}" for action in ACTIONS} == {name for name in manage_texts.AUDIT if name.startswith("action_")}
