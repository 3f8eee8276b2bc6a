"""People who log in, and the sessions that logging in begins."""

from __future__ import annotations

import unicodedata
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from ipaddress import IPv6Address, ip_address
from typing import Final

from visiqc.domain.access import Role
from visiqc.errors import InputError

MAX_NAME = 80


@dataclass(frozen=True, slots=True, kw_only=True)
class User:
    """A person who may log in.

    Attributes:
        id: Never changes and is never used again.
        name: What the person types to log in and what the record shows; no two users share one, see `name_key`.
        role: What the person may do.
        password_hash: Argon2id in its usual text form, with salt and parameters.
        made_at: UTC.
        disabled_at: UTC, or None while the person may log in.
    """

    id: str
    name: str
    role: Role
    password_hash: str = field(repr=False)
    made_at: datetime
    disabled_at: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Author:
    """Who did something, as the record keeps it.

    Attributes:
        id: Tells users and API keys of the service apart; empty for a user of the computer.
        name: What people read; empty where nobody asked, as in records of earlier releases.
    """

    id: str = ""
    name: str = ""


NOBODY: Final = Author()
"""Nobody was recorded."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Session:
    """One log-in of one person on one device, from log-in to log-out.

    Attributes:
        token_hash: SHA-256 (hex) of the 256-bit random token, which the browser alone has.
        user_id: Whose it is.
        csrf_token: What a page sends along to prove that it is one of ours.
        made_at: When the person logged in, UTC.
        seen_at: When it was last used, UTC, to about a minute.
        expires_at: When it ends however much it is used, UTC.
    """

    token_hash: str
    user_id: str
    csrf_token: str = field(repr=False)
    made_at: datetime
    seen_at: datetime
    expires_at: datetime

    def lives(self, at: datetime, *, idle: timedelta) -> bool:
        """Whether it can still be used at `at`, after `idle` without use it cannot."""
        return at < self.expires_at and at < self.seen_at + idle


def checked_user_name(name: str) -> str:
    """`name` as it is kept, without space around it.

    Raises:
        InputError: It is empty, longer than 80 characters or holds control characters.
    """
    name = unicodedata.normalize("NFC", name).strip()
    if not 1 <= len(name) <= MAX_NAME or not name.isprintable():
        raise InputError(f"a user's name must be 1 to {MAX_NAME} printable characters, got {name[:MAX_NAME]!r}")
    return name


def name_key(name: str) -> str:
    """What two spellings of one name have in common: large or small letters, wide or narrow ones.

    Example:
        >>> name_key(" Ana Böhm") == name_key("ANA BÖHM")
        True
    """
    folded = unicodedata.normalize("NFKC", name).casefold()
    return unicodedata.normalize("NFKC", folded).strip()


def network_of(address: str) -> str:
    """What one sender can hardly change: an IPv4 address, the /64 of an IPv6 one.

    Example:
        >>> network_of("2001:db8::7") == network_of("2001:db8::8"), network_of("203.0.113.7")
        (True, '203.0.113.7')
    """
    try:
        parsed = ip_address(address)
    except ValueError:
        return address
    if isinstance(parsed, IPv6Address):
        return str(parsed.ipv4_mapped or int(parsed) >> 64)
    return str(parsed)
