"""`visiqc user`: the people who log in to the service."""

from __future__ import annotations

import sys
from typing import Annotated

import typer

from visiqc.domain.access import Role
from visiqc.errors import InputError

users_app = typer.Typer(no_args_is_help=True, help="Add, list and disable people who log in to the service.")
Name = Annotated[str, typer.Argument(help="What the person types to log in; large and small letters are the same.")]
FromStdin = Annotated[
    bool, typer.Option("--password-stdin", help="Read the password from the first line of stdin instead of asking.")
]


@users_app.command("add")
def add(
    name: Name,
    role: Annotated[Role, typer.Option(help="What the person may do; each role may do all that those before it may.")],
    password_stdin: FromStdin = False,
) -> None:
    """Add a person; the password is asked, and only its hash is stored."""
    from visiqc.bootstrap import build_records, now
    from visiqc.domain.people import checked_user_name
    from visiqc.errors import Conflict
    from visiqc.service.sessions import new_user
    from visiqc.settings import Settings

    name, records = checked_user_name(name), build_records(Settings())
    if records.user(name):
        raise Conflict(f"there is a user {name!r} already, perhaps a disabled one; choose another name")
    user = records.add_user(new_user(name, role, _password(from_stdin=password_stdin), at=now()))
    print(f"{user.name} ({user.role}) may log in.")


@users_app.command("list")
def list_users() -> None:
    """List all people, oldest first, the disabled ones too."""
    from visiqc.bootstrap import build_records
    from visiqc.settings import Settings

    users = build_records(Settings()).users()
    for user in users:
        state = f"disabled {user.disabled_at:%Y-%m-%d %H:%M} UTC" if user.disabled_at else "may log in"
        print(f"{user.role:<9}  {user.made_at:%Y-%m-%d %H:%M} UTC  {state:<29}  {user.name}")
    if not users:
        typer.echo("There is no user; add one with: visiqc user add NAME --role ROLE", err=True)


@users_app.command("disable")
def disable(name: Name) -> None:
    """Keep a person from logging in, for good, and end all sessions at once."""
    from visiqc.bootstrap import build_records, now
    from visiqc.service.auth import NOBODY_LEFT, is_locked
    from visiqc.settings import Settings

    records = build_records(Settings())
    user = records.disable_user(name, at=now())
    print(f"{user.name} cannot log in any more; every session is over.")
    if not is_locked(records):
        typer.echo(NOBODY_LEFT, err=True)


@users_app.command("password")
def password(name: Name, password_stdin: FromStdin = False) -> None:
    """Set a person's password and end all sessions at once."""
    from visiqc.bootstrap import build_records
    from visiqc.errors import NotFound
    from visiqc.service.passwords import hash_password
    from visiqc.settings import Settings

    records = build_records(Settings())
    if (user := records.user(name)) is None:
        raise NotFound(f"no user {name[:80]!r}; list the users to see their names")
    records.set_password(name, hash_password(_password(from_stdin=password_stdin), name=user.name))
    print(f"{user.name} has a new password; every session is over.")
    if user.disabled_at:
        typer.echo(f"{user.name} was disabled and stays so.", err=True)


def _password(*, from_stdin: bool) -> str:
    """The password, never from the command line: other users of the computer can read that."""
    if from_stdin:
        return sys.stdin.readline().rstrip("\r\n")
    if not sys.stdin.isatty():
        raise InputError("there is no terminal to ask for the password on; give it on stdin with --password-stdin")
    return str(typer.prompt("Password", hide_input=True, confirmation_prompt="Again", err=True))
