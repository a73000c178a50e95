"""`midas backends`: which models may answer, whether they work, and a new one."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from ingest.errors import ConfigError
from ui.command import Json, leave, load_settings, open_service

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

backends_app = typer.Typer(help="List, check and add the models that may answer.", no_args_is_help=True)

Name = Annotated[str, typer.Argument(metavar="NAME", help="Name of the new back end: letters, digits, '-' and '_'.")]
Kind = Annotated[str, typer.Argument(metavar="KIND", help="Kind of server; a wrong one lists them all.")]
Options = Annotated[
    list[str] | None,
    typer.Argument(
        metavar="KEY=VALUE",
        help="Options of the kind, e.g. model=NAME base_url=http://127.0.0.1:8000/v1 api_key_env=VARIABLE cloud=true"
        " fallback=local; a wrong key lists them all.",
    ),
]


@backends_app.command("list")
def list_backends(json: Json = False) -> None:
    """List the configured back ends, the default one first."""
    from ui import terminal
    from ui.backend_text import backends_table, last_error

    with open_service() as service:
        views = service.backends()
    if json:
        terminal.print_json(views)
        return
    terminal.out.print(backends_table(views))
    for view in views:
        if view.problem:
            terminal.err.print(terminal.plain(f"{view.name}: {view.problem}"), soft_wrap=True)
        if error := last_error(view):
            terminal.err.print(terminal.plain(f"{view.name}: last error {error}"), soft_wrap=True)


@backends_app.command("check")
def check_backends(
    name: Annotated[str | None, typer.Argument(metavar="NAME", help="Name of a back end. Default: all of them.")] = None,
    json: Json = False,
) -> None:
    """Try back ends and show what they can do, and how fast.

    Each writes a few tokens, which a cloud may charge for; the documents are not touched. The exit code is 1 when one fails.
    """
    from ui import terminal
    from ui.backend_text import print_check

    checks = []
    with open_service() as service:
        for each in [name] if name else [view.name for view in service.backends()]:
            checks.append(service.check_backend(each))
            if not json:
                print_check(checks[-1])
    if json:
        terminal.print_json(checks)
    leave(int(any(not check.works for check in checks)))


@backends_app.command("add")
def add_backend(name: Name, kind: Kind, options: Options = None, json: Json = False) -> None:
    """Check a new back end and write its section into midas.toml.

    Nothing is written unless it works. Keys stay in the environment: api_key_env names the variable.
    """
    from ingest.config import config_file
    from ui import settings_file, terminal
    from ui.address import read_address
    from ui.backend_text import print_check
    from ui.backends import check_new, new_section, require_fallbacks

    path, settings = config_file(), load_settings()
    section = new_section(name, kind, _pairs(options or []), settings)
    require_fallbacks(name, section, settings)
    check = check_new(name, section, settings)
    if check.works:
        settings_file.add_backend(path, name, section)
    if json:
        terminal.print_json(check)
    else:
        print_check(check)
        told = _added(name, path, read_address(settings.home) is not None) if check.works else f"{path} was not changed."
        terminal.out.print(terminal.plain(told))
    leave(int(not check.works))


def _pairs(options: Sequence[str]) -> dict[str, str]:
    """`["a=1", "b=x"]` as a dictionary."""
    pairs = {}
    for option in options:
        key, sign, value = option.partition("=")
        if not sign or not key:
            raise ConfigError(f"{option!r} is no option: write KEY=VALUE, e.g. model=NAME.")
        pairs[key] = value
    return pairs


def _added(name: str, path: Path, served: bool) -> str:
    restart = "; restart `midas serve` for it to know" if served else ""
    return f"{path} has the back end {name} now: choose it with --backend {name}, or set default_backend = {name!r}{restart}."
