"""One's own account: password, sessions, keys."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Depends
from pydantic import BaseModel, Field

from ui.api.context import REFUSALS, SECURED, at
from ui.api.people import KeyRequest
from ui.desks.account import OwnAccount
from ui.people.passwords import LONGEST
from ui.people.views import KeyView, NewKey, SessionView, UserView

account = APIRouter(prefix="/v1/account", dependencies=SECURED, responses=REFUSALS, tags=["account"])
AtAccount = Annotated[OwnAccount, Depends(at(OwnAccount))]


class PasswordChange(BaseModel):
    current: str = Field(max_length=LONGEST)
    new: str = Field(max_length=LONGEST)


@account.get("")
def me(desk: AtAccount) -> UserView:
    """Who asks."""
    return desk.me()


@account.post("/password", status_code=204)
def change_password(body: PasswordChange, desk: AtAccount) -> None:
    """All sessions end, this one too."""
    desk.change_password(body.current, body.new)


@account.get("/sessions")
def sessions(desk: AtAccount) -> list[SessionView]:
    """The browsers that are signed in, the one used last first."""
    return desk.sessions()


@account.delete("/sessions", status_code=204)
def end_other_sessions(desk: AtAccount) -> None:
    """Signs all other browsers out."""
    desk.end_other_sessions()


@account.get("/keys")
def own_keys(desk: AtAccount) -> list[KeyView]:
    """The newest first; the keys themselves are nowhere kept."""
    return desk.keys()


@account.post("/keys", status_code=201)
def make_own_key(body: KeyRequest, desk: AtAccount) -> NewKey:
    """A key with the rights of this account; it is shown this once."""
    return desk.make_key(body.name, body.scope, body.days)


@account.delete("/keys/{key_id}", status_code=204)
def revoke_own_key(key_id: str, desk: AtAccount) -> None:
    """The key is refused from the next request on."""
    desk.revoke_key(key_id)
