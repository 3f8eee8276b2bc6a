"""Who is asking: API keys, people who logged in, roles, and the open door on the loopback interface.

A key reads `vq_<id>_<secret>`. The id is public and finds the record; the secret is 256 bits from the
operating system and is stored as its SHA-256 only. A slow password hash would add nothing: it exists to make
guessing a *human* password expensive, and 2^256 equally likely secrets cannot be guessed at any speed, while
a slow hash on every request would hand out an easy way to keep the processor busy.
"""

from __future__ import annotations

import hashlib
import hmac
import re
import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from visiqc.domain.access import ApiKey, Role
from visiqc.domain.people import Author, Session, User
from visiqc.errors import InputError, NotAllowed, NotAuthenticated
from visiqc.inspection.ports import Records
from visiqc.service.asking import (
    SAFE_METHODS,
    Asking,
    host_of,
    is_loopback,
    require_csrf_token,
    require_own_page,
)
from visiqc.service.sessions import Sessions

CREATE_KEY_COMMAND: Final = "visiqc key create --name NAME --role lead"
ADD_USER_COMMAND: Final = "visiqc user add NAME --role lead"
NOBODY_LEFT: Final = (
    "No API key works and nobody may log in any more: the service refuses every request. "
    f"Make one: {CREATE_KEY_COMMAND}, or {ADD_USER_COMMAND}. "
    "Only `visiqc serve --open-access` opens it to everyone again."
)
_TOKEN: Final = re.compile(r"vq_([0-9a-f]{12})_([A-Za-z0-9_-]{43})", re.ASCII)
_FORWARDED: Final = ("forwarded", "x-forwarded-for", "x-forwarded-proto", "x-forwarded-host", "x-real-ip", "via")
_NO_SECRET: Final = "0" * 64  # compared against when there is no such key, so that both ways take one comparison


@dataclass(frozen=True, slots=True, kw_only=True)
class Caller:
    """Whoever sent a request, once admitted.

    Attributes:
        id: The API key's id, `user-` and a user's, or `open` where neither is needed; scopes idempotency keys.
        name: As the key or the user was named.
        role: What the caller may do.
        session: Where a person is logged in; None for a key.
    """

    id: str
    name: str
    role: Role
    session: Session | None = None

    @property
    def signature(self) -> str:
        """How the record names who did something; users' names are unique, keys' are not."""
        return f"{self.name} ({self.role})" if self.session else f"{self.name} (key {self.id})"

    @property
    def author(self) -> Author:
        """How the record keeps who did something."""
        return Author(id=self.id, name=self.signature)


ANYONE: Final = Caller(id="open", name="open access on this machine", role=Role.LEAD)


def mint_key(name: str, role: Role, *, at: datetime) -> tuple[ApiKey, str]:
    """A new key for the record, and the token that is shown once and never stored.

    Raises:
        InputError: The name is empty, longer than 80 characters or holds control characters.
    """
    name = name.strip()
    if not 1 <= len(name) <= 80 or not name.isprintable():
        raise InputError(f"a key's name must be 1 to 80 printable characters, got {name[:80]!r}")
    key_id, secret = secrets.token_hex(6), secrets.token_urlsafe(32)
    key = ApiKey(id=key_id, name=name, role=role, secret_hash=_hash(secret), made_at=at)
    return key, f"vq_{key_id}_{secret}"


def _hash(secret: str) -> str:
    return hashlib.sha256(secret.encode("ascii")).hexdigest()


def has_working_key(records: Records) -> bool:
    """Whether any key that is not revoked exists."""
    return any(key.revoked_at is None for key in records.keys())  # noqa: SIM118 - a port, not a dict


def is_locked(records: Records) -> bool:
    """Whether anyone can prove who they are, with a key or by logging in; if so, everyone has to."""
    return has_working_key(records) or any(user.disabled_at is None for user in records.users())


def made_so_far(records: Records) -> int:
    """Keys and users that were ever made, the revoked and disabled ones too; none is ever deleted."""
    return len(records.keys()) + len(records.users())


