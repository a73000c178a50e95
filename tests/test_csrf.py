"""Requests that another site's page makes a browser send, and requests by names that are not the server's."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from fastapi.testclient import TestClient

from tests.people import SERVER_TOKEN, add_person, client_of, house_at, send_form, session_of, signed_in
from ui.house import House

OWN = "http://127.0.0.1"
ELSEWHERE = {
    "another site": {"Origin": "https://evil.example", "Sec-Fetch-Site": "cross-site"},
    "another port": {"Origin": "http://127.0.0.1:8080", "Sec-Fetch-Site": "same-site"},
    "a sandboxed page": {"Origin": "null", "Sec-Fetch-Site": "cross-site"},
    "a browser without origin": {"Sec-Fetch-Site": "cross-site", "Sec-Fetch-Mode": "no-cors"},
    "a form that opens a page": {"Sec-Fetch-Site": "cross-site", "Sec-Fetch-Mode": "navigate", "Sec-Fetch-Dest": "document"},
    "a malformed origin": {"Origin": "http://["},
}


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    home = tmp_path_factory.mktemp("csrf")
    add_person(home, "ana")
    return home


@pytest.fixture(scope="module")
def house(home: Path) -> Iterator[House]:
    with house_at(home) as house:
        yield house


@pytest.fixture(scope="module")
def open_house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    """Of a server where nobody must sign in."""
    with house_at(tmp_path_factory.mktemp("open")) as house:
        yield house


@pytest.fixture
def ana(house: House, home: Path) -> TestClient:
    client = client_of(house)
    client.cookies.set("midas_session", session_of(home, "ana"))
    return client


@pytest.mark.parametrize("where", ELSEWHERE)
@pytest.mark.parametrize("method", ["POST", "DELETE", "PATCH", "PUT"])
def test_no_other_site_changes_anything(ana: TestClient, method: str, where: str) -> None:
    response = ana.request(method, "/v1/account/keys", headers=ELSEWHERE[where], json={"name": "x"})
    assert response.status_code == 403 and response.json()["error"]["code"] == "foreign_caller"
    assert ana.get("/v1/account/keys", headers={"Origin": OWN}).json() == []


@pytest.mark.parametrize("where", ELSEWHERE)
def test_nor_where_nobody_must_sign_in(open_house: House, where: str) -> None:
    client = client_of(open_house)
    assert client.post("/v1/groups", headers=ELSEWHERE[where], json={"name": "x"}).status_code == 403
    assert client.post("/v1/groups", headers={"Origin": OWN}, json={"name": where}).status_code == 201


def test_a_cookie_changes_nothing_without_a_word_of_the_browser(ana: TestClient) -> None:
    assert ana.post("/v1/account/keys", json={"name": "x"}).status_code == 403
    assert ana.post("/es/sign-out").status_code == 403
    for said in ({"Origin": OWN}, {"Sec-Fetch-Site": "same-origin"}):
        made = ana.post("/v1/account/keys", json={"name": "x"}, headers=said)
        assert made.status_code == 201
        ana.delete(f"/v1/account/keys/{made.json()['key']['id']}", headers=said)


def test_other_sites_can_link_to_pages_but_embed_nothing(ana: TestClient) -> None:
    link = {"Sec-Fetch-Site": "cross-site", "Sec-Fetch-Mode": "navigate", "Sec-Fetch-Dest": "document"}
    assert ana.get("/es/account", headers=link).status_code == 200
    for mode, goal in (("no-cors", "image"), ("no-cors", "script"), ("navigate", "iframe"), ("cors", "empty")):
        headers = {"Sec-Fetch-Site": "cross-site", "Sec-Fetch-Mode": mode, "Sec-Fetch-Dest": goal}
        assert ana.get("/es/account", headers=headers).status_code == 403
    answer = ana.get("/es/account")
    assert answer.headers["x-frame-options"] == "DENY" and "frame-ancestors 'none'" in answer.headers["content-security-policy"]
    assert answer.headers["cache-control"] == "no-store" and "access-control-allow-origin" not in answer.headers


@pytest.mark.parametrize("path", ["/es/account/keys", "/es/account/sessions", "/es/account/password", "/es/account/revoke"])
@pytest.mark.parametrize("token", ["", "guess", "another browser's"])
def test_our_forms_need_their_token(ana: TestClient, house: House, home: Path, path: str, token: str) -> None:
    if token == "another browser's":
        other = client_of(house)
        other.cookies.set("midas_session", session_of(home, "ana"))
        token = other.get("/es/account").text.partition('name="token" value="')[2].partition('"')[0]
    ana.get("/es/account")
    fields = {"name": "robada", "key": "x", "current": "x", "password": "y", "repeat": "y", "token": token}
    response = ana.post(path, data=fields, headers={"Origin": OWN})
    assert response.status_code == 400 and "demasiado tiempo abierta" in response.text
    assert house.register.keys.all(house.accounts.named("ana").id) == []


def test_the_form_of_sign_in_needs_its_token_too(house: House) -> None:
    client = client_of(house)
    response = client.post("/es/sign-in", data={"name": "ana", "password": "x"}, headers={"Origin": OWN})
    assert response.status_code == 400 and "midas_session" not in response.cookies


def test_a_form_with_its_token_works(ana: TestClient) -> None:
    response = send_form(ana, "/es/account", "/es/account/keys", name="informe", scope="ask", days="30")
    assert response.status_code == 200 and "midas_" in response.text


def test_a_form_that_is_too_long_is_not_read(house: House) -> None:
    response = client_of(house).post("/es/sign-in", content=b"x" * 70_000, headers={"Origin": OWN})
    assert response.status_code == 413


# Names


@pytest.mark.parametrize(
    "host", ["evil.example", "127.0.0.1.evil.example", "", "127.0.0.1/v1", "127.0.0.1@evil.example", "[::1"]
)
def test_only_this_machines_names_where_nobody_signs_in(open_house: House, host: str) -> None:
    client = client_of(open_house)
    assert client.get("/v1/models", headers={"Host": host}).status_code == 403
    for own in ("127.0.0.1:7860", "localhost", "[::1]:7860"):
        assert client.get("/v1/models", headers={"Host": own}).status_code == 200


def test_any_name_where_people_sign_in_unless_names_are_set(house: House, home: Path) -> None:
    assert client_of(house).get("/healthz", headers={"Host": "midas.example"}).status_code == 200
    assert client_of(house).get("/healthz", headers={"Host": "midas.example/../"}).status_code == 403
    with house_at(home, server={"allowed_hosts": ["midas.example"]}) as named:
        client = client_of(named)
        assert client.get("/healthz", headers={"Host": "midas.example:443"}).status_code == 200
        assert client.get("/healthz", headers={"Host": "other.example"}).status_code == 403
        assert client.get("/healthz").status_code == 200


def test_a_host_header_opens_no_door(house: House) -> None:
    """An address put together from the header would begin with a path that is open to all."""
    response = client_of(house).get("/v1/users", headers={"Host": "x/healthz?"})
    assert response.status_code == 403


def test_a_page_over_tls_is_not_changed_from_one_without(house: House, home: Path) -> None:
    client = client_of(house, scheme="https")
    client.cookies.set("__Host-midas_session", session_of(home, "ana"))
    assert client.post("/v1/account/keys", json={"name": "x"}, headers={"Origin": "http://127.0.0.1"}).status_code == 403


def test_the_address_that_people_type_is_our_own_page(home: Path) -> None:
    with house_at(home, server={"public_url": "https://midas.example"}) as house:
        client = signed_in(client_of(house), home, "ana")
        client.headers["Origin"] = "https://midas.example"
        assert client.delete("/v1/account/sessions").status_code == 204


# Proxies


def test_a_proxy_that_nobody_named_is_refused_where_nobody_signs_in(open_house: House) -> None:
    for sign in ("X-Forwarded-For", "X-Real-IP", "Via", "Forwarded"):
        response = client_of(open_house).get("/v1/models", headers={sign: "10.0.0.9"})
        assert response.status_code == 403 and "midas users add" in response.text


PROXY = {"access": {"proxy": {"addresses": ["10.0.0.2", "fd00::/64"], "header": "X-Remote-User", "groups_header": "X-Groups"}}}


@pytest.fixture(scope="module")
def proxied(tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    home = tmp_path_factory.mktemp("proxied")
    add_person(home, "jefa", "admin", ["Ventas"])
    with house_at(home, **PROXY) as house:
        yield house


def test_a_named_proxy_says_who_somebody_is(proxied: House) -> None:
    client = client_of(proxied, address="10.0.0.2")
    headers = {"X-Remote-User": "nuria", "X-Groups": "ventas, Nadie", "X-Forwarded-For": "192.168.1.7"}
    assert client.get("/v1/account", headers=headers).json()["groups"] == ["Ventas"]
    assert client.get("/v1/users", headers=headers).status_code == 403
    assert client.get("/v1/users", headers={"X-Remote-User": "JEFA"}).status_code == 200, "whose account was there before"
    assert client_of(proxied, address="fd00::7").get("/v1/account", headers=headers).status_code == 200


@pytest.mark.parametrize("address", ["10.0.0.3", "127.0.0.1", "fd01::7", "testclient"])
def test_nobody_else_is_believed(proxied: House, address: str) -> None:
    client = client_of(proxied, address=address)
    for headers in ({"X-Remote-User": "jefa"}, {"X-Remote-User": "jefa", "X-Forwarded-For": "10.0.0.2"}):
        assert client.get("/v1/account", headers=headers).status_code == 401


def test_a_doubled_header_is_none(proxied: House) -> None:
    client = client_of(proxied, address="10.0.0.2")
    response = client.get("/v1/account", headers=[("X-Remote-User", "jefa"), ("X-Remote-User", "nuria")])
    assert response.status_code == 401


def test_a_disabled_account_does_not_come_in_by_proxy(proxied: House) -> None:
    client, headers = client_of(proxied, address="10.0.0.2"), {"X-Remote-User": "omar"}
    assert client.get("/v1/account", headers=headers).status_code == 200
    proxied.accounts.set_disabled(proxied.accounts.named("omar").id, True)
    assert client.get("/v1/account", headers=headers).status_code == 401


def test_the_servers_token_administers_wherever_people_sign_in(house: House) -> None:
    assert client_of(house).get("/v1/users", headers={"Authorization": f"Bearer {SERVER_TOKEN}"}).status_code == 200
