"""What a browser calls itself, in words that people know."""

from __future__ import annotations

_BROWSERS = (("Edg", "Edge"), ("OPR/", "Opera"), ("Firefox/", "Firefox"), ("Chrom", "Chrome"), ("Safari/", "Safari"))
_SYSTEMS = (
    ("Android", "Android"), ("iPhone", "iPhone"), ("iPad", "iPad"), ("Windows", "Windows"), ("Mac OS", "macOS"),
    ("Linux", "Linux"),
)  # fmt: skip
SHOWN_CHARS = 40


def browser_name(agent: str) -> str:
    """`Firefox · Linux`; the beginning of what it says where it is none of the common ones."""
    known = [next((name for sign, name in names if sign in agent), "") for names in (_BROWSERS, _SYSTEMS)]
    return " · ".join(name for name in known if name) or agent[:SHOWN_CHARS] or "?"
