"""What our own forms carry, so that no other site can send them: a random cookie, and a signature of it in the form."""

from __future__ import annotations

from itsdangerous import Signer
from starlette.requests import HTTPConnection
from starlette.responses import Response

from ui.entrance import cookie_name, is_secure, person_behind
from ui.people.secret import new_secret

COOKIE = "midas_form"


class Forms:
    """Tokens hold for the browser that got them, and only while the same session is signed in."""

    def __init__(self, key: str) -> None:
        self._signer = Signer(key, salt="midas-form")

    def begin(self, request: HTTPConnection) -> tuple[str, str]:
        """The cookie to set, and the token for the form."""
        cookie = request.cookies.get(cookie_name(COOKIE, request)) or new_secret()
        return cookie, self._token(cookie, request)

    def fits(self, token: str, request: HTTPConnection) -> bool:
        cookie = request.cookies.get(cookie_name(COOKIE, request))
        if not cookie:
            return False
        signed, signature = self._signed(cookie, request), token
        return self._signer.verify_signature(signed, signature)

    def _token(self, cookie: str, request: HTTPConnection) -> str:
        return self._signer.get_signature(self._signed(cookie, request)).decode()

    def _signed(self, cookie: str, request: HTTPConnection) -> str:
        person = person_behind(request)
        return f"{cookie}|{person.credential if person else None}"


def set_cookie(response: Response, name: str, value: str, request: HTTPConnection, longest_s: int | None = None) -> None:
    """Only this host gets it, only over TLS where the page came so, and no script reads it."""
    response.set_cookie(
        cookie_name(name, request), value, max_age=longest_s, secure=is_secure(request), httponly=True, samesite="lax"
    )


def drop_cookie(response: Response, name: str, request: HTTPConnection) -> None:
    response.delete_cookie(cookie_name(name, request), secure=is_secure(request), httponly=True, samesite="lax")
