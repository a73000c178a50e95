"""Signing in at a service that speaks OpenID Connect: a real one on loopback, with real signatures."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from fastapi.testclient import TestClient
from joserfc.jwk import OctKey, RSAKey

from assistant.config import OidcSettings
from ingest.errors import ConfigError
from tests.openid_provider import CLIENT_ID, CLIENT_SECRET, Provider, running_provider
from tests.people import add_person, client_of, house_at
from ui.house import House
from ui.people.oidc import check_oidc

SECRET_ENV = "MIDAS_TEST_CLIENT_SECRET"


@pytest.fixture(scope="module")
def provider() -> Iterator[Provider]:
    with running_provider() as provider:
        yield provider
    assert provider.problems == []


@pytest.fixture(scope="module")
def house(provider: Provider, tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    home = tmp_path_factory.mktemp("oidc")
    add_person(home, "jefa", "admin", ["Ventas", "Compras"])
    oidc = {
        "issuer": provider.issuer, "client_id": CLIENT_ID, "client_secret_env": SECRET_ENV, "label": "Empresa",
        "groups_claim": "groups", "groups": {"g-17": "Compras"}, "admin_group": "midas-admins", "evaluator_group": "midas-eval",
    }  # fmt: skip
    with pytest.MonkeyPatch.context() as patch, house_at(home, access={"oidc": oidc}) as house:
        patch.setenv(SECRET_ENV, CLIENT_SECRET)
        yield house


@pytest.fixture
def client(house: House, provider: Provider) -> TestClient:
    provider.person = {"sub": "4711", "preferred_username": "nuria", "groups": ["ventas", "g-17", "de otros"]}
    provider.claims, provider.user_info, provider.algorithm, provider.signed_by = {}, {}, "RS256", None
    return client_of(house)


def leave(client: TestClient, next: str = "/es/account") -> str:
    """Where the service sends the browser back to."""
    left = client.get("/sign-in/service", params={"language": "es", "next": next})
    assert left.status_code == 302, left.text
    back = httpx.get(left.headers["location"], trust_env=False)
    assert back.status_code == 302
    return back.headers["location"]


def sign_in(client: TestClient, next: str = "/es/account") -> httpx.Response:
    return client.get(leave(client, next))


def test_whom_the_service_knows_comes_in_with_groups_and_role(client: TestClient, provider: Provider) -> None:
    assert "Entrar con Empresa" in client.get("/es/sign-in").text
    came = sign_in(client)
    assert (came.status_code, came.headers["location"]) == (303, "/es/account")
    me = client.get("/v1/account").json()
    assert (me["name"], me["role"], me["groups"], me["issuer"]) == ("nuria", "employee", ["Compras", "Ventas"], provider.issuer)
    assert not me["has_password"] and "cámbiela donde inicia sesión" in client.get("/es/account").text


def test_groups_and_role_follow_the_service_at_every_sign_in(client: TestClient, provider: Provider, house: House) -> None:
    provider.person |= {"groups": ["midas-admins"]}
    sign_in(client)
    assert (client.get("/v1/account").json()["role"], client.get("/v1/account").json()["groups"]) == ("admin", [])
    provider.person |= {"preferred_username": "otro.nombre", "groups": "midas-eval"}
    sign_in(client)
    me = client.get("/v1/account").json()
    assert (me["name"], me["role"], me["groups"]) == ("nuria", "evaluator", []), "known by the service's id, not by a name"
    del provider.person["groups"]
    sign_in(client)
    assert client.get("/v1/account").json()["role"] == "employee", "a service that sends no groups gives no rights"


def test_what_the_token_lacks_comes_from_the_user_info(client: TestClient, provider: Provider) -> None:
    provider.person = {"sub": "4712"}
    provider.user_info = {"preferred_username": "omar", "groups": ["Ventas"]}
    sign_in(client)
    me = client.get("/v1/account").json()
    assert (me["name"], me["groups"]) == ("omar", ["Ventas"])


def refused(client: TestClient, came: httpx.Response, status: int = 403) -> None:
    assert came.status_code == status and "midas_session" not in client.cookies
    assert client.get("/v1/account").status_code == 401


FORGERIES: dict[str, dict[str, Any]] = {
    "for another client": {"claims": {"aud": "other"}},
    "for several, us not among them": {"claims": {"aud": ["other", "third"]}},
    "of another issuer": {"claims": {"iss": "https://evil.example"}},
    "expired": {"claims": {"exp": 1, "iat": 0}},
    "of another sign-in": {"claims": {"nonce": "replayed"}},
    "without nonce": {"claims": {"nonce": None}},
    "without subject": {"claims": {"sub": None}},
    "signed by somebody else": {"signed_by": RSAKey.generate_key(2048, {"kid": "one"})},
    "not signed": {"algorithm": "none"},
    "signed with the client's secret": {"algorithm": "HS256", "signed_by": OctKey.import_key(CLIENT_SECRET)},
    "about somebody else in the user info": {"user_info": {"sub": "1", "preferred_username": "eva"}, "person": {"sub": "4713"}},
    "without a name": {"person": {"sub": "4714"}},
}


@pytest.mark.parametrize("forgery", FORGERIES)
def test_a_token_that_is_not_right_lets_nobody_in(client: TestClient, provider: Provider, forgery: str) -> None:
    for name, value in FORGERIES[forgery].items():
        setattr(provider, name, value)
    came = sign_in(client)
    refused(client, came)
    assert "Empresa no ha confirmado su identidad" in came.text


def test_only_the_browser_that_left_comes_back(client: TestClient, house: House) -> None:
    """Otherwise somebody could sign another person in to their own account."""
    back = leave(client)
    other = client_of(house)
    refused(other, other.get(back), 400)
    leave(other)
    refused(other, other.get(back))
    assert client.get(back).status_code == 303


def test_an_answer_counts_once(client: TestClient, house: House) -> None:
    back = leave(client)
    assert client.get(back).status_code == 303
    client.cookies.delete("midas_session")
    refused(client, client.get(back), 400)


@pytest.mark.parametrize(
    "query", ["", "?code=x", "?code=x&state=y", "?error=denied&error_description=<script>alert(1)</script>"]
)
def test_a_made_up_answer_is_refused(client: TestClient, query: str) -> None:
    leave(client)
    came = client.get(f"/sign-in/callback{query}")
    refused(client, came)
    assert "<script>alert" not in came.text


def test_a_name_that_somebody_has_is_not_taken_over(client: TestClient, provider: Provider) -> None:
    provider.person = {"sub": "666", "preferred_username": "jefa", "groups": []}
    came = sign_in(client)
    refused(client, came)
    assert "Ya hay otra cuenta" in came.text


def test_a_disabled_account_stays_out(client: TestClient, provider: Provider, house: House) -> None:
    provider.person = {"sub": "4715", "preferred_username": "pablo", "groups": []}
    sign_in(client)
    house.accounts.set_disabled(house.accounts.named("pablo").id, True)
    client.cookies.clear()
    refused(client, sign_in(client))


@pytest.mark.parametrize("next", ["https://evil.example/", "//evil.example", "/\\evil.example", "javascript:alert(1)"])
def test_it_leads_back_to_our_own_pages_only(client: TestClient, next: str) -> None:
    assert sign_in(client, next).headers["location"] == "/es/chat/"


def test_a_service_under_another_name_is_refused(provider: Provider, tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    oidc = {"issuer": f"{provider.issuer}/", "client_id": CLIENT_ID}
    with house_at(tmp_path, access={"oidc": oidc}) as house, caplog.at_level(logging.WARNING):
        assert client_of(house).get("/sign-in/service").status_code == 403
    assert f"The service calls itself '{provider.issuer}'" in caplog.text


def test_no_secret_is_logged(client: TestClient, provider: Provider, caplog: pytest.LogCaptureFixture) -> None:
    provider.claims = {"aud": "other"}
    with caplog.at_level(logging.DEBUG):
        back = leave(client)
        client.get(back)
    told = "\n".join(record.getMessage() for record in caplog.records if record.name == "midas")
    assert "failed" in told and CLIENT_SECRET not in caplog.text and "eyJ" not in told
    assert httpx.URL(back).params["code"] not in told


def test_settings_that_cannot_work_are_refused_at_the_start(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(SECRET_ENV, raising=False)
    with pytest.raises(ConfigError, match=f"The environment variable {SECRET_ENV} is not set: put the client's secret into it"):
        check_oidc(OidcSettings(issuer="https://id.example", client_id="midas", client_secret_env=SECRET_ENV))
    with pytest.raises(ConfigError, match="need groups_claim"):
        check_oidc(OidcSettings(issuer="https://id.example", client_id="midas", admin_group="admins"))
