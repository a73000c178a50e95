"""The pages for signing in and of the account, in a real browser and over HTTP, and the doors before all other pages."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from threading import BoundedSemaphore

import httpx
import pytest

playwright = pytest.importorskip("playwright.sync_api", reason="playwright is not installed")

from playwright.sync_api import Browser, Page, expect  # noqa: E402

from assistant.config import AccessSettings  # noqa: E402
from tests.fake_openai import FakeOpenAI, running  # noqa: E402
from tests.people import add_person, client_of, house_at, key_of, send_form, session_of, signed_in  # noqa: E402
from tests.serving import Midas, Server, make_midas  # noqa: E402
from ui.house import House  # noqa: E402
from ui.ledger.audit import AuditFilter  # noqa: E402
from ui.people import passwords  # noqa: E402
from ui.people.errors import TooMany  # noqa: E402
from ui.people.limits import Limits  # noqa: E402
from ui.person import LOCAL, SERVER, Person  # noqa: E402
from ui.web.browsers import browser_name  # noqa: E402
from ui.web.sign_in_texts import ENGLISH, SPANISH  # noqa: E402

PASSWORD = "una frase bastante larga"


# Over HTTP


@pytest.fixture
def house(tmp_path: Path) -> Iterator[House]:
    add_person(tmp_path, "ana", password=PASSWORD)
    with house_at(tmp_path, access={"sign_in_failures": 3}) as house:
        yield house


@pytest.fixture(scope="module")
def anas(tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    """For tests that change nothing but who is signed in."""
    home = tmp_path_factory.mktemp("anas")
    add_person(home, "ana", password=PASSWORD)
    with house_at(home) as house:
        yield house


def test_name_and_password_are_wrong_in_the_same_words(house: House) -> None:
    client = client_of(house)
    pages = [send_form(client, "/es/sign-in", name=name, password="equivocada pero larga") for name in ("ana", "nadie")]
    assert [page.status_code for page in pages] == [401, 401]
    assert pages[0].text.replace("ana", "nadie") == pages[1].text.replace("ana", "nadie")


def test_too_many_tries_for_a_name_are_held_back_the_right_password_too(house: House) -> None:
    client = client_of(house)
    for _ in range(3):
        assert send_form(client, "/es/sign-in", name="ANA", password="equivocada").status_code == 401
    held = send_form(client, "/es/sign-in", name="ana", password=PASSWORD)
    assert held.status_code == 429 and "Espere 15 minutos" in held.text and 0 < int(held.headers["retry-after"]) <= 900
    assert client.get("/v1/account").status_code == 401
    assert send_form(client, "/es/sign-in", name="jefa", password="equivocada").status_code == 401, "others may still try"


def test_who_finds_too_many_before_them_holds_no_thread_of_the_server(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    client, places = client_of(house), BoundedSemaphore(1)
    monkeypatch.setattr(passwords, "_waiting", places)
    with places:
        held = send_form(client, "/es/sign-in", name="ana", password=PASSWORD)
        assert held.status_code == 429 and held.headers["retry-after"] == "1"
    assert send_form(client, "/es/sign-in", name="ana", password=PASSWORD).status_code == 303


def test_a_success_forgets_the_tries(house: House) -> None:
    client = client_of(house)
    for _ in range(3):
        for _ in range(2):
            assert send_form(client, "/es/sign-in", name="ana", password="equivocada").status_code == 401
        assert send_form(client, "/es/sign-in", name="ana", password=PASSWORD).status_code == 303
        client.cookies.delete("midas_session")


def test_tries_and_questions_are_counted_apart() -> None:
    limits = Limits(AccessSettings(sign_in_failures=2, questions_per_minute=2))
    for number in range(10):
        limits.trying(f"name{number}", "10.0.0.7")
        limits.failed("10.0.0.7")
    with pytest.raises(TooMany):
        limits.trying("another", "10.0.0.7")
    limits.trying("another", "10.0.0.8")
    for number in range(4):
        limits.trying("another", f"10.0.1.{number // 2}")
    with pytest.raises(TooMany):
        limits.trying("another", "10.0.1.0")
    limits.trying("another", "10.0.2.1")
    for number in range(10):
        limits.failed(f"2001:db8::{number}")
    with pytest.raises(TooMany):
        limits.trying("third", "2001:db8::ffff")
    limits.trying("third", "2001:db8:0:1::1")
    ana, luis = Person("1", "ana", "employee"), Person("2", "luis", "employee")
    for _ in range(2):
        limits.question(ana)
    with pytest.raises(TooMany, match="wait .* seconds"):
        limits.question(ana)
    limits.question(luis)
    for person in (LOCAL, SERVER) * 5:
        limits.question(person)


def test_the_audit_holds_no_password_typed_as_a_name(house: House) -> None:
    client = client_of(house)
    send_form(client, "/es/sign-in", name=PASSWORD, password="x")
    send_form(client, "/es/sign-in", name="ana", password="x")
    send_form(client, "/es/sign-in", name="ana", password=PASSWORD)
    rows = house.ledger.audited(AuditFilter(), 10)
    assert [(row.action, row.subject, row.address) for row in rows] == [
        ("signed_in", "ana", "127.0.0.1"), ("sign_in_failed", "ana", "127.0.0.1"), ("sign_in_failed", "", "127.0.0.1"),
    ]  # fmt: skip
    assert PASSWORD not in str(rows)


@pytest.mark.parametrize(
    ("wanted", "place"),
    [
        ("/es/manage/?tab=people", "/es/manage/?tab=people"),
        ("/es/manage/?tab=people#documents/caf%C3%A9", "/es/manage/?tab=people#documents/caf%C3%A9"),
        ("/es/sign-in#there", "/es/chat/"),
        ("/es/#//evil.example", "/es/#//evil.example"),
        ("/en/account", "/en/account"),
        ("/docs", "/docs"),
        ("", "/es/chat/"),
        ("/", "/es/chat/"),
        ("//evil.example", "/es/chat/"),
        ("/\\evil.example", "/es/chat/"),
        ("/es/\\evil.example", "/es/chat/"),
        ("https://evil.example", "/es/chat/"),
        ("https:evil.example", "/es/chat/"),
        ("/es/chat/\r\nSet-Cookie: x=1", "/es/chat/"),
        ("/es/sign-in?next=/es/sign-in", "/es/chat/"),
        ("/es/../..//evil.example", "/es/chat/"),
        ("/v1/users", "/es/chat/"),
        ("javascript:alert(1)", "/es/chat/"),
    ],
)
def test_signing_in_leads_to_our_own_pages_only(anas: House, wanted: str, place: str) -> None:
    came = send_form(client_of(anas), "/es/sign-in", name="ana", password=PASSWORD, next=wanted)
    assert (came.status_code, came.headers["location"]) == (303, place)


def test_whoever_is_not_signed_in_is_led_to_the_sign_in_page(anas: House) -> None:
    client, browser = client_of(anas), {"Accept": "text/html", "Accept-Language": "en-GB"}
    for path, place in (
        ("/", "/en/sign-in?next=/"),
        ("/es/manage/", "/es/sign-in?next=/es/manage/"),
        ("/es/chat/?c=1&d=ñ", "/es/sign-in?next=/es/chat/%3Fc%3D1%26d%3D%25C3%25B1"),
        ("/docs", "/en/sign-in?next=/docs"),
    ):
        response = client.get(path, headers=browser)
        assert (response.status_code, response.headers["location"]) == (303, place)
    for path in ("/v1/models", "/openapi.json", "/metrics", "/es/chat/gradio_api/queue/data?session_hash=a", "/es/chat/config"):
        assert client.get(path).status_code == 401, path
    assert client.post("/es/chat/gradio_api/queue/join", json={"session_hash": "a"}).status_code == 401
    for path in ("/healthz", "/es/sign-in", "/en/sign-in", "/sign-in/plain.css", "/sign-in/plain.js", "/sign-in/icon.svg"):
        assert client.get(path).status_code == 200, path
    assert client.get("/readyz").json() == {"ready": False, "waiting_for": None, "error": None}
    for path in ("/sign-in/sign_in.html", "/sign-in/..%2fplain.py", "/sign-in/%2e%2e/plain.py"):
        assert client.get(path).status_code in (401, 404), path


def test_what_was_typed_is_shown_as_text(house: House) -> None:
    page = send_form(client_of(house), "/es/sign-in", name='"><script>alert(1)</script>', password="x").text
    assert "<script>alert" not in page and "&lt;script&gt;" in page


def test_the_language_of_both_pages_is_complete() -> None:
    assert set(SPANISH.__slots__) == set(ENGLISH.__slots__)
    for field in SPANISH.__slots__:
        spanish, english = getattr(SPANISH, field), getattr(ENGLISH, field)
        assert spanish and english and type(spanish) is type(english)
        if isinstance(spanish, dict):
            assert list(spanish) == list(english)
        else:
            assert sorted(part.split("}")[0] for part in spanish.split("{")[1:]) == sorted(
                part.split("}")[0] for part in english.split("{")[1:]
            ), field


def test_browsers_have_names() -> None:
    agent = (
        "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/130.0 Safari/537.36 Edg/130.0"
    )
    assert browser_name(agent) == "Edge · Windows"
    assert browser_name("Mozilla/5.0 (X11; Linux x86_64; rv:130.0) Gecko/20100101 Firefox/130.0") == "Firefox · Linux"
    assert (browser_name("curl/8.5"), browser_name("")) == ("curl/8.5", "?")


# A real server with its pages


@pytest.fixture(scope="module")
def midas(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Midas]:
    with running(FakeOpenAI()) as fake:
        midas = make_midas(tmp_path_factory.mktemp("sign-in") / "home", fake)
        add_person(midas.home, "ana", groups=["Ventas"], password=PASSWORD)
        add_person(midas.home, "luis")
        add_person(midas.home, "eva", "evaluator")
        yield midas


@pytest.fixture(scope="module")
def server(midas: Midas) -> Iterator[Server]:
    with midas.serving() as server:
        yield server


def come(server: Server, midas: Midas, name: str) -> httpx.Client:
    return signed_in(httpx.Client(base_url=server.url, trust_env=False, timeout=60), midas.home, name)


AREAS = {"chat": ("luis", "eva", "jefa"), "evaluate": ("eva", "jefa"), "manage": ("jefa",)}


@pytest.mark.parametrize("name", ["luis", "eva", "jefa"])
def test_areas_open_for_their_roles_with_all_that_belongs_to_them(server: Server, midas: Midas, name: str) -> None:
    with come(server, midas, name) as client:
        for area, names in AREAS.items():
            may = name in names
            for path in ("", "config", "theme.css", "gradio_api/info", f"gradio_api/heartbeat/of-{name}", "gradio_api/app_id"):
                with client.stream("GET", f"/es/{area}/{path}") as response:
                    assert (response.status_code == 403) is not may, (area, path, response.status_code)
            joined = client.post(
                f"/es/{area}/gradio_api/queue/join", json={"session_hash": f"of-{name}", "fn_index": 0, "data": []}
            )
            assert (joined.status_code == 200) is may, joined.text
            page = client.get(f"/es/{area}/", headers={"Accept": "text/html"})
            assert may or ("no es para su cuenta" in page.text and page.headers["content-type"].startswith("text/html"))


def test_nobody_listens_to_anothers_page(server: Server, midas: Midas) -> None:
    with come(server, midas, "ana") as ana, come(server, midas, "luis") as luis:
        base, event = "/es/chat/gradio_api", {"session_hash": "of-ana", "fn_index": 0, "data": []}
        assert ana.post(f"{base}/queue/join", json=event).status_code == 200
        assert luis.post(f"{base}/queue/join", json=event).status_code == 403
        assert luis.get(f"{base}/queue/data", params={"session_hash": "of-ana"}).status_code == 403
        assert luis.get(f"{base}/heartbeat/of-ana").status_code == 403
        assert luis.post(f"{base}/cancel", json={"session_hash": "of-ana", "fn_index": 0, "event_id": "x"}).status_code == 403
        body = {"session_hash": "of-ana", "component_id": 1, "fn_name": "x", "data": None}
        assert luis.post(f"{base}/component_server", json=body).status_code == 403
        assert luis.post(f"{base}/queue/join", content=b"no JSON").status_code == 403
        assert luis.post(f"{base}/queue/join", content=b"[" * 100_000).status_code == 403
        assert luis.post(f"{base}/queue/join", json={"session_hash": ["of-ana"]}).status_code == 403
        with ana.stream("GET", f"{base}/queue/data", params={"session_hash": "of-ana"}) as response:
            assert response.status_code == 200


@pytest.mark.parametrize(
    "path",
    [
        "call/x",
        "api/x",
        "proxy=https://x.example",
        "file=https://x.example",
        "file=/etc/hosts",
        "upload_progress?upload_id=x",
        "runs",
        "vibe-code",
        "queue/status",
        "openapi.json",
    ],
)
def test_routes_that_no_page_needs_are_not_there(server: Server, midas: Midas, path: str) -> None:
    with come(server, midas, "jefa") as client:
        assert client.get(f"/es/manage/gradio_api/{path}").status_code == 404


def test_nothing_is_uploaded_to_a_page(server: Server, midas: Midas) -> None:
    """Gradio would take files of anybody who may open a page, and keep them for a day."""
    with come(server, midas, "jefa") as client:
        sent = client.post("/es/manage/gradio_api/upload", files={"files": ("a.txt", b"a")})
        assert sent.status_code == 404 and not any((midas.home / "temporary").rglob("a.txt"))


def test_an_ended_session_stops_at_the_next_event(server: Server, midas: Midas) -> None:
    with come(server, midas, "luis") as client:
        event = {"session_hash": "of-luis", "fn_index": 0, "data": []}
        assert client.post("/es/chat/gradio_api/queue/join", json=event).status_code == 200
        midas.run("users", "disable", "luis")
        assert client.post("/es/chat/gradio_api/queue/join", json=event).status_code == 401
        assert client.get("/es/chat/").status_code == 303
        midas.run("users", "enable", "luis")


def test_a_key_for_asking_opens_no_page(server: Server, midas: Midas) -> None:
    bearer = {"Authorization": f"Bearer {key_of(midas.home, 'jefa', 'ask')}"}
    assert httpx.get(f"{server.url}/es/chat/", headers=bearer, trust_env=False, timeout=60).status_code == 403


# In a browser


@pytest.fixture
def page(browser: Browser) -> Iterator[Page]:
    context = browser.new_context(locale="es-ES", viewport={"width": 375, "height": 740})
    context.set_default_timeout(60_000)
    expect.set_options(timeout=60_000)
    problems: list[str] = []
    context.on("weberror", lambda error: problems.append(str(error.error)))
    yield context.new_page()
    context.close()
    assert problems == []


def asked_with(secret: str, server: Server) -> int:
    return httpx.get(
        f"{server.url}/v1/models", headers={"Authorization": f"Bearer {secret}"}, trust_env=False, timeout=60
    ).status_code


def test_signing_in_and_looking_after_the_account_by_keyboard(page: Page, server: Server) -> None:
    page.goto(f"{server.url}/es/account")
    expect(page).to_have_url(f"{server.url}/es/sign-in?next=/es/account")
    expect(page.get_by_label(SPANISH.name, exact=True)).to_be_focused()
    page.keyboard.type("ana")
    page.keyboard.press("Tab")
    page.keyboard.type("equivocada")
    page.keyboard.press("Enter")
    expect(page.get_by_role("alert")).to_have_text(SPANISH.wrong)
    expect(page.get_by_label(SPANISH.password, exact=True)).to_be_focused()
    page.keyboard.type(PASSWORD)
    page.get_by_label(SPANISH.show_password).check()
    expect(page.get_by_label(SPANISH.password, exact=True)).to_have_attribute("type", "text")
    page.get_by_role("button", name=SPANISH.enter).click()
    expect(page).to_have_url(f"{server.url}/es/account")
    expect(page.locator("dd")).to_have_text(["ana", "Empleado", "Ventas"])

    page.get_by_label(SPANISH.key_name).fill("Informe <b>")
    page.get_by_role("button", name=SPANISH.make_key).click()
    secret = page.locator("#secret").input_value()
    assert asked_with(secret, server) == 200
    page.goto(f"{server.url}/es/account")
    expect(page.locator("body")).not_to_contain_text(secret)
    page.once("dialog", lambda dialog: dialog.accept())
    page.get_by_role("button", name=f"{SPANISH.revoke} Informe <b>").click()
    expect(page.get_by_role("status")).to_have_text(SPANISH.key_revoked)
    assert asked_with(secret, server) == 401
    assert page.evaluate("document.documentElement.scrollWidth") <= 375

    page.get_by_role("link", name="English").click()
    expect(page.get_by_role("heading", level=1)).to_have_text(ENGLISH.account)
    page.get_by_role("button", name=ENGLISH.sign_out).first.click()
    expect(page).to_have_url(f"{server.url}/en/sign-in")
    page.go_back()
    expect(page).to_have_url(f"{server.url}/en/sign-in?next=/en/account")


def test_the_password_is_changed_and_other_browsers_are_out(page: Page, server: Server, midas: Midas) -> None:
    other = httpx.Client(
        base_url=server.url, cookies={"midas_session": session_of(midas.home, "ana")}, trust_env=False, timeout=60
    )
    page.context.add_cookies([{"name": "midas_session", "value": session_of(midas.home, "ana"), "url": server.url}])
    page.goto(f"{server.url}/es/account")
    for current, told in (("equivocada", SPANISH.wrong_current), (PASSWORD, None)):
        page.get_by_label(SPANISH.current_password).fill(current)
        page.get_by_label(SPANISH.new_password).fill("otra frase bastante larga")
        page.get_by_label(SPANISH.repeat).fill("otra frase bastante larga")
        page.get_by_role("button", name=SPANISH.change_password).click()
        if told:
            expect(page.get_by_role("alert")).to_have_text(told)
    expect(page.get_by_role("status")).to_have_text(SPANISH.password_changed)
    assert other.get("/v1/account").status_code == 401
    other.close()
