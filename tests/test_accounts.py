"""Accounts, groups and passwords as they are kept."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
from argon2 import PasswordHasher

from assistant.config import Settings
from tests.people import client_of, house_at, signed_in
from ui.ledger.audit import AuditFilter
from ui.people import passwords
from ui.people.errors import BadName, GroupNotFound, LastAdmin, NameTaken, WeakPassword
from ui.people.register import Register

PASSWORD = "una frase bastante larga"


@pytest.fixture
def register(tmp_path: Path) -> Iterator[Register]:
    with closing(Register(Settings(home=tmp_path))) as register:
        register.accounts.add("jefa", "admin")
        yield register


def kept(register: Register, name: str) -> str:
    with register._database.read() as rows:
        return str(rows.execute("SELECT password FROM accounts WHERE name = ?", (name,)).fetchone()[0])


# Passwords


def test_a_password_is_kept_as_argon2id(register: Register) -> None:
    account = register.accounts.named("jefa")
    register.accounts.set_password(account.id, PASSWORD)
    assert kept(register, "jefa").startswith("$argon2id$v=19$m=65536,t=3,p=4$")
    assert register.accounts.verify("jefa", PASSWORD) is not None
    for wrong in (PASSWORD.upper(), PASSWORD + " ", "", PASSWORD * 50):
        assert register.accounts.verify("jefa", wrong) is None


def test_it_is_hashed_anew_when_parameters_change(register: Register, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(passwords, "_hasher", PasswordHasher(time_cost=1, memory_cost=8, parallelism=1))
    register.accounts.set_password(register.accounts.named("jefa").id, PASSWORD)
    cheap = kept(register, "jefa")
    assert "m=8,t=1" in cheap
    monkeypatch.undo()
    assert register.accounts.verify("jefa", "otra cosa larga") is None and kept(register, "jefa") == cheap
    assert register.accounts.verify("jefa", PASSWORD) is not None and "m=65536,t=3" in kept(register, "jefa")
    assert register.accounts.verify("jefa", PASSWORD) is not None


@pytest.mark.parametrize("name", ["jefa", "nadie", "apagada", "sin.clave"])
def test_whoever_it_is_a_wrong_password_costs_the_same_work(
    register: Register, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    register.accounts.set_password(register.accounts.named("jefa").id, PASSWORD)
    off = register.accounts.add("apagada", "employee")
    register.accounts.add("sin.clave", "employee")
    register.accounts.set_disabled(off.id, True)
    hasher, verified = passwords._hasher, list[str]()

    class Counting(PasswordHasher):
        def verify(self, hash: str | bytes, password: str | bytes) -> bool:
            verified.append(str(hash).rsplit("$", 2)[0])
            return hasher.verify(hash, password)

    monkeypatch.setattr(passwords, "_hasher", Counting())
    assert register.accounts.verify(name, "equivocada pero larga") is None
    assert verified == ["$argon2id$v=19$m=65536,t=3,p=4"]


@pytest.mark.parametrize("password", ["corta", "aaaaaaaaaaaa", "jefajefajefa1", "x" * 201, "Mi JEFA manda mucho"])
def test_a_weak_password_is_refused(password: str) -> None:
    with pytest.raises(WeakPassword):
        passwords.check_strength(password, "jefa")


# Names


@pytest.mark.parametrize("name", ["ANA", " ana ", "ａｎａ"])
def test_capitals_and_ways_of_writing_make_no_second_person(register: Register, name: str) -> None:
    register.accounts.add("ana", "employee")
    with pytest.raises(NameTaken):
        register.accounts.add(name, "employee")
    assert register.accounts.named(name).name == "ana"


@pytest.mark.parametrize("name", ["", " ", "a b", "-a", "<b>", "a/b", "a\nb", "a" * 101, "../x", "a\u202eb"])
def test_what_cannot_be_a_name(register: Register, name: str) -> None:
    with pytest.raises(BadName):
        register.accounts.add(name, "employee")


def test_accents_are_letters(register: Register) -> None:
    assert register.accounts.add("josé.peña@empresa.es", "employee").name == "josé.peña@empresa.es"


# The last admin


def test_there_is_always_an_admin(register: Register) -> None:
    only = register.accounts.named("jefa")
    for change in (
        lambda: register.accounts.set_role(only.id, "employee"),
        lambda: register.accounts.set_disabled(only.id, True),
        lambda: register.accounts.delete(only.id),
    ):
        with pytest.raises(LastAdmin):
            change()
    second = register.accounts.add("otra", "admin")
    register.accounts.set_disabled(second.id, True)
    with pytest.raises(LastAdmin):
        register.accounts.set_role(only.id, "employee")
    register.accounts.set_disabled(second.id, False)
    register.accounts.delete(only.id)
    assert register.accounts.any() and register.accounts.find("jefa") is None


# Groups


def test_groups_of_a_person(register: Register) -> None:
    register.groups.add("Recursos Humanos", "Personas")
    ana = register.accounts.add("ana", "employee", ["recursos humanos"])
    person = register.accounts.person(ana.id)
    assert person is not None and person.access.groups == {"Recursos Humanos", "everyone"}
    with pytest.raises(GroupNotFound, match=r"There is no group 'Ventas' \(there are: Recursos Humanos\): make it"):
        register.accounts.set_groups(ana.id, ["Ventas"])
    with pytest.raises(NameTaken):
        register.groups.add("RECURSOS HUMANOS")
    with pytest.raises(BadName):
        register.groups.add("Everyone")
    register.groups.delete("Recursos humanos")
    assert register.accounts.named("ana").groups == ()


def test_a_disabled_person_is_nobody(register: Register) -> None:
    ana = register.accounts.add("ana", "employee")
    register.accounts.set_disabled(ana.id, True)
    assert register.accounts.person(ana.id) is None and register.accounts.get(ana.id) is not None


# Over HTTP


def test_people_are_managed_over_http(tmp_path: Path) -> None:
    with house_at(tmp_path) as house:
        client = client_of(house)
        assert client.post("/v1/users", json={"name": "ana"}).status_code == 400, "the first one must be an admin"
        assert client.post("/v1/users", json={"name": "jefa", "role": "admin"}).status_code == 201
        assert client.get("/v1/users").status_code == 401, "from now on people sign in"
        signed_in(client, tmp_path, "jefa")
        assert client.post("/v1/groups", json={"name": "Ventas", "description": "Comercial"}).status_code == 201
        assert client.post("/v1/users", json={"name": "ana", "groups": ["ventas"]}).json()["user"]["groups"] == ["Ventas"]
        assert client.post("/v1/users", json={"name": "Ana"}).status_code == 409
        assert client.patch("/v1/users/ana", json={"role": "evaluator", "groups": []}).json()["role"] == "evaluator"
        assert client.patch("/v1/users/jefa", json={"disabled": True}).status_code == 409
        made = client.post("/v1/users/ana/keys", json={"name": "informe"}).json()
        assert [key["owner"] for key in client.get("/v1/keys", params={"user": "ana"}).json()] == ["ana"]
        assert client.delete(f"/v1/keys/{made['key']['id']}").status_code == 204
        assert client.delete("/v1/groups/ventas").status_code == 204 and client.get("/v1/groups").json() == []
        assert client.delete("/v1/users/ana").status_code == 204 and client.get("/v1/users/ana").status_code == 404
        actions = [row.action for row in house.ledger.audited(AuditFilter(), 100)]
        assert {"user_added", "user_changed", "group_changed", "key_made", "key_revoked", "user_forgotten"} <= set(actions)
        assert made["secret"] not in str(house.ledger.audited(AuditFilter(), 100))
