"""Who runs a command, for the record."""

from __future__ import annotations

from typing import Annotated

import typer

from visiqc.domain.people import NOBODY, Author, checked_user_name
from visiqc.errors import InputError

By = Annotated[str | None, typer.Option(metavar="NAME", help="Who does it; default: the user of this computer.")]


def this_user() -> str:
    """The name of the computer's user; `InputError` where it has none."""
    import getpass

    try:
        return getpass.getuser()
    except (OSError, KeyError):  # a container's user without a name
        raise InputError("this computer does not say who you are; name yourself with --by") from None


def author(by: str | None) -> Author:
    """Whoever `--by` names, or else the computer's user.

    Raises:
        InputError: Neither is a name.
    """
    return Author(name=checked_user_name(by or this_user()))


def author_if_known() -> Author:
    """The computer's user, or nobody: a photo is scored whoever sent it."""
    try:
        return author(None)
    except InputError:
        return NOBODY
