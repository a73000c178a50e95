"""The languages of the pages, and which one a browser wants."""

from __future__ import annotations

from typing import Literal

from starlette.requests import HTTPConnection

PageLanguage = Literal["es", "en"]
LANGUAGES: tuple[PageLanguage, ...] = ("es", "en")
COOKIE = "midas_language"


def language_of(request: HTTPConnection) -> PageLanguage:
    """The one in the path, else the one that was chosen last, else the browser's, else Spanish."""
    first = str(request.scope["path"]).strip("/").split("/")[0]
    kept = request.cookies.get(COOKIE)
    for wanted in (first, kept, request.headers.get("accept-language", "")[:2].lower()):
        if wanted in LANGUAGES:
            return "en" if wanted == "en" else "es"
    return "es"
