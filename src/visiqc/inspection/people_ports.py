"""What logging in needs from the written record."""

from __future__ import annotations

from datetime import datetime
from typing import Protocol

from visiqc.domain.people import Session, User


class PeopleRecords(Protocol):
    """Users and their sessions; names are found however they are spelled, see `name_key`."""

    def add_user(self, user: User) -> User:
        """Keep a new user; `Conflict` when the name or id is taken, by a disabled user too."""
        ...

    def user(self, name: str) -> User | None:
        """The user of that name, disabled or not."""
        ...

    def users(self) -> tuple[User, ...]:
        """All users, oldest first."""
        ...

    def disable_user(self, name: str, *, at: datetime) -> User:
        """Keep a user from logging in, end all sessions; one disabled before keeps the time. `NotFound` otherwise."""
        ...

    def set_password(self, name: str, password_hash: str) -> User:
        """Change a password and end all sessions of its user; `NotFound` otherwise."""
        ...

    def renew_hash(self, user_id: str, old: str, new: str) -> None:
        """Keep another hash of the same password, if the user still has the `old` one; sessions go on."""
        ...

    def begin_session(self, session: Session, *, password_hash: str, address: str) -> Session:
        """Keep a new session and, for good, that it was begun from `address`; forget sessions that expired before.

        `NotAuthenticated` when its user is disabled by now, or has another password than that of `password_hash`.
        """
        ...

    def has_logged_in_from(self, name: str, address: str) -> bool:
        """Whether the user of that name ever began a session from the same network, see `network_of`."""
        ...

    def session(self, token_hash: str) -> tuple[Session, User] | None:
        """A session with its user; None where there is none, or not any more."""
        ...

    def touch_session(self, token_hash: str, *, at: datetime) -> None:
        """Say that a session was used; one that is gone stays gone."""
        ...

    def end_session(self, token_hash: str) -> None:
        """Remove a session; one that is gone stays gone."""
        ...
