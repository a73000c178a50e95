"""`midas usage` and `midas audit`: what was asked and what it took, and who did what."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import closing, contextmanager
from datetime import date, datetime
from typing import TYPE_CHECKING, Annotated, Literal, cast

import typer

from ingest.errors import ConfigError
from ui.command import Json

if TYPE_CHECKING:
    from ui.desks.ledger import Ledger
    from ui.house import House
    from ui.ledger.audit import Action

First = Annotated[
    datetime | None,
    typer.Option("--first", formats=["%Y-%m-%d"], metavar="YYYY-MM-DD", help="First day. Default: the first one."),
]
Last = Annotated[
    datetime | None, typer.Option("--last", formats=["%Y-%m-%d"], metavar="YYYY-MM-DD", help="Last day. Default: today.")
]


def usage(
    by: Annotated[
        Literal["person", "backend", "collection", "day"], typer.Option("--by", help="What to add up by.")
    ] = "person",
    first: First = None,
    last: Last = None,
    json: Json = False,
) -> None:
    """Show what was asked, by whom, and what it cost."""
    from ui import terminal
    from ui.ledger.usage import UsageFilter
    from ui.ledger_text import priced, usage_table

    with _desk() as desk:
        report = desk.usage(by, UsageFilter(_day(first), _day(last)))
    if json:
        terminal.print_json(report)
    elif not report.rows:
        terminal.err.print("Nobody has asked anything in these days.")
    else:
        terminal.out.print(usage_table(report, by))
        terminal.out.print(terminal.plain(priced(report), "dim"))


def audit(
    person: Annotated[str | None, typer.Option("--person", "-p", metavar="NAME", help="Only what this person did.")] = None,
    action: Annotated[
        str | None, typer.Option("--action", "-a", metavar="ACTION", help="Only this action, such as signed_in.")
    ] = None,
    first: First = None,
    last: Last = None,
    limit: Annotated[int, typer.Option("--limit", "-n", min=1, max=100_000, help="Lines to show, the latest ones.")] = 50,
    csv: Annotated[bool, typer.Option("--csv", help="Print all lines as CSV.")] = False,
    json: Json = False,
) -> None:
    """Show who did what and when.

    Sign-ins, sources read, uploads, deletions, changes of users and settings; never what was asked.
    """
    from ui import terminal
    from ui.ledger.audit import AuditFilter
    from ui.ledger_text import audit_table

    wanted = AuditFilter(person, _action(action), _day(first), _day(last))
    with _desk() as desk:
        if csv:
            sys.stdout.write(desk.audit_csv(wanted))
            return
        rows = desk.audit(wanted, limit=limit)
    if json:
        terminal.print_json(rows)
    elif rows:
        terminal.out.print(audit_table(rows))
    else:
        terminal.err.print("Nothing of this kind is in the log.")


@contextmanager
def _desk() -> Iterator[Ledger]:
    """For whoever may read the data directory, beside a server that may be running."""
    from ui.backroom import Backroom
    from ui.desks.ledger import Ledger
    from ui.person import SERVER

    with closing(Backroom()) as backroom:
        yield Ledger(cast("House", backroom), SERVER)


def _day(moment: datetime | None) -> date | None:
    return moment.date() if moment else None


def _action(name: str | None) -> Action | None:
    from ui.ledger.audit import ACTIONS

    if name is not None and name not in ACTIONS:
        raise ConfigError(f"There is no action {name!r}: use one of {', '.join(ACTIONS)}.")
    return name