class Gate:
    """Admits requests: by API key, by session, or without either while access is open."""

    def __init__(self, records: Records, sessions: Sessions, *, open_access: bool) -> None:
        """Open access, where granted, ends for good with the next key or user, whatever becomes of it."""
        self._records = records
        self._sessions = sessions
        self._open = open_access
        self._made = made_so_far(records) if open_access else 0

    @property
    def open(self) -> bool:
        """Whether requests that prove nothing were still admitted when this was last checked."""
        return self._open

    def admit(self, asking: Asking) -> Caller:
        """The caller behind a request.

        Raises:
            NotAuthenticated: A key or session is needed, and none or no working one came.
            NotAllowed: Access is open, and the request may come from elsewhere than this machine; or it would change
                something, and no page of ours sent it.
        """
        if "authorization" in asking.headers:
            return self._by_key(asking.headers["authorization"])
        if self._open and (is_locked(self._records) or made_so_far(self._records) > self._made):
            self._open = False
        if self._open:
            _refuse_strangers(asking.headers)
            return ANYONE
        if asking.session_token is None:
            raise NotAuthenticated("log in, or send an API key in the header 'Authorization: Bearer vq_…'")
        return self._by_session(asking, asking.session_token)

    def _by_session(self, asking: Asking, token: str) -> Caller:
        session, user = self._sessions.find(token)
        if asking.method not in SAFE_METHODS:
            require_own_page(asking)
            require_csrf_token(asking, session)
        return _logged_in(user, session)

    def _by_key(self, authorization: str) -> Caller:
        scheme, _, token = authorization.partition(" ")
        match = _TOKEN.fullmatch(token.strip())
        if scheme.lower() != "bearer" or match is None:
            raise NotAuthenticated("the Authorization header is not 'Bearer vq_<id>_<secret>'")
        key = self._records.key(match[1])
        same = hmac.compare_digest(key.secret_hash if key else _NO_SECRET, _hash(match[2]))
        if key is None or not same or key.revoked_at is not None:
            raise NotAuthenticated(f"the API key is unknown or revoked; create one with: {CREATE_KEY_COMMAND}")
        return Caller(id=key.id, name=key.name, role=key.role)


def require(caller: Caller, needed: Role) -> Caller:
    """`caller` itself, when its role covers `needed`.

    Raises:
        NotAllowed: It does not; the message names both roles.
    """
    if not caller.role.covers(needed):
        who = caller.name if caller.session else f"the key {caller.id}"
        raise NotAllowed(f"this needs the role {needed}; {who} has the role {caller.role}")
    return caller


def _logged_in(user: User, session: Session) -> Caller:
    return Caller(id=f"user-{user.id}", name=user.name, role=user.role, session=session)


def _refuse_strangers(headers: Mapping[str, str]) -> None:
    """Without keys and users, the only guard is that nobody but this machine can ask.

    A web page can make a browser on this machine ask for it: directly (then `Origin` is the page's), or
    through a host name that the page's owner points at 127.0.0.1 (DNS rebinding; then `Host` is that name). And
    a proxy on this machine can let the world in.
    """
    host, origin = headers.get("host", ""), headers.get("origin")
    if not is_loopback(host_of(f"//{host}")):
        raise NotAllowed(
            f"open access answers only requests to this machine by its loopback name, not to the host {host!r}; "
            f"use http://127.0.0.1, or create a key: {CREATE_KEY_COMMAND}"
        )
    if origin is not None and not is_loopback(host_of(origin)):
        raise NotAllowed(
            f"open access refuses requests from web pages of another origin ({origin!r}); "
            f"create a key: {CREATE_KEY_COMMAND}"
        )
    if forwarded := [name for name in _FORWARDED if name in headers]:
        raise NotAllowed(
            f"open access refuses requests that come through a proxy (header {forwarded[0]!r}); "
            f"create a key: {CREATE_KEY_COMMAND}"
        )
