"""Accounts, groups and keys, for admins."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Depends, Query
from pydantic import BaseModel, Field

from assistant.prompts import Language
from ui.api.context import REFUSALS, SECURED, at
from ui.desks.people import People
from ui.people.groups import Group
from ui.people.names import LONGEST
from ui.people.views import AddedUser, KeyView, LinkView, NewKey, UserView
from ui.person import Role, Scope

people = APIRouter(prefix="/v1", dependencies=SECURED, responses=REFUSALS, tags=["people"])
AtPeople = Annotated[People, Depends(at(People))]

Name = Annotated[str, Field(min_length=1, max_length=LONGEST)]
KeyDays = Annotated[int | None, Field(ge=1, le=3650, description="days that the key holds; null: for ever")]


class NewUser(BaseModel):
    """`language` is that of the page that the link leads to."""

    name: Name
    role: Role = "employee"
    groups: list[Name] = Field([], max_length=200)
    language: Language = "es"


class UserChange(BaseModel):
    """What is absent stays as it is."""

    role: Role | None = None
    groups: list[Name] | None = Field(None, max_length=200)
    disabled: bool | None = None


class NewGroup(BaseModel):
    name: Name
    description: str = Field("", max_length=500)


class GroupChange(BaseModel):
    description: str = Field(max_length=500)


class KeyRequest(BaseModel):
    """`scope` `ask`: questions and the sources of answers only."""

    name: Name
    scope: Scope = "ask"
    days: KeyDays = 90


@people.get("/users")
def users(desk: AtPeople) -> list[UserView]:
    """All accounts, by name."""
    return desk.users()


@people.post("/users", status_code=201)
def add_user(body: NewUser, desk: AtPeople) -> AddedUser:
    """A new account, with the link by which its owner sets a password."""
    return desk.add(body.name, body.role, body.groups, body.language)


@people.get("/users/{user}")
def user(user: str, desk: AtPeople) -> UserView:
    """One account."""
    return desk.user(user)


@people.patch("/users/{user}")
def change_user(user: str, body: UserChange, desk: AtPeople) -> UserView:
    """Role, groups, and whether the account is disabled; it holds from the person's next request on."""
    return desk.change(user, role=body.role, groups=body.groups, disabled=body.disabled)


@people.delete("/users/{user}", status_code=204)
def forget_user(user: str, desk: AtPeople) -> None:
    """Deletes the account with its keys and conversations, and takes the person's name from the ledger."""
    desk.forget(user)


@people.post("/users/{user}/link", status_code=201)
def link(user: str, desk: AtPeople, language: Language = "es") -> LinkView:
    """A link that sets a new password, once, to a page in this language."""
    return desk.link(user, language)


@people.post("/users/{user}/keys", status_code=201)
def make_user_key(user: str, body: KeyRequest, desk: AtPeople) -> NewKey:
    """A key with the rights of the account; it is shown this once."""
    return desk.make_key(user, body.name, body.scope, body.days)


@people.get("/groups")
def groups(desk: AtPeople) -> list[Group]:
    """All groups with their members. `everyone`, who is signed in, is not among them."""
    return desk.groups()


@people.post("/groups", status_code=201)
def add_group(body: NewGroup, desk: AtPeople) -> Group:
    """A new group without members."""
    return desk.add_group(body.name, body.description)


@people.patch("/groups/{group}")
def change_group(group: str, body: GroupChange, desk: AtPeople) -> Group:
    """Another description."""
    return desk.change_group(group, body.description)


@people.delete("/groups/{group}", status_code=204)
def delete_group(group: str, desk: AtPeople) -> None:
    """Its members lose what was shared with it."""
    desk.delete_group(group)


@people.get("/keys")
def keys(desk: AtPeople, user: Annotated[str | None, Query(max_length=LONGEST)] = None) -> list[KeyView]:
    """The keys of an account, or of all, the newest first; the keys themselves are nowhere kept."""
    return desk.keys(user)


@people.delete("/keys/{key_id}", status_code=204)
def revoke_key(key_id: str, desk: AtPeople) -> None:
    """The key is refused from the next request on."""
    desk.revoke_key(key_id)
