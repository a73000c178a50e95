"""Signing in at the company's sign-in service: there and back."""

from __future__ import annotations

import logging
from typing import Annotated, Any

from fastapi import APIRouter, Query, Request
from fastapi.concurrency import run_in_threadpool
from fastapi.responses import RedirectResponse, Response
from itsdangerous import BadSignature, URLSafeTimedSerializer

from ingest.errors import ConfigError
from ui.api.context import TheHouse
from ui.entrance import address_of, cookie_name
from ui.house import House
from ui.people.errors import NameTaken, SignInFailed
from ui.people.oidc import Stranger
from ui.web.forms import drop_cookie, set_cookie
from ui.web.language import PageLanguage
from ui.web.plain import plain_page
from ui.web.sign_in import begin_session
from ui.web.sign_in_texts import TEXTS
from ui.web.where import place_after

service_sign_in = APIRouter(include_in_schema=False)

COOKIE = "midas_service"
LONGEST_SECONDS = 900
"""From leaving for the service to coming back."""
log = logging.getLogger("midas")


@service_sign_in.get("/sign-in/service")
async def leave(
    request: Request, house: TheHouse, language: PageLanguage = "es", next: Annotated[str, Query(max_length=2000)] = ""
) -> Response:
    """Leads to the service; a signed cookie knows who left, and for which page."""
    if (service := house.sign_in_service) is None:
        return RedirectResponse(f"/{language}/sign-in", 303)
    trip: dict[str, Any] = {"language": language, "next": place_after(next, language)}
    request.scope["session"] = trip
    try:
        response = await service.start(request, _callback(request, house))
    except SignInFailed as error:
        return _failed(error, house, language)
    set_cookie(response, COOKIE, _signed(house).dumps(trip), request, LONGEST_SECONDS)
    return response


@service_sign_in.get("/sign-in/callback")
async def come_back(request: Request, house: TheHouse) -> Response:
    """Begins a session for whom the service signed in."""
    service, trip = house.sign_in_service, _trip(request, house)
    language: PageLanguage = "en" if trip.get("language") == "en" else "es"
    if service is None or not trip:
        return plain_page("message.html", language, 400, message=TEXTS[language].stale_form)
    request.scope["session"] = trip
    try:
        response = await run_in_threadpool(_let_in, request, house, await service.finish(request), trip["next"])
    except (SignInFailed, ConfigError) as error:
        return await run_in_threadpool(_refused, error, request, house, language)
    drop_cookie(response, COOKIE, request)
    return response


def _let_in(request: Request, house: House, stranger: Stranger, next: str) -> Response:
    account = house.register.outside.from_service(
        stranger.issuer, stranger.subject, stranger.name, stranger.groups, stranger.role
    )
    return begin_session(request, house, account, next)


def _refused(error: Exception, request: Request, house: House, language: PageLanguage) -> Response:
    house.ledger.audit(None, "sign_in_failed", "", "by the sign-in service", address_of(request))
    return _failed(error, house, language)


def _failed(error: Exception, house: House, language: PageLanguage) -> Response:
    """The log says why; the page does not, because whoever forges an answer reads it too."""
    log.warning("Signing in at the service failed: %r", str(error))
    oidc, texts = house.settings.access.oidc, TEXTS[language]
    sentence = (
        texts.name_taken if isinstance(error, NameTaken) else texts.outside_failed.format(label=oidc.label if oidc else "")
    )
    return plain_page("message.html", language, 403, message=sentence)


def _callback(request: Request, house: House) -> str:
    base = house.settings.server.public_url or f"{request.scope['scheme']}://{request.headers['host']}"
    return f"{base}/sign-in/callback"


def _signed(house: House) -> URLSafeTimedSerializer:
    return URLSafeTimedSerializer(house.register.key, salt="midas-service")


def _trip(request: Request, house: House) -> dict[str, Any]:
    """What the browser left with; empty when it did not leave from here, or too long ago."""
    try:
        trip: dict[str, Any] = _signed(house).loads(request.cookies.get(cookie_name(COOKIE, request), ""), LONGEST_SECONDS)
    except BadSignature:
        return {}
    return trip
