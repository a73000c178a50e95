"""What of a page may be called, and by whom: the area's role, the few routes of Gradio that pages need, one's own session."""

from __future__ import annotations

import json
import re
from collections import OrderedDict
from collections.abc import Mapping

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from ui.entrance import PERSON
from ui.errors import code_of
from ui.guard import SAFE_METHODS, error_response
from ui.person import NotAllowed, Person, Role
from ui.web.language import PageLanguage, language_of
from ui.web.plain import plain_page

AREA = re.compile(r"/(?:es|en)/(?P<area>[^/]+)(?P<rest>/.*)?", re.DOTALL)
PAGE = re.compile(r"/?|/(assets|static)/.*|/(theme\.css|config|favicon\.ico|manifest\.json|robots\.txt)")
"""What a page consists of, beside its routes under `/gradio_api`: no page has files, so that nothing is uploaded or sent."""
WITHOUT_SESSION = re.compile(r"/gradio_api/(reset|startup-events|app_id|info|theme\.css)/?")
WITH_SESSION = re.compile(
    r"/gradio_api/(queue/join|queue/data|heartbeat/(?P<session>[^/]+)|cancel|component_server|run/predict)/?"
)
LONGEST_BODY = 2**20
SESSIONS_KEPT = 100_000


class Owners:
    """Whose page each session of Gradio is: its first caller's. Gradio names them at random and asks nobody for a right."""

    def __init__(self) -> None:
        self._owners: OrderedDict[str, str] = OrderedDict()

    def owns(self, session: str, person_id: str) -> bool:
        owner = self._owners.setdefault(session, person_id)
        self._owners.move_to_end(session)
        if len(self._owners) > SESSIONS_KEPT:
            self._owners.popitem(last=False)
        return owner == person_id


class PageGuard:
    """ASGI middleware behind the doorkeeper. `areas` are the pages with the role that each needs."""

    def __init__(self, app: ASGIApp, areas: Mapping[str, Role]) -> None:
        self._app = app
        self._areas = areas
        self._owners = Owners()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        found = AREA.fullmatch(scope["path"]) if scope["type"] in ("http", "websocket") else None
        least = self._areas.get(found["area"]) if found else None
        if found is None or least is None:
            return await self._app(scope, receive, send)
        request, rest = Request(scope, receive), found["rest"] or ""
        person: Person = scope[PERSON]
        if not person.may(least) or person.scope == "ask":
            return await not_allowed(request, person, least)(scope, receive, send)
        if PAGE.fullmatch(rest) or WITHOUT_SESSION.fullmatch(rest):
            return await self._app(scope, receive, send)
        if (called := WITH_SESSION.fullmatch(rest)) is None:
            return await unknown_route()(scope, receive, send)
        if scope["method"] not in SAFE_METHODS:
            body = await _body(request)
            session, receive = _named(body), _again(body, receive)
        else:
            session = called["session"] or request.query_params.get("session_hash")
        if session is None or not self._owners.owns(session, person.id):
            return await others_session()(scope, receive, send)
        await self._call(scope, receive, send)

    async def _call(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Of a session from before a restart Gradio tells the page that it is unknown, and then fails in the middle of its
        answer: that is its end, and no mistake."""
        try:
            await self._app(scope, receive, send)
        except RuntimeError as error:
            if not isinstance(error.__cause__, HTTPException) or error.__cause__.status_code != 404:
                raise
            await send({"type": "http.response.body"})


def not_allowed(request: Request, person: Person, least: Role) -> Response:
    """A page in the page's language, or an error for what programs call."""
    if "/gradio_api/" in request.scope["path"]:
        error = NotAllowed("This page is not for your account.")
        return error_response(403, "permission_error", code_of(error), error.message)
    language: PageLanguage = language_of(request)
    return plain_page("not_allowed.html", language, 403, person=person, needed=least)


def unknown_route() -> Response:
    return error_response(404, "invalid_request_error", "not_found", "The pages have no such route: /docs lists the API.")


def others_session() -> Response:
    return error_response(403, "permission_error", "not_your_page", "This page was opened by somebody else: load it anew.")


async def _body(request: Request) -> bytes:
    """Up to the limit; what is longer is no JSON then, and is refused."""
    parts, length = [], 0
    async for part in request.stream():
        parts.append(part)
        if (length := length + len(part)) > LONGEST_BODY:
            return b""
    return b"".join(parts)


def _named(body: bytes) -> str | None:
    """The session that a JSON body names; None when it names none."""
    try:
        session = json.loads(body)["session_hash"]
    except (ValueError, KeyError, TypeError, RecursionError):
        return None
    return session if isinstance(session, str) else None


def _again(body: bytes, receive: Receive) -> Receive:
    """Lets the app read the body that was read here."""
    given = False

    async def replay() -> Message:
        nonlocal given
        if given:
            return await receive()
        given = True
        return {"type": "http.request", "body": body, "more_body": False}

    return replay
