"""Codes that people give to products, orders, lots and milestones."""

from __future__ import annotations

import re
import unicodedata

from visiqc.errors import InputError

MAX_VIEW_NAME = 64
"""Most characters in the name of a view."""
_CODE = re.compile(r"[^\W_][\w.\-+]{0,63}", re.UNICODE)


def checked_code(code: str, *, of: str) -> str:
    """`code` itself, when it can name a thing; it is then safe in a path and in a URL too.

    Args:
        code: What a person wrote.
        of: What it names, for the message: `SKU`, `code of a lot`.

    Raises:
        InputError: Not 1–64 letters, digits, `.`, `_`, `-`, `+`, starting with a letter or digit.
    """
    if not _CODE.fullmatch(code):
        raise InputError(
            f"not a usable {of}: {code[:80]!r}; wanted 1 to 64 letters, digits, '.', '_', '-' or '+', "
            "starting with a letter or a digit"
        )
    return code


def checked_view(view: str) -> str:
    """`view` in the usual form of its letters (NFC; file names of a Mac have another), when it can name a view.

    Raises:
        InputError: Empty, too long, not printable, or with space around it.
    """
    if not (0 < len(view) <= MAX_VIEW_NAME and view.isprintable() and view.strip() == view):
        raise InputError(
            f"not a usable name of a view: {view[:80]!r}; wanted 1 to {MAX_VIEW_NAME} printable characters, "
            "no space around them"
        )
    return unicodedata.normalize("NFC", view)
