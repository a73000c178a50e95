"""`midas eval arena vote`: two answers side by side, a key for each verdict; votes are kept one by one."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from dataclasses import dataclass
from time import perf_counter
from typing import Protocol

import click

from eval.arena import Arena, Choice, Passage, Reveal, Shown
from ingest.errors import ConfigError
from ui import terminal

KEYS: dict[str, Choice] = {"1": "left", "2": "right", "3": "tie", "4": "both_bad"}
STOP, EVIDENCE = "q", "e"
HELP = "1 left is better · 2 right is better · 3 equally good · 4 both bad · e the evidence · q stop"
SIDE_BY_SIDE = 100
"""Columns of a terminal from which two answers fit beside each other."""


@dataclass(frozen=True, slots=True)
class Told:
    """What a voter decided on, and why, if they said so. `key` is one of KEYS, STOP or EVIDENCE."""

    key: str
    reason: str | None = None


class Input(Protocol):
    """Where verdicts come from."""

    def key(self) -> str: ...

    def reason(self) -> str | None: ...


class Keyboard:
    """One key, without Enter; then a line for the reason, which may stay empty. Ctrl-C and Ctrl-D stop, too."""

    def key(self) -> str:
        try:
            while (pressed := click.getchar().lower()) not in (*KEYS, STOP, EVIDENCE):
                pass
        except (KeyboardInterrupt, EOFError):
            return STOP
        return pressed

    def reason(self) -> str | None:
        terminal.out.print("Why? (Enter: no reason) ", end="")
        return sys.stdin.readline().strip() or None


class Lines:
    """A line for each verdict, the reason behind the key: `1 says when`. The end of the input stops."""

    def __init__(self) -> None:
        self._reason: str | None = None

    def key(self) -> str:
        for line in sys.stdin:
            key, _, reason = line.strip().partition(" ")
            if key.lower() in (*KEYS, STOP, EVIDENCE):
                self._reason = reason.strip() or None
                return key.lower()
            terminal.err.print(terminal.plain(HELP))
        return STOP

    def reason(self) -> str | None:
        return self._reason


def vote(arena: Arena, run: str, voter: str, *, json: bool) -> int:
    """Shows pairs until there are no more or the voter stops; returns how many votes were given."""
    source: Input = Keyboard() if sys.stdin.isatty() and not json else Lines()
    count = 0
    for shown in _pairs(arena, run, voter):
        _show(shown, json)
        began = perf_counter()
        key = _verdict(source, shown, json)
        if key == STOP:
            break
        waited_ms = (perf_counter() - began) * 1000
        try:
            names = arena.vote(shown.pair, voter, KEYS[key], waited_ms, source.reason())
        except ConfigError as error:  # voted on meanwhile, in another window
            terminal.err.print(terminal.plain(error.message))
            continue
        _tell(names, json)
        count += 1
    return count


def _pairs(arena: Arena, run: str, voter: str) -> Iterator[Shown]:
    while shown := arena.next(run, voter):
        yield shown


def _verdict(source: Input, shown: Shown, json: bool) -> str:
    while (key := source.key()) == EVIDENCE:
        _show_evidence(shown.passages, json)
    return key


def _show(shown: Shown, json: bool) -> None:
    if json:
        print(terminal.json_line(shown), flush=True)
        return
    terminal.out.rule(f"{shown.voted + 1} / {shown.pairs}")
    terminal.out.print(terminal.plain(shown.question, "bold"))
    terminal.out.print()
    terminal.out.print(_both(shown))
    terminal.out.print()
    terminal.out.print(terminal.plain(HELP, "dim"))


def _both(shown: Shown) -> object:
    from rich.columns import Columns
    from rich.console import Group
    from rich.panel import Panel

    sides = [Panel(terminal.plain(text), title=title) for title, text in (("1", shown.left), ("2", shown.right))]
    if terminal.out.width < SIDE_BY_SIDE:
        return Group(*sides)
    return Columns(sides, width=terminal.out.width // 2 - 1, padding=(0, 1))


def _show_evidence(passages: tuple[Passage, ...], json: bool) -> None:
    if json:
        print(terminal.json_line(passages), flush=True)
        return
    for passage in passages:
        terminal.out.print(terminal.plain(f"[{passage.number}] {passage.place}", "bold"))
        terminal.out.print(terminal.plain(passage.text))
    if not passages:
        terminal.out.print("There is no evidence: the models were asked without documents.")


def _tell(names: Reveal, json: bool) -> None:
    if json:
        print(terminal.json_line(names), flush=True)
    else:
        terminal.out.print(terminal.plain(f"1 was {names.left}, 2 was {names.right}.", "dim"))
