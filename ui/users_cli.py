"""`midas users`, `midas groups`, `midas keys`: who may come in, and what they may read."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from ingest.errors import ConfigError
from ui.command import Json, Yes, confirm, done

if TYPE_CHECKING:
    from ui.desks.people import People

users_app = typer.Typer(help="List, add, change and forget people.", no_args_is_help=True)
groups_app = typer.Typer(help="List, add and delete groups of people.", no_args_is_help=True)
keys_app = typer.Typer(help="List, make and revoke API keys.", no_args_is_help=True)

Name = Annotated[str, typer.Argument(metavar="NAME", help="Name that the person signs in with.")]
GroupName = Annotated[str, typer.Argument(metavar="GROUP", help="Name of the group.")]
RoleName = Literal["employee", "evaluator", "admin"]
Role = Annotated[
    RoleName, typer.Option("--role", "-r", help="What the person may do; each role may do what those before it may.")
]
Groups = Annotated[
    list[str] | None, typer.Option("--group", "-g", metavar="GROUP", help="Group that the person is in; repeat for several.")
]
PasswordStdin = Annotated[bool, typer.Option("--password-stdin", help="Read the password from the first line of the input.")]
Link = Annotated[bool, typer.Option("--link", help="Print a link by which the person sets the password, once.")]


# Users


@users_app.command("list")
def list_users(json: Json = False) -> None:
    """List the accounts."""
    from ui import terminal
    from ui.backroom import people_desk
    from ui.people_text import users_table

    with people_desk() as desk:
        users = desk.users()
    if json:
        terminal.print_json(users)
    elif users:
        terminal.out.print(users_table(users))
    else:
        terminal.err.print("There are no accounts yet: `midas users add NAME --role admin` makes the first.")


@users_app.command("add")
def add_user(
    name: Name, role: Role = "employee", group: Groups = None, password_stdin: PasswordStdin = False, link: Link = False,
    json: Json = False,
) -> None:  # fmt: skip
    """Add an account. The first one must be an admin's; from then on everybody signs in.

    The password is asked for on a terminal; with --link, or without a terminal, a link is printed instead.
    """
    from ui.backroom import people_desk
    from ui.people.passwords import check_strength

    password = _password(password_stdin, link)
    if password is not None:
        check_strength(password, name)
    with people_desk() as desk:
        added = desk.add(name, role, group or ())
        if password is not None:
            desk.set_password(added.user.name, password)
        url = _url(desk, added.link.url) if password is None else None
    told = f"{added.user.name} is added as {role}."
    _told(json, told, url, added=added.user.name, role=role, groups=", ".join(added.user.groups))


@users_app.command("passwd")
def set_password(name: Name, password_stdin: PasswordStdin = False, json: Json = False) -> None:
    """Set a person's password. All their sessions end."""
    from ui.backroom import people_desk

    password = _password(password_stdin, link=False)
    if password is None:
        raise ConfigError("Nobody can be asked for the password here: say --password-stdin, or use `midas users link`.")
    with people_desk() as desk:
        desk.set_password(name, password)
    done(json, f"{name} has a new password, and their sessions have ended.", changed=name)


@users_app.command("link")
def make_link(name: Name, json: Json = False) -> None:
    """Print a link by which a person sets a new password, once."""
    from ui.backroom import people_desk

    with people_desk() as desk:
        url = _url(desk, desk.link(name).url)
    _told(json, f"A link for {name}:", url, user=name)


@users_app.command("role")
def set_role(
    name: Name, role: Annotated[RoleName, typer.Argument(metavar="ROLE", help="New role.")], json: Json = False
) -> None:
    """Change what a person may do. It holds at once."""
    from ui.backroom import people_desk

    with people_desk() as desk:
        desk.change(name, role=role)
    done(json, f"{name} is {role} now.", changed=name, role=role)


@users_app.command("groups")
def set_groups(
    name: Name,
    groups: Annotated[
        list[str] | None, typer.Argument(metavar="GROUP", help="All groups of the person; none: no group.")
    ] = None,
    json: Json = False,
) -> None:
    """Put a person into these groups and no others. It holds at once."""
    from ui.backroom import people_desk

    with people_desk() as desk:
        told = ", ".join(desk.change(name, groups=groups or []).groups)
    done(json, f"{name} is in {told or 'no group'} now.", changed=name, groups=told)


@users_app.command("disable")
def disable_user(name: Name, json: Json = False) -> None:
    """Keep a person out. Sessions end at once, keys rest; the account stays."""
    _set_disabled(name, True, json)


@users_app.command("enable")
def enable_user(name: Name, json: Json = False) -> None:
    """Let a disabled person in again."""
    _set_disabled(name, False, json)


