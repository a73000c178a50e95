"""What the commands share: settings, service, options that several take, and how a command ends."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Annotated

import typer

from ingest.errors import ConfigError

if TYPE_CHECKING:
    from assistant.config import Settings
    from ui.service import Service

Json = Annotated[bool, typer.Option("--json", help="Print JSON instead of text.")]
Yes = Annotated[bool, typer.Option("--yes", "-y", help="Do not ask for confirmation.")]


def load_settings() -> Settings:
    from assistant.config import Settings

    settings = Settings.load()
    assert isinstance(settings, Settings)
    return settings


@contextmanager
def open_service() -> Iterator[Service]:
    """The running server's service, or the data directory's; closed behind the block."""
    from ui.service import connect

    service = connect(load_settings())
    try:
        yield service
    finally:
        service.close()


def confirm(sentence: str, sure: bool) -> None:
    """Raises ConfigError where nobody can be asked, typer.Abort when the answer is no."""
    if sure:
        return
    if not sys.stdin.isatty():
        raise ConfigError("Say --yes to delete without being asked.")
    typer.confirm(sentence, abort=True, err=True)


def done(json: bool, sentence: str, **facts: str | int) -> None:
    """Prints the sentence, or the facts as JSON."""
    from ui import terminal

    if json:
        terminal.print_json(facts)
    else:
        terminal.out.print(terminal.plain(sentence))


def leave(code: int) -> None:
    """Ends the command with this exit code unless it is 0."""
    if code:
        raise typer.Exit(code)
