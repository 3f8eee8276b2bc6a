"""Logging in, staying logged in, logging out.

A session's token is 256 bits from the operating system; the browser keeps it in a cookie, the record only its
SHA-256, for the reason that `auth` gives for API keys. Every log-in makes a new one, so a token that somebody planted
in a browser beforehand never becomes a session.
"""

from __future__ import annotations

import hashlib
import re
import secrets
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Final

import structlog
from pydantic import SecretStr

from visiqc.domain.access import Role
from visiqc.domain.people import MAX_NAME, Session, User, checked_user_name, name_key
from visiqc.errors import IntegrityError, NotAuthenticated
from visiqc.inspection.people_ports import PeopleRecords
from visiqc.service.passwords import hash_password, is_password, renewed_hash
from visiqc.service.throttle import Throttle

COOKIE: Final = "__Host-visiqc"
"""The prefix has browsers refuse it unless it is Secure, for this very host and every path."""
TOUCH_EVERY: Final = timedelta(seconds=60)
"""A session's use is written down this often: a write at every request would keep the disk busy for nothing."""
_TOKEN: Final = re.compile(r"[A-Za-z0-9_-]{43}", re.ASCII)

log = structlog.get_logger("visiqc.service")


def new_user(name: str, role: Role, password: str, *, at: datetime) -> User:
    """A user for the record.

    Raises:
        InputError: The name or the password cannot be used.
    """
    name = checked_user_name(name)
    return User(
        id=secrets.token_hex(6), name=name, role=role, password_hash=hash_password(password, name=name), made_at=at
    )


class Sessions:
    """The sessions of one service."""

    def __init__(
        self,
        records: PeopleRecords,
        clock: Callable[[], datetime],
        *,
        idle_s: float,
        life_s: float,
        throttle: Throttle | None = None,
    ) -> None:
        """Sessions end after `idle_s` seconds without use, and after `life_s` in any case."""
        self._records = records
        self._clock = clock
        self._idle = timedelta(seconds=idle_s)
        self._life = timedelta(seconds=life_s)
        self._throttle = throttle or Throttle()

    def log_in(self, name: str, password: SecretStr, *, address: str, before: str | None = None) -> str:
        """A new session for whoever knows name and password; its token, which nobody else will see.

        It takes a tenth of a second and 64 MiB; see `passwords`.

        Args:
            name: In any spelling.
            password: As it was typed.
            address: Where the request came from.
            before: The token of the session that this browser had, which ends.

        Raises:
            NotAuthenticated: Unknown name, wrong password or disabled user; which of them is not said.
            TooManyAttempts: Too many log-ins failed.
            Unavailable: The database is away or there is no memory; then the try does not count.
        """
        key = name_key(name)[:MAX_NAME]
        with self._throttle.trying(key, address, known=self._records.has_logged_in_from(key, address)):
            user = self._recognised(name, password, address)
        if before is not None:
            self.log_out(before)
        return self._begin(self._rehashed(user, password), address)

    def _recognised(self, name: str, password: SecretStr, address: str) -> User:
        user = self._records.user(name) if len(name) <= 4 * MAX_NAME else None
        if user is None or not _knows(user, password) or user.disabled_at is not None:
            if user is None:
                is_password(password, None)  # takes as long
            # The name stays out of the log: people type their password there by mistake.
            log.warning("log-in refused", user_id=user.id if user else "unknown", address=address)
            raise NotAuthenticated("name or password is wrong")
        return user

    def _rehashed(self, user: User, password: SecretStr) -> User:
        """`user`, whose hash has the parameters of today: only now the password is at hand."""
        if (renewed := renewed_hash(password, user.password_hash)) is None:
            return user
        self._records.renew_hash(user.id, user.password_hash, renewed)
        return replace(user, password_hash=renewed)

    def _begin(self, user: User, address: str) -> str:
        token, at = secrets.token_urlsafe(32), self._clock()
        session = Session(
            token_hash=_hash(token),
            user_id=user.id,
            csrf_token=secrets.token_urlsafe(32),
            made_at=at,
            seen_at=at,
            expires_at=at + self._life,
        )
        self._records.begin_session(session, password_hash=user.password_hash, address=address)
        log.info("logged in", user_id=user.id, user=user.name, address=address)
        return token

    def find(self, token: str) -> tuple[Session, User]:
        """The session that `token` is of, now used once more.

        Raises:
            NotAuthenticated: There is none, or it is over.
        """
        found = self._records.session(_hash(token)) if _TOKEN.fullmatch(token) else None
        at = self._clock()
        if found is None or found[1].disabled_at is not None or not found[0].lives(at, idle=self._idle):
            raise NotAuthenticated("your session is over; log in again")
        if at - found[0].seen_at >= TOUCH_EVERY:
            self._records.touch_session(found[0].token_hash, at=at)
        return found

    def log_out(self, token: str) -> None:
        """End the session of `token`, if it is one."""
        if _TOKEN.fullmatch(token):
            self._records.end_session(_hash(token))


def _knows(user: User, password: SecretStr) -> bool:
    try:
        return is_password(password, user.password_hash)
    except IntegrityError as err:
        log.error("the hash of a user's password is damaged", user_id=user.id, error=str(err))
        return False


def _hash(token: str) -> str:
    return hashlib.sha256(token.encode("ascii")).hexdigest()
