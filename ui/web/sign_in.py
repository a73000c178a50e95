"""Signing in and out, and the links that set a password: plain pages in both languages."""

from __future__ import annotations

import math
from typing import Annotated

from fastapi import APIRouter, Form, Query, Request
from fastapi.responses import FileResponse, RedirectResponse, Response

from ui.api.context import TheHouse
from ui.desks.account import OwnAccount
from ui.entrance import SESSION_COOKIE, address_of, cookie_name, person_behind
from ui.house import House
from ui.people.accounts import Account
from ui.people.errors import BadName, LinkExpired, TooMany, WeakPassword
from ui.people.names import person_name
from ui.people.passwords import LONGEST, SHORTEST, check_strength
from ui.person import Person
from ui.web.forms import COOKIE, Forms, drop_cookie, set_cookie
from ui.web.language import PageLanguage, language_of
from ui.web.plain import HERE, plain_page
from ui.web.sign_in_texts import TEXTS
from ui.web.where import place_after

sign_in = APIRouter(include_in_schema=False)

Field = Annotated[str, Form(max_length=2000)]
ASSETS = {"plain.css": "text/css", "plain.js": "text/javascript", "icon.svg": "image/svg+xml"}


def form_page(template: str, request: Request, house: House, status: int = 200, **values: object) -> Response:
    """A page with a form that this browser alone can send."""
    cookie, token = Forms(house.register.key).begin(request)
    page = plain_page(template, language_of(request), status, token=token, **values)
    set_cookie(page, COOKIE, cookie, request)
    return page


def sent_from_form(token: str, request: Request, house: House) -> bool:
    return Forms(house.register.key).fits(token, request)


# Signing in


@sign_in.get("/es/sign-in")
@sign_in.get("/en/sign-in")
def sign_in_page(request: Request, house: TheHouse, next: Annotated[str, Query(max_length=2000)] = "") -> Response:
    """For whoever is not signed in."""
    if person_behind(request) is not None:
        return RedirectResponse(place_after(next, language_of(request)), 303)
    return _sign_in_form(request, house, next)


@sign_in.post("/es/sign-in")
@sign_in.post("/en/sign-in")
def sign_in_now(
    request: Request, house: TheHouse, name: Field = "", password: Field = "", next: Field = "", token: Field = ""
) -> Response:
    """Begins a session, or says what is wrong: never whether it is the name or the password."""
    texts = TEXTS[language_of(request)]
    if not sent_from_form(token, request, house):
        return _sign_in_form(request, house, next, name, texts.stale_form, 400)
    try:
        account = _verified(request, house, name, password)
    except TooMany as error:
        sentence = texts.wait.format(minutes=math.ceil(error.wait_s / 60))
        page = _sign_in_form(request, house, next, name, sentence, 429)
        page.headers["Retry-After"] = str(error.wait_s)
        return page
    if account is None:
        return _sign_in_form(request, house, next, name, texts.wrong, 401)
    return begin_session(request, house, account, place_after(next, language_of(request)))


def _sign_in_form(
    request: Request, house: House, next: str, name: str = "", error: str | None = None, status: int = 200
) -> Response:
    oidc = house.settings.access.oidc
    back = place_after(next, language_of(request))
    return form_page(
        "sign_in.html", request, house, status, next=back, name=name, error=error, service=oidc.label if oidc else None
    )


def _verified(request: Request, house: House, name: str, password: str) -> Account | None:
    """What is typed as a name is written down only where it is one: people type passwords there too. Raises TooMany."""
    address = address_of(request)
    house.limits.trying(name, address)
    account = house.accounts.verify(name, password)
    if account is None:
        house.limits.failed(address)
        known = house.accounts.find(name)
        house.ledger.audit(None, "sign_in_failed", known.name if known else "", address=address)
        return None
    house.limits.succeeded(name, address)
    return account


