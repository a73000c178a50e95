"""The page of one's own account: API keys, sessions, password."""

from __future__ import annotations

from contextlib import suppress
from typing import get_args

from fastapi import APIRouter, Request
from fastapi.responses import RedirectResponse, Response

from ui.api.context import TheHouse
from ui.desks.account import OwnAccount
from ui.entrance import SESSION_COOKIE, address_of, person_behind
from ui.house import House
from ui.people.errors import KeyNotFound, TooMany, WrongPassword
from ui.people.names import LONGEST as LONGEST_NAME
from ui.people.passwords import LONGEST, SHORTEST
from ui.people.views import NewKey
from ui.person import Person, Scope
from ui.web.browsers import browser_name
from ui.web.forms import set_cookie
from ui.web.language import PageLanguage, language_of
from ui.web.sign_in import Field, form_page, password_problem, sent_from_form
from ui.web.sign_in_texts import TEXTS

account_page = APIRouter(include_in_schema=False)

SCOPES: tuple[Scope, ...] = get_args(Scope)


@account_page.get("/es/account")
@account_page.get("/en/account")
def show(request: Request, house: TheHouse, changed: str = "") -> Response:
    """For whoever has an account; on a server without sign-in there is none to show."""
    person: Person | None = person_behind(request)
    if person is None or person.entry not in ("session", "proxy"):
        return RedirectResponse(f"/{language_of(request)}/chat/", 303)
    return _page(request, house, notice=TEXTS[language_of(request)].password_changed if changed == "password" else None)


@account_page.post("/es/account/keys")
@account_page.post("/en/account/keys")
def make_key(
    request: Request, house: TheHouse, name: Field = "", scope: Field = "ask", days: Field = "90", token: Field = ""
) -> Response:
    """Shows the new key, this once."""
    texts, name = TEXTS[language_of(request)], name.strip()
    if not sent_from_form(token, request, house):
        return _page(request, house, error=texts.stale_form, status=400)
    if not 0 < len(name) <= LONGEST_NAME or scope not in SCOPES or days not in texts.days:
        return _page(request, house, error=texts.key_not_made, status=400)
    made = _desk(request, house).make_key(name, next(each for each in SCOPES if each == scope), int(days) or None)
    return _page(request, house, made=made)


@account_page.post("/es/account/revoke")
@account_page.post("/en/account/revoke")
def revoke_key(request: Request, house: TheHouse, key: Field = "", token: Field = "") -> Response:
    """A key that is gone already is as good as revoked."""
    texts = TEXTS[language_of(request)]
    if not sent_from_form(token, request, house):
        return _page(request, house, error=texts.stale_form, status=400)
    with suppress(KeyNotFound):
        _desk(request, house).revoke_key(key)
    return _page(request, house, notice=texts.key_revoked)


@account_page.post("/es/account/sessions")
@account_page.post("/en/account/sessions")
def end_others(request: Request, house: TheHouse, token: Field = "") -> Response:
    """Signs all other browsers out."""
    texts = TEXTS[language_of(request)]
    if not sent_from_form(token, request, house):
        return _page(request, house, error=texts.stale_form, status=400)
    _desk(request, house).end_other_sessions()
    return _page(request, house, notice=texts.others_ended)


@account_page.post("/es/account/password")
@account_page.post("/en/account/password")
def change_password(
    request: Request, house: TheHouse, current: Field = "", password: Field = "", repeat: Field = "", token: Field = ""
) -> Response:
    """All sessions end; this browser gets a new one."""
    desk, language = _desk(request, house), language_of(request)
    if (problem := _not_changed(desk, request, language, current, password, repeat, token)) is not None:
        return _page(request, house, error=problem, status=400)
    response = RedirectResponse(f"/{language}/account?changed=password", 303)
    cookie = house.register.sessions.begin(desk.person.id, address_of(request), request.headers.get("user-agent", ""))
    set_cookie(response, SESSION_COOKIE, cookie, request, round(house.settings.access.session_hours * 3600))
    return response


def _not_changed(
    desk: OwnAccount, request: Request, language: PageLanguage, current: str, password: str, repeat: str, token: str
) -> str | None:
    """Changes the password; what is wrong when it did not."""
    texts = TEXTS[language]
    if not sent_from_form(token, request, desk.house):
        return texts.stale_form
    if (problem := password_problem(language, desk.person.name, password, repeat)) is not None:
        return problem
    try:
        desk.change_password(current, password)
    except WrongPassword:
        return texts.wrong_current
    except TooMany as error:
        return texts.wait.format(minutes=1 + error.wait_s // 60)
    return None


def _desk(request: Request, house: House) -> OwnAccount:
    person = person_behind(request)
    assert person is not None
    return OwnAccount(house, person)


def _page(
    request: Request,
    house: House,
    *,
    notice: str | None = None,
    error: str | None = None,
    made: NewKey | None = None,
    status: int = 200,
) -> Response:
    desk = _desk(request, house)
    sessions = desk.sessions()
    return form_page(
        "account.html",
        request,
        house,
        status,
        user=desk.me(),
        keys=desk.keys(),
        sessions=sessions,
        browsers={session.id: browser_name(session.agent) for session in sessions},
        can_sign_out=desk.person.entry == "session",
        notice=notice,
        error=error,
        made=made,
        shortest=SHORTEST,
        longest=LONGEST,
    )
