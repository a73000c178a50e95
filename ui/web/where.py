"""Where people go after signing in: back to a page of this server, nowhere else."""

from __future__ import annotations

import re

from ui.web.language import PageLanguage

OWN = re.compile(r"/((es|en)(/[\w./-]*)?|docs)?(\?[\w.~!$&'()*+,;=:@/?%-]*)?(#[\w.~!$&'()*+,;=:@/?%-]*)?", re.ASCII)
STRAY = re.compile(r"//|\.\.")
ENTRY = re.compile(r"/(es|en)/(sign-in|sign-out|link)\b.*")


def place_after(wanted: str, language: PageLanguage) -> str:
    """`wanted` where it is a path of one of our pages, else the chat."""
    path = re.split(r"[?#]", wanted, maxsplit=1)[0]
    ours = OWN.fullmatch(wanted) and not ENTRY.fullmatch(wanted) and wanted != "/" and not STRAY.search(path)
    return wanted if ours else f"/{language}/chat/"