def begin_session(request: Request, house: House, account: Account, back: str) -> Response:
    """A new session in place of the one that this browser may have had."""
    sessions, before = house.register.sessions, request.cookies.get(cookie_name(SESSION_COOKIE, request))
    if before and (old := sessions.find(before)) is not None:
        sessions.end(old.id)
    cookie = sessions.begin(account.id, address_of(request), request.headers.get("user-agent", ""))
    house.accounts.signed_in(account.id)
    house.ledger.audit(house.accounts.person(account.id), "signed_in", account.name, address=address_of(request))
    response = RedirectResponse(back, 303)
    set_cookie(response, SESSION_COOKIE, cookie, request, round(house.settings.access.session_hours * 3600))
    return response


# Signing out


@sign_in.post("/es/sign-out")
@sign_in.post("/en/sign-out")
def sign_out(request: Request, house: TheHouse) -> Response:
    """Ends the session. Its form needs no token: the doorkeeper asks where it was sent from."""
    person: Person | None = person_behind(request)
    if person is not None and person.entry == "session":
        OwnAccount(house, person).sign_out()
    response = RedirectResponse(f"/{language_of(request)}/sign-in", 303)
    drop_cookie(response, SESSION_COOKIE, request)
    response.headers["Clear-Site-Data"] = '"cache"'
    return response


# Links


@sign_in.get("/es/link")
@sign_in.get("/en/link")
def link_page(request: Request, house: TheHouse, code: Annotated[str, Query(max_length=200)] = "") -> Response:
    """Shows the form; the link still holds, because programs that preview links open it too."""
    return _link_form(request, house, code)


@sign_in.post("/es/link")
@sign_in.post("/en/link")
def use_link(
    request: Request, house: TheHouse, code: Field = "", name: Field = "", password: Field = "", repeat: Field = "",
    token: Field = "",
) -> Response:  # fmt: skip
    """Sets the password and signs in."""
    language = language_of(request)
    if not sent_from_form(token, request, house):
        return _link_form(request, house, code, name, TEXTS[language].stale_form, 400)
    try:
        problem = password_problem(language, _owner_name(house, code, name), password, repeat)
        if problem is not None:
            return _link_form(request, house, code, name, problem, 400)
        account = _redeemed(house, code, name, password)
    except BadName:
        return _link_form(request, house, code, name, TEXTS[language].bad_name, 400)
    except LinkExpired:
        return _link_form(request, house, code)
    return begin_session(request, house, account, f"/{language}/chat/")


def _link_form(
    request: Request, house: House, code: str, name: str = "", error: str | None = None, status: int = 200
) -> Response:
    language = language_of(request)
    try:
        invited = house.register.invitations.find(code).account
    except LinkExpired:
        return plain_page("message.html", language, 410, message=TEXTS[language].link_expired)
    account = house.accounts.get(invited) if invited else None
    return form_page(
        "link.html", request, house, status, code=code, account=account, name=name, error=error, shortest=SHORTEST,
        longest=LONGEST,
    )  # fmt: skip


def _owner_name(house: House, code: str, name: str) -> str:
    """Whose password a link sets. Raises LinkExpired, BadName."""
    invited = house.register.invitations.find(code).account
    account = house.accounts.get(invited) if invited else None
    return account.name if account else person_name(name)


def _redeemed(house: House, code: str, name: str, password: str) -> Account:
    """Uses the link up. Raises LinkExpired."""
    invited = house.register.invitations.use(code).account
    account = house.accounts.get(invited) if invited else house.accounts.add(name, "admin")
    if account is None:
        raise LinkExpired
    house.accounts.set_password(account.id, password)
    house.ledger.audit(house.accounts.person(account.id), "password_changed", account.name, "by link")
    return account


def password_problem(language: PageLanguage, name: str, password: str, repeat: str) -> str | None:
    """What is wrong with a new password, in the page's language."""
    if password != repeat:
        return TEXTS[language].different
    try:
        check_strength(password, name)
    except WeakPassword:
        return TEXTS[language].weak.format(shortest=SHORTEST, longest=LONGEST)
    return None


# What the pages consist of


@sign_in.get("/sign-in/{name}")
def asset(name: str) -> Response:
    """Look and comforts of the plain pages."""
    if name not in ASSETS:
        return Response(status_code=404)
    return FileResponse(HERE / name, media_type=ASSETS[name], headers={"Cache-Control": "max-age=3600"})