@users_app.command("forget")
def forget_user(name: Name, yes: Yes = False, json: Json = False) -> None:
    """Delete a person's account, keys and conversations.

    The name goes out of the ledger and of evaluations, too.
    """
    from ui.backroom import people_desk

    confirm(f"Forget {name} with all conversations?", yes or json)
    with people_desk() as desk:
        desk.forget(name)
    done(json, f"{name} is forgotten.", forgotten=name)


# Groups


@groups_app.command("list")
def list_groups(json: Json = False) -> None:
    """List the groups with their members."""
    from ui import terminal
    from ui.backroom import people_desk
    from ui.people_text import groups_table

    with people_desk() as desk:
        groups = desk.groups()
    if json:
        terminal.print_json(groups)
    elif groups:
        terminal.out.print(groups_table(groups))
    else:
        terminal.err.print("There are no groups yet: `midas groups add GROUP` makes one.")


@groups_app.command("add")
def add_group(
    group: GroupName,
    description: Annotated[str, typer.Option("--description", "-d", help="What the group is for.")] = "",
    json: Json = False,
) -> None:
    """Add a group without members."""
    from ui.backroom import people_desk

    with people_desk() as desk:
        name = desk.add_group(group, description).name
    done(json, f"The group {name} is added: put people into it with `midas users groups NAME {name}`.", added=name)


@groups_app.command("delete")
def delete_group(group: GroupName, yes: Yes = False, json: Json = False) -> None:
    """Delete a group. Its members lose what was shared with it."""
    from ui.backroom import people_desk

    confirm(f"Delete the group {group}?", yes or json)
    with people_desk() as desk:
        desk.delete_group(group)
    done(json, f"The group {group} is deleted.", deleted=group)


# Keys


@keys_app.command("list")
def list_keys(
    user: Annotated[str | None, typer.Option("--user", "-u", metavar="NAME", help="Only this person's keys.")] = None,
    json: Json = False,
) -> None:
    """List the API keys; the keys themselves are nowhere kept."""
    from ui import terminal
    from ui.backroom import people_desk
    from ui.people_text import keys_table

    with people_desk() as desk:
        keys = desk.keys(user)
    if json:
        terminal.print_json(keys)
    elif keys:
        terminal.out.print(keys_table(keys))
    else:
        terminal.err.print("There are no keys: `midas keys add NAME PURPOSE` makes one.")


@keys_app.command("add")
def add_key(
    name: Name,
    purpose: Annotated[str, typer.Argument(metavar="PURPOSE", help="What the key is for, in a few words.")],
    scope: Annotated[Literal["ask", "everything"], typer.Option("--scope", help="ask: questions and sources only.")] = "ask",
    days: Annotated[int, typer.Option("--days", min=0, max=3650, help="Days that the key holds; 0: for ever.")] = 90,
    json: Json = False,
) -> None:
    """Make a key with the rights of a person. It is shown this once."""
    from ui.backroom import people_desk

    with people_desk() as desk:
        made = desk.make_key(name, purpose, scope, days or None)
    done(json, f"Keep this key, it is not shown again:\n{made.secret}", id=made.key.id, secret=made.secret)


@keys_app.command("revoke")
def revoke_key(
    key: Annotated[str, typer.Argument(metavar="ID", help="Id of the key, as `midas keys list` shows it.")], json: Json = False
) -> None:
    """Revoke a key. It is refused at once."""
    from ui.backroom import people_desk

    with people_desk() as desk:
        desk.revoke_key(key)
    done(json, f"The key {key} is revoked.", revoked=key)


# Parts


def _set_disabled(name: str, disabled: bool, json: bool) -> None:
    from ui.backroom import people_desk

    with people_desk() as desk:
        desk.change(name, disabled=disabled)
    done(json, f"{name} is {'disabled' if disabled else 'enabled'}.", changed=name, disabled=disabled)


def _password(from_stdin: bool, link: bool) -> str | None:
    """None where there is to be a link."""
    if from_stdin:
        return sys.stdin.readline().rstrip("\r\n")
    if link or not sys.stdin.isatty():
        return None
    return str(typer.prompt("Password", hide_input=True, confirmation_prompt=True, err=True))


def _url(desk: People, url: str) -> str:
    from ui.backroom import base_url

    return url if "://" in url else base_url(desk) + url


def _told(json: bool, sentence: str, url: str | None, **facts: str | int) -> None:
    if url is None:
        done(json, sentence, **facts)
    else:
        done(json, f"{sentence}\nThis link sets the password, once, within three days:\n{url}", link=url, **facts)
