"""Sessions, keys and one-time links on a server's routes: how they begin, what they carry, when they end."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from fastapi.testclient import TestClient
from itsdangerous import Signer

from tests.people import add_person, client_of, house_at, key_of, send_form, session_of, signed_in
from ui.house import House
from ui.people.database import open_database
from ui.people.errors import LinkExpired
from ui.people.invitations import FIRST_LASTS_SECONDS, LASTS_SECONDS, Invitations
from ui.people.keys import DAY_SECONDS, Keys
from ui.people.sessions import Sessions

PASSWORD = "una frase bastante larga"
ORIGIN = {"Origin": "http://127.0.0.1"}


class Clock:
    def __init__(self) -> None:
        self.time = 1_000_000.0

    def __call__(self) -> float:
        return self.time


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    home = tmp_path_factory.mktemp("sessions")
    add_person(home, "ana", password=PASSWORD)
    add_person(home, "luis")
    return home


@pytest.fixture(scope="module")
def house(home: Path) -> Iterator[House]:
    with house_at(home) as house:
        yield house


@pytest.fixture
def client(house: House) -> TestClient:
    return client_of(house)


def sign_in(client: TestClient) -> str:
    """The new cookie."""
    response = send_form(client, "/es/sign-in", name="ana", password=PASSWORD)
    assert response.status_code == 303, response.text
    return client.cookies["midas_session"]


def status(client: TestClient) -> int:
    return client.get("/v1/account").status_code


def test_refusals_are_told_in_spanish_to_who_asks_for_it(client: TestClient) -> None:
    asking = {"Accept-Language": "es-ES,es;q=0.9,en;q=0.8"}

    def told(path: str, **headers: str) -> str:
        return str(client.get(path, headers=headers).json()["error"]["message"])

    assert told("/v1/account", **asking) == "Inicie sesión o envíe una clave de la API."
    assert told("/v1/account") == told("/v1/account", **{"Accept-Language": "en"}) == "Sign in, or send an API key."
    sign_in(client)
    assert told("/v1/nothing", **asking) == "No hay GET /v1/nothing: en /docs está lo que hay."
    assert told("/v1/conversations/x", **asking).startswith("No existe esa conversación")
    wrong = client.post("/v1/search", headers={**ORIGIN, **asking}, json={"query": "agua", "top_k": "muchos"})
    assert wrong.json()["error"]["message"] == "El campo «top_k» de la petición no es válido: debe ser un número entero."
    assert int(wrong.headers["content-length"]) == len(wrong.content) and wrong.headers["vary"] == "Accept-Language"


# Sessions


def test_the_cookie_is_kept_from_scripts_and_other_sites(client: TestClient) -> None:
    response = send_form(client, "/es/sign-in", name="ana", password=PASSWORD)
    [cookie] = [value for name, value in response.headers.multi_items() if name == "set-cookie" and "midas_session" in value]
    assert {"HttpOnly", "SameSite=lax", "Path=/"} <= set(cookie.split("; ")) and "Secure" not in cookie


def test_over_tls_the_cookie_is_this_hosts_alone(house: House) -> None:
    client = client_of(house, scheme="https")
    response = send_form(client, "/es/sign-in", name="ana", password=PASSWORD)
    [cookie] = [value for name, value in response.headers.multi_items() if name == "set-cookie" and "midas_session" in value]
    assert cookie.startswith("__Host-midas_session=") and "Secure" in cookie and "Domain" not in cookie
    assert status(client) == 200
    without_prefix = client_of(house, scheme="https", cookies={"midas_session": session_of(house.settings.home, "ana")})
    assert status(without_prefix) == 401


def test_a_session_gets_a_new_name_at_every_sign_in(client: TestClient) -> None:
    first = sign_in(client)
    assert client.get("/es/sign-in").headers["location"] == "/es/chat/", "who is signed in is led on"
    client.cookies.delete("midas_session")
    assert sign_in(client) != first


@pytest.mark.parametrize("change", ["signature", "secret", "empty", "other key"])
def test_a_cookie_that_was_not_given_out_is_refused(house: House, home: Path, change: str) -> None:
    cookie = session_of(home, "ana")
    secret, _, signature = cookie.rpartition(".")
    forged = {
        "signature": f"{secret}.{signature[::-1]}",
        "secret": f"{secret[::-1]}.{signature}",
        "empty": "",
        "other key": Signer("guess", salt="midas-session").sign(secret).decode(),
    }[change]
    assert status(client_of(house, cookies={"midas_session": cookie})) == 200
    assert status(client_of(house, cookies={"midas_session": forged})) == 401


def test_signing_out_ends_the_session_for_good(house: House, home: Path) -> None:
    cookie = session_of(home, "ana")
    client = client_of(house, cookies={"midas_session": cookie})
    response = client.post("/es/sign-out", headers=ORIGIN)
    assert response.status_code == 303 and response.headers["location"] == "/es/sign-in"
    assert status(client_of(house, cookies={"midas_session": cookie})) == 401


def test_disabling_and_changing_the_password_end_all_sessions(house: House, home: Path) -> None:
    account = house.accounts.named("luis")
    for change in (
        lambda: house.accounts.set_disabled(account.id, True),
        lambda: house.accounts.set_password(account.id, "otra frase bastante larga"),
    ):
        one, other = (client_of(house, cookies={"midas_session": session_of(home, "luis")}) for _ in range(2))
        assert (status(one), status(other)) == (200, 200)
        change()
        assert (status(one), status(other)) == (401, 401)
        house.accounts.set_disabled(account.id, False)
        assert (status(one), status(other)) == (401, 401), "they stay ended"


def test_role_and_groups_hold_from_the_next_request_on(house: House, home: Path) -> None:
    client = signed_in(client_of(house), home, "luis")
    account = house.accounts.named("luis")
    assert client.get("/v1/users").status_code == 403
    house.accounts.set_role(account.id, "admin")
    assert client.get("/v1/users").status_code == 200
    house.accounts.set_role(account.id, "employee")
    assert client.get("/v1/users").status_code == 403


def test_a_session_ends_when_it_is_idle_and_at_the_latest_after_its_time(tmp_path: Path) -> None:
    owner, clock = add_person(tmp_path, "jefa", "admin"), Clock()
    database = open_database(tmp_path)
    sessions = Sessions(database, "key", idle_s=100, longest_s=250, now=clock)
    idle, used = (sessions.begin(owner.id, "", "") for _ in range(2))
    for _ in range(2):
        clock.time += 90
        found = sessions.find(used)
        assert found is not None and sessions.stale(found)
        sessions.seen(found)
    assert sessions.find(idle) is None and sessions.find(used) is not None
    clock.time += 80
    assert sessions.find(used) is None and sessions.of(owner.id) == []
    database.close()


def test_others_can_be_signed_out(house: House, home: Path) -> None:
    mine, other = (signed_in(client_of(house), home, "ana") for _ in range(2))
    listed = mine.get("/v1/account/sessions").json()
    assert sum(session["current"] for session in listed) == 1 and len(listed) >= 2
    assert mine.delete("/v1/account/sessions").status_code == 204
    assert (status(mine), status(other)) == (200, 401)


# Keys


def test_a_key_has_the_rights_of_its_owner(house: House, home: Path) -> None:
    client = client_of(house)
    for name, expected in (("jefa", 200), ("ana", 403)):
        bearer = {"Authorization": f"Bearer {key_of(home, name)}"}
        assert client.get("/v1/users", headers=bearer).status_code == expected
        assert client.get("/v1/models", headers=bearer).status_code == 200


def test_a_link_is_in_the_language_that_its_maker_chose_and_offers_the_other(house: House, home: Path) -> None:
    client = signed_in(client_of(house), home, "jefa")
    added = client.post("/v1/users", json={"name": "rosa", "language": "en"}).json()["link"]["url"]
    links = [added, *(client.post(f"/v1/users/rosa/link{wanted}").json()["url"] for wanted in ("", "?language=en"))]
    assert [link.partition("?")[0] for link in links] == ["/en/link", "/es/link", "/en/link"]
    assert f'href="{links[-1].replace("/en/", "/es/")}" lang="es"' in client_of(house).get(links[-1]).text


def test_a_key_for_asking_opens_little_else(house: House, home: Path) -> None:
    client, bearer = client_of(house), {"Authorization": f"Bearer {key_of(home, 'jefa', 'ask')}"}
    for path in ("/v1/models", "/metrics"):
        assert client.get(path, headers=bearer).status_code == 200, path
    for path in ("/v1/users", "/v1/keys", "/v1/backends", "/v1/account", "/v1/account/keys", "/v1/conversations"):
        assert client.get(path, headers=bearer).status_code == 403, path
    assert client.get("/es/manage/", headers=bearer).status_code == 403


def test_a_key_can_make_no_keys_and_change_no_password(house: House, home: Path) -> None:
    client, bearer = client_of(house), {"Authorization": f"Bearer {key_of(home, 'ana')}"}
    assert client.post("/v1/account/keys", headers=bearer, json={"name": "otra"}).status_code == 403
    body = {"current": PASSWORD, "new": "otra frase bastante larga"}
    assert client.post("/v1/account/password", headers=bearer, json=body).status_code == 403


def test_a_revoked_key_stops_at_the_next_request(house: House, home: Path) -> None:
    client = signed_in(client_of(house), home, "ana")
    made = client.post("/v1/account/keys", json={"name": "informe", "scope": "everything"}).json()
    bearer, other = {"Authorization": f"Bearer {made['secret']}"}, client_of(house)
    assert other.get("/v1/models", headers=bearer).status_code == 200
    assert made["secret"] not in client.get("/v1/account/keys").text
    assert client.delete(f"/v1/account/keys/{made['key']['id']}").status_code == 204
    assert other.get("/v1/models", headers=bearer).status_code == 401
    assert client.delete(f"/v1/account/keys/{made['key']['id']}").status_code == 404


def test_nobody_revokes_anothers_key(house: House, home: Path) -> None:
    foreign = signed_in(client_of(house), home, "jefa").post("/v1/account/keys", json={"name": "suya"}).json()["key"]["id"]
    client = signed_in(client_of(house), home, "ana")
    assert client.delete(f"/v1/account/keys/{foreign}").status_code == 404
    assert client.delete(f"/v1/keys/{foreign}").status_code == 403


def test_a_key_expires_and_rests_while_its_owner_is_disabled(tmp_path: Path) -> None:
    owner, clock = add_person(tmp_path, "jefa", "admin"), Clock()
    database = open_database(tmp_path)
    keys = Keys(database, clock)
    _, secret = keys.make(owner.id, "corta", "ask", days=2)
    clock.time += 2 * DAY_SECONDS - 1
    assert keys.find(secret) is not None and secret not in str(keys.all())
    clock.time += 2
    assert keys.find(secret) is None
    database.close()


def test_secrets_are_in_no_file(home: Path, house: House) -> None:
    secrets = [key_of(home, "ana").encode(), session_of(home, "ana").rpartition(".")[0].encode(), PASSWORD.encode()]
    files = [path.read_bytes() for path in home.iterdir() if path.is_file()]
    assert not [secret for secret in secrets for content in files if secret in content]


def test_only_the_owner_of_the_data_directory_reads_what_is_about_people(home: Path) -> None:
    assert {name: oct((home / name).stat().st_mode & 0o777) for name in ("people.db", "session.key")} == {
        "people.db": "0o600",
        "session.key": "0o600",
    }


# Links


def test_a_link_works_once_and_only_the_newest(house: House, home: Path) -> None:
    admin, client = signed_in(client_of(house), home, "jefa"), client_of(house)
    added = admin.post("/v1/users", json={"name": "eva", "role": "evaluator"}).json()
    first, second = added["link"]["url"], admin.post("/v1/users/eva/link").json()["url"]
    assert client.get(first).status_code == 410
    assert [client.get(second).status_code for _ in range(2)] == [200, 200], "a preview does not use it up"
    code = second.partition("code=")[2]
    fields = {"code": code, "password": PASSWORD, "repeat": PASSWORD}
    assert "no coinciden" in send_form(client, second, **{**fields, "repeat": "otra"}).text
    assert "fácil de adivinar" in send_form(client, second, **{**fields, "password": "corta", "repeat": "corta"}).text
    assert (
        "fácil de adivinar"
        in send_form(client, second, **{**fields, "password": "soy Eva 12345", "repeat": "soy Eva 12345"}).text
    )
    done = send_form(client, second, **fields)
    assert done.status_code == 303 and client.get("/v1/account").json()["name"] == "eva"
    assert client_of(house).get(second).status_code == 410


def test_links_expire(tmp_path: Path) -> None:
    owner, clock = add_person(tmp_path, "ana"), Clock()
    database = open_database(tmp_path)
    invitations = Invitations(database, clock)
    code = invitations.make(owner.id)
    clock.time += LASTS_SECONDS - 1
    assert invitations.find(code).account == owner.id
    clock.time += 2
    with pytest.raises(LinkExpired):
        invitations.find(code)
    database.close()


def test_the_first_admins_link_makes_one_admin_and_no_second(tmp_path: Path) -> None:
    with house_at(tmp_path, access={"sign_in": "on"}) as house:
        code = house.register.invitations.make(None)
        one, other = client_of(house), client_of(house)
        fields = {"code": code, "password": PASSWORD, "repeat": PASSWORD}
        assert "no es válido" in send_form(one, f"/es/link?code={code}", name="con espacio", **fields).text
        assert send_form(one, f"/es/link?code={code}", name="jefa", **fields).status_code == 303
        assert one.get("/v1/account").json()["role"] == "admin"
        assert other.get(f"/es/link?code={code}").status_code == 410
        assert other.get(f"/es/link?code={house.register.invitations.make(None)}").status_code == 410
    assert FIRST_LASTS_SECONDS <= 3600
