"""`midas users`, `groups` and `keys`, and what `midas serve` says of access."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from assistant.config import Settings
from ingest.errors import ConfigError
from tests.fake_openai import FakeOpenAI, running
from tests.people import key_of
from tests.serving import Midas, make_midas
from ui.server import check_access

PASSWORD = "una frase bastante larga"


@pytest.fixture
def midas(tmp_path: Path) -> Iterator[Midas]:
    with running(FakeOpenAI()) as fake:
        yield make_midas(tmp_path / "home", fake)


def test_people_from_the_first_admin_to_the_last_word(midas: Midas) -> None:
    assert "midas users add NAME --role admin" in midas.run("users", "list").stderr
    typo = "There is no group 'ventsa' (there are: everyone): make it with `midas groups add NAME`."
    assert typo in midas.run("collections", "share", "planos", "ventsa", code=2).stderr
    assert "must be an admin" in midas.run("users", "add", "ana", code=2).stderr
    added = midas.json("users", "add", "jefa", "--role", "admin")
    assert added["added"] == "jefa" and added["link"].startswith("http://127.0.0.1:7860/es/link?code=")
    assert "easy to guess" in midas.run("users", "add", "luis", "--password-stdin", stdin="luisluisluis\n", code=2).stderr
    midas.run("groups", "add", "Ventas", "--description", "Comercial")
    shown = midas.run("users", "add", "luis", "-g", "ventas", "--password-stdin", stdin=f"{PASSWORD}\n").stdout
    assert "luis is added as employee." in shown and PASSWORD not in shown
    assert midas.json("users", "groups", "luis")["groups"] == ""
    assert midas.json("users", "groups", "luis", "Ventas")["groups"] == "Ventas"
    assert midas.json("groups", "list") == [{"name": "Ventas", "description": "Comercial", "members": ["luis"]}]
    midas.run("users", "role", "luis", "evaluator")
    assert "There is no account 'nadie'" in midas.run("users", "role", "nadie", "admin", code=2).stderr
    assert "last admin" in midas.run("users", "disable", "jefa", code=2).stderr
    midas.run("users", "disable", "luis")
    assert [(user["name"], user["disabled"]) for user in midas.json("users", "list")] == [("jefa", False), ("luis", True)]
    assert "evaluator  Ventas  disabled" in midas.run("users", "list").stdout
    made = midas.json("keys", "add", "luis", "informe", "--scope", "everything", "--days", "0")
    [key] = midas.json("keys", "list", "--user", "luis")
    assert (key["id"], key["scope"], key["expires_at"]) == (made["id"], "everything", None)
    midas.run("keys", "revoke", made["id"])
    assert midas.json("keys", "list") == []
    assert "Say --yes" in midas.run("users", "forget", "luis", code=2).stderr
    midas.run("users", "forget", "luis", "--yes")
    midas.run("groups", "delete", "ventas", "--yes")
    assert [user["name"] for user in midas.json("users", "list")] == ["jefa"] and midas.json("groups", "list") == []


def test_beside_a_running_server_everything_holds_at_once(midas: Midas) -> None:
    with midas.serving() as server, httpx.Client(base_url=server.url, trust_env=False, timeout=60) as client:
        assert client.get("/v1/users").status_code == 200, "nobody must sign in yet"
        link = midas.json("users", "add", "jefa", "--role", "admin")["link"]
        assert link.startswith(f"{server.url}/es/link?code=") and client.get(link).status_code == 200
        assert client.get("/v1/users").status_code == 401
        client.headers["Authorization"] = f"Bearer {key_of(midas.home, 'jefa')}"
        assert [user["name"] for user in client.get("/v1/users").json()] == ["jefa"]
        midas.run("users", "add", "ana", "--link")
        midas.run("users", "role", "ana", "admin")
        midas.run("users", "disable", "jefa")
        assert client.get("/v1/users").status_code == 401


def test_where_people_sign_in_the_first_start_prints_the_first_admins_link(midas: Midas) -> None:
    environment = {**midas.environment, "MIDAS_ACCESS__SIGN_IN": "on"}
    with Midas(midas.home, environment).serving() as server:
        assert httpx.get(f"{server.url}/v1/models", trust_env=False, timeout=60).status_code == 401
        assert midas.json("collections", "list") == [], "the command line has the server's own token"


def settings(tmp_path: Path, **sections: object) -> Settings:
    return Settings(home=tmp_path, **sections)  # type: ignore[arg-type]


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "192.168.1.5", "midas.example"])
def test_other_machines_reach_only_a_server_with_sign_in(tmp_path: Path, host: str) -> None:
    with pytest.raises(ConfigError) as refused:
        check_access(settings(tmp_path, server={"host": host}, access={"sign_in": "off"}))
    assert refused.value.message == (
        f"Other machines reach {host} and access.sign_in is off: use --host 127.0.0.1, or let people sign in."
    )
    for mode in ("auto", "on"):
        check_access(settings(tmp_path, server={"host": host}, access={"sign_in": mode}))


@pytest.mark.parametrize("host", ["127.0.0.1", "::1", "localhost", "127.0.0.2"])
def test_this_machine_may_do_without(tmp_path: Path, host: str) -> None:
    check_access(settings(tmp_path, server={"host": host}, access={"sign_in": "off"}))


def test_a_certificate_that_cannot_be_used_is_told_at_the_start(tmp_path: Path) -> None:
    files = {"tls_certificate": tmp_path / "a.pem", "tls_key": tmp_path / "b.pem"}
    with pytest.raises(ConfigError, match="can't be used .No such file or directory.: name a certificate and its key"):
        check_access(settings(tmp_path, server=files))
    for file in files.values():
        file.write_text("no PEM")
    with pytest.raises(ConfigError, match="can't be used"):
        check_access(settings(tmp_path, server=files))
    with pytest.raises(ValueError, match="need each other"):
        settings(tmp_path, server={"tls_key": tmp_path / "b.pem"})
