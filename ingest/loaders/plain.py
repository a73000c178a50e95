"""Plain text -> headings, paragraphs and lists."""

from __future__ import annotations

import re

from ingest.loaders.draft import Draft

_BLANK = re.compile(r"\n[ \t]*(?:\n[ \t]*)+")
_UNDERLINE = re.compile(r"^[=\-~_*]{3,}$")
_NUMBERED = re.compile(r"^(\d+(?:\.\d+)*)[.)]?\s+\S")
_ITEM = re.compile(r"^\s*(?:([-*•·▪‣○●–—])|(\d{1,3}[.)]|[a-z]\)))\s+(\S.*)$")
_WRAPPED_CHARS = 55
_HEADING_CHARS = 90


def load(text: str, draft: Draft) -> None:
    for paragraph in _BLANK.split(text.replace("\r\n", "\n").replace("\r", "\n").replace("\f", "\n\n")):
        lines = [line.rstrip() for line in paragraph.split("\n") if line.strip()]
        if lines:
            _write(lines, draft)


def write_lines(lines: list[str], draft: Draft) -> None:
    """Lines of one paragraph: runs of list items become a list, wrapped lines are joined."""
    pending: list[str] = []
    first = True
    for line in join_wrapped(lines):
        if item := _ITEM.match(line):
            draft.text("\n".join(pending))
            pending = []
            draft.item(item[3], item[2] or "-", first=first)
            first = False
        else:
            pending.append(line)
    draft.text("\n".join(pending))


def join_wrapped(lines: list[str]) -> list[str]:
    """Joins a line to the one before it where that one was broken at the right margin."""
    joined: list[str] = []
    last = ""
    for line in lines:
        if joined and _continues(last, line):
            joined[-1] = f"{joined[-1]} {line.strip()}"
        else:
            joined.append(line)
        last = line
    return joined


def is_heading(line: str) -> bool:
    """A short line standing alone: in capitals, or numbered like `2.1 Alcance`; no sentence."""
    line = line.strip()
    if len(line) > _HEADING_CHARS or line[-1] in ".:;,?!" or not any(map(str.isalpha, line)):
        return False
    return line.isupper() or bool(_NUMBERED.match(line))


def heading_level(line: str) -> int:
    """`2.1 Alcance` is of level 2; what has no number is of level 1."""
    number = _NUMBERED.match(line.strip())
    return number[1].count(".") + 1 if number else 1


def _write(lines: list[str], draft: Draft) -> None:
    if len(lines) > 1 and _UNDERLINE.match(lines[1].strip()) and not _UNDERLINE.match(lines[0].strip()):
        draft.heading(1 if lines[1].strip()[0] == "=" else 2, lines[0])
        lines = lines[2:]
    elif is_heading(lines[0]) and len(lines) == 1:
        draft.heading(heading_level(lines[0]), lines[0])
        lines = []
    write_lines([line for line in lines if not _UNDERLINE.match(line.strip())], draft)


def _continues(last: str, line: str) -> bool:
    if _ITEM.match(line) or last.rstrip().endswith((":", ";")):
        return False
    indented = bool(_ITEM.match(last)) and line.startswith("  ")
    return indented or len(last) >= _WRAPPED_CHARS or line.strip()[0].islower()
