"""Plain text -> headings, paragraphs and lists."""

from __future__ import annotations

import re

from ingest.loaders.draft import Draft

_BLANK = re.compile(r"\n[ \t]*+(?:\n[ \t]*+)++")
_UNDERLINE = re.compile(r"^[=\-~_*]{3,}$")
_NUMBERED = re.compile(r"^(\d+(?:\.\d+)*)[.)]?\s+\S")
_ITEM = re.compile(r"^\s*(?:([-*•·▪‣○●–—])|(\d{1,3}[.)]|[a-z]\)))\s+(\S.*)$")
_RULE = re.compile(r"^:?-{2,}:?$")
_WRAPPED_CHARS = 55
_TITLE_LINES = 4
_HEADING_CHARS = 90


def load(text: str, draft: Draft) -> None:
    """The title at the top becomes the outermost heading, numbered sections come below it."""
    for number, lines in enumerate(_paragraphs(text)):
        _write(lines if number else _write_title(lines, draft), draft)


def write_text(text: str, draft: Draft) -> None:
    """Text that has no title of its own, such as a message's."""
    for lines in _paragraphs(text):
        _write(lines, draft)


def _paragraphs(text: str) -> list[list[str]]:
    """Lines of each paragraph; paragraphs stand between blank lines."""
    text = text.replace("\r\n", "\n").replace("\r", "\n").replace("\f", "\n\n")
    paragraphs = ([line.rstrip() for line in paragraph.split("\n") if line.strip()] for paragraph in _BLANK.split(text))
    return [lines for lines in paragraphs if lines]


def _write_title(lines: list[str], draft: Draft) -> list[str]:
    """Takes the title out of the first paragraph: its first line in capitals, or one short line that stands alone."""
    title = next((line for line in lines[:_TITLE_LINES] if is_heading(line) and line.isupper()), "")
    if not title and len(lines) == 1 and len(lines[0]) <= _HEADING_CHARS and _is_label(lines[0]):
        title = lines[0]
    if title:
        draft.heading(1, title)
        draft.base_level += 1
    return [line for line in lines if line is not title]


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
    return len(line) <= _HEADING_CHARS and _is_label(line) and (line.isupper() or bool(_NUMBERED.match(line)))


def _is_label(line: str) -> bool:
    """No sentence: it has letters, and no punctuation at its end."""
    return line[-1] not in ".:;,?!" and any(map(str.isalpha, line)) and not _ITEM.match(line.replace(".", "", 1))


def heading_level(line: str) -> int:
    """`2.1 Alcance` is of level 2; what has no number is of level 1."""
    number = _NUMBERED.match(line.strip())
    return number[1].count(".") + 1 if number else 1


def _write(lines: list[str], draft: Draft) -> None:
    if not lines:
        return
    if len(lines) > 1 and all(line.lstrip().startswith("|") for line in lines):
        draft.table(pipe_rows(lines))
        return
    if len(lines) > 1 and _UNDERLINE.match(lines[1].strip()) and not _UNDERLINE.match(lines[0].strip()):
        draft.heading(1 if lines[1].strip()[0] == "=" else 2, lines[0])
        lines = lines[2:]
    elif is_heading(lines[0]) and len(lines) == 1:
        draft.heading(heading_level(lines[0]), lines[0])
        lines = []
    write_lines([line for line in lines if not _UNDERLINE.match(line.strip())], draft)


def pipe_rows(lines: list[str]) -> list[list[str]]:
    """`| a | b |` lines -> rows of cells, the rule below the header left out."""
    rows = [[cell.strip() for cell in line.strip().strip("|").split("|")] for line in lines]
    return [row for row in rows if not all(_RULE.match(cell) for cell in row)]


def _continues(last: str, line: str) -> bool:
    ended = last.rstrip()[-1] in ".:;!?" and not line.lstrip()[0].islower()
    if ended or last.rstrip()[-1] in ":;" or _ITEM.match(line):
        return False
    indented = bool(_ITEM.match(last)) and line.startswith("  ")
    return indented or len(last) >= _WRAPPED_CHARS or line.strip()[0].islower()
